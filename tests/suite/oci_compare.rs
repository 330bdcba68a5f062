//! Comparisons of images in two registries on loopback.

use std::collections::BTreeMap;
use std::sync::Arc;

use registry_replication::oci::{Client, Match, Platform, compare};
use registry_replication::{Error, ErrorKind};
use registry_tests::hostile::{Hostile, Reply, Request};
use registry_tests::{NoChance, noon, quick_clock};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const IMAGE: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const UNKNOWN: &str = r#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"not there"}]}"#;

/// Returns the digest of bytes.
fn sha256(bytes: &[u8]) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(bytes)))
}

/// Registry that serves what it holds by digest.
#[derive(Clone, Default)]
struct Store {
    held: BTreeMap<String, String>,
    lost: Vec<String>,
}

impl Store {
    fn put(&mut self, body: &Value) -> String {
        let text = body.to_string();
        let digest = sha256(text.as_bytes());
        self.held.insert(digest.clone(), text);
        digest
    }

    fn config(&mut self, platform: &str, files: &str) -> String {
        let platform: Platform = platform.parse().unwrap();
        let layer = sha256(files.as_bytes());
        self.put(&json!({
            "os": platform.os,
            "architecture": platform.architecture,
            "variant": platform.variant,
            "rootfs": {"type": "layers", "diff_ids": [layer]},
        }))
    }

    /// Holds an image. `layer` is how its files are compressed.
    fn image(&mut self, platform: &str, files: &str, layer: &str) -> String {
        let config = self.config(platform, files);
        let layers = layer.split(' ');
        let layers: Vec<_> = layers
            .map(|layer| json!({"digest": sha256(layer.as_bytes())}))
            .collect();
        self.put(&json!({
            "schemaVersion": 2,
            "config": {"mediaType": CONFIG, "digest": config},
            "layers": layers,
        }))
    }

    /// Holds an image whose config has no list of layers.
    fn unlisted(&mut self, layer: &str) -> String {
        let config = self.put(&json!({"os": "linux", "architecture": "amd64"}));
        self.put(&json!({
            "schemaVersion": 2,
            "config": {"mediaType": CONFIG, "digest": config},
            "layers": [{"digest": sha256(layer.as_bytes())}],
        }))
    }

    /// Holds an artifact with an empty config.
    fn artifact(&mut self, layer: &str) -> String {
        let config = self.put(&json!({}));
        let layers = json!([{"digest": sha256(layer.as_bytes())}]);
        self.put(&json!({
            "schemaVersion": 2,
            "artifactType": "application/x",
            "config": {"mediaType": "application/vnd.oci.empty.v1+json", "digest": config},
            "layers": layers,
        }))
    }

    fn index(&mut self, entries: &[Value]) -> String {
        self.put(&json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}))
    }

    async fn serve(self) -> Hostile {
        Hostile::start(move |request: &Request| {
            let digest = request.path().rsplit('/').next().unwrap();
            match self.held.get(digest) {
                Some(text) if !self.lost.iter().any(|lost| lost == digest) => {
                    Reply::answer(200, &[("docker-content-digest", digest)], text.clone())
                }
                _ => Reply::answer(404, &[], UNKNOWN),
            }
        })
        .await
    }
}

fn entry(platform: &str, digest: &str) -> Value {
    let platform: Platform = platform.parse().unwrap();
    json!({
        "mediaType": IMAGE,
        "digest": digest,
        "platform": {
            "os": platform.os,
            "architecture": platform.architecture,
            "variant": platform.variant,
        },
    })
}

fn attestation(digest: &str) -> Value {
    json!({
        "mediaType": IMAGE,
        "digest": digest,
        "platform": {"os": "unknown", "architecture": "unknown"},
        "annotations": {"vnd.docker.reference.type": "attestation-manifest"},
    })
}

fn client(server: &Hostile) -> Client {
    let configure = |context: registry_replication::ContextBuilder| {
        context
            .clock(quick_clock(noon()))
            .chance(Arc::new(NoChance("0".to_owned())))
    };
    let builder = Client::builder(server.host()).configure(configure);
    builder.build().unwrap()
}

/// Compares a digest in the source with one in the destination. `platforms` is a list with blanks.
async fn compared(
    source: (&Store, &str),
    destination: (&Store, &str),
    mode: Match,
    platforms: &str,
) -> Result<String, Error> {
    let servers = (
        source.0.clone().serve().await,
        destination.0.clone().serve().await,
    );
    let platforms = platforms.split_whitespace();
    let platforms: Vec<Platform> = platforms.map(|text| text.parse().unwrap()).collect();
    let clients = (client(&servers.0), client(&servers.1));
    let (from, to) = (source.1.to_owned(), destination.1.to_owned());
    // A comparison can run in a task.
    let comparison = tokio::spawn(async move {
        compare(
            (&clients.0, "team/api", &from),
            (&clients.1, "mirror/api", &to),
            mode,
            &platforms,
        )
        .await
    });
    let comparison = comparison.await.unwrap()?;
    let sign = match comparison.is_same() {
        true => "=",
        false => "!",
    };
    let text = comparison.to_string();
    Ok(format!("{sign} {text}"))
}

