//! Refusals in Harbor's form.

use hyper::StatusCode;
use serde_json::json;

use crate::message::Reply;

#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    code: &'static str,
    message: String,
}

impl Refusal {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
        }
    }

    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BAD_REQUEST", message)
    }

    pub(super) fn unauthorized() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", "unauthorized")
    }

    pub(super) fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "FORBIDDEN", message)
    }

    pub(super) fn read_only() -> Self {
        let message = "The system is in read only mode. Any modification is prohibited.";
        Self::new(StatusCode::FORBIDDEN, "DENIED", message)
    }

    /// Makes the refusal of a call that Harbor does not have.
    pub(super) fn no_such_path() -> Self {
        Self::not_found("path was not found")
    }

    pub(super) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "NOT_FOUND", message)
    }

    pub(super) fn wrong_method() -> Self {
        let status = StatusCode::METHOD_NOT_ALLOWED;
        Self::new(status, "METHOD_NOT_ALLOWED", "method not allowed")
    }

    pub(super) fn conflict(message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "CONFLICT", message)
    }

    pub(super) fn precondition(message: impl Into<String>) -> Self {
        Self::new(StatusCode::PRECONDITION_FAILED, "PRECONDITION", message)
    }

    pub(super) fn unprocessable(message: impl Into<String>) -> Self {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        Self::new(status, "UNPROCESSABLE_ENTITY", message)
    }

    /// Makes the refusal of a large body. Invented.
    pub(super) fn too_large() -> Self {
        let status = StatusCode::PAYLOAD_TOO_LARGE;
        Self::new(status, "BAD_REQUEST", "the body is too large")
    }

    pub(super) fn reply(self) -> Reply {
        let error = json!({"code": self.code, "message": self.message});
        Reply::new(self.status, json!({"errors": [error]}))
    }
}
