//! What an arrival looks at: replication rules, their executions, the tasks, and the logs that name tags.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ::harbor::harbor::ClientInfo;
use ::harbor::harbor::types::ReplicationPolicy;
use futures_core::future::BoxFuture;
use futures_util::{StreamExt, TryStreamExt, stream};
use openapi_transport::{Context, Error, Timestamp};

use super::rules::names;
use super::runs::{Scope, Shown};
use super::{DESCRIPTOR, HarborRegistry, number};
use crate::arrival::cover::ReadRule;
use crate::arrival::destination::Names;
use crate::arrival::read::{Agreed, Records, newest, or_absent};
use crate::arrival::sight::{
    Hindrance, Look, Repository, Rules, Sight, SourceTag, Wanted, Works, began,
};
use crate::arrival::watch::Watch;
use crate::model::{Execution, ImageName, Rule, TaskState};
use crate::provider::Descriptor;

/// Executions of a rule that are read where nothing says how far back to go.
const HISTORY: usize = 200;
const PAGE: usize = 100;
/// Rules, and executions, that are read at once.
const AT_ONCE: usize = 4;

/// Rules, and names of registries by id.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct RulesRead(Rules, Arc<Names>);

/// Executions that may concern what is wanted.
struct Executions {
    all: Vec<Execution>,
    is_short: bool,
    /// Time before which executions of a rule may be gone, by the rule's id.
    kept_since: BTreeMap<String, Timestamp>,
}

impl Look for HarborRegistry {
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
            let known = rules.as_ref().ok().map(|rules| &*rules.value);
            let executions = self.executions(&wanted, known).await?;
            let shown = self
                .shown(&wanted, known.unwrap_or_default(), &executions)
                .await?;
            let repositories = wanted.repositories();
            let mut works: BTreeMap<Repository, Works> = BTreeMap::new();
            for (repository, work) in shown.works {
                works.entry(repository).or_default().add(work);
            }
            let is_short = shown.is_short || executions.is_short;
            let of_all = |name: &Repository| {
                let own = works.remove(name).unwrap_or_default();
                (name.clone(), Ok(own))
            };
            Ok(Sight {
                rules: repositories
                    .iter()
                    .map(|name| (name.clone(), rules.clone()))
                    .collect(),
                names,
                kept_since: executions.kept_since,
                works: repositories.iter().map(of_all).collect(),
                short: repositories.into_iter().filter(|_| is_short).collect(),
                resolved: shown.resolved,
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
            let call = self.client.get_artifact().project_name(image.namespace());
            let call = call.repository_name(image.repository()).reference(tag);
            let answer = call.send().await.map_err(Error::from);
            let Some(artifact) = or_absent(answer)?.map(|answer| answer.into_inner()) else {
                return Ok(None);
            };
            let mut tags = artifact.tags.iter();
            let known = tags.find(|known| known.name.as_deref() == Some(tag));
            Ok(Some(SourceTag {
                digest: artifact.digest,
                // When the tag was moved to the artifact, which may be older.
                pushed: known.and_then(|known| known.push_time),
            }))
        })
    }

    fn hindrances(
        self: Arc<Self>,
        image: ImageName,
    ) -> BoxFuture<'static, Result<Vec<Hindrance>, Error>> {
        Box::pin(async move { self.reasons(&image).await })
    }
}

impl HarborRegistry {
    async fn rules_and_names(&self) -> Result<RulesRead, Error> {
        let rules: Vec<Rule> = self.replication_rules(None).all().await?;
        let mut known = Names::new();
        for policy in rules
            .iter()
            .filter_map(|rule| rule.vendor.get::<ReplicationPolicy>())
        {
            let ends = [&policy.dest_registry, &policy.src_registry];
            let ends = ends.into_iter().flatten();
            known.extend(ends.filter_map(|one| Some((super::rules::id(Some(one))?, names(one)))));
        }
        // Of a rule that pulls, the images are another registry's.
        let own = rules
            .into_iter()
            .filter(|rule| rule.source.registry.is_none() && !rule.id.is_empty());
        Ok(RulesRead(own.map(ReadRule::new).collect(), Arc::new(known)))
    }

