//! Tests of Huawei Cloud's credentials: their sources, their expiry, and the errors without any.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::{join_all, try_join_all};
use huaweicloud_swr::token::User;
use huaweicloud_swr::{
    AccessKey, ChainSettings, Credentials, Environment, Huaweicloud, IamUser, Metadata, Oidc,
    Profile, Projects, iam, swr,
};
use insta::assert_snapshot;
use openapi_transport::testing::ManualClock;
use openapi_transport::{
    Answer, BoxFuture, Chain, Clock, Context, Dialect, Error, ErrorKind, Lease, Source,
    SourceError, Stamp, Surroundings, Timestamp,
};
use registry_sandbox::{Options, Sandbox, world};
use registry_tests::hostile::{Hostile, Reply};
use registry_tests::{Recorder, noon, quick_clock};
use tempfile::TempDir;

use crate::huaweicloud::clients;
use crate::traces::Lines;

const IDP_ID: &str = "HUAWEICLOUD_SDK_IDP_ID";
const ID_TOKEN_FILE: &str = "HUAWEICLOUD_SDK_ID_TOKEN_FILE";
const IAM: &str = "HUAWEICLOUD_SDK_IAM_ENDPOINT";
const AK: &str = "HUAWEICLOUD_SDK_AK";
const SK: &str = "HUAWEICLOUD_SDK_SK";
const FILE: &str = "HUAWEICLOUD_SDK_CREDENTIALS_FILE";

const MARKER: &str = "MARKED-SECRET";
/// URL at which no server listens.
const NOWHERE: &str = "http://127.0.0.1:9";

const HAND_OUT: &str = "/openstack/latest/securitykey";

/// Sandbox and home directory, with one clock for the sandbox and its clients.
struct Trial {
    sandbox: Sandbox,
    clock: Arc<ManualClock>,
    home: TempDir,
}

impl Trial {
    async fn start() -> Self {
        let clock = quick_clock(noon());
        let shared = clock.clone();
        let options = Options::default().clock(Arc::new(move || shared.now()));
        Self {
            sandbox: Sandbox::start(options).await.unwrap(),
            clock,
            home: tempfile::tempdir().unwrap(),
        }
    }

    fn file(&self, name: &str, text: &str) -> String {
        let path = self.home.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        private(&path);
        path.to_str().unwrap().to_owned()
    }

    fn id_token(&self) -> String {
        self.file(
            "id-token",
            &format!("{}\n", world::huaweicloud::IAM_ID_TOKEN),
        )
    }

    /// Makes settings with these variables in addition to `HOME`, and the sandbox's metadata service.
    fn settings(&self, variables: &[(&str, &str)]) -> ChainSettings {
        let mut set = variables.to_vec();
        set.push(("HOME", self.home.path().to_str().unwrap()));
        ChainSettings::of_process()
            .surroundings(surroundings(&set))
            .metadata_endpoint(self.sandbox.endpoint())
            .clock(self.clock.clone())
    }

    fn context(&self, provider: Huaweicloud) -> Context {
        Context::builder(self.sandbox.endpoint(), Arc::new(provider))
            .clock(self.clock.clone())
            .rate_limit(None)
            .build()
            .unwrap()
    }

    async fn call(&self, provider: &Huaweicloud) -> Result<usize, Error> {
        let rules = swr::Client::new(self.context(provider.clone()))
            .list_image_auto_sync_repos_details()
            .namespace(world::huaweicloud::EXAMPLE_BASIC_NAMESPACE)
            .repository(world::huaweicloud::EXAMPLE_BASIC_RULE_REPOSITORY)
            .send()
            .await?;
        Ok(rules.into_inner().len())
    }

    /// Returns the number of requests to this target of the sandbox.
    fn asked(&self, target: &str) -> usize {
        let received = self.sandbox.received();
        received
            .iter()
            .filter(|request| request.target.split('?').next() == Some(target))
            .count()
    }

    fn iam_user(&self, password: &str) -> IamUser {
        IamUser::new(
            iam::Client::new(self.context(Huaweicloud::anonymous())),
            User {
                domain: world::huaweicloud::IAM_DOMAIN.to_owned(),
                name: world::huaweicloud::IAM_USER.to_owned(),
                password: password.into(),
                project: world::huaweicloud::REGION.to_owned(),
            },
        )
    }

