//! Logins. A wrong login is not refused: its caller is anonymous.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::Method;

use super::names::{ID_TOKEN, PASSWORD, ROBOT, ROBOT_SECRET, USER};
use super::refusal::Refusal;
use super::world::World;
use crate::message::Request;
use crate::secrets::Secrets;
use crate::spec::Operation;

/// Header that a write with a cookie needs.
const CSRF: &str = "x-harbor-csrf-token";

/// Caller of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Caller {
    /// An administrator, or a robot account of the system.
    Known,
    /// A caller without a valid login.
    Anonymous,
}

/// Calls that show a part to anonymous callers.
const PARTLY_OPEN: [&str; 13] = [
    "getStatistic",
    "getSystemInfo",
    "getProject",
    "getArtifact",
    "getRepository",
    "listAccessories",
    "listAllRepositories",
    "listArtifacts",
    "listArtifactsOfProject",
    "listProjects",
    "listRepositories",
    "listTags",
    "getProjectSummary",
];

/// Returns the caller of a request, or the refusal of one that its caller may not make.
pub(super) fn admit(
    operation: &Operation,
    request: &Request,
    world: &World,
    secrets: &Secrets,
) -> Result<Caller, Refusal> {
    let is_known = is_known(request, world, secrets);
    if request.method != Method::GET && has_session(request) && request.header(CSRF).is_none() {
        return Err(Refusal::forbidden("CSRF token not found in request"));
    }
    let is_open = operation.authentication.is_empty();
    match is_known {
        true => Ok(Caller::Known),
        false if is_open || PARTLY_OPEN.contains(&operation.id.as_str()) => Ok(Caller::Anonymous),
        false => Err(Refusal::unauthorized()),
    }
}

/// Whether the request has the cookie of a session.
pub(super) fn has_session(request: &Request) -> bool {
    let cookies = request.header_values("cookie");
    let mut all = cookies.iter().flat_map(|cookies| cookies.split(';'));
    all.any(|cookie| cookie.trim().starts_with("sid="))
}

/// Whether the request has a login that is right.
pub(super) fn is_known(request: &Request, world: &World, secrets: &Secrets) -> bool {
    let Some((scheme, rest)) = request
        .header("authorization")
        .and_then(|header| header.split_once(' '))
    else {
        return false;
    };
    match scheme.to_ascii_lowercase().as_str() {
        "bearer" => rest.trim() == secrets.of(ID_TOKEN),
        "basic" => login(rest).is_some_and(|(user, password)| {
            admits(&user, &password, secrets) || world.has_robot(&user, &password)
        }),
        _ => false,
    }
}

/// Whether this is one of the logins that are there from the start.
pub(super) fn admits(user: &str, password: &str, secrets: &Secrets) -> bool {
    let own = [(USER, PASSWORD), (ROBOT, ROBOT_SECRET)];
    let mut all = own.iter();
    all.any(|(name, secret)| user == *name && password == secrets.of(secret))
}

/// Reads user and password.
pub(super) fn login(encoded: &str) -> Option<(String, String)> {
    let decoded = STANDARD.decode(encoded.trim()).ok()?;
    let text = String::from_utf8(decoded).ok()?;
    let (user, password) = text.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}
