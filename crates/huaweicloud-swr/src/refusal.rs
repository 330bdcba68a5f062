//! Huawei Cloud's error bodies, which have several forms.

use std::time::Duration;

use openapi_transport::Refusal;
use serde_json::Value;

/// Reads an error body. Fields that the body does not have stay empty.
///
/// The forms: `error_code` and `error_msg`; a list of errors, bare or in `errors`; one error in
/// `error`; and in each of them `code`/`message` or `errorCode`/`errorMessage`.
pub(crate) fn read(body: &[u8]) -> Refusal {
    match serde_json::from_slice::<Value>(body) {
        Ok(value) => from_value(&value),
        Err(_) => Refusal::default(),
    }
}

fn from_value(value: &Value) -> Refusal {
    if let Some(first) = value.as_array().and_then(|errors| errors.first()) {
        return from_value(first);
    }
    for nested in ["errors", "error"] {
        if let Some(inner) = value.get(nested).filter(|inner| !is_empty(inner)) {
            return from_value(inner);
        }
    }
    let text = |names: &[&str]| {
        names.iter().find_map(|name| match value.get(name)? {
            Value::String(text) if !text.is_empty() => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        })
    };
    let detail = text(&["detail"]);
    let message = text(&["error_msg", "errorMessage", "message"]);
    Refusal {
        code: text(&["error_code", "errorCode", "code"]),
        message: match (message, detail) {
            (Some(message), Some(detail)) if detail != message => {
                Some(format!("{message} ({detail})"))
            }
            (message, detail) => message.or(detail),
        },
        encoded_authorization_message: text(&["encoded_authorization_message"]),
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
        _ => true,
    }
}

/// Whether the gateway throttles.
pub(crate) fn is_throttled(refusal: &Refusal) -> bool {
    matches!(refusal.code.as_deref(), Some("APIGW.0308" | "APIG.0308"))
}

/// Whether the service says that what the call names does not exist: 404 with a code.
///
/// A 404 without a code, or with a code of the gateway (`APIGW.0101`, no such API), does not come
/// from the registry.
pub(crate) fn is_absent(status: u16, refusal: &Refusal) -> bool {
    let gateway = |code: &str| code.starts_with("APIGW.") || code.starts_with("APIG.");
    status == 404 && refusal.code.as_deref().is_some_and(|code| !gateway(code))
}

/// Returns the limit that the gateway names when it throttles, as the shortest time between two
/// calls.
///
/// The vendor publishes no rates for SWR's calls. Its gateway names the limit in its refusal,
/// `The throttling threshold has been reached: policy user over ratelimit,limit:20,time:1 second`
/// (<https://support.huaweicloud.com/intl/en-us/ocr_faq/ocr_01_0041.html>), also with `minute`.
pub(crate) fn limit(refusal: &Refusal) -> Option<Duration> {
    if !is_throttled(refusal) {
        return None;
    }
    let (_, text) = refusal.message.as_deref()?.split_once("limit:")?;
    let (calls, text) = text.split_once(",time:")?;
    let mut words = text.split_whitespace();
    let count: u32 = words.next()?.parse().ok()?;
    let unit = match words.next()?.trim_end_matches(|c: char| !c.is_alphabetic()) {
        "second" | "seconds" => 1,
        "minute" | "minutes" => 60,
        "hour" | "hours" => 60 * 60,
        "day" | "days" => 24 * 60 * 60,
        _ => return None,
    };
    let calls: u32 = calls.trim().parse().ok().filter(|calls| *calls > 0)?;
    Some(Duration::from_secs(unit) * count / calls)
}

/// Whether the gateway refuses the date. It has one code for all errors of a signature, so this
/// reads its message.
pub(crate) fn is_about_date(refusal: &Refusal) -> bool {
    let says = refusal.message.as_deref().unwrap_or_default();
    refusal.code.as_deref() == Some("APIGW.0301") && says.contains("signature expired")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_read() {
        let cases = [
            (
                r#"{"error_code":"APIGW.0301","error_msg":"no","request_id":"1"}"#,
                Some("APIGW.0301"),
                Some("no"),
            ),
            (
                r#"[{"errorCode":"SVCSTG.SWR.4001158","errorMessage":"gone","detail":""}]"#,
                Some("SVCSTG.SWR.4001158"),
                Some("gone"),
            ),
            (
                r#"{"errors":[{"errorCode":"A","errorMessage":"b","detail":"c"}]}"#,
                Some("A"),
                Some("b (c)"),
            ),
            (
                r#"{"error":{"code":401,"message":"wrong","title":"Unauthorized"}}"#,
                Some("401"),
                Some("wrong"),
            ),
            (r#"{"code":"X","message":"y"}"#, Some("X"), Some("y")),
            ("<html>502</html>", None, None),
            ("", None, None),
            ("[]", None, None),
        ];
        for (body, code, message) in cases {
            let refusal = read(body.as_bytes());
            assert_eq!(refusal.code.as_deref(), code, "{body}");
            assert_eq!(refusal.message.as_deref(), message, "{body}");
        }
    }
    #[test]
    fn the_limit_that_the_gateway_names_is_read() {
        const SAYS: &str = "The throttling threshold has been reached: policy user over ratelimit,";
        for (code, says, millis) in [
            ("APIGW.0308", "limit:20,time:1 second", Some(50)),
            ("APIG.0308", "limit:600,time:1 minute", Some(100)),
            ("APIGW.0308", "limit:5,time:1 minute.", Some(12_000)),
            ("APIGW.0308", "limit:0,time:1 second", None),
            ("APIGW.0308", "limit:20", None),
            ("APIGW.0308", "limit:20,time:1 fortnight", None),
            ("APIGW.0301", "limit:20,time:1 second", None),
        ] {
            let refusal = Refusal {
                code: Some(code.to_owned()),
                message: Some(format!("{SAYS}{says}")),
                ..Refusal::default()
            };
            let expected = millis.map(Duration::from_millis);
            assert_eq!(limit(&refusal), expected, "{code}: {says}");
        }
    }

    #[test]
    fn only_the_service_says_that_something_is_absent() {
        for (status, body, expected) in [
            (
                404,
                r#"{"errors":[{"errorCode":"SVCSTG.SWR.4001158"}]}"#,
                true,
            ),
            (404, r#"{"error_code":"SWR.404","error_msg":"gone"}"#, true),
            (
                404,
                r#"{"error_code":"APIGW.0101","error_msg":"no API"}"#,
                false,
            ),
            (
                404,
                r#"{"error_code":"APIG.0101","error_msg":"no API"}"#,
                false,
            ),
            (404, "{}", false),
            (404, "<html>404</html>", false),
            (400, r#"{"error_code":"SWR.404"}"#, false),
        ] {
            let found = is_absent(status, &read(body.as_bytes()));
            assert_eq!(found, expected, "{status} {body}");
        }
    }
}
