//! Token of the control API.

use crate::digest::{hmac_hex, hmac_matches};
use crate::secrets::random;

/// Random token, which is compared in constant time.
pub(crate) struct Token {
    text: String,
    /// Random key, so that the comparison does not depend on the token alone.
    key: Vec<u8>,
    proof: String,
}

impl Token {
    pub(crate) fn generated() -> Self {
        let (text, key) = (hex::encode(random()), random());
        let proof = hmac_hex(&key, &text);
        Self { text, key, proof }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Whether a caller's text is the token.
    pub(super) fn is(&self, given: &str) -> bool {
        hmac_matches(&self.key, given, &self.proof)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_token_itself_fits() {
        let (token, other) = (Token::generated(), Token::generated());
        assert_eq!(token.text().len(), 64);
        assert!(token.is(token.text()));
        for text in ["", &token.text()[..63], other.text()] {
            assert!(!token.is(text), "{text}");
        }
    }
}
