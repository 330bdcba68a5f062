//! Tests of Alibaba Cloud's credential chain, with real files, fixed variables and the sandbox's
//! services.

use std::fmt::{Debug, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use alibabacloud_cr::sts::values::IdentityType;
use alibabacloud_cr::{Alibabacloud, ChainSettings, Credentials, sts};
use futures_util::future::join_all;
use insta::assert_snapshot;
use openapi_transport::testing::ManualClock;
use openapi_transport::{
    BoxFuture, Chain, Clock, Context, Dialect, Error, ErrorKind, Lease, Source, SourceError, Stamp,
    Surroundings, Timestamp, plain_request,
};
use registry_sandbox::world::alibabacloud::MetadataAccess;
use registry_sandbox::{Options, Sandbox, world};
use registry_tests::hostile::{Hostile, Reply};
use registry_tests::{noon, quick_clock};
use serde_json::{Value, json};
use tempfile::TempDir;

#[cfg(unix)]
mod external;
mod hangs;
mod profiles;
mod reasons;
mod renewal;
mod secrecy;

const USER: &str = "acs:ram::1000000000000001:user/sandbox";
const UNREACHABLE: &str = "http://127.0.0.1:9";
const CLI: &str = ".aliyun/config.json";
const GO_INI: &str = ".alibabacloud/credentials";
const PYTHON_INI: &str = ".alibabacloud/credentials.ini";

/// Sandbox and client that share a time, which the test moves.
struct Trial {
    sandbox: Sandbox,
    clock: Arc<ManualClock>,
}

impl Trial {
    async fn start() -> Self {
        Self::with(MetadataAccess::Any).await
    }

    async fn with(access: MetadataAccess) -> Self {
        let clock = quick_clock(noon());
        let read = clock.clone();
        let options = Options::default()
            .clock(Arc::new(move || read.now()))
            .with(access);
        let sandbox = Sandbox::start(options).await.unwrap();
        Self { sandbox, clock }
    }

    fn settings(&self, place: &Place) -> ChainSettings {
        place
            .settings()
            .clock(self.clock.clone())
            .sts_endpoint(self.sandbox.endpoint())
            .metadata_endpoint(self.sandbox.endpoint())
    }

    fn chain(&self, place: &Place) -> Arc<Chain<Credentials>> {
        Arc::new(Credentials::default_chain(&self.settings(place)))
    }

    fn uri(&self) -> String {
        let path = world::alibabacloud::CREDENTIALS_URI_PATH;
        format!("{}{path}", self.sandbox.endpoint())
    }

    fn client(&self, provider: Alibabacloud) -> sts::Client {
        let context = Context::builder(self.sandbox.endpoint(), Arc::new(provider));
        sts::Client::new(context.clock(self.clock.clone()).build().unwrap())
    }

    /// Returns the sandbox's name of the caller.
    async fn who(&self, chain: &Arc<Chain<Credentials>>) -> Result<String, Error> {
        let client = self.client(Alibabacloud::with_chain(chain.clone()));
        let who = client.get_caller_identity().send().await?.into_inner();
        Ok(who.arn.unwrap())
    }

    /// Returns a temporary key in the form of a profile.
    async fn temporary_key(&self) -> Value {
        let deadline = Duration::from_secs(10);
        let answer = plain_request(reqwest::Method::GET, &self.uri(), &[], deadline).await;
        let answer: Value = serde_json::from_slice(&answer.unwrap().body).unwrap();
        json!({
            "mode": "StsToken",
            "access_key_id": answer["AccessKeyId"],
            "access_key_secret": answer["AccessKeySecret"],
            "sts_token": answer["SecurityToken"],
        })
    }

    /// Returns the number of requests to a path of the sandbox.
    fn asked(&self, target: &str) -> usize {
        let received = self.sandbox.received();
        received.iter().filter(|one| one.target == target).count()
    }

    fn parameter(&self, operation: &str, name: &str) -> Option<String> {
        let received = self.sandbox.received();
        let last = received
            .iter()
            .rfind(|one| one.operation.as_deref() == Some(operation))
            .unwrap();
        last.parameters.get(name).cloned()
    }
}

/// Variables and a home directory.
struct Place {
    home: TempDir,
    variables: Vec<(&'static str, String)>,
}

impl Place {
    fn new() -> Self {
        Self {
            home: tempfile::tempdir().unwrap(),
            variables: Vec::new(),
        }
    }

    fn set(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.variables.retain(|(known, _)| *known != name);
        self.variables.push((name, value.into()));
        self
    }

    fn file(self, name: &str, text: impl AsRef<[u8]>) -> Self {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        mode(&path, 0o600);
        self
    }

    fn cli(self, profiles: Value) -> Self {
        let config = json!({ "current": "default", "profiles": profiles });
        self.file(CLI, config.to_string())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// Writes a file, and sets a variable to its path.
    fn named(self, variable: &'static str, name: &str, text: &str) -> Self {
        let path = self.path(name);
        self.file(name, text)
            .set(variable, path.display().to_string())
    }

    fn settings(&self) -> ChainSettings {
        let mut variables = self.variables.clone();
        variables.push(("HOME", self.home.path().display().to_string()));
        ChainSettings::default()
            .metadata_endpoint(UNREACHABLE)
            .surroundings(Surroundings::new(move |name| {
                let found = variables.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| value.clone())
            }))
    }
}

fn mode(path: &Path, mode: u32) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }
    #[cfg(not(unix))]
    let _ = (path, mode);
}

