//! Usual times of copies, read in the background of a wait, and what they tell about its end.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_core::Stream;
use futures_util::future::{Either, ready, select};
use futures_util::stream::{self, FuturesUnordered};
use futures_util::{FutureExt, StreamExt};
use registry_replication::{
    Clock, DestinationReport, Error, EvidenceOrigin, ImageName, Registry, Report, RuleRef,
    TaskState, UsualTimes, Verdict,
};
use tokio::sync::oneshot::{self, Receiver, Sender};

use crate::table::duration;

/// Longest time for the listing of recent copies.
const LONGEST: Duration = Duration::from_secs(10);

/// Registry that knows copies of an image.
#[derive(Clone)]
pub(crate) struct CopySource {
    pub(super) registry: Arc<dyn Registry>,
    /// Name of the image there.
    pub(super) image: ImageName,
}

/// Usual times of the copies of each wait. Waits for images of one registry share them.
#[derive(Default)]
pub(super) struct Usual {
    registries: Vec<RegistryTimes>,
    /// Position of each wait's registry.
    of_wait: Vec<Option<usize>>,
}

/// Usual times of one registry.
struct RegistryTimes {
    source: CopySource,
    /// Begins the listing, once.
    begin: Option<Sender<Option<RuleRef>>>,
    /// Whether several images are awaited there.
    is_shared: bool,
    times: Option<UsualTimes>,
}

/// Times that have been read, and the position of their registry.
pub(super) type TimesRead = (usize, UsualTimes);

impl Usual {
    /// Prepares the listings of all registries, which [`begin`](Self::begin) begins.
    pub(super) fn of(
        sources: Vec<Option<CopySource>>,
        clock: &Arc<dyn Clock>,
    ) -> (Self, impl Stream<Item = TimesRead> + use<>) {
        let mut usual = Self::default();
        let reads = FuturesUnordered::new();
        for source in sources {
            let position = source.map(|source| {
                let mut known = usual.registries.iter_mut().enumerate();
                let known =
                    known.find(|(_, one)| Arc::ptr_eq(&one.source.registry, &source.registry));
                if let Some((position, one)) = known {
                    one.is_shared = true;
                    return position;
                }
                let position = usual.registries.len();
                let (begin, begun) = oneshot::channel();
                let times = read(source.clone(), begun, clock.clone());
                reads.push(times.map(move |times| Some((position, times?))));
                usual.registries.push(RegistryTimes {
                    source,
                    begin: Some(begin),
                    is_shared: false,
                    times: None,
                });
                position
            });
            usual.of_wait.push(position);
        }
        (usual, reads.filter_map(ready))
    }

    /// Begins the listing of the registry of a wait, if it goes on and the listing has not begun.
    pub(super) fn begin(&mut self, wait: usize, report: &Report) {
        let mut open = report
            .destinations
            .iter()
            .filter(|one| is_open(one))
            .peekable();
        if report.is_final || open.peek().is_none() {
            return;
        }
        let position = self.of_wait.get(wait).copied().flatten();
        let Some(one) = position.and_then(|position| self.registries.get_mut(position)) else {
            return;
        };
        if let Some(begin) = one.begin.take() {
            // The executions of other rules say nothing, unless other images wait for them.
            let mut rules: Vec<_> = open.map(|one| one.rule.clone()).collect();
            rules.dedup();
            let rule = match rules.as_slice() {
                [rule] if !one.is_shared => rule.clone(),
                _ => None,
            };
            let _ = begin.send(rule);
        }
    }

    pub(super) fn take(&mut self, (position, times): TimesRead) {
        if let Some(one) = self.registries.get_mut(position) {
            one.times = Some(times);
        }
    }

    /// Returns the usual times of a wait, if they have been read.
    pub(super) fn times(&self, wait: usize) -> Option<&UsualTimes> {
        let position = self.of_wait.get(wait).copied().flatten()?;
        self.registries.get(position)?.times.as_ref()
    }
}

/// Reads the usual times after the signal to begin. A wait does not need them, so errors and slow listings are
/// ignored.
async fn read(
    source: CopySource,
    begun: Receiver<Option<RuleRef>>,
    clock: Arc<dyn Clock>,
) -> Option<UsualTimes> {
    let rule = begun.await.ok()?;
    let CopySource { registry, image } = source;
    within(UsualTimes::read(&*registry, &image, rule.as_ref()), &*clock).await
}

async fn within(
    reading: impl Future<Output = Result<UsualTimes, Error>>,
    clock: &dyn Clock,
) -> Option<UsualTimes> {
    match select(pin!(reading), clock.guard(LONGEST)).await {
        Either::Left((times, _)) => times.ok(),
        Either::Right(_) => None,
    }
}

/// Joins news and what comes in their background. The news alone end the stream.
pub(super) fn with_background<T, U>(
    news: impl Stream<Item = T>,
    background: impl Stream<Item = U>,
) -> impl Stream<Item = Either<T, U>> {
    let news = news.map(|item| Some(Either::Left(item)));
    let news = news.chain(stream::once(ready(None)));
    let background = background.map(|item| Some(Either::Right(item)));
    let all = stream::select(news, background);
    all.take_while(|item| ready(item.is_some()))
        .filter_map(ready)
}

