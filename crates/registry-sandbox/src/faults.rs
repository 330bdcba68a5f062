//! Faults: answers that are replaced, cut off or never sent, so that users can test their programs.

use std::fmt;
use std::pin::Pin;
use std::str::FromStr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Frame, SizeHint};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Response, StatusCode};
use thiserror::Error;

use crate::fleet;
use crate::generated::SPECS;
use crate::registry;
use crate::spec;

/// Longest time that an answer hangs. Then the connection closes.
const LONGEST: Duration = Duration::from_secs(10 * 60);
/// Most rules of a sandbox.
const MOST: usize = 64;
/// Largest distance of a name that was probably meant.
const NEAR: f64 = 0.75;

/// Rule that spoils answers: `OPERATION=ACTION[*COUNT][~PROBABILITY]`.
///
/// - `OPERATION` is the vendor's name of a call, such as `ListRepoSyncTask`, the name of a call at a
///   registry's own port, such as `HEAD manifest`, or `*` for every call.
/// - `ACTION` is `status:503` or `503` (another status without the body), `hang` (no answer), or `cut`
///   (the connection closes in the middle of the body).
/// - `COUNT` is the number of answers that the rule spoils, such as `*3`. `[default: all]`
/// - `PROBABILITY` is that of a call to be hit, such as `~0.2`. `[default: 1]`
///
/// The sandbox has carried out the call: only its answer is lost.
///
/// ```
/// use registry_sandbox::Fault;
///
/// let fault: Fault = "ListRepoSyncTask=status:503*3~0.5".parse()?;
/// assert_eq!(fault.to_string(), "ListRepoSyncTask=status:503*3~0.5");
/// # Ok::<(), registry_sandbox::FaultError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    operation: String,
    action: FaultAction,
    count: Option<u32>,
    probability: Option<f64>,
}

/// What happens to an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FaultAction {
    /// It has another status, from 400 to 599.
    Status(u16),
    /// It is never sent.
    Hang,
    /// The connection closes in the middle of its body.
    Cut,
}

/// Reason why a text is not a [`Fault`].
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum FaultError {
    /// The text has no `=`.
    #[error("invalid fault {0:?}; write OPERATION=ACTION, such as ListRepoSyncTask=503")]
    Form(String),
    /// No call has this name.
    #[error("unknown operation {name:?}; {}", hint(.meant))]
    Operation {
        /// The name.
        name: String,
        /// Similar names.
        meant: Vec<String>,
    },
    /// The action is unknown.
    #[error("invalid action {0:?}; write status:503, hang or cut")]
    Action(String),
    /// The status is not one of a failure.
    #[error("invalid status {0:?}; write a number from 400 to 599")]
    Status(String),
    /// The count is invalid.
    #[error("invalid count {0:?}; write a number from 1, such as *3")]
    Count(String),
    /// The probability is invalid.
    #[error("invalid probability {0:?}; write a number above 0 and at most 1, such as ~0.2")]
    Probability(String),
    /// The sandbox has as many rules as it can have.
    #[error("too many faults; the sandbox takes at most {MOST}")]
    TooMany,
}

fn hint(names: &[String]) -> String {
    match names {
        [] => "`imgtrack api` lists the calls".to_owned(),
        names => format!("did you mean {}?", names.join(" or ")),
    }
}

/// Returns the names of all calls.
fn operations() -> impl Iterator<Item = &'static str> {
    let specs = SPECS.iter().filter_map(|(name, _)| spec::named(name).ok());
    let calls = specs.flat_map(|spec| spec.operations.iter().map(|one| one.id.as_str()));
    calls.chain(registry::OPERATIONS)
}

/// Returns up to three names of calls that are similar to `name`, the most similar first.
fn similar(name: &str) -> Vec<String> {
    let lower = name.to_lowercase();
    let mut near: Vec<(f64, &str)> = operations()
        .map(|known| (strsim::jaro_winkler(&known.to_lowercase(), &lower), known))
        .filter(|(score, _)| *score > NEAR)
        .collect();
    near.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    near.into_iter()
        .take(3)
        .map(|(_, name)| name.to_owned())
        .collect()
}

impl FromStr for Fault {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, FaultError> {
        let parts = text.rsplit_once('=');
        let (operation, rest) = parts.ok_or_else(|| FaultError::Form(text.to_owned()))?;
        if operation != "*" && operations().all(|known| known != operation) {
            return Err(FaultError::Operation {
                name: operation.to_owned(),
                meant: similar(operation),
            });
        }
        let (rest, probability) = match rest.split_once('~') {
            Some((rest, text)) => (rest, Some(probability(text)?)),
            None => (rest, None),
        };
        let (action, count) = match rest.split_once('*') {
            Some((action, text)) => (action, Some(count(text)?)),
            None => (rest, None),
        };
        Ok(Self {
            operation: operation.to_owned(),
            action: action.parse()?,
            count,
            probability,
        })
    }
}

