//! Authentication at the gateway, before a service gets the request.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::errors::Refusal;
use super::keys::Keys;
use super::signature;
use super::tokens::{Standing, Tokens};
use crate::message::Request;
use crate::secrets::Secrets;
use crate::spec::Operation;
use crate::world;

const WINDOW: SignedDuration = SignedDuration::from_mins(15);
const DATE: &str = "%Y%m%dT%H%M%SZ";

/// State that the gateway uses.
pub(super) struct Gate<'a> {
    pub(super) tokens: &'a Tokens,
    pub(super) keys: &'a Keys,
    pub(super) secrets: &'a Secrets,
    pub(super) now: Timestamp,
}

impl Gate<'_> {
    /// Admits a request if the operation's spec allows its authentication. A token in a header takes
    /// precedence over `token`, which is elsewhere in the request.
    pub(super) fn admit(
        &self,
        operation: &Operation,
        request: &Request,
        token: Option<&str>,
    ) -> Result<(), Refusal> {
        let allows = |header| operation.authentication.contains(header);
        if operation.authentication.is_empty() {
            return Ok(());
        }
        if allows("authorization") {
            let claim = request.header("authorization").and_then(signature::claimed);
            if let Some(claim) = claim {
                return self.check_signature(claim, request);
            }
        }
        // A security token is valid only with a signature.
        if request.headers.contains_key("x-security-token") {
            return Err(Refusal::security_token());
        }
        if !allows("x-auth-token") {
            return Err(Refusal::no_signature());
        }
        let token = request
            .header("x-auth-token")
            .or(token)
            .ok_or_else(Refusal::no_token)?;
        match self.tokens.standing(token, self.now) {
            Standing::Valid => Ok(()),
            Standing::Expired(at) => Err(Refusal::expired_token(&at.to_string())),
            Standing::Unknown => Err(Refusal::unknown_token()),
        }
    }

    fn check_signature(
        &self,
        claim: Option<signature::Signature>,
        request: &Request,
    ) -> Result<(), Refusal> {
        let claim = claim.ok_or_else(Refusal::wrong_signature)?;
        let secret = self.secret(&claim.access_key, request.header("x-security-token"))?;
        let date = request.header("x-sdk-date").ok_or_else(Refusal::no_date)?;
        let signed = timestamp(date).ok_or_else(Refusal::no_date)?;
        if self.now.duration_since(signed).abs() > WINDOW {
            let now = self.now.strftime(DATE).to_string();
            return Err(Refusal::out_of_date(date, &now));
        }
        if !claim.verify(request, &secret, date) {
            return Err(Refusal::wrong_signature());
        }
        Ok(())
    }

    /// Returns the secret of an access key. A temporary key has a security token.
    fn secret(&self, access: &str, security_token: Option<&str>) -> Result<String, Refusal> {
        let Some(given) = security_token else {
            return match access {
                world::huaweicloud::ACCESS_KEY => {
                    Ok(self.secrets.of(world::huaweicloud::SECRET_KEY))
                }
                _ => Err(Refusal::unknown_key(access)),
            };
        };
        match self.keys.find(access) {
            Some(key) if key.security_token != given => Err(Refusal::security_token()),
            Some(key) if self.now < key.expires_at => Ok(key.secret),
            Some(key) => Err(Refusal::expired_security_token(&key.expires_at.to_string())),
            None => Err(Refusal::security_token()),
        }
    }
}

fn timestamp(date: &str) -> Option<Timestamp> {
    let date = DateTime::strptime(DATE, date).ok()?;
    Some(date.to_zoned(TimeZone::UTC).ok()?.timestamp())
}
