//! Tests of logins to the registry itself.

use registry_replication::alibabacloud;
use registry_tests::Recorder;

use crate::alibabacloud::clients;
use crate::oci::shown;

#[tokio::test]
async fn logins_are_asked_for() {
    let answer = r#"{"IsSuccess":true,"Code":"success","TempUsername":"temp",
        "AuthorizationToken":"hush","ExpireTime":1795350000000}"#;
    let recorder = Recorder::json(answer).await;
    let alibaba = alibabacloud::AlibabaCr::builder()
        .endpoint(recorder.endpoint())
        .instance("cri-1")
        .credentials(clients::key())
        .build()
        .await
        .unwrap();
    let lease = alibaba.logins().get().await.unwrap();
    assert_eq!(shown(&lease.credentials), ("temp", "hush"));
    assert_eq!(lease.expires.unwrap().as_millisecond(), 1_795_350_000_000);
    assert!(recorder.request().await.contains("GetAuthorizationToken"));
}
