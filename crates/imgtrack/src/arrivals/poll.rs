//! Single polls of several images.

use std::pin::pin;

use futures_util::future::{Either, FutureExt, join_all, select};
use registry_replication::{Arrival, Error, Report};

use super::code;
use crate::args::{ArrivalArgs, Bound};
use crate::failure::{Failure, TimedOut, worst};
use crate::output::Output;
use crate::target::Target;

/// Polls images side by side with `ask`. One of several that has no answer in time costs only its own
/// report. `command` is named when the time is up.
pub(crate) async fn poll(
    (command, bound): (&str, Bound),
    images: Vec<String>,
    asked: &ArrivalArgs,
    target: &Target,
    ask: impl AsyncFn(&Arrival) -> Result<Report, Error>,
) -> Result<Polled, Failure> {
    let late = || {
        Failure::TimedOut(TimedOut {
            command: command.to_owned(),
            timeout: bound.timeout,
            is_verdict: true,
            changes: false,
        })
    };
    let is_several = images.len() > 1;
    let end = target.clock().guard(bound.timeout).shared();
    let asked = pin!(super::with_targets(images, asked, target));
    let asked = match select(asked, end.clone()).await {
        Either::Left((asked, _)) => asked?,
        Either::Right(_) => return Err(late()),
    };
    let polls = asked.iter().map(async |(image, arrival, own)| {
        let answer = match select(pin!(ask(arrival)), end.clone()).await {
            Either::Left((answer, _)) => Ok(answer),
            Either::Right(_) if is_several => {
                let time = crate::failure::short(bound.timeout);
                let what = format!("no answer about {image} within {time}; raise --timeout");
                Ok(Err(Error::deadline(what)))
            }
            Either::Right(_) => Err(late()),
        };
        answer.map(|answer| (own.words(), answer))
    });
    let polls = join_all(polls).await.into_iter();
    Ok(Polled::new(polls.collect::<Result<_, _>>()?))
}

/// Reports of polls, and the errors of those that failed.
pub(crate) struct Polled {
    pub(crate) reports: Vec<Report>,
    /// Options that name the registry of each report.
    pub(super) targets: Vec<String>,
    errors: Vec<Error>,
    /// Whether several images were polled.
    is_several: bool,
}

impl Polled {
    /// Sorts answers, each with the options that name its registry.
    pub(crate) fn new(polls: Vec<(String, Result<Report, Error>)>) -> Self {
        let is_several = polls.len() > 1;
        let (mut reports, mut errors) = (Vec::new(), Vec::new());
        let mut targets = Vec::new();
        for (target, poll) in polls {
            match poll {
                Ok(report) => {
                    reports.push(report);
                    targets.push(target);
                }
                Err(error) => errors.push(error),
            }
        }
        Self {
            reports,
            targets,
            errors,
            is_several,
        }
    }

    /// Writes the report of one image, or a list for several, as data.
    pub(crate) fn write(&self, output: &mut Output<'_>) -> Result<(), Failure> {
        match self.reports.as_slice() {
            reports if self.is_several => output.list(reports),
            [report, ..] => output.value(report),
            [] => Ok(()),
        }
    }

    /// Returns the exit code of the worst image, or the errors.
    pub(crate) fn end(self) -> Result<u8, Failure> {
        match failure(self.errors) {
            Some(failure) => Err(failure),
            None => Ok(worst(
                self.reports.iter().map(|report| code(report.verdict)),
            )),
        }
    }
}

/// Returns errors as one failure, each text once: polls of one registry often fail for the same
/// reason.
pub(crate) fn failure(errors: Vec<Error>) -> Option<Failure> {
    let mut known: Vec<Error> = Vec::new();
    for error in errors {
        let is_new = known.iter().all(|known| !are_alike(known, &error));
        if is_new {
            known.push(error);
        }
    }
    let all: Vec<_> = known.into_iter().map(Failure::from).collect();
    (!all.is_empty()).then_some(Failure::Several(all))
}

/// Returns whether two errors are the same except for their request ids.
fn are_alike(one: &Error, other: &Error) -> bool {
    let told = |error: &Error| {
        let text = error.to_string();
        match error.request_id() {
            Some(id) => text.replace(id, ""),
            None => text,
        }
    };
    told(one) == told(other)
}

#[cfg(all(test, feature = "demo"))]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use clap::Parser;
    use registry_replication::testing::ManualClock;

    use super::*;
    use crate::args::TargetArgs;

    #[derive(Parser)]
    struct Words {
        #[command(flatten)]
        target: TargetArgs,
        #[command(flatten)]
        arrival: ArrivalArgs,
    }

    /// Polls images of a host. Those of `silent` never have an answer, and others have an error at once.
    async fn polled(images: &[&str]) -> Result<Polled, Failure> {
        let words = Words::parse_from(["imgtrack"]);
        let clock = ManualClock::at("2026-12-05T12:00:00Z".parse().unwrap());
        let own: Arc<dyn registry_replication::Clock> = Arc::new(clock.clone());
        let target = Target::new(words.target, Default::default(), None, Some(own)).unwrap();
        let bound = Bound {
            timeout: Duration::from_secs(90),
        };
        let images = images.iter().map(ToString::to_string).collect();
        let ask = async |arrival: &Arrival| match format!("{arrival:?}").contains("silent") {
            true => std::future::pending().await,
            false => Err(Error::not_found("nothing there")),
        };
        let work = poll(("status", bound), images, &words.arrival, &target, ask);
        let time = async {
            while clock.guards() == 0 {
                tokio::task::yield_now().await;
            }
            clock.advance(bound.timeout);
            std::future::pending::<()>().await;
        };
        match select(pin!(work), pin!(time)).await {
            Either::Left((done, _)) => done,
            Either::Right(_) => unreachable!("time alone does not end"),
        }
    }

    #[tokio::test]
    async fn an_image_without_an_answer_costs_its_own_report_only() {
        let several = polled(&["a.test/x/y:v1", "a.test/x/silent:v1"])
            .await
            .unwrap();
        let texts: Vec<_> = several.errors.iter().map(ToString::to_string).collect();
        assert_eq!(texts.len(), 2, "{texts:?}");
        assert!(texts[0].contains("nothing there"), "{texts:?}");
        let says = "no answer about a.test/x/silent:v1 within 1m30s; raise --timeout";
        assert!(texts[1].contains(says), "{texts:?}");
        let one = polled(&["a.test/x/silent:v1"]).await;
        assert!(matches!(one, Err(Failure::TimedOut(late)) if late.timeout.as_secs() == 90));
    }
}
