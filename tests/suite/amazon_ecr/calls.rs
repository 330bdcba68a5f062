//! Tests of calls to ECR and STS.

use amazon_ecr::{ecr, sts};
use openapi_transport::{Call, Context, Error};
use registry_tests::{Recorder, fixed};

use super::clients;

#[tokio::test]
async fn a_refusal_that_quotes_the_token_does_not_show_it() {
    let refusal = "<ErrorResponse><Error><Code>InvalidIdentityToken</Code><Message>the token \
                   eyJhbGciOiJub25lIn0.e30 is invalid</Message></Error></ErrorResponse>";
    let server = Recorder::start(400, &[("content-type", "text/xml")], refusal).await;
    let context = Context::builder(server.endpoint(), clients::fixed_dialect());
    let client = sts::Client::new(fixed(context).build().unwrap());
    let request = sts::types::AssumeRoleWithWebIdentityRequest::builder()
        .role_arn("arn:aws:iam::123456789012:role/demo")
        .role_session_name("demo")
        .web_identity_token("eyJhbGciOiJub25lIn0.e30");
    let call = client.assume_role_with_web_identity().body(request);
    let error = Error::from(call.send().await.unwrap_err());
    let text = format!("{error} {error:?}");
    assert!(text.contains("InvalidIdentityToken: the token"), "{text}");
    assert!(!text.contains("eyJ"), "{text}");
}

#[tokio::test]
async fn a_body_without_required_fields_may_be_left_out() {
    let server = Recorder::json("{}").await;
    let context = Context::builder(server.endpoint(), clients::fixed_dialect());
    let context = fixed(context).build().unwrap();
    let mut operations = ecr::OPERATIONS.iter();
    let operation = operations.find(|one| one.name == "GetAuthorizationToken");
    let call = Call::new(operation.unwrap());
    call.send(&context).await.unwrap();
    let client = ecr::Client::new(context);
    client.get_authorization_token().send().await.unwrap();
    for request in server.requests().await {
        assert!(request.ends_with("\n\n{}"), "{request}");
    }
}
