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

const USER: &str = "acs:ram::1000000000000001:user/sandbox";
const NOBODY: &str = "http://127.0.0.1:9";
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
            .metadata_endpoint(NOBODY)
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

#[tokio::test]
async fn each_mode_of_a_cli_profile_opens_the_sandbox() {
    let trial = Trial::start().await;
    let role = |name: &str| session(world::alibabacloud::ROLE, name);
    let token = Place::new().file("token", world::alibabacloud::OIDC_TOKEN);
    let token_file = token.path("token").display().to_string();
    let cases = [
        (with_key(json!({ "mode": "AK" })), USER.to_owned()),
        (
            trial.temporary_key().await,
            session("sandbox-uri-role", "sandbox-instance"),
        ),
        (
            with_key(json!({
                "mode": "RamRoleArn",
                "ram_role_arn": world::alibabacloud::ROLE_ARN,
                "ram_session_name": "release",
                "expired_seconds": 1800,
                "policy": r#"{"Version":"1","Statement":[]}"#,
                "external_id": "agreed",
            })),
            role("release"),
        ),
        (
            json!({ "mode": "EcsRamRole" }),
            session(world::alibabacloud::ECS_ROLE, "sandbox-instance"),
        ),
        (
            json!({ "mode": "EcsRamRole", "ram_role_name": world::alibabacloud::ECS_ROLE }),
            session(world::alibabacloud::ECS_ROLE, "sandbox-instance"),
        ),
        (
            json!({
                "mode": "OIDC",
                "ram_role_arn": world::alibabacloud::ROLE_ARN,
                "oidc_provider_arn": world::alibabacloud::OIDC_PROVIDER_ARN,
                "oidc_token_file": token_file,
                "role_session_name": "python",
            }),
            role("python"),
        ),
        (
            json!({ "mode": "CredentialsURI", "credentials_uri": trial.uri() }),
            session("sandbox-uri-role", "sandbox-instance"),
        ),
    ];
    for (mut profile, who) in cases {
        profile["name"] = json!("default");
        let place = Place::new().cli(json!([{ "name": "unused", "mode": "AK" }, profile]));
        check(&trial, &place, "CLI profile", &who).await;
    }
    for (name, value) in [
        ("DurationSeconds", "1800"),
        ("Policy", r#"{"Version":"1","Statement":[]}"#),
        ("ExternalId", "agreed"),
        ("RoleArn", world::alibabacloud::ROLE_ARN),
    ] {
        let sent = trial.parameter("AssumeRole", name);
        assert_eq!(sent.as_deref(), Some(value), "{name}");
    }
}

/// Returns profiles: a key may assume the role `outer`, and `outer` may assume the role `inner`.
fn chained() -> Value {
    json!([
        {
            "name": "default",
            "mode": "ChainableRamRoleArn",
            "source_profile": "outer",
            "ram_role_arn": world::alibabacloud::INNER_ROLE_ARN,
            "ram_session_name": "second",
        },
        {
            "name": "outer",
            "mode": "ChainableRamRoleArn",
            "source_profile": "key",
            "ram_role_arn": world::alibabacloud::ROLE_ARN,
            "ram_session_name": "first",
        },
        with_key(json!({ "name": "key", "mode": "AK" })),
    ])
}

#[tokio::test]
async fn roles_are_assumed_one_after_another() {
    let trial = Trial::start().await;
    let place = Place::new().cli(chained());
    let inner = session("sandbox-inner-role", "second");
    check(&trial, &place, "CLI profile", &inner).await;
    // Without the role in between, the inner one does not trust the caller.
    let mut profiles = chained();
    profiles[0]["source_profile"] = json!("key");
    let place = Place::new().cli(profiles);
    assert_snapshot!(
        why(&trial.settings(&place), "CLI profile").await.replace(home(&place).as_str(), "HOME"),
        @r#"HOME/.aliyun/config.json: profile "default": AssumeRole: refused by the service, HTTP 403, NoPermission: You are not authorized to do this action. You should be authorized by RAM."#
    );
}

fn home(place: &Place) -> String {
    place.home.path().display().to_string()
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
async fn variables_pick_the_cli_profile() {
    let trial = Trial::start().await;
    let other = with_key(json!({ "name": "other", "mode": "AK" }));
    let place = Place::new()
        .cli(json!([{ "name": "default", "mode": "Anonymous" }, other]))
        .set("ALIBABA_CLOUD_PROFILE", "other");
    check(&trial, &place, "CLI profile", USER).await;
    let place = place.set("ALIBABA_CLOUD_CLI_PROFILE_DISABLED", "TRUE");
    let asked = trial.chain(&place).ask(noon()).await;
    let skipped = asked[2].outcome.as_ref().unwrap_err();
    let says = "ALIBABA_CLOUD_CLI_PROFILE_DISABLED is true";
    assert_eq!(*skipped, SourceError::not_set(says));

    let elsewhere = json!({
        "current": "default",
        "profiles": [with_key(json!({ "name": "default", "mode": "AK" }))],
    });
    let place = Place::new().named(
        "ALIBABA_CLOUD_CONFIG_FILE",
        "my.json",
        &elsewhere.to_string(),
    );
    check(&trial, &place, "CLI profile", USER).await;
}

#[tokio::test]
async fn each_type_of_a_profile_file_opens_the_sandbox() {
    let trial = Trial::start().await;
    let key = format!(
        "access_key_id = {}\naccess_key_secret = {}",
        world::alibabacloud::ACCESS_KEY_ID,
        world::alibabacloud::ACCESS_KEY_SECRET
    );
    let arn = world::alibabacloud::ROLE_ARN;
    let source = "profile file";

    for file in [GO_INI, PYTHON_INI] {
        let place = Place::new().file(file, ini_key("default"));
        check(&trial, &place, source, USER).await;
    }
    let place = Place::new()
        .named("ALIBABA_CLOUD_CREDENTIALS_FILE", "my.ini", &ini_key("CI"))
        .set("ALIBABA_CLOUD_PROFILE", "CI");
    check(&trial, &place, source, USER).await;

    let role = format!(
        "[Default]\n[default]\nType: ram_role_arn\n{key}\nrole_arn = {arn}\nrole_session_name = ini\n\
         policy = {{\"Version\":\"1\";}}\n"
    );
    let place = Place::new().file(GO_INI, role);
    let who = session(world::alibabacloud::ROLE, "ini");
    check(&trial, &place, source, &who).await;
    let policy = trial.parameter("AssumeRole", "Policy");
    assert_eq!(policy.as_deref(), Some(r#"{"Version":"1";}"#));

    let instance = session(world::alibabacloud::ECS_ROLE, "sandbox-instance");
    for role in ["", "role_name = sandbox-instance-role\n"] {
        let place = Place::new().file(GO_INI, format!("[default]\ntype = ecs_ram_role\n{role}"));
        check(&trial, &place, source, &instance).await;
    }

    let token = Place::new().file("token", world::alibabacloud::OIDC_TOKEN);
    let oidc = format!(
        "[default]\ntype = oidc_role_arn\noidc_provider_arn = {}\noidc_token_file_path = {}\n\
         role_arn = {arn}\nrole_session_name = ini\n",
        world::alibabacloud::OIDC_PROVIDER_ARN,
        token.path("token").display(),
    );
    let place = Place::new().file(GO_INI, oidc);
    check(&trial, &place, source, &who).await;
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

#[tokio::test]
async fn when_none_answers_each_says_why() {
    let place = Place::new();
    let chain = Arc::new(Credentials::default_chain(&place.settings()));
    let error = chain.get(noon()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Credentials);
    let lines = error.to_string().replace("; ", ";\n");
    assert_snapshot!(lines.replace(&home(&place), "HOME"));

    // The error of a call has the same text, with the call's name.
    let context = Context::builder(NOBODY, Arc::new(Alibabacloud::with_chain(chain)));
    let client = sts::Client::new(context.build().unwrap());
    let error = Error::from(client.get_caller_identity().send().await.unwrap_err());
    assert_eq!(error.kind(), ErrorKind::Credentials);
    let says = error.to_string();
    assert!(
        says.starts_with("GetCallerIdentity: no credentials found; sources in order"),
        "{says}"
    );
}

/// Secret that no output may show.
const MARKER: &str = "MARKED-SECRET";

#[tokio::test]
async fn each_way_of_failing_says_why_and_the_chain_goes_on() {
    let trial = Trial::start().await;
    let cli = |profile: Value| Place::new().cli(json!([profile]));
    let ini = |text: &str| Place::new().file(GO_INI, text);
    let named = |mode: &str| json!({ "name": "default", "mode": mode });
    let key = |mode: &str| {
        json!({
            "name": "default",
            "mode": mode,
            "access_key_id": "LTAI-unknown",
            "access_key_secret": MARKER,
            "ram_role_arn": world::alibabacloud::ROLE_ARN,
        })
    };
    let with = |mut profile: Value, name: &str, value: Value| {
        profile[name] = value;
        profile
    };
    let broken_uri = format!("http://user:{MARKER}@127.0.0.1:9/keys?token={MARKER}");
    let lost_uri = format!("{}/lost?token={MARKER}", trial.sandbox.endpoint());
    let role = with_key(key("RamRoleArn"));
    let places = [
        (
            "environment",
            Place::new().set("ALIBABA_CLOUD_ACCESS_KEY_SECRET", MARKER),
        ),
        (
            "OIDC",
            Place::new().set("ALIBABA_CLOUD_ROLE_ARN", "acs:ram::1:role/r"),
        ),
        (
            "OIDC",
            oidc_of_environment(Place::new())
                .set("ALIBABA_CLOUD_OIDC_TOKEN_FILE", "/nowhere/token"),
        ),
        (
            "OIDC",
            oidc_of_environment(Place::new()).named(
                "ALIBABA_CLOUD_OIDC_TOKEN_FILE",
                "token",
                MARKER,
            ),
        ),
        (
            "OIDC",
            oidc_of_environment(Place::new()).set("ALIBABA_CLOUD_OIDC_PROVIDER_ARN", "acs:ram::1"),
        ),
        (
            "CLI profile",
            Place::new().file(CLI, format!("{{\"current\": {MARKER}")),
        ),
        ("CLI profile", Place::new().file(CLI, b"\xff")),
        ("CLI profile", Place::new().file(CLI, "{}")),
        (
            "CLI profile",
            cli(named("AK")).set("ALIBABA_CLOUD_PROFILE", "absent"),
        ),
        ("CLI profile", cli(json!({ "name": "default" }))),
        ("CLI profile", cli(named("AK"))),
        (
            "CLI profile",
            cli(with(named("AK"), "access_key_id", json!([MARKER]))),
        ),
        ("CLI profile", cli(key("StsToken"))),
        ("CLI profile", cli(key("RsaKeyPair"))),
        ("CLI profile", cli(key("RamRoleArn"))),
        (
            "CLI profile",
            cli(with(role.clone(), "ram_role_arn", json!(""))),
        ),
        (
            "CLI profile",
            cli(with(role.clone(), "expired_seconds", json!(60))),
        ),
        (
            "CLI profile",
            cli(with(role.clone(), "expired_seconds", json!(7200))),
        ),
        (
            "CLI profile",
            cli(with(role, "ram_role_arn", json!("acs:ram::1:role/none"))),
        ),
        ("CLI profile", cli(named("OIDC"))),
        ("CLI profile", cli(named("ChainableRamRoleArn"))),
        (
            "CLI profile",
            Place::new().cli(json!([
                with(named("ChainableRamRoleArn"), "source_profile", json!("b")),
                { "name": "b", "mode": "ChainableRamRoleArn", "source_profile": "default" },
            ])),
        ),
        (
            "CLI profile",
            cli(with(
                named("EcsRamRole"),
                "ram_role_name",
                json!("../other"),
            )),
        ),
        (
            "CLI profile",
            cli(with(
                named("CredentialsURI"),
                "credentials_uri",
                json!(broken_uri),
            )),
        ),
        (
            "CLI profile",
            cli(with(
                named("External"),
                "process_command",
                json!("/nowhere/it --key x"),
            )),
        ),
        (
            "CLI profile",
            cli(with(
                named("External"),
                "process_command",
                json!("it 'never ends"),
            )),
        ),
        (
            "CLI profile",
            cli(with(
                named("External"),
                "process_command",
                json!(format!("KEY={MARKER} it")),
            )),
        ),
        ("profile file", ini("[default\ntype = access_key")),
        (
            "profile file",
            ini(&format!("access_key_secret = {MARKER}")),
        ),
        ("profile file", ini("[other]\ntype = access_key")),
        ("profile file", ini("[default]\n")),
        (
            "profile file",
            ini(&format!(
                "[default]\ntype = access_key\naccess_key_secret = {MARKER}"
            )),
        ),
        ("profile file", ini("[default]\ntype = rsa_key_pair")),
        ("profile file", ini("[default]\ntype = oidc_role_arn")),
        (
            "CLI profile",
            Place::new().set("ALIBABA_CLOUD_CONFIG_FILE", "/nowhere/config.json"),
        ),
        (
            "profile file",
            Place::new().set("ALIBABA_CLOUD_CREDENTIALS_FILE", "/nowhere/credentials"),
        ),
        (
            "ECS metadata",
            Place::new().set("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "true"),
        ),
        (
            "ECS metadata",
            Place::new().set("ALIBABA_CLOUD_ECS_METADATA", "another-role"),
        ),
        (
            "credentials URI",
            Place::new().set("ALIBABA_CLOUD_CREDENTIALS_URI", MARKER),
        ),
        (
            "credentials URI",
            Place::new().set("ALIBABA_CLOUD_CREDENTIALS_URI", broken_uri.as_str()),
        ),
        (
            "credentials URI",
            Place::new().set("ALIBABA_CLOUD_CREDENTIALS_URI", lost_uri),
        ),
    ];
    let mut text = String::new();
    for (source, place) in places {
        let settings = trial.settings(&place);
        let why = why(&settings, source)
            .await
            .replace(&home(&place), "HOME")
            .replace(&trial.sandbox.endpoint(), "SANDBOX");
        text.push_str(&format!("{source}: {why}\n"));

        // Whatever is wrong with the one, the last is asked, too.
        let mut place = place;
        if source != "credentials URI" {
            place = place.set("ALIBABA_CLOUD_CREDENTIALS_URI", trial.uri());
        } else {
            place = key_of_environment(place);
        }
        let settings = trial.settings(&place).metadata_endpoint(NOBODY);
        let chain = Credentials::default_chain(&settings);
        assert!(chain.get(noon()).await.is_ok(), "{source}: {why}");
    }
    assert!(!text.contains(MARKER), "{text}");
    assert_snapshot!(text);
}

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

#[cfg(unix)]
mod external {
    use super::*;

    fn script(place: Place, text: &str) -> Place {
        let path = place.path("keys.sh");
        let place = place.file("keys.sh", format!("{text}\n"));
        let command = format!("sh '{}' --for 'the registry'", path.display());
        place.cli(json!([{ "name": "default", "mode": "External", "process_command": command }]))
    }

    fn printed(value: &Value) -> Place {
        // A quoted argument arrives whole.
        let text = format!("[ \"$2\" = 'the registry' ] || exit 1\ncat <<'END'\n{value}\nEND");
        script(Place::new(), &text)
    }

    #[tokio::test]
    async fn a_command_prints_keys() {
        let trial = Trial::start().await;
        let key = with_key(json!({ "mode": "AK" }));
        check(&trial, &printed(&key), "CLI profile", USER).await;
        let lease = trial.chain(&printed(&key)).get(noon()).await.unwrap();
        assert_eq!(lease.expires, None);

        let mut key = trial.temporary_key().await;
        let uri = session("sandbox-uri-role", "sandbox-instance");
        check(&trial, &printed(&key), "CLI profile", &uri).await;
        // Nobody says how long it is good, so the command is run again.
        let lease = trial.chain(&printed(&key)).get(noon()).await.unwrap();
        let half_an_hour = noon() + Duration::from_secs(30 * 60);
        assert_eq!(lease.expires, Some(half_an_hour));
        key["expiration"] = json!("2026-11-22T12:45:00Z");
        let lease = trial.chain(&printed(&key)).get(noon()).await.unwrap();
        assert_eq!(lease.expires, Some("2026-11-22T12:45:00Z".parse().unwrap()));
    }

    #[tokio::test]
    async fn a_command_that_fails_says_why_but_not_what_it_printed() {
        let mut text = String::new();
        for place in [
            script(
                Place::new(),
                &format!("echo {MARKER} >&2; echo {MARKER}; exit 3"),
            ),
            script(Place::new(), &format!("echo {MARKER}")),
            printed(&json!({ "mode": "AK", "access_key_secret": MARKER })),
            printed(&json!({ "mode": "StsToken", "access_key_id": "a", "access_key_secret": "b" })),
            printed(&json!({
                "access_key_id": "a", "access_key_secret": MARKER, "expiration": MARKER,
            })),
        ] {
            let why = why(&place.settings(), "CLI profile").await;
            text.push_str(&format!("{}\n", why.replace(&home(&place), "HOME")));
        }
        assert!(!text.contains(MARKER), "{text}");
        assert_snapshot!(text);
    }

    #[tokio::test]
    async fn a_command_that_prints_for_ever_lets_the_next_try() {
        let place = script(Place::new(), "exec yes hush").file(GO_INI, ini_key("default"));
        let why = why(&place.settings(), "CLI profile").await;
        assert!(
            why.ends_with("command sh: it prints more than 1 MiB"),
            "{why}"
        );
        let chain = Credentials::default_chain(&place.settings());
        assert!(chain.get(noon()).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_command_that_does_not_end_is_not_waited_for() {
        let place = script(Place::new(), "exec sleep 1000");
        let why = why(&place.settings(), "CLI profile").await;
        assert!(why.ends_with("command sh: not done after 60 s"), "{why}");
    }
}

/// Checks that the chain continues after sources that hang, flood or are not text.
#[cfg(unix)]
#[tokio::test(start_paused = true)]
async fn what_never_ends_lets_the_next_try() {
    let pipe = |place: Place, name: &str| {
        let path = place.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let made = std::process::Command::new("mkfifo").arg(&path).status();
        assert!(made.unwrap().success());
        place
    };
    let token = |place: Place, file: &str| {
        let file = place.path(file).display().to_string();
        place
            .set("ALIBABA_CLOUD_ROLE_ARN", "arn")
            .set("ALIBABA_CLOUD_OIDC_PROVIDER_ARN", "provider")
            .set("ALIBABA_CLOUD_OIDC_TOKEN_FILE", file)
    };
    let command = |line: &str| {
        let profile = json!({ "name": "default", "mode": "External", "process_command": line });
        Place::new().cli(json!([profile]))
    };
    let long = "x".repeat((1 << 20) + 1);
    let deep = format!("{{\"profiles\":{}", "[".repeat(500_000));
    for (place, source, says) in [
        (
            pipe(Place::new(), CLI),
            "CLI profile",
            "config.json: no end of file within 5 s",
        ),
        (
            token(pipe(Place::new(), "token"), "token"),
            "OIDC",
            "token: no end of file within 5 s",
        ),
        (token(Place::new(), "."), "OIDC", "it is a directory"),
        (
            Place::new().set("ALIBABA_CLOUD_CONFIG_FILE", "/dev/zero"),
            "CLI profile",
            "cannot read /dev/zero: it is a device",
        ),
        (
            Place::new().file(CLI, &long),
            "CLI profile",
            "it is longer than 1 MiB",
        ),
        (
            Place::new().file(CLI, deep),
            "CLI profile",
            "recursion limit exceeded",
        ),
        (
            command("sleep 1000"),
            "CLI profile",
            "command sleep: not done after 60 s",
        ),
        (
            Place::new()
                .set("ALIBABA_CLOUD_ACCESS_KEY_ID", "a")
                .set("ALIBABA_CLOUD_ACCESS_KEY_SECRET", &long[..100_000]),
            "environment",
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET is 100000 bytes long",
        ),
    ] {
        let place = place.file(GO_INI, ini_key("default"));
        let chain = Credentials::default_chain(&place.settings());
        assert!(chain.get(noon()).await.is_ok(), "{says}");
        let asked = chain.ask(noon()).await;
        let asked = asked.iter().find(|asked| asked.source == source).unwrap();
        let why = asked.outcome.as_ref().unwrap_err().to_string();
        assert!(why.contains(says) && !why.contains("hush"), "{why}");
        assert!(why.len() < 1100, "{} bytes", why.len());
    }
}

#[tokio::test]
async fn services_that_never_end_let_the_next_try() {
    let endless = Hostile::start(|_| Reply::Endless(vec![b' '; 4096])).await;
    let hanging = Hostile::start(|_| Reply::Hang).await;
    let dripping =
        Hostile::start(|_| Reply::Drip(vec![b' '; 100_000], Duration::from_millis(20))).await;
    let uri = |server: &Hostile| {
        let place = Place::new().set("ALIBABA_CLOUD_CREDENTIALS_URI", server.endpoint());
        place.set("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "true")
    };
    let role = Place::new().cli(json!([with_key(json!({
        "name": "default", "mode": "RamRoleArn", "ram_role_arn": "arn",
    }))]));
    let checks = [
        (
            uri(&endless).settings(),
            "credentials URI",
            "the answer is too long",
        ),
        (
            Place::new()
                .settings()
                .metadata_endpoint(endless.endpoint()),
            "ECS metadata",
            "the answer is too long",
        ),
        (
            Place::new()
                .settings()
                .metadata_endpoint(hanging.endpoint()),
            "ECS metadata",
            "no answer in time",
        ),
        (
            Place::new()
                .settings()
                .metadata_endpoint(dripping.endpoint()),
            "ECS metadata",
            "no answer in time",
        ),
        (
            role.settings().sts_endpoint(endless.endpoint()),
            "CLI profile",
            "the answer is longer than 1048576 bytes",
        ),
    ];
    join_all(checks.iter().map(|(settings, source, says)| async move {
        let why = why(settings, source).await;
        assert!(why.contains(says), "{why}");
    }))
    .await;
}

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
