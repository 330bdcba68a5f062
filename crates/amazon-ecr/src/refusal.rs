//! Error bodies of the vendor's services.

use openapi_transport::{Answer, Reading, Refusal};
use serde_json::Value;

/// Header with the request id.
const REQUEST_ID: &str = "x-amzn-requestid";
/// Header with the code. A load balancer that drops the body keeps it.
const ERROR_TYPE: &str = "x-amzn-errortype";

/// Codes of services that want fewer calls. `LimitExceededException` is a quota here, and a retry
/// does not help.
const THROTTLED: [&str; 13] = [
    "BandwidthLimitExceeded",
    "PriorRequestNotComplete",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "ThrottleException",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "TransactionInProgressException",
];

/// Codes of keys and tokens that are unknown or have expired.
const NOT_ACCEPTED: [&str; 9] = [
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidToken",
    "InvalidTokenId",
    "TokenRefreshRequired",
    "UnauthorizedException",
    "UnrecognizedClientException",
];

/// Codes of a date that is too far off.
const OUT_OF_DATE: [&str; 3] = [
    "RequestExpired",
    "RequestInTheFuture",
    "RequestTimeTooSkewed",
];

/// Codes of a wrong signature. The reason is a wrong secret or a wrong date.
const WRONG_SIGNATURE: [&str; 3] = [
    "AuthFailure",
    "InvalidSignatureException",
    "SignatureDoesNotMatch",
];

/// Codes of callers who may not do this, whatever their keys.
const DENIED: [&str; 13] = [
    "AccessDenied",
    "AccessDeniedException",
    "BlockedByOrganizationPolicyException",
    "IncompleteSignature",
    "IncompleteSignatureException",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "NotAuthorized",
    "OptInRequired",
    "SubscriptionRequiredException",
    "UnauthorizedAccess",
    "UnauthorizedOperation",
    "UnknownAccountException",
];

/// End of the codes of subjects that do not exist, under status 400.
const ABSENT: &str = "NotFoundException";
/// The code of a secret of another service, which a pull-through rule names.
const SECRET_ABSENT: &str = "SecretNotFoundException";

/// Reads an answer of a service with JSON bodies.
pub(crate) fn read(answer: &Answer) -> Reading {
    if answer.status.is_success() {
        return reading(answer, None);
    }
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let text = |names: [&str; 3]| {
        let found = names.into_iter().find_map(|name| body.get(name)?.as_str());
        found.filter(|text| !text.is_empty())
    };
    let code = header(answer, ERROR_TYPE).or_else(|| text(["__type", "code", "Code"]));
    let refusal = Refusal {
        code: code.map(name).filter(|name| !name.is_empty()),
        message: text(["message", "Message", "errorMessage"]).map(str::to_owned),
        ..Refusal::default()
    };
    reading(answer, Some(refusal))
}

/// Reads an answer of a service with the query protocol, whose bodies are XML.
pub(crate) fn read_xml(answer: &Answer) -> Reading {
    if answer.status.is_success() {
        return reading(answer, None);
    }
    let document = openapi_transport::xml(&answer.body).unwrap_or_default();
    let error = document.get("Error");
    let text = |name| {
        let text = error?.get(name)?.as_str()?.trim();
        (!text.is_empty()).then(|| text.to_owned())
    };
    let refusal = Refusal {
        code: text("Code"),
        message: text("Message"),
        ..Refusal::default()
    };
    reading(answer, Some(refusal))
}

/// Returns the meaning of an answer whose error body is already read.
fn reading(answer: &Answer, refusal: Option<Refusal>) -> Reading {
    let code = refusal.as_ref().and_then(|refusal| refusal.code.as_deref());
    let is = |codes: &[&str]| code.is_some_and(|code| codes.contains(&code));
    Reading {
        request_id: header(answer, REQUEST_ID).map(str::to_owned),
        skewed: is(&OUT_OF_DATE),
        maybe_skewed: is(&WRONG_SIGNATURE),
        unauthenticated: is(&NOT_ACCEPTED),
        denied: is(&NOT_ACCEPTED) || is(&WRONG_SIGNATURE) || is(&DENIED),
        throttled: is(&THROTTLED),
        absent: code.is_some_and(|code| code.ends_with(ABSENT) && code != SECRET_ABSENT),
        refusal,
        ..Reading::default()
    }
}

fn header<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    let text = answer.headers.get(name)?.to_str().ok()?.trim();
    (!text.is_empty()).then_some(text)
}

