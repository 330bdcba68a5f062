//! Answers of registries and token services that prove nothing about an image.

use registry_tests::hostile::{Hostile, Reply, Request};
use sha2::{Digest, Sha256, Sha512};

use crate::oci::{MANIFEST, MANIFEST_DIGEST};
use crate::program::run;

const DIGEST: &str = "docker-content-digest";

fn sha256(text: &str) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(text)))
}

/// Runs the program. `HOST` stands for the server. Returns the exit code and both outputs.
async fn program(line: &str, server: &Hostile) -> (u8, String) {
    let line = line.replace("HOST", server.host());
    let words: Vec<_> = line.split(' ').map(str::to_owned).collect();
    let run = move || run(&words.iter().map(String::as_str).collect::<Vec<_>>());
    let (code, out, err) = tokio::task::spawn_blocking(run).await.unwrap();
    (code, format!("{out}{err}"))
}

#[tokio::test]
async fn a_refusal_of_the_token_service_is_no_missing_image() {
    for (status, code) in [
        (404, "MANIFEST_UNKNOWN"),
        (404, "NAME_UNKNOWN"),
        (404, ""),
        (405, "UNSUPPORTED"),
        (501, ""),
        (400, "NAME_INVALID"),
    ] {
        let body = match code {
            "" => String::new(),
            code => format!(r#"{{"errors":[{{"code":"{code}","message":"no"}}]}}"#),
        };
        let server = Hostile::start(move |request| match request.path() {
            "/token" => Reply::answer(status, &[], body.clone()),
            _ => {
                let host = request.header("host").unwrap();
                let challenge = format!("Bearer realm=\"http://{host}/token\"");
                Reply::answer(401, &[("www-authenticate", &challenge)], "")
            }
        })
        .await;
        for line in [
            "status HOST/team/api:v1",
            "wait HOST/team/api:v1 --timeout 5s",
        ] {
            let (found, text) = program(line, &server).await;
            assert_ne!(found, 4, "{line} {status} {code}: {text}");
            let says = "the token service refused the call: GET token";
            assert!(text.contains(says), "{line} {status} {code}: {text}");
            assert!(!text.contains("does not have"), "{text}");
        }
    }
}

/// Starts a server that answers 404 without a body, except to `/v2/`.
async fn without_body(headers: &'static [(&str, &str)], base: Reply) -> Hostile {
    Hostile::start(move |request: &Request| match request.path() {
        "/v2/" => base.clone(),
        _ => Reply::answer(404, headers, "not found"),
    })
    .await
}

#[tokio::test]
async fn an_absence_without_a_body_counts_at_a_registry() {
    let absent = || Reply::answer(404, &[], "404 page not found");
    let challenge = &[("www-authenticate", "Basic realm=\"x\"")];
    let version = &[("docker-distribution-api-version", "registry/2.0")];
    for server in [
        without_body(&[], Reply::answer(200, &[], "{}")).await,
        without_body(&[], Reply::answer(401, challenge, "")).await,
        without_body(version, absent()).await,
    ] {
        let line = "wait HOST/team/api:v1 --timeout 5s";
        let (code, text) = program(line, &server).await;
        assert_eq!(code, 4, "{text}");
        assert!(text.contains("does not have team/api:v1"), "{text}");
        let (code, text) = program("status HOST/team/api:v1", &server).await;
        assert_eq!(code, 4, "{text}");
    }
    for base in [absent(), Reply::answer(403, &[], ""), Reply::HangUp] {
        let server = without_body(&[], base).await;
        let line = "wait HOST/team/api:v1 --timeout 5s";
        let (code, text) = program(line, &server).await;
        assert_eq!(code, 1, "{text}");
        let says = "no answer shows that this host is a registry; check the host";
        assert!(text.contains(says), "{text}");
    }
}

#[tokio::test]
async fn bytes_that_are_no_manifest_do_not_arrive() {
    let twice = r#"{"schemaVersion":2,"config":{"digest":"x"},"manifests":[]}"#;
    for body in [
        "<html>sign in</html>",
        r#"{"errors":[{"code":"DENIED"}]}"#,
        r#"{"hello":"world"}"#,
        "{}",
        "",
        twice,
    ] {
        let digest = sha256(body);
        let server = Hostile::start(move |_| Reply::answer(200, &[(DIGEST, &digest)], body)).await;
        let by_digest = format!("status HOST/team/api@{}", sha256(body));
        for line in ["status HOST/team/api:v1", &by_digest] {
            let (code, text) = program(line, &server).await;
            assert_eq!(code, 1, "{body}: {text}");
            assert!(text.contains("manifest"), "{body}: {text}");
        }
        let (code, text) = program("wait HOST/team/api:v1 --timeout 5s", &server).await;
        assert_eq!(code, 4, "{body}: {text}");
        // Also if the last poll was one that only asked for the digest.
        assert!(text.contains("manifest"), "{body}: {text}");
    }
}

#[tokio::test]
async fn a_digest_of_another_algorithm_is_computed() {
    let sha512 = format!("sha512:{}", hex::encode(Sha512::digest(MANIFEST)));
    let answer = move |_: &Request| Reply::answer(200, &[(DIGEST, &sha512)], MANIFEST);
    let server = Hostile::start(answer.clone()).await;
    let source =
        Hostile::start(|_| Reply::answer(200, &[(DIGEST, MANIFEST_DIGEST)], MANIFEST)).await;
    for line in [
        format!("status HOST/team/api@{MANIFEST_DIGEST}"),
        format!("status HOST/team/api:v1@{MANIFEST_DIGEST}"),
        "status HOST/team/api:v1".to_owned(),
        format!("status {}/team/api:v1 --to HOST", source.host()),
        format!("status HOST/team/api:v1 --to {}", source.host()),
    ] {
        let (code, text) = program(&line, &server).await;
        assert_eq!(code, 0, "{line}: {text}");
    }
    let other = format!("sha256:{}", "1".repeat(64));
    let (code, text) = program(&format!("status HOST/team/api:v1@{other}"), &server).await;
    assert_eq!(code, 6, "{text}");
    assert!(text.contains("under the tag, and"), "{text}");
    let (code, text) = program(&format!("status HOST/team/api@{other}"), &server).await;
    assert_eq!(code, 1, "{text}");
    assert!(!text.contains("under the tag"), "{text}");
}

#[tokio::test]
async fn an_image_with_a_digest_takes_no_other_image() {
    let server = Hostile::start(|_| Reply::HangUp).await;
    let line = format!("status HOST/team/api:v1@{MANIFEST_DIGEST} --from HOST/team/api:v2");
    let (code, text) = program(&line, &server).await;
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("has a digest; leave out --from"), "{text}");
    assert_eq!(server.count(), 0);
}
