//! Tests that no output shows a secret.

use std::fmt::Debug;

use openapi_transport::Call;
use serde_json::json;

pub(crate) const MARKER: &str = "MARKED-SECRET";

pub(crate) fn hidden(name: &str, value: &dyn Debug) {
    for shown in [format!("{value:?}"), format!("{value:#?}")] {
        assert!(!shown.contains(MARKER), "{name} shows a secret: {shown}");
    }
}

/// Makes an environment with these variables.
pub(crate) fn variables(
    set: &'static [(&'static str, &'static str)],
) -> impl Fn(&str) -> Option<String> {
    move |name| {
        let found = set.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| (*value).to_owned())
    }
}

/// A call by name keeps its parameters, but hides secrets.
#[test]
fn a_call_by_name_hides_the_secrets_that_it_holds() {
    let find = |name: &str| registry_replication::api::find(name).unwrap().1;
    let call = Call::new(find("AssumeRoleWithOIDC"));
    hidden("parameter", &call.parameter("OIDCToken", MARKER).unwrap());

    let registry = |credential: serde_json::Value| {
        Call::new(find("CreateInstanceRegistry")).body(&json!({
            "name": "second", "type": "swr-pro", "url": "u", "insecure": false,
            "credential": credential,
        }))
    };
    let credential = json!({"type": "basic", "access_key": "AK", "access_secret": MARKER});
    let call = registry(credential).unwrap();
    hidden("body", &call);
    let token = Call::new(find("AssumeRoleWithOIDC"));
    let token = token.parameter("OIDCToken", MARKER).unwrap();
    hidden("narrowing", &token.narrowing());
    for wrong in [json!(MARKER), json!({"type": [MARKER]})] {
        hidden("refusal", &registry(wrong).unwrap_err().to_string());
    }
}
