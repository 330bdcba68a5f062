//! Arrivals of images with the artifacts that refer to them, at registries with bad answers.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::StreamExt;
use openapi_transport::{ContextBuilder, RetryPolicy, Surroundings};
use registry_replication::distribution::OciRegistry;
use registry_replication::oci::Hosts;
use registry_replication::{Polling, Registry, Verdict, WaitError};
use registry_tests::hostile::{Hostile, Reply, Request};
use registry_tests::{noon, quick_clock};
use serde_json::json;

use crate::oci::{MANIFEST, MANIFEST_DIGEST as DIGEST};

const UNKNOWN: &str = r#"{"errors":[{"code":"NAME_UNKNOWN","message":"unknown"}]}"#;

/// Bad answers of the referrers API.
fn bad() -> [(&'static str, Reply); 6] {
    let html = &[("content-type", "text/html")];
    [
        ("absent", Reply::answer(404, &[], UNKNOWN)),
        ("absent without a reason", Reply::answer(404, &[], "")),
        ("broken", Reply::answer(500, &[], "")),
        ("denied", Reply::answer(403, &[], "{}")),
        ("a page for people", Reply::answer(200, html, "<html>")),
        ("cut", Reply::json(r#"{"schemaVersion":2,"manif"#)),
    ]
}

/// Returns the digest of the signature.
fn signature() -> String {
    format!("sha256:{}", "5".repeat(64))
}

/// Returns the list of referrers.
fn listed(is_signed: bool) -> Reply {
    let signature = json!({
        "digest": signature(),
        "artifactType": "application/x",
    });
    let entries: Vec<_> = is_signed.then_some(signature).into_iter().collect();
    let index = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": entries,
    });
    Reply::json(index.to_string())
}

/// Starts a registry with an image. `referrers` answers the nth question for referrers.
async fn registry(mut referrers: impl FnMut(usize) -> Reply + Send + 'static) -> Hostile {
    let mut count = 0;
    Hostile::start(move |request: &Request| {
        let path = request.path();
        if path.contains("/referrers/") {
            count += 1;
            return referrers(count);
        }
        if path.ends_with(&format!("/{}", signature())) {
            return Reply::answer(200, &[("docker-content-digest", &signature())], "");
        }
        match path.ends_with("/v1") || path.ends_with(&format!("/{DIGEST}")) {
            true => Reply::answer(200, &[("docker-content-digest", DIGEST)], MANIFEST),
            false => Reply::answer(404, &[], UNKNOWN),
        }
    })
    .await
}

/// Waits for an image with its referrers. Returns the last verdict and its reason.
async fn wait(source: &Hostile, mirror: &Hostile) -> (Verdict, String) {
    let clock = quick_clock(noon());
    let once = move |context: ContextBuilder| {
        let context = context.retry(RetryPolicy::never()).rate_limit(None);
        context.clock(clock.clone())
    };
    let nothing = Surroundings::new(|_| None);
    let hosts = Hosts::new().surroundings(nothing).configure(once);
    let registry = OciRegistry::new(source.host(), hosts).unwrap();
    let arrival = registry.arrival("team/api:v1").to(mirror.host());
    let second = Duration::from_secs(1);
    let arrival = arrival
        .with_referrers()
        .polling(Polling::new(second, second));
    let mut reports = arrival.wait(Duration::from_secs(20));
    let mut last = None;
    while let Some(item) = reports.next().await {
        match item {
            Ok(report) => last = Some(report),
            Err(WaitError::DeadlinePassed { .. }) => break,
            Err(error) => panic!("{error}"),
        }
    }
    let report = last.unwrap();
    let reasons = report.destinations[0].reasons.first();
    (
        report.verdict,
        reasons.map(ToString::to_string).unwrap_or_default(),
    )
}

#[tokio::test]
async fn a_bad_answer_hides_no_referrer() {
    for (name, reply) in bad() {
        for is_bad in [
            &[1][..],
            &[2],
            &[3],
            &[1, 2],
            &[1, 2, 3],
            &[1, 3],
            &[2, 3],
            &[2, 3, 4, 5, 6, 7],
        ] {
            let reply = reply.clone();
            let source = registry(move |nth| match is_bad.contains(&nth) {
                true => reply.clone(),
                false => listed(true),
            });
            let (source, mirror) = (source.await, registry(|_| listed(false)).await);
            let (verdict, why) = wait(&source, &mirror).await;
            assert_eq!(verdict, Verdict::Pending, "{name} {is_bad:?}");
            assert!(
                why.contains("without what refers to it"),
                "{name} {is_bad:?}: {why}"
            );
        }
    }
}

#[tokio::test]
async fn referrers_that_cannot_be_read_have_not_arrived() {
    for (name, reply) in bad() {
        // The source has listed them once.
        let bad = reply.clone();
        let source = registry(move |nth| match nth {
            1 => listed(true),
            _ => bad.clone(),
        });
        let (source, mirror) = (source.await, registry(|_| listed(true)).await);
        let (verdict, why) = wait(&source, &mirror).await;
        assert_eq!(verdict, Verdict::Pending, "{name}");
        let says = "cannot read the referrers of the image at the source";
        assert!(why.contains(says), "{name}: {why}");

        let mirror = registry(move |_| reply.clone()).await;
        let source = registry(|_| listed(true)).await;
        let (verdict, why) = wait(&source, &mirror).await;
        assert_eq!(verdict, Verdict::Pending, "{name}");
        let has_no_api = name.starts_with("absent") || name == "a page for people";
        let says = match has_no_api {
            true => "without what refers to it",
            false => "cannot read the referrers of the image at the destination",
        };
        assert!(why.contains(says), "{name}: {why}");
    }
}

#[tokio::test]
async fn referrers_arrive_after_the_image() {
    let asked = Arc::new(Mutex::new(0));
    let count = asked.clone();
    let mirror = registry(move |nth| {
        *count.lock().unwrap() = nth;
        listed(nth > 3)
    });
    let (source, mirror) = (registry(|_| listed(true)).await, mirror.await);
    let (verdict, why) = wait(&source, &mirror).await;
    assert_eq!((verdict, why.as_str()), (Verdict::Arrived, ""));
    // Two looks have shown them.
    assert_eq!(*asked.lock().unwrap(), 5);

    // A source without the API has no referrers if two answers of each look say so.
    let absent = || registry(|_| Reply::answer(404, &[], UNKNOWN));
    let (verdict, why) = wait(&absent().await, &absent().await).await;
    assert_eq!((verdict, why.as_str()), (Verdict::Arrived, ""));
}
