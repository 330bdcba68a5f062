//! Parts of images that a destination lists and has lost: manifests of an index, and referrers.

use std::collections::BTreeMap;

use registry_tests::hostile::{Hostile, Reply, Request};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::program::run;

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const IMAGE: &str = "application/vnd.oci.image.manifest.v1+json";
const UNKNOWN: &str = r#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"unknown"}]}"#;

fn digest(text: &str) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(text)))
}

/// Contents of a registry: manifests by tag or digest, and the digests of the referrers of a manifest.
#[derive(Clone, Default)]
struct Store {
    held: BTreeMap<String, String>,
    referrers: BTreeMap<String, Vec<String>>,
    has_api: bool,
    /// Status and body of the answer to a GET of a manifest that a HEAD shows.
    spoiled: BTreeMap<String, (u16, String)>,
}

impl Store {
    fn put(&mut self, body: &Value) -> String {
        let text = body.to_string();
        let digest = digest(&text);
        self.held.insert(digest.clone(), text);
        digest
    }

    fn image(&mut self, name: &str) -> String {
        let config = json!({
            "mediaType": "application/vnd.oci.image.config.v1+json",
            "digest": digest(name),
        });
        self.put(&json!({"schemaVersion": 2, "mediaType": IMAGE, "config": config, "layers": []}))
    }

    fn index(&mut self, entries: &[(&str, &str)]) -> String {
        let entries = entries.iter().map(|(platform, digest)| {
            let (os, architecture) = platform.split_once('/').unwrap();
            json!({
                "mediaType": IMAGE,
                "digest": digest,
                "platform": {"os": os, "architecture": architecture},
            })
        });
        let entries: Vec<_> = entries.collect();
        self.put(&json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}))
    }

    fn tag(&mut self, tag: &str, digest: &str) {
        let text = self.held[digest].clone();
        self.held.insert(tag.to_owned(), text);
    }

    /// Holds a signature of a manifest, and lists it as a referrer.
    fn sign(&mut self, subject: &str) -> String {
        let signature = self.image(&format!("signature of {subject}"));
        let listed = self.referrers.entry(subject.to_owned()).or_default();
        listed.push(signature.clone());
        signature
    }

    fn lose(&mut self, digest: &str) {
        self.held.remove(digest).unwrap();
    }

    fn listed(&self, subject: &str) -> String {
        let listed = self.referrers.get(subject).into_iter().flatten();
        let entry =
            |digest| json!({"mediaType": IMAGE, "digest": digest, "artifactType": "application/x"});
        let entries: Vec<_> = listed.map(entry).collect();
        json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}).to_string()
    }

    fn answer(&self, request: &Request) -> Reply {
        let path = request.path();
        let (rest, last) = path.rsplit_once('/').unwrap();
        if path.ends_with("/tags/list") {
            return Reply::json(json!({"tags": ["v1"]}).to_string());
        }
        if rest.ends_with("/referrers") && self.has_api {
            return Reply::json(self.listed(last));
        }
        // The index of the tag schema.
        let subject = last.replacen("sha256-", "sha256:", 1);
        let text = match self.referrers.contains_key(&subject) && subject != last && !self.has_api {
            true => Some(self.listed(&subject)),
            false => self.held.get(last).cloned(),
        };
        if let Some((status, body)) = self.spoiled.get(last).filter(|_| request.method == "GET") {
            return Reply::answer(*status, &[], body.clone());
        }
        match text.filter(|_| rest.ends_with("/manifests")) {
            Some(text) => {
                let headers = [("docker-content-digest", digest(&text))];
                let headers = headers
                    .each_ref()
                    .map(|(name, value)| (*name, value.as_str()));
                Reply::answer(200, &headers, text)
            }
            None => Reply::answer(404, &[], UNKNOWN),
        }
    }

    async fn serve(&self) -> Hostile {
        let store = self.clone();
        Hostile::start(move |request| store.answer(request)).await
    }
}

/// An index of two platforms with an attestation. Returns the digests of the index and of its entries.
fn pushed() -> (Store, String, [String; 3]) {
    let mut store = Store {
        has_api: true,
        ..Store::default()
    };
    let entries = ["amd", "arm", "attestation"].map(|name| store.image(name));
    let [amd, arm, attestation] = &entries;
    let index = store.index(&[
        ("linux/amd64", amd),
        ("linux/arm64", arm),
        ("unknown/unknown", attestation),
    ]);
    store.tag("v1", &index);
    (store, index, entries)
}

