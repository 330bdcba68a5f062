//! Secrets show nowhere.

use std::fmt::Debug;

use huaweicloud_swr::token::User;
use huaweicloud_swr::{AccessKey, Credentials, Huaweicloud, iam};
use openapi_transport::{Call, RetryPolicy, Secret};
use registry_replication::{alibabacloud, huaweicloud};
use serde_json::json;

const MARKER: &str = "MARKED-SECRET";

fn hidden(name: &str, value: &dyn Debug) {
    for shown in [format!("{value:?}"), format!("{value:#?}")] {
        assert!(!shown.contains(MARKER), "{name} shows a secret: {shown}");
    }
}

#[tokio::test]
async fn nothing_that_holds_a_secret_shows_it() {
    let key = AccessKey::new("AK", MARKER).security_token(MARKER);
    let token = Credentials::Token(Secret::from(MARKER));
    let alibaba = alibabacloud::Credentials::new("AK", MARKER).security_token(MARKER);
    hidden("access key", &key);
    hidden("token", &token);
    hidden("Alibaba credentials", &alibaba);
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

    let registry = alibabacloud::AlibabaCr::builder()
        .endpoint("http://127.0.0.1:9")
        .instance("cri-1")
        .credentials(alibaba)
        .build()
        .await
        .unwrap();
    hidden(
        "registry",
        &registry.tasks(alibabacloud::TaskQuery::default()),
    );
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
    let from = |set: &'static [(&str, &str)]| {
        move |name: &str| {
            let found = set.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        }
    };
    let huawei = |set| Credentials::from_variables(from(set)).map(drop);
    assert!(huawei(&[("HUAWEICLOUD_SDK_AK", "a"), ("HUAWEICLOUD_SDK_SK", "s")]).is_ok());
    assert!(huawei(&[("CLOUD_SDK_AK", "a"), ("CLOUD_SDK_SK", "s")]).is_ok());
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
        (huawei(&[]), "set HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK"),
        (
            huawei(&[("HUAWEICLOUD_SDK_AK", MARKER), ("HUAWEICLOUD_SDK_SK", "")]),
            "HUAWEICLOUD_SDK_AK is set, but HUAWEICLOUD_SDK_SK is not",
        ),
        (
            huawei(&[("CLOUD_SDK_SK", MARKER)]),
            "CLOUD_SDK_SK is set, but CLOUD_SDK_AK is not",
        ),
        (
            alibabacloud::Credentials::from_variables(from(&[])).map(drop),
            "set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET",
        ),
        (
            alibabacloud::Credentials::from_variables(from(&[(
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

/// A call by its name holds what it was given.
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
