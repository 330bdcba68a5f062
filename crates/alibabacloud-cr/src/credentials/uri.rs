//! Credentials from the answer of a URL.

use std::time::Duration;

use http::Method;
use openapi_transport::{
    BoxFuture, Lease, Source, SourceError, Surroundings, Timestamp, plain_request,
};
use reqwest::Url;

use super::Credentials;
use super::answer;

const URI: &str = "ALIBABA_CLOUD_CREDENTIALS_URI";
const DEADLINE: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub(super) struct CredentialsUri(pub(super) Surroundings);

impl Source<Credentials> for CredentialsUri {
    fn name(&self) -> &'static str {
        "credentials URI"
    }

    fn load(&self, _: Timestamp) -> BoxFuture<'_, Result<Lease<Credentials>, SourceError>> {
        Box::pin(async move {
            match self.0.variable(URI) {
                Some(uri) => ask(&uri).await,
                None => Err(SourceError::not_set(format!("{URI} is not set"))),
            }
        })
    }
}

pub(super) async fn ask(uri: &str) -> Result<Lease<Credentials>, SourceError> {
    let url = Url::parse(uri)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https"))
        .ok_or_else(|| {
            SourceError::failed("invalid credentials URI; expected an http or https URL")
        })?;
    // User name, password and query may be secret.
    let shown = format!("{}{}", url.origin().ascii_serialization(), url.path());
    let failed = |why: &dyn std::fmt::Display| SourceError::failed(format!("{shown}: {why}"));
    let answer = plain_request(Method::GET, url.as_str(), &[], DEADLINE).await;
    // The caller has named the URL, so a missing service is an error.
    let answer = answer.map_err(|why| SourceError::failed(why.to_string()))?;
    answer::read(&answer).map_err(|why| failed(&why))
}
