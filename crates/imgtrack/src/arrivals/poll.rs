//! Single polls of several images.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;

use futures_util::future::{Either, FutureExt, join_all, select};
use registry_replication::{Arrival, Error, Report};

use super::{ImageArrival, code};
use crate::args::{ArrivalArgs, Bound};
use crate::failure::{Failure, TimedOut, worst};
use crate::jobs::Finding;
use crate::output::Output;
use crate::table;
use crate::target::Target;

/// Polls images side by side with `ask`, in each registry that the options name. One of several that has
/// no answer in time costs only its own report. `command` is named when the time is up, which counts from
/// the reading of `images`.
pub(crate) async fn poll(
    (command, bound): (&str, Bound),
    images: impl Future<Output = Result<Vec<String>, Failure>>,
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
    let targets: Vec<_> = match target.is_several() {
        true => target
            .each()
            .into_iter()
            .map(|(name, one)| (Some(name), one))
            .collect(),
        false => vec![(None, target.clone())],
    };
    let end = target.clock().guard(bound.timeout).shared();
    let preparing = async {
        let images = images.await?;
        let asked = targets
            .iter()
            .map(|(_, one)| super::all(images.clone(), asked, one));
        Ok::<_, Failure>((images.len(), join_all(asked).await))
    };
    let (count, asked) = match select(pin!(preparing), end.clone()).await {
        Either::Left((prepared, _)) => prepared?,
        Either::Right(_) => return Err(late()),
    };
    let is_several = count > 1 || targets.len() > 1;
    let mut polled = Polled::default();
    let mut polls = Vec::new();
    for ((registry, _), asked) in targets.into_iter().zip(asked) {
        match asked {
            Ok(asked) => polls.extend(asked.into_iter().map(|one| (registry.clone(), one))),
            Err(failure) if registry.is_none() => return Err(failure),
            Err(failure) => {
                let name = registry.clone().unwrap_or_default();
                let finding = Finding::unknown(name, failure.to_string());
                polled.unknown.push(finding);
                polled.failures.push(failure.at(registry));
            }
        }
    }
    let polls = polls.iter().map(async |(registry, one)| {
        let ImageArrival {
            image,
            arrival,
            target,
            ..
        } = one;
        // The time first: a poll of many that had no turn before must not begin.
        let answer = match select(end.clone(), pin!(ask(arrival))).await {
            Either::Right((answer, _)) => answer.map_err(Failure::from),
            Either::Left(_) if is_several => {
                let time = crate::failure::short(bound.timeout);
                let what = format!("no answer about {image} within {time}; raise --timeout");
                Err(Error::deadline(what).into())
            }
            Either::Left(_) => Err(late()),
        };
        (registry.clone(), image.clone(), target.words(), answer)
    });
    let mut errors: BTreeMap<_, Vec<Error>> = BTreeMap::new();
    for poll in join_all(polls).await {
        let (registry, image, target, answer) = poll;
        if let Err(failure) = &answer {
            let finding = Finding::unknown(image, failure.to_string());
            polled.unknown.push(finding);
        }
        match answer {
            Ok(report) => polled.answers.push(Answered {
                report,
                registry,
                target,
            }),
            Err(Failure::Registry(error)) => errors.entry(registry).or_default().push(error),
            Err(failure) => polled.failures.push(failure.at(registry)),
        }
    }
    for (registry, errors) in errors {
        let errors = distinct(errors).into_iter();
        let failures = errors.map(|error| Failure::from(error).at(registry.clone()));
        polled.failures.extend(failures);
    }
    Ok(polled)
}

/// Report of a poll.
pub(crate) struct Answered {
    pub(crate) report: Report,
    /// Name of its registry, if several are asked.
    pub(super) registry: Option<String>,
    /// Options that name its registry.
    pub(super) target: String,
}

/// Reports of polls, and what has failed.
#[derive(Default)]
pub(crate) struct Polled {
    pub(crate) answers: Vec<Answered>,
    failures: Vec<Failure>,
    /// What could not be looked up: images, and registries of which nothing is known.
    unknown: Vec<Finding>,
}

impl Polled {
    /// One report, which is known.
    #[cfg(feature = "demo")]
    pub(crate) fn of(report: Report, target: &str) -> Self {
        let answer = Answered {
            report,
            registry: None,
            target: target.to_owned(),
        };
        Self {
            answers: vec![answer],
            ..Self::default()
        }
    }

    /// Returns the reports, each with the name of its registry if several are asked.
    pub(super) fn reports(&self) -> Vec<(Option<&str>, &Report)> {
        let answers = self.answers.iter();
        answers
            .map(|one| (one.registry.as_deref(), &one.report))
            .collect()
    }

    /// Returns what is known of each destination of each image, and of what could not be looked up.
    pub(crate) fn findings(&self) -> Vec<Finding> {
        let answers = self.answers.iter();
        let known = answers.flat_map(|one| super::findings(&one.report));
        known.chain(self.unknown.iter().cloned()).collect()
    }

    /// Writes the reports as a list of data, also for one image: a program reads one shape.
    pub(super) fn write(&self, output: &mut Output<'_>) -> Result<(), Failure> {
        let reports: Vec<&Report> = self.answers.iter().map(|one| &one.report).collect();
        match self.labelled(reports.clone()) {
            Some(labelled) => output.labelled_list(labelled),
            None => output.list(&reports),
        }
    }

