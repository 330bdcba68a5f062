//! Differences between the tags of two registries.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::TryStreamExt;
use openapi_transport::{ContextBuilder, ErrorKind, RetryPolicy};
use registry_replication::oci::{Client, Diff, TagDiff, TagState};
use registry_tests::hostile::{Hostile, Reply, Request};
use serde_json::json;

use crate::program::run;

const UNKNOWN: &str = r#"{"errors":[{"code":"NAME_UNKNOWN","message":"unknown"}]}"#;

/// Contents of a registry: digests by repository and tag, and tags that its lists leave out.
#[derive(Clone, Default)]
struct Contents {
    repositories: BTreeMap<&'static str, BTreeMap<&'static str, char>>,
    unlisted: Vec<&'static str>,
}

impl Contents {
    fn new(repositories: &[(&'static str, &[(&'static str, char)])]) -> Self {
        let all = repositories.iter();
        Self {
            repositories: all
                .map(|(name, tags)| (*name, tags.iter().copied().collect()))
                .collect(),
            unlisted: Vec::new(),
        }
    }

    fn answer(&self, request: &Request) -> Reply {
        let path = request.path().strip_prefix("/v2/").unwrap_or_default();
        if path == "_catalog" {
            let names: Vec<_> = self.repositories.keys().collect();
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
        let contents = Arc::new(self);
        Hostile::start(move |request| contents.answer(request)).await
    }
}

fn client(server: &Hostile) -> Client {
    let once = |context: ContextBuilder| context.retry(RetryPolicy::never()).rate_limit(None);
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
    for (words, says) in [
        (
            &["diff", "ONE/team/api", "TWO/team/api", "--tags", "x*"][..],
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
    ] {
        let (code, out, err) = run(words).await;
        assert_eq!((code, out.as_str()), (2, ""), "{words:?} {err}");
        assert!(err.contains(says), "{words:?}: {err}");
    }
}