    /// Removes the parts of a text that differ from run to run.
    fn redacted(&self, text: &str) -> String {
        text.replace(self.home.path().to_str().unwrap(), "HOME")
            .replace(&self.sandbox.endpoint(), "SANDBOX")
    }
}

fn private(path: &std::path::Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    #[cfg(not(unix))]
    let _ = path;
}

fn surroundings(variables: &[(&str, &str)]) -> Surroundings {
    let variables: Vec<(String, String)> = variables
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    Surroundings::new(move |name| {
        let found = variables.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.clone())
    })
}

fn hours(hours: u64) -> Duration {
    Duration::from_secs(hours * 60 * 60)
}

fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(minutes * 60)
}

fn key_id(lease: &Lease<Credentials>) -> &str {
    lease.credentials.access_key_id().unwrap()
}

#[tokio::test]
async fn sources_are_asked_in_the_order_of_the_vendors_sdks() {
    let trial = Trial::start().await;
    let id_token = trial.id_token();
    let endpoint = trial.sandbox.endpoint();
    let (ak, sk) = (
        world::huaweicloud::ACCESS_KEY,
        world::huaweicloud::SECRET_KEY,
    );
    trial.file(
        ".huaweicloud/credentials",
        &format!("[basic]\nak = {ak}\nsk = {sk}\n"),
    );
    let all = [
        (IAM, endpoint.as_str()),
        (AK, ak),
        (SK, sk),
        (IDP_ID, world::huaweicloud::IAM_IDP_ID),
        (ID_TOKEN_FILE, &id_token),
    ];
    let mut found = Vec::new();
    for without in 0..4 {
        let variables = match without {
            0 => &all[..],
            1 => &all[..3],
            _ => &all[..1],
        };
        if without == 3 {
            std::fs::remove_file(trial.home.path().join(".huaweicloud/credentials")).unwrap();
        }
        let chain = Credentials::default_chain(&trial.settings(variables));
        let asked = chain.ask(noon()).await;
        let (last, before) = asked.split_last().unwrap();
        assert_eq!(before.len(), without);
        for asked in before {
            assert!(
                matches!(asked.outcome, Err(SourceError::NotSet(_))),
                "{asked:?}"
            );
        }
        let ends = last.outcome.clone().unwrap();
        found.push((last.source, ends.map(|end| end.to_string())));
        let provider = Huaweicloud::with_chain(Arc::new(chain));
        assert_eq!(trial.call(&provider).await.unwrap(), 1, "{last:?}");
    }
    let evening = || Some("2026-11-22T18:00:00Z".to_owned());
    assert_eq!(
        found,
        [
            ("OpenID Connect", evening()),
            ("environment", None),
            ("profile file", None),
            ("instance metadata", evening()),
        ]
    );
}

#[tokio::test]
async fn one_that_fails_lets_the_next_try() {
    let trial = Trial::start().await;
    trial.file(".huaweicloud/credentials", "[basic]\nak = only\n");
    let settings = trial.settings(&[(IDP_ID, "idp"), (SK, MARKER)]);
    let chain = Credentials::default_chain(&settings);
    let asked = chain.ask(noon()).await;
    let reasons: Vec<String> = asked
        .iter()
        .map(|asked| match &asked.outcome {
            Ok(ends) => format!("{}: until {}", asked.source, ends.unwrap()),
            Err(SourceError::Failed(why)) => format!("{}: failed: {why}", asked.source),
            Err(why) => format!("{}: {why}", asked.source),
        })
        .collect();
    assert_snapshot!("next", trial.redacted(&reasons.join("\n")));
    assert!(chain.get(noon()).await.is_ok());
}

#[tokio::test]
async fn when_none_answers_each_is_listed_in_order() {
    let trial = Trial::start().await;
    let settings = trial.settings(&[]).metadata_endpoint(NOWHERE);
    let chain = Arc::new(Credentials::default_chain(&settings));
    let provider = Huaweicloud::with_chain(chain);
    let error = trial.call(&provider).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Credentials);
    assert_eq!(error.attempts(), 0);
    assert_snapshot!("none", trial.redacted(&error.to_string()));
}

/// Returns why a source has no credentials, and checks that the reason holds no secret.
async fn reason(trial: &Trial, source: impl Source<Credentials>) -> String {
    let why = source.load(noon()).await.unwrap_err();
    let text = match why {
        SourceError::Failed(why) => format!("failed: {why}"),
        other => format!("not set: {other}"),
    };
    assert!(!text.contains(MARKER), "{text}");
    trial.redacted(&text)
}