/// A source with an image for two platforms and an attestation.
fn pushed() -> (Store, String, [String; 3]) {
    let mut store = Store::default();
    let amd = store.image("linux/amd64", "files", "gzip");
    let arm = store.image("linux/arm64/v8", "files", "gzip");
    let proof = store.artifact("provenance");
    let index = store.index(&[
        entry("linux/amd64", &amd),
        entry("linux/arm64/v8", &arm),
        attestation(&proof),
    ]);
    (store, index, [amd, arm, proof])
}

#[tokio::test]
async fn an_index_that_was_created_again() {
    let (source, pushed, [amd, arm, _]) = pushed();
    let mut mirror = source.clone();
    // Without the attestation and the variant, in another order, with another platform.
    let more = mirror.image("linux/s390x", "files", "gzip");
    let again = mirror.index(&[
        entry("linux/arm64", &arm),
        entry("linux/amd64", &amd),
        entry("linux/s390x", &more),
    ]);
    let all = |mode, platforms| compared((&source, &pushed), (&mirror, &again), mode, platforms);
    assert_eq!(
        all(Match::Digest, "").await.unwrap(),
        format!("! different digest {again}, expected {pushed}")
    );
    for (mode, part) in [(Match::Platforms, "manifest"), (Match::Config, "config")] {
        let same = format!("= same {part} for each platform; extra platforms: linux/s390x");
        assert_eq!(all(mode, "").await.unwrap(), same);
        let same = format!("= same {part} for each platform");
        assert_eq!(all(mode, "linux/amd64").await.unwrap(), same);
    }
    let back = compared((&mirror, &again), (&source, &pushed), Match::Platforms, "");
    assert_eq!(back.await.unwrap(), "! missing platforms: linux/s390x");
}

#[tokio::test]
async fn a_platform_that_is_listed_and_not_served_is_missing() {
    let (source, pushed, [_, arm, proof]) = pushed();
    let mut mirror = source.clone();
    mirror.lost.push(arm);
    for mode in [Match::Platforms, Match::Config] {
        let found = compared((&source, &pushed), (&mirror, &pushed), mode, "");
        let says = "! same digest; missing platforms: linux/arm64";
        assert_eq!(found.await.unwrap(), says);
    }
    mirror.lost = vec![proof];
    let found = compared((&source, &pushed), (&mirror, &pushed), Match::Platforms, "");
    assert_eq!(found.await.unwrap(), "= same manifest for each platform");
}

#[tokio::test]
async fn layers_that_were_compressed_again() {
    let (source, pushed, [amd, ..]) = pushed();
    let mut mirror = source.clone();
    let zstd = mirror.image("linux/arm64/v8", "files", "zstd");
    let index = mirror.index(&[entry("linux/amd64", &amd), entry("linux/arm64/v8", &zstd)]);
    let to = |mirror: &Store, mode| {
        let mirror = mirror.clone();
        let (source, pushed, index) = (source.clone(), pushed.clone(), index.clone());
        async move { compared((&source, &pushed), (&mirror, &index), mode, "").await }
    };
    let different = "! different manifest for linux/arm64";
    assert_eq!(to(&mirror, Match::Platforms).await.unwrap(), different);
    let same = "= same config for each platform";
    assert_eq!(to(&mirror, Match::Config).await.unwrap(), same);
    // Evidence that is missing is not the same image.
    let config = Store::default().config("linux/arm64/v8", "files");
    mirror.lost.push(config);
    let error = to(&mirror, Match::Config).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(
        error.to_string().ends_with("does not have the config"),
        "{error}"
    );
}

#[tokio::test]
async fn other_files_and_other_layers_are_different() {
    let (source, pushed, [amd, ..]) = pushed();
    for (files, layer) in [("other files", "gzip"), ("files", "gzip more")] {
        let mut mirror = source.clone();
        let other = mirror.image("linux/arm64", files, layer);
        let index = mirror.index(&[entry("linux/amd64", &amd), entry("linux/arm64", &other)]);
        let found = compared((&source, &pushed), (&mirror, &index), Match::Config, "");
        assert_eq!(found.await.unwrap(), "! different config for linux/arm64");
    }
}

