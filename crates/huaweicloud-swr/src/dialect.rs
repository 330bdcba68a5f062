//! Huawei Cloud's signatures, headers and errors.

use std::sync::Arc;

use openapi_transport::{
    Answer, BoxFuture, Caller, Chain, Dialect, Error, Operation, Reading, Stamp, Timestamp,
    UsedCredentials, headers, rfc3986,
};
use reqwest::Request;
use reqwest::header::{CONTENT_TYPE, HeaderValue};

use crate::credentials::{AccessKey, Credentials};
use crate::refusal;
use crate::signer::{self, Scheme};

const REQUEST_ID: &str = "x-request-id";

/// Signs calls to Huawei Cloud and reads its errors.
#[derive(Clone, Debug)]
pub struct Huaweicloud {
    caller: Caller<Credentials>,
    project_id: Option<String>,
    derived: Option<(String, String)>,
}

impl Huaweicloud {
    /// Signs with these credentials.
    pub fn new(credentials: impl Into<Credentials>) -> Self {
        Self::of(Caller::Fixed(credentials.into()))
    }

    /// Signs with the chain's credentials at the time of the call. If the service rejects them, the
    /// chain loads new ones.
    pub fn with_chain(chain: Arc<Chain<Credentials>>) -> Self {
        Self::of(Caller::Chain(chain))
    }

    /// Signs nothing, for the operations that need no credentials: those that make tokens.
    pub fn anonymous() -> Self {
        Self::of(Caller::Anonymous)
    }

    /// Signs with the credentials of this caller.
    pub fn of(caller: Caller<Credentials>) -> Self {
        Self {
            caller,
            project_id: None,
            derived: None,
        }
    }

    /// Returns the credentials that a call at the time `now` would use.
    ///
    /// # Errors
    /// Of kind [`Credentials`](openapi_transport::ErrorKind::Credentials) when the caller has no
    /// credentials.
    pub async fn credentials(&self, now: Timestamp) -> Result<Credentials, Error> {
        Ok(self.caller.credentials(now).await?.0)
    }

    /// Sets the project, and ignores the one that the credentials name.
    pub fn project_id(mut self, id: impl Into<String>) -> Self {
        self.project_id = Some(id.into());
        self
    }

    /// Signs with a key derived for one region and service (V11-HMAC-SHA256) instead of the
    /// secret key itself.
    pub fn derived(mut self, region: impl Into<String>, service: impl Into<String>) -> Self {
        self.derived = Some((region.into(), service.into()));
        self
    }

    /// Adds the credentials to a request: signs it, or sets its token.
    fn show(
        &self,
        request: &mut Request,
        credentials: &Credentials,
        stamp: &Stamp,
    ) -> Result<(), Error> {
        match credentials {
            Credentials::Token(token) => {
                headers::set(request, "x-auth-token", token.expose(), true)
            }
            Credentials::AccessKey(key) => self.sign(request, key, stamp),
        }
    }

    fn sign(&self, request: &mut Request, key: &AccessKey, stamp: &Stamp) -> Result<(), Error> {
        let host = headers::host(request);
        headers::set(request, "host", &host, false)?;
        let date = stamp.date.strftime("%Y%m%dT%H%M%SZ").to_string();
        headers::set(request, signer::DATE, &date, false)?;
        if let Some(project) = self.project_id.as_ref().or(key.project_id.as_ref()) {
            headers::set(request, "x-project-id", project, false)?;
        } else if let Some(domain) = &key.domain_id {
            headers::set(request, "x-domain-id", domain, false)?;
        }
        if let Some(token) = &key.security_token {
            headers::set(request, "x-security-token", token.expose(), true)?;
        }
        let has_body = request
            .body()
            .is_some_and(|body| body.as_bytes() != Some(b""));
        if has_body && !is_json(request.headers().get(CONTENT_TYPE)) {
            headers::set(
                request,
                signer::CONTENT_SHA256,
                signer::UNSIGNED_PAYLOAD,
                false,
            )?;
        }
        let scheme = match &self.derived {
            Some((region, service)) => Scheme::Derived { region, service },
            None => Scheme::Plain,
        };
        let signature = signer::sign(request, &key.id, key.secret.expose(), scheme);
        headers::set(request, "authorization", &signature.authorization, true)
    }
}

fn is_json(content_type: Option<&HeaderValue>) -> bool {
    content_type
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.starts_with("application/json"))
}

impl Dialect for Huaweicloud {
    fn sign<'a>(
        &'a self,
        request: &'a mut Request,
        operation: &'a Operation,
        stamp: &'a Stamp,
    ) -> BoxFuture<'a, Result<UsedCredentials, Error>> {
        Box::pin(async move {
            rfc3986::normalize_query(request.url_mut());
            request
                .headers_mut()
                .entry(CONTENT_TYPE)
                .or_insert(HeaderValue::from_static("application/json"));
            if !operation.signed {
                return Ok(None);
            }
            let (credentials, used) = self.caller.credentials(stamp.date).await?;
            self.show(request, &credentials, stamp)?;
            Ok(used)
        })
    }

    fn read(&self, answer: &Answer) -> Reading {
        let id = answer.headers.get(REQUEST_ID);
        let refusal = (!answer.status.is_success()).then(|| refusal::read(&answer.body));
        Reading {
            request_id: id.and_then(|id| id.to_str().ok()).map(str::to_owned),
            skewed: refusal.as_ref().is_some_and(refusal::is_about_date),
            limit: refusal.as_ref().and_then(refusal::limit),
            unauthenticated: answer.status.as_u16() == 401,
            throttled: refusal.as_ref().is_some_and(refusal::is_throttled),
            absent: refusal
                .as_ref()
                .is_some_and(|refusal| refusal::is_absent(answer.status.as_u16(), refusal)),
            refusal,
            ..Reading::default()
        }
    }

    fn renew(&self, used: &UsedCredentials) -> bool {
        self.caller.renew(used)
    }
}
