//! Harbor's error bodies, and those of the web server in front of it.

use openapi_transport::{Answer, Reading, Refusal};
use serde_json::Value;

const REQUEST_ID: &str = "x-request-id";

/// Code of a record that does not exist.
const NOT_FOUND: &str = "NOT_FOUND";

/// Code of a service that wants fewer calls.
const TOO_MANY: &str = "TOO_MANY_REQUEST";

/// Longest title of an HTML page that becomes a message, in bytes.
const MAX_TITLE: usize = 100;

/// Reads the meaning of an answer.
pub(crate) fn read(answer: &Answer) -> Reading {
    let request_id = answer.headers.get(REQUEST_ID);
    let refusal = (!answer.status.is_success()).then(|| body(&answer.body));
    let code = refusal.as_ref().and_then(|refusal| refusal.code.as_deref());
    Reading {
        request_id: request_id.and_then(|id| Some(id.to_str().ok()?.to_owned())),
        unauthenticated: answer.status.as_u16() == 401,
        throttled: code == Some(TOO_MANY),
        // A 404 without Harbor's code comes from the web server in front of it.
        absent: answer.status.as_u16() == 404 && code == Some(NOT_FOUND),
        refusal,
        ..Reading::default()
    }
}

/// Reads an error body: a list in `errors`, one error without a list as old versions sent it, or a
/// page of HTML. Fields that the body does not have stay empty.
fn body(body: &[u8]) -> Refusal {
    match serde_json::from_slice::<Value>(body) {
        Ok(value) => {
            let first = value.get("errors").and_then(|errors| errors.get(0));
            error(first.unwrap_or(&value))
        }
        Err(_) => Refusal {
            message: title(body).map(|title| format!("not from Harbor: {title}")),
            ..Refusal::default()
        },
    }
}

fn error(value: &Value) -> Refusal {
    let text = |name| match value.get(name)? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    Refusal {
        code: text("code"),
        message: text("message"),
        ..Refusal::default()
    }
}

/// Returns the title of an HTML page, such as `502 Bad Gateway`.
fn title(body: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(body).ok()?;
    if !text.trim_start().starts_with('<') {
        return None;
    }
    let (_, rest) = text.split_once("<title>")?;
    let (title, _) = rest.split_once("</title>")?;
    let title = title.trim();
    (!title.is_empty() && title.len() <= MAX_TITLE).then_some(title)
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

    /// The second and the last body are in goharbor/harbor#9822 and #8202, the pages in #12932 and
    /// #12372.
    #[test]
    fn every_form_is_read() {
        for (status, body, code, message) in [
            (
                404,
                r#"{"errors":[{"code":"NOT_FOUND","message":"replication policy 12 not found"}]}"#,
                Some("NOT_FOUND"),
                Some("replication policy 12 not found"),
            ),
            (
                401,
                r#"{"errors":[{"code":"UNAUTHORIZED","message":"authentication required","detail":[{"Type":"repository","Class":"","Name":"team/api","Action":"pull"}]}]}"#,
                Some("UNAUTHORIZED"),
                Some("authentication required"),
            ),
            (
                403,
                r#"{"errors":[{"code":"DENIED","message":"The system is in read only mode. Any modification is prohibited."}]}"#,
                Some("DENIED"),
                Some("The system is in read only mode. Any modification is prohibited."),
            ),
            (
                500,
                r#"{"errors":[{"code":"UNKNOWN","message":"internal server error"}]}"#,
                Some("UNKNOWN"),
                Some("internal server error"),
            ),
            (
                405,
                "<html>\r\n<head><title>405 Not Allowed</title></head>\r\n<body>\r\n<center><h1>405 Not Allowed</h1></center>\r\n<hr><center>nginx/1.16.1</center>\r\n</body>\r\n</html>\r\n",
                None,
                Some("not from Harbor: 405 Not Allowed"),
            ),
            (
                504,
                "<html>\n<head><title>504 Gateway Time-out</title></head>\n<body>\n<center><h1>504 Gateway Time-out</h1></center>\n<hr><center>nginx</center>\n</body>\n</html>\n",
                None,
                Some("not from Harbor: 504 Gateway Time-out"),
            ),
            (
                404,
                r#"{"code":404,"message":"the log of task 90050 not found"}"#,
                Some("404"),
                Some("the log of task 90050 not found"),
            ),
            (502, "<html><title>cut", None, None),
            (503, "no healthy upstream", None, None),
            (500, r#"{"errors":[]}"#, None, None),
            (500, "", None, None),
            (500, "[]", None, None),
        ] {
            let refusal = reading(status, body).refusal.unwrap();
            assert_eq!(refusal.code.as_deref(), code, "{body}");
            assert_eq!(refusal.message.as_deref(), message, "{body}");
        }
        assert_eq!(reading(200, r#"{"code":"OK"}"#).refusal, None);
    }

    #[test]
    fn a_long_title_is_no_message() {
        let page = format!("<html><title>{}</title>", "x".repeat(101));
        assert_eq!(reading(502, &page).refusal.unwrap().message, None);
    }

    #[test]
    fn what_is_absent_throttled_or_without_a_login_is_told_apart() {
        let error = |code: &str| format!(r#"{{"errors":[{{"code":"{code}","message":"m"}}]}}"#);
        for (status, body, absent, throttled, unauthenticated) in [
            (404, error("NOT_FOUND"), true, false, false),
            // Some versions send 400 for a retention policy that does not exist.
            (400, error("NOT_FOUND"), false, false, false),
            (404, "<html></html>".to_owned(), false, false, false),
            (404, String::new(), false, false, false),
            (429, error("TOO_MANY_REQUEST"), false, true, false),
            (401, error("UNAUTHORIZED"), false, false, true),
            (403, error("FORBIDDEN"), false, false, false),
        ] {
            let reading = reading(status, &body);
            let found = (reading.absent, reading.throttled, reading.unauthenticated);
            assert_eq!(
                found,
                (absent, throttled, unauthenticated),
                "{status} {body}"
            );
        }
    }
}
