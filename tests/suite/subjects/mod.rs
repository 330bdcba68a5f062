//! Test subjects: one per provider, and the table that shared tests iterate over.
//!
//! A subject knows how to reach its provider in a sandbox and what differs there. What the
//! provider's [`Descriptor`] says is not repeated here.

pub(crate) mod alibabacloud;
pub(crate) mod distribution;
pub(crate) mod harbor;
pub(crate) mod huaweicloud;
mod ports;

use std::fmt::Debug;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use futures_util::{FutureExt, TryStreamExt};
use openapi_transport::{Call, Context, ContextBuilder, Dialect};
use registry_replication::api::find;
use registry_replication::{Descriptor, Listing, ReasonKind, Registry, oci, providers};
use registry_sandbox::world::{Place, Source};
use registry_sandbox::{OutgoingAnswer, Sandbox};
use registry_tests::specs;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::retries::{Call as RetriedCall, Fault};
pub(crate) use ports::Ports;

/// The subjects. A new one goes to the end: its position is part of the simulation's seeds.
const SUBJECTS: &[&dyn Subject] = &[
    &huaweicloud::HuaweicloudEnterprise,
    &huaweicloud::HuaweicloudBasic,
    &alibabacloud::Alibabacloud,
    &distribution::Oci,
    &harbor::Harbor,
];

/// Returns all subjects.
pub(crate) fn subjects() -> impl Iterator<Item = &'static dyn Subject> {
    SUBJECTS.iter().copied()
}

/// Returns the subjects whose provider has rules and tasks. Tests of rules, of tasks and of calls that
/// list them use it.
pub(crate) fn subjects_with_rules() -> impl Iterator<Item = &'static dyn Subject> {
    subjects().filter(|one| one.has_rules())
}

