//! Hashes and keyed hashes.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// Whether `signature` is the hex HMAC-SHA256 of `message`, compared in constant time.
pub(crate) fn hmac_matches(key: &[u8], message: &str, signature: &str) -> bool {
    match (Hmac::<Sha256>::new_from_slice(key), hex::decode(signature)) {
        (Ok(mac), Ok(signature)) => mac.chain_update(message).verify_slice(&signature).is_ok(),
        _ => false,
    }
}

/// Returns the hex HMAC-SHA256 of `message`. Any bytes are a valid key.
pub(crate) fn hmac_hex(key: &[u8], message: &str) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(key);
    let mac = mac.map(|mac| mac.chain_update(message).finalize().into_bytes());
    mac.map(hex::encode).unwrap_or_default()
}
