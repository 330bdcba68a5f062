//! Calls of the OCI distribution API, and the registries' error bodies.

use openapi_transport::{
    Access, Answer, BoxFuture, Dialect, Error, Operation, Reading, Refusal, Stamp, UsedCredentials,
};
use serde_json::Value;

/// Reads the digest of a manifest without fetching the manifest.
pub(super) static HEAD: Operation = operation("HEAD manifest", "HEAD", MANIFEST);
/// Fetches a manifest.
pub(super) static GET: Operation = operation("GET manifest", "GET", MANIFEST);
/// Fetches a blob, such as the config of an image.
pub(super) static BLOB: Operation = operation("GET blob", "GET", "/v2/{name}/blobs/{digest}");
/// Lists the tags of a repository.
pub(super) static TAGS: Operation = operation("GET tags", "GET", "/v2/{name}/tags/list");
/// Lists the repositories of a registry.
pub(super) static CATALOG: Operation = operation("GET catalog", "GET", "/v2/_catalog");
/// Lists what refers to a manifest.
pub(super) static REFERRERS: Operation =
    operation("GET referrers", "GET", "/v2/{name}/referrers/{digest}");
/// Checks that a registry answers.
pub(super) static PING: Operation = operation("GET /v2/", "GET", "/v2/");
/// Gets a token for a user name and a password, or an anonymous token.
pub(super) static TOKEN: Operation = operation("GET token", "GET", "");
/// Gets a token for an identity token. It changes nothing, and may be repeated.
pub(super) static EXCHANGE: Operation = operation("POST token", "POST", "");

const MANIFEST: &str = "/v2/{name}/manifests/{reference}";

const fn operation(name: &'static str, method: &'static str, path: &'static str) -> Operation {
    Operation {
        id: name,
        name,
        version: "",
        method,
        path,
        summary: "",
        family: if path.is_empty() {
            "tokens"
        } else {
            "registry"
        },
        access: Access::Read,
        paging: None,
        accept: "application/json",
        envelope: None,
        signed: false,
        parameters: &[],
        body: None,
    }
}

/// Returns whether a name is that of a call of the OCI distribution API, as errors have it.
pub fn is_operation(name: &str) -> bool {
    let all = [
        &HEAD, &GET, &BLOB, &TAGS, &CATALOG, &REFERRERS, &PING, &TOKEN, &EXCHANGE,
    ];
    all.iter().any(|operation| operation.name == name)
}

/// Returns the accepted media types of an operation.
pub(super) fn accept(operation: &Operation) -> &'static str {
    match operation.id {
        id if id == HEAD.id || id == GET.id => ACCEPT,
        id if id == REFERRERS.id => "application/vnd.oci.image.index.v1+json",
        id if id == BLOB.id => "*/*",
        _ => "application/json",
    }
}

/// Accepted media types of a manifest: images and lists of images, in OCI's and Docker's forms.
const ACCEPT: &str = "application/vnd.oci.image.index.v1+json, \
    application/vnd.oci.image.manifest.v1+json, \
    application/vnd.docker.distribution.manifest.list.v2+json, \
    application/vnd.docker.distribution.manifest.v2+json, \
    application/vnd.oci.artifact.manifest.v1+json";

/// Dialect of the OCI distribution API and its token services. It signs nothing, because each request
/// carries its own authentication.
#[derive(Debug)]
pub(super) struct Distribution;

impl Dialect for Distribution {
    fn sign<'a>(
        &'a self,
        _: &'a mut reqwest::Request,
        _: &'a Operation,
        _: &'a Stamp,
    ) -> BoxFuture<'a, Result<UsedCredentials, Error>> {
        Box::pin(std::future::ready(Ok(None)))
    }

    fn read(&self, answer: &Answer) -> Reading {
        let id = answer.headers.get("x-request-id");
        let refusal = (!answer.status.is_success()).then(|| refusal(&answer.body));
        let code = refusal.as_ref().and_then(|refusal| refusal.code.as_deref());
        Reading {
            request_id: id.and_then(|id| id.to_str().ok()).map(str::to_owned),
            throttled: code == Some("TOOMANYREQUESTS"),
            // Only a 404 of a registry has a code, or names the API.
            absent: answer.status.as_u16() == 404 && (code.is_some() || names_api(answer)),
            denied: matches!(code, Some("DENIED" | "UNAUTHORIZED")),
            refusal,
            ..Reading::default()
        }
    }
}

/// Whether an answer has a header that only registries send.
fn names_api(answer: &Answer) -> bool {
    let names = ["docker-distribution-api-version", "docker-content-digest"];
    names.iter().any(|name| answer.headers.contains_key(*name))
}

/// Whether a body is a manifest, by the fields that all kinds share.
pub(super) fn is_manifest(body: &[u8]) -> bool {
    #[derive(serde::Deserialize)]
    struct Manifest {
        #[serde(rename = "schemaVersion")]
        schema_version: u64,
    }
    serde_json::from_slice::<Manifest>(body).is_ok_and(|manifest| manifest.schema_version > 0)
}

/// Longest message that is kept, in bytes.
const LONG: usize = 300;

/// Reads the first of `errors`, whose code proves a registry; else the message of a token service,
/// without a code.
fn refusal(body: &[u8]) -> Refusal {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |value: &Value, name: &str| {
        let text = value.get(name)?.as_str().filter(|text| !text.is_empty())?;
        Some(text.chars().take(LONG).collect::<String>())
    };
    let first = body.pointer("/errors/0").unwrap_or(&Value::Null);
    let message = text(first, "message");
    Refusal {
        code: text(first, "code"),
        message: message.or_else(|| {
            let names = ["error_description", "error", "details", "message"];
            names.into_iter().find_map(|name| text(&body, name))
        }),
        ..Refusal::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_as_registries_and_token_services_write_them() {
        for (body, code, message) in [
            (
                r#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown","detail":{}}]}"#,
                Some("MANIFEST_UNKNOWN"),
                Some("manifest unknown"),
            ),
            (
                r#"{"errors":[{"code":"DENIED"},{"code":"OTHER"}]}"#,
                Some("DENIED"),
                None,
            ),
            (
                r#"{"details":"incorrect username or password"}"#,
                None,
                Some("incorrect username or password"),
            ),
            (
                r#"{"error":"invalid_grant","error_description":"no"}"#,
                None,
                Some("no"),
            ),
            (r#"{"errors":[]}"#, None, None),
            (r#"{"errors":"no"}"#, None, None),
            (r#"{"code":"X"}"#, None, None),
            ("404 page not found", None, None),
            ("", None, None),
        ] {
            let refusal = refusal(body.as_bytes());
            assert_eq!(refusal.code.as_deref(), code, "{body}");
            assert_eq!(refusal.message.as_deref(), message, "{body}");
        }
    }
}
