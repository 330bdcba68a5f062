//! Tests of a spec's calls against the sandbox, through the generated clients: each read finds records,
//! and each write changes later reads.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use openapi_transport::testing::ManualClock;
use openapi_transport::{Clock, Context, Error};
use registry_sandbox::{Options, Sandbox};
use registry_tests::given::Given;
use registry_tests::service::{Service, service};
use registry_tests::specs::{self, Operation};
use registry_tests::{noon, quick_clock};
use serde_json::{Value, json};

use crate::subjects;

/// Sandbox at noon, and a client with the same clock.
pub(crate) struct Trial {
    /// Sandbox, which serves until it is dropped.
    _sandbox: Sandbox,
    clock: Arc<ManualClock>,
    service: &'static Service,
    context: Context,
    /// Parameters whose examples the sandbox does not have, with its own values.
    own: &'static [(&'static str, &'static str)],
    /// Names of the calls that were made.
    made: Mutex<BTreeSet<String>>,
}

impl Trial {
    /// Starts a sandbox for the client of a service. In it, `own` replaces examples of parameters.
    pub(crate) async fn new(name: &str, own: &'static [(&'static str, &'static str)]) -> Self {
        let service = service(name);
        let clock = quick_clock(noon());
        let hands = Arc::clone(&clock);
        let options = Options::default().clock(Arc::new(move || hands.now()));
        let sandbox = Sandbox::start(options).await.unwrap();
        let dialect = subjects::of_client(service.client()).dialect(&sandbox);
        let context = Context::builder(sandbox.endpoint(), dialect)
            .clock(clock.clone())
            .rate_limit(None)
            .build()
            .unwrap();
        Self {
            service,
            context,
            own,
            clock,
            made: Mutex::default(),
            _sandbox: sandbox,
        }
    }

    pub(crate) fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    pub(crate) fn operation(&self, name: &str) -> &'static Operation {
        let mut operations = specs::spec(self.service.name).operations.iter();
        operations.find(|operation| operation.name == name).unwrap()
    }

    /// Replaces examples with the sandbox's own values.
    fn here(&self, mut given: Given) -> Given {
        for (name, value) in self.own {
            if let Some(given) = given.parameters.get_mut(*name) {
                *given = json!(value);
            }
        }
        given
    }

    pub(crate) async fn try_call(&self, name: &str, given: &Given) -> Result<Value, Error> {
        self.made.lock().unwrap().insert(name.to_owned());
        (self.service.call)(self.context.clone(), name, given).await
    }

    /// Makes a call with the required parameters, where these replace the examples, and the
    /// example of the body with these fields.
    pub(crate) async fn call(&self, name: &str, parameters: Value, body: Value) -> Value {
        let answer = self.attempt(name, parameters, body).await;
        answer.unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    pub(crate) async fn attempt(
        &self,
        name: &str,
        parameters: Value,
        body: Value,
    ) -> Result<Value, Error> {
        let operation = self.operation(name);
        let mut given = self.here(operation.required());
        given.body = operation.everything().body;
        let parameters = parameters.as_object().unwrap().clone();
        given.parameters.extend(parameters);
        if let (Some(given), Some(body)) = (&mut given.body, body.as_object()) {
            given.as_object_mut().unwrap().extend(body.clone());
        }
        self.try_call(name, &given).await
    }

    /// Makes a call without a body.
    pub(crate) async fn read(&self, name: &str, parameters: Value) -> Value {
        self.call(name, parameters, Value::Null).await
    }

    /// Checks that a call is refused with this status.
    pub(crate) async fn refused(&self, name: &str, parameters: Value, status: u16) {
        let answer = self.attempt(name, parameters, Value::Null).await;
        let error = answer.expect_err(name);
        assert_eq!(error.status(), Some(status), "{name}: {error}");
    }

    /// Checks that every write of the spec was called.
    pub(crate) fn all_writes_were_made(&self) {
        let operations = &specs::spec(self.service.name).operations;
        let writes = operations.iter().filter(|operation| !operation.is_read);
        let writes: BTreeSet<_> = writes.map(|operation| operation.name.clone()).collect();
        let made = self.made.lock().unwrap();
        let made: BTreeSet<_> = made.intersection(&writes).cloned().collect();
        assert_eq!(made, writes);
    }

    /// Checks that every read of the spec finds something, with all parameters and with the
    /// required ones. `lacking` reads also need a parameter that the spec cannot require.
    pub(crate) async fn every_read_finds_something(&self, lacking: &[&str]) {
        let operations = &specs::spec(self.service.name).operations;
        for operation in operations.iter().filter(|it| it.is_read) {
            let lacks = lacking.contains(&operation.name.as_str());
            let required = (!lacks).then(|| operation.required());
            for given in [operation.everything()].into_iter().chain(required) {
                let answer = self.try_call(&operation.name, &self.here(given)).await;
                let answer = answer.unwrap_or_else(|error| panic!("{}: {error}", operation.name));
                assert!(
                    !is_empty(operation, &answer),
                    "{}: {answer}",
                    operation.name
                );
            }
        }
    }
}

/// Whether an answer has no contents, or a listing has no records.
fn is_empty(operation: &Operation, answer: &Value) -> bool {
    let items = operation.value.pointer("/x-paging/items");
    let records = match items.and_then(Value::as_str) {
        Some(items) => &answer[items],
        None => answer,
    };
    // Fields of every answer of an RPC service do not count.
    const ENVELOPE: [&str; 3] = ["Code", "IsSuccess", "RequestId"];
    let says = |value: &Value| match value {
        Value::Null => false,
        Value::Array(list) => !list.is_empty(),
        _ => true,
    };
    match records {
        Value::Object(fields) => {
            let mut own = fields
                .iter()
                .filter(|(name, _)| !ENVELOPE.contains(&name.as_str()));
            let is_list = fields.values().any(Value::is_array);
            match is_list {
                true => fields
                    .values()
                    .filter(|it| it.is_array())
                    .any(|it| !says(it)),
                false => !own.any(|(_, value)| says(value)),
            }
        }
        other => !says(other),
    }
}

/// Returns the record with this id.
pub(crate) fn with_id<'a>(records: &'a Value, key: &str, id: &Value) -> Option<&'a Value> {
    let records = records.as_array().unwrap();
    records.iter().find(|record| &record[key] == id)
}
