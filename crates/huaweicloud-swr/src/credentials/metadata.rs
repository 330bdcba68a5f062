//! Temporary keys of an instance's agency, from its metadata service.

use std::fmt::Display;
use std::time::Duration;

use http::{Method, StatusCode};
use openapi_transport::{
    Answer, BoxFuture, Lease, Secret, Source, SourceError, Surroundings, Timestamp, plain_request,
};

use super::{ChainSettings, Credentials, environment, temporary, until};
use crate::iam::types::TemporaryKeyAnswer;

const TOKEN: &str = "/meta-data/latest/api/token";
const KEY: &str = "/openstack/latest/securitykey";
/// Requested lifetime of a token in seconds: 6 hours, as in the vendor's SDKs.
const TOKEN_TTL: &str = "21600";
const DEADLINE: Duration = Duration::from_secs(3);
/// Text of the service's answer when the instance has no agency.
const NO_AGENCY: &str = "Please configure Cloud Service Agency first";

/// Metadata service of an ECS instance as a source. It returns temporary keys of the instance's
/// agency.
///
/// The keys are for the project `HUAWEICLOUD_SDK_PROJECT_ID` or the account
/// `HUAWEICLOUD_SDK_DOMAIN_ID`, if set.
#[derive(Clone, Debug)]
pub struct Metadata {
    surroundings: Surroundings,
    endpoint: String,
}

impl Metadata {
    /// Uses the metadata service that the settings name.
    pub fn new(settings: &ChainSettings) -> Self {
        Self {
            surroundings: settings.surroundings.clone(),
            endpoint: settings.metadata_endpoint.clone(),
        }
    }

    /// Requests a token for the service. Returns `None` if the service is too old for tokens.
    async fn token(&self) -> Result<Option<Secret>, SourceError> {
        let ttl = [("x-metadata-token-ttl-seconds", TOKEN_TTL)];
        let answer = self.ask(Method::PUT, TOKEN, &ttl).await?;
        match answer.status {
            StatusCode::OK => Ok(Some(Secret::from(
                String::from_utf8_lossy(&answer.body).trim(),
            ))),
            StatusCode::NOT_FOUND
            | StatusCode::METHOD_NOT_ALLOWED
            | StatusCode::SERVICE_UNAVAILABLE => Ok(None),
            status => Err(self.refused(TOKEN, status)),
        }
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<Answer, SourceError> {
        let url = format!("{}{path}", self.endpoint);
        plain_request(method, &url, headers, DEADLINE).await
    }

    fn failed(&self, path: &str, why: &dyn Display) -> SourceError {
        SourceError::failed(format!("{}{path}: {why}", self.endpoint))
    }

    fn refused(&self, path: &str, status: StatusCode) -> SourceError {
        self.failed(
            path,
            &format_args!("answered with HTTP {}", status.as_u16()),
        )
    }

    async fn lease(&self, now: Timestamp) -> Result<Lease<Credentials>, SourceError> {
        let token = self.token().await?;
        let headers: Vec<_> = token
            .iter()
            .map(|token| ("x-metadata-token", token.expose()))
            .collect();
        let answer = self.ask(Method::GET, KEY, &headers).await?;
        if answer.status != StatusCode::OK {
            let says = String::from_utf8_lossy(&answer.body);
            return Err(if says.contains(NO_AGENCY) {
                SourceError::not_set("the instance has no agency; assign an agency to it")
            } else {
                self.refused(KEY, answer.status)
            });
        }
        // serde's error would quote the answer, which may hold a secret.
        let answer: TemporaryKeyAnswer = serde_json::from_slice(&answer.body)
            .map_err(|_| self.failed(KEY, &"the answer is not the JSON of a key"))?;
        let (key, expires) =
            temporary(answer.credential, now).map_err(|why| self.failed(KEY, &why))?;
        let key = environment::scoped(key, |name| self.surroundings.variable(name));
        Ok(until((key, expires)))
    }
}

impl Source<Credentials> for Metadata {
    fn name(&self) -> &'static str {
        "instance metadata"
    }

    fn load(&self, now: Timestamp) -> BoxFuture<'_, Result<Lease<Credentials>, SourceError>> {
        Box::pin(self.lease(now))
    }
}
