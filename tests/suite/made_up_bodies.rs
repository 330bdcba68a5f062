//! Tests of bodies and answers of an invented service: fields that are set like parameters, bounds, and
//! envelopes.

use openapi_transport::{Call, ErrorKind, Operation};
use registry_tests::Recorder;
use registry_tests::made_up::types::{EnvelopeFilter, EnvelopeRequest, FormRequest};
use registry_tests::made_up::{Client, values};
use registry_tests::service::MADE_UP;
use serde_json::{Value, json};

use crate::clients;

fn named(name: &str) -> &'static Operation {
    let mut operations = MADE_UP.operations.iter();
    operations.find(|one| one.name == name).unwrap()
}

fn in_envelope() -> &'static Operation {
    named("ListInEnvelope")
}

/// Returns the JSON body of a request.
fn body(request: &str) -> Value {
    let (_, body) = request.split_once("\n\n").unwrap();
    serde_json::from_str(body).unwrap()
}

#[tokio::test]
async fn parameters_fill_fields_of_objects_in_the_body() {
    let server = Recorder::json(r#"{"Response": {"TotalCount": 0}}"#).await;
    let context = clients::fixed_context(MADE_UP, server.endpoint());
    let mut call = Call::new(in_envelope());
    for (name, value) in [
        ("Name", "team/api"),
        ("Offset", "20"),
        ("Limit", "10"),
        ("filter.kind", "image"),
        ("Filter.Pushed.Since", "1767225600.5"),
    ] {
        call = call.parameter(name, value).unwrap();
    }
    // A passed body keeps its other fields.
    let call = call
        .body(&json!({"Name": "other", "Tags": ["v1"]}))
        .unwrap();
    let answer = call.send(&context).await.unwrap();
    assert_eq!(answer, json!({"TotalCount": 0}));
    let expected = json!({
        "Name": "team/api",
        "Offset": 20,
        "Limit": 10,
        "Filter": {"Kind": "image", "Pushed": {"Since": 1_767_225_600.5}},
        "Tags": ["v1"],
    });
    assert_eq!(body(&server.request().await), expected);
}

#[tokio::test]
async fn what_a_body_may_not_have_is_refused_before_it_is_sent() {
    let call = || Call::new(in_envelope());
    let error = call().parameter("Limit", "101").unwrap_err();
    assert!(
        error.to_string().contains("101 is more than 100"),
        "{error}"
    );
    let error = call().parameter("Offset", "-1").unwrap_err();
    assert!(error.to_string().contains("-1 is less than 0"), "{error}");
    let body = json!({"Name": "team/api", "Limit": 101});
    let error = call().body(&body).unwrap_err();
    assert!(
        error.to_string().contains("101 is more than 100"),
        "{error}"
    );
    // A list is no parameter.
    let error = call().parameter("Tags", "v1").unwrap_err();
    assert!(error.to_string().contains("no parameter"), "{error}");

    let server = Recorder::json("{}").await;
    let context = clients::fixed_context(MADE_UP, server.endpoint());
    let error = call().send(&context).await.unwrap_err();
    assert!(error.to_string().contains("Name is missing"), "{error}");
    for (name, says) in [
        ("Offset", "Offset needs Limit"),
        ("Limit", "Limit needs Offset"),
    ] {
        let call = call().parameter("Name", "team/api").unwrap();
        let call = call.parameter(name, "20").unwrap();
        let error = call.send(&context).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert!(error.to_string().contains(says), "{error}");
    }
    assert_eq!(server.requests().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_generated_call_sees_the_content_of_the_envelope() {
    let answer = r#"{"Response": {"TotalCount": 1, "Registries": [{"id": 7}], "RequestId": "r"}}"#;
    let server = Recorder::json(answer).await;
    let client = Client::new(clients::fixed_context(MADE_UP, server.endpoint()));
    let filter = EnvelopeFilter::builder().kind(values::Kind::Image);
    let request = EnvelopeRequest::builder()
        .name("team/api")
        .filter(Some(filter.try_into().unwrap()));
    let page = client
        .list_in_envelope()
        .body(request)
        .send()
        .await
        .unwrap();
    assert_eq!(page.registries[0].id, Some(7));
    let expected = json!({"Name": "team/api", "Filter": {"Kind": "image"}});
    assert_eq!(body(&server.request().await), expected);
}

#[tokio::test]
async fn an_answer_without_its_envelope_is_an_error() {
    for (answer, says) in [
        (r#"{"TotalCount": 1}"#, "missing field `Response`"),
        ("<html></html>", "expected value"),
        (
            r#"{"Response": {"TotalCount": "many"}}"#,
            "expected a number",
        ),
    ] {
        let server = Recorder::json(answer).await;
        let client = Client::new(clients::fixed_context(MADE_UP, server.endpoint()));
        let request = EnvelopeRequest::builder().name("team/api");
        let error = client.list_in_envelope().body(request).send().await;
        let error: openapi_transport::Error = error.unwrap_err().into();
        assert_eq!(error.kind(), ErrorKind::Undecodable, "{error}");
        assert!(error.to_string().contains(says), "{answer}: {error}");
    }
}

#[tokio::test]
async fn a_form_is_sent_and_xml_is_read() {
    let answer = "<ListInXmlResponse><ListInXmlResult><RecordList><member><Id>7</Id><Note/></member>\
                  </RecordList><Marker/></ListInXmlResult></ListInXmlResponse>";
    let server = Recorder::start(200, &[("content-type", "text/xml")], answer).await;
    let context = clients::fixed_context(MADE_UP, server.endpoint());
    let client = Client::new(context.clone());
    let request = FormRequest::builder()
        .name("a&b c")
        .password(Some("p=1".into()))
        .strict(Some(true));
    let page = client.list_in_xml().body(request).send().await.unwrap();
    let records = page.into_inner().record_list.unwrap();
    assert_eq!(records.member[0].id, Some(7.into()));
    assert_eq!(records.member[0].note, None);

    let call = Call::new(named("ListInXml"));
    let mut call = call.parameter("Name", "a&b c").unwrap();
    for (name, value) in [("Password", "p=1"), ("Strict", "true")] {
        call = call.parameter(name, value).unwrap();
    }
    let found = call.send(&context).await.unwrap();
    let expected = json!({"RecordList": {"member": [{"Id": "7", "Note": null}]}, "Marker": null});
    assert_eq!(found, expected);
    for request in server.requests().await {
        let (head, body) = request.split_once("\n\n").unwrap();
        assert!(
            head.contains("content-type: application/x-www-form-urlencoded"),
            "{head}"
        );
        assert_eq!(body, "Name=a%26b%20c&Password=p%3D1&Strict=true");
    }
    let shown = call.shown(&context).await.unwrap();
    assert_eq!(shown.body.unwrap()["Password"], "***");
}

#[tokio::test]
async fn xml_that_is_no_answer_is_an_error() {
    for (answer, says) in [
        ("<html><p>hush</html>", "invalid XML"),
        ("<A><Other/></A>", "missing field `ListInXmlResult`"),
        (
            "<!DOCTYPE a [<!ENTITY e \"hush\">]><A><ListInXmlResult>&e;</ListInXmlResult></A>",
            "a document type is not allowed",
        ),
        (
            "<A><ListInXmlResult><RecordList><member><Id>hush</Id></member></RecordList>\
             </ListInXmlResult></A>",
            "expected a number",
        ),
    ] {
        let server = Recorder::start(200, &[("content-type", "text/xml")], answer).await;
        let client = Client::new(clients::fixed_context(MADE_UP, server.endpoint()));
        let request = FormRequest::builder().name("team/api");
        let error = client.list_in_xml().body(request).send().await.unwrap_err();
        let error = openapi_transport::Error::from(error);
        assert_eq!(error.kind(), ErrorKind::Undecodable, "{error}");
        assert!(error.to_string().contains(says), "{answer}: {error}");
        assert!(!error.to_string().contains("hush"), "{error}");
    }
    let empty = "<A><ListInXmlResult/></A>";
    let server = Recorder::start(200, &[("content-type", "text/xml")], empty).await;
    let client = Client::new(clients::fixed_context(MADE_UP, server.endpoint()));
    let request = FormRequest::builder().name("team/api");
    let page = client.list_in_xml().body(request).send().await.unwrap();
    assert!(page.into_inner().record_list.is_none());
}
