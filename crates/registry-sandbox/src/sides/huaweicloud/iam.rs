//! IAM: tokens for a password or an ID token, temporary keys, and projects.

use hyper::StatusCode;
use hyper::header::HeaderName;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::Context;
use super::errors::Refusal;
use super::keys::Keys;
use super::tokens::Tokens;
use super::world::World;
use crate::body;
use crate::message::{Reply, Request};
use crate::parameters::numbered_page;
use crate::secrets::Secrets;
use crate::world::huaweicloud;

/// IAM's timestamps have six digits of a second.
const TIME: &str = "%Y-%m-%dT%H:%M:%S.%6fZ";

const TOKEN_LIFETIME: SignedDuration = SignedDuration::from_hours(24);
/// Default lifetime of a temporary key, in seconds.
const KEY_SECONDS: i64 = 15 * 60;

fn bad(message: impl Into<String>) -> Refusal {
    Refusal::iam(StatusCode::BAD_REQUEST, message)
}

/// Service that issues tokens.
pub(super) struct Issuer<'a> {
    pub(super) tokens: &'a Tokens,
    pub(super) secrets: &'a Secrets,
    pub(super) endpoint: &'a str,
    pub(super) now: Timestamp,
}

impl Issuer<'_> {
    pub(super) fn create_token(&self, context: &Context<'_>) -> Result<Reply, Refusal> {
        let body = body(context)?;
        let identity = &body["auth"]["identity"];
        if identity["methods"] != json!(["password"]) {
            return Err(bad("auth.identity.methods must be [\"password\"]"));
        }
        let user = &identity["password"]["user"];
        let known = user["name"] == huaweicloud::IAM_USER
            && user["password"] == self.secrets.of(huaweicloud::IAM_PASSWORD)
            && user["domain"]["name"] == huaweicloud::IAM_DOMAIN;
        if !known {
            let message = "The username or password is wrong.";
            return Err(Refusal::iam(StatusCode::UNAUTHORIZED, message));
        }
        let for_project = project_scope(&body["auth"]["scope"])?;
        let catalog = !context.given.contains_key("nocatalog");
        let catalog = catalog.then_some(self.endpoint);
        Ok(token(
            self.tokens,
            self.now,
            "password",
            for_project,
            catalog,
        ))
    }

    pub(super) fn create_token_with_id_token(
        &self,
        context: &Context<'_>,
    ) -> Result<Reply, Refusal> {
        let body = body(context)?;
        let Some(idp) = context.request.header("x-idp-id") else {
            return Err(bad("The header X-Idp-Id is missing."));
        };
        if idp != huaweicloud::IAM_IDP_ID {
            let message = format!("Could not find identity provider: {idp}.");
            return Err(Refusal::iam(StatusCode::NOT_FOUND, message));
        }
        if body["auth"]["id_token"]["id"] != self.secrets.of(huaweicloud::IAM_ID_TOKEN) {
            let message = "The ID token is invalid or has expired.";
            return Err(Refusal::iam(StatusCode::UNAUTHORIZED, message));
        }
        let for_project = project_scope(&body["auth"]["scope"])?;
        let catalog = for_project.then_some(self.endpoint);
        Ok(token(self.tokens, self.now, "mapped", for_project, catalog))
    }
}

/// Returns the token in the body of a request for a temporary key.
pub(super) fn token_in_body(request: &Request) -> Option<String> {
    let body: Value = serde_json::from_slice(&request.body).ok()?;
    let token = body.pointer("/auth/identity/token/id")?.as_str()?;
    Some(token.to_owned())
}

pub(super) fn create_temporary_key(
    keys: &Keys,
    now: Timestamp,
    context: &Context<'_>,
) -> Result<Reply, Refusal> {
    let body = body(context)?;
    let identity = &body["auth"]["identity"];
    if identity["methods"] != json!(["token"]) {
        return Err(bad("auth.identity.methods must be [\"token\"]"));
    }
    let seconds = identity["token"]["duration_seconds"]
        .as_i64()
        .unwrap_or(KEY_SECONDS);
    if !(900..=86_400).contains(&seconds) {
        return Err(bad("duration_seconds must be from 900 to 86400"));
    }
    let key = keys.issue(now, SignedDuration::from_secs(seconds));
    Ok(Reply::new(StatusCode::CREATED, key))
}

