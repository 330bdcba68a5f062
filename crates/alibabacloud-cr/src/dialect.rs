//! Alibaba Cloud's signatures, headers and errors.

use std::sync::Arc;

use openapi_transport::{
    Answer, BoxFuture, Caller, Chain, Dialect, Error, Operation, Reading, Stamp, UsedCredentials,
    headers, rfc3986,
};
use reqwest::Request;

use crate::credentials::Credentials;
use crate::refusal;
use crate::signer::{self, Cover};

/// Signs calls to Alibaba Cloud and reads its errors.
#[derive(Clone, Debug)]
pub struct Alibabacloud {
    caller: Caller<Credentials>,
}

impl Alibabacloud {
    /// Signs with these credentials.
    pub fn new(credentials: Credentials) -> Self {
        Self::of(Caller::Fixed(credentials))
    }

    /// Signs with the chain's credentials at the time of the call.
    ///
    /// Providers that share a chain share its credentials.
    pub fn with_chain(chain: Arc<Chain<Credentials>>) -> Self {
        Self::of(Caller::Chain(chain))
    }

    /// Signs with the credentials of this caller.
    pub fn of(caller: Caller<Credentials>) -> Self {
        Self { caller }
    }
}

/// Sets path, query and the headers that every call has.
fn prepare(request: &mut Request, operation: &Operation, stamp: &Stamp) -> Result<(), Error> {
    // In the spec, an action has its own path. On the wire, it is a header.
    let path = request.url().path();
    let base = path.rsplit_once('/').map_or("/", |(base, _)| base);
    let base = format!("{base}/");
    request.url_mut().set_path(&base);
    rfc3986::normalize_query(request.url_mut());

    let host = headers::host(request);
    headers::set(request, "host", &host, false)?;
    headers::set(request, "x-acs-action", operation.name, false)?;
    headers::set(request, "x-acs-version", operation.version, false)?;
    let date = stamp.date.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    headers::set(request, "x-acs-date", &date, false)?;
    headers::set(request, "x-acs-signature-nonce", &stamp.nonce, false)?;
    let hash = signer::body_hash(request);
    headers::set(request, signer::CONTENT_SHA256, &hash, false)
}

fn sign(request: &mut Request, credentials: &Credentials) -> Result<(), Error> {
    let Credentials {
        id,
        secret,
        security_token,
    } = credentials;
    if let Some(token) = security_token {
        headers::set(request, "x-acs-accesskey-id", id, false)?;
        headers::set(request, "x-acs-security-token", token.expose(), true)?;
    }
    let signature = signer::sign(request, id, secret.expose(), Cover::Required);
    headers::set(request, "authorization", &signature.authorization, true)
}

impl Dialect for Alibabacloud {
    fn sign<'a>(
        &'a self,
        request: &'a mut Request,
        operation: &'a Operation,
        stamp: &'a Stamp,
    ) -> BoxFuture<'a, Result<UsedCredentials, Error>> {
        Box::pin(async move {
            prepare(request, operation, stamp)?;
            if !operation.signed {
                return Ok(None);
            }
            let (credentials, used) = self.caller.credentials(stamp.date).await?;
            sign(request, &credentials)?;
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