#[tokio::test]
async fn openid_connect_says_why_it_has_none() {
    let trial = Trial::start().await;
    let (id_token, empty) = (trial.id_token(), trial.file("empty", " \n"));
    let forged = trial.file("forged", MARKER);
    let missing = trial.home.path().join("missing");
    let missing = missing.to_str().unwrap();
    let endpoint = trial.sandbox.endpoint();
    let idp = world::huaweicloud::IAM_IDP_ID;
    let mut reasons = Vec::new();
    for (idp, file, iam) in [
        ("", "", endpoint.as_str()),
        (idp, "", &endpoint),
        ("", &id_token, &endpoint),
        (idp, missing, &endpoint),
        (idp, &empty, &endpoint),
        (idp, &forged, &endpoint),
        ("another", &id_token, &endpoint),
        (idp, &id_token, NOWHERE),
        (idp, &id_token, "nowhere"),
        (idp, &id_token, "http://iam.example"),
    ] {
        let settings = trial.settings(&[(IDP_ID, idp), (ID_TOKEN_FILE, file), (IAM, iam)]);
        let text = reason(&trial, Oidc::new(&settings)).await;
        // Of the service's own ids there is no telling.
        reasons.push(text.split(" (request id").next().unwrap().to_owned());
    }
    assert_snapshot!("openid-connect", reasons.join("\n"));

    for (answer, says) in [
        ("{}", "the answer lacks one of access"),
        (
            r#"{"credential":"MARKED-SECRET"}"#,
            "the answer is not the JSON of a key",
        ),
        (MARKER, "the answer is not what was expected"),
    ] {
        let recorder = Recorder::start(201, &[("x-subject-token", "MII")], answer).await;
        let settings = trial.settings(&[
            (IDP_ID, idp),
            (ID_TOKEN_FILE, &id_token),
            (IAM, recorder.endpoint()),
        ]);
        let text = reason(&trial, Oidc::new(&settings)).await;
        assert!(text.contains(says), "{text}");
    }
    let recorder = Recorder::start(201, &[], "{}").await;
    let settings = trial.settings(&[
        (IDP_ID, idp),
        (ID_TOKEN_FILE, &id_token),
        (IAM, recorder.endpoint()),
    ]);
    assert_eq!(
        reason(&trial, Oidc::new(&settings)).await,
        "failed: IAM's answer has no token in X-Subject-Token"
    );
}

#[tokio::test]
async fn a_profile_says_why_it_has_none() {
    let trial = Trial::start().await;
    let mut reasons = Vec::new();
    for text in [
        format!("[basic\nsk = {MARKER}"),
        format!("[basic]\nak = a\nsk = {MARKER}\n= {MARKER}"),
        format!("[basic]\nak = a\n{MARKER}"),
        format!("sk = {MARKER}\n[other]\nsk = {MARKER}"),
        format!("[basic]\nproject_id = p\n[global]\nak = a\nsk = {MARKER}"),
        "[basic]\nak = a\nsk =\n".to_owned(),
        format!("[global]\nsk = {MARKER}"),
        format!("[basic]\nidp_id = idp\nak = a\nsk = {MARKER}"),
        "[basic]\nidp_id = idp\nid_token_file = /nowhere/token\n".to_owned(),
    ] {
        trial.file(".huaweicloud/credentials", &text);
        reasons.push(reason(&trial, Profile::new(&trial.settings(&[]))).await);
    }
    let named = trial.home.path().join("named");
    let settings = trial.settings(&[(FILE, named.to_str().unwrap())]);
    reasons.push(reason(&trial, Profile::new(&settings)).await);
    let homeless = trial.settings(&[]).surroundings(surroundings(&[]));
    reasons.push(reason(&trial, Profile::new(&homeless)).await);
    let directory = trial.settings(&[(FILE, trial.home.path().to_str().unwrap())]);
    let unreadable = reason(&trial, Profile::new(&directory)).await;
    assert!(unreadable.contains("cannot read HOME"), "{unreadable}");
    assert_snapshot!("profile", reasons.join("\n"));
}

