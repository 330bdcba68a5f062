//! Passwords for the registry itself.

use huaweicloud_swr::{Credentials, Huaweicloud};
use openapi_transport::{BoxFuture, Error, Lease, Source, SourceError, Timestamp};

use crate::oci::Login;

/// The password for a region's own registry that goes with an access key, for
/// [`oci`](crate::oci). It is made of the key, and no call is sent.
#[derive(Clone, Debug)]
pub struct Logins {
    pub(super) provider: Huaweicloud,
    pub(super) region: Option<String>,
}

impl Logins {
    /// The one of whoever calls at the time `now`. It does not end before the key is deleted.
    ///
    /// # Errors
    /// When the region is not set or there are no credentials; when these are a token or a
    /// temporary key, which have no such password.
    pub async fn get(&self, now: Timestamp) -> Result<Login, Error> {
        let Some(region) = &self.region else {
            return Err(Error::configuration(
                "the region is not set, and the user name begins with it",
            ));
        };
        let (user, password) = match self.provider.credentials(now).await? {
            Credentials::AccessKey(key) => key.login(region)?,
            _ => {
                return Err(Error::credentials(
                    "a login to the registry is made of an access key, and there is a token",
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
