//! Registry login of an access key.

use openapi_transport::{Error, Secret};

use super::AccessKey;
use crate::signer;

impl AccessKey {
    /// Returns user name and password for `docker login` to the Basic edition's registry in
    /// `region`, `swr.REGION.myhuaweicloud.com`: the vendor's *long-term login command*.
    ///
    /// The password is the HMAC-SHA256 of the key's id with the secret key. It does not reveal the
    /// secret key, but it allows pull and push until the key is deleted.
    ///
    /// # Errors
    /// Of kind [`Credentials`](openapi_transport::ErrorKind::Credentials) for a temporary key. Only
    /// the vendor's `CreateSecret` makes a login for it.
    pub fn login(&self, region: &str) -> Result<(String, Secret), Error> {
        if self.security_token.is_some() {
            return Err(Error::credentials(
                "a temporary access key has no login to the registry; use a permanent one",
            ));
        }
        let password = signer::hmac(self.secret.expose().as_bytes(), self.id.as_bytes());
        Ok((
            format!("{region}@{}", self.id),
            Secret::from(hex::encode(password)),
        ))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// `printf AK | openssl dgst -binary -sha256 -hmac SK | od -An -vtx1` is the vendor's command.
    #[test]
    fn the_password_is_as_the_vendors_command_makes_it() {
        let key = AccessKey::new("AKEXAMPLE", "SKEXAMPLE");
        let (user, password) = key.login("cn-north-4").unwrap();
        assert_eq!(user, "cn-north-4@AKEXAMPLE");
        assert_eq!(
            password.expose(),
            "0e88cbb99273df9955697b92044912a5883c7ea4463f1cae99013c9478dba7c0"
        );
        assert!(key.security_token("t").login("cn-north-4").is_err());
    }
}
