//! Tests that neither output nor log shows a secret.

use super::*;

#[tokio::test]
async fn nothing_shows_a_secret() {
    let place = Place::new()
        .set("ALIBABA_CLOUD_ACCESS_KEY_ID", "LTAI")
        .set("ALIBABA_CLOUD_ACCESS_KEY_SECRET", MARKER)
        .set("ALIBABA_CLOUD_SECURITY_TOKEN", MARKER);
    let settings = place.settings();
    let chain = Arc::new(Credentials::default_chain(&settings));
    let lease = chain.get(noon()).await.unwrap();
    let asked = chain.ask(noon()).await;
    let provider = Alibabacloud::with_chain(chain.clone());
    let trial = Trial::start().await;
    let client = trial.client(provider.clone());
    let call = client
        .assume_role_with_oidc()
        .oidc_token(MARKER)
        .oidc_provider_arn("p")
        .role_arn("r")
        .role_session_name("session");
    let mut shown = vec![
        format!("{settings:?} {:?}", settings.sources()),
        format!("{chain:?} {lease:?} {asked:?} {provider:?}"),
        format!("{client:?} {call:?}"),
    ];
    let error = Error::from(call.send().await.unwrap_err());
    shown.push(format!("{error} {error:?}"));
    let error = trial.who(&chain).await.unwrap_err();
    shown.push(format!("{error} {error:?}"));
    let answer: sts::types::TemporaryCredentials = serde_json::from_value(json!({
        "AccessKeySecret": MARKER, "SecurityToken": MARKER,
    }))
    .unwrap();
    shown.push(format!("{answer:?}"));
    for text in shown {
        assert!(!text.is_empty() && !text.contains(MARKER), "{text}");
    }
}

/// Writer that keeps the log.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<String>>);

impl tracing::Subscriber for Log {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }
    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}
    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
    fn event(&self, event: &tracing::Event<'_>) {
        let log = self.0.clone();
        event.record(
            &mut move |field: &tracing::field::Field, value: &dyn Debug| {
                writeln!(log.lock().unwrap(), "{field}: {value:?}").unwrap();
            },
        );
    }
    fn enter(&self, _: &tracing::span::Id) {}
    fn exit(&self, _: &tracing::span::Id) {}
}

#[cfg(unix)]
#[tokio::test]
async fn the_log_warns_of_files_that_others_can_read_and_shows_no_secret() {
    let log = Log::default();
    let _second = crate::traces::second_dispatcher();
    let _logging = tracing::subscriber::set_default(log.clone());
    let trial = Trial::start().await;
    let profile = json!({
        "name": "default",
        "mode": "RamRoleArn",
        "access_key_id": "LTAI",
        "access_key_secret": MARKER,
        "ram_role_arn": world::alibabacloud::ROLE_ARN,
    });
    let place = Place::new().cli(json!([profile])).file(
        GO_INI,
        format!("[default]\ntype = access_key\naccess_key_id = a\naccess_key_secret = {MARKER}"),
    );
    mode(&place.path(CLI), 0o644);
    trial.chain(&place).get(noon()).await.unwrap();
    let log = log.0.lock().unwrap();
    assert!(log.contains("set its mode to 600"), "{log}");
    assert!(log.contains(".aliyun/config.json"), "{log}");
    assert!(!log.contains(".alibabacloud/credentials"), "{log}");
    assert!(!log.contains(MARKER), "{log}");
}
