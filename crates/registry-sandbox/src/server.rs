//! Listener, which passes each request to its cloud.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::StatusCode;
use hyper::body::{Body, Incoming};
use hyper::header::{CONTENT_TYPE, DATE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::clock::{Clock, Shift};
use crate::contents::Contents;
use crate::faults;
use crate::faults::{AnswerBody, Faults};
use crate::hook::{self, Hook, OutgoingAnswer};
use crate::image;
use crate::message::{Answer, Reply, Request};
use crate::place::{Place, Source};
use crate::plans::Plans;
use crate::push::{self, PushError};
use crate::received::{Log, Received};
use crate::sandbox::Options;
use crate::secrets::Secrets;
use crate::side::{Definition, Image, Side, Surroundings};
use crate::sides::SIDES;
use crate::spec::SpecError;

const LARGEST_BODY: usize = 1024 * 1024;
/// Longest time that a body takes.
const LONGEST_BODY: Duration = Duration::from_secs(60);
/// Most connections of a port at a time. Others wait.
const MOST_CONNECTIONS: usize = 1024;
/// Wait after a failed accept, which usually lacks file handles.
const PAUSE: Duration = Duration::from_millis(50);

/// All clouds and the log.
pub(crate) struct Service {
    sides: Vec<(&'static Definition, Box<dyn Side>)>,
    /// Decisions about the work of all clouds.
    pub(crate) plans: Arc<Plans>,
    pub(crate) hook: Arc<Hook>,
    pub(crate) secrets: Arc<Secrets>,
    pub(crate) clock: Clock,
    pub(crate) shift: Shift,
    pub(crate) faults: Faults,
    pub(crate) log: Log,
    pub(crate) contents: Contents,
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service").finish_non_exhaustive()
    }
}

impl Service {
    pub(crate) fn new(options: &Options, endpoint: &str) -> Result<Self, SpecError> {
        let shift = Shift::default();
        let secrets = match options.remote {
            true => Secrets::generated(),
            false => Secrets::default(),
        };
        let surroundings = Surroundings {
            options,
            clock: shift.clock(&options.clock),
            plans: Arc::default(),
            hook: Arc::default(),
            secrets: Arc::new(secrets),
            endpoint,
        };
        let start = |definition: &&'static Definition| {
            let side = (definition.start)(&surroundings)?;
            Ok((*definition, side))
        };
        let sides = SIDES.iter().map(start);
        let sides = sides.collect::<Result<Vec<_>, SpecError>>()?;
        let Surroundings {
            clock,
            plans,
            hook,
            secrets,
            ..
        } = surroundings;
        let contents = Contents::default();
        let images = sides.iter().filter_map(|(_, side)| side.images());
        images
            .flatten()
            .for_each(|image| contents.keep_image(&image));
        Ok(Self {
            sides,
            plans,
            hook,
            secrets,
            clock,
            shift,
            faults: Faults::new(options.seed),
            log: Log::default(),
            contents,
        })
    }

    /// Returns the side of a provider.
    pub(crate) fn side(&self, provider: &str) -> Option<&dyn Side> {
        let offers = |definition: &Definition| {
            let mut registries = definition.registries.iter();
            registries.any(|registry| registry.source.provider() == provider)
        };
        let mut sides = self.sides.iter();
        let found = sides.find(|(definition, _)| offers(definition));
        found.map(|(_, side)| &**side)
    }

    /// Returns the registries that take pushes.
    pub(crate) fn sources(&self) -> impl Iterator<Item = Source> {
        let registries = self.sides.iter().flat_map(|(side, _)| side.registries);
        registries.map(|registry| registry.source)
    }

    /// Returns the side that a request is for.
    fn addressed(&self, request: &Request) -> Option<&dyn Side> {
        let mut sides = self.sides.iter();
        let claims = sides.find(|(_, side)| side.claims(request));
        claims.or(self.sides.first()).map(|(_, side)| &**side)
    }

    pub(crate) fn push(
        &self,
        to: Source,
        repository: &str,
        tag: &str,
        content: &str,
    ) -> Result<String, PushError> {
        let (namespace, repository) = push::split(repository)?;
        push::check_tag(tag)?;
        let image = Image {
            namespace,
            repository,
            tag,
        };
        let provider = to.provider();
        let side = self.side(provider).ok_or(PushError::NotThereYet)?;
        let is_manifest = content.starts_with('{');
        let made = side
            .images()
            .filter(|_| !is_manifest)
            .map(|_| image::of(content, None));
        let content = made.as_ref().map_or(content, |made| &made.manifest);
        let digest = side.push(provider, image, content, (self.clock)())?;
        self.contents.keep(&digest, content);
        if let Some(made) = &made {
            self.contents.keep_image(made);
        }
        Ok(digest)
    }

    /// Pushes the image of a text, with its blobs. It may refer to the digest of another manifest.
    pub(crate) fn push_image(
        &self,
        to: Source,
        repository: &str,
        tag: &str,
        text: &str,
        subject: Option<&str>,
    ) -> Result<String, PushError> {
        let subject = subject.map(|digest| {
            let content = self.contents.get(digest);
            (digest, content.map_or(0, |content| content.len()))
        });
        let image = image::of(text, subject);
        let digest = self.push(to, repository, tag, &image.manifest)?;
        self.contents.keep_image(&image);
        Ok(digest)
    }

    /// Lets tests and faults change an answer, and logs it. `place` is the registry whose own port it
    /// leaves.
    pub(crate) async fn finish(
        &self,
        request: Request,
        mut answer: Answer,
        target: String,
        place: Option<&Place>,
    ) -> Option<hyper::Response<AnswerBody>> {
        self.change(&mut answer, &target, place);
        let response = self.response(answer.reply);
        let fault = self.faults.next(answer.operation.as_deref());
        let status = faults::status(fault, response.status());
        self.log.add(Received {
            method: request.method.to_string(),
            target,
            operation: answer.operation,
            parameters: answer.parameters,
            place: place.cloned(),
            status: status.as_u16(),
        });
        faults::answer(fault, response).await
    }

    /// Lets a test change an answer before it leaves.
    fn change(&self, answer: &mut Answer, target: &str, place: Option<&Place>) {
        let Some(operation) = answer.operation.clone().filter(|_| self.hook.has_after()) else {
            return;
        };
        let reply = &mut answer.reply;
        let mut outgoing = OutgoingAnswer {
            operation,
            place: place.cloned(),
            target: target.to_owned(),
            status: reply.status.as_u16(),
            headers: hook::by_name(std::mem::take(&mut reply.headers)),
            body: std::mem::take(&mut reply.body),
        };
        self.hook.answering(&mut outgoing);
        reply.status = StatusCode::from_u16(outgoing.status).unwrap_or(reply.status);
        reply.headers = hook::named(outgoing.headers);
        reply.body = outgoing.body;
    }

    /// Returns the sandbox's own time for `Date`, so that clients compare clocks with it.
    pub(crate) fn date(&self) -> String {
        let format = "%a, %d %b %Y %H:%M:%S GMT";
        (self.clock)().strftime(format).to_string()
    }

    pub(crate) fn response(&self, reply: Reply) -> hyper::Response<Full<Bytes>> {
        // Some answers of metadata services are plain text. An empty body has no type: clients would
        // decode it.
        let (body, content_type) = match reply.body {
            Value::String(text) => (text, Some("text/plain;charset=utf-8")),
            Value::Null => (String::new(), None),
            json => (json.to_string(), Some("application/json;charset=utf-8")),
        };
        let mut response = hyper::Response::new(Full::from(body));
        *response.status_mut() = reply.status;
        let headers = response.headers_mut();
        if let Some(content_type) = content_type {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        }
        let own = reply.headers.into_iter().chain([(DATE, self.date())]);
        headers.extend(own.filter_map(|(name, value)| Some((name, value.parse().ok()?))));
        response
    }
}