#[tokio::test]
async fn a_single_manifest_is_an_index_of_one_platform() {
    let (source, pushed, [amd, ..]) = pushed();
    let platforms = |platforms| {
        compared(
            (&source, &pushed),
            (&source, &amd),
            Match::Platforms,
            platforms,
        )
    };
    assert_eq!(
        platforms("").await.unwrap(),
        "! missing platforms: linux/arm64"
    );
    let same = "= same manifest for each platform";
    assert_eq!(platforms("linux/amd64").await.unwrap(), same);
    let back = compared((&source, &amd), (&source, &pushed), Match::Platforms, "");
    let more = "= same manifest for each platform; extra platforms: linux/arm64";
    assert_eq!(back.await.unwrap(), more);
    // Entries of an index without platforms are named by their configs, too.
    let mut mirror = source.clone();
    let index = mirror.index(&[json!({"digest": amd})]);
    let found = compared((&source, &amd), (&mirror, &index), Match::Platforms, "");
    assert_eq!(found.await.unwrap(), same);
    let mut lossy = source.clone();
    lossy
        .lost
        .push(Store::default().config("linux/amd64", "files"));
    let error = compared((&source, &amd), (&lossy, &amd), Match::Platforms, "").await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn artifacts_are_compared_by_their_manifests() {
    let mut store = Store::default();
    let (one, two) = (store.artifact("one"), store.artifact("two"));
    let config = |from, to| compared((&store, from), (&store, to), Match::Config, "");
    let different = "! different config for unknown/unknown";
    assert_eq!(config(&one, &two).await.unwrap(), different);
    let same = "= same config for each platform";
    assert_eq!(config(&one, &one).await.unwrap(), same);
}

#[tokio::test]
async fn a_config_without_all_layers_identifies_no_image() {
    let mut store = Store::default();
    let config = |store: &Store, from: &str, to: &str| {
        let (store, from, to) = (store.clone(), from.to_owned(), to.to_owned());
        async move { compared((&store, &from), (&store, &to), Match::Config, "").await }
    };
    let different = "! different config for linux/amd64";
    let same = "= same config for each platform";
    let (one, two) = (store.unlisted("one"), store.unlisted("two"));
    assert_eq!(config(&store, &one, &two).await.unwrap(), different);
    assert_eq!(config(&store, &one, &one).await.unwrap(), same);
    // Fewer than the layers.
    let one = store.image("linux/amd64", "files", "one more");
    let two = store.image("linux/amd64", "files", "two more");
    assert_eq!(config(&store, &one, &two).await.unwrap(), different);
}

#[tokio::test]
async fn clients_take_the_first_manifest_of_a_platform() {
    let (source, pushed, [amd, arm, _]) = pushed();
    let mut mirror = source.clone();
    let other = mirror.image("linux/amd64", "other files", "gzip");
    let entries = [
        entry("linux/amd64", &other),
        entry("linux/amd64", &amd),
        entry("linux/arm64", &arm),
    ];
    let index = mirror.index(&entries);
    let found = compared((&source, &pushed), (&mirror, &index), Match::Platforms, "");
    let different = "! different manifest for linux/amd64";
    assert_eq!(found.await.unwrap(), different);
    let found = compared((&source, &pushed), (&mirror, &index), Match::Config, "");
    let different = "! different config for linux/amd64";
    assert_eq!(found.await.unwrap(), different);
    // A client that takes the first one gets nothing.
    mirror.lost.push(other);
    let found = compared((&source, &pushed), (&mirror, &index), Match::Platforms, "");
    assert_eq!(found.await.unwrap(), "! missing platforms: linux/amd64");
    mirror.lost.clear();
    let [first, second, third] = entries;
    let index = mirror.index(&[second, first, third]);
    let found = compared((&source, &pushed), (&mirror, &index), Match::Platforms, "");
    assert_eq!(found.await.unwrap(), "= same manifest for each platform");
}

#[tokio::test]
async fn the_index_of_the_source_names_the_platform_of_a_single_manifest() {
    let mut store = Store::default();
    // Builders leave out the variant in the config.
    let arm = store.image("linux/arm", "files", "gzip");
    let index = store.index(&[entry("linux/arm/v6", &arm), entry("linux/arm/v5", &arm)]);
    let same = "= same manifest for each platform";
    for platforms in ["", "linux/arm/v6"] {
        let found = compared(
            (&store, &index),
            (&store, &arm),
            Match::Platforms,
            platforms,
        );
        assert_eq!(found.await.unwrap(), same);
    }
    let other = store.image("linux/arm", "other files", "gzip");
    let found = compared((&store, &index), (&store, &other), Match::Platforms, "");
    assert_eq!(
        found.await.unwrap(),
        "! missing platforms: linux/arm/v5, linux/arm/v6; extra platforms: linux/arm/v7"
    );
}

#[tokio::test]
async fn an_entry_that_is_not_served_does_not_hide_the_others() {
    let (source, pushed, [amd, arm, _]) = pushed();
    let mut mirror = source.clone();
    let more = mirror.image("linux/s390x", "files", "gzip");
    let inner = mirror.index(&[entry("linux/s390x", &more)]);
    mirror.lost = vec![more.clone(), inner.clone()];
    let same = "= same manifest for each platform";
    for lost in [
        json!({"mediaType": IMAGE, "digest": more}),
        json!({"mediaType": INDEX, "digest": inner}),
    ] {
        let amd = entry("linux/amd64", &amd);
        let index = mirror.index(&[lost.clone(), amd.clone()]);
        let to = |platforms| {
            compared(
                (&source, &pushed),
                (&mirror, &index),
                Match::Platforms,
                platforms,
            )
        };
        assert_eq!(to("linux/amd64").await.unwrap(), same);
        // It could be the platform that is not found.
        for platforms in ["", "linux/arm64"] {
            assert_eq!(to(platforms).await.unwrap_err().kind(), ErrorKind::NotFound);
        }
        let index = mirror.index(&[amd, lost, entry("linux/arm64", &arm)]);
        let found = compared((&source, &pushed), (&mirror, &index), Match::Platforms, "");
        assert_eq!(found.await.unwrap(), same);
    }
}

#[tokio::test]
async fn an_index_in_an_index_is_read_one_level_deep() {
    let (mut store, pushed, [amd, ..]) = pushed();
    let nested = |digest: &str| json!({"mediaType": INDEX, "digest": digest});
    let outer = store.index(&[nested(&pushed)]);
    let outermost = store.index(&[nested(&outer)]);
    let found = compared((&store, &pushed), (&store, &outer), Match::Platforms, "");
    assert_eq!(found.await.unwrap(), "= same manifest for each platform");
    let lies = store.index(&[json!({"mediaType": INDEX, "digest": amd})]);
    let hidden = store.index(&[json!({"digest": pushed})]);
    let many = vec![entry("linux/amd64", &amd); 201];
    let many = store.index(&many);
    let half = vec![entry("linux/amd64", &amd); 150];
    let half = store.index(&half);
    let halves = store.index(&[nested(&half), nested(&half)]);
    for (digest, says) in [
        (outermost, "the indexes are nested too deep"),
        (lies, "an entry of the index is not the index that it names"),
        (
            hidden,
            "an entry of the index is an index without saying so",
        ),
        (many, "the index has more than 200 manifests"),
        (halves, "the index has more than 200 manifests"),
    ] {
        let error = compared((&store, &pushed), (&store, &digest), Match::Platforms, "").await;
        let error = error.unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    }
}

#[tokio::test]
async fn missing_evidence_is_an_error() {
    let (mut source, pushed, [amd, _, proof]) = pushed();
    let only = source.index(&[attestation(&proof)]);
    let empty = source.index(&[]);
    let kept = source.clone();
    source.lost.push(amd.clone());
    let nowhere = Store::default();
    let bare = source.index(&[json!({"digest": amd})]);
    for (name, from, to, platforms, kind) in [
        (
            "no source",
            (&nowhere, &pushed),
            (&kept, &pushed),
            "",
            ErrorKind::NotFound,
        ),
        (
            "no destination",
            (&kept, &pushed),
            (&nowhere, &pushed),
            "",
            ErrorKind::NotFound,
        ),
        (
            "no manifest",
            (&source, &bare),
            (&kept, &pushed),
            "",
            ErrorKind::NotFound,
        ),
        (
            "a platform that the source does not have",
            (&kept, &pushed),
            (&kept, &pushed),
            "linux/amd64 linux/riscv64",
            ErrorKind::NotFound,
        ),
        (
            "only attestations",
            (&kept, &only),
            (&kept, &pushed),
            "",
            ErrorKind::Undecodable,
        ),
        (
            "an empty index",
            (&kept, &empty),
            (&kept, &empty),
            "",
            ErrorKind::Undecodable,
        ),
    ] {
        for mode in [Match::Platforms, Match::Config] {
            let error = compared((from.0, from.1), (to.0, to.1), mode, platforms).await;
            let error = error.expect_err(name);
            assert_eq!(error.kind(), kind, "{name}: {error}");
            assert!(error.subject().is_some(), "{name}: {error}");
        }
    }
    for (digest, platforms) in [(pushed.as_str(), "linux/amd64"), ("v42", "")] {
        let error = compared((&kept, digest), (&kept, &pushed), Match::Digest, platforms).await;
        assert_eq!(error.unwrap_err().kind(), ErrorKind::Invalid);
    }
}