/// Runs the program. `A` and `B` in the line stand for the registries.
async fn program(line: &str, a: &Store, b: &Store) -> (u8, String) {
    let (a, b) = (a.serve().await, b.serve().await);
    let line = line
        .replace("A/", &format!("{}/", a.host()))
        .replace(" B/", &format!(" {}/", b.host()))
        .replace(" B ", &format!(" {} ", b.host()));
    let words = line.split_whitespace().map(str::to_owned);
    let words: Vec<_> = words.collect();
    let run = move || run(&words.iter().map(String::as_str).collect::<Vec<_>>());
    let (code, out, err) = tokio::task::spawn_blocking(run).await.unwrap();
    (code, format!("{out}{err}"))
}

async fn expect(code: u8, says: &str, line: &str, a: &Store, b: &Store) {
    let (found, text) = program(line, a, b).await;
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(found, code, "{line}: {text}");
    assert!(text.contains(says), "{line}: {says}: {text}");
}

#[tokio::test]
async fn an_index_without_a_manifest_has_not_arrived() {
    let (source, index, [_, arm, attestation]) = pushed();
    let mut mirror = source.clone();
    mirror.lose(&attestation);
    expect(0, "arrived", "status A/api:v1 --to B ", &source, &mirror).await;
    mirror.lose(&arm);
    let says = "the image at the destination is incomplete: same digest; missing platforms: \
                linux/arm64";
    for line in [
        "status A/api:v1 --to B -o json".to_owned(),
        "status A/api:v1 --to B --match platforms -o json".to_owned(),
        "status A/api:v1 --to B --match config -o json".to_owned(),
        "status A/api:v1 --to B --platform linux/arm64 -o json".to_owned(),
        format!("status B/api:v1@{index} -o json"),
        format!("status B/api@{index} -o json"),
        "status B/api:v1 -o json".to_owned(),
    ] {
        expect(4, says, &line, &source, &mirror).await;
    }
    let narrowed = "status A/api:v1 --to B --platform linux/amd64 ";
    expect(0, "arrived", narrowed, &source, &mirror).await;
    let unknown = "status A/api:v1 --to B --platform windows/amd64 ";
    let says = "no manifest for the platform windows/amd64; it has linux/amd64, linux/arm64";
    expect(4, says, unknown, &source, &mirror).await;
    // Only what the destination serves counts.
    let says = "same digest; missing platforms: linux/arm64";
    let line = "diff A/api B/api --match platforms -o json";
    expect(6, says, line, &source, &mirror).await;
}

