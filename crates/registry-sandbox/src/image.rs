//! Images in the form of the OCI image specification.

use serde_json::{Value, json};

use crate::fleet;

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";
/// Two blocks of zeros: a tar archive without files.
const ARCHIVE: &str = match std::str::from_utf8(&[0; 1024]) {
    Ok(zeros) => zeros,
    Err(_) => "",
};

/// An image without files for one platform.
pub(crate) struct Image {
    /// Its manifest.
    pub(crate) manifest: String,
    /// Its config and its layer.
    pub(crate) blobs: [String; 2],
}

/// Makes the image of a text, which is in its config. The same text makes the same image.
///
/// With a subject (digest and size), the image refers to it, as a signature does.
pub(crate) fn of(text: &str, subject: Option<(&str, usize)>) -> Image {
    let config = json!({
        "architecture": "amd64",
        "os": "linux",
        "author": text,
        "config": {},
        "rootfs": {"type": "layers", "diff_ids": [fleet::manifest_digest(ARCHIVE)]},
    })
    .to_string();
    let mut manifest = json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": descriptor(CONFIG, &config),
        "layers": [descriptor(LAYER, ARCHIVE)],
    });
    if let Some((digest, size)) = subject {
        manifest["artifactType"] = json!("application/vnd.sandbox.note");
        manifest["subject"] = json!({"mediaType": MANIFEST, "digest": digest, "size": size});
    }
    Image {
        manifest: manifest.to_string(),
        blobs: [config, ARCHIVE.to_owned()],
    }
}

fn descriptor(media_type: &str, content: &str) -> Value {
    json!({
        "mediaType": media_type,
        "digest": fleet::manifest_digest(content),
        "size": content.len(),
    })
}
