//! Alibaba Cloud's error bodies.

use std::time::Duration;

use openapi_transport::{Answer, Reading, Refusal};
use serde_json::Value;

/// How many milliseconds to wait.
const RETRY_AFTER: &str = "x-acs-retry-after";
/// The date of the request is more than 15 minutes off.
const OUT_OF_DATE: &str = "InvalidTimeStamp.Expired";

/// Beginnings of the codes of keys and tokens that are not, or no longer, accepted.
const NOT_ACCEPTED: [&str; 3] = [
    "InvalidSecurityToken",
    "InvalidAccessKeyId",
    "MissingSecurityToken",
];

/// A call is refused by its status, or by `IsSuccess: false` under a status that says success.
pub(crate) fn read(answer: &Answer) -> Reading {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    // Older gateways write the names in lower camel case.
    let field = |names: [&str; 2]| names.into_iter().find_map(|name| body.get(name));
    let failed = match field(["IsSuccess", "isSuccess"]) {
        Some(Value::Bool(success)) => !success,
        Some(Value::String(text)) => text.eq_ignore_ascii_case("false"),
        _ => false,
    };
    let header = |name| answer.headers.get(name)?.to_str().ok();
    let detail = field(["AccessDeniedDetail", "accessDeniedDetail"]);
    let refusal = Refusal {
        code: text(field(["Code", "code"])),
        message: text(field(["Message", "message"])),
        encoded_authorization_message: text(
            detail.and_then(|detail| detail.get("EncodedDiagnosticMessage")),
        ),
    };
    let refused = failed || !answer.status.is_success();
    let code = refusal.code.as_deref().unwrap_or_default();
    Reading {
        request_id: text(field(["RequestId", "requestId"]))
            .or_else(|| header("x-acs-request-id").map(str::to_owned)),
        retry_after: header(RETRY_AFTER)
            .and_then(|text| text.trim().parse().ok())
            .filter(|milliseconds| *milliseconds > 0)
            .map(Duration::from_millis),
        skewed: refused && code == OUT_OF_DATE,
        unauthenticated: refused && NOT_ACCEPTED.iter().any(|begin| code.starts_with(begin)),
        refusal: refused.then_some(refusal),
        // Throttling limits are an account's own (its Quota Center shows them), and refusals do not
        // name them: <https://www.alibabacloud.com/help/en/openapi/throttling-and-quota-management>.
        limit: None,
    }
}

fn text(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
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

    #[test]
    fn a_date_that_is_off_and_a_wait_are_read() {
        let mut answer = Answer {
            status: 400_u16.try_into().unwrap(),
            headers: Default::default(),
            body: r#"{"Code":"InvalidTimeStamp.Expired"}"#.into(),
        };
        assert!(read(&answer).skewed);
        assert_eq!(read(&answer).retry_after, None);
        for (header, expected) in [("1500", Some(1500)), ("0", None), ("soon", None)] {
            answer.headers.insert(RETRY_AFTER, header.parse().unwrap());
            let expected = expected.map(Duration::from_millis);
            assert_eq!(read(&answer).retry_after, expected, "{header}");
        }
        answer.body = r#"{"Code":"Throttling.User"}"#.into();
        assert!(!read(&answer).skewed);
    }
}
