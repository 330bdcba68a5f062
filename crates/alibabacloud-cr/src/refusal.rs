//! Alibaba Cloud's error bodies.

use std::time::Duration;

use openapi_transport::{Answer, Reading, Refusal};
use serde_json::Value;

/// Header with the requested wait in milliseconds.
const RETRY_AFTER: &str = "x-acs-retry-after";
/// Code of a request whose date is more than 15 minutes off.
const OUT_OF_DATE: &str = "InvalidTimeStamp.Expired";

/// Beginnings of the codes of invalid or expired keys and tokens.
const NOT_ACCEPTED: [&str; 3] = [
    "InvalidSecurityToken",
    "InvalidAccessKeyId",
    "MissingSecurityToken",
];

/// Beginning of the code of a wrong signature, which renewed credentials do not fix.
const WRONG_SIGNATURE: &str = "SignatureDoesNotMatch";

/// Reads an answer. The service refuses a call by the status, or by `IsSuccess: false` with a
/// success status.
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
    let of_key = NOT_ACCEPTED.iter().any(|begin| code.starts_with(begin));
    Reading {
        request_id: text(field(["RequestId", "requestId"]))
            .or_else(|| header("x-acs-request-id").map(str::to_owned)),
        retry_after: header(RETRY_AFTER)
            .and_then(|text| text.trim().parse().ok())
            .filter(|milliseconds| *milliseconds > 0)
            .map(Duration::from_millis),
        skewed: refused && code == OUT_OF_DATE,
        maybe_skewed: false,
        unauthenticated: refused && of_key,
        denied: refused && (of_key || code.starts_with(WRONG_SIGNATURE)),
        throttled: refused && is_throttled(code),
        // The service answers an unknown key with 404, too.
        absent: refused && !of_key && is_absent(answer.status.as_u16(), code),
        refusal: refused.then_some(refusal),
        // Each account has its own throttling limits (its Quota Center shows them), and refusals do
        // not name them:
        // <https://www.alibabacloud.com/help/en/openapi/throttling-and-quota-management>.
        limit: None,
    }
}

/// Whether a code means too many calls of an account or service.
fn is_throttled(code: &str) -> bool {
    code.starts_with("Throttling")
        || code == "ServiceUnavailable"
        || code.contains("Rejected.Throttling")
}

/// Whether the service says that what the call names does not exist: 404 with a code, or a code
/// such as `INSTANCE_NOT_EXIST` under any status. A 404 without a code comes from a gateway.
fn is_absent(status: u16, code: &str) -> bool {
    match status {
        404 => !code.is_empty(),
        _ => code.ends_with("_NOT_EXIST"),
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
    fn codes_say_what_a_refusal_means() {
        for (status, code, means) in [
            (404, "InvalidAccessKeyId.NotFound", "denied"),
            (400, "InvalidSecurityToken.Expired", "denied"),
            (400, "SignatureDoesNotMatch", "denied"),
            (404, "InvalidAction.NotFound", "absent"),
            (200, "INSTANCE_NOT_EXIST", "absent"),
            (400, "Throttling.User", "throttled"),
            (503, "ServiceUnavailable", "throttled"),
            (400, "Rejected.Throttling", "throttled"),
            (404, "", ""),
            (500, "InternalError", ""),
        ] {
            let body = format!(r#"{{"Code":"{code}","IsSuccess":false}}"#);
            let reading = reading(status, &body);
            let found = [
                ("denied", reading.denied),
                ("absent", reading.absent),
                ("throttled", reading.throttled),
            ];
            let found: Vec<_> = found.iter().filter(|(_, is)| *is).collect();
            let found = found.iter().map(|(name, _)| *name).collect::<String>();
            assert_eq!(found, means, "{status} {code}");
        }
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
