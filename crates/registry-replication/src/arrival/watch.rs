//! One look for all waits of a registry.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::lock;
use registry_transport::Error;

use super::sight::{Look, Sight, Wanted};

/// What the waits of one registry share: whose turn it is to look, and what was seen last.
///
/// Nothing runs by itself. Who has the turn looks for all, while the others wait for the turn; then
/// they find that somebody has looked. When who looks is dropped, so is the look, and the next has
/// the turn.
#[derive(Clone, Default)]
pub struct Watch(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    turn: lock::Mutex<()>,
}

#[derive(Default)]
struct State {
    /// What each member wants.
    members: BTreeMap<u64, Wanted>,
    next_member: u64,
    last: Option<Looked>,
}

/// A look that has ended.
#[derive(Clone)]
pub(crate) struct Looked {
    /// When it began, as time that has passed by the registry's clock.
    pub(crate) begun: Duration,
    pub(crate) outcome: Result<Arc<Sight>, Error>,
    wanted: Arc<Wanted>,
}

impl Watch {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets looks show what is wanted, until the membership is dropped.
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

/// One that looks with the others.
#[derive(Debug)]
pub(crate) struct Membership {
    watch: Watch,
    id: u64,
    wanted: Wanted,
}

impl Membership {
    /// A look that began at `not_before` or later. Looks follow each other by `gap` at least: who
    /// comes in between waits, and then looks together with the others that wait.
    pub(crate) async fn look(
        &self,
        registry: &Arc<dyn Look>,
        not_before: Duration,
        gap: Duration,
    ) -> Looked {
        let clock = registry.context().clock().clone();
        loop {
            if let Some(looked) = self.seen(not_before) {
                return looked;
            }
            let turn = self.watch.0.turn.lock().await;
            if let Some(looked) = self.seen(not_before) {
                return looked;
            }
            let begun = clock.elapsed();
            let (wanted, due) = {
                let state = self.watch.state();
                let due = state.last.as_ref().map(|last| last.begun + gap);
                (Arc::new(union(state.members.values())), due)
            };
            if let Some(due) = due.filter(|due| begun < *due) {
                drop(turn);
                clock.sleep(due - begun).await;
                continue;
            }
            let outcome = registry.clone().look(wanted.clone()).await;
            self.watch.state().last = Some(Looked {
                begun,
                outcome: outcome.map(Arc::new),
                wanted,
            });
        }
    }

    /// The last look, if it is good enough.
    fn seen(&self, not_before: Duration) -> Option<Looked> {
        let state = self.watch.state();
        let last = state.last.as_ref()?;
        let good = last.begun >= not_before && last.wanted.includes(&self.wanted);
        good.then(|| last.clone())
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
    let mut oldest = None;
    let mut without_time = false;
    for wanted in all {
        sum.images.extend(wanted.images.iter().cloned());
        match (wanted.since, oldest) {
            (None, _) => without_time = true,
            (Some(since), Some(known)) if known <= since => {}
            (Some(since), _) => oldest = Some(since),
        }
    }
    sum.since = oldest.filter(|_| !without_time);
    sum
}
