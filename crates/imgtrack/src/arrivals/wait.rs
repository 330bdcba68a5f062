//! Concurrent waits for images.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::Either;
use futures_util::{StreamExt, stream};
use registry_replication::{Arrival, Clock, Report, WaitError};
use schemars::JsonSchema;
use serde::{Serialize, Serializer};

use super::progress::{Progress, elapsed, live};
use super::usual::{self, CopySource, Usual};
use super::{ImageArrival, code, findings, notes};
use crate::failure::Failure;
use crate::jobs::Finding;
use crate::output::Output;
use crate::signals::{Signal, Signals};
use crate::table;
use crate::terminal::escaped;
use crate::waiting::{Awaited, Feed, LiveLine, drive};

/// Time after the deadline at which waits that have not ended are dropped. They end themselves before, except
/// if there are so many that they have no turn.
const GRACE: Duration = Duration::from_millis(900);

/// Result of the wait for one image.
pub(crate) struct Ended {
    image: String,
    /// The last report.
    report: Option<Report>,
    error: Option<WaitError>,
    /// Signal that ended the wait.
    signal: Option<Signal>,
}

/// JSON form of a result: the report, and why the image has not arrived.
#[derive(Serialize, JsonSchema)]
pub(crate) struct EndedJson<'a> {
    /// The image, if there is no report.
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<&'a str>,
    #[serde(flatten)]
    report: Option<&'a Report>,
    /// Whether the time was up.
    deadline_passed: bool,
    /// Why the wait ended without a final verdict.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

impl Ended {
    fn deadline_passed(&self) -> bool {
        matches!(self.error, Some(WaitError::DeadlinePassed { .. }))
    }

    /// Returns the exit code.
    pub(crate) fn code(&self) -> u8 {
        match &self.report {
            _ if self.deadline_passed() => 4,
            Some(report) => code(report.verdict),
            None => 1,
        }
    }

    /// Makes the result of a wait that a signal has ended before its first poll.
    pub(crate) fn stopped(image: String, signal: Signal) -> Self {
        Self {
            image,
            report: None,
            error: None,
            signal: Some(signal),
        }
    }

    /// Returns what is known of each destination.
    pub(crate) fn findings(&self) -> Vec<Finding> {
        let late = self.late();
        let late = late.or_else(|| self.error.as_ref().map(ToString::to_string));
        match &self.report {
            Some(report) => findings(report),
            None => vec![Finding::unknown(
                self.image.clone(),
                late.unwrap_or_default(),
            )],
        }
    }

    /// Ends a wait that had no turn to notice its deadline.
    fn end_late(&mut self, elapsed: Duration) {
        self.error = Some(WaitError::DeadlinePassed {
            polls: self.report.as_ref().map_or(0, |report| report.polls),
            report: self.report.clone().map(Box::new),
            last: None,
            elapsed,
        });
    }

    fn has_ended(&self) -> bool {
        self.error.is_some() || self.report.as_ref().is_some_and(|report| report.is_final)
    }

    /// Returns why the wait ended without a final verdict.
    pub(crate) fn into_error(self) -> Option<WaitError> {
        self.error
    }

    /// Returns a line about a deadline that has passed, with the error of the last poll, or about a
    /// signal.
    fn late(&self) -> Option<String> {
        if let Some(signal) = self.signal {
            return Some(match &self.report {
                Some(report) => format!(
                    "{}: {} after {} s and {} polls",
                    self.image,
                    signal.word(),
                    report.elapsed_ms / 1000,
                    report.polls
                ),
                None => format!("{}: {} before the first poll", self.image, signal.word()),
            });
        }
        let Some(WaitError::DeadlinePassed {
            last,
            elapsed,
            polls,
            ..
        }) = &self.error
        else {
            return None;
        };
        let last = last.as_ref();
        let last = last.map(|error| format!("; the last poll failed: {error}"));
        Some(format!(
            "{}: deadline passed after {} s and {polls} polls{}",
            self.image,
            elapsed.as_secs(),
            last.unwrap_or_default()
        ))
    }

    fn json(&self) -> EndedJson<'_> {
        EndedJson {
            image: self.report.is_none().then_some(&self.image),
            report: self.report.as_ref(),
            deadline_passed: self.deadline_passed(),
            error: match (&self.error, self.signal) {
                (Some(error), _) => Some(error.to_string()),
                (None, signal) => signal.map(|signal| signal.word().to_owned()),
            },
        }
    }
}