fn body(context: &Context<'_>) -> Result<Value, Refusal> {
    let body: Value = serde_json::from_slice(&context.request.body)
        .map_err(|error| bad(format!("The request body is not JSON: {error}")))?;
    if let Some(schema) = &context.operation.body {
        body::check(schema, &body, "body").map_err(bad)?;
    }
    Ok(body)
}

/// Makes a new token in the answer's header, with a catalog if the services' URL is passed.
fn token(
    tokens: &Tokens,
    now: Timestamp,
    method: &str,
    for_project: bool,
    catalog_at: Option<&str>,
) -> Reply {
    let (token, expires_at) = tokens.issue(now, TOKEN_LIFETIME);
    let domain = json!({"id": huaweicloud::IAM_DOMAIN_ID, "name": huaweicloud::IAM_DOMAIN});
    let mut answer = json!({
        "expires_at": expires_at.strftime(TIME).to_string(),
        "issued_at": now.strftime(TIME).to_string(),
        "methods": [method],
        "roles": [],
        "user": {
            "domain": domain,
            "id": huaweicloud::IAM_USER_ID,
            "name": huaweicloud::IAM_USER,
            "password_expires_at": "",
        },
    });
    if for_project {
        answer["project"] = json!({
            "domain": domain,
            "id": huaweicloud::PROJECT_ID,
            "name": huaweicloud::REGION,
        });
    } else {
        answer["domain"] = domain;
    }
    if let Some(endpoint) = catalog_at {
        answer["catalog"] = catalog(endpoint);
    }
    let reply = Reply::new(StatusCode::CREATED, json!({"token": answer}));
    reply.with(HeaderName::from_static("x-subject-token"), token)
}

/// Whether the token is for the project. Otherwise, it is for the account.
fn project_scope(scope: &Value) -> Result<bool, Refusal> {
    let part = |key| scope.get(key).filter(|part| !part.is_null());
    let (reference, id, name, for_project) = match (part("project"), part("domain")) {
        (Some(_), Some(_)) => return Err(bad("auth.scope takes a project or a domain, not both")),
        (Some(project), None) => (project, huaweicloud::PROJECT_ID, huaweicloud::REGION, true),
        (None, Some(domain)) => (
            domain,
            huaweicloud::IAM_DOMAIN_ID,
            huaweicloud::IAM_DOMAIN,
            false,
        ),
        (None, None) => return Ok(false),
    };
    let fits = |key: &str, own: &str| reference.get(key).is_none_or(|given| given == own);
    let named = reference.get("id").is_some() || reference.get("name").is_some();
    if named && fits("id", id) && fits("name", name) {
        Ok(for_project)
    } else {
        let message = "Could not find the project or domain of the scope.";
        Err(Refusal::iam(StatusCode::NOT_FOUND, message))
    }
}

fn catalog(endpoint: &str) -> Value {
    let service = |name: &str, kind: &str| {
        json!({
            "type": kind,
            "id": format!("sandbox-{name}"),
            "name": name,
            "endpoints": [{
                "url": endpoint,
                "region": huaweicloud::REGION,
                "region_id": huaweicloud::REGION,
                "interface": "public",
                "id": format!("sandbox-{name}-public"),
            }],
        })
    };
    json!([service("iam", "identity"), service("swr", "swr")])
}

pub(super) fn list_projects(
    world: &World,
    endpoint: &str,
    context: &Context<'_>,
) -> Result<Reply, Refusal> {
    let parameters = context.parameters(|violation| bad(violation.to_string()))?;
    let fits = |project: &Value| {
        let texts = ["domain_id", "name", "parent_id"];
        let flags = ["enabled", "is_domain"];
        texts.iter().all(|key| {
            parameters
                .text(key)
                .is_none_or(|text| project[*key] == text)
        }) && flags.iter().all(|key| {
            parameters
                .boolean(key)
                .is_none_or(|flag| project[*key] == flag)
        })
    };
    let projects: Vec<_> = world
        .projects
        .iter()
        .filter(|project| fits(project))
        .collect();
    let shown = match (parameters.integer("page"), parameters.integer("per_page")) {
        (Some(number), Some(size)) => numbered_page(&projects, number, size),
        _ => &projects,
    };
    Ok(Reply::ok(json!({
        "links": {"self": format!("{endpoint}/v3/projects"), "previous": null, "next": null},
        "projects": shown,
    })))
}