fn probability(text: &str) -> Result<f64, FaultError> {
    let number = text.parse::<f64>().ok();
    number
        .filter(|number| *number > 0.0 && *number <= 1.0)
        .ok_or_else(|| FaultError::Probability(text.to_owned()))
}

fn count(text: &str) -> Result<u32, FaultError> {
    let number = text.parse().ok();
    number
        .filter(|number| *number > 0)
        .ok_or_else(|| FaultError::Count(text.to_owned()))
}

impl FromStr for FaultAction {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, FaultError> {
        let status = match text {
            "hang" => return Ok(Self::Hang),
            "cut" => return Ok(Self::Cut),
            _ => text.strip_prefix("status:"),
        };
        let is_number = text.starts_with(|c: char| c.is_ascii_digit());
        let Some(status) = status.or(Some(text).filter(|_| is_number)) else {
            return Err(FaultError::Action(text.to_owned()));
        };
        let number = status.parse().ok();
        number
            .filter(|number| (400..600).contains(number))
            .map(Self::Status)
            .ok_or_else(|| FaultError::Status(status.to_owned()))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}=", self.operation)?;
        match self.action {
            FaultAction::Status(status) => write!(f, "status:{status}")?,
            FaultAction::Hang => f.write_str("hang")?,
            FaultAction::Cut => f.write_str("cut")?,
        }
        if let Some(count) = self.count {
            write!(f, "*{count}")?;
        }
        match self.probability {
            Some(probability) => write!(f, "~{probability}"),
            None => Ok(()),
        }
    }
}

/// Rules of a sandbox.
#[derive(Debug)]
pub(crate) struct Faults {
    seed: u64,
    rules: Mutex<Vec<Rule>>,
}

#[derive(Debug)]
struct Rule {
    fault: Fault,
    /// Number of calls that it covered.
    calls: usize,
    /// Number of answers that it spoiled.
    hits: u32,
}

impl Rule {
    /// Decides about a call that the rule covers.
    fn hits(&mut self, seed: u64) -> bool {
        if self.fault.count.is_some_and(|count| self.hits >= count) {
            return false;
        }
        let number = self.calls;
        self.calls += 1;
        // 53 bits fill the digits of the fraction.
        let fraction = (fleet::mixed(seed, number) >> 11) as f64 / (1_u64 << 53) as f64;
        let hits = self.fault.probability.is_none_or(|least| fraction < least);
        self.hits += u32::from(hits);
        hits
    }
}

impl Faults {
    /// Makes no rules. `seed` decides by which calls a probability hits.
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            seed,
            rules: Mutex::default(),
        }
    }

    fn rules(&self) -> MutexGuard<'_, Vec<Rule>> {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds rules, or none of them.
    pub(crate) fn add(&self, faults: Vec<Fault>) -> Result<(), FaultError> {
        let mut rules = self.rules();
        if rules.len() + faults.len() > MOST {
            return Err(FaultError::TooMany);
        }
        rules.extend(faults.into_iter().map(|fault| Rule {
            fault,
            calls: 0,
            hits: 0,
        }));
        Ok(())
    }

    /// Returns all rules.
    pub(crate) fn all(&self) -> Vec<Fault> {
        self.rules().iter().map(|rule| rule.fault.clone()).collect()
    }

    /// Removes all rules.
    pub(crate) fn clear(&self) {
        self.rules().clear();
    }

    /// Returns what happens to the answer of a call. The first rule that hits decides.
    pub(crate) fn next(&self, operation: Option<&str>) -> Option<FaultAction> {
        let operation = operation?;
        let mut rules = self.rules();
        let covers = |rule: &&mut Rule| ["*", operation].contains(&rule.fault.operation.as_str());
        for rule in rules.iter_mut().filter(covers) {
            if rule.hits(self.seed) {
                return Some(rule.fault.action);
            }
        }
        None
    }
}

/// Returns the status that is logged for an answer.
pub(crate) fn status(fault: Option<FaultAction>, own: StatusCode) -> StatusCode {
    match fault {
        Some(FaultAction::Status(status)) => StatusCode::from_u16(status).unwrap_or(own),
        _ => own,
    }
}

/// Sends an answer as a fault lets it, or returns `None` to close the connection.
pub(crate) async fn answer(
    fault: Option<FaultAction>,
    mut response: Response<Full<Bytes>>,
) -> Option<Response<AnswerBody>> {
    match fault {
        None => Some(response.map(AnswerBody::Whole)),
        Some(FaultAction::Hang) => {
            tokio::time::sleep(LONGEST).await;
            None
        }
        Some(FaultAction::Status(_)) => {
            *response.status_mut() = status(fault, response.status());
            let text = HeaderValue::from_static("text/plain;charset=utf-8");
            response.headers_mut().insert(CONTENT_TYPE, text);
            response.headers_mut().remove(hyper::header::CONTENT_LENGTH);
            let body = Full::from("a fault of the sandbox");
            Some(response.map(|_| AnswerBody::Whole(body)))
        }
        Some(FaultAction::Cut) => {
            let (head, body) = response.into_parts();
            let body = body.collect().await.map(|body| body.to_bytes());
            let body = body.ok().filter(|body| !body.is_empty())?;
            let cut = AnswerBody::Cut {
                has_left: false,
                half: Some(body.slice(..body.len() / 2)),
                length: u64::try_from(body.len()).unwrap_or(u64::MAX),
            };
            Some(Response::from_parts(head, cut))
        }
    }
}