impl Serialize for Ended {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.json().serialize(serializer)
    }
}

/// Wait for one image.
pub(crate) struct Awaiting {
    pub(crate) image: String,
    pub(crate) arrival: Arrival,
    /// Registry whose recent copies tell how long one usually takes.
    source: Option<CopySource>,
}

impl Awaiting {
    /// Makes a wait whose usual time is not shown.
    #[cfg(feature = "demo")]
    pub(crate) fn new(image: String, arrival: Arrival) -> Self {
        Self {
            image,
            arrival,
            source: None,
        }
    }
}

impl From<ImageArrival> for Awaiting {
    fn from(asked: ImageArrival) -> Self {
        Self {
            image: asked.image,
            arrival: asked.arrival,
            source: Some(asked.source),
        }
    }
}

/// Waits for all images concurrently. A signal ends the waits that have not ended.
pub(crate) async fn follow(
    waits: Vec<Awaiting>,
    timeout: Duration,
    feed: &mut Feed<'_>,
    signals: &mut Signals,
    clock: &Arc<dyn Clock>,
) -> (Vec<Ended>, Option<Signal>) {
    let all = waits.iter().enumerate();
    let news = stream::select_all(all.map(|(number, one)| {
        let wait = one.arrival.wait(timeout);
        wait.map(move |item| (number, item))
    }));
    // Only live lines show usual times.
    let is_live = feed.is_live();
    let sources = waits
        .iter()
        .map(|one| one.source.clone().filter(|_| is_live));
    let (usual, times) = Usual::of(sources.collect(), clock);
    let news = usual::with_background(news, times);
    let news = news.take_until(clock.guard(timeout.saturating_add(GRACE)));
    let begun = clock.elapsed();
    let mut waits = Waits::new(waits, usual);
    let signal = drive(&mut waits, news, feed, signals, clock).await;
    let elapsed = clock.elapsed().saturating_sub(begun);
    let open = waits.ended.iter_mut().filter(|one| !one.has_ended());
    open.for_each(|one| match signal {
        Some(_) => one.signal = signal,
        None => one.end_late(elapsed),
    });
    (waits.ended, signal)
}

/// Waits for images, and what is known of each.
struct Waits {
    progress: Vec<Progress>,
    ended: Vec<Ended>,
    usual: Usual,
}

impl Waits {
    fn new(waits: Vec<Awaiting>, usual: Usual) -> Self {
        let ended = waits.into_iter().map(|one| Ended {
            image: one.image,
            report: None,
            error: None,
            signal: None,
        });
        let ended: Vec<Ended> = ended.collect();
        Self {
            progress: ended.iter().map(|_| Progress::default()).collect(),
            ended,
            usual,
        }
    }
}

impl Awaited for Waits {
    type News = Either<(usize, Result<Report, WaitError>), usual::TimesRead>;

    fn take(&mut self, news: Self::News) -> Vec<String> {
        let (number, item) = match news {
            Either::Left(news) => news,
            Either::Right(read) => {
                self.usual.take(read);
                return Vec::new();
            }
        };
        let (one, progress) = (self.ended.get_mut(number), self.progress.get_mut(number));
        let (Some(one), Some(progress)) = (one, progress) else {
            return Vec::new();
        };
        match item {
            Ok(report) => {
                let lines = progress.news(&report);
                self.usual.begin(number, &report);
                one.report = Some(report);
                lines
            }
            Err(error) => {
                let line = match &error {
                    WaitError::DeadlinePassed { elapsed: after, .. } => {
                        Some(format!("{} {} deadline passed", elapsed(*after), one.image))
                    }
                    _ => None,
                };
                one.error = Some(error);
                line.into_iter().collect()
            }
        }
    }

