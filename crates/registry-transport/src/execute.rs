//! The one way out for every generated call.

use bytes::{Bytes, BytesMut};
use http::header::{self, HeaderValue};
use http::{HeaderMap, HeaderName, Method, StatusCode};
use progenitor_client::ResponseValue;
use serde::de::DeserializeOwned;

use crate::context::Context;
use crate::error::Error;
use crate::operation::Operation;
use crate::provider::{Answer, Reading, Stamp};

const USER_AGENT: &str = concat!("registry-replication/", env!("CARGO_PKG_VERSION"));

/// Stamped on every request by progenitor; no vendor knows it.
const API_VERSION: HeaderName = HeaderName::from_static("api-version");

/// Ours, on the stand-in for an answer that never came to be.
const NO_ANSWER: StatusCode = StatusCode::BAD_GATEWAY;

/// Who made an answer, for errors that are found after it was handed on.
#[derive(Clone, Debug)]
struct Origin {
    operation: &'static str,
    request_id: Option<String>,
}

/// An error on its way through progenitor, which lets only answers pass.
#[derive(Debug)]
struct Carried(std::sync::Mutex<Option<Error>>);

impl Carried {
    fn response(error: Error) -> reqwest::Response {
        let mut response = http::Response::new(Bytes::new());
        *response.status_mut() = NO_ANSWER;
        response
            .extensions_mut()
            .insert(std::sync::Arc::new(Self(Some(error).into())));
        response.into()
    }

    fn take(response: &reqwest::Response) -> Option<Error> {
        let carried = response.extensions().get::<std::sync::Arc<Self>>()?;
        carried.0.lock().ok()?.take()
    }
}

/// Sends one request of a generated client: `id` is the generated method's name, `operations` the
/// generated table that has it.
///
/// Never fails: an error travels inside the response, and `?` takes it out where the call's
/// result becomes an [`Error`]. Dropping the future drops the connection.
pub async fn execute(
    context: &Context,
    operations: &'static [Operation],
    id: &str,
    request: reqwest::Request,
) -> reqwest::Response {
    let Some(operation) = operations.iter().find(|operation| operation.id == id) else {
        return Carried::response(Error::configuration(format!(
            "{id} is not in the table of operations: generate the client again"
        )));
    };
    match attempt(context, operation, request).await {
        Ok((answer, request_id)) => {
            let mut response = http::Response::new(answer.body);
            *response.status_mut() = answer.status;
            *response.headers_mut() = answer.headers;
            response.extensions_mut().insert(Origin {
                operation: operation.name,
                request_id,
            });
            response.into()
        }
        Err(error) => Carried::response(error),
    }
}

async fn attempt(
    context: &Context,
    operation: &'static Operation,
    mut request: reqwest::Request,
) -> Result<(Answer, Option<String>), Error> {
    let settings = context.settings();
    operation.check(request.url())?;

    let headers = request.headers_mut();
    headers.remove(API_VERSION);
    headers.insert(header::USER_AGENT, HeaderValue::from_static(USER_AGENT));
    *request.timeout_mut() = Some(settings.attempt);
    // Without a body no Content-Length would be sent, and some gateways answer 411 to that.
    if matches!(
        *request.method(),
        Method::POST | Method::PUT | Method::PATCH
    ) {
        request.body_mut().get_or_insert_default();
    }
    let stamp = Stamp {
        date: settings.clock.now(),
        nonce: settings.chance.nonce(),
    };
    settings
        .provider
        .sign(&mut request, operation, &stamp)
        .await
        .map_err(|error| error.with_operation(operation.name))?;
    // hyper leaves the length of an empty body out, and some gateways answer 411 to that.
    let may_have_body = matches!(
        *request.method(),
        Method::POST | Method::PUT | Method::PATCH
    );
    let body = request.body().map(|body| body.as_bytes());
    if may_have_body && matches!(body, None | Some(Some(b""))) {
        let none = HeaderValue::from_static("0");
        request.headers_mut().insert(header::CONTENT_LENGTH, none);
    }

    let response = context
        .http()
        .execute(request)
        .await
        .map_err(|error| Error::transport(operation.name, error))?;
    let answer = read(response, operation, settings.max_answer).await?;
    let Reading {
        request_id,
        refusal,
        ..
    } = settings.provider.read(&answer);
    let status = answer.status;
    if status.is_redirection() {
        let what = "the service sent us elsewhere, and credentials are not carried along: \
                    is the endpoint right?";
        return Err(
            Error::undecodable(Some(operation.name), status, what.to_owned())
                .with_request_id(request_id),
        );
    }
    if status.is_success() && refusal.is_none() {
        return Ok((answer, request_id));
    }
    let refusal = refusal.unwrap_or_default();
    Err(Error::refused(operation.name, status, refusal).with_request_id(request_id))
}

