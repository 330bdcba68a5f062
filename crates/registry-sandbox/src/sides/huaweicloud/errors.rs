//! Refusals of the Huawei side, in the form of each service.
//!
//! The gateway's codes and messages, and all forms, are the vendor's. The codes of SWR and STS below
//! are invented, except one: the vendor documents such families of codes, but not the code of each
//! call. The messages of SWR, and those marked as invented, are invented, too.

use hyper::StatusCode;
use serde_json::{Value, json};

use crate::message::Reply;

/// Code with its status.
#[derive(Debug, Clone, Copy)]
pub(super) struct Code(StatusCode, &'static str);

pub(super) const SWR_INVALID_PARAMETER: Code = Code(StatusCode::BAD_REQUEST, "SVCSTG.SWR.4000400");
pub(super) const SWR_INVALID_BODY: Code = Code(StatusCode::BAD_REQUEST, "SVCSTG.SWR.4000401");
pub(super) const SWR_DISABLED: Code = Code(StatusCode::BAD_REQUEST, "SVCSTG.SWR.4000402");
pub(super) const SWR_NO_REGION: Code = Code(StatusCode::BAD_REQUEST, "SVCSTG.SWR.4000403");
pub(super) const SWR_DENIED: Code = Code(StatusCode::FORBIDDEN, "SVCSTG.SWR.4030403");
pub(super) const SWR_NO_PROJECT: Code = Code(StatusCode::FORBIDDEN, "SVCSTG.SWR.4030404");
pub(super) const SWR_NO_INSTANCE: Code = Code(StatusCode::NOT_FOUND, "SVCSTG.SWR.4040401");
pub(super) const SWR_NO_NAMESPACE: Code = Code(StatusCode::NOT_FOUND, "SVCSTG.SWR.4040402");
pub(super) const SWR_NO_REPOSITORY: Code = Code(StatusCode::NOT_FOUND, "SVCSTG.SWR.4040403");
pub(super) const SWR_NO_POLICY: Code = Code(StatusCode::NOT_FOUND, "SVCSTG.SWR.4040404");
pub(super) const SWR_NO_EXECUTION: Code = Code(StatusCode::NOT_FOUND, "SVCSTG.SWR.4040405");
pub(super) const SWR_NO_TASK: Code = Code(StatusCode::NOT_FOUND, "SVCSTG.SWR.4040406");
pub(super) const SWR_NO_REGISTRY: Code = Code(StatusCode::NOT_FOUND, "SVCSTG.SWR.4040407");
pub(super) const SWR_NO_ARTIFACT: Code = Code(StatusCode::NOT_FOUND, "SVCSTG.SWR.4040408");
pub(super) const SWR_NO_TAG: Code = Code(StatusCode::NOT_FOUND, "SVCSTG.SWR.4040409");
pub(super) const SWR_NO_JOB: Code = Code(StatusCode::NOT_FOUND, "SVCSTG.SWR.4040410");
pub(super) const SWR_POLICY_EXISTS: Code = Code(StatusCode::CONFLICT, "SVCSTG.SWR.4090401");
pub(super) const SWR_REGISTRY_EXISTS: Code = Code(StatusCode::CONFLICT, "SVCSTG.SWR.4090402");
pub(super) const SWR_REGISTRY_IN_USE: Code = Code(StatusCode::CONFLICT, "SVCSTG.SWR.4090403");
pub(super) const SWR_RULE_EXISTS: Code = Code(StatusCode::CONFLICT, "SVCSTG.SWR.4090404");
/// Code from the vendor's page.
const SWR_NO_RULE: Code = Code(StatusCode::BAD_REQUEST, "SVCSTG.SWR.4001158");
pub(super) const STS_INVALID_PARAMETER: Code = Code(StatusCode::BAD_REQUEST, "STS.0400");
pub(super) const STS_UNREADABLE: Code = Code(StatusCode::BAD_REQUEST, "STS.0401");

#[derive(Debug)]
pub(super) enum Refusal {
    /// From the gateway in front of all services.
    Gateway { code: Code, message: String },
    /// From SWR's Enterprise edition.
    Enterprise {
        code: Code,
        message: String,
        encoded: Option<String>,
    },
    /// From SWR's Basic edition.
    Basic {
        code: Code,
        message: String,
        detail: String,
    },
    /// From IAM, in Keystone's form.
    Iam { status: StatusCode, message: String },
    /// From STS.
    Sts { code: Code, message: String },
}

impl Refusal {
    pub(super) fn no_such_api() -> Self {
        Self::Gateway {
            code: Code(StatusCode::NOT_FOUND, "APIGW.0101"),
            message: "The API does not exist or has not been published in the environment".into(),
        }
    }

    pub(super) fn too_large() -> Self {
        Self::Gateway {
            code: Code(StatusCode::PAYLOAD_TOO_LARGE, "APIGW.0201"),
            message: "Request entity too large".into(),
        }
    }

    fn unauthenticated(reason: &str) -> Self {
        Self::Gateway {
            code: Code(StatusCode::UNAUTHORIZED, "APIGW.0301"),
            message: format!("Incorrect IAM authentication information: {reason}"),
        }
    }

    pub(super) fn no_token() -> Self {
        Self::unauthenticated("x-auth-token not found")
    }

    /// Missing signature, for a call that accepts only signatures. Invented.
    pub(super) fn no_signature() -> Self {
        Self::unauthenticated("authorization not found")
    }

    pub(super) fn unknown_token() -> Self {
        Self::unauthenticated("decrypt token fail")
    }

    pub(super) fn expired_token(expires_at: &str) -> Self {
        Self::unauthenticated(&format!("token expires, expires_at: {expires_at}"))
    }

    /// Makes an invented refusal.
    pub(super) fn security_token() -> Self {
        Self::unauthenticated("decrypt security token fail")
    }

    /// Makes an invented refusal.
    pub(super) fn expired_security_token(expires_at: &str) -> Self {
        Self::unauthenticated(&format!("security token expires, expires_at: {expires_at}"))
    }

    pub(super) fn unknown_key(access_key: &str) -> Self {
        Self::unauthenticated(&format!("ak {access_key} not exist"))
    }

    pub(super) fn wrong_signature() -> Self {
        Self::unauthenticated("verify aksk signature fail")
    }

    /// Makes an invented refusal.
    pub(super) fn no_date() -> Self {
        Self::unauthenticated("calc aksk signature fail:x-sdk-date not found or malformed")
    }

    pub(super) fn out_of_date(signed: &str, now: &str) -> Self {
        Self::unauthenticated(&format!(
            "calc aksk signature fail:signature expired, signature time:{signed},server time:{now}"
        ))
    }

    pub(super) fn enterprise(code: Code, message: impl Into<String>) -> Self {
        Self::Enterprise {
            code,
            message: message.into(),
            encoded: None,
        }
    }

    pub(super) fn basic(code: Code, message: impl Into<String>) -> Self {
        Self::Basic {
            code,
            message: message.into(),
            detail: String::new(),
        }
    }

    /// Unknown sync rule. The message is invented.
    pub(super) fn no_rule(detail: String) -> Self {
        Self::Basic {
            code: SWR_NO_RULE,
            message: "The sync rule does not exist.".into(),
            detail,
        }
    }

    pub(super) fn iam(status: StatusCode, message: impl Into<String>) -> Self {
        Self::Iam {
            status,
            message: message.into(),
        }
    }

    pub(super) fn sts(code: Code, message: impl Into<String>) -> Self {
        Self::Sts {
            code,
            message: message.into(),
        }
    }

    pub(super) fn reply(self, request_id: &str) -> Reply {
        match self {
            Self::Gateway {
                code: Code(status, code),
                message,
            }
            | Self::Sts {
                code: Code(status, code),
                message,
            } => Reply::new(
                status,
                json!({"error_code": code, "error_msg": message, "request_id": request_id}),
            ),
            Self::Enterprise {
                code: Code(status, code),
                message,
                encoded,
            } => {
                let mut body = json!({"error_code": code, "error_msg": message});
                if let Some(encoded) = encoded {
                    body["encoded_authorization_message"] = Value::from(encoded);
                }
                Reply::new(status, body)
            }
            Self::Basic {
                code: Code(status, code),
                message,
                detail,
            } => {
                let error = json!({"errorCode": code, "errorMessage": message, "detail": detail});
                Reply::new(status, json!({"errors": [error]}))
            }
            Self::Iam { status, message } => Reply::new(
                status,
                json!({"error": {
                    "code": status.as_u16(),
                    "message": message,
                    "title": status.canonical_reason(),
                }}),
            ),
        }
    }
}
