//! RRSA: environment variables name a role and the token of an identity provider.

use std::path::Path;

use openapi_transport::{BoxFuture, Lease, Source, SourceError, Timestamp};

use super::role::{IdentityToken, ROLE_ARN, Role};
use super::{ChainSettings, Credentials};

pub(super) const PROVIDER_ARN: &str = "ALIBABA_CLOUD_OIDC_PROVIDER_ARN";
pub(super) const TOKEN_FILE: &str = "ALIBABA_CLOUD_OIDC_TOKEN_FILE";

#[derive(Debug)]
pub(super) struct Oidc(pub(super) ChainSettings);

impl Source<Credentials> for Oidc {
    fn name(&self) -> &'static str {
        "OIDC"
    }

    fn load(&self, now: Timestamp) -> BoxFuture<'_, Result<Lease<Credentials>, SourceError>> {
        Box::pin(async move {
            let variable = |name: &'static str| self.0.surroundings.variable(name).ok_or(name);
            let set = [ROLE_ARN, PROVIDER_ARN, TOKEN_FILE].map(variable);
            let [Ok(arn), Ok(provider), Ok(file)] = &set else {
                let missing: Vec<_> = set.into_iter().filter_map(Result::err).collect();
                let missing = missing.join(", ");
                return Err(SourceError::not_set(format!("not set: {missing}")));
            };
            let token = IdentityToken {
                provider_arn: provider,
                file: Path::new(file),
            };
            let role = Role {
                arn: Some(arn.clone()),
                ..Role::default()
            };
            self.0.assume_role_with_token(token, &role, now).await
        })
    }
}
