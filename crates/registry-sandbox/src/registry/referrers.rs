//! Referrers of a manifest, among the manifests that were pushed to its repository.

use std::collections::BTreeMap;

use hyper::StatusCode;
use hyper::header::{CONTENT_TYPE, HeaderName};
use serde_json::{Value, json};

use super::reply::Reply;
use crate::contents::Contents;

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const FILTERS: HeaderName = HeaderName::from_static("oci-filters-applied");
/// Most referrers of a manifest.
const MOST: usize = 1000;

/// Returns the index of the manifests among `tags` (digests by tag) whose subject is `digest`.
pub(super) fn index(
    tags: &BTreeMap<String, String>,
    digest: &str,
    wanted_type: Option<&str>,
    contents: &Contents,
) -> Reply {
    let mut found: BTreeMap<&str, Value> = BTreeMap::new();
    for own in tags.values() {
        if found.len() < MOST
            && let Some(content) = contents.get(own)
            && let Some(descriptor) = descriptor(own, &content, digest)
            && wanted_type.is_none_or(|wanted| descriptor["artifactType"] == wanted)
        {
            found.insert(own, descriptor);
        }
    }
    let manifests: Vec<_> = found.into_values().collect();
    let body = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests});
    let reply = Reply::text(StatusCode::OK, (CONTENT_TYPE, INDEX), body.to_string());
    match wanted_type {
        Some(_) => reply.with(FILTERS, "artifactType".to_owned()),
        None => reply,
    }
}

/// Returns the descriptor of a manifest if its subject is `digest`.
fn descriptor(own: &str, content: &str, digest: &str) -> Option<Value> {
    let manifest: Value = serde_json::from_str(content).ok()?;
    (manifest["subject"]["digest"] == digest).then_some(())?;
    let artifact_type = manifest["artifactType"].as_str();
    let artifact_type = artifact_type.or(manifest["config"]["mediaType"].as_str());
    let mut descriptor = json!({
        "mediaType": manifest["mediaType"],
        "digest": own,
        "size": content.len(),
        "artifactType": artifact_type,
    });
    if manifest["annotations"].is_object() {
        descriptor["annotations"] = manifest["annotations"].clone();
    }
    Some(descriptor)
}
