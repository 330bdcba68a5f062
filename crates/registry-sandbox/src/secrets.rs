//! Secrets of the accounts.

use uuid::Uuid;

use crate::digest::hmac_hex;

/// Length of a generated secret.
const LENGTH: usize = 40;

/// Secrets of one sandbox: the published ones, or random ones.
#[derive(Default)]
pub(crate) struct Secrets {
    /// Key that generated secrets are derived from.
    key: Option<Vec<u8>>,
}

impl Secrets {
    /// Makes random secrets for one sandbox.
    pub(crate) fn generated() -> Self {
        Self {
            key: Some(random()),
        }
    }

    /// Whether everybody can know the secrets.
    pub(crate) fn are_public(&self) -> bool {
        self.key.is_none()
    }

    /// Returns the secret that stands for a published one.
    pub(crate) fn of(&self, published: &str) -> String {
        match &self.key {
            None => published.to_owned(),
            Some(key) => {
                let mut secret = hmac_hex(key, published);
                secret.truncate(LENGTH);
                secret
            }
        }
    }
}

/// Returns 244 random bits of the system.
pub(crate) fn random() -> Vec<u8> {
    let parts = [Uuid::new_v4(), Uuid::new_v4()];
    parts.iter().flat_map(Uuid::as_bytes).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_secrets_differ_from_all_others() {
        assert_eq!(Secrets::default().of("published"), "published");
        let (one, other) = (Secrets::generated(), Secrets::generated());
        assert_eq!(one.of("a"), one.of("a"));
        assert_eq!(one.of("a").len(), LENGTH);
        for secret in ["a".to_owned(), one.of("b"), other.of("a")] {
            assert_ne!(one.of("a"), secret);
        }
    }
}