/// Returns the first subject that fits. Tests of behaviour that not every provider has use it.
pub(crate) fn subject(fits: impl Fn(&'static dyn Subject) -> bool) -> &'static dyn Subject {
    subjects().find(|one| fits(*one)).unwrap()
}

/// Signer of calls to one service of a client crate, with keys that are always the same.
pub(crate) fn fixed_dialect(client: &str, service: &str) -> Arc<dyn Dialect> {
    match client {
        // The table of providers does not have it yet.
        "amazon-ecr" => crate::amazon_ecr::clients::fixed_dialect(),
        _ => of_client(client).fixed_dialect(service),
    }
}

/// Returns the first subject of a client crate.
pub(crate) fn of_client(client: &str) -> &'static dyn Subject {
    let found = subjects().find(|one| one.client() == Some(client));
    found.unwrap_or_else(|| panic!("no test subject for {client}"))
}

/// One cloud's client for tests of the transport that need any client.
pub(crate) mod any {
    pub(crate) use super::huaweicloud::any::*;
}

/// Settings of the transport, such as a clock.
pub(crate) type Configure = Box<dyn Fn(ContextBuilder) -> ContextBuilder + Send + Sync>;

/// A command of the program, and its other words.
pub(crate) type CommandLine = (&'static str, Vec<&'static str>);

/// Provider as a test subject.
///
/// The methods about calls by name, rules and listings have defaults for providers without them.
pub(crate) trait Subject: Debug + Send + Sync {
    /// Name of the provider in the table.
    fn provider(&self) -> &'static str;

    /// Name of the provider's client crate. `None` if it has no calls by name.
    fn client(&self) -> Option<&'static str>;

    /// Signer of calls to one service of the client, with keys that are always the same.
    fn fixed_dialect(&self, service: &str) -> Arc<dyn Dialect> {
        unreachable!("{self:?} has no service {service}")
    }

    /// Options of the program for the provider in its sandbox.
    fn options(&self) -> Vec<&'static str> {
        vec!["--registry", self.provider(), "--sandbox"]
    }

    /// Runs of the program that show the provider's answers.
    fn command_lines(&self) -> Vec<CommandLine> {
        Vec::new()
    }

    /// Calls of each kind, for tests of retries.
    fn calls(&self) -> Vec<RetriedCall> {
        Vec::new()
    }

    /// Faults that only this provider words so.
    fn faults(&self) -> Vec<Fault> {
        Vec::new()
    }

    /// The registry of the sandbox that pushes go to.
    fn source(&self) -> Source;

    /// Connects to the registry that pushes go to.
    fn connect<'a>(
        &'a self,
        sandbox: &'a Sandbox,
        ports: &'a Ports,
        configure: Configure,
    ) -> BoxFuture<'a, Box<dyn Registry>>;

    /// Signer of calls by name.
    fn dialect(&self, _: &Sandbox) -> Arc<dyn Dialect> {
        unreachable!("{self:?} has no calls by name")
    }

    /// Client of the OCI side of a place that is served at `host`, with its login.
    fn oci<'a>(
        &'a self,
        sandbox: &'a Sandbox,
        place: &'a Place,
        host: &'a str,
    ) -> BoxFuture<'a, oci::Builder>;

    /// Destinations of the stage's rules. The first is also one of the rules of `team/api`.
    fn destinations(&self) -> Vec<Destination>;

    /// Name by which an arrival knows a destination in a sandbox.
    fn name<'a>(&'a self, number: usize, _: &'a Sandbox, _: &'a Ports) -> BoxFuture<'a, String> {
        let name = self.destinations()[number].name.to_owned();
        std::future::ready(name).boxed()
    }

    /// Name by which [`Sandbox::decide`] knows a destination. `None` stands for all destinations.
    fn decided(&self, number: usize) -> Option<&'static str> {
        Some(self.destinations()[number].name)
    }

    /// Namespace and name of the stage's repository, which the sandbox's own images do not use.
    fn repository(&self) -> (&'static str, &'static str);

    /// Whether rules that the sandbox has from its start cover the stage's repository.
    fn is_covered(&self) -> bool {
        false
    }

    /// The call that makes a rule from the stage's repository to a destination.
    fn rule(&self, _: &Site, _: usize) -> NamedCall {
        unreachable!("{self:?} has no rules")
    }

    /// Deletes the rules from the stage's repository to a destination.
    fn delete_rule<'a>(&'a self, _: &'a Site, _: usize) -> BoxFuture<'a, ()> {
        std::future::ready(()).boxed()
    }

    /// Copies a tag to a destination, or everything that the rule covers.
    fn by_hand<'a>(&'a self, _: &'a Site, _: &'a str, _: usize) -> BoxFuture<'a, ()> {
        std::future::ready(()).boxed()
    }

    /// Stops the execution or task with this id, if the provider can.
    fn stop<'a>(&'a self, _: &'a Site, _: &'a str) -> BoxFuture<'a, ()> {
        std::future::ready(()).boxed()
    }

    /// The calls that list records, whose answers a test can change.
    fn listings(&self) -> &'static [ListedCall] {
        &[]
    }

    /// A part of the name of the call that lists tags.
    fn tag_listing(&self) -> &'static str {
        "Tag"
    }

    /// Whether tags are listed page by page. Otherwise an error on a page leaves none.
    fn has_pages_of_tags(&self) -> bool {
        true
    }

    /// Examples of pages, and what the facade makes of them.
    fn pages(&self) -> Vec<ExamplePage> {
        Vec::new()
    }

    /// Changes of [`rule`](Self::rule) that keep it from copying `v42` when that is pushed.
    fn obstacles(&self) -> Vec<Obstacle> {
        Vec::new()
    }

    /// The longest pause before the provider retries a failed task, in seconds.
    fn longest_pause(&self) -> u64 {
        50
    }

    /// How a wait for an image of an unknown repository ends.
    fn without_repository(&self) -> &'static str {
        "not arrived: no-task"
    }
}

