//! Passwords for the registry itself.

use huaweicloud_swr::{Credentials, Huaweicloud};
use openapi_transport::{BoxFuture, Error, Lease, Source, SourceError, Timestamp};

use crate::oci::Login;

/// Source of an access key's password for a region's own registry, for [`oci`](crate::oci). It is
/// computed from the key, without a call.
#[derive(Clone, Debug)]
pub struct Logins {
    pub(super) provider: Huaweicloud,
    pub(super) region: Option<String>,
}

impl Logins {
    /// Returns the login of the caller at the time `now`. It is valid until the key is deleted.
    ///
    /// # Errors
    /// When the region or the credentials are missing, or when the credentials are a token or a
    /// temporary key, which have no such password.
    pub async fn get(&self, now: Timestamp) -> Result<Login, Error> {
        let Some(region) = &self.region else {
            return Err(Error::configuration(
                "missing region: the user name of the login begins with it; set the region",
            ));
        };
        let (user, password) = match self.provider.credentials(now).await? {
            Credentials::AccessKey(key) => key.login(region)?,
            _ => {
                return Err(Error::credentials(
                    "the credentials are a token, but a login to the registry needs an access key",
                ));
            }
        };
        Ok(Login::password(user, password))
    }
}

impl Source<Login> for Logins {
    fn name(&self) -> &'static str {
        "access key"
    }

    fn load(&self, now: Timestamp) -> BoxFuture<'_, Result<Lease<Login>, SourceError>> {
        Box::pin(async move {
            let login = self.get(now).await.map(Lease::lasting);
            login.map_err(|error| SourceError::failed(error.to_string()))
        })
    }
}
