//! Credentials of an instance's role, from the metadata service.

use std::time::Duration;

use http::Method;
use openapi_transport::{
    Answer, BoxFuture, Lease, Source, SourceError, Timestamp, encode_path, plain_request,
};

use super::answer;
use super::{ChainSettings, Credentials};

const ROLE: &str = "ALIBABA_CLOUD_ECS_METADATA";
const DISABLED: &str = "ALIBABA_CLOUD_ECS_METADATA_DISABLED";
const V1_DISABLED: &str = "ALIBABA_CLOUD_IMDSV1_DISABLED";

const TOKEN_PATH: &str = "/latest/api/token";
const CREDENTIALS_PATH: &str = "/latest/meta-data/ram/security-credentials/";
const TOKEN: &str = "x-aliyun-ecs-metadata-token";
const TOKEN_LIFETIME: (&str, &str) = ("x-aliyun-ecs-metadata-token-ttl-seconds", "21600");

/// Time limit of a request. It is short because the service, if it exists, is one hop away.
const DEADLINE: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct EcsMetadata(pub(super) ChainSettings);

impl Source<Credentials> for EcsMetadata {
    fn name(&self) -> &'static str {
        "ECS metadata"
    }

    fn load(&self, _: Timestamp) -> BoxFuture<'_, Result<Lease<Credentials>, SourceError>> {
        Box::pin(self.0.role_of_instance(None))
    }
}

impl ChainSettings {
    /// Returns credentials of the role that `role` or the environment names. [default: the
    /// instance's own role]
    pub(super) async fn role_of_instance(
        &self,
        role: Option<&str>,
    ) -> Result<Lease<Credentials>, SourceError> {
        if self.surroundings.is_true(DISABLED) {
            return Err(SourceError::not_set(format!("{DISABLED} is true")));
        }
        let service = Service::open(self).await?;
        let named = role.map(str::to_owned);
        let role = match named.or_else(|| self.surroundings.variable(ROLE)) {
            Some(role) => role,
            None => service.role().await?,
        };
        let found = service.get(&encode_path(&role)).await?;
        answer::read(&found)
            .map_err(|why| SourceError::failed(format!("credentials of role {role}: {why}")))
    }
}

/// Metadata service, and its token if it issues one.
struct Service<'a> {
    endpoint: &'a str,
    token: Option<String>,
    plain: bool,
}

impl<'a> Service<'a> {
    async fn open(settings: &'a ChainSettings) -> Result<Self, SourceError> {
        let endpoint = settings.metadata.as_str();
        let plain = !settings.surroundings.is_true(V1_DISABLED);
        let url = format!("{endpoint}{TOKEN_PATH}");
        let answer = plain_request(Method::PUT, &url, &[TOKEN_LIFETIME], DEADLINE).await;
        let token = match answer {
            Ok(answer) if answer.status.as_u16() == 200 => {
                let text = std::str::from_utf8(&answer.body).unwrap_or_default();
                Some(text.trim().to_owned())
            }
            _ if plain => None,
            Ok(answer) => {
                let status = answer.status.as_u16();
                return Err(SourceError::failed(format!(
                    "{url}: HTTP {status}; {V1_DISABLED} forbids requests without a token"
                )));
            }
            Err(why) => return Err(why),
        };
        Ok(Self {
            endpoint,
            token,
            plain,
        })
    }

    /// Returns the instance's own role.
    async fn role(&self) -> Result<String, SourceError> {
        let answer = self.get("").await?;
        let text = std::str::from_utf8(&answer.body).unwrap_or_default().trim();
        match answer.status.as_u16() {
            200 if !text.is_empty() => Ok(text.to_owned()),
            200 | 404 => Err(SourceError::not_set("the instance has no role")),
            status => Err(SourceError::failed(format!(
                "the instance's role: HTTP {status}"
            ))),
        }
    }

    /// Requests a path with the token. Without a token, or if the token does not help, requests it
    /// without one.
    async fn get(&self, path: &str) -> Result<Answer, SourceError> {
        let url = format!("{}{CREDENTIALS_PATH}{path}", self.endpoint);
        if let Some(token) = &self.token {
            let headers = [(TOKEN, token.as_str())];
            let answer = plain_request(Method::GET, &url, &headers, DEADLINE).await;
            let settled =
                matches!(&answer, Ok(answer) if matches!(answer.status.as_u16(), 200 | 404));
            if settled || !self.plain {
                return answer;
            }
        }
        plain_request(Method::GET, &url, &[], DEADLINE).await
    }
}