fn with_key(mut profile: Value) -> Value {
    profile["access_key_id"] = json!(world::alibabacloud::ACCESS_KEY_ID);
    profile["access_key_secret"] = json!(world::alibabacloud::ACCESS_KEY_SECRET);
    profile
}

fn key_of_environment(place: Place) -> Place {
    place
        .set(
            "ALIBABA_CLOUD_ACCESS_KEY_ID",
            world::alibabacloud::ACCESS_KEY_ID,
        )
        .set(
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET",
            world::alibabacloud::ACCESS_KEY_SECRET,
        )
}

fn oidc_of_environment(place: Place) -> Place {
    place
        .named(
            "ALIBABA_CLOUD_OIDC_TOKEN_FILE",
            "token",
            &format!("{}\n", world::alibabacloud::OIDC_TOKEN),
        )
        .set("ALIBABA_CLOUD_ROLE_ARN", world::alibabacloud::ROLE_ARN)
        .set(
            "ALIBABA_CLOUD_OIDC_PROVIDER_ARN",
            world::alibabacloud::OIDC_PROVIDER_ARN,
        )
}

fn session(role: &str, name: &str) -> String {
    format!("acs:ram::1000000000000001:assumed-role/{role}/{name}")
}

fn ini_key(section: &str) -> String {
    format!(
        "# keys\n[other]\ntype = access_key\n\n[{section}]\ntype = access_key  # fixed\n\
         access_key_id = {}\naccess_key_secret = {}\n",
        world::alibabacloud::ACCESS_KEY_ID,
        world::alibabacloud::ACCESS_KEY_SECRET,
    )
}

/// Checks which source of the chain has credentials, and whose they are by the sandbox.
async fn check(trial: &Trial, place: &Place, source: &str, who: &str) {
    let asked = trial.chain(place).ask(noon()).await;
    let last = asked.last().unwrap();
    assert!(last.outcome.is_ok(), "{source}: {asked:#?}");
    assert_eq!(last.source, source, "{asked:#?}");
    let found = trial.who(&trial.chain(place)).await.unwrap();
    assert_eq!(found, who, "{source}");
}

