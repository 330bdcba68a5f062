//! Tests of parameters in paths and bodies.

use huaweicloud_swr::swr;
use openapi_transport::{Error, ErrorKind};
use registry_sandbox::{Options, Sandbox, world};

use crate::huaweicloud::clients;
use crate::parameters::{VALUES, last};

/// Makes one call, with `value` for one of its path parameters.
async fn call(client: &swr::Client, parameter: &str, value: &str) -> Result<(), Error> {
    let given = |name: &str, usual: &str| if name == parameter { value } else { usual }.to_owned();
    match parameter {
        "project_id" | "instance_id" | "namespace_name" => client
            .list_instance_retention_policy_exec_tasks()
            .project_id(given("project_id", world::huaweicloud::PROJECT_ID))
            .instance_id(given("instance_id", world::huaweicloud::INSTANCE_ID))
            .namespace_name(given("namespace_name", "library"))
            .policy_id(7)
            .execution_id(113)
            .send()
            .await
            .map(drop)?,
        _ => client
            .list_image_auto_sync_repos_details()
            .namespace(given("namespace", "test"))
            .repository(given("repository", "testrepo"))
            .send()
            .await
            .map(drop)?,
    }
    Ok(())
}

#[tokio::test]
async fn path_parameters() {
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let client = clients::swr(&sandbox);
    for parameter in [
        "project_id",
        "instance_id",
        "namespace_name",
        "namespace",
        "repository",
    ] {
        for value in VALUES {
            let before = sandbox.received().len();
            let result = call(&client, parameter, value).await;
            let here = format!("{parameter} = {value:?}: {result:?}");
            if sandbox.received().len() == before {
                // Nothing was sent: the error names the parameter.
                let error = result.expect_err(&here);
                assert_eq!(error.kind(), ErrorKind::Invalid, "{here}");
                assert!(
                    error.to_string().contains(&format!("{parameter}: ")),
                    "{here}"
                );
            } else {
                let received = last(&sandbox);
                // The Basic edition's / goes as $, which the sandbox, as the vendor, reads as /.
                let arrived = match parameter {
                    "repository" => received.parameters[parameter].replace('$', "/"),
                    _ => received.parameters[parameter].clone(),
                };
                assert_eq!(arrived, value, "{here}");
                // That it got through to the service at all says that its signature was right.
                assert_ne!(received.status, 401, "{here}");
            }
        }
    }
}

#[tokio::test]
async fn what_no_path_can_hold_is_refused() {
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let client = clients::swr(&sandbox);
    for (parameter, value, says) in [
        (
            "instance_id",
            "..",
            "instance_id: must not be \"..\", because a URL with it names another path",
        ),
        ("instance_id", "", "instance_id: must not be empty"),
        (
            "namespace",
            "a/b",
            "namespace: \"a/b\" has '/'; only a-z, 0-9, '.', '_' and '-' are allowed",
        ),
        (
            "namespace",
            "版本",
            "namespace: \"版本\" must begin with a lowercase letter",
        ),
        (
            "repository",
            "a$b",
            "repository: \"a$b\" has '$', which the service reads as '/'; write '/' instead",
        ),
    ] {
        let error = call(&client, parameter, value).await.unwrap_err();
        assert_eq!(error.to_string(), says);
        assert_eq!(error.attempts(), 0);
    }
    assert_eq!(sandbox.received(), []);
}

#[test]
fn a_body_is_checked_as_it_is_built() {
    use huaweicloud_swr::sts::types::DecodeRequest;
    let build = |message: &str| -> Result<DecodeRequest, String> {
        let body = DecodeRequest::builder().encoded_message(message);
        body.try_into().map_err(|error| format!("{error}"))
    };
    assert!(build("XPkx8ZdHkYw").is_ok());
    for (message, says) in [
        (String::new(), "encoded_message: shorter than 1 characters"),
        (
            "x".repeat(10_241),
            "encoded_message: longer than 10240 characters",
        ),
    ] {
        let error = build(&message).unwrap_err();
        assert!(error.contains(says), "{error}");
    }
}

#[tokio::test]
async fn limits_are_checked_before_a_request_leaves() {
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let client = clients::swr(&sandbox);
    let call = || {
        client
            .list_instance_replication_policy_exec_tasks()
            .project_id("p")
            .instance_id("i")
            .execution_id(83)
    };
    for (call, says) in [
        (call().offset(0).limit(0), "limit: 0 is less than 1"),
        (call().offset(0).limit(101), "limit: 101 is more than 100"),
        (call().offset(-10).limit(10), "offset: -10 is less than 0"),
        (
            call().offset(10),
            "ListInstanceReplicationPolicyExecTasks: offset needs limit; pass both or neither",
        ),
        (
            call().limit(10),
            "ListInstanceReplicationPolicyExecTasks: limit needs offset; pass both or neither",
        ),
        (
            call().offset(15).limit(10),
            "ListInstanceReplicationPolicyExecTasks: offset 15 is not a multiple of limit 10",
        ),
    ] {
        let error = Error::from(call.send().await.unwrap_err());
        assert_eq!(error.to_string(), says);
        assert_eq!(error.kind(), ErrorKind::Invalid);
    }
    let missing = client
        .list_instance_replication_policy_exec_tasks()
        .send()
        .await;
    let error = Error::from(missing.unwrap_err());
    assert_eq!(error.to_string(), "project_id was not initialized");
    assert_eq!(sandbox.received(), []);
}