/// Whether a copy to the destination is awaited.
fn is_open(destination: &DestinationReport) -> bool {
    !destination.is_final && destination.verdict == Verdict::Pending
}

/// Formats how long a copy usually takes and what is left of it, `passed` after the report.
pub(super) fn estimate(
    report: &Report,
    destination: &DestinationReport,
    passed: Duration,
    times: &UsualTimes,
) -> Option<String> {
    // What cannot be read may have ended.
    if report.trouble.is_some() || !is_open(destination) {
        return None;
    }
    let age = match &destination.evidence {
        None => None,
        Some(evidence) => {
            let is_copy = matches!(
                evidence.origin,
                EvidenceOrigin::Task | EvidenceOrigin::Execution
            );
            let goes_on = matches!(evidence.state, TaskState::Waiting | TaskState::Running);
            if !is_copy || !goes_on {
                return None;
            }
            evidence.created.map(|created| {
                let age: Duration = report
                    .at
                    .duration_since(created)
                    .try_into()
                    .unwrap_or_default();
                age.saturating_add(passed)
            })
        }
    };
    Some(text(times.of(destination)?, age))
}

/// Formats a usual time, and what is left of it for a copy of an age.
fn text(usual: Duration, age: Option<Duration>) -> String {
    let usual = i64::try_from(usual.as_millis().saturating_add(500) / 1000)
        .unwrap_or(i64::MAX)
        .max(1);
    let short = |seconds: i64| duration(seconds).replace(' ', "");
    let is_usual = format!("usually {}", short(usual));
    let Some(age) = age else {
        return is_usual;
    };
    let age = i64::try_from(age.as_secs()).unwrap_or(i64::MAX);
    match usual.saturating_sub(age) {
        left @ 0.. => format!("{is_usual}, about {} left", short(left)),
        over => format!("{is_usual}, {} over", short(over.saturating_neg())),
    }
}

