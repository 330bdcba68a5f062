//! Credentials of an instance's role, from the metadata service in its second version.

use std::time::Duration;

use http::Method;
use openapi_transport::{
    Answer, BoxFuture, Lease, Source, SourceError, Timestamp, encode_path, plain_request,
};

use super::{ChainSettings, Credentials, fields};
use crate::profile::Profiles;

const DISABLED: &str = "AWS_EC2_METADATA_DISABLED";
const ENDPOINT: &str = "AWS_EC2_METADATA_SERVICE_ENDPOINT";
const MODE: &str = "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE";

const IPV4: &str = "http://169.254.169.254";
const IPV6: &str = "http://[fd00:ec2::254]";

const TOKEN_PATH: &str = "/latest/api/token";
const CREDENTIALS_PATH: &str = "/latest/meta-data/iam/security-credentials/";
const TOKEN: &str = "x-aws-ec2-metadata-token";
const TOKEN_LIFETIME: (&str, &str) = ("x-aws-ec2-metadata-token-ttl-seconds", "21600");

/// Time limit of a request. It is short because the service, if it exists, is one hop away.
const DEADLINE: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct InstanceMetadata(pub(super) ChainSettings);

impl Source<Credentials> for InstanceMetadata {
    fn name(&self) -> &'static str {
        "instance metadata"
    }

    fn load(&self, _: Timestamp) -> BoxFuture<'_, Result<Lease<Credentials>, SourceError>> {
        Box::pin(self.0.role_of_instance())
    }
}

impl ChainSettings {
    /// Returns credentials of the role of this instance.
    pub(super) async fn role_of_instance(&self) -> Result<Lease<Credentials>, SourceError> {
        if self.surroundings.is_true(DISABLED) {
            return Err(SourceError::not_set(format!("{DISABLED} is true")));
        }
        let service = Service::open(self.metadata_endpoint_in_use().await?).await?;
        let role = service.role().await?;
        let found = service.get(&encode_path(&role)).await?;
        fields::read(&found)
            .map_err(|why| SourceError::failed(format!("credentials of role {role}: {why}")))
    }

    /// Returns the URL of the service: the one in the settings, in variables or in the profile.
    async fn metadata_endpoint_in_use(&self) -> Result<String, SourceError> {
        if let Some(url) = &self.metadata {
            return Ok(url.clone());
        }
        let profiles = Profiles::load(&self.surroundings).await.unwrap_or_default();
        let profile = profiles.get(&self.profile_name().name);
        let set = |variable: &str| {
            let property = variable.trim_start_matches("AWS_").to_ascii_lowercase();
            let own = || Some(profile?.text(&property)?.to_owned());
            self.surroundings.variable(variable).or_else(own)
        };
        if let Some(url) = set(ENDPOINT) {
            return Ok(url.trim_end_matches('/').to_owned());
        }
        match set(MODE).map(|mode| mode.to_ascii_lowercase()).as_deref() {
            None | Some("ipv4") => Ok(IPV4.to_owned()),
            Some("ipv6") => Ok(IPV6.to_owned()),
            Some(_) => Err(SourceError::failed(format!(
                "invalid {MODE}; use IPv4 or IPv6"
            ))),
        }
    }
}

/// Metadata service, and the token that it issued.
struct Service {
    endpoint: String,
    token: String,
}

impl Service {
    async fn open(endpoint: String) -> Result<Self, SourceError> {
        let url = format!("{endpoint}{TOKEN_PATH}");
        let answer = plain_request(Method::PUT, &url, &[TOKEN_LIFETIME], DEADLINE).await?;
        let status = answer.status.as_u16();
        let token = std::str::from_utf8(&answer.body).unwrap_or_default().trim();
        if status != 200 || token.is_empty() {
            return Err(SourceError::failed(format!(
                "{url}: HTTP {status}, no token"
            )));
        }
        Ok(Self {
            token: token.to_owned(),
            endpoint,
        })
    }

    /// Returns the instance's role.
    async fn role(&self) -> Result<String, SourceError> {
        let answer = self.get("").await?;
        let text = std::str::from_utf8(&answer.body).unwrap_or_default();
        match (answer.status.as_u16(), text.lines().next().map(str::trim)) {
            (200, Some(role)) if !role.is_empty() => Ok(role.to_owned()),
            (200 | 404, _) => Err(SourceError::not_set("the instance has no role")),
            (status, _) => Err(SourceError::failed(format!(
                "the instance's role: HTTP {status}"
            ))),
        }
    }

    async fn get(&self, path: &str) -> Result<Answer, SourceError> {
        let url = format!("{}{CREDENTIALS_PATH}{path}", self.endpoint);
        let headers = [(TOKEN, self.token.as_str())];
        plain_request(Method::GET, &url, &headers, DEADLINE).await
    }
}
