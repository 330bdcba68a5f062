//! Passwords for the registry itself.

use openapi_transport::{BoxFuture, Error, Lease, Source, SourceError, Timestamp};

use super::AlibabaCr;
use crate::oci::Login;

/// Passwords for an instance's own registry, for [`oci`](crate::oci): `GetAuthorizationToken`.
///
/// Each is valid for an hour, or as long as its credentials, and has their permissions.
#[derive(Clone, Debug)]
pub struct Logins {
    registry: AlibabaCr,
}

impl AlibabaCr {
    /// Returns the source of passwords for the instance's own registry, whose host is
    /// `INSTANCE-registry.REGION.cr.aliyuncs.com` or a custom domain.
    pub fn logins(&self) -> Logins {
        Logins {
            registry: self.clone(),
        }
    }
}

impl Logins {
    /// Gets a password and its expiry. An [`oci::Client`](crate::oci::Client) calls this by itself.
    ///
    /// # Errors
    /// Any error of the call.
    pub async fn get(&self) -> Result<Lease<Login>, Error> {
        let answer = self
            .registry
            .client
            .get_authorization_token()
            .instance_id(&self.registry.instance)
            .send()
            .await?
            .into_inner();
        let (Some(user), Some(password)) = (answer.temp_username, answer.authorization_token)
        else {
            return Err(Error::credentials(
                "GetAuthorizationToken: the answer lacks TempUsername or AuthorizationToken",
            ));
        };
        let login = Login::password(user, password);
        Ok(match answer.expire_time {
            Some(end) => Lease::until(login, end.0),
            None => Lease::lasting(login),
        })
    }
}

impl Source<Login> for Logins {
    fn name(&self) -> &'static str {
        "GetAuthorizationToken"
    }

    fn load(&self, _: Timestamp) -> BoxFuture<'_, Result<Lease<Login>, SourceError>> {
        Box::pin(async {
            let login = self.get().await;
            login.map_err(|error| SourceError::failed(error.to_string()))
        })
    }
}
