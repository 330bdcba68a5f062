//! Waiting for images, all at the same time.

use std::io::Write;
use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, select};
use futures_util::{StreamExt, stream};
use registry_replication::{Arrival, Error, Report, WaitError};
use serde::{Serialize, Serializer};

use super::progress::{Progress, elapsed};
use super::{arrival, code, notes};
use crate::cli::{Asked, Place, WaitArgs};
use crate::connect::Connection;
use crate::failure::{Failure, TimedOut, worst};
use crate::output::Output;
use crate::table;
use crate::terminal::escaped;

/// How the wait for one image has ended.
pub(crate) struct Ended {
    image: String,
    /// What was known last.
    report: Option<Report>,
    error: Option<WaitError>,
}

/// The same for programs: the report, and why the wait did not end in an arrival.
#[derive(Serialize)]
struct Shown<'a> {
    /// In the report, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<&'a str>,
    #[serde(flatten)]
    report: Option<&'a Report>,
    deadline_passed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

impl Ended {
    fn deadline_passed(&self) -> bool {
        matches!(self.error, Some(WaitError::DeadlinePassed { .. }))
    }

    fn code(&self) -> u8 {
        match &self.report {
            _ if self.deadline_passed() => 4,
            Some(report) => code(report.verdict),
            None => 1,
        }
    }

    /// That the deadline has passed, and what the last look has come to.
    fn late(&self) -> Option<String> {
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
        let last = last.map(|error| format!("; the last look failed: {error}"));
        Some(format!(
            "{}: the deadline has passed after {} s and {polls} looks{}",
            self.image,
            elapsed.as_secs(),
            last.unwrap_or_default()
        ))
    }

    fn shown(&self) -> Shown<'_> {
        Shown {
            image: self.report.is_none().then_some(&self.image),
            report: self.report.as_ref(),
            deadline_passed: self.deadline_passed(),
            error: self.error.as_ref().map(ToString::to_string),
        }
    }
}

impl Serialize for Ended {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.shown().serialize(serializer)
    }
}

pub(crate) async fn wait(
    args: &WaitArgs,
    asked: &Asked,
    to: &Place,
    connection: &Connection,
    output: &mut Output<'_>,
    err: &mut dyn Write,
) -> Result<u8, Failure> {
    if args.images.len() > 1 && asked.digest.is_some() {
        return Err(Failure::Usage(
            "--digest applies to one image; for several images, write IMAGE@DIGEST".to_owned(),
        ));
    }
    let clock = connection.clock();
    let begun = clock.elapsed();
    // Looking up a project or a host counts, too.
    let preparing = pin!(prepare(args, asked, to, connection));
    let waits = match select(preparing, clock.guard(args.timeout)).await {
        Either::Left((waits, _)) => waits?,
        Either::Right(_) => {
            return Err(Failure::TimedOut(TimedOut {
                command: "wait".to_owned(),
                timeout: args.timeout,
                is_verdict: true,
                changes: false,
            }));
        }
    };
    let passed = clock.elapsed().saturating_sub(begun);
    let ended = follow(waits, args.timeout.saturating_sub(passed), |line| {
        if !args.quiet {
            // The wait goes on, whether somebody reads how or not.
            let _ = writeln!(err, "{}", escaped(line));
        }
    })
    .await;
    told(&ended, output)?;
    let mut known: Vec<Error> = Vec::new();
    let mut codes = Vec::new();
    for one in ended {
        codes.push(one.code());
        if let Some(WaitError::Call { error, .. }) = one.error {
            // What goes wrong with one often goes wrong with all.
            let is_new = known.iter().all(|known| !are_alike(known, &error));
            if is_new {
                known.push(error);
            }
        }
    }
    match known.is_empty() {
        true => Ok(worst(codes)),
        false => Err(Failure::Several(
            known.into_iter().map(Failure::from).collect(),
        )),
    }
}

/// The arrivals that are waited for. What they stand for is looked up, and nothing else is asked.
async fn prepare(
    args: &WaitArgs,
    asked: &Asked,
    to: &Place,
    connection: &Connection,
) -> Result<Vec<(String, Arrival)>, Failure> {
    let registry = connection.registry(to.registry, &to.to).await?;
    let mut waits = Vec::new();
    for image in &args.images {
        let arrival = arrival(&*registry, image, asked, connection).await?;
        waits.push((image.clone(), arrival.trouble_window(args.trouble)));
    }
    Ok(waits)
}

/// Whether two errors say the same, but for the ids of their requests.
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

/// Waits for all, each to its own end, and says a line whenever something has changed.
pub(crate) async fn follow(
    waits: Vec<(String, Arrival)>,
    timeout: Duration,
    mut say: impl FnMut(&str),
) -> Vec<Ended> {
    let all = waits.iter().enumerate();
    let mut news = stream::select_all(all.map(|(number, (_, arrival))| {
        let wait = arrival.wait(timeout);
        wait.map(move |item| (number, item))
    }));
    let mut progress: Vec<Progress> = waits.iter().map(|_| Progress::default()).collect();
    let images = waits.iter().map(|(image, _)| image.clone());
    let mut ended: Vec<Ended> = images
        .map(|image| Ended {
            image,
            report: None,
            error: None,
        })
        .collect();
    while let Some((number, item)) = news.next().await {
        let (Some(one), Some(progress)) = (ended.get_mut(number), progress.get_mut(number)) else {
            continue;
        };
        match item {
            Ok(report) => {
                progress.news(&report).iter().for_each(|line| say(line));
                one.report = Some(report);
            }
            Err(error) => {
                if let WaitError::DeadlinePassed { elapsed: after, .. } = &error {
                    let after = u64::try_from(after.as_millis()).unwrap_or(u64::MAX);
                    say(&format!(
                        "{} {} the deadline has passed",
                        elapsed(after),
                        one.image
                    ));
                }
                one.error = Some(error);
            }
        }
    }
    ended
}

/// How all waits have ended.
pub(crate) fn told(ended: &[Ended], output: &mut Output<'_>) -> Result<(), Failure> {
    if output.is_json() {
        return output.json(&ended);
    }
    let reports: Vec<&Report> = ended.iter().filter_map(|one| one.report.as_ref()).collect();
    if !reports.is_empty() {
        output.text(&table::arrivals(&reports))?;
    }
    let late = ended.iter().filter_map(Ended::late);
    let late: String = late.map(|line| format!("{}\n", escaped(&line))).collect();
    notes(&(late + &table::noted(&reports)), output)
}
