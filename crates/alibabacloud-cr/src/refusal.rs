//! Alibaba Cloud's error bodies.

use registry_transport::{Answer, Reading, Refusal};
use serde::Deserialize;
use serde_json::Value;

/// What an answer says of itself. Older gateways write the names in lower camel case.
#[derive(Default, Deserialize)]
struct Envelope {
    #[serde(rename = "RequestId", alias = "requestId")]
    request_id: Option<Value>,
    #[serde(rename = "Code", alias = "code")]
    code: Option<Value>,
    #[serde(rename = "Message", alias = "message")]
    message: Option<Value>,
    #[serde(rename = "IsSuccess", alias = "isSuccess")]
    is_success: Option<Value>,
    #[serde(rename = "AccessDeniedDetail")]
    access_denied: Option<Value>,
}

/// A call is refused by its status, or by `IsSuccess: false` under a status that says success.
pub(crate) fn read(answer: &Answer) -> Reading {
    let envelope: Envelope = serde_json::from_slice(&answer.body).unwrap_or_default();
    let failed = match &envelope.is_success {
        Some(Value::Bool(success)) => !success,
        Some(Value::String(text)) => text.eq_ignore_ascii_case("false"),
        _ => false,
    };
    let header = || {
        Some(
            answer
                .headers
                .get("x-acs-request-id")?
                .to_str()
                .ok()?
                .to_owned(),
        )
    };
    let encoded = envelope
        .access_denied
        .and_then(|detail| detail.get("EncodedDiagnosticMessage").cloned());
    let refusal = Refusal {
        code: text(envelope.code),
        message: text(envelope.message),
        encoded_authorization_message: text(encoded),
    };
    Reading {
        request_id: text(envelope.request_id).or_else(header),
        refusal: (failed || !answer.status.is_success()).then_some(refusal),
        ..Reading::default()
    }
}

fn text(value: Option<Value>) -> Option<String> {
    match value? {
        Value::String(text) if !text.is_empty() => Some(text),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn reading(status: u16, body: &str) -> Reading {
        read(&Answer {
            status: status.try_into().unwrap(),
            headers: Default::default(),
            body: body.to_owned().into(),
        })
    }

    #[test]
    fn every_form_is_read() {
        let cases = [
            (
                200,
                r#"{"RequestId":"1","Code":"success","IsSuccess":true}"#,
                false,
                None,
            ),
            (200, r#"{"RequestId":"1","TotalCount":1}"#, false, None),
            (
                200,
                r#"{"RequestId":"1","Code":"INSTANCE_NOT_EXIST","IsSuccess":false}"#,
                true,
                Some("INSTANCE_NOT_EXIST"),
            ),
            (
                200,
                r#"{"RequestId":"1","Code":404,"IsSuccess":"false"}"#,
                true,
                Some("404"),
            ),
            (
                403,
                r#"{"RequestId":"1","Code":"NoPrivilege","Message":"no"}"#,
                true,
                Some("NoPrivilege"),
            ),
            (
                400,
                r#"{"requestId":"1","code":"X","message":"no"}"#,
                true,
                Some("X"),
            ),
        ];
        for (status, body, refused, code) in cases {
            let reading = reading(status, body);
            assert_eq!(reading.request_id.as_deref(), Some("1"), "{body}");
            assert_eq!(reading.refusal.is_some(), refused, "{body}");
            let found = reading.refusal.and_then(|refusal| refusal.code);
            assert_eq!(found.as_deref(), code, "{body}");
        }
        assert!(reading(502, "<html></html>").refusal.is_some());
    }
}
