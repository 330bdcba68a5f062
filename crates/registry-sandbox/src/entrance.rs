//! The sandbox's own port: `/health`, the control API, and the clouds.

use std::sync::Arc;

use hyper::body::Incoming;
use hyper::{Method, Request, Response, StatusCode};
use serde_json::json;

use crate::control::Control;
use crate::faults::AnswerBody;
use crate::message::Reply;
use crate::server::{Serves, Service, Unread, read};

/// Path that tells that the sandbox is ready. It needs no login.
const HEALTH: &str = "/health";

/// Server of the sandbox's own port.
pub(crate) struct Entrance {
    pub(crate) service: Arc<Service>,
    /// Absent if nothing may be controlled.
    pub(crate) control: Option<Control>,
}

impl Serves for Entrance {
    async fn answer(&self, request: Request<Incoming>) -> Option<Response<AnswerBody>> {
        let reply = match (request.uri().path(), &self.control) {
            (HEALTH, _) => health(request.method()),
            (path, Some(control)) if Control::is_addressed(path) => {
                if let Err(refusal) = control.admit(request.headers()) {
                    refusal
                } else {
                    let (head, body) = request.into_parts();
                    match read(body).await {
                        Ok(body) => control.answer(&head.method, head.uri.path(), &body),
                        Err(Unread::TooLarge) => Control::too_large(),
                        Err(Unread::BrokenOff) => return None,
                    }
                }
            }
            _ => return self.service.answer(request).await,
        };
        let response = self.service.response(reply);
        Some(response.map(AnswerBody::Whole))
    }
}

fn health(method: &Method) -> Reply {
    match *method {
        Method::GET | Method::HEAD => Reply::ok(json!({"status": "ready"})),
        _ => Reply::new(StatusCode::METHOD_NOT_ALLOWED, json!({"error": "use GET"})),
    }
}
