//! Tests of the credential chain, with real files, fixed variables and services on loopback.

use std::path::PathBuf;
use std::sync::Arc;

use amazon_ecr::{ChainSettings, Credentials, Location};
use insta::assert_snapshot;
use openapi_transport::{Chain, ErrorKind, Surroundings};
use registry_tests::hostile::Hostile;
use registry_tests::{noon, quick_clock};
use serde_json::json;
use tempfile::TempDir;

use super::cloud::{self, END, POD_TOKEN, SSO_TOKEN};

mod profiles;
mod reasons;
mod services;

const UNREACHABLE: &str = "http://127.0.0.1:9";
const CONFIG: &str = ".aws/config";
const KEYS: &str = ".aws/credentials";

/// Secret that no output may show.
const MARKER: &str = "MARKED-SECRET";

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
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        }
        self
    }

    fn config(self, text: &str) -> Self {
        self.file(CONFIG, text)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// Writes a file, and sets a variable to its path.
    fn named(self, variable: &'static str, name: &str, text: &str) -> Self {
        let path = self.path(name).display().to_string();
        self.file(name, text).set(variable, path)
    }

    fn surroundings(&self) -> Surroundings {
        let mut variables = self.variables.clone();
        variables.push(("HOME", self.home.path().display().to_string()));
        Surroundings::new(move |name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| value.clone())
        })
    }

    /// Returns settings whose services are nowhere.
    fn settings(&self) -> ChainSettings {
        ChainSettings::default()
            .clock(quick_clock(noon()))
            .surroundings(self.surroundings())
            .metadata_endpoint(UNREACHABLE)
            .container_endpoint(UNREACHABLE)
            .sts_endpoint(UNREACHABLE)
            .sso_endpoint(UNREACHABLE)
    }

    fn at(&self, cloud: &Hostile) -> ChainSettings {
        self.settings()
            .metadata_endpoint(cloud.endpoint())
            .container_endpoint(cloud.endpoint())
            .sts_endpoint(cloud.endpoint())
            .sso_endpoint(cloud.endpoint())
    }

    fn shown(&self, text: &str) -> String {
        text.replace(self.home.path().to_str().unwrap(), "HOME")
    }
}

fn chain(settings: &ChainSettings) -> Arc<Chain<Credentials>> {
    Arc::new(Credentials::default_chain(settings))
}

/// Returns lines of a profile with an access key.
fn key_lines(id: &str) -> String {
    format!(
        "aws_access_key_id = {id}\naws_secret_access_key = {}\n",
        cloud::secret(id)
    )
}

fn key_of_environment(place: Place) -> Place {
    place
        .set("AWS_ACCESS_KEY_ID", "AKIAENV")
        .set("AWS_SECRET_ACCESS_KEY", cloud::secret("AKIAENV"))
}

fn pod_of_environment(place: Place) -> Place {
    place
        .named(
            "AWS_WEB_IDENTITY_TOKEN_FILE",
            "token",
            &format!("{POD_TOKEN}\n"),
        )
        .set("AWS_ROLE_ARN", "arn:aws:iam::012345678901:role/pod")
}

/// Caches a token of the single sign-on under the name of a session or a start URL.
fn signed_in(place: Place, name: &str, token: &str, end: &str) -> Place {
    // The vendor's program names the file by the SHA-1 of the name.
    let hash = match name {
        "work" => "e274eeff768c6396088ec6eb091f4bf4d47ab1e0",
        _ => "80c7f57c51e0449101de09ef74138a588ea0d4a6",
    };
    let cached =
        json!({ "startUrl": "https://x.example/start", "accessToken": token, "expiresAt": end });
    place.file(&format!(".aws/sso/cache/{hash}.json"), cached.to_string())
}

/// Checks which source of the chain has credentials, which key they have and when they end.
async fn check(settings: &ChainSettings, source: &str, id: &str, end: Option<&str>) {
    let asked = chain(settings).ask(noon()).await;
    let last = asked.last().unwrap();
    assert!(last.outcome.is_ok(), "{source}: {asked:#?}");
    assert_eq!(last.source, source, "{asked:#?}");
    let lease = chain(settings).get(noon()).await.unwrap();
    assert_eq!(lease.credentials.access_key_id(), id);
    assert_eq!(lease.expires, end.map(|end| end.parse().unwrap()), "{id}");
}

/// Returns why a source has no credentials, without the id of the request.
async fn why(settings: &ChainSettings, source: &str) -> String {
    let sources = settings.sources();
    let source = sources.iter().find(|one| one.name() == source).unwrap();
    let why = source.load(noon()).await.unwrap_err().to_string();
    why.replace(" (request id id-1)", "")
}

#[tokio::test]
async fn the_first_that_has_credentials_is_taken() {
    let cloud = cloud::start().await;
    let mut place = pod_of_environment(key_of_environment(Place::new()))
        .file(KEYS, format!("[default]\n{}", key_lines("AKIAFILE")))
        .set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/agent");
    let mut found = Vec::new();
    for without in [
        "AWS_ACCESS_KEY_ID",
        KEYS,
        "AWS_ROLE_ARN",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "AWS_EC2_METADATA_DISABLED",
    ] {
        let asked = chain(&place.at(&cloud)).ask(noon()).await;
        found.push(asked.last().unwrap().source);
        assert_eq!(asked.len(), found.len(), "{asked:#?}");
        match without {
            KEYS => std::fs::remove_file(place.path(KEYS)).unwrap(),
            "AWS_EC2_METADATA_DISABLED" => place = place.set(without, "true"),
            _ => place.variables.retain(|(name, _)| *name != without),
        }
    }
    let sources = place.settings().sources();
    let names: Vec<_> = sources.iter().map(|source| source.name()).collect();
    assert_eq!(found, names);
    assert!(chain(&place.at(&cloud)).get(noon()).await.is_err());
}