impl dyn Subject + '_ {
    /// The provider's row in the table.
    pub(crate) fn descriptor(&self) -> &'static Descriptor {
        let mut all = providers().iter();
        all.find(|one| one.name == self.provider()).unwrap()
    }

    /// Returns whether the provider has rules and tasks.
    pub(crate) fn has_rules(&self) -> bool {
        self.descriptor().shows_work()
    }

    /// Returns the position in the table.
    pub(crate) fn number(&self) -> usize {
        let mut all = subjects();
        all.position(|one| one.provider() == self.provider())
            .unwrap()
    }

    /// Name of the first destination.
    pub(crate) fn there(&self) -> &'static str {
        self.destinations()[0].name
    }

    /// Returns the listing that an answer belongs to.
    pub(crate) fn listing(&self, answer: &OutgoingAnswer) -> Option<&'static ListedCall> {
        let mut all = self.listings().iter();
        all.find(|listing| listing.operation == answer.operation)
    }
}

/// Destination of copies.
#[derive(Debug)]
pub(crate) struct Destination {
    /// Name that an arrival knows it by, unless [`Subject::name`] makes another.
    pub(crate) name: &'static str,
    pub(crate) place: Place,
}

/// Call by name.
#[derive(Debug)]
pub(crate) struct NamedCall {
    pub(crate) operation: &'static str,
    pub(crate) parameters: Value,
    pub(crate) body: Option<Value>,
}

impl NamedCall {
    pub(crate) fn new(operation: &'static str, parameters: Value) -> Self {
        Self {
            operation,
            parameters,
            body: None,
        }
    }

    pub(crate) fn body(self, body: Value) -> Self {
        let body = Some(body);
        Self { body, ..self }
    }

    /// Returns the object that describes the record that the call creates.
    pub(crate) fn made(&mut self) -> &mut Value {
        self.body.as_mut().unwrap_or(&mut self.parameters)
    }
}

/// Kind of a listing's records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Listed {
    Rules,
    Executions,
    /// Tasks of one execution.
    ExecutionTasks,
    Subtasks,
    /// Tasks of a repository or an image.
    Tasks,
}

/// Call that lists records.
#[derive(Debug)]
pub(crate) struct ListedCall {
    pub(crate) operation: &'static str,
    pub(crate) listed: Listed,
    /// Field of the body that holds the records. Empty if they are the body.
    pub(crate) records: &'static str,
    /// What counts the records.
    pub(crate) total: Option<Total>,
    /// Field of a record's id.
    pub(crate) id: &'static str,
    /// Fields that tell how new a record is, best first.
    pub(crate) made: &'static [&'static str],
    /// Body of a 404, if the service may not know the owner of the records yet.
    pub(crate) absent: Option<&'static str>,
}

impl ListedCall {
    /// Whether the records have the states of copies.
    pub(crate) fn is_of_work(&self) -> bool {
        !matches!(self.listed, Listed::Rules | Listed::Subtasks)
    }

    /// The records of an answer, if it has some.
    pub(crate) fn records<'a>(&self, answer: &'a mut OutgoingAnswer) -> Option<&'a mut Vec<Value>> {
        match self.records {
            "" => answer.body.as_array_mut(),
            field => answer.body.get_mut(field)?.as_array_mut(),
        }
    }

    /// Changes the count of an answer's records, if it has one.
    pub(crate) fn count(&self, answer: &mut OutgoingAnswer, change: impl FnOnce(u64) -> u64) {
        match self.total {
            Some(Total::Field(name)) => match answer.body.get_mut(name) {
                Some(Value::String(text)) => *text = change(text.parse().unwrap()).to_string(),
                Some(number) => *number = json!(change(number.as_u64().unwrap())),
                None => {}
            },
            Some(Total::Header(name)) => {
                if let Some(text) = answer.headers.get_mut(name) {
                    *text = change(text.parse().unwrap()).to_string();
                }
            }
            None => {}
        }
    }
}

