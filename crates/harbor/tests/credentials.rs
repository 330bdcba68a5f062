//! Tests of the default chain, with variables and files of a folder of their own.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::path::Path;

use harbor::{ChainSettings, Credentials, endpoints};
use openapi_transport::{Error, Surroundings, Timestamp};
use tempfile::TempDir;

/// Key and password as harbor-cli stores them, for the password `Harbor12345`.
const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const PASSWORD: &str = "ZGVmZ2hpamtsbW5vAHqsBBabZ6wNVmqO5O21u8nvm2kFzTni7+Jg";

const ENDPOINT: &str = "https://registry.example";

/// Path of the file with the key, below the home directory.
const KEY_FILE: &str = ".harbor/keyring/harbor-cli_harbor-cli-encryption-key";

fn write(home: &Path, file: &str, text: &str) {
    let path = home.join(file);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

/// Makes a home directory with a configuration of harbor-cli.
fn home() -> TempDir {
    let home = tempfile::tempdir().unwrap();
    let text = format!(
        "current-credential-name: admin@registry-example\n\
         credentials:\n\
         - name: admin@registry-example\n  username: admin\n  password: {PASSWORD}\n  \
         serveraddress: {ENDPOINT}\n"
    );
    write(home.path(), ".config/harbor-cli/config.yaml", &text);
    home
}

fn around(home: &Path, variables: &[(&str, &str)]) -> Surroundings {
    let mut variables: Vec<_> = variables
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    variables.push(("HOME".to_owned(), home.to_str().unwrap().to_owned()));
    Surroundings::new(move |name| {
        let found = variables.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.clone())
    })
}

async fn found(endpoint: &str, around: Surroundings) -> Result<Credentials, Error> {
    let settings = ChainSettings::new(endpoint).surroundings(around);
    let chain = Credentials::default_chain(&settings);
    let lease = chain.get(Timestamp::UNIX_EPOCH).await?;
    Ok(lease.credentials.clone())
}

#[tokio::test]
async fn the_login_of_harbor_cli_is_used_for_its_own_server() {
    let home = home();
    let with_key = [("HARBOR_ENCRYPTION_KEY", KEY)];
    let credentials = found(ENDPOINT, around(home.path(), &with_key)).await;
    assert_eq!(credentials.unwrap().user(), Some("admin"));

    write(home.path(), KEY_FILE, &format!("{KEY}\n"));
    let credentials = found(ENDPOINT, around(home.path(), &[])).await;
    assert_eq!(credentials.unwrap().user(), Some("admin"), "key file");

    let error = found("https://other.example", around(home.path(), &[])).await;
    let error = error.unwrap_err().to_string();
    let expected = "config.yaml: it has no credential for https://other.example";
    assert!(error.ends_with(expected), "{error}");
}

#[tokio::test]
async fn variables_come_first() {
    let home = home();
    write(home.path(), KEY_FILE, KEY);
    let login = [
        ("HARBOR_USERNAME", "robot$copy"),
        ("HARBOR_PASSWORD", "hush"),
    ];
    let credentials = found(ENDPOINT, around(home.path(), &login)).await;
    assert_eq!(credentials.unwrap().user(), Some("robot$copy"));

    let other = [login[0], login[1], ("HARBOR_URL", "https://other.example")];
    let credentials = found(ENDPOINT, around(home.path(), &other)).await;
    assert_eq!(
        credentials.unwrap().user(),
        Some("admin"),
        "of another server"
    );
}

#[tokio::test]
async fn what_is_missing_is_named() {
    let empty = tempfile::tempdir().unwrap();
    let file = empty.path().join(".config/harbor-cli/config.yaml");
    let error = found(ENDPOINT, around(empty.path(), &[]))
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "no credentials found; sources in order: environment: set HARBOR_USERNAME and \
             HARBOR_PASSWORD, or HARBOR_ID_TOKEN; harbor-cli: file {} not found",
            file.display()
        )
    );
    let home = home();
    for (variables, says) in [
        (&[] as &[_], "set HARBOR_ENCRYPTION_KEY to the key"),
        (
            &[("HARBOR_ENCRYPTION_KEY", "hush")],
            "HARBOR_ENCRYPTION_KEY: invalid key",
        ),
        (
            &[("HARBOR_CLI_CONFIG", "/none/config.yaml")],
            "HARBOR_CLI_CONFIG: file /none/config.yaml not found",
        ),
    ] {
        let error = found(ENDPOINT, around(home.path(), variables)).await;
        let error = error.unwrap_err().to_string();
        assert!(error.contains(says) && !error.contains("hush"), "{error}");
    }
}

#[tokio::test]
async fn the_url_is_that_of_the_variable_or_of_harbor_cli() {
    let home = home();
    let set = [("HARBOR_URL", "https://other.example/api/v2.0/")];
    let url = endpoints::find(&around(home.path(), &set)).await;
    assert_eq!(url.unwrap(), "https://other.example");
    let url = endpoints::find(&around(home.path(), &[])).await;
    assert_eq!(url.unwrap(), ENDPOINT);
    let empty = tempfile::tempdir().unwrap();
    let error = endpoints::find(&around(empty.path(), &[])).await;
    let error = error.unwrap_err().to_string();
    assert!(
        error.starts_with("set HARBOR_URL; harbor-cli: file "),
        "{error}"
    );
}
