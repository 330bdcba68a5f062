//! Encrypted passwords in the configuration of harbor-cli.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use openapi_transport::{Secret, SourceError, Surroundings, read_secret_file};
use ring::aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

const KEY: &str = "HARBOR_ENCRYPTION_KEY";

/// File with the key below the home directory, which harbor-cli writes where it finds no keyring.
const FILE: &str = ".harbor/keyring/harbor-cli_harbor-cli-encryption-key";

/// Key that passwords are encrypted with.
pub(super) struct Key(LessSafeKey);

impl Key {
    /// Reads the key from its variable or file, in the order of harbor-cli. The system's keyring, which
    /// harbor-cli prefers to the file, is not read.
    pub(super) async fn find(surroundings: &Surroundings) -> Result<Self, SourceError> {
        if let Some(text) = surroundings.variable(KEY) {
            return Self::of(&text).map_err(|why| SourceError::failed(format!("{KEY}: {why}")));
        }
        let missing = || {
            SourceError::failed(format!(
                "the password is encrypted, and its key is not found; set {KEY} to the key, which \
                 the system's keyring may have under harbor-cli"
            ))
        };
        let file = surroundings.in_home(FILE).ok_or_else(missing)?;
        match read_secret_file(&file).await {
            Ok(text) => Self::of(&text)
                .map_err(|why| SourceError::failed(format!("{}: {why}", file.display()))),
            Err(SourceError::NotSet(_)) => Err(missing()),
            Err(why) => Err(why),
        }
    }

    fn of(text: &str) -> Result<Self, &'static str> {
        let bytes = STANDARD.decode(text.trim());
        let bytes = bytes.map_err(|_| "invalid key: expected base64")?;
        let algorithm = match bytes.len() {
            16 => &AES_128_GCM,
            32 => &AES_256_GCM,
            _ => return Err("invalid key: expected 16 or 32 bytes in base64"),
        };
        let key = UnboundKey::new(algorithm, &bytes).map_err(|_| "invalid key")?;
        Ok(Self(LessSafeKey::new(key)))
    }

    /// Decrypts a password: base64 of a nonce, the text and its tag.
    pub(super) fn decrypt(&self, password: &str) -> Result<Secret, &'static str> {
        const FORM: &str = "expected the base64 text that harbor-cli writes";
        let mut bytes = STANDARD.decode(password.trim()).map_err(|_| FORM)?;
        let (nonce, text) = bytes.split_at_mut_checked(NONCE_LEN).ok_or(FORM)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| FORM)?;
        let opened = self.0.open_in_place(nonce, Aad::empty(), text);
        let text = opened.map_err(|_| "the key is not the one that it was encrypted with")?;
        let text = std::str::from_utf8(text).map_err(|_| "the password is not text")?;
        Ok(text.into())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// Made with the `cryptography` package of Python: AES-256-GCM, nonce before the text.
    const KEY_TEXT: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    const ENCRYPTED: &str = "ZGVmZ2hpamtsbW5vAHqsBBabZ6wNVmqO5O21u8nvm2kFzTni7+Jg";

    #[test]
    fn a_password_is_decrypted() {
        let key = Key::of(KEY_TEXT).map_err(str::to_owned).unwrap();
        let password = key.decrypt(ENCRYPTED).unwrap();
        assert_eq!(password.expose(), "Harbor12345");
    }

    #[test]
    fn what_cannot_be_decrypted_says_why() {
        let other = STANDARD.encode([7; 32]);
        let key = Key::of(&other).map_err(str::to_owned).unwrap();
        for (text, says) in [
            (ENCRYPTED, "the key is not the one"),
            ("Harbor12345", "expected the base64 text"),
            ("aGFyYm9y", "expected the base64 text"),
            ("", "expected the base64 text"),
        ] {
            let why = key.decrypt(text).unwrap_err();
            assert!(why.contains(says), "{text}: {why}");
        }
        for text in ["", "hush", "aGFyYm9y"] {
            assert!(Key::of(text).is_err(), "{text}");
        }
    }
}
