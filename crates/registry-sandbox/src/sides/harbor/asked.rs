//! Request, which is checked by the spec of its operation.

use std::collections::BTreeMap;

use hyper::StatusCode;
use hyper::header::LOCATION;
use jiff::Timestamp;
use serde_json::Value;

use super::gate::Caller;
use super::images::{Holding, Project, Repository};
use super::mode::Mode;
use super::names::REGISTRY;
use super::refusal::Refusal;
use super::world::World;
use crate::body;
use crate::encoding;
use crate::message::{Reply, Request};
use crate::parameters::{Parameters, Violation};
use crate::plans::Plans;
use crate::spec::Operation;

/// A project with its name.
type OwnProject<'w> = (&'w str, &'w Project);

/// Request in the form for handlers.
pub(super) struct Asked<'a> {
    pub(super) operation: &'a Operation,
    pub(super) request: &'a Request,
    pub(super) parameters: Parameters<'a>,
    /// Body. Null if the operation takes no body.
    pub(super) body: Value,
    pub(super) caller: Caller,
    /// Harbor that the request is for: that at the sandbox's endpoint, or a target at its own port.
    pub(super) place: &'a str,
    pub(super) plans: &'a Plans,
    pub(super) mode: Mode,
    pub(super) now: Timestamp,
}

/// Changes parameters that Harbor accepts and its file does not allow: sizes of pages below 0, and
/// parameters without a value, which count as missing.
pub(super) fn relaxed(given: &mut BTreeMap<String, String>) {
    given.retain(|_, value| !value.is_empty());
    if let Some(size) = given.get_mut("page_size")
        && size.parse::<i64>().is_ok_and(|size| size < 0)
    {
        "0".clone_into(size);
    }
}

impl<'a> Asked<'a> {
    /// Checks parameters and body.
    pub(super) fn check(
        operation: &'a Operation,
        request: &'a Request,
        given: &'a BTreeMap<String, String>,
    ) -> Result<(Parameters<'a>, Value), Refusal> {
        // A slash of a repository's name is encoded twice. Encoded once, it adds a segment to the path.
        let name = given.get("repository_name");
        if name.is_some_and(|name| name.contains('/')) {
            return Err(Refusal::no_such_path());
        }
        let parameters = Parameters::check(operation, given).map_err(|violation| {
            Refusal::unprocessable(match violation {
                Violation::Missing { name } => format!("{name} in query is required"),
                Violation::Invalid { name, reason } => format!("{name} in query {reason}"),
            })
        })?;
        let body = match &operation.body {
            None => Value::Null,
            Some(schema) => body::read(schema, &request.body).map_err(Refusal::unprocessable)?,
        };
        Ok((parameters, body))
    }

    pub(super) fn given(&self, name: &str) -> Option<&'a str> {
        self.parameters.text(name)
    }

    /// Returns a parameter that the spec requires.
    pub(super) fn text(&self, name: &str) -> &'a str {
        self.given(name).unwrap_or_default()
    }

    pub(super) fn integer(&self, name: &str) -> Option<i64> {
        self.parameters.integer(name)
    }

    /// Returns an id that the spec requires.
    pub(super) fn id(&self, name: &str) -> i64 {
        self.integer(name).unwrap_or_default()
    }

    /// Returns a truth value, or the spec's default.
    pub(super) fn is(&self, name: &str) -> bool {
        let default = || self.operation.parameter(name)?.rule.default_boolean();
        self.parameters.boolean(name).or_else(default) == Some(true)
    }

    /// Returns a text of the body.
    pub(super) fn field(&self, name: &str) -> &str {
        self.body[name].as_str().unwrap_or_default()
    }

    pub(super) fn is_known(&self) -> bool {
        self.caller == Caller::Known
    }

    /// Whether the request is for the Harbor at the sandbox's endpoint.
    pub(super) fn is_local(&self) -> bool {
        self.place == REGISTRY.id()
    }

    /// Makes a success without a body.
    pub(super) fn nothing(&self) -> Result<Reply, Refusal> {
        Ok(Reply::new(self.operation.success, Value::Null))
    }

    pub(super) fn done(&self, body: Value) -> Result<Reply, Refusal> {
        Ok(Reply::new(self.operation.success, body))
    }

    /// Makes the answer to a call that has made a record.
    pub(super) fn created(&self, id: impl std::fmt::Display) -> Result<Reply, Refusal> {
        let path = self.request.path.trim_end_matches('/');
        let reply = Reply::new(StatusCode::CREATED, Value::Null);
        Ok(reply.with(LOCATION, format!("{path}/{id}")))
    }

    pub(super) fn holding<'w>(&self, world: &'w World) -> Result<&'w Holding, Refusal> {
        let held = world.holdings.get(self.place);
        held.ok_or_else(Refusal::no_such_path)
    }

    /// Returns the project of the request, which its caller must be allowed to see.
    pub(super) fn project<'w>(&self, world: &'w World) -> Result<OwnProject<'w>, Refusal> {
        let by_name = self.given("project_name");
        let wanted = by_name.unwrap_or_else(|| self.text("project_name_or_id"));
        let is_name =
            by_name.is_some() || self.request.header("x-is-resource-name") == Some("true");
        let id = wanted.parse::<i64>().ok().filter(|_| !is_name);
        let mut all = self.holding(world)?.projects.iter();
        let found = all.find(|(name, project)| match id {
            Some(id) => project.id == id,
            None => *name == wanted,
        });
        match found {
            Some((name, project)) if self.is_known() || project.is_public() => Ok((name, project)),
            None if self.is_known() => {
                Err(Refusal::not_found(format!("project {wanted} not found")))
            }
            _ => Err(Refusal::unauthorized()),
        }
    }

    /// Returns the name of the repository of the request, without its project.
    pub(super) fn repository_name(&self) -> String {
        let sent = self.text("repository_name");
        encoding::decode(sent).unwrap_or_else(|| sent.to_owned())
    }

    /// Returns the project and the repository of the request, each with its name.
    pub(super) fn repository<'w>(
        &self,
        world: &'w World,
    ) -> Result<(OwnProject<'w>, (String, &'w Repository)), Refusal> {
        let project = self.project(world)?;
        let name = self.repository_name();
        let found = project.1.repositories.get(&name);
        let found = found.ok_or_else(|| {
            Refusal::not_found(format!("repository {}/{name} not found", project.0))
        })?;
        Ok((project, (name, found)))
    }

    /// Returns the digest of the artifact of the request.
    pub(super) fn digest(
        &self,
        project: &str,
        name: &str,
        repository: &Repository,
    ) -> Result<String, Refusal> {
        let reference = self.text("reference");
        let found = repository.digest(reference);
        let between = if reference.contains(':') { '@' } else { ':' };
        found.map(str::to_owned).ok_or_else(|| {
            Refusal::not_found(format!(
                "artifact {project}/{name}{between}{reference} not found"
            ))
        })
    }
}
