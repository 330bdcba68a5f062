//! Authentication at the front of every RPC service.

use jiff::{SignedDuration, Timestamp};

use super::errors::Refusal;
use super::keys::{Keys, Session};
use super::nonces::Nonces;
use super::signature::{Signature, claimed};
use crate::digest::sha256_hex;
use crate::message::Request;
use crate::secrets::Secrets;
use crate::world;

pub(super) const WINDOW: SignedDuration = SignedDuration::from_mins(15);

/// Required headers, with their names in refusals. They must be signed, because a request could
/// otherwise be replayed with a new date and nonce.
const REQUIRED: [(&str, &str); 6] = [
    ("host", "Host"),
    ("x-acs-action", "Action"),
    ("x-acs-version", "Version"),
    ("x-acs-date", "Timestamp"),
    ("x-acs-signature-nonce", "SignatureNonce"),
    ("x-acs-content-sha256", "ContentSha256"),
];

const SECURITY_TOKEN: &str = "x-acs-security-token";

/// Authenticated caller.
#[derive(Debug)]
pub(super) enum Caller {
    User,
    Session {
        session: Session,
        /// Expiry of the session's key.
        end: Timestamp,
    },
}

/// State that authentication uses.
pub(super) struct Gate<'a> {
    pub(super) keys: &'a Keys,
    pub(super) nonces: &'a Nonces,
    pub(super) secrets: &'a Secrets,
    pub(super) now: Timestamp,
}

impl Gate<'_> {
    pub(super) fn admit(&self, request: &Request) -> Result<Caller, Refusal> {
        for (header, name) in REQUIRED {
            if request.header(header).is_none_or(str::is_empty) {
                return Err(Refusal::missing(name));
            }
        }
        let header = |name| request.header(name).unwrap_or_default();
        let claim = checked_claim(request)?;
        let (caller, secret) = self.caller(request, &claim)?;
        let date = timestamp(header("x-acs-date")).ok_or_else(Refusal::malformed_date)?;
        if self.now.duration_since(date).abs() > WINDOW {
            return Err(Refusal::out_of_date());
        }
        if header("x-acs-content-sha256") != sha256_hex(&request.body) {
            return Err(Refusal::wrong_content_hash());
        }
        claim
            .verify(request, &secret)
            .map_err(|string_to_sign| Refusal::wrong_signature(&string_to_sign))?;
        // Only after the signature, so that other clients cannot use up a caller's nonces.
        if !self.nonces.take(header("x-acs-signature-nonce"), self.now) {
            return Err(Refusal::used_nonce());
        }
        Ok(caller)
    }

    /// Returns the caller with this key, and the secret of the key.
    fn caller(&self, request: &Request, claim: &Signature) -> Result<(Caller, String), Refusal> {
        let token = request.header(SECURITY_TOKEN);
        if claim.access_key_id == world::alibabacloud::ACCESS_KEY_ID {
            return match token {
                None => {
                    let secret = self.secrets.of(world::alibabacloud::ACCESS_KEY_SECRET);
                    Ok((Caller::User, secret))
                }
                Some(_) => Err(Refusal::foreign_token()),
            };
        }
        let key = self.keys.get(&claim.access_key_id);
        let key = key.ok_or_else(Refusal::unknown_key)?;
        let token = token.ok_or_else(|| Refusal::missing("SecurityToken"))?;
        if token != key.token {
            return Err(match self.keys.knows(token) {
                true => Refusal::foreign_token(),
                false => Refusal::malformed_token(),
            });
        }
        if key.end <= self.now {
            return Err(Refusal::expired_token());
        }
        if !claim.covers(SECURITY_TOKEN) {
            let reason = format!("{SECURITY_TOKEN} is not among SignedHeaders");
            return Err(Refusal::incomplete_signature(&reason));
        }
        let caller = Caller::Session {
            session: key.session,
            end: key.end,
        };
        Ok((caller, key.secret))
    }
}

fn checked_claim(request: &Request) -> Result<Signature, Refusal> {
    let authorization = request.header("authorization");
    let authorization = authorization.ok_or_else(|| Refusal::missing("AccessKeyId"))?;
    let claim = claimed(authorization).ok_or_else(|| {
        Refusal::incomplete_signature("Authorization lacks Credential, SignedHeaders or Signature")
    })?;
    for (header, _) in REQUIRED {
        if !claim.covers(header) {
            let reason = format!("{header} is not among SignedHeaders");
            return Err(Refusal::incomplete_signature(&reason));
        }
    }
    Ok(claim)
}

/// Reads a time such as `2026-11-16T02:00:00Z`, in UTC only.
fn timestamp(date: &str) -> Option<Timestamp> {
    date.parse().ok().filter(|_| date.ends_with('Z'))
}
