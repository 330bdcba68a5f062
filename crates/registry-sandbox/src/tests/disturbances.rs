//! Tests of disturbances of the sandbox, and of the answers after them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::SignedDuration;

use super::Trial;
use super::huaweicloud_trial::here;
use super::truth::{IMAGE, ends};
use crate::world;
use crate::world::alibabacloud;
use crate::world::huaweicloud;
use crate::{Outcome, Pace};

#[tokio::test]
async fn records_of_ended_work_can_be_purged() {
    for (source, destination) in ends() {
        let trial = Trial::start().await;
        let purge = |most: usize| {
            let mut left = 0..most;
            let due = |record: &world::Record| record.repository == IMAGE && left.next().is_some();
            trial.sandbox.purge_tasks(source, due)
        };
        purge(usize::MAX);
        let count = async || match source {
            huaweicloud::ENTERPRISE => trial
                .executions_of(world::huaweicloud::FLEET_PUSH_POLICY)
                .await
                .len(),
            huaweicloud::BASIC => trial.basic_jobs(999).await.len(),
            alibabacloud::REGISTRY => trial.tasks("r1").await.len(),
            other => panic!("{other:?}"),
        };
        let before = count().await;
        let each = match source {
            huaweicloud::ENTERPRISE => 1,
            _ => 3,
        };
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
    for (source, _) in ends() {
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
        let lags = source == huaweicloud::ENTERPRISE;
        assert_eq!(count() == 0, lags);
        trial.seconds(3);
        assert_ne!(count(), 0, "{source:?}");
    }
}

#[tokio::test]
async fn the_record_of_an_execution_can_lag_behind() {
    let trial = Trial::start().await;
    let pace = Pace::USUAL.with_lag(SignedDuration::from_secs(30));
    trial.sandbox.set_pace(pace);
    trial.sandbox.decide(IMAGE, None, None, Outcome::Fails);
    trial.pushed(huaweicloud::ENTERPRISE, "one");
    for (seconds, task, record, failed) in [
        (36, "InProgress", "InProgress", 0),
        (1, "Failed", "InProgress", 0),
        (29, "Failed", "InProgress", 0),
        (1, "Failed", "Failed", 1),
    ] {
        trial.seconds(seconds);
        let run = &trial
            .executions_of(world::huaweicloud::FLEET_PUSH_POLICY)
            .await[0];
        let tasks = trial.tasks_of(run["id"].as_i64().unwrap()).await;
        assert_eq!(tasks[0]["status"], task);
        assert_eq!(run["status"], record);
        assert_eq!(run["failed"], failed);
        assert_eq!(run["in_progress"], 1 - failed);
    }
}

#[tokio::test]
async fn a_hook_can_do_anything_between_two_calls() {
    let Trial { sandbox, now } = Trial::start().await;
    let trial = Arc::new(Trial { sandbox, now });
    let (weak, calls) = (Arc::downgrade(&trial), Arc::new(AtomicUsize::new(0)));
    let counted = Arc::clone(&calls);
    trial.sandbox.on_request(move |operation| {
        counted.fetch_add(1, Ordering::Relaxed);
        let Some(trial) = weak.upgrade() else { return };
        match operation {
            "ListRepoSyncTask" => {
                trial.pushed(alibabacloud::REGISTRY, "one");
            }
            "ListInstanceReplicationPolicyExecutions" => {
                trial.pushed(huaweicloud::ENTERPRISE, "one");
                trial.seconds(7);
                trial.sandbox.purge_tasks(huaweicloud::ENTERPRISE, |_| true);
            }
            other => panic!("{other}"),
        }
    });
    assert_eq!(trial.tasks("r1").await.len(), 3, "before the first page");
    assert_eq!(trial.tasks("r1").await.len(), 6);
    let runs = trial
        .executions_of(world::huaweicloud::FLEET_PUSH_POLICY)
        .await;
    assert_eq!(runs.len(), 0);
    assert_eq!(calls.load(Ordering::Relaxed), 3);
    // A caller that is not admitted does not run the hook.
    let target = here("replication/executions");
    let request = trial.request("GET", &target, "");
    assert_eq!(trial.send(&target, &request).await.status, 401);
    assert_eq!(calls.load(Ordering::Relaxed), 3);
    assert_eq!(trial.sandbox.requests(), 4);
    let weak = Arc::downgrade(&trial);
    drop(trial);
    assert!(weak.upgrade().is_none());
}
