//! Clients for tests.

use std::pin::pin;
use std::sync::Arc;

use futures_util::{Stream, TryStreamExt};
use jiff::SignedDuration;
use openapi_transport::{Call, Context, Dialect, Error};
use registry_sandbox::{Options, Sandbox};
use registry_tests::bearer::Bearer;
use registry_tests::given::Given;
use registry_tests::service::{MADE_UP, Service, service};
use registry_tests::{NoChance, fixed, noon, quick_clock};
use serde_json::Value;

use crate::subjects;

/// Makes a context for calls of a service at noon, with fixed keys.
pub(crate) fn fixed_context(service: &Service, endpoint: &str) -> Context {
    let dialect = match service == MADE_UP {
        true => Arc::new(Bearer("example-token")),
        false => subjects::fixed_dialect(service.client(), service.service()),
    };
    fixed(Context::builder(endpoint, dialect)).build().unwrap()
}

/// Makes a call of one of the specs by its name, at noon and with fixed keys.
pub(crate) async fn call(
    spec: &str,
    endpoint: &str,
    name: &str,
    given: &Given,
) -> Result<Value, Error> {
    let service = service(spec);
    (service.call)(fixed_context(service, endpoint), name, given).await
}

/// Makes the same call through the operation table.
pub(crate) async fn call_by_name(
    spec: &str,
    endpoint: &str,
    name: &str,
    given: &Given,
) -> Result<Value, Error> {
    let service = service(spec);
    let mut operations = service.operations.iter();
    let operation = operations.find(|operation| operation.name == name);
    let mut call = Call::new(operation.unwrap());
    for (name, value) in &given.parameters {
        let text = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        call = call.parameter(name, &text)?;
    }
    if let Some(body) = &given.body {
        call = call.body(body)?;
    }
    call.send(&fixed_context(service, endpoint)).await
}

/// Minutes between the clocks of a client and a service, and whether the service accepts them.
pub(crate) const SKEWS: [(i64, bool); 5] = [
    (0, true),
    (14, true),
    (-14, true),
    (16, false),
    (-16, false),
];

/// Starts a sandbox whose clock stands still this number of minutes after noon.
pub(crate) async fn sandbox_later(minutes: i64) -> Sandbox {
    let now = noon() + SignedDuration::from_mins(minutes);
    let options = Options::default().clock(Arc::new(move || now));
    Sandbox::start(options).await.unwrap()
}

/// Makes a context for calls to a sandbox at noon, whose nonces are all the same.
pub(crate) fn at(sandbox: &Sandbox, dialect: impl Dialect + 'static) -> Context {
    Context::builder(sandbox.endpoint(), Arc::new(dialect))
        .clock(quick_clock(noon()))
        .chance(Arc::new(NoChance("the-same-again".to_owned())))
        .build()
        .unwrap()
}

/// Returns the statuses of a sandbox's answers to an operation.
pub(crate) fn statuses(sandbox: &Sandbox, operation: &str) -> Vec<u16> {
    let received = sandbox.received();
    let of_this = received
        .iter()
        .filter(|request| request.operation.as_deref() == Some(operation));
    of_this.map(|request| request.status).collect()
}

/// Returns the error that a stream begins with.
pub(crate) async fn first_error<T: std::fmt::Debug>(
    stream: impl Stream<Item = Result<T, Error>>,
) -> Error {
    pin!(stream).try_next().await.unwrap_err()
}