/// Body of an answer.
#[derive(Debug)]
pub(crate) enum AnswerBody {
    Whole(Full<Bytes>),
    /// Half of a body, and then a closed connection.
    Cut {
        half: Option<Bytes>,
        length: u64,
        /// Whether the half had time to leave.
        has_left: bool,
    },
}

/// The body ends before its end.
#[derive(Debug, Error)]
#[error("a fault of the sandbox cuts the body")]
pub(crate) struct BodyCut;

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = BodyCut;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyCut>>> {
        match self.get_mut() {
            Self::Whole(body) => {
                let frame = Pin::new(body).poll_frame(context);
                frame.map(|frame| frame.map(|frame| frame.map_err(|never| match never {})))
            }
            Self::Cut { half, has_left, .. } => match half.take() {
                Some(half) => Poll::Ready(Some(Ok(Frame::data(half)))),
                // The server writes what it has while the body waits.
                None if !*has_left => {
                    *has_left = true;
                    context.waker().wake_by_ref();
                    Poll::Pending
                }
                None => Poll::Ready(Some(Err(BodyCut))),
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(body) => body.is_end_stream(),
            Self::Cut { .. } => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(body) => body.size_hint(),
            Self::Cut { length, .. } => SizeHint::with_exact(*length),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_read_and_written() {
        for (text, written) in [
            ("ListRepoSyncTask=503", "ListRepoSyncTask=status:503"),
            (
                "ListRepoSyncTask=status:429*3",
                "ListRepoSyncTask=status:429*3",
            ),
            ("HEAD manifest=hang~0.25", "HEAD manifest=hang~0.25"),
            ("*=cut*1~1", "*=cut*1~1"),
        ] {
            let fault: Fault = text.parse().unwrap();
            assert_eq!(fault.to_string(), written);
            assert_eq!(written.parse(), Ok(fault));
        }
    }

    #[test]
    fn mistakes_are_named() {
        for (text, expected) in [
            (
                "ListRepoSyncTask",
                "invalid fault \"ListRepoSyncTask\"; write OPERATION=ACTION, such as ListRepoSyncTask=503",
            ),
            (
                "ListRepoSyncTasks=503",
                "unknown operation \"ListRepoSyncTasks\"; did you mean ListRepoSyncTask",
            ),
            (
                "head manifest=503",
                "unknown operation \"head manifest\"; did you mean HEAD manifest",
            ),
            (
                "zzz=503",
                "unknown operation \"zzz\"; `imgtrack api` lists the calls",
            ),
            (
                "*=slow",
                "invalid action \"slow\"; write status:503, hang or cut",
            ),
            (
                "*=200",
                "invalid status \"200\"; write a number from 400 to 599",
            ),
            (
                "*=status:x",
                "invalid status \"x\"; write a number from 400 to 599",
            ),
            (
                "*=503*0",
                "invalid count \"0\"; write a number from 1, such as *3",
            ),
            (
                "*=503~2",
                "invalid probability \"2\"; write a number above 0 and at most 1, such as ~0.2",
            ),
            (
                "*=503~NaN",
                "invalid probability \"NaN\"; write a number above 0 and at most 1, such as ~0.2",
            ),
        ] {
            let error = text.parse::<Fault>().unwrap_err().to_string();
            assert!(error.starts_with(expected), "{text}: {error}");
        }
    }

    #[test]
    fn a_count_ends_and_a_probability_repeats_with_its_seed() {
        let faults = Faults::new(1);
        faults.add(vec!["*=503*2".parse().unwrap()]).unwrap();
        let hits = |faults: &Faults| {
            (0..100)
                .filter(|_| faults.next(Some("x")).is_some())
                .count()
        };
        assert_eq!(faults.next(None), None);
        assert_eq!(hits(&faults), 2);
        faults.clear();
        assert_eq!(hits(&faults), 0);
        let series = |seed| {
            let faults = Faults::new(seed);
            faults.add(vec!["*=cut~0.5".parse().unwrap()]).unwrap();
            (0..100)
                .map(|_| faults.next(Some("x")).is_some())
                .collect::<Vec<_>>()
        };
        assert_eq!(series(7), series(7));
        assert_ne!(series(7), series(8));
        let hit = series(7).into_iter().filter(|hit| *hit).count();
        assert!((30..70).contains(&hit), "{hit}");
    }

    #[test]
    fn the_number_of_rules_is_bounded() {
        let faults = Faults::new(0);
        let rule: Fault = "*=503".parse().unwrap();
        faults.add(vec![rule.clone(); MOST]).unwrap();
        assert_eq!(faults.add(vec![rule]), Err(FaultError::TooMany));
        assert_eq!(faults.all().len(), MOST);
    }
}
