//! Tests of requests on the wire.

use serde_json::json;

use crate::wire::is_escaped;

#[tokio::test]
async fn odd_names_are_escaped_as_their_service_wants() {
    let odd = json!({"InstanceId": "cri-1", "RepoName": "a b*~/版"});
    let line = "POST /?InstanceId=cri-1&RepoName=a%20b%2A~%2F%E7%89%88 HTTP/1.1";
    is_escaped("alibabacloud-cr/cr", "ListRepoSyncTask", &odd, line).await;
}
