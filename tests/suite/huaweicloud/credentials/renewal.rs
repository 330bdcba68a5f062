//! Tests of keys and tokens that end, or that the service refuses.

use super::*;

#[tokio::test]
async fn keys_are_renewed_while_calls_are_in_flight() {
    let trial = Trial::start().await;
    let chain = Arc::new(Credentials::default_chain(&trial.settings(&[])));
    let provider = Huaweicloud::with_chain(chain.clone());
    let calls = async || {
        let calls = (0..8).map(|_| trial.call(&provider));
        try_join_all(calls).await.unwrap();
        trial.asked(HAND_OUT)
    };
    let held = async || chain.get(trial.clock.now()).await.unwrap();

    assert_eq!(calls().await, 1);
    let first = held().await;
    assert_eq!(first.expires, Some(noon() + hours(6)));
    trial.clock.advance(hours(5) + minutes(19));
    assert_eq!(calls().await, 1, "not due yet");
    assert!(Arc::ptr_eq(&first, &held().await));

    trial.clock.advance(minutes(1));
    assert_eq!(calls().await, 2, "one call renews for all");
    let second = held().await;
    assert_ne!(key_id(&first), key_id(&second));
    // A call that was signed before the renewal still gets through.
    let fixed = Huaweicloud::new(first.credentials.clone());
    assert_eq!(trial.call(&fixed).await.unwrap(), 1);

    trial.clock.advance(hours(7));
    assert_eq!(calls().await, 3, "ended; all wait for one");
    assert_ne!(key_id(&second), key_id(&*held().await));
    let error = trial.call(&fixed).await.unwrap_err();
    assert_eq!(error.status(), Some(401));
    assert!(
        error.message().unwrap().contains("security token expires"),
        "{error}"
    );
}

#[tokio::test]
async fn keys_of_an_identity_provider_are_renewed_from_the_file_of_the_day() {
    let trial = Trial::start().await;
    let (id_token, endpoint) = (trial.file("id-token", "expired"), trial.sandbox.endpoint());
    let settings = trial.settings(&[
        (IDP_ID, world::huaweicloud::IAM_IDP_ID),
        (ID_TOKEN_FILE, &id_token),
        (IAM, &endpoint),
    ]);
    let chain = Arc::new(Chain::new(vec![Arc::new(Oidc::new(&settings)) as _]));
    let provider = Huaweicloud::with_chain(chain.clone());
    let error = trial.call(&provider).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Credentials);
    trial.id_token();
    assert_eq!(trial.call(&provider).await.unwrap(), 1);
    let first = chain.get(trial.clock.now()).await.unwrap();
    trial.clock.advance(hours(6));
    assert_eq!(trial.call(&provider).await.unwrap(), 1);
    let second = chain.get(trial.clock.now()).await.unwrap();
    assert_ne!(key_id(&first), key_id(&second));
    assert_eq!(trial.asked("/v3.0/OS-CREDENTIAL/securitytokens"), 2);
}

#[tokio::test]
async fn an_iam_users_token_is_renewed_ahead_of_its_end() {
    let trial = Trial::start().await;
    let user = trial.iam_user(world::huaweicloud::IAM_PASSWORD);
    let chain = Arc::new(Chain::new(vec![Arc::new(user) as _]));
    let provider = Huaweicloud::with_chain(chain.clone());
    let calls = async || {
        join_all((0..4).map(|_| trial.call(&provider)))
            .await
            .into_iter()
            .for_each(|answer| assert_eq!(answer.unwrap(), 1));
        trial.asked("/v3/auth/tokens")
    };
    assert_eq!(calls().await, 1);
    trial.clock.advance(hours(23) + minutes(44));
    assert_eq!(calls().await, 1);
    trial.clock.advance(minutes(1));
    assert_eq!(calls().await, 2);
    trial.clock.advance(hours(25));
    assert_eq!(calls().await, 3);
    let (used, status, _) = attempt(&trial, &provider).await;
    assert_eq!(status, 200);
    assert!(provider.renew(&used));
    assert_eq!(calls().await, 4);

    let why = reason(&trial, trial.iam_user(MARKER)).await;
    assert!(
        why.starts_with(
            "failed: KeystoneCreateUserTokenByPassword: refused by the service, HTTP 401, 401: \
             The username or password is wrong."
        ),
        "{why}"
    );
}

/// Source of a revoked key, and then of a valid one.
#[derive(Debug, Default)]
struct Revoked(Mutex<usize>);

impl Source<Credentials> for Revoked {
    fn name(&self) -> &'static str {
        "revoked"
    }

    fn load(&self, _: Timestamp) -> BoxFuture<'_, Result<Lease<Credentials>, SourceError>> {
        let mut asked = self.0.lock().unwrap();
        *asked += 1;
        let key = match *asked {
            1 => AccessKey::new("REVOKED", "revoked"),
            _ => AccessKey::new(
                world::huaweicloud::ACCESS_KEY,
                world::huaweicloud::SECRET_KEY,
            ),
        };
        Box::pin(std::future::ready(Ok(Lease::lasting(key.into()))))
    }
}

#[tokio::test]
async fn what_is_not_accepted_is_given_up_once() {
    let trial = Trial::start().await;
    let chain = Arc::new(Chain::new(vec![Arc::new(Revoked::default()) as _]));
    let provider = Huaweicloud::with_chain(chain.clone());
    let (stale, status, _) = attempt(&trial, &provider).await;
    assert_eq!(status, 401);
    assert_eq!(key_id(&chain.get(noon()).await.unwrap()), "REVOKED");
    assert!(provider.renew(&stale));
    let (used, status, _) = attempt(&trial, &provider).await;
    assert_eq!(status, 200);
    assert!(used.is_some());
    // A late call with the old key does not cost the new one.
    let fresh = chain.get(noon()).await.unwrap();
    assert!(provider.renew(&stale));
    assert!(Arc::ptr_eq(&fresh, &chain.get(noon()).await.unwrap()));

    for fixed in [
        Huaweicloud::new(clients::sandbox_key(&trial.sandbox)),
        Huaweicloud::anonymous(),
    ] {
        assert!(!fixed.renew(&stale), "{fixed:?}");
        assert!(!fixed.renew(&None), "{fixed:?}");
    }
    assert!(!provider.renew(&None));
}

/// Source of revoked keys only.
#[derive(Debug)]
struct AlwaysRevoked;

impl Source<Credentials> for AlwaysRevoked {
    fn name(&self) -> &'static str {
        "always revoked"
    }

    fn load(&self, _: Timestamp) -> BoxFuture<'_, Result<Lease<Credentials>, SourceError>> {
        let key = AccessKey::new("REVOKED", "revoked");
        Box::pin(std::future::ready(Ok(Lease::lasting(key.into()))))
    }
}

#[tokio::test]
async fn a_call_that_is_not_let_in_is_signed_anew_once() {
    let trial = Trial::start().await;
    let chain = Arc::new(Chain::new(vec![Arc::new(Revoked::default()) as _]));
    let provider = Huaweicloud::with_chain(chain);
    assert_eq!(trial.call(&provider).await.unwrap(), 1);
    assert_eq!(trial.sandbox.received().len(), 2);

    let chain = Arc::new(Chain::new(vec![Arc::new(AlwaysRevoked) as _]));
    let provider = Huaweicloud::with_chain(chain);
    let error = trial.call(&provider).await.unwrap_err();
    assert_eq!((error.status(), error.attempts()), (Some(401), 2));
    assert_eq!(trial.sandbox.received().len(), 4);
}
