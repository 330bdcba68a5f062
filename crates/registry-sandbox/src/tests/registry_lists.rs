//! Tests of the lists, blobs and referrers at registries' own ports.

use serde_json::{Value, json};

use super::Trial;
use super::registry::{Door, basic};
use super::subjects::subjects;
use crate::digest::sha256_hex;
use crate::world::distribution::{MIRRORS, SOURCE, registry};
use crate::world::{Place, Source};

/// Reads a list to its end by its links. Returns the sizes of its pages, and all names.
async fn read(door: &Door, target: &str, field: &str) -> (Vec<usize>, Vec<String>) {
    let (mut sizes, mut names) = (Vec::new(), Vec::new());
    let mut target = target.to_owned();
    loop {
        let answer = door.ask("GET", &target).await;
        assert_eq!(answer.status, 200, "{target}");
        let page = answer.body[field].as_array().unwrap().iter();
        let page: Vec<_> = page.map(|name| name.as_str().unwrap().to_owned()).collect();
        sizes.push(page.len());
        names.extend(page);
        let Some(link) = answer.header("link") else {
            return (sizes, names);
        };
        let (next, rel) = link[1..].split_once('>').unwrap();
        assert_eq!(rel, "; rel=\"next\"");
        target = next.to_owned();
    }
}

#[tokio::test]
async fn tags_are_listed_in_pages() {
    let trial = Trial::start().await;
    let door = Door::opened(&trial, &registry(MIRRORS[0])).await;
    let tags = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
    let all = tags(&["v41", "v42", "v43"]);
    for (query, sizes, names) in [
        ("", vec![3], all.clone()),
        ("?n=2", vec![2, 1], all.clone()),
        ("?n=3", vec![3], all.clone()),
        ("?n=1", vec![1, 1, 1], all.clone()),
        ("?n=0", vec![0], vec![]),
        ("?n=99999", vec![3], all.clone()),
        ("?last=v41", vec![2], tags(&["v42", "v43"])),
        ("?n=1&last=v42", vec![1], tags(&["v43"])),
    ] {
        let target = format!("/v2/team/api/tags/list{query}");
        assert_eq!(
            read(&door, &target, "tags").await,
            (sizes, names),
            "{query}"
        );
    }
    let answer = door.ask("GET", "/v2/team/api/tags/list").await;
    assert_eq!(answer.body["name"], "team/api");
    for (target, status, code) in [
        (
            "/v2/team/api/tags/list?n=x",
            400,
            "PAGINATION_NUMBER_INVALID",
        ),
        ("/v2/team/none/tags/list", 404, "NAME_UNKNOWN"),
    ] {
        let answer = door.ask("GET", target).await;
        let found = answer.body["errors"][0]["code"].as_str().unwrap();
        assert_eq!((answer.status, found), (status, code), "{target}");
    }
}

#[tokio::test]
async fn every_registry_lists_what_it_has() {
    for of in subjects() {
        let trial = Trial::start().await;
        let source = of.source();
        trial.pushed(source, "one");
        let door = Door::opened(&trial, &source.into()).await;
        let (_, tags) = read(&door, "/v2/team/api/tags/list?n=100", "tags").await;
        assert!(tags.contains(&"r1".to_owned()), "{of:?}");
        assert!(tags.is_sorted());
        let authorization = catalog(&door).await;
        let answer = door.ask_as(Some(&authorization), "GET", "/v2/_catalog?last=team/");
        let answer = answer.await;
        let names = answer.body["repositories"].as_array().unwrap();
        assert!(names.contains(&json!("team/api")), "{of:?}");
        let destination = of.destination();
        let before = Door::opened(&trial, &destination).await;
        let target = "/v2/team/api/tags/list";
        let listed = |body: &Value| body["tags"].as_array().unwrap().contains(&json!("r1"));
        assert!(!listed(&before.ask("GET", target).await.body), "{of:?}");
        trial.seconds(7);
        assert!(listed(&before.ask("GET", target).await.body), "{of:?}");
        let places = trial.sandbox.places();
        assert!(places.contains(&destination), "{of:?}");
        assert!(places.contains(&Place::from(source)));
    }
}

