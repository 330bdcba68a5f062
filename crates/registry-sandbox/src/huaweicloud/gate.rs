//! Who may pass: what the gateway asks before a service sees the request.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::errors::Refusal;
use super::signature;
use super::tokens::{Standing, Tokens};
use crate::message::Request;
use crate::spec::Operation;
use crate::world;

const WINDOW: SignedDuration = SignedDuration::from_mins(15);
const DATE: &str = "%Y%m%dT%H%M%SZ";

/// Lets the request pass if the operation's spec allows the way in which it is authenticated.
pub(super) fn admit(
    operation: &Operation,
    request: &Request,
    tokens: &Tokens,
    now: Timestamp,
) -> Result<(), Refusal> {
    let allows = |header| operation.authentication.contains(header);
    if operation.authentication.is_empty() {
        return Ok(());
    }
    if request.headers.contains_key("x-security-token") {
        return Err(Refusal::security_token());
    }
    if allows("authorization") {
        let claim = request.header("authorization").and_then(signature::claimed);
        if let Some(claim) = claim {
            return check_signature(claim, request, now);
        }
    }
    if !allows("x-auth-token") {
        return Err(Refusal::no_signature());
    }
    let token = request
        .header("x-auth-token")
        .ok_or_else(Refusal::no_token)?;
    match tokens.standing(token, now) {
        Standing::Valid => Ok(()),
        Standing::Expired(at) => Err(Refusal::expired_token(&at.to_string())),
        Standing::Unknown => Err(Refusal::unknown_token()),
    }
}

fn check_signature(
    claim: Option<signature::Signature>,
    request: &Request,
    now: Timestamp,
) -> Result<(), Refusal> {
    let claim = claim.ok_or_else(Refusal::wrong_signature)?;
    if claim.access_key != world::HUAWEICLOUD_ACCESS_KEY {
        return Err(Refusal::unknown_key(&claim.access_key));
    }
    let date = request.header("x-sdk-date").ok_or_else(Refusal::no_date)?;
    let signed = timestamp(date).ok_or_else(Refusal::no_date)?;
    if now.duration_since(signed).abs() > WINDOW {
        let now = now.strftime(DATE).to_string();
        return Err(Refusal::out_of_date(date, &now));
    }
    if !claim.verify(request, world::HUAWEICLOUD_SECRET_KEY, date) {
        return Err(Refusal::wrong_signature());
    }
    Ok(())
}

fn timestamp(date: &str) -> Option<Timestamp> {
    let date = DateTime::strptime(DATE, date).ok()?;
    Some(date.to_zoned(TimeZone::UTC).ok()?.timestamp())
}
