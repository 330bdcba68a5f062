//! Single polls of several images.

use registry_replication::{Error, Report};

use super::code;
use crate::failure::{Failure, worst};
use crate::output::Output;

/// Reports of polls, and the errors of those that failed.
pub(crate) struct Polled {
    pub(crate) reports: Vec<Report>,
    errors: Vec<Error>,
    /// Whether several images were polled.
    is_several: bool,
}

impl Polled {
    pub(crate) fn new(polls: Vec<Result<Report, Error>>) -> Self {
        let is_several = polls.len() > 1;
        let (mut reports, mut errors) = (Vec::new(), Vec::new());
        for poll in polls {
            match poll {
                Ok(report) => reports.push(report),
                Err(error) => errors.push(error),
            }
        }
        Self {
            reports,
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