    /// Writes the reports as a table.
    pub(super) fn rows(&self, output: &mut Output<'_>) -> Result<(), Failure> {
        let rows = self
            .answers
            .iter()
            .map(|one| table::arrivals(&[&one.report]));
        match self.labelled(rows.clone().collect()) {
            None => output.rows(&rows.flatten().collect::<Vec<_>>()),
            Some(rows) => {
                let rows = rows.into_iter().flat_map(|(registry, rows)| {
                    let rows = rows.into_iter();
                    rows.map(move |row| (registry.clone(), row))
                });
                output.labelled_rows(rows.collect())
            }
        }
    }

    /// Returns what belongs to each answer with the name of its registry, if several are asked.
    fn labelled<T>(&self, items: Vec<T>) -> Option<Vec<(String, T)>> {
        let answers = self.answers.iter().zip(items);
        let labelled = answers.map(|(one, item)| Some((one.registry.clone()?, item)));
        labelled
            .collect::<Option<Vec<_>>>()
            .filter(|all| !all.is_empty())
    }

    /// Returns the exit code of the worst image, or what has failed.
    pub(crate) fn end(self) -> Result<u8, Failure> {
        let is_partly = self.answers.iter().any(|one| one.registry.is_some());
        match (self.failures.is_empty(), is_partly) {
            (true, _) => {
                let verdicts = self.answers.iter().map(|one| one.report.verdict);
                Ok(worst(verdicts.map(code)))
            }
            (false, true) => Err(Failure::Partly(self.failures)),
            (false, false) => Err(Failure::Several(self.failures)),
        }
    }
}

/// Returns errors as one failure, each text once.
pub(crate) fn failure(errors: Vec<Error>) -> Option<Failure> {
    let all: Vec<_> = distinct(errors).into_iter().map(Failure::from).collect();
    (!all.is_empty()).then_some(Failure::Several(all))
}

/// Returns errors, each text once: polls of one registry often fail for the same reason.
fn distinct(errors: Vec<Error>) -> Vec<Error> {
    let mut known = BTreeSet::new();
    let mut errors = errors;
    errors.retain(|error| known.insert(without_request_id(error)));
    errors
}

/// Returns the text of an error. Each request has an id of its own.
fn without_request_id(error: &Error) -> String {
    let text = error.to_string();
    match error.request_id() {
        Some(id) => text.replace(id, ""),
        None => text,
    }
}

#[cfg(all(test, feature = "demo"))]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::cell::Cell;
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
        let images = images.iter().map(ToString::to_string).collect();
        polled_of(async |_| Ok(images), &Cell::new(0)).await
    }

    /// Polls images that a function reads, and counts the polls that begin.
    async fn polled_of(
        images: impl AsyncFnOnce(&ManualClock) -> Result<Vec<String>, Failure>,
        polls: &Cell<usize>,
    ) -> Result<Polled, Failure> {
        let words = Words::parse_from(["imgtrack"]);
        let clock = ManualClock::at("2026-12-05T12:00:00Z".parse().unwrap());
        let own: Arc<dyn registry_replication::Clock> = Arc::new(clock.clone());
        let target = Target::new(words.target, Default::default(), None, Some(own)).unwrap();
        let bound = Bound {
            timeout: Duration::from_secs(90),
        };
        let ask = async |arrival: &Arrival| {
            polls.set(polls.get() + 1);
            match format!("{arrival:?}").contains("silent") {
                true => std::future::pending().await,
                false => Err(Error::not_found("nothing there")),
            }
        };
        let images = images(&clock);
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
    async fn no_poll_begins_after_the_time() {
        let polls = Cell::new(0);
        let late = async |clock: &ManualClock| {
            clock.advance(Duration::from_secs(90));
            Ok(vec!["a.test/x/y:v1".to_owned(), "a.test/x/y:v2".to_owned()])
        };
        let several = polled_of(late, &polls).await.unwrap();
        assert_eq!((polls.get(), several.failures.len()), (0, 2));
    }

    #[tokio::test]
    async fn an_image_without_an_answer_costs_its_own_report_only() {
        let several = polled(&["a.test/x/y:v1", "a.test/x/silent:v1"])
            .await
            .unwrap();
        let texts: Vec<_> = several.failures.iter().map(ToString::to_string).collect();
        assert_eq!(texts.len(), 2, "{texts:?}");
        assert!(texts[0].contains("nothing there"), "{texts:?}");
        let says = "no answer about a.test/x/silent:v1 within 1m30s; raise --timeout";
        assert!(texts[1].contains(says), "{texts:?}");
        let of_pipe = polled_of(async |_| std::future::pending().await, &Cell::new(0)).await;
        assert!(matches!(of_pipe, Err(Failure::TimedOut(late)) if late.timeout.as_secs() == 90));
        let one = polled(&["a.test/x/silent:v1"]).await;
        let one = one.unwrap();
        let says = "imgtrack status timed out after 1m30s";
        assert_eq!(one.findings()[0].details, says);
        assert_eq!(one.end().unwrap_err().exit_code(), 4);
    }
}
