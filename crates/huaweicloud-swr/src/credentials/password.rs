//! Tokens for an IAM user's name and password.

use openapi_transport::{BoxFuture, Lease, Source, SourceError, Timestamp};

use super::Credentials;
use crate::iam;
use crate::token::{self, User};

/// IAM user as a source of tokens. Each token is valid for 24 hours, and the
/// [`Chain`](openapi_transport::Chain) with this source renews it before its expiry.
///
/// ```no_run
/// use std::sync::Arc;
/// use huaweicloud_swr::token::User;
/// use huaweicloud_swr::{Huaweicloud, IamUser, endpoints, iam};
/// use openapi_transport::{Chain, Context};
///
/// # fn example(user: User) -> Result<(), openapi_transport::Error> {
/// let anonymous = Arc::new(Huaweicloud::anonymous());
/// let iam = Context::builder(endpoints::iam("cn-north-4")?, anonymous).build()?;
/// let user = IamUser::new(iam::Client::new(iam), user);
/// let dialect = Huaweicloud::with_chain(Arc::new(Chain::new(vec![Arc::new(user)])));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct IamUser {
    client: iam::Client,
    user: User,
}

impl IamUser {
    /// Makes a source that gets the user's tokens through `client`. The call is not signed, so the
    /// client may use [`Huaweicloud::anonymous`](crate::Huaweicloud::anonymous).
    pub fn new(client: iam::Client, user: User) -> Self {
        Self { client, user }
    }
}

impl Source<Credentials> for IamUser {
    fn name(&self) -> &'static str {
        "IAM user"
    }

    fn load(&self, _: Timestamp) -> BoxFuture<'_, Result<Lease<Credentials>, SourceError>> {
        Box::pin(async move {
            let token = token::create(&self.client, &self.user)
                .await
                .map_err(|error| SourceError::failed(error.to_string()))?;
            Ok(match token.expires {
                Some(expires) => Lease::until(token.into(), expires),
                None => Lease::lasting(token.into()),
            })
        })
    }
}
