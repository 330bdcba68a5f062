//! Differences between the tags of two registries.

use std::collections::BTreeMap;
use std::sync::Mutex;

use futures_util::TryStreamExt;
use openapi_transport::{ContextBuilder, ErrorKind, RetryPolicy};
use registry_replication::oci::{Client, Diff, Match, TagDiff, TagState};
use registry_tests::hostile::{Hostile, Reply, Request};
use registry_tests::{noon, quick_clock};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::oci::{MANIFEST, MANIFEST_DIGEST};
use crate::program::run;

const UNKNOWN: &str = r#"{"errors":[{"code":"NAME_UNKNOWN","message":"unknown"}]}"#;

/// Contents of a registry: digests by repository and tag, and tags that its lists leave out.
#[derive(Clone, Default)]
struct Contents {
    repositories: BTreeMap<&'static str, BTreeMap<&'static str, char>>,
    unlisted: Vec<&'static str>,
    /// Repositories that the catalog lists although they are gone.
    gone: Vec<&'static str>,
}

impl Contents {
    fn new(repositories: &[(&'static str, &[(&'static str, char)])]) -> Self {
        let all = repositories.iter();
        Self {
            repositories: all
                .map(|(name, tags)| (*name, tags.iter().copied().collect()))
                .collect(),
            unlisted: Vec::new(),
            gone: Vec::new(),
        }
    }

    /// Lists a repository that is gone.
    fn listing(mut self, name: &'static str) -> Self {
        self.gone.push(name);
        self
    }

    /// Serves the contents, and replies so to requests for a path that ends so.
    async fn serve_but(self, end: &'static str, reply: Reply) -> Hostile {
        Hostile::start(move |request| match request.path().ends_with(end) {
            true => reply.clone(),
            false => self.answer(request),
        })
        .await
    }

    fn answer(&self, request: &Request) -> Reply {
        let path = request.path().strip_prefix("/v2/").unwrap_or_default();
        if path == "_catalog" {
            let names: Vec<_> = self.repositories.keys().chain(&self.gone).collect();
            return Reply::json(json!({ "repositories": names }).to_string());
        }
        let absent = || Reply::answer(404, &[], UNKNOWN);
        if let Some(name) = path.strip_suffix("/tags/list") {
            let Some(tags) = self.repositories.get(name) else {
                return absent();
            };
            let tags = tags.keys().filter(|tag| !self.unlisted.contains(*tag));
            let tags: Vec<_> = tags.collect();
            return Reply::json(json!({ "name": name, "tags": tags }).to_string());
        }
        let (name, tag) = path.split_once("/manifests/").unwrap_or_default();
        let known = self.repositories.get(name).and_then(|tags| tags.get(tag));
        match known {
            Some(letter) => {
                let digest = format!("sha256:{}", letter.to_string().repeat(64));
                Reply::answer(200, &[("docker-content-digest", &digest)], "")
            }
            None => absent(),
        }
    }

    async fn serve(self) -> Hostile {
        self.serve_without("", 0).await
    }

    /// Serves the contents, and denies the first requests for a path that ends so.
    async fn serve_without(self, end: &'static str, times: u32) -> Hostile {
        let left = Mutex::new(times);
        Hostile::start(move |request| {
            let mut left = left.lock().unwrap();
            if *left > 0 && request.path().ends_with(end) {
                *left -= 1;
                return Reply::answer(404, &[], UNKNOWN);
            }
            self.answer(request)
        })
        .await
    }
}

fn client(server: &Hostile) -> Client {
    let once = |context: ContextBuilder| {
        let context = context.retry(RetryPolicy::never()).rate_limit(None);
        context.clock(quick_clock(noon()))
    };
    Client::builder(server.host())
        .configure(once)
        .build()
        .unwrap()
}

fn told(tags: &[TagDiff]) -> Vec<String> {
    let lines = tags.iter().map(|tag| {
        let state = tag.state.as_str();
        format!("{state} {}:{}", tag.repository, tag.tag)
    });
    lines.collect()
}

