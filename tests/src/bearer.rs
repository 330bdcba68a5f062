//! The dialect of a service that does not exist: a token, and no codes of errors.

use openapi_transport::{
    Answer, BoxFuture, Dialect, Error, Operation, Reading, Stamp, UsedCredentials, headers, rfc3986,
};
use reqwest::Request;

/// Adds a token to each request.
#[derive(Clone, Copy, Debug)]
pub struct Bearer(pub &'static str);

impl Dialect for Bearer {
    fn sign<'a>(
        &'a self,
        request: &'a mut Request,
        _: &'a Operation,
        _: &'a Stamp,
    ) -> BoxFuture<'a, Result<UsedCredentials, Error>> {
        Box::pin(async move {
            rfc3986::normalize_query(request.url_mut());
            let host = headers::host(request);
            headers::set(request, "host", &host, false)?;
            headers::set(
                request,
                "authorization",
                &format!("Bearer {}", self.0),
                true,
            )?;
            Ok(None)
        })
    }

    fn read(&self, _: &Answer) -> Reading {
        Reading::default()
    }
}
