//! Tests of disturbances of the sandbox, and of the answers after them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::SignedDuration;

use super::Trial;
use super::subjects::subjects;
use super::truth::IMAGE;
use crate::world;
use crate::{Outcome, Pace};

#[tokio::test]
async fn records_of_ended_work_can_be_purged() {
    for of in subjects() {
        let (source, destination) = (of.source(), of.destination());
        let trial = Trial::start().await;
        // A registry whose records lag by themselves does not with this.
        trial.sandbox.set_pace(Pace::USUAL);
        let purge = |most: usize| {
            let mut left = 0..most;
            let due = |record: &world::Record| record.repository == IMAGE && left.next().is_some();
            trial.sandbox.purge_tasks(source, due)
        };
        purge(usize::MAX);
        let count = || of.count(&trial);
        let before = count().await;
        let each = of.copies();
        trial.pushed(source, "one");
        trial.seconds(1);
        trial.pushed(source, "two");
        assert_eq!(count().await, before + 2 * each);
        assert_eq!(purge(99), 0, "nothing has ended");
        trial.seconds(6);
        assert_eq!(purge(99), each, "the first has ended");
        trial.seconds(1);
        assert_eq!(count().await, before + each);
        assert_eq!(purge(1), 1);
        assert_eq!(count().await, before + each - 1);
        assert!(trial.held(&destination).is_some(), "what it has done stays");
        assert_eq!(purge(99), each - 1);
        let mut made = Vec::new();
        trial.sandbox.purge_tasks(source, |record| {
            made.push(record.made);
            false
        });
        assert!(made.is_sorted());
    }
    // Work that may be retried has not ended, and neither has work that its record does not show.
    for of in subjects() {
        let source = of.source();
        let trial = Trial::start().await;
        let pace = Pace::USUAL.with_lag(SignedDuration::from_secs(3));
        trial.sandbox.set_pace(pace);
        trial.sandbox.decide(IMAGE, None, None, Outcome::Fails);
        trial.pushed(source, "one");
        let since = trial.now();
        let count = || {
            let mut own = 0;
            trial.sandbox.purge_tasks(source, |record| {
                own += usize::from(record.made == since);
                false
            });
            own
        };
        trial.seconds(36);
        assert_eq!(count(), 0);
        trial.seconds(1);
        assert_eq!(count() == 0, of.has_lag());
        trial.seconds(3);
        assert_ne!(count(), 0, "{source:?}");
    }
}

#[tokio::test]
async fn a_hook_can_push_between_two_calls() {
    for of in subjects() {
        let trial = Arc::new(Trial::start().await);
        trial.sandbox.purge_tasks(of.source(), |_| true);
        let before = of.count(&trial).await;
        let (weak, calls) = (Arc::downgrade(&trial), Arc::new(AtomicUsize::new(0)));
        let counted = Arc::clone(&calls);
        trial.sandbox.on_request(move |_| {
            counted.fetch_add(1, Ordering::Relaxed);
            if let Some(trial) = weak.upgrade() {
                trial.pushed(of.source(), "one");
            }
        });
        // The push comes before the page.
        for pushes in 1..3 {
            let expected = before + pushes * of.copies();
            assert_eq!(of.count(&trial).await, expected, "{of:?}");
            assert_eq!(calls.load(Ordering::Relaxed), pushes, "{of:?}");
        }
    }
}
