//! What an arrival looks at: synchronization rules and tasks.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use alibabacloud_cr::cr::ClientInfo;
use alibabacloud_cr::cr::values::InstanceSpecification;
use futures_core::future::BoxFuture;
use futures_util::{StreamExt, TryStreamExt, stream};
use openapi_transport::{Context, Error};

use super::AlibabaCr;
use super::DESCRIPTOR;
use crate::arrival::cover::ReadRule;
use crate::arrival::read::{Agreed, Records, newest, or_absent};
use crate::arrival::report::{Reason, ReasonKind};
use crate::arrival::sight::{
    Hindrance, Look, Repository, Rules, Sight, SourceTag, Wanted, Work, WorkOrigin, Works, began,
    repository,
};
use crate::arrival::watch::Watch;
use crate::listing::Listing;
use crate::model::{ImageName, Rule, Task};
use crate::provider::Descriptor;
use crate::registry::Registry;

/// More repositories than this are read from the listing of the whole instance.
const REPOSITORIES: usize = 8;
/// More tags of a repository than this are read from the listing of all of its tasks.
const TAGS: usize = 4;
/// Listings that are read at once.
const AT_ONCE: usize = 4;

impl Look for AlibabaCr {
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
            let (works, is_short) = self.works(&wanted).await?;
            let rules = match self.rules_kept(wanted.begun).await {
                Err(error) if error.can_retry() => return Err(error),
                rules => rules,
            };
            let repositories = wanted.repositories();
            let all = repositories.iter().cloned();
            Ok(Sight {
                rules: all.map(|name| (name, rules.clone())).collect(),
                works,
                short: repositories.into_iter().filter(|_| is_short).collect(),
                ..Sight::new(began(self.context(), begun))
            })
        })
    }

    fn source(
        self: Arc<Self>,
        image: ImageName,
    ) -> BoxFuture<'static, Result<Option<SourceTag>, Error>> {
        Box::pin(async move {
            let Some(id) = or_absent(self.repository_id(&image).await)? else {
                return Ok(None);
            };
            let call = self.client.get_repo_tag().instance_id(&self.instance);
            let call = call.repo_id(id).tag(image.tag().unwrap_or_default());
            let answer = call.send().await.map_err(Error::from);
            let tag = or_absent(answer)?.map(|answer| answer.into_inner());
            Ok(tag.map(|tag| SourceTag {
                digest: tag.digest,
                pushed: tag.image_update.map(|time| time.0),
            }))
        })
    }

    fn hindrances(
        self: Arc<Self>,
        _: ImageName,
    ) -> BoxFuture<'static, Result<Vec<Hindrance>, Error>> {
        Box::pin(async move {
            let call = self.client.get_instance().instance_id(&self.instance);
            let edition = call.send().await?.into_inner().instance_specification;
            Ok(match edition {
                None | Some(InstanceSpecification::EnterpriseAdvanced) => Vec::new(),
                Some(edition) => {
                    let text = format!(
                        "instance {} is of the edition {edition}, and only Enterprise_Advanced copies \
                         images: upgrade it",
                        self.instance
                    );
                    vec![Reason::new(ReasonKind::Edition, text).into()]
                }
            })
        })
    }
}

impl AlibabaCr {
    async fn rules_kept(&self, not_before: Duration) -> Result<Agreed<Rules>, Error> {
        let clock = self.context().clock().clone();
        let read = async {
            let rules: Vec<Rule> = self.list_rules(None, None).by_item().try_collect().await?;
            let own = rules.into_iter().filter(|rule| self.is_source_of(rule));
            Ok(own.map(ReadRule::new).collect())
        };
        self.rules_read.or("", &clock, not_before, read).await
    }

    /// Works by repository, and whether a listing shows less than the service counts.
    async fn works(
        &self,
        wanted: &Wanted,
    ) -> Result<(BTreeMap<Repository, Result<Works, Error>>, bool), Error> {
        let repositories = wanted.repositories();
        let listings = stream::iter(self.listings(wanted, &repositories)).map(|tasks| {
            newest(
                tasks.by_fetch(),
                |task: &Task| task.created,
                |_, created| wanted.is_too_old(created),
            )
        });
        let tasks: Vec<Records<Task>> = listings.buffered(AT_ONCE).try_collect().await?;
        let is_short = tasks.iter().any(|records| records.is_short);
        let mut works: BTreeMap<_, _> = repositories
            .into_iter()
            .map(|repository| (repository, Ok(Works::default())))
            .collect();
        for task in tasks.into_iter().flat_map(|records| records.all) {
            let Some((repository, work)) = work(task) else {
                continue;
            };
            if let Some(Ok(works)) = works.get_mut(&repository) {
                works.add(work);
            }
        }
        Ok((works, is_short))
    }

    /// The listings to read: of the tags, of their repositories, or of the whole instance. Those of
    /// a repository go no further back than what is wanted, if nothing wanted is older.
    fn listings(&self, wanted: &Wanted, repositories: &BTreeSet<Repository>) -> Vec<Listing<Task>> {
        if repositories.len() > REPOSITORIES {
            return vec![self.list_tasks(None, None, true)];
        }
        let mut listings = Vec::new();
        for own in repositories {
            let images = wanted.images.iter();
            let images: Vec<_> = images.filter(|image| repository(image) == *own).collect();
            let tasks = |image| self.list_tasks(Some(image), None, false);
            if wanted.since.is_none() && images.len() <= TAGS {
                listings.extend(images.into_iter().cloned().map(tasks));
            } else {
                listings.push(tasks(ImageName::plain(&own.0, &own.1)));
            }
        }
        listings
    }
}

fn work(task: Task) -> Option<(Repository, Work)> {
    let reference = task.reference();
    let source = task.source?;
    let tag = source.tags().next().map(str::to_owned);
    let mut destination = task.destination?;
    destination.artifacts.clear();
    let work = Work {
        rule: task.rule.filter(|rule| !rule.is_empty()),
        state: task.state,
        status: task.status,
        advice: task.issue.as_deref().and_then(advice),
        issue: task.issue,
        created: task.created,
        changed: task.updated,
        ..Work::new(WorkOrigin::Task(reference), tag.into(), destination)
    };
    Some(((source.namespace?, source.repository?), work))
}

/// What to do about an issue that a task names.
fn advice(issue: &str) -> Option<&'static str> {
    Some(match issue {
        "TAG_CONFLICT" => {
            "the destination has another image under the tag and does not let it be overwritten; \
             push under another tag, or delete it there"
        }
        "OSS_POLICY_UNAUTHORIZED" => "let the registry write to the destination's bucket",
        "UNSUPPORTED_FORMAT" => "the destination does not take manifests of this kind",
        "DATA_LENGTH_EXCEEDED" => "a layer is larger than the destination takes",
        "NETWORK_ERROR" | "INTERNAL_ERROR" => "run the task again",
        _ => return None,
    })
}
