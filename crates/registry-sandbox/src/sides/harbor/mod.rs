//! Harbor: its API with replication, registries, retention, projects and images.
//!
//! [`REGISTRY`] is the Harbor at the sandbox's endpoint. It takes pushes, and its policies copy to
//! [`TARGETS`]. At its own port, each target that is a Harbor also answers the calls that read projects
//! and images.
//!
//! A push starts each policy that is enabled, event-based, fits the image and copies from this Harbor:
//! one execution with one task of one tag. A call starts a policy with one task for each repository. A
//! scheduled policy is kept and does not run by itself. A task copies each tag as it is when the run
//! begins. It runs up to three times, and between its runs the API shows it as failed. The waits
//! between runs are those of Harbor's job service, which [`Options::seed`](crate::Options::seed)
//! chooses. After [`Sandbox::set_pace`](crate::Sandbox::set_pace), they are those of the pace. An
//! execution's counts are right at once. Its status is written at whole half minutes, or after the lag
//! of a pace that was set.
//!
//! For [`Sandbox::decide`](crate::Sandbox::decide), a destination is the name of a target. With
//! [`Outcome::NoTask`](crate::Outcome::NoTask), an execution fails without a task. A policy whose copy
//! goes to [`PROXY_PROJECT`] ends without one.
//!
//! Retention policies delete when a call runs them. For a decision about a task of retention, there is
//! no destination. Webhook policies record a delivery for each ended run of a replication task, and send
//! nothing. Calls about scanners, volumes and audit logs answer with the examples of the spec.
//!
//! Logs of tasks are gone a day after their last run. At midnight, only the newest 50 executions of each
//! policy that have ended are kept. [`Version`] selects a version with a known bug, and [`Mode`] makes the
//! Harbor read-only.
//!
//! Logins are [`USER`] with [`PASSWORD`], [`ROBOT`] with [`ROBOT_SECRET`], and [`ID_TOKEN`] as a bearer
//! token. A wrong password makes an anonymous caller, who sees [`PUBLIC_PROJECT`] alone.

mod asked;
mod calls;
mod cleaning;
mod executions;
mod fleet_tasks;
mod gate;
mod hooks;
mod ids;
mod images;
mod listing;
mod log;
mod mode;
mod names;
mod pattern;
mod refusal;
mod retention;
mod rules;
mod running;
mod settling;
mod side;
mod start;
mod times;
mod version;
mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, MutexGuard};

use hyper::Method;
use hyper::header::{HeaderName, SET_COOKIE};
use jiff::Timestamp;
use serde_json::json;
use uuid::Uuid;

use crate::clock::Clock;
use crate::hook::Hook;
use crate::later::Later;
use crate::message::{Answer, Reply, Request};
use crate::plans::Plans;
use crate::route::{Route, Routes};
use crate::secrets::Secrets;
use crate::side::Surroundings;
use crate::spec::{self, Operation, SpecError};
use asked::Asked;
use calls::Handler;
use refusal::Refusal;
use world::World;

pub use mode::Mode;
pub use names::*;
pub(crate) use side::SIDE;
pub use version::Version;

const SPEC: &str = "harbor/harbor";
/// Path that names the version of the API to everybody.
const VERSION_PATH: &str = "/api/version";
/// Beginning of all other paths.
const BASE: &str = "/api/v2.0/";
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

struct Harbor {
    routes: Routes<Handler>,
    operations: &'static [Operation],
    world: Later<World>,
    mode: Mode,
    clock: Clock,
    plans: Arc<Plans>,
    hook: Arc<Hook>,
    secrets: Arc<Secrets>,
}

impl Harbor {
    fn new(surroundings: &Surroundings<'_>) -> Result<Self, SpecError> {
        let Surroundings {
            options,
            clock,
            plans,
            hook,
            secrets,
            ..
        } = surroundings;
        let spec = spec::named(SPEC)?;
        let version = options.get::<Version>().copied().unwrap_or_default();
        let calls = spec.operations.iter();
        let calls = calls.map(|operation| (operation, calls::handler(operation)));
        Ok(Self {
            routes: Routes::new(calls),
            operations: &spec.operations,
            mode: options.get::<Mode>().copied().unwrap_or_default(),
            world: World::later(spec, version, options.seed, clock())?,
            clock: Arc::clone(clock),
            plans: Arc::clone(plans),
            hook: Arc::clone(hook),
            secrets: Arc::clone(secrets),
        })
    }