#[tokio::test]
async fn tags_are_missing_different_or_extra() {
    let source = Contents::new(&[(
        "team/api",
        &[("v1", 'a'), ("v2", 'b'), ("v3", 'c'), ("w1", 'd')],
    )]);
    let mut mirror = Contents::new(&[("team/api", &[("v1", 'a'), ("v2", 'c'), ("w2", 'd')])]);
    // The list of the mirror lags behind.
    mirror.unlisted = vec!["v1"];
    let (source, mirror) = (source.serve().await, mirror.serve().await);
    let (source, mirror) = (client(&source), client(&mirror));
    let here = (&source, "team/api");
    let tags: Vec<_> = Diff::new()
        .repositories(here, (&mirror, "team/api"))
        .try_collect()
        .await
        .unwrap();
    let expected = [
        "same team/api:v1",
        "different team/api:v2",
        "missing team/api:v3",
        "missing team/api:w1",
        "extra team/api:w2",
    ];
    assert_eq!(told(&tags), expected);
    let some = Diff::new().tags("v[12]").unwrap();
    let tags: Vec<_> = some
        .repositories(here, (&mirror, "team/api"))
        .try_collect()
        .await
        .unwrap();
    assert_eq!(told(&tags), expected[..2]);
    let digest = |letter: &str| Some(format!("sha256:{}", letter.repeat(64)));
    assert_eq!(
        (tags[1].source.clone(), tags[1].destination.clone()),
        (digest("b"), digest("c"))
    );

    // A destination without the repository lacks all tags. A source without it is an error.
    let tags: Vec<_> = Diff::new()
        .repositories(here, (&mirror, "team/none"))
        .try_collect()
        .await
        .unwrap();
    assert!(tags.iter().all(|tag| tag.state == TagState::Missing));
    assert_eq!(tags.len(), 4);
    let none = Diff::new().repositories((&source, "team/none"), (&mirror, "team/none"));
    let error = none.try_collect::<Vec<_>>().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
}

#[tokio::test]
async fn registries_are_compared_by_the_names_of_their_repositories() {
    let source = Contents::new(&[("a", &[("v1", 'a')]), ("b", &[("v1", 'b')])])
        .serve()
        .await;
    let mirror = Contents::new(&[("b", &[("v1", 'b')]), ("c", &[("v1", 'c')])])
        .serve()
        .await;
    let tags = Diff::new().registries(&client(&source), &client(&mirror));
    let tags: Vec<_> = tags.try_collect().await.unwrap();
    assert_eq!(told(&tags), ["missing a:v1", "same b:v1", "extra c:v1"]);
}