/// Returns the request of a call with this dialect.
async fn sent(trial: &Trial, recorder: &Recorder, provider: Huaweicloud) -> String {
    let context = Context::builder(recorder.endpoint(), Arc::new(provider))
        .clock(trial.clock.clone())
        .build()
        .unwrap();
    let call = swr::Client::new(context);
    let call = call
        .list_image_auto_sync_repos_details()
        .namespace("a")
        .repository("b");
    call.send().await.unwrap();
    recorder.requests().await.pop().unwrap()
}

#[tokio::test]
async fn a_profile_speaks_for_a_project_or_the_account() {
    let trial = Trial::start().await;
    let recorder = Recorder::json("[]").await;
    // The secret contains characters that begin comments.
    let secret = "a#b;c=d:e%f";
    let key = || AccessKey::new("AK", secret);
    for (text, same) in [
        (
            format!("# by hand\n[basic]\nAK: AK\nsk = {secret}\nproject_id = p\ndomain_id = d\n"),
            key().project_id("p"),
        ),
        (
            format!("\u{feff}[basic]\r\nak=AK\r\nsk={secret}\r\nsecurity_token=st\r\n"),
            key().security_token("st"),
        ),
        (
            format!("[global]\nak = AK\nsk = {secret}\nproject_id = p\ndomain_id = d\n"),
            key().domain_id("d"),
        ),
        (
            format!("[global]\nak = other\nsk = other\n[basic]\nak = AK\nsk = {secret}\n"),
            key(),
        ),
    ] {
        let file = trial.file("profile", &text);
        let source = Profile::new(&trial.settings(&[(FILE, &file)]));
        let lease = source.load(noon()).await.unwrap();
        assert_eq!(lease.expires, None);
        let provider = Huaweicloud::new(lease.credentials);
        let expected = sent(&trial, &recorder, Huaweicloud::new(same)).await;
        assert_eq!(sent(&trial, &recorder, provider).await, expected, "{text}");
    }
}

#[tokio::test]
async fn a_profile_may_name_an_identity_provider() {
    let trial = Trial::start().await;
    let profile = format!(
        "[basic]\nidp_id = {}\nid_token_file = {}\niam_endpoint = {}\nproject_id = {}\n",
        world::huaweicloud::IAM_IDP_ID,
        trial.id_token(),
        trial.sandbox.endpoint(),
        world::huaweicloud::PROJECT_ID,
    );
    trial.file(".huaweicloud/credentials", &profile);
    let chain = Credentials::default_chain(&trial.settings(&[(IAM, NOWHERE)]));
    let lease = chain.get(noon()).await.unwrap();
    assert_eq!(lease.expires, Some(noon() + hours(6)));
    assert_eq!(
        lease.credentials.project_id(),
        Some(world::huaweicloud::PROJECT_ID)
    );
    let provider = Huaweicloud::with_chain(Arc::new(chain));
    assert_eq!(trial.call(&provider).await.unwrap(), 1);
}

#[tokio::test]
async fn variables_say_what_temporary_keys_speak_for() {
    let trial = Trial::start().await;
    let (id_token, endpoint) = (trial.id_token(), trial.sandbox.endpoint());
    let settings = trial.settings(&[
        (IDP_ID, world::huaweicloud::IAM_IDP_ID),
        (ID_TOKEN_FILE, &id_token),
        (IAM, &endpoint),
        ("HUAWEICLOUD_SDK_PROJECT_ID", "p"),
    ]);
    let sources: [Box<dyn Source<Credentials>>; 2] = [
        Box::new(Oidc::new(&settings)),
        Box::new(Metadata::new(&settings)),
    ];
    for source in sources {
        let lease = source.load(noon()).await.unwrap();
        assert_eq!(lease.credentials.project_id(), Some("p"), "{source:?}");
    }
}

