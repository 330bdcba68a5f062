//! What is Huawei Cloud's own about a call.

use registry_transport::{
    Answer, BoxFuture, Error, Operation, Provider, Reading, Stamp, Used, headers, rfc3986,
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
    credentials: Credentials,
    derived: Option<(String, String)>,
}

impl Huaweicloud {
    /// Calls with these credentials.
    pub fn new(credentials: impl Into<Credentials>) -> Self {
        Self {
            credentials: credentials.into(),
            derived: None,
        }
    }

    /// Signs with a key derived for one region and service (V11-HMAC-SHA256) instead of the
    /// secret key itself.
    pub fn derived(mut self, region: impl Into<String>, service: impl Into<String>) -> Self {
        self.derived = Some((region.into(), service.into()));
        self
    }

    fn prepare(&self, request: &mut Request, signed: bool, stamp: &Stamp) -> Result<(), Error> {
        rfc3986::normalize_query(request.url_mut());
        request
            .headers_mut()
            .entry(CONTENT_TYPE)
            .or_insert(HeaderValue::from_static("application/json"));
        match &self.credentials {
            _ if !signed => Ok(()),
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
        if let Some(project) = &key.project_id {
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

impl Provider for Huaweicloud {
    fn sign<'a>(
        &'a self,
        request: &'a mut Request,
        operation: &'a Operation,
        stamp: &'a Stamp,
    ) -> BoxFuture<'a, Result<Used, Error>> {
        let signed = self.prepare(request, operation.signed, stamp);
        Box::pin(std::future::ready(signed.map(|()| None)))
    }

    fn read(&self, answer: &Answer) -> Reading {
        let id = answer.headers.get(REQUEST_ID);
        Reading {
            request_id: id.and_then(|id| id.to_str().ok()).map(str::to_owned),
            refusal: (!answer.status.is_success()).then(|| refusal::read(&answer.body)),
            ..Reading::default()
        }
    }
}