#[tokio::test]
async fn one_moment_of_absence_makes_no_difference() {
    let tags = |names: &[(&'static str, char)]| Contents::new(&[("api", names)]);
    let (both, one) = (tags(&[("v1", 'a'), ("v2", 'b')]), tags(&[("v1", 'a')]));
    let diff = async |source: Hostile, mirror: Hostile| {
        let (source, mirror) = (client(&source), client(&mirror));
        let tags = Diff::new().repositories((&source, "api"), (&mirror, "api"));
        told(&tags.try_collect::<Vec<_>>().await.unwrap())
    };
    // HEAD and GET deny the tag.
    let flaps = |contents: &Contents| contents.clone().serve_without("/v2", 2);
    let same = ["same api:v1", "same api:v2"];
    let missing = ["same api:v1", "missing api:v2"];
    let extra = ["same api:v1", "extra api:v2"];
    let steady = |contents: &Contents| contents.clone().serve();
    assert_eq!(diff(steady(&both).await, flaps(&both).await).await, same);
    assert_eq!(diff(flaps(&both).await, steady(&both).await).await, same);
    // Only one side has the tag.
    assert_eq!(diff(flaps(&both).await, steady(&one).await).await, missing);
    assert_eq!(diff(steady(&one).await, flaps(&both).await).await, extra);
    // A tag that is gone is left out.
    let gone = both.clone().serve_without("/v2", u32::MAX).await;
    assert_eq!(diff(gone, steady(&one).await).await, same[..1]);
    // The list of the destination is all that tells of an extra tag.
    let unlisted = both.clone().serve_without("/tags/list", 1).await;
    assert_eq!(diff(steady(&one).await, unlisted).await, extra);
}

#[tokio::test]
async fn a_listed_repository_without_tags_is_empty() {
    let full = || Contents::new(&[("a", &[("v1", 'a')]), ("b", &[("v1", 'b')])]);
    let empty = Contents::new(&[("a", &[("v1", 'a')]), ("b", &[])]);
    let small = Contents::new(&[("a", &[("v1", 'a')])]);
    let diff = async |source: Hostile, mirror: Hostile| {
        let tags = Diff::new().registries(&client(&source), &client(&mirror));
        told(&tags.try_collect::<Vec<_>>().await.unwrap())
    };
    let missing = ["same a:v1", "missing b:v1"];
    let extra = ["same a:v1", "extra b:v1"];
    let deleted = || small.clone().listing("b");
    for (source, mirror, expected) in [
        // One moment of absence.
        (
            full().serve_without("/b/tags/list", 1).await,
            small.clone().serve().await,
            &missing[..],
        ),
        (full().serve().await, empty.clone().serve().await, &missing),
        (full().serve().await, deleted().serve().await, &missing),
        (empty.clone().serve().await, full().serve().await, &extra),
        (deleted().serve().await, full().serve().await, &extra),
        (
            deleted().serve().await,
            empty.clone().serve().await,
            &extra[..1],
        ),
    ] {
        assert_eq!(diff(source, mirror).await, expected);
    }
}

#[tokio::test]
async fn what_cannot_be_compared_is_unknown() {
    let full = || Contents::new(&[("a", &[("v1", 'a'), ("v2", 'b')]), ("b", &[("v1", 'b')])]);
    for (end, reply, expected) in [
        (
            "/a/manifests/v1",
            Reply::answer(403, &[], "{}"),
            Ok(&["unknown a:v1", "same a:v2", "same b:v1"][..]),
        ),
        (
            "/a/manifests/v1",
            Reply::HangUp,
            Ok(&["unknown a:v1", "same a:v2", "same b:v1"]),
        ),
        (
            "/a/tags/list",
            Reply::answer(500, &[], ""),
            Ok(&["unknown a:", "same b:v1"]),
        ),
        // A login would concern everything.
        (
            "/a/manifests/v2",
            Reply::answer(401, &[("www-authenticate", "Basic realm=\"x\"")], ""),
            Err(ErrorKind::Credentials),
        ),
    ] {
        for is_source in [true, false] {
            let broken = full().serve_but(end, reply.clone()).await;
            let whole = full().serve().await;
            let (broken, whole) = (client(&broken), client(&whole));
            let tags = match is_source {
                true => Diff::new().registries(&broken, &whole),
                false => Diff::new().registries(&whole, &broken),
            };
            let tags = tags.try_collect::<Vec<_>>().await;
            if let Ok(tags) = &tags {
                let unknown = tags.iter().find(|tag| tag.state == TagState::Unknown);
                assert!(unknown.unwrap().detail.is_some());
            }
            let tags = tags.map(|tags| told(&tags)).map_err(|error| error.kind());
            assert_eq!(
                tags,
                expected.map(|tags| tags.iter().map(ToString::to_string).collect())
            );
        }
    }
}

#[tokio::test]
async fn referrers_of_the_source_must_be_at_the_destination() {
    let serve = |is_signed: bool| {
        let contents = Contents::new(&[("api", &[("v1", 'a')])]);
        let signature = format!("sha256:{}", "5".repeat(64));
        let manifest =
            |digest: &str| Reply::answer(200, &[("docker-content-digest", digest)], MANIFEST);
        let index = json!({"schemaVersion": 2, "manifests": match is_signed {
            true => vec![json!({"digest": signature})],
            false => Vec::new(),
        }});
        Hostile::start(move |request| match request.path() {
            path if path.contains("/referrers/") => Reply::json(index.to_string()),
            path if path.ends_with(&signature) => manifest(&signature),
            path if path.ends_with("/v1") || path.ends_with(MANIFEST_DIGEST) => {
                manifest(MANIFEST_DIGEST)
            }
            _ => contents.answer(request),
        })
    };
    let (signed, plain) = (serve(true).await, serve(false).await);
    let (signed, plain) = (client(&signed), client(&plain));
    for (source, mirror, expected) in [
        (&signed, &signed, "same api:v1"),
        (&signed, &plain, "different api:v1"),
        (&plain, &signed, "same api:v1"),
    ] {
        let diff = Diff::new().with_referrers();
        let tags = diff.repositories((source, "api"), (mirror, "api"));
        let tags: Vec<_> = tags.try_collect().await.unwrap();
        assert_eq!(told(&tags), [expected]);
        let is_missing = |detail: &String| detail.starts_with("missing referrers: sha256:555");
        let says = tags[0].detail.as_ref().is_some_and(is_missing);
        assert_eq!(says, tags[0].state == TagState::Different);
    }
}

#[tokio::test]
async fn the_same_index_without_its_manifests_is_different() {
    let sha256 = |text: &str| format!("sha256:{}", hex::encode(Sha256::digest(text)));
    let image = json!({"schemaVersion": 2, "config": {"digest": sha256("")}, "layers": []});
    let image = image.to_string();
    let entry = json!({
        "digest": sha256(&image),
        "platform": {"os": "linux", "architecture": "amd64"},
    });
    let index = json!({"schemaVersion": 2, "manifests": [entry]}).to_string();
    let serve = |is_whole: bool| {
        let (image, index) = (image.clone(), index.clone());
        Hostile::start(move |request| {
            let end = request.path().rsplit('/').next().unwrap();
            let found = |text: &str| {
                Reply::answer(
                    200,
                    &[("docker-content-digest", &sha256(text))],
                    text.to_owned(),
                )
            };
            match end {
                "list" => Reply::json(json!({"name": "api", "tags": ["v1"]}).to_string()),
                end if end == "v1" || end == sha256(&index) => found(&index),
                end if is_whole && end == sha256(&image) => found(&image),
                _ => Reply::answer(404, &[], UNKNOWN),
            }
        })
    };
    let (whole, broken) = (serve(true).await, serve(false).await);
    let (whole, broken) = (client(&whole), client(&broken));
    for mode in [Match::Digest, Match::Platforms, Match::Config] {
        for (mirror, is_whole) in [(&whole, true), (&broken, false)] {
            let diff = Diff::new().matching(mode, []);
            let tags = diff.repositories((&whole, "api"), (mirror, "api"));
            let tags: Vec<_> = tags.try_collect().await.unwrap();
            let is_same = is_whole || mode == Match::Digest;
            assert_eq!(tags[0].state == TagState::Same, is_same, "{mode}");
            if !is_same {
                let missing = Some("same digest; missing platforms: linux/amd64");
                assert_eq!(tags[0].detail.as_deref(), missing);
            }
        }
    }
}

#[test]
fn a_pattern_that_cannot_match_is_refused() {
    for pattern in ["[", "{a", &"*".repeat(300), &"{a,b}".repeat(60)] {
        if let Err(error) = Diff::new().tags(pattern) {
            assert!(
                error.to_string().starts_with("invalid pattern of tags"),
                "{error}"
            );
        }
    }
    assert!(Diff::new().tags("[").is_err());
}

#[tokio::test]
async fn the_exit_code_says_whether_both_are_equal() {
    let source = Contents::new(&[("team/api", &[("v1", 'a'), ("v2", 'b')])])
        .serve()
        .await;
    let mirror = Contents::new(&[("team/api", &[("v1", 'a')])]).serve().await;
    let run = async |words: &[&str]| {
        let (source, mirror) = (source.host().to_owned(), mirror.host().to_owned());
        let words: Vec<_> = words
            .iter()
            .map(|word| word.replace("ONE", &source).replace("TWO", &mirror))
            .collect();
        tokio::task::spawn_blocking(move || {
            run(&words.iter().map(String::as_str).collect::<Vec<_>>())
        })
        .await
        .unwrap()
    };
    let (code, out, err) = run(&["diff", "ONE/team/api", "TWO/team/api"]).await;
    assert_eq!(code, 6, "{err}");
    assert!(
        out.contains("missing") && out.ends_with("1 same, 1 missing, 0 different, 0 extra\n"),
        "{out}"
    );
    let (code, out, _) = run(&[
        "diff",
        "ONE/team/api",
        "TWO/team/api",
        "--tags",
        "v1",
        "-o",
        "json",
    ])
    .await;
    assert_eq!((code, out.trim()), (0, "[]"));
    let broken = Contents::new(&[("team/api", &[("v1", 'a'), ("v2", 'b'), ("v3", 'c')])]);
    let broken = broken.serve_but("/v1", Reply::answer(403, &[], "{}")).await;
    let broken = format!("{}/team/api", broken.host());
    let words = ["diff", &broken, "ONE/team/api", "--tags"];
    let (code, out, err) = run(&[&words[..], &["v[12]"]].concat()).await;
    assert_eq!(code, 1, "{err}");
    assert!(
        out.ends_with("1 same, 0 missing, 0 different, 0 extra, 1 unknown\n"),
        "{out}"
    );
    assert!(out.contains("unknown") && out.contains("HTTP 403"), "{out}");
    assert!(
        err.starts_with("error: cannot compare team/api:v1: ") && err.lines().count() == 1,
        "{err}"
    );
    let (code, _, err) = run(&[&words[..], &["v*"]].concat()).await;
    assert_eq!((code, err.lines().count()), (6, 1), "{err}");
    for (words, says) in [
        (
            &["diff", "ONE", "TWO", "--registry", "oci"][..],
            "diff compares the hosts that it names; leave out --registry",
        ),
        (
            &["diff", "ONE", "TWO", "--host", "registry.example"],
            "leave out --host",
        ),
        (
            &["diff", "ONE/team/api", "TWO/team/api", "--tags", "x*"],
            "no tag matches \"x*\"",
        ),
        (
            &["diff", "ONE/team/api", "TWO"],
            "one side is a repository and the other a host",
        ),
        (
            &["diff", "ONE/team/api:v1", "TWO/team/api"],
            "leave out \"v1\"",
        ),
        (&["diff", "team/api", "TWO/team/api"], "write HOST/team/api"),
        (
            &[
                "diff",
                "ONE/team/api",
                "TWO/team/api",
                "--match",
                "digest",
                "--platform",
                "linux/amd64",
            ],
            "a digest covers all platforms",
        ),
        (
            &[
                "diff",
                "ONE",
                "TWO",
                "--match",
                "digest",
                "--platform",
                "linux/amd64",
            ],
            "a digest covers all platforms",
        ),
    ] {
        let (code, out, err) = run(words).await;
        assert_eq!((code, out.as_str()), (2, ""), "{words:?} {err}");
        assert!(err.contains(says), "{words:?}: {err}");
    }
}
