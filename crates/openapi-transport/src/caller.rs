//! Callers: anonymous, with fixed credentials, or with a chain.

use std::sync::Arc;

use jiff::Timestamp;

use crate::credentials::{Chain, Lease};
use crate::dialect::UsedCredentials;
use crate::error::Error;

/// Caller of a service: the credentials that a [`Dialect`](crate::Dialect) signs with.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Caller<C> {
    /// No credentials, for calls that need none.
    Anonymous,
    /// The same credentials for every call.
    Fixed(C),
    /// Credentials that a chain of sources gives at the time of the call.
    Chain(Arc<Chain<C>>),
}

impl<C: Clone + Send + Sync + 'static> Caller<C> {
    /// Returns the credentials for a call at the time `now`, and a handle to pass to
    /// [`renew`](Self::renew) if the service does not accept them.
    ///
    /// # Errors
    /// Of kind [`Credentials`](crate::ErrorKind::Credentials) when the caller has no credentials.
    pub async fn credentials(&self, now: Timestamp) -> Result<(C, UsedCredentials), Error> {
        match self {
            Self::Anonymous => Err(Error::credentials(
                "missing credentials: the client is anonymous; build it with credentials",
            )),
            Self::Fixed(credentials) => Ok((credentials.clone(), None)),
            Self::Chain(chain) => {
                let lease = chain.get(now).await?;
                Ok((lease.credentials.clone(), Some(lease)))
            }
        }
    }

    /// Drops credentials that the service did not accept. Returns whether the chain may have others.
    pub fn renew(&self, used: &UsedCredentials) -> bool {
        let (Self::Chain(chain), Some(used)) = (self, used) else {
            return false;
        };
        match used.clone().downcast::<Lease<C>>() {
            Ok(lease) => {
                chain.forget(&lease);
                true
            }
            Err(_) => false,
        }
    }
}
