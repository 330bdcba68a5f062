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

mod hangs;
mod projects;
mod reasons;
mod renewal;

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
