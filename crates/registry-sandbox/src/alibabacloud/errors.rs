//! Every refusal of the Alibaba side.
//!
//! Codes and sentences are the vendor's, but for the three marked as made.

use hyper::StatusCode;
use serde_json::json;

use crate::message::Reply;

#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    code: String,
    message: String,
}

fn refusal(status: StatusCode, code: impl Into<String>, message: impl Into<String>) -> Refusal {
    Refusal {
        status,
        code: code.into(),
        message: message.into(),
    }
}

fn bad(code: impl Into<String>, message: impl Into<String>) -> Refusal {
    refusal(StatusCode::BAD_REQUEST, code, message)
}

impl Refusal {
    pub(super) fn unknown_action() -> Self {
        refusal(
            StatusCode::NOT_FOUND,
            "InvalidAction.NotFound",
            "Specified api is not found, please check your url and method.",
        )
    }

    pub(super) fn wrong_version() -> Self {
        bad(
            "InvalidVersion",
            "Specified parameter Version is not valid.",
        )
    }

    pub(super) fn missing(name: &str) -> Self {
        bad(
            format!("Missing{name}"),
            format!("{name} is mandatory for this action."),
        )
    }

    pub(super) fn invalid(name: &str, reason: &str) -> Self {
        let message = format!("The specified parameter {name} is not valid: {name} {reason}.");
        bad("InvalidParameter", message)
    }

    pub(super) fn incomplete_signature(reason: &str) -> Self {
        let message =
            format!("The request signature does not conform to Aliyun standards: {reason}.");
        bad("IncompleteSignature", message)
    }

    pub(super) fn malformed_date() -> Self {
        bad(
            "InvalidTimeStamp.Format",
            "Specified time stamp or date value is not well formatted.",
        )
    }

    pub(super) fn out_of_date() -> Self {
        bad(
            "InvalidTimeStamp.Expired",
            "Specified time stamp or date value is expired.",
        )
    }

    pub(super) fn unknown_key() -> Self {
        refusal(
            StatusCode::NOT_FOUND,
            "InvalidAccessKeyId.NotFound",
            "Specified access key is not found.",
        )
    }

    pub(super) fn security_token() -> Self {
        bad(
            "InvalidSecurityToken.MismatchWithAccessKey",
            "Specified SecurityToken mismatch with the AccessKey.",
        )
    }

    /// Made.
    pub(super) fn wrong_content_hash() -> Self {
        bad(
            "InvalidContentSha256",
            "x-acs-content-sha256 is not the hash of the request's body.",
        )
    }

    pub(super) fn wrong_signature(string_to_sign: &str) -> Self {
        let message = format!(
            "Specified signature is not matched with our calculation. \
             server string to sign is:{string_to_sign}"
        );
        bad("SignatureDoesNotMatch", message)
    }

    pub(super) fn used_nonce() -> Self {
        bad(
            "SignatureNonceUsed",
            "Specified signature nonce was used already.",
        )
    }

    /// Made.
    pub(super) fn wrong_method() -> Self {
        refusal(
            StatusCode::METHOD_NOT_ALLOWED,
            "UnsupportedHTTPMethod",
            "This http method is not supported.",
        )
    }

    /// Made.
    pub(super) fn too_large() -> Self {
        refusal(
            StatusCode::PAYLOAD_TOO_LARGE,
            "RequestEntityTooLarge",
            "The request's body is too large.",
        )
    }

    pub(super) fn reply(self, request_id: &str, host: &str) -> Reply {
        let recommend = format!("https://api.aliyun.com/troubleshoot?q={}", self.code);
        Reply::new(
            self.status,
            json!({
                "RequestId": request_id,
                "HostId": host,
                "Code": self.code,
                "Message": self.message,
                "Recommend": recommend,
            }),
        )
    }
}