    /// The executions of the rules that cover a wanted image, or of all rules if they cannot be read.
    async fn executions(
        &self,
        wanted: &Wanted,
        rules: Option<&[ReadRule]>,
    ) -> Result<Executions, Error> {
        let covers = |rule: &&ReadRule| wanted.images.iter().any(|image| rule.covers(image));
        let read: Vec<Executions> = match rules {
            None => vec![self.executions_of_rule(wanted, None, false).await?],
            Some(rules) => {
                let reads = rules.iter().filter(covers).map(|rule| async move {
                    let id = number("rule", &rule.id)?;
                    let keeps = rule.overwrites == Some(false);
                    self.executions_of_rule(wanted, Some(id), keeps).await
                });
                let reads = stream::iter(reads.collect::<Vec<_>>()).buffered(AT_ONCE);
                reads.try_collect().await?
            }
        };
        Ok(Executions {
            is_short: read.iter().any(|one| one.is_short),
            kept_since: read.iter().flat_map(|one| one.kept_since.clone()).collect(),
            all: read.into_iter().flat_map(|one| one.all).collect(),
        })
    }

    async fn executions_of_rule(
        &self,
        wanted: &Wanted,
        rule: Option<i64>,
        keeps: bool,
    ) -> Result<Executions, Error> {
        // Where a rule does not overwrite, what an old execution has copied still holds the tag.
        let is_bounded = wanted.since.is_some() && !keeps;
        let pages = match is_bounded || wanted.oldest.is_some() {
            true => usize::MAX,
            false => HISTORY / PAGE,
        };
        let listing = self.list_replication_executions(rule, false);
        let read = newest(
            listing.by_fetch().take(pages),
            |execution: &Execution| execution.created,
            |read, created| match is_bounded {
                true => wanted.is_too_old(created),
                false => read >= HISTORY && wanted.is_too_old_for_all(created),
            },
        );
        let Records { mut all, is_short } = read.await?;
        // Harbor removes old ones, and how many it keeps is a setting.
        let oldest = all.iter().filter_map(|execution| execution.created).min();
        // Reading stops at this many, whatever the service counts.
        let is_short = is_short && all.len() < HISTORY;
        // A task that waits or runs for long may still overwrite a newer image.
        all.retain(|execution| {
            let is_old = is_bounded && wanted.is_too_old(execution.created);
            let is_open = execution.state != TaskState::Succeeded;
            !execution.id.is_empty() && (!is_old || is_open)
        });
        Ok(Executions {
            all,
            is_short,
            kept_since: rule
                .and_then(|rule| Some((rule.to_string(), oldest?)))
                .into_iter()
                .collect(),
        })
    }

    /// What the executions show about the wanted images.
    async fn shown(
        &self,
        wanted: &Wanted,
        rules: &[ReadRule],
        executions: &Executions,
    ) -> Result<Shown, Error> {
        self.runs.forget_but(executions.all.iter());
        let now = self.context().service_time();
        let reads = executions.all.iter().map(|execution| {
            let mut rules = rules.iter();
            let scope = Scope {
                execution,
                rule: rules.find(|rule| Some(&rule.id) == execution.rule.as_ref()),
                images: &wanted.images,
                now,
            };
            self.runs.works(self, scope)
        });
        let reads = stream::iter(reads.collect::<Vec<_>>()).buffered(AT_ONCE);
        let read: Vec<Shown> = reads.try_collect().await?;
        let mut all = Shown {
            works: Vec::new(),
            resolved: BTreeSet::new(),
            is_short: read.iter().any(|one| one.is_short),
        };
        for one in read {
            all.works.extend(one.works);
            all.resolved.extend(one.resolved);
        }
        Ok(all)
    }
}
