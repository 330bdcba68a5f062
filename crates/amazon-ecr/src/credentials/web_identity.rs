//! Role of a pod: variables name a role and the file with the token of an identity provider.

use openapi_transport::{BoxFuture, Lease, Source, SourceError, Timestamp};

use super::sts::Role;
use super::{ChainSettings, Credentials};

const ROLE_ARN: &str = "AWS_ROLE_ARN";
const TOKEN_FILE: &str = "AWS_WEB_IDENTITY_TOKEN_FILE";

#[derive(Debug)]
pub(super) struct WebIdentity(pub(super) ChainSettings);

impl Source<Credentials> for WebIdentity {
    fn name(&self) -> &'static str {
        "web identity"
    }

    fn load(&self, now: Timestamp) -> BoxFuture<'_, Result<Lease<Credentials>, SourceError>> {
        Box::pin(async move {
            let variable = |name: &'static str| self.0.surroundings.variable(name).ok_or(name);
            let set = [ROLE_ARN, TOKEN_FILE].map(variable);
            let [Ok(arn), Ok(file)] = &set else {
                let missing: Vec<_> = set.into_iter().filter_map(Result::err).collect();
                let missing = missing.join(", ");
                return Err(SourceError::not_set(format!("not set: {missing}")));
            };
            let role = Role {
                arn,
                ..Role::default()
            };
            let location = self.0.location().await?;
            let sts = self.0.sts(&location)?;
            sts.assume_role_with_token(file, &role, now).await
        })
    }
}
