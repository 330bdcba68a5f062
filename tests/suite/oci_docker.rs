//! Tests of logins from the configuration of docker and podman and its credential helpers.

#![cfg(unix)]

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use registry_replication::oci::{Client, DockerConfig, Login};
use registry_replication::{ErrorKind, Source, SourceError, Surroundings};
use registry_tests::hostile::{Hostile, Reply};
use registry_tests::{Recorder, noon, quick_clock};
use tempfile::TempDir;

use crate::oci::{BASIC, HEAD, asked, builder, host, look, there, wants};

const HOST: &str = "registry.example:8443";
const DOCKER: &str = ".docker/config.json";
/// Login `robot:hush` in Base64.
const AUTH: &str = r#""auth":"cm9ib3Q6aHVzaA==""#;
/// Helper that returns a login whose user is the requested server.
const ECHO: &str = r#"read host; [ "$1" = get ] && echo "{\"ServerURL\":\"$host\",\"Username\":\"$host\",\"Secret\":\"hush\"}""#;

/// Home directory, which is also the first folder of `PATH`, and variables. `HOME` in their values means
/// the directory.
struct Home {
    folder: TempDir,
    variables: Vec<(&'static str, String)>,
}

impl Home {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().display().to_string();
        let path = format!("{root}:/usr/bin:/bin");
        Self {
            folder,
            variables: vec![("HOME", root), ("PATH", path)],
        }
    }

    /// Makes a home with this text as docker's configuration.
    fn config(text: &str) -> Self {
        Self::new().file(DOCKER, text)
    }

    fn file(self, name: &str, text: &str) -> Self {
        let file = self.folder.path().join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, text).unwrap();
        self
    }

    fn helper(self, script: &str) -> Self {
        let file = self.folder.path().join("docker-credential-fake");
        std::fs::write(&file, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&file, PermissionsExt::from_mode(0o700)).unwrap();
        self
    }

    fn set(mut self, name: &'static str, value: &str) -> Self {
        let root = self.folder.path().display().to_string();
        self.variables.push((name, value.replace("HOME", &root)));
        self
    }

    fn around(&self) -> Surroundings {
        let variables = self.variables.clone();
        Surroundings::new(move |name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| value.clone())
        })
    }

    /// Returns the login for a registry as one line, without the folder.
    async fn login_for(&self, config: DockerConfig) -> String {
        let text = match config.load(noon()).await {
            Ok(lease) => match lease.credentials {
                Login::Password { user, password } => format!("{user} {}", password.expose()),
                Login::IdentityToken(token) => format!("token {}", token.expose()),
                other => format!("{other:?}"),
            },
            Err(SourceError::NotSet(why)) => format!("not set: {why}"),
            Err(why) => format!("failed: {why}"),
        };
        text.replace(&self.folder.path().display().to_string(), "HOME")
    }

    async fn login(&self) -> String {
        self.login_for(DockerConfig::new(HOST, self.around())).await
    }
}

/// Returns the text for the case that only docker's own file exists, and has no login for this reason.
fn none(state: &str, why: &str) -> String {
    let what = match state {
        "failed" => {
            format!("no usable login for {HOST}; correct what cannot be read, or run")
        }
        _ => format!("no login for {HOST}; run"),
    };
    format!(
        "{state}: {what} `docker login {HOST}` or `podman login {HOST}`; \
         searched DOCKER_AUTH_CONFIG (not set), REGISTRY_AUTH_FILE (not set), \
         HOME/.docker/config.json ({why}), XDG_RUNTIME_DIR (not set), \
         HOME/.config/containers/auth.json (no such file)"
    )
}

