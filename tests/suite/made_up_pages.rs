//! Tests of listings of an invented service, in shapes that no vendor's spec has yet. Its operation
//! table is generated from a spec, so the tests cover all steps: spec, table, request, answer, and the
//! engine that reads the pages.

use openapi_transport::rfc3986::encode;
use openapi_transport::{Call, Context, Operation};
use registry_replication::api;
use registry_tests::hostile::{Hostile, Reply, Request};
use registry_tests::service::MADE_UP;
use serde_json::{Value, json};

use crate::clients;

/// Number of records that the service has.
const RECORDS: usize = 250;
/// Time of the first push. Each record was pushed 1.5 s after the one before.
const FIRST_PUSH: f64 = 1_767_225_600.25;

/// Returns the offset and the size of a requested page.
fn requested(request: &Request) -> (usize, usize) {
    let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let field = |pointer: &str| {
        let value = body.pointer(pointer)?;
        let text = value.as_str().map(str::to_owned);
        Some(text.unwrap_or_else(|| value.to_string()))
    };
    let query = |name: &str| request.query(name).map(str::to_owned);
    let form = |name: &str| {
        let text = String::from_utf8(request.body.clone()).unwrap();
        let mut pairs = text.split('&').filter_map(|pair| pair.split_once('='));
        let found = pairs.find(|(known, _)| *known == name);
        found.map(|(_, value)| value.to_owned())
    };
    let header = |name: &str| request.header(name).map(str::to_owned);
    let (start, size) = match request.path() {
        "/query-token" => (query("pageToken"), query("pageSize")),
        "/body-token" => (field("/nextToken"), field("/maxResults")),
        "/nested-token" => (field("/page/marker"), field("/page/size")),
        "/header-token" => (header("x-page-token"), header("x-page-size")),
        "/body-offset" | "/envelope" => (field("/Offset"), field("/Limit")),
        "/form" => (form("Marker"), form("MaxItems")),
        "/page-number" => (query("page"), query("page_size")),
        "/range" => (query("offset"), query("limit")),
        other => panic!("no listing at {other}"),
    };
    let size = size.expect("a size").parse().unwrap();
    let start = match (request.path(), start) {
        (path, Some(start)) if path.ends_with("-token") || path == "/form" => {
            let is_it = |number: &usize| [token(*number), encode(&token(*number))].contains(&start);
            let found = (0..RECORDS).find(is_it);
            found.unwrap_or_else(|| panic!("unknown token {start}"))
        }
        ("/page-number", Some(start)) => (start.parse::<usize>().unwrap() - 1) * size,
        (_, Some(start)) => start.parse().unwrap(),
        (_, None) => 0,
    };
    (start, size)
}

/// Returns the token of the page after `number` records, which needs escaping in some places.
fn token(number: usize) -> String {
    format!("from {number}/=")
}

/// Answers like the service.
fn answer(request: &Request) -> Reply {
    let (start, size) = requested(request);
    let end = (start + size).min(RECORDS);
    let records: Vec<_> = (start..end).map(record).collect();
    let token = (end < RECORDS).then(|| token(end));
    if request.path() == "/form" {
        let kind = ("content-type", "text/xml");
        return Reply::answer(200, &[kind], xml(&records, token.as_deref()));
    }
    let mut headers = vec![("content-type", "application/json".to_owned())];
    let body = match request.path() {
        "/query-token" => json!({"records": records, "nextPageToken": token}),
        "/body-token" => {
            headers = vec![("content-type", "application/x-amz-json-1.1".to_owned())];
            json!({"imageDetails": records, "nextToken": token})
        }
        "/nested-token" => json!({"Response": {"Page": {"Records": records, "Marker": token}}}),
        "/header-token" => {
            let kind = "application/vnd.example.records.v2+json";
            headers = vec![("content-type", kind.to_owned())];
            headers.extend(token.map(|token| ("x-next-page-token", token)));
            json!(records)
        }
        "/body-offset" | "/envelope" => {
            json!({"Response": {"TotalCount": RECORDS, "Registries": records}})
        }
        "/page-number" => {
            headers.push(("x-total-count", RECORDS.to_string()));
            json!(records)
        }
        _ => {
            let last = end.saturating_sub(1);
            headers.push(("content-range", format!("records {start}-{last}/{RECORDS}")));
            json!(records)
        }
    };
    let headers: Vec<_> = headers
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    Reply::answer(200, &headers, body.to_string())
}

/// Returns a page of records as XML.
fn xml(records: &[Value], token: Option<&str>) -> String {
    let records = records.iter();
    let records = records.map(|record| format!("<member><Id>{}</Id></member>", record["id"]));
    let records: String = records.collect();
    let marker = token.map(|token| format!("<Marker>{token}</Marker>"));
    let marker = marker.unwrap_or_default();
    format!(
        "<ListInXmlResponse><ListInXmlResult><RecordList>{records}</RecordList>{marker}\
         </ListInXmlResult></ListInXmlResponse>"
    )
}

fn record(number: usize) -> Value {
    json!({"id": number + 1, "pushedAt": FIRST_PUSH + number as f64 * 1.5})
}

/// Makes a call with the required parameters.
fn call(operation: &'static Operation) -> Call {
    let call = Call::new(operation);
    match operation.name {
        "ListByBodyToken" => call.body(&json!({"repositoryName": "team/api"})).unwrap(),
        "ListInEnvelope" | "ListInXml" => call.parameter("Name", "team/api").unwrap(),
        _ => call,
    }
}

async fn service() -> (Hostile, Context) {
    let server = Hostile::start(answer).await;
    let context = clients::fixed_context(MADE_UP, server.endpoint());
    (server, context)
}

#[tokio::test]
async fn every_shape_of_paging_is_read_whole() {
    let all: Vec<_> = (0..RECORDS).map(record).collect();
    // The values of XML are texts.
    let ids = all
        .iter()
        .map(|record| json!({"Id": record["id"].to_string()}));
    let of_xml: Vec<_> = ids.collect();
    let listings = MADE_UP.operations.iter().filter(|one| one.paging.is_some());
    let listings: Vec<_> = listings.collect();
    assert!(!listings.is_empty());
    for operation in listings {
        let name = operation.name;
        let (server, context) = service().await;
        let records = api::listing(call(operation), &context).all().await;
        let records = records.unwrap_or_else(|error| panic!("{name}: {error}"));
        let records: Vec<_> = records.into_iter().map(api::Record::into_value).collect();
        let expected = if name == "ListInXml" { &of_xml } else { &all };
        assert_eq!(records, *expected, "{name}");
        // A listing whose total was not read ends with one more request.
        assert_eq!(server.requests().len(), 3, "{name}");
    }
}
