//! Tests against a real registry, which `tests/oci-registry.sh` starts, fills and changes.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use registry_replication::oci::{Client, ContentKind, Login, Match, compare};

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

/// The registry is read in whole: repositories, tags, and the images behind them.
#[tokio::test]
async fn all_images_can_be_read_and_compared() {
    let registry = Client::builder(given("OCI_HOST")).login(password());
    let registry = registry.build().unwrap();
    // Pages of one name, so that the registry continues them by links.
    let repositories = registry.repositories().page_size(1).all().await.unwrap();
    assert_eq!(repositories, ["team/api"]);
    let mut tags = registry.tags("team/api").page_size(1).all().await.unwrap();
    tags.sort();
    let expected = given("OCI_EXPECTED");
    let lines = expected.lines().map(|line| line.split_whitespace());
    let mut known: Vec<_> = lines
        .map(Iterator::collect::<Vec<_>>)
        .filter(|words| !words[1].contains(':') && words[2] != "-")
        .map(|words| words[1].to_owned())
        .collect();
    known.sort();
    assert_eq!(tags, known);
    let mut digests = Vec::new();
    for tag in &tags {
        let content = registry.content("team/api", tag).await.unwrap().unwrap();
        let digest = content.digest.clone();
        let config = match content.kind {
            ContentKind::Image(image) => image.config.digest,
            ContentKind::Index(index) => {
                let image = &index.manifests[0].digest;
                let image = registry.content("team/api", image).await.unwrap().unwrap();
                match image.kind {
                    ContentKind::Image(image) => image.config.digest,
                    other => panic!("{other:?}"),
                }
            }
            other => panic!("{other:?}"),
        };
        let config = registry.config("team/api", &config).await.unwrap().unwrap();
        assert_eq!(config.platform.unwrap().to_string(), "linux/amd64");
        assert_eq!(config.diff_ids.len(), 1);
        let referrers = registry.referrers("team/api", &digest).await.unwrap();
        assert_eq!(referrers, []);
        digests.push(digest);
    }
    // Every tag that is left in one round is the same image, alone or in an index.
    for from in &digests {
        for to in &digests {
            let (from, to) = (from.as_str(), to.as_str());
            for mode in [Match::Platforms, Match::Config] {
                let (from, to) = ((&registry, "team/api", from), (&registry, "team/api", to));
                let comparison = compare(from, to, mode, &[]).await.unwrap();
                assert!(comparison.is_same(), "{comparison}");
            }
        }
    }
    let missing = registry.tags("team/none").all().await.unwrap_err();
    assert_eq!(missing.kind(), registry_replication::ErrorKind::NotFound);
}
