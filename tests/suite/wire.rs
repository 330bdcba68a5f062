//! Tests of each operation's request, byte for byte except for the port and the signature over it, with
//! all parameters and with only the required ones; and of its answer, decoded and encoded again.

use insta::assert_snapshot;
use openapi_transport::Timestamp;
use registry_tests::Recorder;
use registry_tests::given::Given;
use registry_tests::specs::{self, Operation, Spec};
use serde_json::Value;

use crate::clients;

/// Returns the specs of the vendors and the invented one.
fn all() -> impl Iterator<Item = &'static Spec> {
    specs::all().iter().chain([specs::made_up()])
}

/// Starts a server that answers with the spec's example.
async fn recorder(operation: &Operation) -> Recorder {
    let answer = &operation.answer;
    let headers: Vec<_> = answer
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    Recorder::start(answer.status, &headers, answer.body()).await
}

/// Returns the request of a call, and its decoded answer.
async fn exchange(spec: &Spec, operation: &Operation, given: &Given) -> (String, Value) {
    let recorder = recorder(operation).await;
    let answer = clients::call(spec.name, recorder.endpoint(), &operation.name, given).await;
    let answer = answer.unwrap_or_else(|error| panic!("{}: {error}", operation.name));
    (recorder.request().await, answer)
}

#[tokio::test]
async fn every_call_leaves_as_recorded_and_its_answer_keeps_every_field() {
    let mut wrong = Vec::new();
    for spec in all() {
        for operation in &spec.operations {
            let (everything, answer) = exchange(spec, operation, &operation.everything()).await;
            if !says_the_same(&operation.answer.example, &answer) {
                wrong.push(format!(
                    "{}: the example\n{}\nbecomes\n{answer}",
                    operation.name, operation.answer.example
                ));
            }
            let (required, _) = exchange(spec, operation, &operation.required()).await;
            let required = match required == everything {
                true => "the same".to_owned(),
                false => required,
            };
            let name = format!("{}.{}", spec.name.replace('/', "."), operation.name);
            assert_snapshot!(
                name,
                format!("# everything\n\n{everything}\n\n# what is required\n\n{required}")
            );
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[tokio::test]
async fn a_call_by_name_leaves_as_the_generated_one_does() {
    for spec in all() {
        for operation in &spec.operations {
            for given in [operation.everything(), operation.required()] {
                let (expected, _) = exchange(spec, operation, &given).await;
                let recorder = recorder(operation).await;
                let endpoint = recorder.endpoint();
                let answer =
                    clients::call_by_name(spec.name, endpoint, &operation.name, &given).await;
                assert_eq!(
                    answer.unwrap(),
                    operation.answer.example,
                    "{}",
                    operation.name
                );
                let request = recorder.request().await;
                assert_eq!(sorted(&request), sorted(&expected), "{}", operation.name);
            }
        }
    }
}

/// Whether a decoded answer equals its example. A time may have another form.
fn says_the_same(example: &Value, answer: &Value) -> bool {
    match (example, answer) {
        (Value::Object(example), Value::Object(answer)) => {
            let mut fields = example.iter();
            example.len() == answer.len()
                && fields.all(|(name, value)| {
                    answer.get(name).is_some_and(|it| says_the_same(value, it))
                })
        }
        (Value::Array(example), Value::Array(answer)) => {
            let mut pairs = example.iter().zip(answer);
            example.len() == answer.len() && pairs.all(|(a, b)| says_the_same(a, b))
        }
        (Value::String(a), Value::String(b)) if a != b => {
            let time = |text: &str| text.parse::<Timestamp>().ok();
            time(a).is_some() && time(a) == time(b)
        }
        (a, b) => a == b,
    }
}

/// Returns the lines of a request, with sorted headers.
fn sorted(request: &str) -> Vec<&str> {
    let mut lines: Vec<_> = request.lines().collect();
    lines.sort_unstable();
    lines
}

/// Checks the first line of a call whose parameters need escaping in a path or a query.
pub(crate) async fn is_escaped(spec: &str, name: &str, odd: &Value, line: &str) {
    let spec = specs::spec(spec);
    let mut operations = spec.operations.iter();
    let operation = operations.find(|operation| operation.name == name).unwrap();
    let given = Given {
        parameters: odd.as_object().unwrap().clone(),
        body: None,
    };
    let (request, _) = exchange(spec, operation, &given).await;
    assert_eq!(request.lines().next(), Some(line), "{name}");
}