#[tokio::test]
async fn a_profile_that_code_chooses_comes_before_variables() {
    let cloud = cloud::start().await;
    let place = key_of_environment(Place::new())
        .set("AWS_PROFILE", "other")
        .file(KEYS, format!("[own]\n{}", key_lines("AKIAOWN")));
    check(&place.at(&cloud), "environment", "AKIAENV", None).await;
    let settings = place.at(&cloud).profile("own");
    check(&settings, "profile", "AKIAOWN", None).await;
}

#[tokio::test]
async fn variables_give_a_key_or_say_what_is_missing() {
    let temporary = key_of_environment(Place::new()).set("AWS_SESSION_TOKEN", MARKER);
    let lease = chain(&temporary.settings()).get(noon()).await.unwrap();
    assert_eq!(lease.expires, None, "the variables say nothing about it");
    for (name, says) in [
        (
            "AWS_ACCESS_KEY_ID",
            "AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY is not",
        ),
        (
            "AWS_SECRET_ACCESS_KEY",
            "AWS_SECRET_ACCESS_KEY is set, but AWS_ACCESS_KEY_ID is not",
        ),
        (
            "AWS_SESSION_TOKEN",
            "neither AWS_ACCESS_KEY_ID nor AWS_SECRET_ACCESS_KEY is set",
        ),
    ] {
        let why = why(&Place::new().set(name, MARKER).settings(), "environment").await;
        assert!(why.starts_with(says) && !why.contains(MARKER), "{why}");
    }
    let long = key_of_environment(Place::new()).set("AWS_SESSION_TOKEN", "x".repeat(100_000));
    let why = why(&long.settings(), "environment").await;
    assert_eq!(
        why,
        "AWS_SESSION_TOKEN is 100000 bytes long; at most 65536 are accepted"
    );
}

#[tokio::test]
async fn region_and_endpoints_come_from_variables_and_the_profile() {
    let place = || {
        Place::new().config(
            "[default]\nregion = eu-west-1\nuse_dualstack_endpoint = true\n\
             [profile own]\nregion = eu-west-2\nservices = local\nendpoint_url = http://127.0.0.1:2\n\
             [services local]\necr =\n  endpoint_url = http://127.0.0.1:1\n\
             [profile none]\noutput = json\n",
        )
    };
    let gov = "https://api.ecr-fips.us-gov-west-1.amazonaws.com";
    for (place, profile, region, ecr, sts) in [
        (
            place(),
            None,
            Some("eu-west-1"),
            "https://ecr.eu-west-1.api.aws",
            "https://sts.eu-west-1.api.aws",
        ),
        (
            place().set("AWS_DEFAULT_REGION", "us-east-2"),
            None,
            Some("us-east-2"),
            "https://ecr.us-east-2.api.aws",
            "https://sts.us-east-2.api.aws",
        ),
        (
            place()
                .set("AWS_REGION", "us-gov-west-1")
                .set("AWS_DEFAULT_REGION", "us-east-2")
                .set("AWS_USE_FIPS_ENDPOINT", "TRUE")
                .set("AWS_USE_DUALSTACK_ENDPOINT", "false"),
            None,
            Some("us-gov-west-1"),
            gov,
            "https://sts.us-gov-west-1.amazonaws.com",
        ),
        (
            place(),
            Some("own"),
            Some("eu-west-2"),
            "http://127.0.0.1:1",
            "http://127.0.0.1:2",
        ),
        (
            place()
                .set("AWS_PROFILE", "own")
                .set("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true"),
            None,
            Some("eu-west-2"),
            "https://api.ecr.eu-west-2.amazonaws.com",
            "https://sts.eu-west-2.amazonaws.com",
        ),
        (
            place()
                .set("AWS_PROFILE", "own")
                .set("AWS_ENDPOINT_URL", "http://127.0.0.1:3")
                .set("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:4"),
            None,
            Some("eu-west-2"),
            "http://127.0.0.1:3",
            "http://127.0.0.1:4",
        ),
        (
            place(),
            Some("none"),
            None,
            "missing region: set AWS_REGION, or region in the profile",
            "https://sts.amazonaws.com",
        ),
        (
            Place::new(),
            None,
            None,
            "missing region: set AWS_REGION, or region in the profile",
            "https://sts.amazonaws.com",
        ),
    ] {
        let location = Location::load(&place.surroundings(), profile)
            .await
            .unwrap();
        let shown = |url: Result<String, openapi_transport::Error>| {
            url.unwrap_or_else(|error| error.to_string())
        };
        assert_eq!(location.region(), region);
        assert_eq!(shown(location.ecr_endpoint()), ecr);
        assert_eq!(shown(location.sts_endpoint()), sts);
    }
    let both = place().set("AWS_ENDPOINT_URL_ECR", "http://127.0.0.1:1");
    let location = Location::load(&both.surroundings(), None).await.unwrap();
    let error = location.ecr_endpoint().unwrap_err().to_string();
    assert!(
        error.starts_with("an endpoint URL cannot be combined with FIPS"),
        "{error}"
    );
    let absent = place().set("AWS_PROFILE", "absent");
    let error = Location::load(&absent.surroundings(), None)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(
        error
            .to_string()
            .starts_with("profile \"absent\" not found"),
        "{error}"
    );
}