    /// Returns the world, with the effects of work that has ended by `now`.
    fn world(&self, now: Timestamp) -> MutexGuard<'_, World> {
        let mut world = self.world.lock();
        world.settle(now);
        world
    }

    /// Answers a request to the Harbor of a place.
    fn respond(&self, place: &str, request: &Request) -> Answer {
        let mut parameters = request.query_parameters();
        let mut operation = None;
        let result = match self.route(&request.method, &request.path) {
            _ if request.path == VERSION_PATH => Ok(Reply::ok(json!({"version": "v2.0"}))),
            None if self.is_path(&request.path) => Err(Refusal::wrong_method()),
            None => Err(Refusal::no_such_path()),
            Some((route, path)) => {
                parameters.extend(path);
                operation = Some(route.operation.id.clone());
                let mut given = parameters.clone();
                asked::relaxed(&mut given);
                let call = Call {
                    operation: route.operation,
                    handler: route.target,
                    request,
                    place,
                };
                self.call(&call, &given)
            }
        };
        Answer {
            reply: self.finished(result, request),
            operation,
            parameters,
        }
    }

    /// Finds the route of a request. A slash at the end of a path does not matter, there or in the spec.
    fn route(
        &self,
        method: &Method,
        path: &str,
    ) -> Option<(&Route<Handler>, BTreeMap<String, String>)> {
        let path = path.trim_end_matches('/');
        let found = self.routes.find(method, path);
        found.or_else(|| self.routes.find(method, &format!("{path}/")))
    }

    /// Whether a call with another method has the path.
    fn is_path(&self, path: &str) -> bool {
        let methods = self.operations.iter().map(|operation| &operation.method);
        let mut methods = methods.collect::<BTreeSet<_>>().into_iter();
        methods.any(|method| self.route(method, path).is_some())
    }

    fn call(&self, call: &Call<'_>, given: &BTreeMap<String, String>) -> Result<Reply, Refusal> {
        let operation = call.operation;
        let caller = {
            let world = self.world((self.clock)());
            gate::admit(operation, call.request, &world, &self.secrets)?
        };
        if self.mode == Mode::ReadOnly && operation.method != Method::GET {
            return Err(Refusal::read_only());
        }
        if !operation.authentication.is_empty() {
            self.hook.call(&operation.id);
        }
        // The hook may have moved the clock.
        let now = (self.clock)();
        let (parameters, body) = Asked::check(operation, call.request, given)?;
        let asked = Asked {
            operation,
            request: call.request,
            parameters,
            body,
            caller,
            place: call.place,
            plans: &self.plans,
            mode: self.mode,
            now,
        };
        if !asked.is_local() && !calls::is_at_targets(&operation.id) {
            return Err(Refusal::no_such_path());
        }
        (call.handler)(&mut self.world(now), &asked)
    }

    /// Adds the request id, and the cookie of a session after a login.
    fn finished(&self, result: Result<Reply, Refusal>, request: &Request) -> Reply {
        let made = || Uuid::new_v4().to_string();
        let id = request
            .header(REQUEST_ID.as_str())
            .map_or_else(made, str::to_owned);
        let reply = result.unwrap_or_else(Refusal::reply).with(REQUEST_ID, id);
        let logs_in = request.header("authorization").is_some() && !gate::has_session(request);
        let world = self.world.lock();
        match logs_in && gate::is_known(request, &world, &self.secrets) {
            true => {
                let session = Uuid::new_v4().simple();
                reply.with(SET_COOKIE, format!("sid={session}; Path=/; HttpOnly"))
            }
            false => reply,
        }
    }
}

/// Request that has a route.
struct Call<'a> {
    operation: &'static Operation,
    handler: Handler,
    request: &'a Request,
    place: &'a str,
}