impl Serves for Service {
    async fn answer(
        &self,
        request: hyper::Request<Incoming>,
    ) -> Option<hyper::Response<AnswerBody>> {
        let (head, body) = request.into_parts();
        let target = head
            .uri
            .path_and_query()
            .map_or("/", |target| target.as_str());
        let target = target.to_owned();
        let body = match read(body).await {
            Ok(body) => Some(body),
            Err(Unread::TooLarge) => None,
            Err(Unread::BrokenOff) => return None,
        };
        let too_large = body.is_none();
        let request = Request::new(head.method, &target, head.headers, body.unwrap_or_default());
        let answer = match (self.addressed(&request), too_large) {
            (Some(side), false) => side.answer(&request),
            (Some(side), true) => unread(&request, side.too_large(&request)),
            (None, _) => unread(&request, Reply::new(StatusCode::NOT_FOUND, Value::Null)),
        };
        self.finish(request, answer, target, None).await
    }
}

/// Server of a port.
pub(crate) trait Serves: Send + Sync + 'static {
    /// Answers a request, or returns `None` if the client closed the connection before its body was
    /// complete.
    fn answer(
        &self,
        request: hyper::Request<Incoming>,
    ) -> impl Future<Output = Option<hyper::Response<AnswerBody>>> + Send;
}

/// Reason why a body could not be read.
pub(crate) enum Unread {
    TooLarge,
    BrokenOff,
}

pub(crate) async fn read(body: Incoming) -> Result<Bytes, Unread> {
    // A body with a length header is refused at once, and another one when it reaches the limit.
    if body.size_hint().lower() > LARGEST_BODY as u64 {
        return Err(Unread::TooLarge);
    }
    let body = Limited::new(body, LARGEST_BODY).collect();
    match tokio::time::timeout(LONGEST_BODY, body).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Unread::TooLarge),
        Ok(Err(_)) | Err(_) => Err(Unread::BrokenOff),
    }
}

fn unread(request: &Request, reply: Reply) -> Answer {
    Answer {
        reply,
        operation: None,
        parameters: request.query_parameters(),
    }
}

/// Serves until the task is aborted.
pub(crate) async fn serve(listener: TcpListener, service: Arc<impl Serves>) {
    let mut connections = JoinSet::new();
    loop {
        while connections.len() >= MOST_CONNECTIONS {
            connections.join_next().await;
        }
        match listener.accept().await {
            Ok((stream, _)) => {
                connections.spawn(connection(stream, Arc::clone(&service)));
            }
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
        while connections.try_join_next().is_some() {}
    }
}

async fn connection(stream: TcpStream, service: Arc<impl Serves>) {
    let answer = service_fn(move |request| {
        let service = Arc::clone(&service);
        async move { service.answer(request).await.ok_or(BrokenOff) }
    });
    // A broken connection concerns only its client.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .auto_date_header(false)
        .serve_connection(TokioIo::new(stream), answer)
        .await;
}

#[derive(Debug, thiserror::Error)]
#[error("the client closed the connection")]
struct BrokenOff;
