//! Texts of Harbor-based registries in a task's `src_resource` and `dst_resource`.

use serde::Deserialize;

use crate::model::{Artifact, ImageRef};

/// Source, destination and operation of a task, as far as its texts tell.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Resources {
    pub(crate) source: Option<ImageRef>,
    pub(crate) destination: Option<ImageRef>,
    pub(crate) operation: Option<String>,
}

const DESTINATION: &str = r#"", "dst_resource":""#;
const OPERATION: &str = r#"", "operation":""#;

impl Resources {
    /// Reads both texts. The vendor's page shows a source that also contains the destination and the
    /// operation; this splits that form.
    pub(crate) fn read(
        source: Option<&str>,
        destination: Option<&str>,
        operation: Option<&str>,
    ) -> Self {
        let (source, swallowed) = match source.and_then(|text| text.split_once(DESTINATION)) {
            Some((source, rest)) => (Some(source), Some(rest)),
            None => (source, None),
        };
        let (inner, inner_operation) = match swallowed.and_then(|text| text.split_once(OPERATION)) {
            Some((destination, operation)) => (Some(destination), Some(operation)),
            None => (swallowed, None),
        };
        Self {
            source: source.and_then(image),
            destination: destination.or(inner).and_then(image),
            operation: operation.or(inner_operation).map(str::to_owned),
        }
    }
}

/// A JSON document, Harbor's `repo [N item(s) in total]`, or a plain name.
fn image(text: &str) -> Option<ImageRef> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    Some(
        document(text)
            .or_else(|| counted(text))
            .unwrap_or_else(|| plain(text)),
    )
}

#[derive(Deserialize)]
struct Document {
    metadata: Metadata,
}

#[derive(Deserialize)]
struct Metadata {
    repository: Option<Repository>,
    #[serde(default, deserialize_with = "openapi_transport::tolerant")]
    artifacts: Vec<DocumentArtifact>,
}

#[derive(Deserialize)]
struct Repository {
    #[serde(default, deserialize_with = "openapi_transport::tolerant")]
    name: Option<String>,
}

#[derive(Deserialize)]
struct DocumentArtifact {
    #[serde(default, deserialize_with = "openapi_transport::tolerant")]
    digest: Option<String>,
    #[serde(default, deserialize_with = "openapi_transport::tolerant")]
    tags: Vec<String>,
}

fn document(text: &str) -> Option<ImageRef> {
    let document: Document = serde_json::from_str(text).ok()?;
    let name = document.metadata.repository.and_then(|r| r.name);
    let mut image = ImageRef::of_repository(name.as_deref().unwrap_or_default());
    image.artifacts = document
        .metadata
        .artifacts
        .into_iter()
        .map(|artifact| Artifact {
            digest: artifact.digest.filter(|digest| !digest.is_empty()),
            tags: artifact.tags,
        })
        .collect();
    Some(image)
}

fn counted(text: &str) -> Option<ImageRef> {
    let (name, rest) = text.rsplit_once(" [")?;
    let count = rest.strip_suffix(" item(s) in total]")?.parse().ok()?;
    let mut image = ImageRef::of_repository(name);
    image.artifact_count = Some(count);
    Some(image)
}

fn plain(text: &str) -> ImageRef {
    // Invalid JSON does not name an image.
    if text.starts_with(['{', '[']) {
        return ImageRef::default();
    }
    let (text, digest) = match text.split_once('@') {
        Some((text, digest)) => (text, Some(digest.to_owned())),
        None => (text, None),
    };
    let (name, tag) = match text.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, Some(tag.to_owned())),
        _ => (text, None),
    };
    let mut image = ImageRef::of_repository(name).with_tag(tag);
    if digest.is_some() {
        match image.artifacts.first_mut() {
            Some(artifact) => artifact.digest = digest,
            None => image.artifacts.push(Artifact {
                digest,
                tags: Vec::new(),
            }),
        }
    }
    image
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const SOURCE: &str = r#"{"metadata":{"repository":{"name":"root/nats"},"artifacts":[{"digest":"sha256:de","tags":["1.2.0","latest"],"labels":null},{"digest":"sha256:28","tags":null}],"v_tags":null},"deleted":false}"#;
    const TARGET: &str = r#"{"metadata":{"repository":{"name":"copies/nats"},"artifacts":null}}"#;

    #[test]
    fn a_document_is_read() {
        let source = image(SOURCE).unwrap();
        assert_eq!(source.to_string(), "root/nats (2 tags)");
        assert_eq!(source.artifacts[0].digest.as_deref(), Some("sha256:de"));
        assert_eq!(source.artifacts[1].tags, Vec::<String>::new());
    }

    #[test]
    fn the_glued_form_of_the_page_is_taken_apart() {
        let glued = format!(r#"{SOURCE}", "dst_resource":"{TARGET}", "operation":"copy"#);
        let apart = Resources::read(Some(&glued), None, None);
        let proper = Resources::read(Some(SOURCE), Some(TARGET), Some("copy"));
        assert_eq!(apart, proper);
        assert_eq!(apart.destination.unwrap().to_string(), "copies/nats");
    }

    #[test]
    fn other_forms_are_kept_as_far_as_they_go() {
        for (text, shown) in [
            (
                "library/nginx [3 item(s) in total]",
                "library/nginx (3 artifacts)",
            ),
            ("library/nginx", "library/nginx"),
            ("library/nginx:1.27", "library/nginx:1.27"),
            ("library/nginx:1.27@sha256:ab", "library/nginx:1.27"),
            ("library/nginx@sha256:ab", "library/nginx"),
            ("host:5000/nginx", "host:5000/nginx"),
            ("nginx", "nginx"),
            (r#"{"metadata":"#, "?"),
            (r#"{"metadata":{"repository":null,"artifacts":null}}"#, "?"),
        ] {
            assert_eq!(image(text).unwrap().to_string(), shown, "{text}");
        }
        assert_eq!(Resources::read(Some(""), None, None), Resources::default());
    }
}
