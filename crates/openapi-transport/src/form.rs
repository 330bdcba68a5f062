//! Bodies that are forms. Types and calls by name write them as JSON objects.

use reqwest::Request;
use serde_json::{Map, Value};

use crate::error::Error;
use crate::operation::{Operation, plain};
use crate::rfc3986;

/// Media type of a form.
const FORM: &str = "application/x-www-form-urlencoded";

/// Writes the JSON body of a request as a form, if its operation takes one.
///
/// # Errors
/// When a field is a list or an object, which a form does not have.
pub(crate) fn write(operation: &Operation, request: &mut Request) -> Result<(), Error> {
    let takes_form = operation.body.is_some_and(|body| body.content_type == FORM);
    let body = request.body().and_then(|body| body.as_bytes());
    let (true, Some(body)) = (takes_form, body) else {
        return Ok(());
    };
    let invalid = |what: String| Error::invalid(operation.name, what);
    let fields: Map<String, Value> = serde_json::from_slice(body)
        .map_err(|_| invalid("invalid body, expected an object".to_owned()))?;
    let mut pairs = Vec::new();
    for (name, value) in &fields {
        if value.is_null() {
            continue;
        }
        let text = plain(value)
            .ok_or_else(|| invalid(format!("{name}: a form has neither lists nor objects")))?;
        pairs.push(format!(
            "{}={}",
            rfc3986::encode(name),
            rfc3986::encode(&text)
        ));
    }
    *request.body_mut() = Some(pairs.join("&").into());
    Ok(())
}
