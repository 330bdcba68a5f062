//! The vendor's services for credentials on loopback: STS, the portal of the single sign-on, the
//! agent for containers, and an instance's metadata. Every key has a secret that its id gives, so
//! signatures can be verified.

use std::collections::BTreeMap;

use openapi_transport::rfc3986;
use registry_sandbox::verify::Wire;
use registry_tests::hostile::{Hostile, Reply, Request};
use serde_json::{Value, json};

use super::verify;

/// Expiry of all temporary keys.
pub(crate) const END: &str = "2026-11-22T13:00:00Z";
/// Token that the portal accepts.
pub(crate) const SSO_TOKEN: &str = "a-token-of-a-person";
/// Token that the agent wants to see, and the identity provider's token that STS accepts.
pub(crate) const POD_TOKEN: &str = "a-token-of-a-pod";
const INSTANCE_TOKEN: &str = "a-token-of-an-instance";

/// Starts the services.
pub(crate) async fn start() -> Hostile {
    Hostile::start(answer).await
}

/// Returns the secret of a key.
pub(crate) fn secret(id: &str) -> String {
    format!("the secret of {id}")
}

/// Returns the fields of a form.
pub(crate) fn form(body: &[u8]) -> BTreeMap<String, String> {
    let text = std::str::from_utf8(body).unwrap();
    let decoded = |text| String::from_utf8(rfc3986::decode(text)).unwrap();
    text.split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (decoded(name), decoded(value)))
        .collect()
}

/// Returns temporary credentials in JSON.
pub(crate) fn key(id: &str) -> Value {
    json!({
        "Code": "Success",
        "AccessKeyId": id,
        "SecretAccessKey": secret(id),
        "Token": format!("the token of {id}"),
        "Expiration": END,
    })
}

fn answer(request: &Request) -> Reply {
    let json = |value: Value| Reply::json(value.to_string());
    match (request.method.as_str(), request.path()) {
        ("POST", "/") => sts(request),
        ("GET", "/federation/credentials") => portal(request),
        ("GET", "/agent") => match request.header("authorization") {
            None => json(key("ASIATASK")),
            Some(POD_TOKEN) => json(key("ASIAPOD")),
            Some(_) => Reply::answer(401, &[], "{}"),
        },
        ("PUT", "/latest/api/token") => {
            match request.header("x-aws-ec2-metadata-token-ttl-seconds") {
                Some(_) => Reply::answer(200, &[], INSTANCE_TOKEN),
                None => Reply::answer(400, &[], ""),
            }
        }
        ("GET", path) if path.starts_with("/latest/meta-data/iam/security-credentials/") => {
            match (
                request.header("x-aws-ec2-metadata-token"),
                path.ends_with('/'),
            ) {
                (Some(INSTANCE_TOKEN), true) => Reply::answer(200, &[], "gate role\n"),
                (Some(INSTANCE_TOKEN), false) => match path.ends_with("/gate%20role") {
                    true => json(key("ASIAINSTANCE")),
                    false => Reply::answer(404, &[], ""),
                },
                _ => Reply::answer(401, &[], ""),
            }
        }
        _ => Reply::answer(404, &[], "{}"),
    }
}

fn portal(request: &Request) -> Reply {
    let query = (request.query("account_id"), request.query("role_name"));
    match (request.header("x-amz-sso_bearer_token"), query) {
        (Some(SSO_TOKEN), (Some("012345678901"), Some(role))) => {
            let id = format!("ASIASSO.{role}");
            let body = json!({ "roleCredentials": {
                "accessKeyId": id,
                "secretAccessKey": secret(&id),
                "sessionToken": "token",
                "expiration": 1_795_352_400_000_i64,
            }});
            Reply::json(body.to_string())
        }
        _ => {
            let code = "UnauthorizedException:http://internal.example/";
            let body = r#"{"message":"Session token not found or invalid"}"#;
            Reply::answer(401, &[("x-amzn-ErrorType", code)], body)
        }
    }
}

fn sts(request: &Request) -> Reply {
    let form = form(&request.body);
    let field = |name: &str| form.get(name).map(String::as_str);
    let role = field("RoleArn")
        .and_then(|arn| arn.rsplit('/').next())
        .unwrap_or_default();
    if field("Version") != Some("2011-06-15")
        || role.is_empty()
        || field("RoleSessionName").is_none()
    {
        return refused(400, "ValidationError", "a field is missing");
    }
    match field("Action") {
        Some(action @ "AssumeRole") => match caller(request) {
            Some(caller) if role != "forbidden" => assumed(action, &format!("{role}.of.{caller}")),
            Some(caller) => refused(403, "AccessDenied", &format!("{caller} may not")),
            None => refused(403, "SignatureDoesNotMatch", "The signature does not match"),
        },
        Some(action @ "AssumeRoleWithWebIdentity") => match field("WebIdentityToken") {
            Some(POD_TOKEN) if request.header("authorization").is_none() => {
                assumed(action, &format!("{role}.of.pod"))
            }
            token => refused(400, "InvalidIdentityToken", &format!("bad token {token:?}")),
        },
        _ => refused(400, "InvalidAction", "no such action"),
    }
}

/// Returns the id of the key whose signature a request has.
fn caller(request: &Request) -> Option<String> {
    let authorization = request.header("authorization")?;
    let (_, rest) = authorization.split_once("Credential=")?;
    let id = rest.split('/').next()?.to_owned();
    let wire = Wire {
        method: request.method.clone(),
        target: request.target.clone(),
        headers: request.headers.clone(),
        body: request.body.clone(),
    };
    // A temporary key needs its token.
    let with_token = request.header("x-amz-security-token").is_some() || id.starts_with("AKIA");
    (with_token && verify::accepts(&wire, &secret(&id))).then_some(id)
}

fn assumed(action: &str, id: &str) -> Reply {
    let secret = secret(id);
    let body = format!(
        "<{action}Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><{action}Result>\
         <AssumedRoleUser><Arn>arn</Arn></AssumedRoleUser><Credentials>\n\
         <AccessKeyId>{id}</AccessKeyId><SecretAccessKey>{secret}</SecretAccessKey>\
         <SessionToken>t&amp;t</SessionToken><Expiration>{END}</Expiration></Credentials>\
         </{action}Result></{action}Response>"
    );
    Reply::answer(200, &[("content-type", "text/xml")], body)
}

/// Returns an error of the query protocol.
pub(crate) fn refused(status: u16, code: &str, message: &str) -> Reply {
    let body = format!(
        "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type>\
         <Code>{code}</Code><Message>{message}</Message></Error><RequestId>id-1</RequestId>\
         </ErrorResponse>"
    );
    Reply::answer(
        status,
        &[("content-type", "text/xml"), ("x-amzn-requestid", "id-1")],
        body,
    )
}
