//! Injected chance.

use std::fmt::Debug;

/// Source of chance for nonces in signatures and for waits that must not coincide.
pub trait Chance: Debug + Send + Sync {
    /// Returns a text that never repeats.
    fn nonce(&self) -> String;

    /// Returns a number from 0 (included) to 1 (excluded).
    fn fraction(&self) -> f64;
}

/// Chance from the operating system: nonces of 32 hexadecimal digits.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemChance;

impl Chance for SystemChance {
    fn nonce(&self) -> String {
        uuid::Uuid::new_v4().simple().to_string()
    }

    fn fraction(&self) -> f64 {
        // The low half of a random UUID has 62 random bits; 53 fill a float.
        let (_, low) = uuid::Uuid::new_v4().as_u64_pair();
        (low & ((1 << 53) - 1)) as f64 / (1_u64 << 53) as f64
    }
}
