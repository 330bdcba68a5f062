//! Answers in a registry's form.

use bytes::Bytes;
use http_body_util::Full;
use hyper::StatusCode;
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, DATE, HeaderName, HeaderValue};
use serde_json::{Value, json};

use crate::hook::{self, Hook, OutgoingAnswer};
use crate::place::{Manifest, Place};

const DIGEST: HeaderName = HeaderName::from_static("docker-content-digest");
const VERSION: HeaderName = HeaderName::from_static("docker-distribution-api-version");
/// Length of a manifest whose bytes are unknown. Invented.
const UNSEEN: usize = 528;

#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    headers: Vec<(HeaderName, String)>,
    body: String,
}

impl Reply {
    pub(super) fn json(status: StatusCode, body: impl Into<String>) -> Self {
        Self::text(status, (CONTENT_TYPE, "application/json"), body)
    }

    /// Makes an answer with a header and a body.
    pub(super) fn text(
        status: StatusCode,
        (name, value): (HeaderName, &str),
        body: impl Into<String>,
    ) -> Self {
        Self {
            status,
            headers: vec![(name, value.to_owned())],
            body: body.into(),
        }
    }

    /// Makes the answer with a manifest, whose own media type counts if it has one.
    pub(super) fn manifest(manifest: &Manifest, content: String) -> Self {
        let fields = serde_json::from_str::<Value>(&content).unwrap_or_default();
        let media_type = fields["mediaType"].as_str();
        let media_type = media_type.unwrap_or(&manifest.media_type);
        Self {
            headers: about(media_type, content.len(), &manifest.digest),
            status: StatusCode::OK,
            body: content,
        }
    }

    pub(super) fn blob(digest: &str, content: String) -> Self {
        Self {
            headers: about("application/octet-stream", content.len(), digest),
            status: StatusCode::OK,
            body: content,
        }
    }

    /// Makes the answer to HEAD about a manifest whose bytes are unknown.
    pub(super) fn manifest_unseen(manifest: &Manifest) -> Self {
        Self {
            status: StatusCode::OK,
            headers: about(&manifest.media_type, UNSEEN, &manifest.digest),
            body: String::new(),
        }
    }

    pub(super) fn with(mut self, name: HeaderName, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Lets a test change the answer before it leaves.
    pub(super) fn change(&mut self, hook: &Hook, operation: &str, target: &str, place: &Place) {
        if !hook.has_after() {
            return;
        }
        let body = std::mem::take(&mut self.body);
        let body = match self.is_json() {
            true => serde_json::from_str(&body).unwrap_or(Value::String(body)),
            false => Value::String(body),
        };
        let mut outgoing = OutgoingAnswer {
            operation: operation.to_owned(),
            place: Some(place.clone()),
            target: target.to_owned(),
            status: self.status.as_u16(),
            headers: hook::by_name(std::mem::take(&mut self.headers)),
            body: body.clone(),
        };
        hook.answering(&mut outgoing);
        if outgoing.body != body {
            outgoing.headers.remove(CONTENT_LENGTH.as_str());
        }
        self.status = StatusCode::from_u16(outgoing.status).unwrap_or(self.status);
        self.headers = hook::named(outgoing.headers);
        self.body = match outgoing.body {
            Value::String(text) => text,
            Value::Null => String::new(),
            json => json.to_string(),
        };
    }

    fn is_json(&self) -> bool {
        let mut headers = self.headers.iter();
        headers.any(|(name, value)| *name == CONTENT_TYPE && value == "application/json")
    }

    pub(super) fn response(self, date: String) -> hyper::Response<Full<Bytes>> {
        let mut response = hyper::Response::new(Full::from(self.body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(VERSION, HeaderValue::from_static("registry/2.0"));
        let own = self.headers.into_iter().chain([(DATE, date)]);
        headers.extend(own.filter_map(|(name, value)| Some((name, value.parse().ok()?))));
        response
    }
}

fn about(media_type: &str, length: usize, digest: &str) -> Vec<(HeaderName, String)> {
    vec![
        (CONTENT_TYPE, media_type.to_owned()),
        (CONTENT_LENGTH, length.to_string()),
        (DIGEST, digest.to_owned()),
    ]
}

/// Makes a refusal in the specification's form.
pub(super) fn error(status: StatusCode, code: &str, message: &str) -> Reply {
    let body = json!({"errors": [{"code": code, "message": message, "detail": null}]});
    Reply::json(status, body.to_string())
}