#[tokio::test]
async fn the_metadata_service_says_why_it_has_none() {
    let trial = Trial::start().await;
    let over = r#"{"credential":{"access":"A","secret":"MARKED-SECRET","securitytoken":"T","expires_at":"2026-11-22T12:00:00.000000Z"}}"#;
    let no_agency = r#"{"message":"Please configure Cloud Service Agency first"}"#;
    let mut reasons = Vec::new();
    for (status, body, requests) in [
        (404, "", 2),
        (404, no_agency, 2),
        (500, MARKER, 1),
        (401, MARKER, 1),
        (200, MARKER, 2),
        (200, r#"{"credential":{"secret":["MARKED-SECRET"]}}"#, 2),
        (200, r#"{"credential":{"secret":"MARKED-SECRET"}}"#, 2),
        (200, over, 2),
    ] {
        let recorder = Recorder::start(status, &[], body).await;
        let settings = trial.settings(&[]).metadata_endpoint(recorder.endpoint());
        let text = reason(&trial, Metadata::new(&settings)).await;
        assert_eq!(recorder.requests().await.len(), requests, "{text}");
        reasons.push(text.replace(recorder.endpoint(), "METADATA"));
    }
    let nobody = trial.settings(&[]).metadata_endpoint(NOWHERE);
    reasons.push(reason(&trial, Metadata::new(&nobody)).await);
    assert_snapshot!("metadata", reasons.join("\n"));
}

#[tokio::test]
async fn a_metadata_service_without_tokens_is_asked_without() {
    let trial = Trial::start().await;
    let recorder = Recorder::start(404, &[], "").await;
    let settings = trial.settings(&[]).metadata_endpoint(recorder.endpoint());
    Metadata::new(&settings).load(noon()).await.unwrap_err();
    let requests = recorder.requests().await;
    let [put, get] = requests.as_slice() else {
        panic!("{requests:#?}");
    };
    assert!(put.starts_with("PUT /meta-data/latest/api/token "), "{put}");
    assert!(put.contains("x-metadata-token-ttl-seconds: 21600\n"));
    assert!(get.starts_with("GET /openstack/latest/securitykey "));
    assert!(!get.contains("x-metadata-token"), "{get}");
}

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

/// Signs a call, sends it, and lets the dialect read the answer.
async fn attempt(
    trial: &Trial,
    provider: &Huaweicloud,
) -> (
    openapi_transport::UsedCredentials,
    u16,
    openapi_transport::Reading,
) {
    let operation = swr::OPERATIONS
        .iter()
        .find(|operation| operation.name == "ListImageAutoSyncReposDetails")
        .unwrap();
    let url = format!(
        "{}/v2/manage/namespaces/test/repos/grpc-helloworld/sync_repo",
        trial.sandbox.endpoint()
    );
    let mut request = reqwest::Request::new(reqwest::Method::GET, url.parse().unwrap());
    let stamp = Stamp {
        date: trial.clock.now(),
        nonce: String::new(),
    };
    let used = provider
        .sign(&mut request, operation, &stamp)
        .await
        .unwrap();
    let context = trial.context(provider.clone());
    let response = context.http().execute(request).await.unwrap();
    let answer = Answer {
        status: response.status(),
        headers: response.headers().clone(),
        body: response.bytes().await.unwrap(),
    };
    (used, answer.status.as_u16(), provider.read(&answer))
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

#[tokio::test]
async fn a_refusal_about_the_date_says_so() {
    let trial = Trial::start().await;
    let provider = Huaweicloud::new(clients::sandbox_key(&trial.sandbox));
    let behind = quick_clock(noon() - hours(1));
    let late = Trial {
        clock: behind,
        ..trial
    };
    let (_, status, reading) = attempt(&late, &provider).await;
    assert_eq!((status, reading.skewed), (401, true), "{reading:?}");
    late.clock.advance(hours(1));
    let wrong = Huaweicloud::new(AccessKey::new(world::huaweicloud::ACCESS_KEY, "wrong"));
    let (_, status, reading) = attempt(&late, &wrong).await;
    assert_eq!((status, reading.skewed), (401, false), "{reading:?}");
    let (_, status, reading) = attempt(&late, &provider).await;
    assert_eq!((status, reading.skewed), (200, false), "{reading:?}");
}

#[tokio::test]
async fn without_credentials_only_open_calls_leave() {
    let trial = Trial::start().await;
    let error = trial.call(&Huaweicloud::anonymous()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Credentials);
    assert_eq!(
        error.to_string(),
        "ListImageAutoSyncReposDetails: missing credentials: the client is anonymous; build it \
         with credentials"
    );
    assert!(trial.sandbox.received().is_empty());
}

#[tokio::test]
async fn a_provider_speaks_for_the_project_that_it_is_told() {
    let trial = Trial::start().await;
    let recorder = Recorder::json("[]").await;
    for (key, told) in [
        (AccessKey::new("AK", "SK"), "p"),
        (AccessKey::new("AK", "SK").project_id("another"), "p"),
        (AccessKey::new("AK", "SK").domain_id("d"), "p"),
    ] {
        let same = Huaweicloud::new(AccessKey::new("AK", "SK").project_id(told));
        let expected = sent(&trial, &recorder, same).await;
        let provider = Huaweicloud::new(key).project_id(told);
        assert_eq!(sent(&trial, &recorder, provider).await, expected);
        assert!(expected.contains("x-project-id: p\n"), "{expected}");
    }
}

#[tokio::test]
async fn a_project_is_looked_up_once() {
    let trial = Trial::start().await;
    let key = Credentials::from(clients::sandbox_key(&trial.sandbox));
    let client = iam::Client::new(trial.context(Huaweicloud::new(key.clone())));
    let projects = Projects::new();
    let region = world::huaweicloud::REGION;
    let ids = (0..4).map(|_| projects.id(&client, &key, region));
    for id in try_join_all(ids).await.unwrap() {
        assert_eq!(id, world::huaweicloud::PROJECT_ID);
    }
    let asked = || trial.asked("/v3/projects");
    assert_eq!(asked(), 1);
    let elsewhere = projects.id(&client, &key, "cn-east-3").await.unwrap();
    assert_ne!(elsewhere, world::huaweicloud::PROJECT_ID);
    assert_eq!(asked(), 2);
    let other = AccessKey::new("another", "key").into();
    projects.id(&client, &other, region).await.unwrap();
    assert_eq!(asked(), 3, "another key may have another account");
    let token = Credentials::Token("MII".into());
    for asked_before in [3, 4] {
        assert_eq!(asked(), asked_before);
        projects.id(&client, &token, region).await.unwrap();
    }

    for asked_before in [5, 6] {
        assert_eq!(asked(), asked_before, "what was not found is not kept");
        let error = projects.id(&client, &key, "mars").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert_eq!(
            error.to_string(),
            "no project named mars is visible to these credentials; check the region or pass the \
             project's id"
        );
    }
    let several = Recorder::json(r#"{"projects":[{"id":"a"},{"id":"b"},{"id":"c"}]}"#).await;
    let client = clients::iam(several.endpoint());
    let error = projects.id(&client, &key, "cn-north-1").await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the account has 3 projects named cn-north-1, a and b and c; pass the id of one"
    );
}

#[tokio::test]
async fn no_secret_shows_in_debug_error_or_log() {
    let log = Lines::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(log.clone())
        .with_ansi(false)
        .finish();
    let _second = crate::traces::second_dispatcher();
    let _logging = tracing::subscriber::set_default(subscriber);
    let trial = Trial::start().await;
    let hidden = |what: &str, text: String| {
        assert!(!text.contains(MARKER), "{what} shows a secret: {text}");
    };
    let (id_token, endpoint) = (trial.file("id-token", MARKER), trial.sandbox.endpoint());
    let profile = format!("[basic]\nak = A\nsk = {MARKER}\nsecurity_token = {MARKER}\n");
    let profile = trial.file("profile", &profile);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let readable = std::fs::Permissions::from_mode(0o644);
        std::fs::set_permissions(PathBuf::from(&profile), readable).unwrap();
    }
    let settings = trial.settings(&[
        (IDP_ID, "idp"),
        (ID_TOKEN_FILE, &id_token),
        (IAM, &endpoint),
        (AK, "A"),
        (SK, MARKER),
        ("HUAWEICLOUD_SDK_SECURITY_TOKEN", MARKER),
        (FILE, &profile),
    ]);
    hidden("settings", format!("{settings:?}"));
    let sources: Vec<Arc<dyn Source<Credentials>>> = vec![
        Arc::new(Oidc::new(&settings)),
        Arc::new(Environment::new(surroundings(&[(AK, "A"), (SK, MARKER)]))),
        Arc::new(Profile::new(&settings)),
        Arc::new(trial.iam_user(MARKER)),
    ];
    for source in sources {
        let name = source.name();
        hidden(name, format!("{source:?} {:?}", source.load(noon()).await));
        let chain = Arc::new(Chain::new(vec![source]));
        hidden(name, format!("{chain:?} {:?}", chain.get(noon()).await));
        let provider = Huaweicloud::with_chain(chain);
        let error = trial.call(&provider).await.unwrap_err();
        hidden(name, format!("{provider:?} {error:?} {error}"));
    }
    let log = log.text();
    #[cfg(unix)]
    assert!(log.contains("others can read a file"), "{log}");
    hidden("log", log);
}

#[tokio::test]
async fn a_lookup_that_is_not_polled_any_more_holds_up_no_other() {
    let iam = Hostile::start(|_| Reply::json(r#"{"projects":[{"id":"a"}]}"#)).await;
    let client = clients::iam(iam.endpoint());
    let key = AccessKey::new("a", "key").into();
    let projects = Projects::new();
    let mut first = Box::pin(projects.id(&client, &key, "cn-north-1"));
    tokio::select! {
        biased;
        () = iam.received(1) => {}
        _ = &mut first => panic!("the answer has not come yet"),
    }
    let second = projects.id(&client, &key, "cn-north-1");
    let second = tokio::time::timeout(Duration::from_secs(5), second).await;
    assert_eq!(second.unwrap().unwrap(), "a");
    assert_eq!(first.await.unwrap(), "a");
    assert_eq!(iam.count(), 1);
}

/// Checks that the chain continues after sources that flood or are not text.
#[tokio::test]
async fn what_never_ends_lets_the_next_try() {
    let trial = Trial::start().await;
    let id_token = trial.id_token();
    let long = trial.file("long", &"x".repeat((1 << 20) + 1));
    let many = trial.file("many", &"[basic]\nak=a\n".repeat(70_000));
    let endless = Hostile::start(|_| Reply::Endless(vec![b' '; 4096])).await;
    let value = "x".repeat(100_000);
    let folder = trial.home.path().to_str().unwrap();
    for (variables, index, says) in [
        (vec![(FILE, folder)], 2, "it is a directory"),
        (
            vec![(IDP_ID, "idp"), (ID_TOKEN_FILE, folder)],
            0,
            "it is a directory",
        ),
        (vec![(FILE, &long)], 2, "it is longer than 1 MiB"),
        (
            vec![(FILE, &many)],
            2,
            "ak is set, but sk is not: set both or neither",
        ),
        (
            vec![(AK, "a"), (SK, &value)],
            1,
            "HUAWEICLOUD_SDK_SK is 100000 bytes long",
        ),
        (
            vec![
                (IDP_ID, "idp"),
                (ID_TOKEN_FILE, &id_token),
                (IAM, endless.endpoint()),
            ],
            0,
            "the answer is longer than 1048576 bytes",
        ),
    ] {
        let chain = Credentials::default_chain(&trial.settings(&variables));
        let asked = chain.ask(noon()).await;
        let why = asked[index].outcome.as_ref().unwrap_err().to_string();
        assert!(why.contains(says), "{why}");
        assert_eq!(asked.last().unwrap().source, "instance metadata");
        assert!(asked.last().unwrap().outcome.is_ok(), "{asked:?}");
    }
}

#[tokio::test]
async fn a_metadata_service_that_never_ends_says_so() {
    let trial = Trial::start().await;
    for (reply, says) in [
        (
            Reply::Endless(vec![b' '; 4096]),
            "failed: http://HOST/meta-data/latest/api/token: the answer is too long",
        ),
        (
            Reply::Hang,
            "failed: http://HOST/meta-data/latest/api/token: no answer in time",
        ),
    ] {
        let server = Hostile::start(move |_| reply.clone()).await;
        let settings = trial.settings(&[]).metadata_endpoint(server.endpoint());
        let text = reason(&trial, Metadata::new(&settings)).await;
        assert_eq!(text.replace(server.host(), "HOST"), says);
    }
}

/// Checks that the chain continues after pipes without a writer, and after a device.
#[cfg(unix)]
#[tokio::test(start_paused = true)]
async fn a_file_that_never_ends_lets_the_next_try() {
    let trial = Trial::start().await;
    let pipe = trial.home.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    for (file, says) in [
        (pipe.to_str().unwrap(), "no end of file within 5 s"),
        ("/dev/zero", "it is a device"),
    ] {
        let variables = [(IDP_ID, "idp"), (ID_TOKEN_FILE, file), (AK, "a"), (SK, "s")];
        let chain = Credentials::default_chain(&trial.settings(&variables));
        let asked = chain.ask(noon()).await;
        let why = asked[0].outcome.as_ref().unwrap_err().to_string();
        assert!(why.contains(says), "{why}");
        assert_eq!(asked[1].source, "environment");
        assert!(asked[1].outcome.is_ok(), "{asked:?}");
        let settings = trial.settings(&[(FILE, file)]);
        let text = reason(&trial, Profile::new(&settings)).await;
        assert!(text.ends_with(says), "{text}");
    }
}
