//! Security Token Service: temporary keys for roles, and the caller's identity.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::errors::Refusal;
use super::gate::Caller;
use super::keys::{Keys, Session};
use crate::message::Reply;
use crate::parameters::Parameters;
use crate::secrets::Secrets;
use crate::world;

/// MaxSessionDuration of the sandbox's roles, which is also the vendor's default for it.
const LONGEST: i64 = 3600;
const ROLE_ID: &str = "300000000000000001";

/// One call, with the state that it uses.
pub(super) struct Call<'a> {
    pub(super) keys: &'a Keys,
    pub(super) secrets: &'a Secrets,
    pub(super) parameters: &'a Parameters<'a>,
    pub(super) request_id: &'a str,
    pub(super) now: Timestamp,
}

impl Call<'_> {
    pub(super) fn assume_role(&self, caller: &Caller) -> Result<Reply, Refusal> {
        let arn = self.text("RoleArn");
        let trusted = match arn {
            world::alibabacloud::ROLE_ARN => true,
            world::alibabacloud::INNER_ROLE_ARN => matches!(
                caller,
                Caller::Session { session, .. } if session.role == world::alibabacloud::ROLE
            ),
            _ => return Err(Refusal::unknown_role()),
        };
        if !trusted {
            return Err(Refusal::untrusted());
        }
        self.hand_out(arn, None)
    }

    pub(super) fn assume_role_with_oidc(&self) -> Result<Reply, Refusal> {
        let arn = self.text("RoleArn");
        if arn != world::alibabacloud::ROLE_ARN {
            return Err(Refusal::unknown_role());
        }
        if self.text("OIDCProviderArn") != world::alibabacloud::OIDC_PROVIDER_ARN {
            return Err(Refusal::unknown_provider());
        }
        if self.text("OIDCToken") != self.secrets.of(world::alibabacloud::OIDC_TOKEN) {
            return Err(Refusal::unreadable_token());
        }
        self.hand_out(arn, Some("https://oidc.sandbox.invalid"))
    }

    fn hand_out(&self, arn: &str, issuer: Option<&str>) -> Result<Reply, Refusal> {
        let lifetime = self
            .parameters
            .integer("DurationSeconds")
            .unwrap_or(LONGEST);
        if lifetime > LONGEST {
            return Err(Refusal::too_long_a_session());
        }
        let name = self.text("RoleSessionName");
        let session = Session {
            role: arn.rsplit('/').next().unwrap_or_default().to_owned(),
            name: name.to_owned(),
        };
        let lifetime = SignedDuration::from_secs(lifetime);
        let key = self.keys.hand_out(session, lifetime, self.now);
        let mut answer = json!({
            "RequestId": self.request_id,
            "AssumedRoleUser": {
                "AssumedRoleId": format!("{ROLE_ID}:{name}"),
                "Arn": format!("{arn}/{name}"),
            },
            "Credentials": key.answer(),
        });
        if let Some(issuer) = issuer {
            answer["OIDCTokenInfo"] = json!({
                "Subject": "sandbox-subject",
                "Issuer": issuer,
                "ClientIds": "sandbox-client",
                "VerificationInfo": "Success",
            });
        }
        Ok(Reply::ok(answer))
    }

    pub(super) fn get_caller_identity(&self, caller: &Caller) -> Reply {
        let account = world::alibabacloud::ACCOUNT_ID;
        Reply::ok(match caller {
            Caller::User => json!({
                "RequestId": self.request_id,
                "IdentityType": "RAMUser",
                "AccountId": account,
                "PrincipalId": "200000000000000001",
                "UserId": "200000000000000001",
                "Arn": format!("acs:ram::{account}:user/sandbox"),
            }),
            Caller::Session {
                session: Session { role, name },
                ..
            } => json!({
                "RequestId": self.request_id,
                "IdentityType": "AssumedRoleUser",
                "AccountId": account,
                "PrincipalId": format!("{ROLE_ID}:{name}"),
                "RoleId": ROLE_ID,
                "Arn": format!("acs:ram::{account}:assumed-role/{role}/{name}"),
            }),
        })
    }

    fn text(&self, name: &str) -> &str {
        self.parameters.text(name).unwrap_or_default()
    }
}
