//! Shared looks of all waits of a registry.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_core::future::BoxFuture;
use futures_util::FutureExt;
use futures_util::future::{Shared, WeakShared};
use openapi_transport::Error;

use super::sight::{Look, Sight, Wanted};

/// State that the waits of one registry share: the current look, and the last result.
///
/// There is no background task. All waits poll the look, so a wait that is no longer polled does not
/// block others. When the last of them is dropped, the look is dropped, too.
#[derive(Clone, Default)]
pub struct Watch(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    /// Wanted images of each member.
    members: BTreeMap<u64, Wanted>,
    next_member: u64,
    under_way: Option<WeakShared<BoxFuture<'static, ()>>>,
    last: Option<Looked>,
}

/// Next step to get a look.
enum Step {
    Take(Looked),
    Join(Shared<BoxFuture<'static, ()>>),
    Sleep(Duration),
}

/// Finished look.
#[derive(Clone)]
pub(crate) struct Looked {
    /// Start of the look, as elapsed time of the registry's clock.
    pub(crate) begun: Duration,
    pub(crate) outcome: Result<Arc<Sight>, Error>,
    wanted: Arc<Wanted>,
}

impl Watch {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds wanted images to the looks, until the membership is dropped.
    pub(crate) fn join(&self, wanted: Wanted) -> Membership {
        let mut state = self.state();
        let id = state.next_member;
        state.next_member += 1;
        state.members.insert(id, wanted.clone());
        Membership {
            watch: self.clone(),
            id,
            wanted,
        }
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let members = self.state().members.len();
        f.debug_struct("Watch").field("members", &members).finish()
    }
}

/// Membership of a wait in the shared looks.
#[derive(Debug)]
pub(crate) struct Membership {
    watch: Watch,
    id: u64,
    wanted: Wanted,
}

impl Membership {
    /// Returns a look that began at `not_before` or later. Looks are at least `gap` apart. A member
    /// that asks earlier waits, and then shares the look with the other waiting members.
    pub(crate) async fn look(
        &self,
        registry: &Arc<dyn Look>,
        not_before: Duration,
        gap: Duration,
    ) -> Looked {
        let clock = registry.context().clock().clone();
        loop {
            match self.step(registry, not_before, gap, clock.elapsed()) {
                Step::Take(looked) => return looked,
                // Its result is then the last look.
                Step::Join(looking) => looking.await,
                Step::Sleep(duration) => clock.sleep(duration).await,
            }
        }
    }

    fn step(
        &self,
        registry: &Arc<dyn Look>,
        not_before: Duration,
        gap: Duration,
        now: Duration,
    ) -> Step {
        let mut state = self.watch.state();
        let is_good =
            |last: &&Looked| last.begun >= not_before && last.wanted.includes(&self.wanted);
        if let Some(last) = state.last.as_ref().filter(is_good) {
            return Step::Take(last.clone());
        }
        if let Some(looking) = state.under_way.as_ref().and_then(WeakShared::upgrade) {
            return Step::Join(looking);
        }
        if let Some(last) = &state.last {
            let due = last.begun.saturating_add(gap);
            if now < due {
                return Step::Sleep(due - now);
            }
        }
        let wanted = Arc::new(union(state.members.values()));
        let looking = self.watch.begin(registry, wanted, now);
        state.under_way = looking.downgrade();
        Step::Join(looking)
    }
}

impl Watch {
    /// Begins a look, without polling it. A dropped look stores nothing.
    fn begin(
        &self,
        registry: &Arc<dyn Look>,
        wanted: Arc<Wanted>,
        begun: Duration,
    ) -> Shared<BoxFuture<'static, ()>> {
        let watch = self.clone();
        let look = registry.clone().look(wanted.clone());
        let noting = async move {
            let outcome = look.await.map(Arc::new);
            let mut state = watch.state();
            state.under_way = None;
            state.last = Some(Looked {
                begun,
                outcome,
                wanted,
            });
        };
        noting.boxed().shared()
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        let mut state = self.watch.state();
        state.members.remove(&self.id);
        if state.members.is_empty() {
            state.last = None;
        }
    }
}

fn union<'a>(all: impl Iterator<Item = &'a Wanted>) -> Wanted {
    let mut sum = Wanted::default();
    let mut is_bounded = true;
    for wanted in all {
        sum.images.extend(wanted.images.iter().cloned());
        is_bounded &= wanted.since.is_some();
        let times = sum.oldest.into_iter().chain(wanted.since);
        sum.oldest = times.min();
        sum.begun = sum.begun.max(wanted.begun);
    }
    sum.since = sum.oldest.filter(|_| is_bounded);
    sum
}
