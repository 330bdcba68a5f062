//! Tests of keys that end, or that the service refuses.

use super::*;

#[tokio::test]
async fn keys_are_renewed_while_calls_are_in_flight() {
    let trial = Trial::start().await;
    let place = Place::new()
        .set("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "true")
        .set("ALIBABA_CLOUD_CREDENTIALS_URI", trial.uri());
    let chain = trial.chain(&place);
    let provider = Alibabacloud::with_chain(chain.clone());
    let client = trial.client(provider);
    let handed_out = || trial.asked(world::alibabacloud::CREDENTIALS_URI_PATH);
    let minutes = |n: u64| trial.clock.advance(Duration::from_secs(60 * n));

    // Keys are valid for an hour, and renewed a quarter of an hour before their expiry.
    for (later, expected) in [(0, 1), (44, 1), (2, 2), (43, 2), (120, 3)] {
        minutes(later);
        let calls = (0..20).map(|_| client.get_caller_identity().send());
        for result in join_all(calls).await {
            result.unwrap();
        }
        assert_eq!(handed_out(), expected, "{later} minutes later");
    }

    // The service refuses an expired key, and the chain does not use it.
    let lease = chain.get(trial.clock.now()).await.unwrap();
    let old = trial.client(Alibabacloud::new(lease.credentials.clone()));
    minutes(60);
    let error = Error::from(old.get_caller_identity().send().await.unwrap_err());
    assert_eq!(error.code(), Some("InvalidSecurityToken.Expired"));
    assert!(client.get_caller_identity().send().await.is_ok());
}

#[tokio::test]
async fn a_role_is_assumed_anew_and_the_old_key_serves_if_that_fails() {
    let trial = Trial::start().await;
    let mut place = oidc_of_environment(Place::new());
    place = place.set("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "true");
    let chain = trial.chain(&place);
    let id = async || {
        let lease = chain.get(trial.clock.now()).await?;
        Ok::<_, Error>(lease.credentials.access_key_id().to_owned())
    };
    let first = id().await.unwrap();
    // The token was replaced by a wrong one.
    std::fs::write(place.path("token"), "wrong").unwrap();
    trial.clock.advance(Duration::from_secs(50 * 60));
    assert_eq!(id().await.unwrap(), first);
    // The token was replaced by a valid one.
    std::fs::write(place.path("token"), world::alibabacloud::OIDC_TOKEN).unwrap();
    trial.clock.advance(Duration::from_secs(60));
    let second = id().await.unwrap();
    assert_ne!(second, first);
    std::fs::write(place.path("token"), "wrong").unwrap();
    trial.clock.advance(Duration::from_secs(60 * 60));
    let error = id().await.unwrap_err().to_string();
    assert!(
        error.contains("AuthenticationFail.OIDCToken.Invalid"),
        "{error}"
    );
}

#[tokio::test]
async fn a_key_that_was_refused_is_given_up_once() {
    let trial = Trial::start().await;
    let chain = trial.chain(&Place::new());
    let provider = Alibabacloud::with_chain(chain.clone());
    let sign = async |provider: &Alibabacloud, operation: &str| {
        let method = reqwest::Method::POST;
        let url = "https://sts.aliyuncs.com/X".parse().unwrap();
        let mut request = reqwest::Request::new(method, url);
        let stamp = Stamp {
            date: noon(),
            nonce: "nonce".to_owned(),
        };
        let operation = sts::OPERATIONS
            .iter()
            .find(|known| known.name == operation)
            .unwrap();
        let used = provider.sign(&mut request, operation, &stamp).await;
        let id = request.headers().get("x-acs-accesskey-id").cloned();
        (used.unwrap(), id)
    };
    let (used, first) = sign(&provider, "GetCallerIdentity").await;
    assert!(first.is_some() && used.is_some());
    assert_eq!(sign(&provider, "GetCallerIdentity").await.1, first);
    assert!(provider.renew(&used));
    let (_, second) = sign(&provider, "GetCallerIdentity").await;
    assert_ne!(second, first);
    // A slower call with the first key renews, too.
    assert!(provider.renew(&used));
    assert_eq!(sign(&provider, "GetCallerIdentity").await.1, second);

    let (unsigned, id) = sign(&provider, "AssumeRoleWithOIDC").await;
    assert!(unsigned.is_none() && id.is_none());
    assert!(!provider.renew(&unsigned));
    let fixed = Alibabacloud::new(Credentials::new("id", "secret").security_token("token"));
    let (none, id) = sign(&fixed, "GetCallerIdentity").await;
    assert!(none.is_none() && id.is_some());
    assert!(!fixed.renew(&none));
}

/// Source of a deleted key, and then of a valid one.
#[derive(Debug, Default)]
struct Deleted(AtomicUsize);

impl Source<Credentials> for Deleted {
    fn name(&self) -> &'static str {
        "deleted"
    }

    fn load(&self, _: Timestamp) -> BoxFuture<'_, Result<Lease<Credentials>, SourceError>> {
        let asked = self.0.fetch_add(1, Ordering::Relaxed);
        let key = match asked {
            0 => Credentials::new("LTAIDeleted", "deleted"),
            _ => Credentials::new(
                world::alibabacloud::ACCESS_KEY_ID,
                world::alibabacloud::ACCESS_KEY_SECRET,
            ),
        };
        Box::pin(std::future::ready(Ok(Lease::lasting(key))))
    }
}

#[tokio::test]
async fn a_key_that_is_not_accepted_is_renewed_within_the_call() {
    let trial = Trial::start().await;
    let source = Arc::new(Deleted::default());
    let chain = Arc::new(Chain::new(vec![source.clone() as _]));
    let client = trial.client(Alibabacloud::with_chain(chain));
    client.get_caller_identity().send().await.unwrap();
    let received = trial.sandbox.received();
    let statuses: Vec<u16> = received.iter().map(|request| request.status).collect();
    assert_eq!(statuses, [404, 200]);
    assert_eq!(source.0.load(Ordering::Relaxed), 2);
}
