//! STS: the reason of a refused call, encoded and decoded.

use serde_json::{Value, json};

use super::Context;
use super::errors::{Refusal, STS_INVALID_PARAMETER, STS_UNREADABLE};
use crate::body;
use crate::digest::sha256_hex;
use crate::message::Reply;

/// Length of the mark that identifies a text of this sandbox among other hex texts.
const MARK: usize = 16;

/// Encodes a reason. The encoding is the sandbox's own, because clients cannot decode the vendor's
/// either.
pub(super) fn encode(reason: &Value) -> String {
    let text = reason.to_string();
    format!("{}{}", mark(text.as_bytes()), hex::encode(text))
}

fn mark(text: &[u8]) -> String {
    let mut mark = sha256_hex(&[b"registry-sandbox ", text].concat());
    mark.truncate(MARK);
    mark
}

fn decoded(message: &str) -> Option<String> {
    let (found, encoded) = message.split_at_checked(MARK)?;
    let text = hex::decode(encoded).ok()?;
    (found == mark(&text)).then(|| String::from_utf8(text).ok())?
}

pub(super) fn decode(context: &Context<'_>) -> Result<Reply, Refusal> {
    let invalid = |reason: String| Refusal::sts(STS_INVALID_PARAMETER, reason);
    let body: Value = serde_json::from_slice(&context.request.body)
        .map_err(|error| invalid(format!("the body is not JSON: {error}")))?;
    if let Some(schema) = &context.operation.body {
        body::check(schema, &body, "body").map_err(invalid)?;
    }
    let message = body["encoded_message"].as_str().unwrap_or_default();
    let decoded = decoded(message).ok_or_else(|| {
        Refusal::sts(
            STS_UNREADABLE,
            "encoded_message is not one that was encoded here",
        )
    })?;
    Ok(Reply::ok(json!({"decoded_message": decoded})))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn decodes_what_it_encoded_and_nothing_else() {
        let reason = json!({"allowed": false});
        let encoded = encode(&reason);
        assert_eq!(decoded(&encoded).unwrap(), reason.to_string());
        for other in [
            "",
            "XPkx8ZdHkYw",
            &encoded[1..],
            &encoded[..encoded.len() - 2],
        ] {
            assert!(decoded(other).is_none(), "{other}");
        }
    }
}
