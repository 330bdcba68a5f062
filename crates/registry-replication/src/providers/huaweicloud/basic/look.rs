//! What an arrival looks at: automatic sync rules and sync jobs of repositories.

use std::sync::Arc;
use std::time::Duration;

use futures_core::future::BoxFuture;
use futures_util::{StreamExt, TryStreamExt, stream};
use huaweicloud_swr::Order;
use huaweicloud_swr::swr::ClientInfo;
use huaweicloud_swr::swr::types::SyncJob;
use openapi_transport::{Context, Error};

use super::DESCRIPTOR;
use super::SwrBasic;
use crate::arrival::cover::ReadRule;
use crate::arrival::read::{Agreed, Records, newest, or_absent};
use crate::arrival::sight::{
    Look, Repository, Rules, Sight, SourceTag, Wanted, Work, WorkOrigin, Works, began,
};
use crate::arrival::watch::Watch;
use crate::model::{ImageName, Task};
use crate::provider::Descriptor;

/// Repositories that are read at once.
const AT_ONCE: usize = 4;

impl Look for SwrBasic {
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
            let repositories = stream::iter(wanted.repositories()).map(|repository| {
                let (registry, wanted) = (self.clone(), wanted.clone());
                async move {
                    let mut works = kept_back(registry.works(&repository, &wanted).await)?;
                    let mut rules =
                        kept_back(registry.rules_kept(&repository, wanted.begun).await)?;
                    // The name may have a typo. Both answers are about the same repository.
                    let refusals = [works.as_ref().err(), rules.as_ref().err()];
                    let absent = refusals.into_iter().flatten().find(|one| one.is_absent());
                    if let Some(error) = absent.cloned() {
                        let image = ImageName::plain(&repository.0, &repository.1);
                        let error = registry.about_repository(&image, error).await;
                        let told = |own: Error| match own.is_absent() {
                            true => error.clone(),
                            false => own,
                        };
                        works = works.map_err(told);
                        rules = rules.map_err(told);
                    }
                    Ok::<_, Error>((repository, works, rules))
                }
            });
            let read: Vec<_> = repositories.buffered(AT_ONCE).try_collect().await?;
            let mut sight = Sight::new(began(self.context(), begun));
            for (repository, works, rules) in read {
                if works.as_ref().is_ok_and(|(_, is_short)| *is_short) {
                    sight.short.insert(repository.clone());
                }
                let works = works.map(|(works, _)| works);
                sight.works.insert(repository.clone(), works);
                sight.rules.insert(repository, rules);
            }
            Ok(sight)
        })
    }

    fn source(
        self: Arc<Self>,
        image: ImageName,
    ) -> BoxFuture<'static, Result<Option<SourceTag>, Error>> {
        Box::pin(async move {
            let call = self.client.show_repo_tag().namespace(image.namespace());
            let call = call.repository(image.repository());
            let call = call.tag(image.tag().unwrap_or_default());
            let answer = call.send().await.map_err(Error::from);
            let tag = or_absent(answer)?.map(|answer| answer.into_inner());
            Ok(tag.map(|tag| SourceTag {
                digest: tag.digest,
                pushed: tag.updated.or(tag.created),
            }))
        })
    }
}

/// Keeps a permanent error for the arrivals of this repository. Another error ends the look.
fn kept_back<T>(read: Result<T, Error>) -> Result<Result<T, Error>, Error> {
    match read {
        Err(error) if error.can_retry() => Err(error),
        read => Ok(read),
    }
}

impl SwrBasic {
    async fn rules_kept(
        &self,
        (namespace, repository): &Repository,
        not_before: Duration,
    ) -> Result<Agreed<Rules>, Error> {
        let clock = self.context().clock().clone();
        let name = format!("{namespace}/{repository}");
        let read = async {
            let image = ImageName::plain(namespace, repository);
            let rules = self.rules_of_repository(&image).await?;
            Ok(rules.into_iter().map(ReadRule::new).collect())
        };
        self.rules_read.or(&name, &clock, not_before, read).await
    }

    /// Works, and whether the listing shows less than the service counts.
    async fn works(
        &self,
        (namespace, repository): &Repository,
        wanted: &Wanted,
    ) -> Result<(Works, bool), Error> {
        let image = ImageName::plain(namespace, repository);
        let jobs = self.list_jobs(image, Some(Order::Descending), false);
        let jobs = newest(
            jobs.by_fetch(),
            |job: &Task| job.created,
            |_, created| wanted.is_too_old(created),
        );
        let Records { all, is_short } = jobs.await?;
        Ok((all.into_iter().filter_map(work).collect(), is_short))
    }
}

fn work(job: Task) -> Option<Work> {
    let vendor = job.vendor.get::<SyncJob>();
    let overwrites = vendor.and_then(|vendor| vendor.override_);
    let reference = job.reference();
    let tag = job.source?.tags().next().map(str::to_owned);
    let mut destination = job.destination?;
    destination.artifacts.clear();
    Some(Work {
        state: job.state,
        status: job.status,
        created: job.created,
        changed: job.updated,
        overwrites,
        ..Work::new(WorkOrigin::Task(reference), tag.into(), destination)
    })
}
