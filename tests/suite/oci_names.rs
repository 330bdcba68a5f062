//! Names of images, destinations and registries, as people write them for the program.

use registry_tests::hostile::{Hostile, Reply, Request};
use serde_json::{Value, json};

use crate::oci::{MANIFEST, MANIFEST_DIGEST as DIGEST};
use crate::program::run;

/// Starts a registry that has `api:v1` and `a/b/api:v1`, and denies all access to `secret`.
async fn registry() -> Hostile {
    let unknown = |code: &str| {
        let body = json!({"errors": [{"code": code}]});
        Reply::answer(404, &[], body.to_string())
    };
    Hostile::start(move |request: &Request| {
        let path = request.path().strip_prefix("/v2/").unwrap();
        let (name, reference) = path.split_once("/manifests/").unwrap();
        match (name, reference) {
            ("api" | "a/b/api", "v1" | DIGEST) => {
                Reply::answer(200, &[("docker-content-digest", DIGEST)], MANIFEST)
            }
            ("api", _) => unknown("MANIFEST_UNKNOWN"),
            ("secret", _) => Reply::answer(403, &[], "{}"),
            _ => unknown("NAME_UNKNOWN"),
        }
    })
    .await
}

/// Runs the program. `HOST` and `OTHER` stand for registries.
async fn program(line: &str, servers: [&Hostile; 2]) -> (u8, String, String) {
    let [host, other] = servers.map(|server| server.host().to_owned());
    let line = line.replace("HOST", &host).replace("OTHER", &other);
    tokio::task::spawn_blocking(move || run(&line.split(' ').collect::<Vec<_>>()))
        .await
        .unwrap()
}

#[tokio::test]
async fn names_that_are_accepted() {
    let (one, two) = (registry().await, registry().await);
    for (line, code, says) in [
        ("status HOST/api:v1", 0, &["arrived"][..]),
        ("status HOST/api:v1 --registry oci", 0, &["arrived"]),
        ("status api:v1 --registry oci --host HOST", 0, &["arrived"]),
        (
            "status HOST/api --digest sha256:bafebd36189ad3688b7b3915ea55d461e0bfcfbdde11e54b0a123999fb6be50f",
            0,
            &["arrived"],
        ),
        (
            "status HOST/api:v1 --to OTHER/a/b",
            0,
            &["OTHER/a/b", "arrived"],
        ),
        (
            "status HOST/api:v1 --to OTHER/a/b,OTHER/none",
            4,
            &["OTHER/a/b", "OTHER/none"],
        ),
        // The registry says that it lacks the repository, or only the tag.
        (
            "status HOST/none/api:v1",
            4,
            &["the destination does not have the repository HOST/none/api"],
        ),
        (
            "status HOST/api:v2",
            4,
            &["the destination does not have api:v2"],
        ),
        (
            "status --from OTHER/none/api:v1 --to HOST",
            4,
            &["the source has no repository OTHER/none/api"],
        ),
        (
            "explain HOST/none/api:v1",
            4,
            &["the destination does not have the repository"],
        ),
    ] {
        let (found, out, err) = program(line, [&one, &two]).await;
        assert_eq!((found, err.as_str()), (code, ""), "{line}: {out}");
        for says in says {
            let says = says
                .replace("HOST", one.host())
                .replace("OTHER", two.host());
            assert!(out.contains(&says), "{line}: {out}");
        }
    }
    let asked = |server: &Hostile, path: &str| {
        let requests = server.requests();
        requests.iter().any(|request| request.path() == path)
    };
    assert!(asked(&two, "/v2/a/b/api/manifests/v1"));
    assert!(asked(&one, &format!("/v2/api/manifests/{DIGEST}")));
}

#[tokio::test]
async fn names_that_are_refused() {
    let server = registry().await;
    for (line, says) in [
        (
            "status alpine:3",
            &[
                "use --registry NAME",
                "HOST/alpine:3, or docker.io/library/alpine:3 for Docker Hub",
            ][..],
        ),
        (
            "wait team/api:v1 --timeout 1s",
            &["or docker.io/team/api:v1 for Docker Hub"],
        ),
        ("status HOST/api", &["it has no tag; write HOST/api:TAG"]),
        (
            "status HOST/api:v1 --to https://OTHER",
            &["leave out https://; write OTHER"],
        ),
        (
            "status HOST/api:v1 --to OTHER/api:v1",
            &["it names an image"],
        ),
        (
            "status HOST/api:v1 --to OTHER/a//b",
            &["it has no namespace after the slash"],
        ),
        ("status [::1/api:v1", &["the host \"[::1\" is invalid"]),
        (
            "status HOST/api:v1 HOST/api:v2 --digest sha256:bafebd36189ad3688b7b3915ea55d461e0bfcfbdde11e54b0a123999fb6be50f",
            &["--digest applies to one image"],
        ),
    ] {
        // `HOST` is a placeholder of the program's, too.
        let line = line
            .replace("HOST", "127.0.0.1:1")
            .replace("OTHER", "127.0.0.1:2");
        let (code, out, err) = program(&line, [&server, &server]).await;
        assert_eq!((code, out.as_str()), (2, ""), "{line}: {err}");
        for says in says {
            let told = says
                .replace("HOST/api", "127.0.0.1:1/api")
                .replace("OTHER", "127.0.0.1:2");
            assert!(err.contains(&told), "{line}: {err}");
        }
    }
    assert_eq!(server.count(), 0);
    let (code, _, err) = program("status [::1]:1/api:v1", [&server, &server]).await;
    assert_eq!(code, 1, "{err}");
    assert!(err.contains("cannot connect to [::1]:1"), "{err}");
}

#[tokio::test]
async fn several_images_are_polled_at_once() {
    let server = registry().await;
    let servers = [&server, &server];
    let (code, out, err) = program("status HOST/api:v1 HOST/none:v1", servers).await;
    assert_eq!((code, err.as_str()), (4, ""), "{out}");
    assert!(out.contains("/api:v1") && out.contains("/none:v1"), "{out}");
    let (code, out, err) = program("explain HOST/api:v1 HOST/none:v1", servers).await;
    assert_eq!((code, err.as_str()), (4, ""), "{out}");
    assert_eq!(out.matches("VERDICT").count(), 1, "{out}");
    assert_eq!(out.matches(": pending").count(), 1, "{out}");
    assert_eq!(out.matches(": arrived").count(), 1, "{out}");

    let json = |out: &str| serde_json::from_str::<Value>(out).unwrap();
    for command in ["status", "explain"] {
        let (_, out, _) = program(&format!("{command} HOST/api:v1 -o json"), servers).await;
        assert_eq!(json(&out)[0]["verdict"], "arrived");
        let line = format!("{command} HOST/api:v1 HOST/none:v1 -o json");
        let (_, out, _) = program(&line, servers).await;
        let all = json(&out);
        assert_eq!(all.as_array().unwrap().len(), 2);
        assert_eq!(all[1]["verdict"], "pending");
        // One that cannot be polled does not hide the other.
        let line = format!("{command} HOST/secret:v1 HOST/api:v1 HOST/secret:v1 -o json");
        let (code, out, err) = program(&line, servers).await;
        assert_eq!(code, 7, "{err}");
        assert_eq!(json(&out).as_array().unwrap().len(), 1);
        assert_eq!(err.matches("HTTP 403").count(), 1, "{err}");
    }
    // Images of one registry share answers. Three of them would take six requests.
    let before = server.count();
    program("status HOST/api:v1 HOST/api:v1 HOST/api:v1", servers).await;
    assert!(server.count() - before < 6);
}
