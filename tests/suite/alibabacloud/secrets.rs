//! Tests that no output shows a secret.

use openapi_transport::Call;
use registry_replication::alibabacloud;

use crate::secrets::{MARKER, hidden, variables};

#[tokio::test]
async fn nothing_that_holds_a_secret_shows_it() {
    let key = alibabacloud::Credentials::new("AK", MARKER).security_token(MARKER);
    hidden("credentials", &key);
    let registry = alibabacloud::AlibabaCr::builder()
        .endpoint("http://127.0.0.1:9")
        .instance("cri-1")
        .credentials(key)
        .build()
        .await
        .unwrap();
    hidden(
        "registry",
        &registry.tasks(alibabacloud::TaskQuery::default()),
    );
}

#[test]
fn credentials_from_the_environment_name_what_is_missing() {
    for (error, says) in [
        (
            alibabacloud::Credentials::from_variables(variables(&[])).map(drop),
            "set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET",
        ),
        (
            alibabacloud::Credentials::from_variables(variables(&[(
                "ALIBABA_CLOUD_ACCESS_KEY_ID",
                MARKER,
            )]))
            .map(drop),
            "ALIBABA_CLOUD_ACCESS_KEY_ID is set, but ALIBABA_CLOUD_ACCESS_KEY_SECRET is not",
        ),
    ] {
        let error = error.unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
        assert!(!error.contains(MARKER), "{error}");
    }
}

#[test]
fn a_call_by_name_hides_the_secrets_of_its_parameters() {
    let (_, operation) = registry_replication::api::find("AssumeRoleWithOIDC").unwrap();
    let call = Call::new(operation).parameter("OIDCToken", MARKER).unwrap();
    hidden("parameter", &call);
    hidden("narrowing", &call.narrowing());
}
