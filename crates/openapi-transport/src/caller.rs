//! Who calls.

use std::sync::Arc;

use jiff::Timestamp;

use crate::credentials::{Chain, Lease};
use crate::dialect::Used;
use crate::error::Error;

/// Who calls: what a [`Dialect`](crate::Dialect) signs with.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Caller<C> {
    /// Nobody: for calls that need no credentials.
    Nobody,
    /// Always the same.
    Fixed(C),
    /// Whoever a chain of sources says at the time of the call.
    Chain(Arc<Chain<C>>),
}

impl<C: Clone + Send + Sync + 'static> Caller<C> {
    /// The credentials for a call at the time `now`, and what stands for them when the service
    /// does not accept them.
    ///
    /// # Errors
    /// Of kind [`Credentials`](crate::ErrorKind::Credentials) when there are none.
    pub async fn credentials(&self, now: Timestamp) -> Result<(C, Used), Error> {
        match self {
            Self::Nobody => Err(Error::credentials(
                "the call needs credentials, and the client was made without any",
            )),
            Self::Fixed(credentials) => Ok((credentials.clone(), None)),
            Self::Chain(chain) => {
                let lease = chain.get(now).await?;
                Ok((lease.credentials.clone(), Some(lease)))
            }
        }
    }

    /// Gives up what the service did not accept; whether others can be had.
    pub fn renew(&self, used: &Used) -> bool {
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
