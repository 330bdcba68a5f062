//! Tests of latencies of the sandbox's tasks.

use futures_util::{StreamExt, TryStreamExt};
use registry_replication::{Lag, LagSummary, Task, TaskState};
use registry_sandbox::{Options, Sandbox, world};

use crate::huaweicloud::clients;

#[tokio::test]
async fn tasks_of_a_registry() {
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let registry = clients::enterprise(&sandbox, clients::sandbox_key(&sandbox)).await;
    let tasks = || {
        registry
            .replication_tasks(world::huaweicloud::FLEET_REPLICATION_EXECUTION)
            .by_item()
    };
    let all: Vec<Task> = tasks().try_collect().await.unwrap();
    let once: Lag = all.iter().collect();
    let mut follower = Lag::follow(tasks().chain(tasks()));
    let ended = follower
        .by_ref()
        .try_fold(0, |ended, _| async move { Ok(ended + 1) });
    let ended: usize = ended.await.unwrap();
    assert_eq!(follower.lag().summaries(), once.summaries());
    let is_final = |task: &&Task| task.state.is_final();
    assert_eq!(ended, all.iter().filter(is_final).count());
    let rows = once.summaries();
    let states = |state: TaskState| all.iter().filter(|task| task.state == state).count() as u64;
    let sum = |count: fn(&LagSummary) -> u64| rows.iter().map(count).sum::<u64>();
    assert_eq!(sum(|row| row.count), states(TaskState::Succeeded));
    assert_eq!(sum(|row| row.failed), states(TaskState::Failed));
    let spread = |row: &LagSummary| row.p50_ms < row.p99_ms && row.p99_ms <= row.max_ms;
    assert!(rows.iter().any(spread), "{rows:?}");
}
