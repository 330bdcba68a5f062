//! Errors inside responses, because progenitor's hook can return only a response.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use progenitor_client::ResponseValue;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::dialect::Answer;
use crate::error::{Error, without_values};
use crate::operation::Operation;
use crate::tolerant::tolerant;

/// Status of the placeholder for a missing answer.
const NO_ANSWER: StatusCode = StatusCode::BAD_GATEWAY;

/// Origin of an answer, for errors that are found after `execute` has returned it.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    pub(crate) operation: &'static str,
    pub(crate) host: String,
    pub(crate) request_id: Option<String>,
    pub(crate) attempts: u32,
}

/// Error inside a response's extensions, which must be `Clone`.
#[derive(Clone, Debug)]
struct ResponseError(Arc<Mutex<Option<Error>>>);

pub(crate) fn pack(error: Error) -> reqwest::Response {
    let mut response = http::Response::new(Bytes::new());
    *response.status_mut() = NO_ANSWER;
    let carried = ResponseError(Arc::new(Mutex::new(Some(error))));
    response.extensions_mut().insert(carried);
    response.into()
}

fn unpack(response: &reqwest::Response) -> Option<Error> {
    let carried = response.extensions().get::<ResponseError>()?;
    carried.0.lock().ok()?.take()
}

pub(crate) fn answer(answer: Answer, origin: Origin) -> reqwest::Response {
    let mut response = http::Response::new(answer.body);
    *response.status_mut() = answer.status;
    *response.headers_mut() = answer.headers;
    response.extensions_mut().insert(origin);
    response.into()
}

/// Returns the response for an answer whose content cannot be read.
pub(crate) fn unfit(origin: Origin, status: StatusCode, what: String) -> reqwest::Response {
    let what = format!("the answer is not what was expected: {what}");
    pack(undecodable(Some(&origin), status, what))
}

/// Makes the error of an answer that does not match the spec.
fn undecodable(origin: Option<&Origin>, status: StatusCode, what: String) -> Error {
    let error = Error::undecodable(origin.map(|origin| origin.operation), status, what);
    match origin {
        Some(origin) => error
            .with_host(origin.host.clone())
            .with_request_id(origin.request_id.clone())
            .with_attempts(origin.attempts),
        None => error,
    }
}

/// Decodes an answer; generated clients call it.
///
/// # Errors
/// With an [`Error`] of kind [`Undecodable`](crate::ErrorKind::Undecodable), which has status and
/// request id, when the body does not match the spec.
pub async fn decode<T: DeserializeOwned, E>(
    response: reqwest::Response,
) -> Result<ResponseValue<T>, progenitor_client::Error<E>> {
    decode_with(response, |body| serde_json::from_slice(body)).await
}

/// Decodes an answer that is a list, which may be null or hold nulls; generated clients call it.
///
/// # Errors
/// Those of [`decode`].
pub async fn decode_list<T: DeserializeOwned, E>(
    response: reqwest::Response,
) -> Result<ResponseValue<Vec<T>>, progenitor_client::Error<E>> {
    decode_with(response, |body| {
        let mut json = serde_json::Deserializer::from_slice(body);
        let list = tolerant(&mut json)?;
        json.end()?;
        Ok(list)
    })
    .await
}

/// Decodes an answer that is plain text; generated clients call it. Bytes that are not UTF-8 become
/// replacement characters, because a log is worth reading without them.
///
/// # Errors
/// Those of [`decode`].
pub async fn decode_text<T: From<String>, E>(
    response: reqwest::Response,
) -> Result<ResponseValue<T>, progenitor_client::Error<E>> {
    decode_with(response, |body| Ok(as_text(body).into())).await
}

fn as_text(body: &[u8]) -> String {
    String::from_utf8_lossy(body).into_owned()
}

/// Returns an answer as JSON, and its headers. An empty answer is `null`, and plain text is a string.
pub(crate) async fn json(
    response: reqwest::Response,
    operation: &Operation,
) -> Result<(Value, HeaderMap), Error> {
    // `pack` makes a placeholder without a body, which `decode_with` must not read.
    if let Some(error) = unpack(&response) {
        return Err(error);
    }
    let is_text = operation.accept == "text/plain";
    let decoded = decode_with::<Value, ()>(response, |body| match body.trim_ascii() {
        _ if is_text => Ok(Value::String(as_text(body))),
        b"" => Ok(Value::Null),
        body => serde_json::from_slice(body),
    });
    let decoded = decoded.await?;
    let headers = decoded.headers().clone();
    Ok((decoded.into_inner(), headers))
}

async fn decode_with<T, E>(
    mut response: reqwest::Response,
    read: impl FnOnce(&[u8]) -> serde_json::Result<T>,
) -> Result<ResponseValue<T>, progenitor_client::Error<E>> {
    let status = response.status();
    let headers = std::mem::take(response.headers_mut());
    let origin = response.extensions().get::<Origin>().cloned();
    let body = response
        .bytes()
        .await
        .map_err(progenitor_client::Error::ResponseBodyError)?;
    match read(&body) {
        Ok(value) => Ok(ResponseValue::new(value, status, headers)),
        Err(error) => {
            let kind = headers
                .get(header::CONTENT_TYPE)
                .and_then(|value| value.to_str().ok())
                .unwrap_or("no content type");
            let why = without_values(&error);
            let what = format!("the answer is not what was expected ({kind}): {why}");
            let error = undecodable(origin.as_ref(), status, what);
            Err(progenitor_client::Error::UnexpectedResponse(pack(error)))
        }
    }
}

impl<E> From<progenitor_client::Error<E>> for Error {
    fn from(error: progenitor_client::Error<E>) -> Self {
        use progenitor_client::Error as E;
        const UNNAMED: &str = "the answer has a status that the spec does not name";
        match error {
            E::UnexpectedResponse(response) => unpack(&response).unwrap_or_else(|| {
                let origin = response.extensions().get::<Origin>();
                undecodable(origin, response.status(), UNNAMED.to_owned())
            }),
            E::InvalidRequest(what) | E::Custom(what) => Error::configuration(what),
            E::CommunicationError(error)
            | E::InvalidUpgrade(error)
            | E::ResponseBodyError(error) => Error::unbuilt(error.without_url()),
            E::ErrorResponse(response) => undecodable(None, response.status(), UNNAMED.to_owned()),
            E::InvalidResponsePayload(_, error) => {
                let why = without_values(&error);
                let what = format!("the answer is not what was expected: {why}");
                undecodable(None, StatusCode::OK, what)
            }
        }
    }
}
