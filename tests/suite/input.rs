//! Tests of the user's input: invalid references, typos, and hosts.

use futures_util::TryStreamExt;
use registry_replication::{Error, ErrorKind, Listing};

use crate::any_registry;
use crate::program::{Trial, run};
use crate::subjects::subjects;

/// Checks that a command is refused with this text before anything is sent.
pub(crate) async fn is_refused_unsent(trial: &Trial, words: &[&str], says: &str) {
    let (code, out, err) = trial.run(&[words]).await;
    assert_eq!((code, out.as_str()), (2, ""), "{words:?}: {err}");
    assert!(err.contains(says), "{words:?}: {err}");
    assert_eq!(trial.sandbox.requests(), 0, "{words:?}");
}

#[tokio::test]
async fn a_value_that_cannot_be_is_refused_by_name_before_anything_is_sent() {
    let trial = Trial::start().await;
    let long = format!("team/api:{}", "v".repeat(200));
    let wait = |image: &'static str| vec!["wait", image, "--timeout", "1h"];
    let status = |more: &[&'static str]| [&["status", "team/api:v41"], more].concat();
    for (words, says) in [
        // References to images.
        (wait("team/api:v1+build.5"), "Helm pushes it as"),
        (wait("team/api:v42\r"), "it ends with a carriage return"),
        (wait("team/api:v42 "), "it ends with a blank"),
        (
            wait("team/api:${TAG}"),
            "the variable \"${TAG}\" was not replaced",
        ),
        (
            vec!["wait", &long, "--timeout", "1h"],
            "has 200 characters; at most 128",
        ),
        (wait("team/api"), "it has no tag; write team/api:TAG"),
        (wait("Team/Api:v1"), "write \"team/api\""),
        (wait(""), "it is empty"),
        (wait("team/api:v41@sha256:1"), "has 1 digits"),
        (vec!["status", "team/api:v1+5"], "Helm pushes"),
        (vec!["explain", "team/api:v1+5"], "Helm pushes"),
        // Options of an arrival.
        (status(&["--to", ""]), "--to <DESTINATION>"),
        (
            status(&["--to", "cn-north-1/"]),
            "no namespace after the slash",
        ),
        (status(&["--to", "/team"]), "before the slash"),
        (
            status(&["--to", "cn-north-1//team"]),
            "no namespace after the slash",
        ),
        (status(&["--digest", ""]), "the digest \"\" is empty"),
        (status(&["--digest", "v42"]), "has no algorithm"),
        (
            status(&["--since", "2999-01-01T00:00:00Z"]),
            "invalid --since: 2999-01-01T00:00:00Z is in the future",
        ),
        (status(&["--since", ""]), "neither a time such as"),
        (
            status(&["--stall", "0s"]),
            "'--stall <DURATION>': it is zero",
        ),
        (
            status(&["--settle=-5s"]),
            "'--settle <DURATION>': it is negative",
        ),
        (
            status(&["--appear", "99999999999h"]),
            "it is longer than 10 years",
        ),
        (
            status(&["--appear", "99999999999999999999h"]),
            "it is not a duration",
        ),
        (
            vec!["wait", "team/api:v41", "--timeout", "200000000h"],
            "it is longer than 10 years",
        ),
    ] {
        for of in subjects() {
            is_refused_unsent(&trial, &[&words[..], &of.options()].concat(), says).await;
        }
    }
}

/// Checks the exit code and a text of each command, and that no command changes anything.
pub(crate) async fn changes_nothing(trial: &Trial, cases: &[(&[&str], &[&str], u8, &str)]) {
    for (words, place, code, says) in cases {
        let (found, out, err) = trial.run(&[words, place]).await;
        assert_eq!(found, *code, "{words:?}: {out}{err}");
        assert!(
            format!("{out}{err}").contains(says),
            "{words:?}: {out}{err}"
        );
    }
    let changes = ["Stop", "Cancel", "Execute", "Create"];
    let received = trial.sandbox.received().into_iter();
    let calls: Vec<_> = received.filter_map(|request| request.operation).collect();
    let sent = calls
        .iter()
        .find(|call| changes.iter().any(|word| call.starts_with(word)));
    assert_eq!(sent, None);
}

/// Returns the number of items of a listing, or the error that ends it.
pub(crate) async fn ended<T: Send + 'static>(listing: Listing<T>) -> Result<usize, Error> {
    let all: Vec<T> = listing.by_item().try_collect().await?;
    Ok(all.len())
}

/// Checks that a listing failed because something does not exist.
pub(crate) fn is_absent(case: &str, found: Result<usize, Error>, says: &str) {
    let error = found.expect_err(case);
    assert!(
        matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Service),
        "{case}: {error}"
    );
    assert!(!error.can_retry(), "{case}: {error}");
    assert!(error.to_string().contains(says), "{case}: {error}");
}

#[test]
fn a_typo_in_a_call_is_corrected() {
    let (code, _, err) = run(&["api", "ListRepoSyncTsak"]);
    assert_eq!(code, 2);
    assert!(err.contains("did you mean ListRepoSyncTask?"), "{err}");
}

#[tokio::test]
async fn the_host_of_the_registry_is_taken_off() {
    let digest = format!("sha256:{}", "0a".repeat(32));
    for of in subjects() {
        let trial = any_registry::Trial::start().await;
        let registry = trial.registry(of).await;
        let before = trial.sandbox.requests();
        let image = registry.read_image("team/api:v41").await.unwrap();
        assert_eq!(image.to_string(), "team/api:v41");
        let pinned = format!("team/api:v41@{digest}");
        let image = registry.read_image(&pinned).await.unwrap();
        assert_eq!(image.digest(), Some(digest.as_str()));
        assert_eq!(
            trial.sandbox.requests(),
            before,
            "without a host nothing is asked"
        );

        let hosts = registry.hosts().await.unwrap();
        assert!(hosts[0].contains('.'), "{of:?}: {hosts:?}");
        let with_port = match hosts[0].contains(':') {
            true => hosts[0].clone(),
            false => format!("{}:443", hosts[0]),
        };
        for host in [&hosts[0], &hosts[0].to_uppercase(), &with_port] {
            let image = registry
                .read_image(&format!("{host}/{pinned}"))
                .await
                .unwrap();
            assert_eq!(image.to_string(), pinned, "{host}");
        }
        let other = "elsewhere.example/team/api:v41";
        let error = registry.read_image(other).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        let says = format!(
            "\"elsewhere.example\" is the host of another registry, and this registry is {own}; \
             write team/api:v41 for this registry, or {own}/{other} if",
            own = hosts[0]
        );
        assert!(error.to_string().contains(&says), "{error}");
        // A namespace that looks like a host can be named behind the host.
        let dotted = format!("{}/my.team/a/b:v1", hosts[0]);
        let image = registry.read_image(&dotted).await.unwrap();
        assert_eq!(image.path(), "my.team/a/b");
    }
}
