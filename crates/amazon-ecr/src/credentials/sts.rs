//! Roles that STS lets a caller assume.

use std::sync::Arc;

use openapi_transport::{Caller, Error, Lease, Secret, SourceError, Timestamp, read_secret_file};

use super::calls::failed;
use super::fields::lacks;
use super::{ChainSettings, Credentials};
use crate::generated::sts::{self, types};
use crate::profile::expand;
use crate::region::Location;
use crate::{Amazon, partitions};

const ROLE_SESSION_NAME: &str = "AWS_ROLE_SESSION_NAME";

/// Role, and the settings to assume it.
#[derive(Debug, Default)]
pub(super) struct Role<'a> {
    pub(super) arn: &'a str,
    /// Name of the session. [default: from the environment, else this crate's own]
    pub(super) session: Option<&'a str>,
    pub(super) seconds: Option<&'a str>,
    pub(super) external_id: Option<&'a str>,
}

/// STS at its endpoint.
pub(super) struct Sts<'a> {
    settings: &'a ChainSettings,
    endpoint: String,
    /// Region of the signature.
    region: String,
}

impl ChainSettings {
    /// Returns STS where the settings, variables and the profile say.
    pub(super) fn sts(&self, location: &Location) -> Result<Sts<'_>, SourceError> {
        let set = self.sts.clone().map(Ok);
        let region = location.region().unwrap_or(partitions::all()[0].home());
        Ok(Sts {
            settings: self,
            endpoint: set
                .unwrap_or_else(|| location.sts_endpoint())
                .map_err(failed)?,
            region: region.to_owned(),
        })
    }
}

impl Sts<'_> {
    /// Assumes a role as `caller`.
    pub(super) async fn assume_role(
        &self,
        caller: Credentials,
        role: &Role<'_>,
        now: Timestamp,
    ) -> Result<Lease<Credentials>, SourceError> {
        let mut request = types::AssumeRoleRequest::builder()
            .role_arn(role.arn)
            .role_session_name(self.session(role, now))
            .external_id(role.external_id.map(str::to_owned));
        if let Some(seconds) = role.seconds {
            request = request.duration_seconds(seconds_of(seconds)?);
        }
        let client = self.client(Caller::Fixed(caller))?;
        let answer = client.assume_role().body(request).send().await;
        let answer = answer.map_err(|error| failed(error.into()))?;
        lease(answer.into_inner().credentials)
    }

    /// Assumes a role with a token. Reads the token file each time, because its text changes.
    pub(super) async fn assume_role_with_token(
        &self,
        file: &str,
        role: &Role<'_>,
        now: Timestamp,
    ) -> Result<Lease<Credentials>, SourceError> {
        let file = expand(&self.settings.surroundings, file)?;
        // The caller has named the file, so a missing file is an error.
        let token = read_secret_file(&file)
            .await
            .map_err(|why| SourceError::failed(format!("cannot read the token: {why}")))?;
        let token = Secret::from(token.trim());
        let mut request = types::AssumeRoleWithWebIdentityRequest::builder()
            .role_arn(role.arn)
            .role_session_name(self.session(role, now))
            .web_identity_token(token.clone());
        if let Some(seconds) = role.seconds {
            request = request.duration_seconds(seconds_of(seconds)?);
        }
        let client = self.client(Caller::Anonymous)?;
        let call = client.assume_role_with_web_identity().body(request);
        let answer = call.send().await;
        let answer = answer.map_err(|error| failed(Error::from(error).without(&token)))?;
        lease(answer.into_inner().credentials)
    }

    fn session(&self, role: &Role<'_>, now: Timestamp) -> String {
        let variable = || self.settings.surroundings.variable(ROLE_SESSION_NAME);
        role.session
            .map(str::to_owned)
            .or_else(variable)
            .unwrap_or_else(|| format!("registry-replication-{}", now.as_second()))
    }

    fn client(&self, caller: Caller<Credentials>) -> Result<sts::Client, SourceError> {
        let dialect = Amazon::of(caller, self.region.as_str());
        let context = self
            .settings
            .context(self.endpoint.clone(), Arc::new(dialect))?;
        Ok(sts::Client::new(context))
    }
}

/// Reads the duration of a session.
fn seconds_of<T: std::str::FromStr<Err: std::fmt::Display>>(
    text: &str,
) -> Result<Option<T>, SourceError> {
    let seconds = text.trim().parse().map(Some);
    seconds.map_err(|why| SourceError::failed(format!("invalid duration_seconds {text:?}: {why}")))
}

/// Returns the credentials of an answer. No error shows them.
fn lease(
    credentials: Option<types::TemporaryCredentials>,
) -> Result<Lease<Credentials>, SourceError> {
    let found = credentials.unwrap_or_default();
    let id = found.access_key_id.ok_or_else(|| lacks("AccessKeyId"))?;
    let secret = found.secret_access_key;
    let secret = secret.ok_or_else(|| lacks("SecretAccessKey"))?;
    let token = found.session_token.ok_or_else(|| lacks("SessionToken"))?;
    let end = found.expiration.ok_or_else(|| lacks("Expiration"))?;
    Ok(Lease::until(
        Credentials::new(id, secret).session_token(token),
        end,
    ))
}
