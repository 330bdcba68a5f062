//! Each operation's request as it leaves, byte for byte but for the port and the signature over
//! it, with everything that can be set and with what is required alone; and its answer, decoded
//! and encoded again.

use huaweicloud_swr::{Credentials, swr};
use insta::assert_snapshot;
use openapi_transport::{Secret, Timestamp};
use registry_tests::Recorder;
use registry_tests::given::Given;
use registry_tests::specs::{self, Operation, Spec};
use serde_json::{Value, json};

use crate::clients;

/// The specs of the vendors and the made-up one.
fn all() -> impl Iterator<Item = &'static Spec> {
    specs::all().iter().chain([specs::made_up()])
}

/// A server that answers as the spec's example does.
async fn recorder(operation: &Operation) -> Recorder {
    let answer = &operation.answer;
    let headers: Vec<_> = answer
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let body = match &answer.example {
        Value::Null => String::new(),
        example => example.to_string(),
    };
    Recorder::start(answer.status, &headers, body).await
}

/// What a call sends, and what its answer is decoded to.
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

/// Whether what an example was decoded to says what it said. A time may be written otherwise.
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

/// A request's lines; in which order headers are does not matter.
fn sorted(request: &str) -> Vec<&str> {
    let mut lines: Vec<_> = request.lines().collect();
    lines.sort_unstable();
    lines
}

/// Values that a URL, a path of slashes or a query cannot hold as they are.
#[tokio::test]
async fn odd_names_are_escaped_as_their_service_wants() {
    for (spec, name, odd, line) in [
        (
            "huaweicloud-swr/swr",
            "ListImageAutoSyncReposDetails",
            json!({"namespace": "test", "repository": "grpc/helloworld"}),
            "GET /v2/manage/namespaces/test/repos/grpc%24helloworld/sync_repo HTTP/1.1",
        ),
        (
            "huaweicloud-swr/swr",
            "ShowInstanceRepository",
            json!({"project_id": "p", "instance_id": "i", "namespace_name": "n 1", "repository_name": "a/b"}),
            "GET /v2/p/instances/i/namespaces/n%201/repositories/a%252Fb HTTP/1.1",
        ),
        (
            "alibabacloud-cr/cr",
            "ListRepoSyncTask",
            json!({"InstanceId": "cri-1", "RepoName": "a b*~/版"}),
            "POST /?InstanceId=cri-1&RepoName=a%20b%2A~%2F%E7%89%88 HTTP/1.1",
        ),
    ] {
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
}

#[tokio::test]
async fn a_token_goes_along_instead_of_a_signature() {
    let recorder = Recorder::json("[]").await;
    let token = Credentials::Token(Secret::from("MIIatAYJKoZIhvcNAQcCo"));
    swr::Client::new(clients::huawei(recorder.endpoint(), token))
        .list_image_auto_sync_repos_details()
        .namespace("test")
        .repository("testrepo")
        .send()
        .await
        .unwrap();
    assert_snapshot!(
        "ListImageAutoSyncReposDetails.token",
        recorder.request().await
    );
}
