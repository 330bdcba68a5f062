//! A profile of the vendor's command-line program.

use std::path::Path;

use openapi_transport::{BoxFuture, Lease, Source, SourceError, Timestamp, read_secret_file};
use serde_json::Value;

use super::fields::Fields;
use super::role::{IdentityToken, Role, StsPlace};
use super::{ChainSettings, Credentials, PROFILE, oidc};
use super::{answer, named_file, no_home, process, uri};

const DISABLED: &str = "ALIBABA_CLOUD_CLI_PROFILE_DISABLED";
const CONFIG_FILE: &str = "ALIBABA_CLOUD_CONFIG_FILE";

#[derive(Debug)]
pub(super) struct CliProfile(pub(super) ChainSettings);

impl Source<Credentials> for CliProfile {
    fn name(&self) -> &'static str {
        "CLI profile"
    }

    fn load(&self, now: Timestamp) -> BoxFuture<'_, Result<Lease<Credentials>, SourceError>> {
        Box::pin(async move {
            let surroundings = &self.0.surroundings;
            if surroundings.is_true(DISABLED) {
                return Err(SourceError::not_set(format!("{DISABLED} is true")));
            }
            let (file, text) = match named_file(surroundings, CONFIG_FILE).await? {
                Some(named) => named,
                None => {
                    let file = surroundings.in_home(".aliyun/config.json");
                    let file = file.ok_or_else(no_home)?;
                    let text = read_secret_file(&file).await?;
                    (file, text)
                }
            };
            self.read(&text, now).await.map_err(|why| {
                let file = file.display();
                SourceError::failed(format!("{file}: {why}"))
            })
        })
    }
}

impl CliProfile {
    async fn read(&self, text: &str, now: Timestamp) -> Result<Lease<Credentials>, SourceError> {
        let config: Value = serde_json::from_str(text)
            .map_err(|error| SourceError::failed(format!("invalid JSON: {error}")))?;
        let named = self.0.surroundings.variable(PROFILE);
        let name = match &named {
            Some(name) => name,
            None => Fields(&config).text("current").ok_or_else(|| {
                SourceError::failed(format!("has no current profile, and {PROFILE} is not set"))
            })?,
        };
        let (way, roles) = follow(&config, name)?;
        let base = way.last().copied().unwrap_or(name);
        let within = |why| SourceError::failed(format!("profile {base:?}: {why}"));
        let mut lease = self
            .base(Fields(profile(&config, base)?), now)
            .await
            .map_err(within)?;
        // The last role in the list is assumed first.
        for (name, role) in roles.iter().rev() {
            lease = self
                .0
                .assume_role(lease.credentials, role, now)
                .await
                .map_err(|why| SourceError::failed(format!("profile {name:?}: {why}")))?;
        }
        Ok(lease)
    }

    /// Returns the credentials of a profile that needs no other profile.
    async fn base(
        &self,
        profile: Fields<'_>,
        now: Timestamp,
    ) -> Result<Lease<Credentials>, SourceError> {
        match profile.needed("mode")? {
            "AK" => {
                let mut key = profile.access_key()?;
                key.security_token = None;
                Ok(Lease::lasting(key))
            }
            "StsToken" => {
                profile.needed("sts_token")?;
                Ok(answer::of_unstated_length(profile.access_key()?, now))
            }
            "RamRoleArn" => {
                let key = profile.access_key()?;
                self.0.assume_role(key, &role(profile), now).await
            }
            "EcsRamRole" => self.0.role_of_instance(profile.text("ram_role_name")).await,
            "OIDC" => {
                let either = |field: &str, variable: &str| {
                    let found = profile.text(field).map(str::to_owned);
                    found
                        .or_else(|| self.0.surroundings.variable(variable))
                        .ok_or_else(|| SourceError::failed(format!("{field} is not set")))
                };
                let provider = either("oidc_provider_arn", oidc::PROVIDER_ARN)?;
                let file = either("oidc_token_file", oidc::TOKEN_FILE)?;
                let token = IdentityToken {
                    provider_arn: &provider,
                    file: Path::new(&file),
                };
                self.0
                    .assume_role_with_token(token, &role(profile), now)
                    .await
            }
            "CredentialsURI" => uri::ask(profile.needed("credentials_uri")?).await,
            "External" => process::run(profile.needed("process_command")?, now).await,
            mode => Err(SourceError::failed(format!(
                "unsupported mode {mode:?}; use AK, StsToken, RamRoleArn, EcsRamRole, OIDC, \
                 ChainableRamRoleArn, CredentialsURI or External"
            ))),
        }
    }
}

fn profile<'a>(config: &'a Value, name: &str) -> Result<&'a Value, SourceError> {
    config
        .get("profiles")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .find(|profile| Fields(profile).text("name") == Some(name))
        .ok_or_else(|| SourceError::failed(format!("profile {name:?} not found")))
}

type Roles<'a> = Vec<(&'a str, Role)>;

/// Follows the source profiles from `name` to a profile without one. Returns the profiles and their
/// roles.
fn follow<'a>(config: &'a Value, name: &'a str) -> Result<(Vec<&'a str>, Roles<'a>), SourceError> {
    let mut way = vec![name];
    let mut roles = Vec::new();
    let mut name = name;
    loop {
        let found = Fields(profile(config, name)?);
        if found.text("mode") != Some("ChainableRamRoleArn") {
            return Ok((way, roles));
        }
        roles.push((name, role(found)));
        name = found
            .needed("source_profile")
            .map_err(|why| SourceError::failed(format!("profile {name:?}: {why}")))?;
        let again = way.contains(&name);
        way.push(name);
        if again {
            let way = way.join(" → ");
            return Err(SourceError::failed(format!(
                "the source profiles form a cycle: {way}"
            )));
        }
    }
}

fn role(profile: Fields<'_>) -> Role {
    let text = |name| profile.text(name).map(str::to_owned);
    Role {
        arn: text("ram_role_arn"),
        // In OIDC mode, one SDK reads the second name.
        session: text("ram_session_name").or_else(|| text("role_session_name")),
        seconds: profile.number("expired_seconds").filter(|n| *n > 0),
        policy: text("policy"),
        external_id: text("external_id"),
        sts: StsPlace {
            endpoint: text("sts_endpoint"),
            region: text("sts_region"),
            vpc: profile.boolean("enable_vpc"),
        },
    }
}