#[tokio::test]
async fn the_bytes_of_each_manifest_are_proof() {
    let (source, _, [_, arm, _]) = pushed();
    for (status, body) in [
        (404, UNKNOWN),
        (200, ""),
        (200, r#"{"schemaVersion":2}"#),
        (200, "<html>"),
    ] {
        let mut mirror = source.clone();
        let spoiled = (status, body.to_owned());
        mirror.spoiled.insert(arm.clone(), spoiled);
        for line in [
            "status A/api:v1 --to B -o json",
            "status B/api:v1 -o json",
            "status A/api:v1 --to B --match platforms -o json",
            "status A/api:v1 --to B --platform linux/arm64 -o json",
        ] {
            let says = match status {
                404 => "missing platforms: linux/arm64",
                _ => "cannot check the manifests of the index",
            };
            expect(4, says, line, &source, &mirror).await;
        }
        let narrowed = "status A/api:v1 --to B --platform linux/amd64 ";
        expect(0, "arrived", narrowed, &source, &mirror).await;
    }
}

#[tokio::test]
async fn an_index_that_is_too_large_to_check_has_not_arrived() {
    let mut source = Store::default();
    let image = source.image("amd");
    let entries = vec![("linux/amd64", image.as_str()); 600];
    let inner = [&entries[..], &entries[1..]].map(|entries| source.index(entries));
    let inner = inner.map(|digest| json!({"mediaType": INDEX, "digest": digest}));
    let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": inner});
    let index = source.put(&index);
    source.tag("v1", &index);
    let says = "more than 1000 manifests";
    for line in ["status B/api:v1 -o json", "status A/api:v1 --to B -o json"] {
        expect(4, says, line, &source, &source.clone()).await;
    }
    let index = source.index(&entries);
    source.tag("v1", &index);
    expect(0, "arrived", "status B/api:v1 ", &source, &source.clone()).await;
}

#[tokio::test]
async fn an_index_of_indexes_is_read_one_level_deep() {
    let (mut source, inner, [amd, arm, _]) = pushed();
    let outer = json!({
        "schemaVersion": 2,
        "mediaType": INDEX,
        "manifests": [{"mediaType": INDEX, "digest": inner}],
    });
    let outer = source.put(&outer);
    source.tag("v1", &outer);
    let line = "status A/api:v1 --to B ";
    expect(0, "arrived", line, &source, &source).await;
    for lost in [&amd, &arm, &inner] {
        let mut mirror = source.clone();
        mirror.lose(lost);
        expect(4, "incomplete", line, &source, &mirror).await;
    }
    // Entries of which none has a platform count, too.
    let plain = json!({
        "schemaVersion": 2,
        "mediaType": INDEX,
        "manifests": [{"mediaType": IMAGE, "digest": amd}],
    });
    let plain = source.put(&plain);
    source.tag("v1", &plain);
    let mut mirror = source.clone();
    mirror.lose(&amd);
    expect(4, &amd, line, &source, &mirror).await;
}

#[tokio::test]
async fn a_manifest_of_an_index_arrives_later() {
    let (source, _, [_, arm, _]) = pushed();
    let mirror = source.clone();
    let mut asked = 0;
    let late = Hostile::start(move |request| {
        if request.path().ends_with(&arm) {
            asked += 1;
            // A question is a `HEAD` and a `GET`.
            if asked <= 6 {
                return Reply::answer(404, &[], UNKNOWN);
            }
        }
        mirror.answer(request)
    })
    .await;
    let source = source.serve().await;
    let line = format!(
        "wait {}/api:v1 --to {} --timeout 2m",
        source.host(),
        late.host()
    );
    let words: Vec<_> = line.split(' ').map(str::to_owned).collect();
    let run = move || run(&words.iter().map(String::as_str).collect::<Vec<_>>());
    let (code, _, err) = tokio::task::spawn_blocking(run).await.unwrap();
    assert_eq!(code, 0, "{err}");
    // The manifests are asked for when the image itself has been shown twice, and not before.
    let requests = late.requests();
    let of_tag = |request: &&Request| request.path().ends_with("/v1") && request.method == "HEAD";
    assert_eq!(requests.iter().filter(of_tag).count(), 1);
}

#[tokio::test]
async fn a_referrer_that_is_listed_and_gone_has_not_arrived() {
    for has_api in [true, false] {
        let (mut source, index, [_, arm, attestation]) = pushed();
        source.has_api = has_api;
        let line = "status A/api:v1 --to B --with-referrers -o json";
        expect(0, "arrived", line, &source, &source).await;
        for subject in [&index, &arm] {
            let mut source = source.clone();
            let signature = source.sign(subject);
            let mut mirror = source.clone();
            expect(0, "arrived", line, &source, &mirror).await;
            // Listed, and not served.
            mirror.lose(&signature);
            let says =
                "the destination lists referrers of the image and does not serve them: sha256";
            expect(4, says, line, &source, &mirror).await;
            let diff = "diff A/api B/api --with-referrers -o json";
            let says = "referrers that are listed and not served: sha256";
            expect(6, says, diff, &source, &mirror).await;
            // Not listed.
            mirror.referrers.clear();
            expect(4, "without what refers to it", line, &source, &mirror).await;
            expect(6, "missing referrers", diff, &source, &mirror).await;
            let narrowed = "status A/api:v1 --to B --with-referrers --platform linux/amd64 ";
            let code = if *subject == arm { 0 } else { 4 };
            expect(code, "", narrowed, &source, &mirror).await;
        }
        // Attestations have no referrers that count.
        let mut signed = source.clone();
        signed.sign(&attestation);
        expect(0, "arrived", line, &signed, &source).await;
    }
}
