//! Tests of parameters in queries.

use registry_sandbox::{Options, Sandbox, world};

use crate::alibabacloud::clients;
use crate::parameters::{VALUES, last};

#[tokio::test]
async fn query_parameters() {
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let registry = clients::registry(
        &sandbox,
        world::alibabacloud::INSTANCE_ID,
        clients::sandbox_key(&sandbox),
    )
    .await;
    for value in VALUES {
        let page = registry
            .client()
            .list_repo_sync_task()
            .instance_id(world::alibabacloud::INSTANCE_ID)
            .repo_name(value)
            .send()
            .await;
        assert!(page.is_ok(), "{value:?}: {page:?}");
        assert_eq!(last(&sandbox).parameters["RepoName"], value);
    }
}
