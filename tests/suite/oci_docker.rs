//! Docker's configuration and its credential helpers, as a source of logins.

#![cfg(unix)]

use registry_replication::oci::Login;
use registry_replication::{Source, Surroundings, Unavailable};
use registry_tests::{FixedClock, Recorder, noon};

use crate::oci::{BASIC, HEAD, asked, builder, host, look, there, wants};

use registry_replication::oci::DockerConfig;
use std::os::unix::fs::PermissionsExt;
use tempfile::TempDir;

const HOST: &str = "registry.example:8443";

/// A folder that is home, and the only one on the path but for the shell's.
fn config(text: &str, helper: Option<&str>) -> (TempDir, DockerConfig) {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join(".docker");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("config.json"), text).unwrap();
    if let Some(script) = helper {
        let file = home.path().join("docker-credential-fake");
        std::fs::write(&file, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&file, PermissionsExt::from_mode(0o700)).unwrap();
    }
    let root = home.path().display().to_string();
    let around = Surroundings::new(move |name| match name {
        "HOME" => Some(root.clone()),
        "PATH" => Some(format!("{root}:/usr/bin:/bin")),
        _ => None,
    });
    (home, DockerConfig::new(HOST, around))
}

/// What comes of it, in a line; the folder is left out.
async fn login((home, config): &(TempDir, DockerConfig)) -> String {
    let text = match config.load(noon()).await {
        Ok(lease) => match lease.credentials {
            Login::Password { user, password } => format!("{user} {}", password.expose()),
            Login::IdentityToken(token) => format!("token {}", token.expose()),
            other => format!("{other:?}"),
        },
        Err(Unavailable::NotSet(why)) => format!("not set: {why}"),
        Err(why) => format!("failed: {why}"),
    };
    text.replace(&home.path().display().to_string(), "HOME")
}