#[cfg(all(test, feature = "demo"))]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeSet;

    use registry_replication::Timestamp;
    use registry_replication::testing::{FakeRegistry, FakeRule, FakeWork, ManualClock};
    use serde_json::{Value, json};

    use super::*;

    const START: &str = "2026-11-22T12:00:00Z";

    fn at(seconds: i64) -> Timestamp {
        let start: Timestamp = START.parse().unwrap();
        Timestamp::from_second(start.as_second() + seconds).unwrap()
    }

    fn clock() -> ManualClock {
        ManualClock::at(at(0))
    }

    /// Registry with copies that took these seconds.
    fn registry(took: &[i64]) -> FakeRegistry {
        let registry = FakeRegistry::new(Arc::new(clock())).unwrap();
        registry.add_rule(FakeRule::to("there"));
        for (number, seconds) in took.iter().enumerate() {
            let copy = FakeWork::task(&format!("t{number}"), "team/api:v0", "there").unwrap();
            let copy = copy.times(at(-1000), at(seconds - 1000));
            registry.put(copy.state(TaskState::Succeeded));
        }
        registry
    }

    fn source(registry: &Arc<dyn Registry>) -> CopySource {
        CopySource {
            registry: registry.clone(),
            image: "team/api:v1".parse().unwrap(),
        }
    }

    async fn times(took: &[i64]) -> UsualTimes {
        let image = "team/api:v1".parse().unwrap();
        UsualTimes::read(&registry(took), &image, None)
            .await
            .unwrap()
    }

    /// Returns a report at the start, whose destination is changed.
    fn report(change: Value) -> Report {
        let mut destination = json!({
            "destination": "there", "verdict": "pending", "is_final": false,
            "place": { "region": "there" }, "rule": "r1",
            "evidence": { "task": "t9", "state": "running", "created": at(-5) },
        });
        let change = change.as_object().unwrap().clone();
        destination.as_object_mut().unwrap().extend(change);
        serde_json::from_value(json!({
            "provider": "fake", "image": "team/api:v1", "verdict": "pending", "is_final": false,
            "at": at(0), "destinations": [destination], "polls": 1, "elapsed_ms": 0,
        }))
        .unwrap()
    }

    #[test]
    fn a_usual_time_and_the_age_tell_what_is_left() {
        for (usual, age, says) in [
            (12_000, None, "usually 12s"),
            (12_000, Some(0), "usually 12s, about 12s left"),
            (12_000, Some(7_900), "usually 12s, about 5s left"),
            (12_000, Some(12_000), "usually 12s, about 0s left"),
            (12_000, Some(52_000), "usually 12s, 40s over"),
            (12_499, Some(1_000), "usually 12s, about 11s left"),
            (12_500, Some(1_000), "usually 13s, about 12s left"),
            (0, Some(0), "usually 1s, about 1s left"),
            (754_000, Some(30_000), "usually 12m34s, about 12m4s left"),
            (3_600_000, Some(176_400_000), "usually 1h0m, 2d0h over"),
        ] {
            let age = age.map(Duration::from_millis);
            assert_eq!(text(Duration::from_millis(usual), age), says);
        }
    }

    #[tokio::test]
    async fn an_estimate_is_of_a_copy_that_goes_on() {
        let known = times(&[12, 12, 12]).await;
        let running = |more: Value| {
            let mut evidence = json!({ "task": "t9", "state": "running", "created": at(-5) });
            let more = more.as_object().unwrap().clone();
            evidence.as_object_mut().unwrap().extend(more);
            json!({ "evidence": evidence })
        };
        for (change, says) in [
            (json!({}), Some("usually 12s, about 4s left")),
            (
                running(json!({ "state": "waiting" })),
                Some("usually 12s, about 4s left"),
            ),
            (
                running(json!({ "created": at(-60) })),
                Some("usually 12s, 51s over"),
            ),
            // By the service's clock, the task is created in a minute.
            (
                running(json!({ "created": at(60) })),
                Some("usually 12s, about 9s left"),
            ),
            (running(json!({ "created": null })), Some("usually 12s")),
            (json!({ "evidence": null }), Some("usually 12s")),
            (running(json!({ "state": "succeeded" })), None),
            (running(json!({ "state": "failed" })), None),
            (running(json!({ "origin": "status" })), None),
            (running(json!({ "origin": "destination" })), None),
            (json!({ "verdict": "no-rule", "evidence": null }), None),
            (json!({ "verdict": "stalled" }), None),
            (json!({ "is_final": true }), None),
            (json!({ "place": { "region": "elsewhere" } }), None),
        ] {
            let report = report(change.clone());
            let passed = Duration::from_millis(3_100);
            let found = estimate(&report, &report.destinations[0], passed, &known);
            assert_eq!(found.as_deref(), says, "{change}");
        }
        let mut in_trouble = serde_json::to_value(report(json!({}))).unwrap();
        in_trouble["trouble"] = json!({ "what": "timeout", "since": at(0), "count": 1 });
        let in_trouble: Report = serde_json::from_value(in_trouble).unwrap();
        let found = estimate(
            &in_trouble,
            &in_trouble.destinations[0],
            Duration::ZERO,
            &known,
        );
        assert_eq!(found, None);
    }

    #[tokio::test]
    async fn two_copies_are_no_estimate() {
        let report = report(json!({}));
        for (took, is_known) in [(&[][..], false), (&[1, 2], false), (&[1, 2, 3], true)] {
            let known = times(took).await;
            let found = estimate(&report, &report.destinations[0], Duration::ZERO, &known);
            assert_eq!(found.is_some(), is_known, "{took:?}");
        }
    }

    #[tokio::test]
    async fn each_registry_is_read_once_and_only_if_its_wait_goes_on() {
        let [one, other, ended] =
            [(); 3].map(|()| Arc::new(registry(&[1, 2, 3])) as Arc<dyn Registry>);
        let sources = [Some(&one), Some(&one), Some(&other), Some(&ended), None];
        let sources = sources.map(|one| one.map(source)).to_vec();
        let clock: Arc<dyn Clock> = Arc::new(clock());
        let (mut usual, reads) = Usual::of(sources, &clock);
        for wait in [0, 0, 1, 2, 4, 5] {
            usual.begin(wait, &report(json!({})));
        }
        usual.begin(
            3,
            &report(json!({ "verdict": "arrived", "is_final": true })),
        );
        // The third listing never begins, as its registry is not asked.
        let read: Vec<_> = reads.take(2).collect().await;
        let positions: BTreeSet<usize> = read.iter().map(|(position, _)| *position).collect();
        assert_eq!(positions, [0, 1].into());
        read.into_iter().for_each(|read| usual.take(read));
        let known = (0..6).map(|wait| usual.times(wait).is_some());
        assert_eq!(
            known.collect::<Vec<_>>(),
            [true, true, true, false, false, false]
        );
    }

    #[tokio::test]
    async fn a_listing_ends_after_ten_seconds() {
        let manual = clock();
        let reading = within(std::future::pending(), &manual);
        let mut reading = pin!(reading);
        assert!(reading.as_mut().now_or_never().is_none());
        manual.advance(LONGEST - Duration::from_millis(1));
        assert!(reading.as_mut().now_or_never().is_none());
        manual.advance(Duration::from_millis(1));
        assert!(reading.now_or_never().unwrap().is_none());
        let failed = async { Err(Error::configuration("refused")) };
        assert!(within(failed, &manual).await.is_none());
    }

    #[tokio::test]
    async fn the_news_alone_end_a_wait() {
        let news = stream::iter([1, 2]);
        let all = with_background(news, stream::pending::<()>());
        let all: Vec<_> = all.collect().await;
        assert!(
            matches!(all[..], [Either::Left(1), Either::Left(2)]),
            "{all:?}"
        );
        let all = with_background(stream::iter([1, 2]), stream::iter(["a"]));
        let all: Vec<_> = all.collect().await;
        assert_eq!(all.len(), 3, "{all:?}");
    }
}
