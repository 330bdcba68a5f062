//! Huawei Cloud's error bodies, of which there are several.

use openapi_transport::Refusal;
use serde_json::Value;

/// Reads what the body says; what it does not say stays empty.
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
}