async fn read(
    mut response: reqwest::Response,
    operation: &'static Operation,
    max: usize,
) -> Result<Answer, Error> {
    let status = response.status();
    let headers: HeaderMap = std::mem::take(response.headers_mut());
    let mut body = BytesMut::new();
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|error| Error::transport(operation.name, error))?
    {
        if body.len() + chunk.len() > max {
            let what = format!("the answer is longer than {max} bytes");
            return Err(Error::undecodable(Some(operation.name), status, what));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer {
        status,
        headers,
        body: body.freeze(),
    })
}

/// Decodes an answer; generated clients call it.
///
/// # Errors
/// One that carries an [`Error`] of kind [`Undecodable`](crate::ErrorKind::Undecodable) with
/// status and request id, when the body is not the JSON that the spec says.
pub async fn decode<T: DeserializeOwned, E>(
    mut response: reqwest::Response,
) -> Result<ResponseValue<T>, progenitor_client::Error<E>> {
    let status = response.status();
    let headers = std::mem::take(response.headers_mut());
    let origin = response.extensions().get::<Origin>().cloned();
    let body = response
        .bytes()
        .await
        .map_err(progenitor_client::Error::ResponseBodyError)?;
    match serde_json::from_slice(&body) {
        Ok(value) => Ok(ResponseValue::new(value, status, headers)),
        Err(error) => {
            let kind = headers
                .get(header::CONTENT_TYPE)
                .and_then(|value| value.to_str().ok())
                .unwrap_or("no content type");
            let what = format!("the answer is not what was expected ({kind}): {error}");
            let (operation, request_id) =
                origin.map_or((None, None), |o| (Some(o.operation), o.request_id));
            let error = Error::undecodable(operation, status, what).with_request_id(request_id);
            Err(progenitor_client::Error::UnexpectedResponse(
                Carried::response(error),
            ))
        }
    }
}

impl<E> From<progenitor_client::Error<E>> for Error {
    fn from(error: progenitor_client::Error<E>) -> Self {
        use progenitor_client::Error as E;
        match error {
            E::UnexpectedResponse(response) => Carried::take(&response).unwrap_or_else(|| {
                let origin = response.extensions().get::<Origin>();
                let what = "the answer has a status that the spec does not name".to_owned();
                Error::undecodable(origin.map(|o| o.operation), response.status(), what)
                    .with_request_id(origin.and_then(|o| o.request_id.clone()))
            }),
            E::InvalidRequest(what) => Error::configuration(what),
            E::CommunicationError(error)
            | E::InvalidUpgrade(error)
            | E::ResponseBodyError(error) => Error::unbuilt(error.without_url()),
            E::ErrorResponse(response) => Error::undecodable(
                None,
                response.status(),
                "the answer has a status that the spec does not name".to_owned(),
            ),
            E::InvalidResponsePayload(_, error) => Error::undecodable(
                None,
                StatusCode::OK,
                format!("the answer is not what was expected: {error}"),
            ),
            E::Custom(what) => Error::configuration(what),
        }
    }
}
