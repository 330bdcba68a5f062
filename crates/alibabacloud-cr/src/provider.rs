//! What is Alibaba Cloud's own about a call.

use registry_transport::{
    Answer, BoxFuture, Error, Operation, Provider, Reading, Stamp, Used, headers, rfc3986,
};
use reqwest::Request;

use crate::credentials::Credentials;
use crate::refusal;
use crate::signer::{self, Cover};

/// Signs calls to Alibaba Cloud and reads its errors.
#[derive(Clone, Debug)]
pub struct Alibabacloud {
    credentials: Credentials,
}

impl Alibabacloud {
    /// Calls with these credentials.
    pub fn new(credentials: Credentials) -> Self {
        Self { credentials }
    }

    fn prepare(
        &self,
        request: &mut Request,
        operation: &Operation,
        stamp: &Stamp,
    ) -> Result<(), Error> {
        // In the spec an action has a path of its own; on the wire it is a header.
        let path = request.url().path();
        let base = path.rsplit_once('/').map_or("/", |(base, _)| base);
        let base = format!("{base}/");
        request.url_mut().set_path(&base);
        rfc3986::normalize_query(request.url_mut());

        let host = headers::host(request);
        headers::set(request, "host", &host, false)?;
        headers::set(request, "x-acs-action", operation.name, false)?;
        headers::set(request, "x-acs-version", operation.version, false)?;
        if !operation.signed {
            return Ok(());
        }
        let date = stamp.date.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        headers::set(request, "x-acs-date", &date, false)?;
        headers::set(request, "x-acs-signature-nonce", &stamp.nonce, false)?;
        let hash = signer::body_hash(request);
        headers::set(request, signer::CONTENT_SHA256, &hash, false)?;
        let Credentials {
            id,
            secret,
            security_token,
        } = &self.credentials;
        if let Some(token) = security_token {
            headers::set(request, "x-acs-accesskey-id", id, false)?;
            headers::set(request, "x-acs-security-token", token.expose(), true)?;
        }
        let signature = signer::sign(request, id, secret.expose(), Cover::Required);
        headers::set(request, "authorization", &signature.authorization, true)
    }
}

impl Provider for Alibabacloud {
    fn sign<'a>(
        &'a self,
        request: &'a mut Request,
        operation: &'a Operation,
        stamp: &'a Stamp,
    ) -> BoxFuture<'a, Result<Used, Error>> {
        let signed = self.prepare(request, operation, stamp);
        Box::pin(std::future::ready(signed.map(|()| None)))
    }

    fn read(&self, answer: &Answer) -> Reading {
        refusal::read(answer)
    }
}
