//! Single sign-on: the token that the vendor's command-line program has cached gives a role.

use std::sync::Arc;

use http::Method;
use openapi_transport::{
    Answer, BoxFuture, Dialect, Error, Lease, Operation, Reading, Secret, SourceError, Stamp,
    Timestamp, UsedCredentials, headers, read_secret_file, rfc3986, send,
};
use reqwest::Request;
use serde_json::Value;

use super::calls::{self, failed};
use super::fields::{self, Fields, lacks};
use super::{ChainSettings, Credentials};
use crate::profile::{Profiles, Section, in_home};
use crate::refusal;
use crate::region::Location;

static GET_ROLE: Operation = calls::operation(
    "GetRoleCredentials",
    "GET",
    "/federation/credentials",
    "application/json",
);

/// Role that a signed-in person may have, as a profile names it.
#[derive(Debug)]
pub(super) struct SignOn<'a> {
    /// Name of the session, or the start URL of older profiles: the cache is named after it.
    cached_as: &'a str,
    region: &'a str,
    account: &'a str,
    role: &'a str,
}

impl<'a> SignOn<'a> {
    /// Reads a profile. Returns `None` if it has no single sign-on.
    pub(super) fn read(
        profiles: &'a Profiles,
        profile: &'a Section,
    ) -> Result<Option<Self>, SourceError> {
        let session = profile.text("sso_session");
        if session.is_none() && profile.text("sso_account_id").is_none() {
            return Ok(None);
        }
        let needed = |section: &'a Section, name: &str| {
            let what = || SourceError::failed(format!("{name} is not set"));
            section.text(name).ok_or_else(what)
        };
        let (place, cached_as) = match session {
            Some(name) => {
                let what = || SourceError::failed(format!("[sso-session {name}] not found"));
                (profiles.session(name).ok_or_else(what)?, name)
            }
            None => (profile, needed(profile, "sso_start_url")?),
        };
        Ok(Some(Self {
            cached_as,
            region: needed(place, "sso_region")?,
            account: needed(profile, "sso_account_id")?,
            role: needed(profile, "sso_role_name")?,
        }))
    }
}

impl ChainSettings {
    /// Returns credentials of a role with the cached token.
    pub(super) async fn sign_on(
        &self,
        sign_on: &SignOn<'_>,
        location: &Location,
        now: Timestamp,
    ) -> Result<Lease<Credentials>, SourceError> {
        let token = self.cached_token(sign_on.cached_as, now).await?;
        let set = self.sso.clone().map(Ok);
        let endpoint = set
            .unwrap_or_else(|| location.sso_endpoint(sign_on.region))
            .map_err(failed)?;
        let context = self.context(endpoint, Arc::new(Portal(token)))?;
        let mut url = calls::url(&context, GET_ROLE.path)?;
        let query = [("role_name", sign_on.role), ("account_id", sign_on.account)];
        url.set_query(Some(&rfc3986::query(query)));
        let answer = send(&context, &GET_ROLE, Request::new(Method::GET, url)).await;
        let answer = answer.map_err(|error| match error.status() {
            Some(401) => SourceError::failed(format!("{error}; {LOGIN}")),
            _ => failed(error),
        })?;
        read(&answer)
    }

    /// Returns the access token in the cache of the vendor's command-line program.
    async fn cached_token(&self, name: &str, now: Timestamp) -> Result<Secret, SourceError> {
        let hash = ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, name.as_bytes());
        let file = format!(".aws/sso/cache/{}.json", hex::encode(hash));
        let file = in_home(&self.surroundings, &file)?;
        let text = match read_secret_file(&file).await {
            Err(SourceError::NotSet(why)) => {
                return Err(SourceError::failed(format!("{why}; {LOGIN}")));
            }
            text => text?,
        };
        let failed = |why: &str| SourceError::failed(format!("{}: {why}", file.display()));
        let cached: Value = serde_json::from_str(&text).map_err(|_| failed("invalid JSON"))?;
        let fields = Fields(&cached);
        let end = fields.needed("expiresAt").and_then(fields::time);
        let end = end.map_err(|why| failed(&why.to_string()))?;
        if end <= now {
            return Err(failed(&format!("the token expired at {end}; {LOGIN}")));
        }
        match fields.text("accessToken") {
            Some(token) => Ok(Secret::from(token)),
            None => Err(failed("accessToken is missing")),
        }
    }
}

const LOGIN: &str = "sign in with `aws sso login`";

/// Reads the credentials of an answer. No error shows the body.
fn read(answer: &Answer) -> Result<Lease<Credentials>, SourceError> {
    let body: Value = serde_json::from_slice(&answer.body)
        .map_err(|_| SourceError::failed("the answer is not the JSON of credentials"))?;
    let role = body.get("roleCredentials").unwrap_or(&Value::Null);
    let role = Fields(role);
    let key = Credentials::new(role.needed("accessKeyId")?, role.needed("secretAccessKey")?)
        .session_token(role.needed("sessionToken")?);
    let end = role
        .number("expiration")
        .ok_or_else(|| lacks("expiration"))?;
    let end = Timestamp::from_millisecond(end);
    let end = end.map_err(|_| SourceError::failed("invalid expiration"))?;
    Ok(Lease::until(key, end))
}

/// Adds the token of a signed-in person.
#[derive(Debug)]
struct Portal(Secret);

impl Dialect for Portal {
    fn sign<'a>(
        &'a self,
        request: &'a mut Request,
        _: &'a Operation,
        _: &'a Stamp,
    ) -> BoxFuture<'a, Result<UsedCredentials, Error>> {
        let name = "x-amz-sso_bearer_token";
        let set = headers::set(request, name, self.0.expose(), true);
        Box::pin(std::future::ready(set.map(|()| None)))
    }

    fn read(&self, answer: &Answer) -> Reading {
        refusal::read(answer)
    }
}
