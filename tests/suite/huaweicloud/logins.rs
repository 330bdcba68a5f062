//! Tests of logins to the registry itself.

use std::sync::Arc;

use registry_replication::oci::Login;
use registry_replication::{Chain, huaweicloud};
use registry_tests::noon;

use crate::oci::shown;

#[tokio::test]
async fn logins_are_made_of_the_key() {
    let basic = huaweicloud::SwrBasic::builder()
        .region("cn-north-4")
        .credentials(huaweicloud::AccessKey::new("AKEXAMPLE", "SKEXAMPLE"))
        .build()
        .await
        .unwrap();
    let login = basic.logins().get(noon()).await.unwrap();
    let password = "0e88cbb99273df9955697b92044912a5883c7ea4463f1cae99013c9478dba7c0";
    assert_eq!(shown(&login), ("cn-north-4@AKEXAMPLE", password));
    assert!(!format!("{login:?} {:?}", basic.logins()).contains("0e88"));
    let chain: Chain<Login> = Chain::new(vec![Arc::new(basic.logins())]);
    assert!(chain.get(noon()).await.is_ok());
}