/// Returns the name in a code such as `NAMESPACE#NAME` or `NAME:URI`.
fn name(code: &str) -> String {
    let code = code.split(':').next().unwrap_or_default();
    let code = code.rsplit('#').next().unwrap_or_default();
    code.trim().to_owned()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    use proptest::prelude::*;

    fn answer(status: u16, header: Option<&str>, body: &str) -> Answer {
        let mut headers = http::HeaderMap::new();
        headers.insert(REQUEST_ID, "id-1".parse().unwrap());
        if let Some(code) = header {
            headers.insert(ERROR_TYPE, code.parse().unwrap());
        }
        Answer {
            status: status.try_into().unwrap(),
            headers,
            body: body.to_owned().into(),
        }
    }

    #[test]
    fn every_form_of_a_code_is_read() {
        const NAME: &str = "RepositoryNotFoundException";
        const URI: &str = "http://internal.example/coral/com.example.ecr/";
        let plain = format!(r#"{{"__type":"{NAME}","message":"no"}}"#);
        let spaced = format!(r#"{{"__type":"com.example.ecr#{NAME}","Message":"no"}}"#);
        let with_uri = format!(r#"{{"__type":"{NAME}:{URI}","message":"no"}}"#);
        let whole = format!(r#"{{"__type":"com.example.ecr#{NAME}:{URI}","message":"no"}}"#);
        let code = format!(r#"{{"code":"{NAME}","errorMessage":"no"}}"#);
        let header = format!("{NAME}:{URI}");
        for (header, body) in [
            (None, plain.as_str()),
            (None, &spaced),
            (None, &with_uri),
            (None, &whole),
            (None, &code),
            (Some(NAME), r#"{"message":"no"}"#),
            (
                Some(header.as_str()),
                r#"{"__type":"Other","message":"no"}"#,
            ),
        ] {
            let reading = read(&answer(400, header, body));
            let refusal = reading.refusal.unwrap();
            assert_eq!(refusal.code.as_deref(), Some(NAME), "{header:?} {body}");
            assert_eq!(refusal.message.as_deref(), Some("no"), "{body}");
            assert_eq!(reading.request_id.as_deref(), Some("id-1"), "{body}");
            assert!(reading.absent, "{body}");
        }
    }

    #[test]
    fn an_answer_without_a_code_has_none() {
        for body in [
            "",
            "<html>502</html>",
            "[]",
            r#"{"__type":7}"#,
            r#"{"__type":""}"#,
            "null",
        ] {
            let reading = read(&answer(502, None, body));
            assert_eq!(reading.refusal, Some(Refusal::default()), "{body}");
        }
        let success = read(&answer(200, None, r#"{"__type":"X","message":"a field"}"#));
        assert_eq!(success.refusal, None);
        assert_eq!(success.request_id.as_deref(), Some("id-1"));
    }

    #[test]
    fn codes_say_what_a_refusal_means() {
        for (code, means) in [
            ("ThrottlingException", "throttled"),
            ("ThrottleException", "throttled"),
            ("Throttling", "throttled"),
            ("RequestLimitExceeded", "throttled"),
            ("TooManyRequestsException", "throttled"),
            ("SlowDown", "throttled"),
            ("LimitExceededException", ""),
            ("TooManyTagsException", ""),
            ("RepositoryNotFoundException", "absent"),
            ("ImageNotFoundException", "absent"),
            ("LifecyclePolicyPreviewNotFoundException", "absent"),
            ("ReplicationBackfillNotFoundException", "absent"),
            ("SecretNotFoundException", ""),
            ("InvalidParameterException", ""),
            ("ReplicationBackfillInProgressException", ""),
            ("ServerException", ""),
            ("AccessDeniedException", "denied"),
            ("OptInRequired", "denied"),
            ("MissingAuthenticationTokenException", "denied"),
            ("ExpiredTokenException", "unauthenticated denied"),
            ("UnrecognizedClientException", "unauthenticated denied"),
            ("InvalidClientTokenId", "unauthenticated denied"),
            ("InvalidSignatureException", "maybe_skewed denied"),
            ("SignatureDoesNotMatch", "maybe_skewed denied"),
            ("RequestTimeTooSkewed", "skewed"),
            ("RequestExpired", "skewed"),
            ("RequestInTheFuture", "skewed"),
        ] {
            let reading = read(&answer(400, Some(code), "{}"));
            let found = [
                ("skewed", reading.skewed),
                ("maybe_skewed", reading.maybe_skewed),
                ("unauthenticated", reading.unauthenticated),
                ("denied", reading.denied),
                ("throttled", reading.throttled),
                ("absent", reading.absent),
            ];
            let found = found.iter().filter(|(_, is)| *is).map(|(name, _)| *name);
            assert_eq!(found.collect::<Vec<_>>().join(" "), means, "{code}");
        }
    }

    #[test]
    fn errors_of_the_query_protocol_are_read() {
        let body = "<ErrorResponse xmlns=\"https://x/\"><Error><Type>Sender</Type>\
                    <Code>ExpiredToken</Code><Message>a &lt; b</Message></Error></ErrorResponse>";
        let reading = read_xml(&answer(403, None, body));
        assert!(reading.unauthenticated && reading.denied);
        let refusal = reading.refusal.unwrap();
        assert_eq!(refusal.code.as_deref(), Some("ExpiredToken"));
        assert_eq!(refusal.message.as_deref(), Some("a < b"));
        for body in ["", "{}", "<html>502</html>", "<Error/>"] {
            let reading = read_xml(&answer(502, None, body));
            assert_eq!(reading.refusal, Some(Refusal::default()), "{body}");
        }
        assert_eq!(read_xml(&answer(200, None, body)).refusal, None);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

        #[test]
        fn any_body_is_read(
            body in prop_oneof![any::<String>(), "\\{\"(__type|code)\":\"[#:a-z]{0,9}\"\\}"],
        ) {
            let reading = read(&answer(400, None, &body));
            prop_assert!(reading.refusal.is_some());
            prop_assert!(!reading.absent && !reading.throttled);
        }
    }
}