/// Where an answer counts the records of a listing.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Total {
    /// A field of the body.
    Field(&'static str),
    /// A header, in lower case.
    Header(&'static str),
}

/// Example of a page of a listing.
pub(crate) struct ExamplePage {
    /// Name of the snapshot of the decoded page.
    pub(crate) name: &'static str,
    pub(crate) body: Value,
    /// Field of the body that holds the records. Empty if they are the body.
    pub(crate) records: &'static str,
    /// Field of a record that holds the vendor's word for its state.
    pub(crate) state: Option<&'static str>,
    /// Lists by a registry that gets this page, and returns the items as JSON.
    pub(crate) decode: fn(Value) -> BoxFuture<'static, Vec<Value>>,
}

impl ExamplePage {
    /// The records.
    pub(crate) fn records<'a>(&self, body: &'a mut Value) -> &'a mut Vec<Value> {
        let records = match self.records {
            "" => body,
            field => &mut body[field],
        };
        records.as_array_mut().unwrap()
    }

    /// Returns the page with only its first record, which is changed.
    pub(crate) fn with(&self, change: impl FnOnce(&mut Map<String, Value>)) -> Value {
        let mut body = self.body.clone();
        let records = self.records(&mut body);
        records.truncate(1);
        change(records[0].as_object_mut().unwrap());
        // Pages that are always the same and count more than they have are an error.
        for total in ["total", "TotalCount"] {
            if let Some(total) = body.get_mut(total) {
                *total = json!(1);
            }
        }
        body
    }
}

/// Returns the example of a spec's answer.
pub(crate) fn example(spec: &str, operation: &str) -> Value {
    let mut operations = specs::spec(spec).operations.iter();
    let found = operations.find(|found| found.name == operation).unwrap();
    found.answer.example.clone()
}

/// Returns all items of a listing as JSON.
pub(crate) async fn items<T: Serialize + Send + 'static>(listing: Listing<T>) -> Vec<Value> {
    let items = listing.by_item();
    let items = items.map_ok(|item| serde_json::to_value(item).unwrap());
    items.try_collect().await.unwrap()
}

/// Change of a rule that stops it from copying.
pub(crate) struct Obstacle {
    /// Name of the case.
    pub(crate) name: &'static str,
    /// Field of the rule in the vendor's words.
    pub(crate) field: &'static str,
    pub(crate) value: Value,
    /// Expected reason of `explain`.
    pub(crate) reason: ReasonKind,
}

/// Sandbox in which a subject makes calls by name, with the options of its rules.
pub(crate) struct Site {
    pub(crate) sandbox: Arc<Sandbox>,
    /// Absent if the provider has no calls by name.
    context: Option<Context>,
    /// Whether rules overwrite an existing tag.
    pub(crate) overwrites: bool,
}

impl Site {
    pub(crate) fn new(
        subject: &dyn Subject,
        sandbox: &Arc<Sandbox>,
        configure: impl FnOnce(ContextBuilder) -> ContextBuilder,
        overwrites: bool,
    ) -> Self {
        let context = subject.client().map(|_| {
            let context = Context::builder(sandbox.endpoint(), subject.dialect(sandbox));
            configure(context).build().unwrap()
        });
        Self {
            sandbox: sandbox.clone(),
            context,
            overwrites,
        }
    }

    /// Makes a call. Returns `None` after a refusal, such as that of an existing rule.
    pub(crate) async fn call(&self, named: NamedCall) -> Option<Value> {
        let mut call = Call::new(find(named.operation).unwrap().1);
        for (key, value) in named.parameters.as_object().unwrap() {
            let text = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            call = call.parameter(key, &text).unwrap();
        }
        if let Some(body) = &named.body {
            call = call.body(body).unwrap();
        }
        call.send(self.context.as_ref().unwrap()).await.ok()
    }
}

#[test]
fn each_provider_has_a_subject() {
    let tested: Vec<_> = subjects().map(Subject::provider).collect();
    let mut missing = providers().iter().map(|one| one.name);
    let missing: Vec<_> = missing
        .by_ref()
        .filter(|name| !tested.contains(name))
        .collect();
    assert!(missing.is_empty(), "no test subject for {missing:?}");
}

#[test]
fn each_provider_with_rules_has_calls_that_tests_can_change() {
    for of in subjects() {
        let has_all = of.client().is_some()
            && !of.listings().is_empty()
            && !of.pages().is_empty()
            && !of.obstacles().is_empty();
        assert_eq!(has_all, of.has_rules(), "{of:?}");
    }
}
