//! Tests that no output shows a secret.

use huaweicloud_swr::token::User;
use huaweicloud_swr::{AccessKey, Credentials, Huaweicloud, iam};
use openapi_transport::{Call, RetryPolicy, Secret};
use registry_replication::huaweicloud;
use serde_json::{Value, json};

use crate::secrets::{MARKER, hidden, variables};

#[tokio::test]
async fn nothing_that_holds_a_secret_shows_it() {
    let key = AccessKey::new("AK", MARKER).security_token(MARKER);
    let token = Credentials::Token(Secret::from(MARKER));
    hidden("access key", &key);
    hidden("token", &token);
    hidden("provider", &Huaweicloud::new(key.clone()));
    hidden(
        "user",
        &User {
            domain: "d".into(),
            name: "n".into(),
            password: MARKER.into(),
            project: "p".into(),
        },
    );
    let user = iam::types::PasswordUser {
        domain: iam::types::DomainName { name: "d".into() },
        name: "n".into(),
        password: MARKER.into(),
    };
    hidden("generated body", &user);
    hidden(
        "generated builder",
        &iam::types::builder::PasswordUser::from(user),
    );

    let basic = huaweicloud::SwrBasic::builder()
        .region("cn-north-4")
        .endpoint("http://127.0.0.1:9")
        .credentials(key)
        .configure(|context| context.retry(RetryPolicy::never()))
        .build()
        .await
        .unwrap();
    hidden("registry", &basic);
    hidden("client", basic.client());
    hidden("listing", &basic.sync_jobs("a/b", None));
    let error = basic.rules("a/b").all().await.unwrap_err();
    hidden("error", &error);
    assert!(!error.to_string().contains(MARKER));
}

#[tokio::test]
async fn a_secret_that_no_header_can_hold_is_refused_without_showing_it() {
    let token = Credentials::Token(Secret::from(format!("{MARKER}\n")));
    let registry = huaweicloud::SwrBasic::builder()
        .endpoint("http://127.0.0.1:9")
        .credentials(token)
        .build()
        .await
        .unwrap();
    let error = registry.rules("a/b").all().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "ListImageAutoSyncReposDetails: invalid value for header x-auth-token: a header cannot \
         hold its characters"
    );
    assert_eq!(error.attempts(), 0);
}

#[tokio::test]
async fn a_service_that_repeats_the_request_is_not_repeated() {
    let body = format!(
        r#"{{"error_code":"X-{MARKER}","error_msg":"you sent x-auth-token:{MARKER} to me"}}"#
    );
    let recorder = registry_tests::Recorder::start(401, &[], body).await;
    let registry = huaweicloud::SwrBasic::builder()
        .endpoint(recorder.endpoint())
        .credentials(Credentials::Token(Secret::from(MARKER)))
        .build()
        .await
        .unwrap();
    let error = registry.rules("a/b").all().await.unwrap_err();
    assert_eq!(
        error.message(),
        Some("you sent x-auth-token:[secret] to me")
    );
    assert_eq!(error.code(), Some("X-[secret]"));
    hidden("error", &error);
}

#[tokio::test]
async fn an_odd_answer_is_not_quoted() {
    let body = format!(r#"[{{"id":"{MARKER} and \"more\""}}]"#);
    let recorder = registry_tests::Recorder::json(body).await;
    let registry = huaweicloud::SwrBasic::builder()
        .endpoint(recorder.endpoint())
        .credentials(AccessKey::new("AK", "SK"))
        .build()
        .await
        .unwrap();
    let error = registry.rules("a/b").all().await.unwrap_err();
    hidden("error", &error);
    assert!(
        error
            .to_string()
            .contains(r#"expected a number, found "…""#),
        "{error}"
    );
    assert!(!error.to_string().contains("more"), "{error}");
}

#[test]
fn credentials_from_the_environment_name_what_is_missing() {
    let read = |set| Credentials::from_variables(variables(set)).map(drop);
    assert!(read(&[("HUAWEICLOUD_SDK_AK", "a"), ("HUAWEICLOUD_SDK_SK", "s")]).is_ok());
    assert!(read(&[("CLOUD_SDK_AK", "a"), ("CLOUD_SDK_SK", "s")]).is_ok());
    let both = [
        ("HUAWEICLOUD_SDK_AK", "first"),
        ("HUAWEICLOUD_SDK_SK", MARKER),
        ("CLOUD_SDK_AK", "second"),
        ("CLOUD_SDK_SK", MARKER),
        ("HUAWEICLOUD_SDK_PROJECT_ID", "p"),
    ];
    let both = Credentials::from_variables(|name| {
        let found = both.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| (*value).to_owned())
    })
    .unwrap();
    assert!(format!("{both:?}").contains("first"));
    assert_eq!(both.project_id(), Some("p"));
    for (error, says) in [
        (read(&[]), "set HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK"),
        (
            read(&[("HUAWEICLOUD_SDK_AK", MARKER), ("HUAWEICLOUD_SDK_SK", "")]),
            "HUAWEICLOUD_SDK_AK is set, but HUAWEICLOUD_SDK_SK is not",
        ),
        (
            read(&[("CLOUD_SDK_SK", MARKER)]),
            "CLOUD_SDK_SK is set, but CLOUD_SDK_AK is not",
        ),
    ] {
        let error = error.unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
        assert!(!error.contains(MARKER), "{error}");
    }
}

#[test]
fn a_call_by_name_hides_the_secrets_of_its_body() {
    let (_, operation) = registry_replication::api::find("CreateInstanceRegistry").unwrap();
    let registry = |credential: Value| {
        Call::new(operation).body(&json!({
            "name": "second", "type": "swr-pro", "url": "u", "insecure": false,
            "credential": credential,
        }))
    };
    let credential = json!({"type": "basic", "access_key": "AK", "access_secret": MARKER});
    hidden("body", &registry(credential).unwrap());
    for wrong in [json!(MARKER), json!({"type": [MARKER]})] {
        hidden("refusal", &registry(wrong).unwrap_err().to_string());
    }
}