/// Returns the authorization to list repositories, which a token for them is.
async fn catalog(door: &Door) -> String {
    let (user, password) = door.registry.login().unwrap();
    let user = basic(&user, &password);
    let refused = door.ask_as(None, "GET", "/v2/_catalog").await;
    let challenge = refused.header("www-authenticate").unwrap();
    if challenge.starts_with("Basic ") {
        return user;
    }
    assert!(
        challenge.contains("scope=\"registry:catalog:*\""),
        "{challenge}"
    );
    // The token for a repository is not one for the list.
    assert_eq!(door.ask("GET", "/v2/_catalog").await.status, 403);
    let answer = door.ask_as(Some(&user), "GET", "/token?scope=registry:catalog:*");
    let token = answer.await.body["token"].as_str().unwrap().to_owned();
    format!("Bearer {token}")
}

#[tokio::test]
async fn a_pushed_image_has_its_blobs_and_its_referrers() {
    const IMAGE: &str = "team/new";
    let trial = Trial::start().await;
    let push = |tag: &str, subject: Option<&str>| {
        let pushed = trial.sandbox.push_image(SOURCE, IMAGE, tag, "one", subject);
        pushed.unwrap()
    };
    let digest = push("v1", None);
    assert_eq!(
        push("again", None),
        digest,
        "the same text is the same image"
    );
    let note = push("note", Some(&digest));
    trial.seconds(7);
    let door = Door::open(&trial, &registry(MIRRORS[1])).await;
    let answer = door.ask("GET", "/v2/team/new/manifests/v1").await;
    let kind = "application/vnd.oci.image.manifest.v1+json";
    assert_eq!(answer.header("content-type"), Some(kind));
    let manifest = answer.body;
    let size = manifest.to_string().len();
    for descriptor in [&manifest["config"], &manifest["layers"][0]] {
        let digest = descriptor["digest"].as_str().unwrap();
        let target = format!("/v2/team/new/blobs/{digest}");
        let head = door.ask("HEAD", &target).await;
        let length = head.header("content-length").unwrap().parse().ok();
        assert_eq!((head.status, length), (200, descriptor["size"].as_u64()));
    }
    let config = manifest["config"]["digest"].as_str().unwrap();
    let target = format!("/v2/team/new/blobs/{config}");
    let body = door.ask("GET", &target).await.body;
    assert_eq!(body["architecture"], "amd64");
    let hash = sha256_hex(body.to_string().as_bytes());
    assert_eq!(format!("sha256:{hash}"), config);
    let elsewhere = format!("/v2/team/none/blobs/{config}");
    assert_eq!(door.ask("GET", &elsewhere).await.status, 404);

    let target = format!("/v2/team/new/referrers/{digest}");
    let answer = door.ask("GET", &target).await;
    let kind = "application/vnd.oci.image.index.v1+json";
    assert_eq!(answer.header("content-type"), Some(kind));
    let own = &answer.body["manifests"][0];
    assert_eq!(own["digest"], note);
    assert_eq!(own["artifactType"], "application/vnd.sandbox.note");
    assert_eq!(answer.body["manifests"].as_array().map(Vec::len), Some(1));
    for (wanted, count) in [("application/vnd.sandbox.note", 1), ("none", 0)] {
        let target = format!("{target}?artifactType={wanted}");
        let answer = door.ask("GET", &target).await;
        assert_eq!(answer.header("oci-filters-applied"), Some("artifactType"));
        assert_eq!(
            answer.body["manifests"].as_array().map(Vec::len),
            Some(count)
        );
    }
    let target = format!("/v2/team/new/referrers/{note}");
    assert_eq!(door.ask("GET", &target).await.body["manifests"], json!([]));
    let subject = door.ask("GET", "/v2/team/new/manifests/note").await.body["subject"].clone();
    assert_eq!(
        (subject["digest"].as_str(), subject["size"].as_u64()),
        (Some(&*digest), u64::try_from(size).ok())
    );
}

#[tokio::test]
async fn a_port_stays_open_once_it_is_served() {
    let trial = Trial::start().await;
    let place = registry(MIRRORS[1]);
    let host = trial.sandbox.serve(&place).unwrap().host();
    assert_eq!(trial.sandbox.serve(&place).unwrap().host(), host);
    let settings = trial.sandbox.settings("oci").unwrap();
    let source = trial.sandbox.serve(&SOURCE.into()).unwrap();
    assert_eq!(settings.values["host"], source.host());
    let login = (settings.access_key_id, settings.access_key_secret);
    assert_eq!(source.login(), Some(login));
    assert_eq!(Source::of("oci"), Some(SOURCE));
    assert_eq!(trial.sandbox.serve(&place).unwrap().login(), None);
    assert!(tokio::net::TcpStream::connect(host).await.is_ok());
}
