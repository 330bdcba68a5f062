//! Tests that no output shows a secret.

use openapi_transport::Call;
use registry_replication::harbor::{Credentials, HarborRegistry, Login};

use crate::secrets::{MARKER, hidden, variables};

#[tokio::test]
async fn nothing_that_holds_a_secret_shows_it() {
    let login = Login::new("robot$copy", MARKER);
    hidden("login", &login);
    hidden("token", &Credentials::IdToken(MARKER.into()));
    let registry = HarborRegistry::builder()
        .endpoint("http://127.0.0.1:9")
        .credentials(login)
        .build()
        .await
        .unwrap();
    hidden("registry", &registry);
    hidden("listing", &registry.replication_executions(None));
    let error = registry.replication_rules(None).all().await.unwrap_err();
    hidden("error", &error);
    assert!(!error.to_string().contains(MARKER), "{error}");
}

#[test]
fn credentials_from_the_environment_name_what_is_missing() {
    for (set, says) in [
        (&[][..], "HARBOR_USERNAME"),
        (&[("HARBOR_PASSWORD", MARKER)], "HARBOR_USERNAME is not"),
        (&[("HARBOR_USERNAME", MARKER)], "HARBOR_PASSWORD is not"),
    ] {
        let error = Credentials::from_variables(variables(set)).map(drop);
        let error = error.unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
        assert!(!error.contains(MARKER), "{error}");
    }
}

#[test]
fn a_url_with_a_login_is_refused_without_it() {
    let url = format!("https://robot:{MARKER}@registry.example");
    let error = harbor::endpoints::of(&url).unwrap_err().to_string();
    assert!(!error.contains(MARKER), "{error}");
}

#[test]
fn a_call_by_name_hides_the_secrets_of_its_body() {
    let (_, operation) = registry_replication::api::find("createRegistry").unwrap();
    let body = serde_json::json!({
        "name": "backup", "type": "harbor", "url": "https://backup.example",
        "credential": { "access_key": "robot$copy", "access_secret": MARKER },
    });
    let call = Call::new(operation).body(&body).unwrap();
    hidden("body", &call);
    hidden("narrowing", &call.narrowing());
}
