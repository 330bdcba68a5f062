//! What an arrival looks at: replication rules, executions, and their tasks.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures_core::future::BoxFuture;
use futures_util::{StreamExt, TryStreamExt, stream};
use huaweicloud_swr::swr::ClientInfo;
use huaweicloud_swr::swr::types;
use openapi_transport::{Context, Error};

use super::DESCRIPTOR;
use super::SwrEnterprise;
use super::targets;
use crate::arrival::cover::ReadRule;
use crate::arrival::destination::Names;
use crate::arrival::read::{Agreed, Records, newest, or_absent};
use crate::arrival::sight::{
    Look, Repository, Rules, Sight, SourceTag, Wanted, Work, Works, began,
};
use crate::arrival::watch::Watch;
use crate::model::{Execution, ImageName, ImageRef, Rule};
use crate::pager::Record;
use crate::provider::Descriptor;

/// Executions that are looked into where nothing says how far back to go.
const HISTORY: usize = 200;
/// Executions that are read at once.
const AT_ONCE: usize = 4;
const PAGE: u32 = 100;

/// Rules, and names of target registries by id.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct RulesRead(Rules, Arc<Names>);

impl Look for SwrEnterprise {
    fn descriptor(&self) -> &Descriptor {
        &DESCRIPTOR
    }

    fn context(&self) -> &Context {
        self.client.inner()
    }

    fn watch(&self) -> &Watch {
        &self.watch
    }

    fn look(self: Arc<Self>, wanted: Arc<Wanted>) -> BoxFuture<'static, Result<Sight, Error>> {
        Box::pin(async move {
            let begun = self.context().clock().elapsed();
            let clock = self.context().clock().clone();
            let read = self
                .rules_read
                .or("", &clock, wanted.begun, self.rules_and_names())
                .await;
            let (rules, names) = match read {
                Err(error) if error.can_retry() => return Err(error),
                Ok(read) => {
                    let RulesRead(value, names) = read.value;
                    let agreed = read.agreed;
                    (Ok(Agreed { value, agreed }), names.as_ref().clone())
                }
                Err(error) => (Err(error), Names::new()),
            };
            let known = rules.as_ref().map(|rules| &*rules.value);
            let (works, short) = self.works(&wanted, known.unwrap_or_default()).await?;
            let repositories = wanted.repositories().into_iter();
            Ok(Sight {
                rules: repositories.map(|name| (name, rules.clone())).collect(),
                names,
                works,
                short,
                ..Sight::new(began(self.context(), begun))
            })
        })
    }

    fn source(
        self: Arc<Self>,
        image: ImageName,
    ) -> BoxFuture<'static, Result<Option<SourceTag>, Error>> {
        Box::pin(async move {
            let tag = image.tag().unwrap_or_default();
            let call = self.client.show_instance_artifact();
            let call = call
                .project_id(&self.project_id)
                .instance_id(&self.instance);
            let call = call.namespace_name(image.namespace());
            let call = call.repository_name(image.repository()).reference(tag);
            let answer = call.send().await.map_err(Error::from);
            let Some(artifact) = or_absent(answer)?.map(|answer| answer.into_inner()) else {
                return Ok(None);
            };
            let mut tags = artifact.tags.iter();
            let known = tags.find(|known| known.name.as_deref() == Some(tag));
            Ok(Some(SourceTag {
                digest: artifact.digest,
                pushed: known
                    .and_then(|known| known.push_time)
                    .or(artifact.push_time),
            }))
        })
    }
}

impl SwrEnterprise {
    async fn rules_and_names(&self) -> Result<RulesRead, Error> {
        let registries = self.target_registries().by_item();
        let registries = registries.map_ok(|registry| (registry.key(), registry));
        let registries: BTreeMap<_, _> = registries.try_collect().await?;
        let rules: Vec<Rule> = self.list_replication_rules(None, None).all().await?;
        // Of a rule that names a registry as its source, the images are not this instance's.
        let own = rules
            .into_iter()
            .filter(|rule| rule.source.registry.is_none());
        let own = own.map(|rule| {
            ReadRule::new(Rule {
                destination: located(rule.destination, &registries),
                ..rule
            })
        });
        let names = registries
            .iter()
            .filter_map(|(id, registry)| Some((id.clone(), vec![targets::name(registry)?])));
        Ok(RulesRead(own.collect(), Arc::new(names.collect())))
    }

