//! Tests against a real registry, which `tests/oci-registry.sh` starts, fills and changes.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use registry_replication::oci::{Client, Login};

fn given(name: &str) -> String {
    let value = std::env::var(name).ok().filter(|value| !value.is_empty());
    value.unwrap_or_else(|| panic!("{name} is not set: run tests/oci-registry.sh"))
}

fn password() -> Login {
    Login::password(given("OCI_USER"), given("OCI_PASSWORD"))
}

/// Checks each line of `OCI_EXPECTED`: repository, tag or digest, and the expected digest, or `-`.
async fn looks(registry: &Client) {
    let expected = given("OCI_EXPECTED");
    for line in expected.lines() {
        let [repository, reference, digest] = line.split_whitespace().collect::<Vec<_>>()[..]
        else {
            panic!("{line:?} has not three words");
        };
        // What was learnt of the registry before changes nothing.
        for look in 1..=2 {
            let found = registry.manifest(repository, reference).await.unwrap();
            let found = found.map(|manifest| manifest.digest);
            let found = found.as_deref().unwrap_or("-");
            assert_eq!(found, digest, "{line}, look {look}");
        }
    }
}

#[tokio::test]
async fn it_shows_what_is_there() {
    let registry = Client::builder(given("OCI_HOST")).login(password());
    looks(&registry.build().unwrap()).await;
}

/// The login that another program wrote into `DOCKER_CONFIG` works.
#[tokio::test]
async fn the_login_of_dockers_configuration_is_let_in() {
    given("DOCKER_CONFIG");
    let registry = Client::builder(given("OCI_HOST")).docker_config();
    looks(&registry.build().unwrap()).await;
}

#[tokio::test]
async fn nobody_and_a_wrong_password_are_not_let_in() {
    let wrong = Login::password(given("OCI_USER"), format!("{}x", given("OCI_PASSWORD")));
    let host = given("OCI_HOST");
    let refused = |login: Login| {
        let registry = Client::builder(host.as_str()).login(login).build();
        async move {
            registry
                .unwrap()
                .manifest("team/api", "v42")
                .await
                .unwrap_err()
        }
    };
    assert_eq!(refused(wrong).await.status(), Some(401));
    let error = refused(Login::Anonymous).await;
    assert!(error.to_string().contains("no login was found"), "{error}");
}
