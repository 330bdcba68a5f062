//! Amazon's protocols, signatures and errors.

use std::sync::Arc;

use openapi_transport::{
    Answer, BoxFuture, Caller, Chain, Dialect, Error, Operation, Reading, Stamp, UsedCredentials,
    headers,
};
use reqwest::Request;

use crate::credentials::Credentials;
use crate::refusal;
use crate::signer::{self, Scope};

/// Media type of JSON 1.1.
const JSON: &str = "application/x-amz-json-1.1";
/// Header with the operation.
const TARGET: &str = "x-amz-target";
/// Beginning of the header's value.
const ECR: &str = "AmazonEC2ContainerRegistry_V20150921";

/// Media type of the answers of the query protocol.
const XML: &str = "text/xml";
/// Media type of its requests.
const FORM: &str = "application/x-www-form-urlencoded; charset=utf-8";

/// Form of requests and answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Protocol {
    /// JSON 1.1, of ECR.
    Json,
    /// Forms and XML, of STS.
    Query,
}

impl Protocol {
    fn of(operation: &Operation) -> Self {
        match operation.accept {
            XML => Self::Query,
            _ => Self::Json,
        }
    }

    /// Returns the name of the service that signatures are for.
    fn service(self) -> &'static str {
        match self {
            Self::Json => "ecr",
            Self::Query => "sts",
        }
    }
}

/// Signs calls to Amazon's services and reads their errors.
#[derive(Clone, Debug)]
pub struct Amazon {
    caller: Caller<Credentials>,
    region: String,
}

impl Amazon {
    /// Signs with these credentials for the services of a region.
    pub fn new(credentials: Credentials, region: impl Into<String>) -> Self {
        Self::of(Caller::Fixed(credentials), region)
    }

    /// Signs with the chain's credentials at the time of the call, for the services of a region.
    ///
    /// Registries that share a chain share its credentials.
    pub fn with_chain(chain: Arc<Chain<Credentials>>, region: impl Into<String>) -> Self {
        Self::of(Caller::Chain(chain), region)
    }

    /// Signs with the credentials of this caller, for the services of a region.
    pub fn of(caller: Caller<Credentials>, region: impl Into<String>) -> Self {
        Self {
            caller,
            region: region.into(),
        }
    }
}

/// Sets path, body and the headers that every call has.
fn prepare(request: &mut Request, operation: &Operation) -> Result<(), Error> {
    // In the spec, an operation has its own path. On the wire, a header or the form names it.
    let path = request.url().path();
    let base = path.rsplit_once('/').map_or("", |(base, _)| base);
    let base = format!("{base}/");
    request.url_mut().set_path(&base);
    match Protocol::of(operation) {
        Protocol::Json => {
            if request.body().is_none() {
                *request.body_mut() = Some("{}".into());
            }
            headers::set(request, "content-type", JSON, false)?;
            let target = format!("{ECR}.{}", operation.name);
            headers::set(request, TARGET, &target, false)
        }
        Protocol::Query => {
            let mut form = format!("Action={}&Version={}", operation.name, operation.version);
            let fields = request.body().and_then(|body| body.as_bytes());
            let fields = String::from_utf8_lossy(fields.unwrap_or_default());
            if !fields.is_empty() {
                form.push('&');
                form.push_str(&fields);
            }
            *request.body_mut() = Some(form.into());
            headers::set(request, "content-type", FORM, false)
        }
    }
}

impl Dialect for Amazon {
    fn sign<'a>(
        &'a self,
        request: &'a mut Request,
        operation: &'a Operation,
        stamp: &'a Stamp,
    ) -> BoxFuture<'a, Result<UsedCredentials, Error>> {
        Box::pin(async move {
            prepare(request, operation)?;
            if !operation.signed {
                return Ok(None);
            }
            let (credentials, used) = self.caller.credentials(stamp.date).await?;
            let service = Protocol::of(operation).service();
            let scope = Scope::new(stamp.date, &self.region, service);
            signer::authorize(request, &credentials, &scope)?;
            Ok(used)
        })
    }

    fn read(&self, answer: &Answer) -> Reading {
        match answer.body.trim_ascii_start().starts_with(b"<") {
            true => refusal::read_xml(answer),
            false => refusal::read(answer),
        }
    }

    fn renew(&self, used: &UsedCredentials) -> bool {
        self.caller.renew(used)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use openapi_transport::Refusal;

    use super::*;

    fn reading(status: u16, body: &str) -> Reading {
        let dialect = Amazon::of(Caller::Anonymous, "eu-central-1");
        dialect.read(&Answer {
            status: status.try_into().unwrap(),
            headers: Default::default(),
            body: body.to_owned().into(),
        })
    }

    fn xml(code: &str) -> String {
        format!(
            "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n  <Error>\n    \
             <Type>Sender</Type>\n    <Code>{code}</Code>\n    <Message>no &amp; never</Message>\n  \
             </Error>\n  <RequestId>id-7</RequestId>\n</ErrorResponse>\n"
        )
    }

    #[test]
    fn refusals_of_both_protocols_are_read() {
        for (code, denied, unauthenticated, throttled) in [
            ("AccessDenied", true, false, false),
            ("ExpiredTokenException", true, true, false),
            ("InvalidClientTokenId", true, true, false),
            ("SignatureDoesNotMatch", true, false, false),
            ("Throttling", false, false, true),
            ("ValidationError", false, false, false),
        ] {
            for body in [
                xml(code),
                format!(r#"{{"__type":"{code}","message":"no & never"}}"#),
            ] {
                let reading = reading(403, &body);
                let refusal = reading.refusal.unwrap();
                assert_eq!(refusal.code.as_deref(), Some(code), "{body}");
                assert_eq!(refusal.message.as_deref(), Some("no & never"), "{body}");
                let means = (reading.denied, reading.unauthenticated, reading.throttled);
                assert_eq!(means, (denied, unauthenticated, throttled), "{body}");
            }
        }
    }

    #[test]
    fn what_is_no_error_body_is_a_refusal_without_a_code() {
        for body in [
            "<html><body>502</body></html>",
            "<ErrorResponse>",
            "<",
            "<Error/>",
        ] {
            assert_eq!(
                reading(502, body).refusal,
                Some(Refusal::default()),
                "{body}"
            );
        }
        let success =
            "<GetCallerIdentityResponse><Error><Code>X</Code></Error></GetCallerIdentityResponse>";
        assert_eq!(reading(200, success).refusal, None);
    }
}
