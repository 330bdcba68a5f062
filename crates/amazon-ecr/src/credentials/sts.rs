//! Roles that STS lets a caller assume.

use std::sync::Arc;

use http::Method;
use openapi_transport::{
    Answer, BoxFuture, Context, Dialect, Error, Lease, Operation, Reading, Secret, SourceError,
    Stamp, Timestamp, UsedCredentials, headers, read_secret_file, rfc3986, send,
};
use reqwest::Request;

use super::calls::{self, failed};
use super::fields::{lacks, time};
use super::{ChainSettings, Credentials};
use crate::profile::expand;
use crate::refusal;
use crate::region::Location;
use crate::signer::{self, Scope};
use crate::{partitions, xml};

const VERSION: &str = "2011-06-15";
const ROLE_SESSION_NAME: &str = "AWS_ROLE_SESSION_NAME";
const FORM: &str = "application/x-www-form-urlencoded; charset=utf-8";

static ASSUME_ROLE: Operation = calls::operation("AssumeRole", "POST", "/", "text/xml");
static WITH_TOKEN: Operation =
    calls::operation("AssumeRoleWithWebIdentity", "POST", "/", "text/xml");

/// Role, and the settings to assume it.
#[derive(Debug, Default)]
pub(super) struct Role<'a> {
    pub(super) arn: &'a str,
    /// Name of the session. [default: from the environment, else this crate's own]
    pub(super) session: Option<&'a str>,
    pub(super) seconds: Option<&'a str>,
    pub(super) external_id: Option<&'a str>,
}

/// STS at its endpoint.
pub(super) struct Sts<'a> {
    settings: &'a ChainSettings,
    endpoint: String,
    /// Region of the signature.
    region: String,
}

impl ChainSettings {
    /// Returns STS where the settings, variables and the profile say.
    pub(super) fn sts(&self, location: &Location) -> Result<Sts<'_>, SourceError> {
        let set = self.sts.clone().map(Ok);
        let region = location.region().unwrap_or(partitions::all()[0].home());
        Ok(Sts {
            settings: self,
            endpoint: set
                .unwrap_or_else(|| location.sts_endpoint())
                .map_err(failed)?,
            region: region.to_owned(),
        })
    }
}

impl Sts<'_> {
    /// Assumes a role as `caller`.
    pub(super) async fn assume_role(
        &self,
        caller: Credentials,
        role: &Role<'_>,
        now: Timestamp,
    ) -> Result<Lease<Credentials>, SourceError> {
        let session = self.session(role, now);
        let mut form = form(&ASSUME_ROLE, role, &session);
        form.extend(role.external_id.map(|id| ("ExternalId", id)));
        let answer = self.call(&ASSUME_ROLE, Some(caller), &form).await;
        read(&answer.map_err(failed)?)
    }

    /// Assumes a role with a token. Reads the token file each time, because its text changes.
    pub(super) async fn assume_role_with_token(
        &self,
        file: &str,
        role: &Role<'_>,
        now: Timestamp,
    ) -> Result<Lease<Credentials>, SourceError> {
        let file = expand(&self.settings.surroundings, file)?;
        // The caller has named the file, so a missing file is an error.
        let token = read_secret_file(&file)
            .await
            .map_err(|why| SourceError::failed(format!("cannot read the token: {why}")))?;
        let token = Secret::from(token.trim());
        let session = self.session(role, now);
        let mut form = form(&WITH_TOKEN, role, &session);
        form.push(("WebIdentityToken", token.expose()));
        let answer = self.call(&WITH_TOKEN, None, &form).await;
        read(&answer.map_err(|error| failed(error.without(&token)))?)
    }

    fn session(&self, role: &Role<'_>, now: Timestamp) -> String {
        let variable = || self.settings.surroundings.variable(ROLE_SESSION_NAME);
        role.session
            .map(str::to_owned)
            .or_else(variable)
            .unwrap_or_else(|| format!("registry-replication-{}", now.as_second()))
    }

    async fn call(
        &self,
        operation: &'static Operation,
        caller: Option<Credentials>,
        form: &[(&str, &str)],
    ) -> Result<Answer, Error> {
        let dialect = Query {
            caller,
            region: self.region.clone(),
        };
        let context = self
            .settings
            .context(self.endpoint.clone(), Arc::new(dialect));
        let context: Context = context.map_err(|why| Error::configuration(why.to_string()))?;
        let url = calls::url(&context, "/");
        let url = url.map_err(|why| Error::configuration(why.to_string()))?;
        let mut request = Request::new(Method::POST, url);
        let body = rfc3986::query(form.iter().copied());
        *request.body_mut() = Some(body.into());
        send(&context, operation, request).await
    }
}

/// Returns the fields that both calls have.
fn form<'a>(
    operation: &'static Operation,
    role: &Role<'a>,
    session: &'a str,
) -> Vec<(&'static str, &'a str)> {
    let mut form = vec![
        ("Action", operation.name),
        ("Version", VERSION),
        ("RoleArn", role.arn),
        ("RoleSessionName", session),
    ];
    form.extend(role.seconds.map(|seconds| ("DurationSeconds", seconds)));
    form
}

/// Reads the credentials of an answer. No error shows the body.
fn read(answer: &Answer) -> Result<Lease<Credentials>, SourceError> {
    let document = xml::parse(&answer.body);
    let found = document
        .as_ref()
        .and_then(|document| xml::find(document, "Credentials"))
        .ok_or_else(|| SourceError::failed("the answer is not the XML of credentials"))?;
    let needed = |name| xml::text(found, name).ok_or_else(|| lacks(name));
    let key = Credentials::new(needed("AccessKeyId")?, needed("SecretAccessKey")?)
        .session_token(needed("SessionToken")?);
    Ok(Lease::until(key, time(needed("Expiration")?)?))
}

/// Signs calls of the query protocol and reads its errors.
#[derive(Debug)]
struct Query {
    /// `None` sends the call without a signature.
    caller: Option<Credentials>,
    region: String,
}

impl Dialect for Query {
    fn sign<'a>(
        &'a self,
        request: &'a mut Request,
        _: &'a Operation,
        stamp: &'a Stamp,
    ) -> BoxFuture<'a, Result<UsedCredentials, Error>> {
        let signed = headers::set(request, "content-type", FORM, false).and_then(|()| {
            let scope = Scope::new(stamp.date, &self.region, "sts");
            match &self.caller {
                Some(caller) => signer::authorize(request, caller, &scope),
                None => Ok(()),
            }
        });
        Box::pin(std::future::ready(signed.map(|()| None)))
    }

    fn read(&self, answer: &Answer) -> Reading {
        refusal::read_xml(answer)
    }
}
