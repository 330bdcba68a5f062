//! Digests of bytes.

use sha2::{Digest, Sha256, Sha512};

/// Returns the SHA-256 digest of bytes, `sha256:…`.
pub(super) fn sha256(bytes: &[u8]) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(bytes)))
}

/// Whether the algorithm of a digest is known.
pub(super) fn is_known(digest: &str) -> bool {
    like(digest, b"").is_some()
}

/// Returns the digest of bytes by the algorithm of another digest. Returns `None` if the algorithm is
/// unknown, or the text is not a digest.
pub(super) fn like(digest: &str, bytes: &[u8]) -> Option<String> {
    match digest.split_once(':')?.0 {
        "sha256" => Some(sha256(bytes)),
        "sha512" => Some(format!("sha512:{}", hex::encode(Sha512::digest(bytes)))),
        _ => None,
    }
}

/// Checks bytes against their digest.
///
/// # Errors
/// Why the bytes do not prove the digest.
pub(super) fn verify(digest: &str, bytes: &[u8]) -> Result<(), String> {
    match like(digest, bytes) {
        Some(actual) if actual == digest => Ok(()),
        Some(actual) => Err(format!("the answer has the digest {actual} instead")),
        None => {
            let algorithm = digest.split(':').next().unwrap_or_default();
            Err(format!(
                "unknown digest algorithm {algorithm}; only sha256 and sha512 can be verified"
            ))
        }
    }
}