#[tokio::test]
async fn a_file_that_has_logins() {
    let entry = |entry: &str| format!(r#"{{"auths":{{"{HOST}":{{{entry}}}}}}}"#);
    let robot = || "robot hush".to_owned();
    let empty = || none("not set", "no entry");
    let unusable = |why: &str| none("failed", &format!("\"registry.example:8443\": {why}"));
    let long = format!("{{\"auths\":{{}}}}{}", " ".repeat(1 << 20));
    for (text, expected) in [
        (entry(AUTH), robot()),
        (
            format!(r#"{{"auths":{{"https://{HOST}/v1/":{{{AUTH}}}}}}}"#),
            robot(),
        ),
        (format!(r#"{{"auths":{{"{HOST}/":{{{AUTH}}}}}}}"#), robot()),
        (entry(r#""username":"robot","password":"hush""#), robot()),
        (
            entry(r#""auth":"","username":"robot","password":"hush""#),
            robot(),
        ),
        // As in docker, auth wins.
        (
            entry(&format!(r#""username":"x","password":"y",{AUTH}"#)),
            robot(),
        ),
        // Without padding, and with the blanks of a wrapped line.
        (entry(r#""auth":" cm9ib3Q6aHVzaA\n""#), robot()),
        (
            entry(&format!(r#""identitytoken":"hush",{AUTH}"#)),
            "token hush".to_owned(),
        ),
        (entry(&format!(r#""identitytoken":"",{AUTH}"#)), robot()),
        (entry(&format!(r#""identitytoken":null,{AUTH}"#)), robot()),
        (
            format!(r#"{{"auths":{{"a.example":null,"{HOST}":{{{AUTH}}},"b.example":7}}}}"#),
            robot(),
        ),
        (
            format!(r#"{{"auths":{{"other.example":{{{AUTH}}}}}}}"#),
            empty(),
        ),
        (entry(""), empty()),
        (format!(r#"{{"auths":{{"{HOST}":null}}}}"#), empty()),
        (r#"{"auths":null}"#.to_owned(), empty()),
        ("{}".to_owned(), empty()),
        (String::new(), empty()),
        ("\n".to_owned(), empty()),
        (
            entry(r#""auth":"hush!""#),
            unusable("auth cannot be decoded"),
        ),
        // robot, without a password.
        (
            entry(r#""auth":"cm9ib3Q=""#),
            unusable("auth cannot be decoded"),
        ),
        (
            entry(r#""username":"hush""#),
            unusable("has a username without a password"),
        ),
        (
            entry(r#""registrytoken":"hush""#),
            unusable("registrytoken is not supported"),
        ),
        (
            format!(r#"{{"auths":{{"{HOST}":"hush"}}}}"#),
            unusable("is not an object"),
        ),
        (
            r#"{"auths":"hush"}"#.to_owned(),
            none("failed", "auths is not an object"),
        ),
        ("hush".to_owned(), none("failed", "is not JSON")),
        ("[".repeat(100_000), none("failed", "is not JSON")),
        (
            long,
            none(
                "failed",
                "cannot read HOME/.docker/config.json: it is longer than 1 MiB",
            ),
        ),
    ] {
        let shown: String = text.chars().take(200).collect();
        assert_eq!(Home::config(&text).login().await, expected, "{shown}");
    }
}

#[tokio::test]
async fn a_helper_wins_over_an_entry() {
    let auths = format!(r#""auths":{{"{HOST}":{{{AUTH}}}}}"#);
    let own = format!(r#""credHelpers":{{"{HOST}":"fake","other.example":"none"}}"#);
    let asked = "registry.example:8443 hush";
    for (text, expected) in [
        (format!("{{{own}}}"), asked),
        (format!("{{{own},{auths}}}"), asked),
        (r#"{"credsStore":"fake"}"#.to_owned(), asked),
        (
            format!(r#"{{"credsStore":"fake","auths":{{"{HOST}":{{}}}}}}"#),
            asked,
        ),
        (format!(r#"{{"credsStore":"fake",{auths}}}"#), asked),
        (format!(r#"{{"credsStore":"none",{own}}}"#), asked),
        (
            format!(r#"{{"credHelpers":{{"https://{HOST}/v1/":"fake"}}}}"#),
            asked,
        ),
        // What does not help leaves the entry.
        (format!(r#"{{"credsStore":"none",{auths}}}"#), "robot hush"),
        (format!(r#"{{"credsStore":"",{auths}}}"#), "robot hush"),
        (format!(r#"{{"credsStore":null,{auths}}}"#), "robot hush"),
    ] {
        let home = Home::config(&text).helper(ECHO);
        assert_eq!(home.login().await, expected, "{text}");
    }
    for script in [
        "exit 1",
        "echo credentials not found in native keychain; exit 1",
    ] {
        let home = Home::config(&format!(r#"{{"credsStore":"fake",{auths}}}"#));
        assert_eq!(home.helper(script).login().await, "robot hush", "{script}");
    }
}

#[tokio::test]
async fn docker_hub_is_one_registry() {
    let store = Home::config(r#"{"credsStore":"fake"}"#).helper(ECHO);
    let file = format!(r#"{{"auths":{{"https://index.docker.io/v1/":{{{AUTH}}}}}}}"#);
    let file = Home::config(&file);
    for host in ["docker.io", "index.docker.io", "registry-1.docker.io"] {
        let config = |home: &Home| DockerConfig::new(host, home.around());
        let asked = store.login_for(config(&store)).await;
        assert_eq!(asked, "https://index.docker.io/v1/ hush");
        assert_eq!(file.login_for(config(&file)).await, "robot hush");
        let registry = Client::builder(host).build().unwrap();
        assert_eq!(registry.endpoint(), "https://registry-1.docker.io");
    }
}

#[tokio::test]
async fn the_places_are_searched_in_order() {
    let login =
        |user: &str| format!(r#"{{"auths":{{"{HOST}":{{"username":"{user}","password":"p"}}}}}}"#);
    let home = Home::new()
        .set("DOCKER_AUTH_CONFIG", &login("variable"))
        .set("REGISTRY_AUTH_FILE", "HOME/named.json")
        .set("DOCKER_CONFIG", "HOME/docker")
        .set("XDG_RUNTIME_DIR", "HOME/run")
        .set("XDG_CONFIG_HOME", "HOME/xdg");
    let files = [
        ("named.json", "named"),
        ("docker/config.json", "docker"),
        ("run/containers/auth.json", "run"),
        ("xdg/containers/auth.json", "xdg"),
    ];
    let mut home = files
        .iter()
        .fold(home, |home, (file, user)| home.file(file, &login(user)));
    assert_eq!(home.login().await, "variable p");
    home.variables
        .retain(|(name, _)| *name != "DOCKER_AUTH_CONFIG");
    // After a place without a usable login, the search continues with the next.
    for (text, (file, user)) in ["", "hush", "{}", "null"].into_iter().zip(files) {
        assert_eq!(home.login().await, format!("{user} p"));
        home = home.file(file, text);
    }
    assert!(
        home.login().await.ends_with(
            "searched DOCKER_AUTH_CONFIG (not set), HOME/named.json (no entry), \
             HOME/docker/config.json (is not JSON), HOME/run/containers/auth.json (no entry), \
             HOME/xdg/containers/auth.json (no entry)"
        ),
        "{}",
        home.login().await
    );
    let home = home.set("DOCKER_AUTH_CONFIG", &" ".repeat((1 << 20) + 1));
    let said = home.login().await;
    assert!(
        said.contains("DOCKER_AUTH_CONFIG (longer than 1 MiB)"),
        "{said}"
    );

    let defaults = Home::new()
        .file(DOCKER, &login("docker"))
        .file(".config/containers/auth.json", &login("podman"));
    assert_eq!(defaults.login().await, "docker p");
    assert_eq!(defaults.file(DOCKER, "").login().await, "podman p");

    let nowhere = DockerConfig::new(HOST, Surroundings::new(|_| None));
    let why = nowhere.load(noon()).await.unwrap_err();
    assert!(matches!(why, SourceError::NotSet(_)), "{why}");
}

#[tokio::test]
async fn a_helper_that_does_not_help_says_so_but_not_what_it_printed() {
    let failed = |why: &str| none("failed", &format!("docker-credential-fake: {why}"));
    let nothing = || {
        none(
            "not set",
            "docker-credential-fake has no login for registry.example:8443",
        )
    };
    let rubbish = || failed("what it prints is no login");
    let broken = || failed("failed; run `docker-credential-fake get` to see why");
    for (script, expected) in [
        (None, failed("is not on PATH")),
        (Some("echo hush"), rubbish()),
        (Some(r#"echo '{"Username":"hush"}'"#), rubbish()),
        (Some("exit 0"), rubbish()),
        (Some("echo hush; echo hush >&2; exit 1"), broken()),
        (Some("exec yes hush"), failed("it prints more than 1 MiB")),
        (Some("head -c 3000000 /dev/zero >&2; exit 1"), broken()),
        (
            Some("echo credentials not found in native keychain; exit 1"),
            nothing(),
        ),
        (Some(r#"echo '{"Username":"","Secret":""}'"#), nothing()),
        (
            Some(r#"echo '{"Username":"<token>","Secret":"idt"}'"#),
            "token idt".to_owned(),
        ),
    ] {
        let home = Home::config(r#"{"credsStore":"fake"}"#);
        let home = match script {
            Some(script) => home.helper(script),
            None => home,
        };
        assert_eq!(home.login().await, expected, "{script:?}");
    }
    let elsewhere = Home::config(r#"{"credsStore":"../fake"}"#);
    let expected = none("failed", "docker-credential-../fake: is not on PATH");
    assert_eq!(elsewhere.login().await, expected);
}

#[tokio::test(start_paused = true)]
async fn what_never_ends_is_not_waited_for() {
    let store = r#"{"credsStore":"fake"}"#;
    let home = Home::config(store).helper("exec sleep 1000");
    let late = none("failed", "docker-credential-fake: not done after 30 s");
    assert_eq!(home.login().await, late);

    // All helpers together have 45 seconds.
    let home = home
        .set("DOCKER_AUTH_CONFIG", store)
        .set("REGISTRY_AUTH_FILE", "HOME/named.json")
        .file("named.json", store);
    let said = home.login().await;
    assert!(
        said.contains(
            "DOCKER_AUTH_CONFIG (docker-credential-fake: not done after 30 s), \
             HOME/named.json (docker-credential-fake: not done after 15 s), \
             HOME/.docker/config.json (docker-credential-fake: not asked: the helpers before it \
             took too long)"
        ),
        "{said}"
    );

    let home = Home::new();
    let folder = home.folder.path().join(".docker");
    std::fs::create_dir(&folder).unwrap();
    let pipe = folder.join("config.json");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    let late = "cannot read HOME/.docker/config.json: no end of file within 5 s";
    assert_eq!(home.login().await, none("failed", late));
}

#[tokio::test]
async fn it_is_asked_when_the_registry_wants_a_login() {
    let recorder = Recorder::script(vec![wants("Basic realm=\"x\""), there()]).await;
    let text = format!(
        r#"{{"auths":{{"{}":{{"auth":"cm9ib3Q6TUFSS0VELVNFQ1JFVA=="}}}}}}"#,
        host(&recorder)
    );
    let home = Home::config(&text);
    let registry = builder(&recorder, &quick_clock(noon()))
        .login_from(DockerConfig::new(host(&recorder), home.around()));
    look(&registry.build().unwrap()).await.unwrap().unwrap();
    assert_eq!(asked(&recorder).await, [HEAD, BASIC]);
}

/// Makes a client of this host with the configuration of this home.
fn registry(host: &str, home: &Home) -> Client {
    let config = DockerConfig::new(host, home.around());
    let builder = Client::builder(host).docker_config_from(config);
    builder
        .configure(|context| {
            context
                .clock(quick_clock(noon()))
                .attempt_deadline(Duration::from_secs(5))
        })
        .build()
        .unwrap()
}

#[tokio::test]
async fn each_namespace_has_its_own_login() {
    let server = Hostile::start(|request| match request.header("authorization") {
        None => Reply::answer(401, &[("www-authenticate", "Basic realm=\"x\"")], ""),
        Some(_) => Reply::answer(200, &[("docker-content-digest", DIGEST)], ""),
    })
    .await;
    let login = |user: &str| format!(r#"{{"username":"{user}","password":"p"}}"#);
    let host = server.host();
    let text = format!(
        r#"{{"auths":{{"{host}":{},"{host}/team":{},"{host}/team/api":{}}}}}"#,
        login("u1"),
        login("u2"),
        login("u3")
    );
    let home = Home::new().file(".config/containers/auth.json", &text);
    let registry = registry(host, &home);
    for (repository, shown) in [
        ("team/web", "Basic dTI6cA=="),
        ("team/api", "Basic dTM6cA=="),
        ("other/api", "Basic dTE6cA=="),
        ("team/web", "Basic dTI6cA=="),
    ] {
        registry.manifest(repository, "v1").await.unwrap().unwrap();
        let last = server.requests().pop().unwrap();
        assert_eq!(last.header("authorization"), Some(shown), "{repository}");
    }
}

const DIGEST: &str = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";

#[tokio::test]
async fn an_unusable_login_is_no_login() {
    let public =
        Hostile::start(|_| Reply::answer(200, &[("docker-content-digest", DIGEST)], "")).await;
    let home = Home::config(r#"{"credsStore":"nope"}"#);
    let found = registry(public.host(), &home)
        .manifest("team/api", "v1")
        .await;
    assert_eq!(found.unwrap().unwrap().digest, DIGEST);
    assert_eq!(public.requests()[0].header("authorization"), None);

    // If the registry refuses that, the error has the reason.
    let wants = |request: &registry_tests::hostile::Request| match request.header("authorization") {
        None => Reply::answer(401, &[("www-authenticate", "Basic realm=\"x\"")], ""),
        Some(_) => Reply::answer(200, &[("docker-content-digest", DIGEST)], ""),
    };
    let private = Hostile::start(wants).await;
    let registry_of_private = registry(private.host(), &home);
    let error = registry_of_private.manifest("team/api", "v1").await;
    let error = error.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Credentials);
    let said = error.to_string();
    let image = format!("{}/team/api:v1: ", private.host());
    for part in [
        image.as_str(),
        "the registry requires a login for team/api, and no login was found: no usable \
         login for",
        "docker-credential-nope: is not on PATH",
        "REGISTRY_AUTH_FILE (not set)",
        "containers/auth.json (no such file)",
    ] {
        assert!(said.contains(part), "{said}");
    }
    // The client finds a login that was added meanwhile.
    let text = format!(
        r#"{{"auths":{{"{}/team":{{"username":"u","password":"p"}}}}}}"#,
        private.host()
    );
    std::fs::write(Path::new(home.folder.path()).join(DOCKER), text).unwrap();
    let found = registry_of_private.manifest("team/api", "v1").await;
    assert_eq!(found.unwrap().unwrap().digest, DIGEST);

    let denying = Hostile::start(|_| {
        let body = r#"{"errors":[{"code":"DENIED","message":"not for you"}]}"#;
        Reply::answer(403, &[], body)
    })
    .await;
    let home = Home::config("hush");
    let error = registry(denying.host(), &home)
        .manifest("team/api", "v1")
        .await;
    let said = error.unwrap_err().to_string();
    assert!(
        said.contains("HTTP 403, DENIED: not for you; no usable login for"),
        "{said}"
    );
    assert!(said.contains("config.json (is not JSON)"), "{said}");
    assert!(!said.contains("hush"), "{said}");
}
