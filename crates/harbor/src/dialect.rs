//! Harbor's authentication, headers and errors.

use std::sync::Arc;

use openapi_transport::{
    Answer, BoxFuture, Caller, Chain, Dialect, Error, Operation, Reading, Stamp, Timestamp,
    UsedCredentials, headers, rfc3986,
};
use reqwest::Request;

use crate::credentials::Credentials;
use crate::refusal;

/// Authenticates calls to Harbor and reads its errors.
///
/// Harbor does not refuse a wrong login as such: the caller is anonymous, public listings are shorter,
/// and other calls are refused with 401.
#[derive(Clone, Debug)]
pub struct Harbor {
    caller: Caller<Credentials>,
}

impl Harbor {
    /// Authenticates with these credentials.
    pub fn new(credentials: impl Into<Credentials>) -> Self {
        Self::of(Caller::Fixed(credentials.into()))
    }

    /// Authenticates with the chain's credentials at the time of the call. If Harbor rejects them, the
    /// chain loads new ones.
    pub fn with_chain(chain: Arc<Chain<Credentials>>) -> Self {
        Self::of(Caller::Chain(chain))
    }

    /// Has no credentials, for the calls that need none: `getPing` and `getHealth`. Other calls fail before
    /// they are sent.
    pub fn anonymous() -> Self {
        Self::of(Caller::Anonymous)
    }

    /// Authenticates with the credentials of this caller.
    pub fn of(caller: Caller<Credentials>) -> Self {
        Self { caller }
    }

    /// Returns the credentials that a call at the time `now` would use.
    ///
    /// # Errors
    /// Of kind [`Credentials`](openapi_transport::ErrorKind::Credentials) when the caller has no
    /// credentials.
    pub async fn credentials(&self, now: Timestamp) -> Result<Credentials, Error> {
        Ok(self.caller.credentials(now).await?.0)
    }
}

impl Dialect for Harbor {
    fn sign<'a>(
        &'a self,
        request: &'a mut Request,
        operation: &'a Operation,
        stamp: &'a Stamp,
    ) -> BoxFuture<'a, Result<UsedCredentials, Error>> {
        Box::pin(async move {
            rfc3986::normalize_query(request.url_mut());
            let host = headers::host(request);
            headers::set(request, "host", &host, false)?;
            if !operation.signed {
                return Ok(None);
            }
            let (credentials, used) = self.caller.credentials(stamp.date).await?;
            headers::set(request, "authorization", &credentials.header()?, true)?;
            Ok(used)
        })
    }

    fn read(&self, answer: &Answer) -> Reading {
        refusal::read(answer)
    }

    fn renew(&self, used: &UsedCredentials) -> bool {
        self.caller.renew(used)
    }
}