    fn live(&self, waited: Duration) -> Vec<LiveLine<'_>> {
        let lines = self.ended.iter().enumerate().flat_map(|(number, one)| {
            let is_open = one.error.is_none();
            match &one.report {
                Some(report) => live(report, waited, is_open, self.usual.times(number)),
                None => vec![LiveLine {
                    text: Box::new(move || format!("{} asking ({})", one.image, elapsed(waited))),
                    is_open,
                }],
            }
        });
        lines.collect()
    }

    fn summary(&self, waited: Duration) -> String {
        let at = elapsed(waited);
        let reports = self.ended.iter().filter_map(|one| one.report.as_ref());
        let all = reports.flat_map(|report| &report.destinations);
        let mut counts = BTreeMap::new();
        for destination in all {
            *counts.entry(destination.verdict).or_insert(0_usize) += 1;
        }
        let counts = counts
            .iter()
            .map(|(verdict, count)| format!("{count} {verdict}"));
        let counts: Vec<String> = counts.collect();
        match counts.is_empty() {
            false => format!("{at} still waiting: {}", counts.join(", ")),
            true => format!("{at} still waiting for the first answer"),
        }
    }
}

/// Writes the results of all waits.
pub(crate) fn told(ended: &[Ended], output: &mut Output<'_>) -> Result<(), Failure> {
    if output.is_data() {
        return output.list(ended);
    }
    let reports: Vec<&Report> = ended.iter().filter_map(|one| one.report.as_ref()).collect();
    if !reports.is_empty() {
        output.rows(&table::arrivals(&reports))?;
    }
    let late = ended.iter().filter_map(Ended::late);
    let late: String = late.map(|line| format!("{}\n", escaped(&line))).collect();
    let reports: Vec<_> = reports.into_iter().map(|report| (None, report)).collect();
    notes(&(late + &table::noted(&reports)), output)
}

#[cfg(all(test, feature = "demo"))]
#[allow(clippy::unwrap_used)]
mod tests {
    use futures_util::future::join;
    use registry_replication::testing::{FakeRegistry, FakeRule, FakeWork, ManualClock};
    use registry_replication::{Feature, Registry, Settings, TaskState, providers};
    use registry_tests::hostile::{Hostile, Reply};

    use super::*;
    use crate::environment::Environment;
    use crate::terminal::Screen;

    #[tokio::test]
    async fn a_listing_of_usual_times_that_hangs_does_not_delay_a_wait() {
        let server = Hostile::start(|_| Reply::Hang).await;
        let mut all = providers().iter();
        let provider = all.find(|one| one.has(Feature::ImageTasks)).unwrap();
        let settings = Settings::new().access_key("AK", "SK");
        let settings = provider.settings.iter().fold(settings, |settings, one| {
            match (one.name, one.required) {
                ("endpoint", _) => settings.set(one.name, server.endpoint()),
                (name, true) => settings.set(name, "any-1"),
                _ => settings,
            }
        });
        let silent = provider.connect(settings).await.unwrap();
        let manual = ManualClock::at("2026-11-22T12:00:00Z".parse().unwrap());
        let clock: Arc<dyn Clock> = Arc::new(manual.clone());
        let registry = FakeRegistry::new(clock.clone()).unwrap();
        registry.add_rule(FakeRule::to("there"));
        let digest = format!("sha256:{}", "a".repeat(64));
        registry.push("team/api:v1", &digest).unwrap();
        let copy = FakeWork::task("9", "team/api:v1", "there").unwrap();
        let copy = copy.digest(&digest);
        registry.put(copy.clone().state(TaskState::Running));
        let wait = Awaiting {
            image: "team/api:v1".to_owned(),
            arrival: registry.arrival("team/api:v1").to("there"),
            source: Some(CopySource {
                registry: silent,
                image: "team/api:v1".parse().unwrap(),
            }),
        };
        let mut err = Vec::new();
        let mut screen = Screen::by_line(&mut err);
        let mut feed = Feed::Live {
            to: &mut screen,
            terminal: Environment::default().live(120, 20).live.unwrap(),
            drawn: Vec::new(),
        };
        let mut signals = Signals::listen(false);
        let timeout = Duration::from_secs(60);
        let follow = follow(vec![wait], timeout, &mut feed, &mut signals, &clock);
        // The copy ends once the server has the request that it does not answer.
        let moves = async {
            server.received(1).await;
            registry.put(copy.state(TaskState::Succeeded));
            for _ in 0..8 {
                manual.advance(Duration::from_secs(1));
                tokio::task::yield_now().await;
            }
        };
        let (ended, ()) = join(follow, moves).await;
        let code = ended.0.first().map(Ended::code);
        assert_eq!((code, server.count()), (Some(0), 1));
        assert!(clock.elapsed() < Duration::from_secs(10));
    }
}