    /// The executions that may concern what is wanted, newest first.
    async fn executions(
        &self,
        wanted: &Wanted,
        rules: &[ReadRule],
    ) -> Result<Records<Execution>, Error> {
        let covers = |rule: &ReadRule| wanted.images.iter().any(|image| rule.covers(image));
        let (covering, others): (Vec<_>, Vec<_>) = rules.iter().partition(|rule| covers(rule));
        // Where a rule does not overwrite, what an old execution has copied still holds the tag.
        let keeps = covering.iter().any(|rule| rule.overwrites == Some(false));
        let is_bounded = wanted.since.is_some() && !keeps;
        let pages = match is_bounded || wanted.oldest.is_some() {
            true => usize::MAX,
            false => HISTORY / PAGE as usize,
        };
        let executions = newest(
            self.replication_executions(None).by_fetch().take(pages),
            |execution: &Execution| execution.created,
            |read, created| match is_bounded {
                true => wanted.is_too_old(created),
                false => read >= HISTORY && wanted.is_too_old_for_all(created),
            },
        );
        let others: BTreeSet<_> = others.iter().map(|rule| rule.id.as_str()).collect();
        // A rule that one listing lacks may be there: only rules that are known not to cover
        // anything leave their executions out.
        let matters = |execution: &Execution| {
            let rule = execution.rule.as_deref();
            let old = is_bounded && wanted.is_too_old(execution.created);
            rule.is_some_and(|rule| !others.contains(rule)) && !old
        };
        let mut executions = executions.await?;
        // Reading stops at this many, whatever the service counts.
        executions.is_short &= executions.all.len() < HISTORY;
        executions.all.retain(matters);
        Ok(executions)
    }

    /// Works by repository, and the repositories whose listings show less than there is.
    async fn works(
        &self,
        wanted: &Wanted,
        rules: &[ReadRule],
    ) -> Result<
        (
            BTreeMap<Repository, Result<Works, Error>>,
            BTreeSet<Repository>,
        ),
        Error,
    > {
        let repositories = wanted.repositories();
        let Records {
            all: executions,
            mut is_short,
        } = self.executions(wanted, rules).await?;
        self.runs.forget_but(&executions);
        let now = self.context().service_time();
        let reads = executions.iter();
        let reads = reads.map(|execution| self.runs.works(self, execution, &repositories, now));
        let read = stream::iter(reads.collect::<Vec<_>>()).buffered(AT_ONCE);
        let read: Vec<Records<(Repository, Work)>> = read.try_collect().await?;
        is_short |= read.iter().any(|records| records.is_short);
        let mut works: BTreeMap<_, Works> = BTreeMap::new();
        for (repository, mut work) in read.into_iter().flat_map(|records| records.all) {
            let rule = rules
                .iter()
                .find(|rule| Some(&rule.id) == work.rule.as_ref());
            if let Some(rule) = rule {
                let ImageRef {
                    region,
                    instance,
                    registry,
                    ..
                } = rule.destination.clone();
                work.destination = ImageRef {
                    region,
                    instance,
                    registry,
                    ..work.destination
                };
                work.keeps = rule.overwrites == Some(false);
            }
            works.entry(repository).or_default().add(work);
        }
        let short = repositories.iter().filter(|_| is_short).cloned().collect();
        let all = repositories.into_iter();
        let all = all.map(|repository| {
            let own = works.remove(&repository).unwrap_or_default();
            (repository, Ok(own))
        });
        Ok((all.collect(), short))
    }
}

/// An end with the region and the instance of its target registry.
fn located(end: ImageRef, registries: &BTreeMap<String, types::Registry>) -> ImageRef {
    let registry = end.registry.as_ref().and_then(|id| registries.get(id));
    let known = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    match registry {
        Some(registry) => ImageRef {
            region: known(&registry.region_id),
            instance: known(&registry.instance_id),
            registry_name: targets::name(registry),
            ..end
        },
        None => end,
    }
}
