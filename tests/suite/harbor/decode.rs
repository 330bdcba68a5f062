//! Tests of decoded pages.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use harbor::Login;
use registry_replication::Registry;
use registry_replication::harbor::HarborRegistry;
use registry_tests::Recorder;
use serde_json::Value;

use crate::subjects::{ExamplePage, example, items};

pub(super) async fn registry(endpoint: &str) -> HarborRegistry {
    let registry = HarborRegistry::builder()
        .endpoint(endpoint)
        .credentials(Login::new("robot$example", "example-secret"));
    registry.build().await.unwrap()
}

/// Returns the pages of the specs' examples.
pub(crate) fn pages() -> Vec<ExamplePage> {
    let page = |name, state, decode| ExamplePage {
        name,
        body: example("harbor/harbor", name),
        records: "",
        state,
        decode,
    };
    vec![
        page("listReplicationPolicies", None, |page| {
            listed(page, |registry| {
                items(registry.replication_rules(None)).boxed()
            })
        }),
        // Counts decide the state.
        page("listReplicationExecutions", None, |page| {
            listed(page, |registry| items(registry.executions_of(None)).boxed())
        }),
        page("listReplicationTasks", Some("status"), |page| {
            listed(page, |registry| {
                items(registry.replication_tasks(83, None)).boxed()
            })
        }),
        page("listRetentionExecutions", Some("status"), |page| {
            listed(page, |registry| {
                let rule = "team/7".parse().unwrap();
                items(registry.executions_of(Some(&rule))).boxed()
            })
        }),
        page("listRetentionTasks", Some("status"), |page| {
            listed(page, |registry| {
                items(registry.retention_tasks("team", 7, 51)).boxed()
            })
        }),
    ]
}

/// Returns the records that a listing decodes from a page.
fn listed(
    page: Value,
    list: fn(&HarborRegistry) -> BoxFuture<'static, Vec<Value>>,
) -> BoxFuture<'static, Vec<Value>> {
    async move {
        let count = page.as_array().map_or(0, Vec::len).to_string();
        let headers = [
            ("content-type", "application/json"),
            ("x-total-count", &count),
        ];
        let recorder = Recorder::start(200, &headers, page.to_string()).await;
        list(&registry(recorder.endpoint()).await).await
    }
    .boxed()
}