#[tokio::test]
async fn a_file_that_has_logins() {
    // robot:hush
    let auth = r#""auth":"cm9ib3Q6aHVzaA==""#;
    for (config_text, expected) in [
        (
            format!(r#"{{"auths":{{"{HOST}":{{{auth}}}}}}}"#),
            "robot hush",
        ),
        (
            format!(r#"{{"auths":{{"https://{HOST}/v1/":{{{auth}}}}}}}"#),
            "robot hush",
        ),
        (
            format!(r#"{{"auths":{{"{HOST}":{{"username":"robot","password":"hush"}}}}}}"#),
            "robot hush",
        ),
        (
            format!(r#"{{"auths":{{"{HOST}":{{"identitytoken":"hush",{auth}}}}}}}"#),
            "token hush",
        ),
        (
            format!(r#"{{"auths":{{"other.example":{{{auth}}}}}}}"#),
            "not set: HOME/.docker/config.json has no login for registry.example:8443; \
             `docker login registry.example:8443` makes one",
        ),
        (
            "{}".to_owned(),
            "not set: HOME/.docker/config.json has no login for registry.example:8443; \
             `docker login registry.example:8443` makes one",
        ),
        (
            format!(r#"{{"auths":{{"{HOST}":{{"auth":"hush!"}}}}}}"#),
            "failed: HOME/.docker/config.json: auth cannot be decoded",
        ),
        (
            format!(r#"{{"auths":{{"{HOST}":{{"username":"robot","password":"x",{auth}}}}}}}"#),
            "failed: HOME/.docker/config.json: auth is not what username and password say",
        ),
        (
            r#"{"auths":"hush"}"#.to_owned(),
            "failed: HOME/.docker/config.json: the file is not what docker writes",
        ),
        (
            "hush".to_owned(),
            "failed: HOME/.docker/config.json: the file is no JSON",
        ),
    ] {
        assert_eq!(
            login(&config(&config_text, None)).await,
            expected,
            "{config_text}"
        );
    }
}

#[tokio::test]
async fn helpers_come_before_and_after_the_file() {
    let helper = r#"read host; [ "$1" = get ] && echo "{\"ServerURL\":\"$host\",\"Username\":\"$host\",\"Secret\":\"hush\"}""#;
    let auths = format!(r#""auths":{{"{HOST}":{{"auth":"cm9ib3Q6aHVzaA=="}}}}"#);
    let own = format!(r#""credHelpers":{{"{HOST}":"fake","other.example":"none"}}"#);
    for (text, expected) in [
        (format!("{{{own}}}"), "registry.example:8443 hush"),
        (format!("{{{own},{auths}}}"), "registry.example:8443 hush"),
        (
            r#"{"credsStore":"fake"}"#.to_owned(),
            "registry.example:8443 hush",
        ),
        (
            format!(r#"{{"credsStore":"fake","auths":{{"{HOST}":{{}}}}}}"#),
            "registry.example:8443 hush",
        ),
        (format!(r#"{{"credsStore":"fake",{auths}}}"#), "robot hush"),
    ] {
        assert_eq!(
            login(&config(&text, Some(helper))).await,
            expected,
            "{text}"
        );
    }
}

#[tokio::test]
async fn a_helper_that_does_not_help_says_so_but_not_what_it_printed() {
    let missing = "failed: docker-credential-fake: is not on PATH";
    let rubbish = "failed: docker-credential-fake: what it prints is no login";
    for (script, expected) in [
        (None, missing),
        (Some("echo hush"), rubbish),
        (Some(r#"echo '{"Username":"hush"}'"#), rubbish),
        (Some("exit 0"), rubbish),
        (
            Some("echo hush; echo hush >&2; exit 1"),
            "failed: docker-credential-fake: failed; run `docker-credential-fake get` to see why",
        ),
        (
            // More than any login: it is stopped.
            Some("while echo hush; do :; done"),
            "failed: docker-credential-fake: failed; run `docker-credential-fake get` to see why",
        ),
        (
            Some("echo credentials not found in native keychain; exit 1"),
            "not set: docker-credential-fake has no login for registry.example:8443",
        ),
        (
            Some(r#"echo '{"Username":"<token>","Secret":"idt"}'"#),
            "token idt",
        ),
    ] {
        let config = config(r#"{"credsStore":"fake"}"#, script);
        assert_eq!(login(&config).await, expected, "{script:?}");
    }
    let elsewhere = config(r#"{"credsStore":"../fake"}"#, None);
    assert_eq!(
        login(&elsewhere).await,
        "failed: docker-credential-../fake: is not on PATH"
    );
}

#[tokio::test(start_paused = true)]
async fn a_helper_that_does_not_end_is_not_waited_for() {
    let config = config(r#"{"credsStore":"fake"}"#, Some("exec sleep 1000"));
    assert_eq!(
        login(&config).await,
        "failed: docker-credential-fake: not done after 30 s"
    );
}

#[tokio::test]
async fn without_a_file_nothing_is_set_up() {
    let (home, config) = config("{}", None);
    std::fs::remove_dir_all(home.path().join(".docker")).unwrap();
    assert_eq!(
        login(&(home, config)).await,
        "not set: there is no file HOME/.docker/config.json"
    );
    let nowhere = DockerConfig::new(HOST, Surroundings::new(|_| None));
    let why = nowhere.load(noon()).await.unwrap_err();
    assert_eq!(
        why,
        Unavailable::not_set("neither DOCKER_CONFIG nor HOME is set")
    );
}

#[tokio::test]
async fn it_is_asked_when_the_registry_wants_a_login() {
    let recorder = Recorder::script(vec![wants("Basic realm=\"x\""), there()]).await;
    let text = format!(
        r#"{{"auths":{{"{}":{{"auth":"cm9ib3Q6TUFSS0VELVNFQ1JFVA=="}}}}}}"#,
        host(&recorder)
    );
    let (home, _) = config(&text, None);
    let folder = home.path().join(".docker").display().to_string();
    let around = Surroundings::new(move |name| (name == "DOCKER_CONFIG").then(|| folder.clone()));
    let registry = builder(&recorder, &FixedClock::at(noon()))
        .login_from(DockerConfig::new(host(&recorder), around));
    look(&registry.build().unwrap()).await.unwrap().unwrap();
    assert_eq!(asked(&recorder).await, [HEAD, BASIC]);
}
