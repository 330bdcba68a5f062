//! Tests of listings of the sandbox.

use registry_replication::Registry;
use registry_replication::alibabacloud::TaskQuery;
use registry_sandbox::{Options, Sandbox, world};

use crate::alibabacloud::clients;
use crate::pagers::{read, rule, task};

#[tokio::test]
async fn every_listing_comes_whole_ahead_or_not_and_resumed() {
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let instance = world::alibabacloud::FLEET_INSTANCE_ID;
    let key = clients::sandbox_key(&sandbox);
    let registry = clients::registry(&sandbox, instance, key).await;
    let tasks = || registry.tasks(TaskQuery::default()).page_size(100);
    let found = read(&sandbox, tasks, task).await;
    assert_eq!(found, (world::alibabacloud::FLEET_TASKS, 17, 17));
    let (rules, ..) = read(&sandbox, || registry.rules_of(None), rule).await;
    assert!(rules > 0);
}
