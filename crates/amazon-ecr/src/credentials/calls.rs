//! Calls that sources make to services without a generated client.

use std::sync::Arc;
use std::time::Duration;

use openapi_transport::{Access, Context, Dialect, Error, Operation, SourceError};

use super::ChainSettings;

/// Limit of an answer, in bytes. The services send less.
const MAX_ANSWER: usize = 1 << 20;

/// Describes a call that changes nothing, and so may be repeated.
pub(super) const fn operation(
    name: &'static str,
    method: &'static str,
    path: &'static str,
    accept: &'static str,
) -> Operation {
    Operation {
        id: name,
        name,
        version: "",
        method,
        path,
        summary: "",
        family: "credentials",
        access: Access::Read,
        paging: None,
        accept,
        envelope: None,
        signed: false,
        parameters: &[],
        body: None,
    }
}

impl ChainSettings {
    /// Makes the context of a call for credentials. A source has less time than another call.
    pub(super) fn context(
        &self,
        endpoint: String,
        dialect: Arc<dyn Dialect>,
    ) -> Result<Context, SourceError> {
        Context::builder(endpoint, dialect)
            .clock(self.clock.clone())
            .chance(self.chance.clone())
            .http(self.http.clone())
            .attempt_deadline(Duration::from_secs(5))
            .deadline(Duration::from_secs(10))
            .max_answer_bytes(MAX_ANSWER)
            .build()
            .map_err(failed)
    }
}

pub(super) fn failed(error: Error) -> SourceError {
    SourceError::failed(error.to_string())
}

/// Returns the URL of a path below the endpoint of a context.
pub(super) fn url(context: &Context, path: &str) -> Result<reqwest::Url, SourceError> {
    let url = format!("{}{path}", context.endpoint());
    // The endpoint is a valid URL, so only the path can be wrong.
    url.parse().map_err(|_| SourceError::failed("invalid URL"))
}
