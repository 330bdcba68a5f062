//! Refusals of the Alibaba side.
//!
//! Codes and messages are the vendor's, except those marked as invented.

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

/// Makes a refusal of the service itself. Unlike those of its front, it has status 200.
fn said(code: &str) -> Refusal {
    refusal(StatusCode::OK, code, "")
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

    pub(super) fn expired_token() -> Self {
        bad(
            "InvalidSecurityToken.Expired",
            "Specified SecurityToken is expired.",
        )
    }

    pub(super) fn malformed_token() -> Self {
        bad(
            "InvalidSecurityToken.Malformed",
            "Specified SecurityToken is malformed.",
        )
    }

    pub(super) fn unknown_role() -> Self {
        refusal(
            StatusCode::NOT_FOUND,
            "EntityNotExist.Role",
            "The specified Role not exists.",
        )
    }

    pub(super) fn untrusted() -> Self {
        refusal(
            StatusCode::FORBIDDEN,
            "NoPermission",
            "You are not authorized to do this action. You should be authorized by RAM.",
        )
    }

    pub(super) fn too_long_a_session() -> Self {
        bad(
            "InvalidParameter.DurationSeconds",
            "The Min/Max value of DurationSeconds is 15min/1hr.",
        )
    }

    /// Unknown identity provider. The status is invented.
    pub(super) fn unknown_provider() -> Self {
        refusal(
            StatusCode::FORBIDDEN,
            "AuthenticationFail.NoPermission",
            "Parameter OIDCProviderArn is not valid",
        )
    }

    /// Unreadable OIDC token. The message is invented.
    pub(super) fn unreadable_token() -> Self {
        bad(
            "AuthenticationFail.OIDCToken.Invalid",
            "This JsonWebToken is invalid.",
        )
    }

    pub(super) fn foreign_token() -> Self {
        bad(
            "InvalidSecurityToken.MismatchWithAccessKey",
            "Specified SecurityToken mismatch with the AccessKey.",
        )
    }

    /// Makes an invented refusal.
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

    /// Makes an invented refusal.
    pub(super) fn wrong_method() -> Self {
        refusal(
            StatusCode::METHOD_NOT_ALLOWED,
            "UnsupportedHTTPMethod",
            "This http method is not supported.",
        )
    }

    /// Makes an invented refusal.
    pub(super) fn too_large() -> Self {
        refusal(
            StatusCode::PAYLOAD_TOO_LARGE,
            "RequestEntityTooLarge",
            "The request's body is too large.",
        )
    }

    pub(super) fn no_instance() -> Self {
        said("INSTANCE_NOT_EXIST")
    }

    pub(super) fn no_namespace() -> Self {
        said("NAMESPACE_NOT_EXIST")
    }

    pub(super) fn no_repository() -> Self {
        said("REPO_NOT_EXIST")
    }

    /// Unknown task, with the status of the vendor's page of CancelRepoSyncTask.
    pub(super) fn no_sync_task() -> Self {
        bad("SYNC_TASK_NOT_EXIST", "Sync task is not exist.")
    }

    /// Makes an invented refusal.
    pub(super) fn no_tag() -> Self {
        said("TAG_NOT_EXIST")
    }

    /// Makes an invented refusal.
    pub(super) fn no_endpoint() -> Self {
        said("ENDPOINT_NOT_EXIST")
    }

    /// Makes an invented refusal.
    pub(super) fn no_sync_rule() -> Self {
        said("SYNC_RULE_NOT_EXIST")
    }

    /// Makes an invented refusal.
    pub(super) fn no_lifecycle_rule() -> Self {
        said("LIFECYCLE_RULE_NOT_EXIST")
    }

    /// Makes an invented refusal.
    pub(super) fn rule_name_taken() -> Self {
        said("SYNC_RULE_NAME_EXIST")
    }

    /// Manual run of a rule that runs on pushes. The code is invented.
    pub(super) fn automatic_rule() -> Self {
        said("SYNC_RULE_NOT_INITIATIVE")
    }

    /// Run of a rule that does not cover the image. Invented.
    pub(super) fn not_covered() -> Self {
        said("SYNC_RULE_NOT_MATCH")
    }

    /// Makes an invented refusal.
    pub(super) fn task_has_ended() -> Self {
        said("SYNC_TASK_ALREADY_ENDED")
    }

    pub(super) fn reply(self, request_id: &str, host: &str) -> Reply {
        if self.status == StatusCode::OK {
            return Reply::ok(json!({
                "RequestId": request_id,
                "Code": self.code,
                "IsSuccess": false,
            }));
        }
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
