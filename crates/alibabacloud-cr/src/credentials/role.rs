//! Roles that STS lets a caller assume.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use openapi_transport::{Context, Error, Lease, SourceError, Timestamp, read_secret_file};

use super::answer;
use super::{ChainSettings, Credentials};
use crate::{Alibabacloud, endpoints, sts};

pub(super) const ROLE_ARN: &str = "ALIBABA_CLOUD_ROLE_ARN";
const ROLE_SESSION_NAME: &str = "ALIBABA_CLOUD_ROLE_SESSION_NAME";
const STS_REGION: &str = "ALIBABA_CLOUD_STS_REGION";
const VPC_ENDPOINT_ENABLED: &str = "ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED";

/// Limit of an answer, in bytes. STS sends less.
const MAX_ANSWER: usize = 1 << 20;

/// Role, and the settings to assume it.
#[derive(Debug, Default)]
pub(super) struct Role {
    /// ARN of the role. [default: from the environment]
    pub(super) arn: Option<String>,
    /// Name of the session. [default: from the environment, else this crate's own]
    pub(super) session: Option<String>,
    pub(super) seconds: Option<i64>,
    pub(super) policy: Option<String>,
    pub(super) external_id: Option<String>,
    pub(super) sts: StsPlace,
}

/// Location of STS, as a profile sets it.
#[derive(Debug, Default)]
pub(super) struct StsPlace {
    pub(super) endpoint: Option<String>,
    pub(super) region: Option<String>,
    pub(super) vpc: Option<bool>,
}

/// Token of an identity provider.
#[derive(Debug)]
pub(super) struct IdentityToken<'a> {
    pub(super) provider_arn: &'a str,
    pub(super) file: &'a Path,
}

impl ChainSettings {
    /// Assumes a role as `caller`.
    pub(super) async fn assume_role(
        &self,
        caller: Credentials,
        role: &Role,
        now: Timestamp,
    ) -> Result<Lease<Credentials>, SourceError> {
        let sts = self.sts(&role.sts, caller)?;
        let mut call = sts
            .assume_role()
            .role_arn(self.role_arn(role)?)
            .role_session_name(self.session_name(role, now));
        if let Some(seconds) = role.seconds {
            call = call.duration_seconds(seconds);
        }
        if let Some(policy) = &role.policy {
            call = call.policy(policy);
        }
        if let Some(id) = &role.external_id {
            call = call.external_id(id);
        }
        let answer = call.send().await.map_err(failed)?.into_inner();
        answer::complete(answer.credentials)
    }

    /// Assumes a role with a token. Reads the token file each time, because its text changes.
    pub(super) async fn assume_role_with_token(
        &self,
        token: IdentityToken<'_>,
        role: &Role,
        now: Timestamp,
    ) -> Result<Lease<Credentials>, SourceError> {
        // The caller has named the file, so a missing file is an error.
        let text = read_secret_file(token.file)
            .await
            .map_err(|why| SourceError::failed(format!("cannot read the token: {why}")))?;
        // The call is not signed.
        let anonymous = Credentials::new("", "");
        let sts = self.sts(&role.sts, anonymous)?;
        let mut call = sts
            .assume_role_with_oidc()
            .oidc_provider_arn(token.provider_arn)
            .oidc_token(text.trim())
            .role_arn(self.role_arn(role)?)
            .role_session_name(self.session_name(role, now));
        if let Some(seconds) = role.seconds {
            call = call.duration_seconds(seconds);
        }
        if let Some(policy) = &role.policy {
            call = call.policy(policy);
        }
        let answer = call.send().await.map_err(failed)?.into_inner();
        answer::complete(answer.credentials)
    }

    fn role_arn(&self, role: &Role) -> Result<String, SourceError> {
        let arn = role.arn.clone();
        arn.or_else(|| self.surroundings.variable(ROLE_ARN))
            .ok_or_else(|| SourceError::failed("the ARN of the role is not set"))
    }

    fn session_name(&self, role: &Role, now: Timestamp) -> String {
        role.session
            .clone()
            .or_else(|| self.surroundings.variable(ROLE_SESSION_NAME))
            .unwrap_or_else(|| format!("registry-replication-{}", now.as_second()))
    }

    fn sts(&self, place: &StsPlace, caller: Credentials) -> Result<sts::Client, SourceError> {
        let endpoint = self.sts_url(place).map_err(failed)?;
        let context = Context::builder(endpoint, Arc::new(Alibabacloud::new(caller)))
            .clock(self.clock.clone())
            .chance(self.chance.clone())
            .http(self.http.clone())
            .attempt_deadline(Duration::from_secs(5))
            .deadline(Duration::from_secs(10))
            .max_answer_bytes(MAX_ANSWER)
            .build()
            .map_err(failed)?;
        Ok(sts::Client::new(context))
    }

    fn sts_url(&self, place: &StsPlace) -> Result<String, Error> {
        if let Some(url) = &self.sts {
            return Ok(url.clone());
        }
        if let Some(host) = &place.endpoint {
            let whole = host.contains("://");
            return Ok(if whole {
                host.clone()
            } else {
                format!("https://{host}")
            });
        }
        let vpc = place
            .vpc
            .unwrap_or_else(|| self.surroundings.is_true(VPC_ENDPOINT_ENABLED));
        let region = place.region.clone();
        match region.or_else(|| self.surroundings.variable(STS_REGION)) {
            Some(region) if vpc => endpoints::sts_vpc(&region),
            region => endpoints::sts(region.as_deref()),
        }
    }
}

fn failed(error: impl Into<Error>) -> SourceError {
    SourceError::failed(error.into().to_string())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use openapi_transport::Surroundings;

    fn url(variables: &'static [(&str, &str)], place: &StsPlace) -> String {
        let surroundings = Surroundings::new(|name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        });
        let settings = ChainSettings::default().surroundings(surroundings);
        match settings.sts_url(place) {
            Ok(url) => url,
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn sts_is_where_profile_and_variables_say() {
        const REGION: (&str, &str) = (STS_REGION, "cn-beijing");
        const VPC: (&str, &str) = (VPC_ENDPOINT_ENABLED, "true");
        let nowhere = StsPlace::default();
        assert_eq!(url(&[], &nowhere), "https://sts.aliyuncs.com");
        assert_eq!(url(&[VPC], &nowhere), "https://sts.aliyuncs.com");
        let region = "https://sts.cn-beijing.aliyuncs.com";
        assert_eq!(url(&[REGION], &nowhere), region);
        let inside = "https://sts-vpc.cn-beijing.aliyuncs.com";
        assert_eq!(url(&[REGION, VPC], &nowhere), inside);
        let mut place = StsPlace {
            region: Some("cn-hangzhou".to_owned()),
            vpc: Some(false),
            ..StsPlace::default()
        };
        let profile = "https://sts.cn-hangzhou.aliyuncs.com";
        assert_eq!(url(&[REGION, VPC], &place), profile);
        place.endpoint = Some("sts.example.com".to_owned());
        assert_eq!(url(&[REGION], &place), "https://sts.example.com");
        let wrong = url(&[(STS_REGION, "sts.example.com/")], &nowhere);
        assert!(wrong.contains("invalid region"), "{wrong}");
    }
}
