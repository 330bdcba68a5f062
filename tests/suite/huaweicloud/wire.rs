//! Tests of requests on the wire.

use huaweicloud_swr::{Credentials, swr};
use insta::assert_snapshot;
use openapi_transport::Secret;
use registry_tests::Recorder;
use serde_json::json;

use crate::huaweicloud::clients;
use crate::wire::is_escaped;

#[tokio::test]
async fn odd_names_are_escaped_as_their_service_wants() {
    for (name, odd, line) in [
        (
            "ListImageAutoSyncReposDetails",
            json!({"namespace": "test", "repository": "grpc/helloworld"}),
            "GET /v2/manage/namespaces/test/repos/grpc%24helloworld/sync_repo HTTP/1.1",
        ),
        (
            "ShowInstanceRepository",
            json!({"project_id": "p", "instance_id": "i", "namespace_name": "n 1", "repository_name": "a/b"}),
            "GET /v2/p/instances/i/namespaces/n%201/repositories/a%252Fb HTTP/1.1",
        ),
    ] {
        is_escaped("huaweicloud-swr/swr", name, &odd, line).await;
    }
}

#[tokio::test]
async fn a_token_goes_along_instead_of_a_signature() {
    let recorder = Recorder::json("[]").await;
    let token = Credentials::Token(Secret::from("MIIatAYJKoZIhvcNAQcCo"));
    swr::Client::new(clients::context(recorder.endpoint(), token))
        .list_image_auto_sync_repos_details()
        .namespace("test")
        .repository("testrepo")
        .send()
        .await
        .unwrap();
    assert_snapshot!(
        "ListImageAutoSyncReposDetails.token",
        recorder.request().await
    );
}