#[tokio::test]
async fn variables_open_the_sandbox() {
    let trial = Trial::start().await;
    let place = key_of_environment(Place::new());
    check(&trial, &place, "environment", USER).await;

    let place = oidc_of_environment(Place::new());
    let name = format!("registry-replication-{}", noon().as_second());
    let named = session(world::alibabacloud::ROLE, &name);
    check(&trial, &place, "OIDC", &named).await;
    let place = place.set("ALIBABA_CLOUD_ROLE_SESSION_NAME", "pod-1");
    let named = session(world::alibabacloud::ROLE, "pod-1");
    check(&trial, &place, "OIDC", &named).await;

    let instance = session(world::alibabacloud::ECS_ROLE, "sandbox-instance");
    check(&trial, &Place::new(), "ECS metadata", &instance).await;
    let asked = trial.asked("/latest/meta-data/ram/security-credentials/");
    assert_eq!(asked, 2, "the role's name, once for each chain");
    let place = Place::new().set("ALIBABA_CLOUD_ECS_METADATA", world::alibabacloud::ECS_ROLE);
    check(&trial, &place, "ECS metadata", &instance).await;
    let asked = trial.asked("/latest/meta-data/ram/security-credentials/");
    assert_eq!(asked, 2, "the role's name is known");

    let place = Place::new()
        .set("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "true")
        .set("ALIBABA_CLOUD_CREDENTIALS_URI", trial.uri());
    let uri = session("sandbox-uri-role", "sandbox-instance");
    check(&trial, &place, "credentials URI", &uri).await;

    let key = trial.temporary_key().await;
    let place = Place::new()
        .set("ALIBABA_CLOUD_ACCESS_KEY_ID", text(&key, "access_key_id"))
        .set(
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET",
            text(&key, "access_key_secret"),
        )
        .set("ALIBABA_CLOUD_SECURITY_TOKEN", text(&key, "sts_token"));
    check(&trial, &place, "environment", &uri).await;
}

fn text(key: &Value, name: &str) -> String {
    key[name].as_str().unwrap().to_owned()
}

/// Returns why a source has no credentials, without the id of the request.
async fn why(settings: &ChainSettings, source: &str) -> String {
    let source = settings
        .sources()
        .into_iter()
        .find(|one| one.name() == source)
        .unwrap();
    let why = source.load(noon()).await.unwrap_err().to_string();
    match why.split_once(" (request id ") {
        Some((before, _)) => before.to_owned(),
        None => why,
    }
}

#[tokio::test]
async fn the_first_that_has_credentials_is_taken() {
    let trial = Trial::start().await;
    let mut place = oidc_of_environment(key_of_environment(Place::new()))
        .cli(json!([with_key(
            json!({ "name": "default", "mode": "AK" })
        )]))
        .file(GO_INI, ini_key("default"))
        .set("ALIBABA_CLOUD_CREDENTIALS_URI", trial.uri());
    let mut order = Vec::new();
    for without in [
        "ALIBABA_CLOUD_ACCESS_KEY_ID",
        "ALIBABA_CLOUD_OIDC_TOKEN_FILE",
        CLI,
        GO_INI,
        "ALIBABA_CLOUD_ECS_METADATA_DISABLED",
        "ALIBABA_CLOUD_CREDENTIALS_URI",
    ] {
        let asked = trial.chain(&place).ask(noon()).await;
        order.push(asked.last().unwrap().source);
        assert_eq!(asked.len(), order.len(), "{asked:#?}");
        if without.starts_with('.') {
            std::fs::remove_file(place.path(without)).unwrap();
        } else if without.ends_with("DISABLED") {
            place = place.set(without, "true");
        } else {
            place.variables.retain(|(name, _)| *name != without);
        }
    }
    let names: Vec<_> = place
        .settings()
        .sources()
        .iter()
        .map(|s| s.name())
        .collect();
    assert_eq!(order, names);
    assert!(trial.chain(&place).get(noon()).await.is_err());
}

/// Secret that no output may show.
const MARKER: &str = "MARKED-SECRET";

#[tokio::test]
async fn the_metadata_service_is_asked_as_the_switches_say() {
    use MetadataAccess::{Any, PlainOnly, TokenOnly};
    let credentials = format!(
        "/latest/meta-data/ram/security-credentials/{}",
        world::alibabacloud::ECS_ROLE
    );
    for (access, v1_disabled, expected) in [
        (Any, false, Ok(())),
        (Any, true, Ok(())),
        (TokenOnly, false, Ok(())),
        (TokenOnly, true, Ok(())),
        (PlainOnly, false, Ok(())),
        (
            PlainOnly,
            true,
            Err(
                "SANDBOX/latest/api/token: HTTP 404; ALIBABA_CLOUD_IMDSV1_DISABLED forbids requests \
                 without a token",
            ),
        ),
    ] {
        let trial = Trial::with(access).await;
        let switch = if v1_disabled { "true" } else { "false" };
        let place = Place::new()
            .set("ALIBABA_CLOUD_IMDSV1_DISABLED", switch)
            .set("ALIBABA_CLOUD_ECS_METADATA", world::alibabacloud::ECS_ROLE);
        let outcome = trial.chain(&place).ask(noon()).await;
        let outcome = outcome[4].outcome.clone();
        let shown = outcome.map(drop).map_err(|why| {
            let why = why.to_string();
            why.replace(&trial.sandbox.endpoint(), "SANDBOX")
        });
        let expected = expected.map_err(str::to_owned);
        assert_eq!(shown, expected, "{access:?}, v1 disabled: {v1_disabled}");
        assert_eq!(trial.asked("/latest/api/token"), 1);
        let found = usize::from(expected.is_ok());
        assert_eq!(trial.asked(&credentials), found, "{access:?}");
    }
}

#[test]
fn the_pages_examples_decode() {
    let role: sts::types::AssumeRoleWithOidcAnswer = serde_json::from_value(json!({
        "RequestId": "3D57EAD2-8723-1F26-B69C-F8707D8B565D",
        "OIDCTokenInfo": {
            "Subject": "KryrkIdjylZb7agUgCEf****",
            "Issuer": "https://dev-xxxxxx.okta.com",
            "ClientIds": "496271242565057****",
        },
        "AssumedRoleUser": {
            "AssumedRoleId": "33157794895460****",
            "Arn": "acs:ram::113511544585****:role/testoidc/TestOidcAssumedRoleSession",
        },
        "Credentials": {
            "SecurityToken": "CAIShwJ1q6Ft5B2yfSjIr5bSEsj4g7BihPWGWHz****",
            "Expiration": "2021-10-20T04:27:09Z",
            "AccessKeySecret": "CVwjCkNzTMupZ8NbTCxCBRq3K16jtcWFTJAyBEv2****",
            "AccessKeyId": "STS.NUgYrLnoC37mZZCNnAbez****",
        },
    }))
    .unwrap();
    let key = role.credentials.unwrap();
    assert_eq!(
        key.access_key_id.as_deref(),
        Some("STS.NUgYrLnoC37mZZCNnAbez****")
    );
    assert_eq!(
        key.expiration,
        Some("2021-10-20T04:27:09Z".parse().unwrap())
    );
    let secret = key.access_key_secret.unwrap();
    assert!(secret.expose().ends_with("BEv2****"));
    let subject = role.oidc_token_info.unwrap().subject;
    assert_eq!(subject.as_deref(), Some("KryrkIdjylZb7agUgCEf****"));

    let who: sts::types::CallerIdentity = serde_json::from_value(json!({
        "IdentityType": "RAMUser",
        "AccountId": "196813200012****",
        "Arn": "acs:ram::196813200012****:user/admin",
    }))
    .unwrap();
    assert_eq!(who.identity_type, Some(IdentityType::RAMUser));
    assert_eq!(who.role_id, None);
}

fn home(place: &Place) -> String {
    place.home.path().display().to_string()
}
