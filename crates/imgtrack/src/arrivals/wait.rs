//! Concurrent waits for images.

use std::time::Duration;

use futures_util::{StreamExt, stream};
use registry_replication::{Arrival, Report, WaitError};
use schemars::JsonSchema;
use serde::{Serialize, Serializer};

use super::progress::{Progress, elapsed};
use super::{code, notes};
use crate::failure::Failure;
use crate::output::Output;
use crate::table;
use crate::terminal::escaped;

/// Result of the wait for one image.
pub(crate) struct Ended {
    image: String,
    /// The last report.
    report: Option<Report>,
    error: Option<WaitError>,
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

    /// Returns why the wait ended without a final verdict.
    pub(crate) fn into_error(self) -> Option<WaitError> {
        self.error
    }

    /// Returns a line about a deadline that has passed, with the error of the last poll.
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
            error: self.error.as_ref().map(ToString::to_string),
        }
    }
}

impl Serialize for Ended {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.json().serialize(serializer)
    }
}

/// Waits for all images concurrently, and reports each change as a line.
pub(crate) async fn follow(
    waits: Vec<(String, Arrival)>,
    timeout: Duration,
    mut report_line: impl FnMut(&str),
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
                progress
                    .news(&report)
                    .iter()
                    .for_each(|line| report_line(line));
                one.report = Some(report);
            }
            Err(error) => {
                if let WaitError::DeadlinePassed { elapsed: after, .. } = &error {
                    let after = u64::try_from(after.as_millis()).unwrap_or(u64::MAX);
                    report_line(&format!("{} {} deadline passed", elapsed(after), one.image));
                }
                one.error = Some(error);
            }
        }
    }
    ended
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
    notes(&(late + &table::noted(&reports)), output)
}
