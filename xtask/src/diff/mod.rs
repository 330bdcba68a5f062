//! `cargo xtask diff [REV [REV]] [--exit-code]`: what a change of the specs does to the Rust API and
//! to the wire, operation by operation, as Markdown for a changelog.
//!
//! The rooms: `revision` reads the specs of a revision or of the working tree, `pairs` says what
//! of the old is what of the new, `rust` compares the code that the generator makes of both
//! (`api` reads it), `wire` compares the documents, `report` writes it down.
//!
//! Looked at and left: drift 0.2 (Oxide), which is well kept, but asks what a server may change
//! under its clients: it leaves bounds and defaults unhandled, asserts that paths stay, and knows
//! neither security, `x-access`, `x-paging` nor what any of it is called in Rust; schemadoc-diff and
//! anicca, which nobody keeps; jsoncompat_openapi, which reads OpenAPI 3.1 only.

mod api;
mod pairs;
mod report;
pub(crate) mod revision;
mod rust;
mod wire;

#[cfg(test)]
mod tests;

use std::path::Path;
use std::process::ExitCode;

use serde_json::Value;

use crate::generate;
use crate::spec::Spec;

use self::api::Api;
use self::pairs::Pairs;
use self::report::{Part, Report};
use self::revision::Revision;

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("{0:?} is no option of diff: say `cargo xtask diff [REV [REV]] [--exit-code]`")]
    Usage(String),
    #[error("git does not run: {0}; the specs of a revision are read by it")]
    NoGit(std::io::Error),
    #[error("{revision} is no revision that git knows here: {why}")]
    NoRevision { revision: String, why: String },
    #[error("git {command} failed: {why}")]
    Git { command: String, why: String },
    #[error("{file} ({at}): {why}; mend the file, or compare with another revision")]
    Unreadable {
        file: String,
        at: String,
        why: String,
    },
    #[error(transparent)]
    Files(#[from] crate::Error),
}

/// Where a change shows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Topic {
    /// The service as a whole.
    Service,
    /// An operation, by its `operationId`; the new one where it was renamed.
    Operation(String),
    /// A schema, by its name; the new one where it was renamed.
    Schema(String),
}

/// What a change touches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Side {
    Rust,
    Wire,
    /// Neither: what the client does with a call.
    Behaviour,
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Change {
    topic: Topic,
    side: Side,
    breaking: bool,
    text: String,
}

/// Runs the command and prints the report. Exits with 1 for what is breaking, if asked to, and with
/// 2 if there is no report.
pub fn main(root: &Path, words: &[&str]) -> ExitCode {
    match run(root, words) {
        Ok((report, code)) => {
            print!("{report}");
            code
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

pub(crate) fn run(root: &Path, words: &[&str]) -> Result<(String, ExitCode), Error> {
    let mut revisions = Vec::new();
    let mut exit_code = false;
    for word in words {
        match *word {
            "--exit-code" => exit_code = true,
            word if word.starts_with('-') || revisions.len() == 2 => {
                return Err(Error::Usage(word.to_owned()));
            }
            word => revisions.push(word),
        }
    }
    let old = Revision::of_git(root, revisions.first().unwrap_or(&"HEAD"))?;
    let new = match revisions.get(1) {
        Some(revision) => Revision::of_git(root, revision)?,
        None => Revision::working_tree(root)?,
    };
    let report = compare(&old, &new)?;
    let code = match exit_code && report.is_breaking() {
        true => ExitCode::FAILURE,
        false => ExitCode::SUCCESS,
    };
    Ok((report.to_string(), code))
}

/// Compares all specs of two revisions.
fn compare(old: &Revision, new: &Revision) -> Result<Report, Error> {
    let mut parts = Vec::new();
    let mut files: Vec<&String> = old.files.keys().chain(new.files.keys()).collect();
    files.sort();
    files.dedup();
    for file in files {
        let side = |revision: &Revision| match revision.files.get(file) {
            Some(text) => Version::read(file, &revision.name, text).map(Some),
            None => Ok(None),
        };
        if old.files.get(file) == new.files.get(file) {
            continue;
        }
        parts.push(match (side(old)?, side(new)?) {
            (Some(old), Some(new)) => compare_service(file, &old, &new),
            (None, Some(new)) => Part::added(file, &new.document),
            (Some(old), None) => Part::removed(file, &old.document),
            (None, None) => continue,
        });
    }
    Ok(Report {
        old: old.name.clone(),
        new: new.name.clone(),
        parts,
    })
}

/// One version of a spec: the document, and the code that the generator makes of it or why it
/// makes none.
struct Version {
    at: String,
    document: Value,
    api: Result<Api, String>,
}

impl Version {
    fn read(file: &str, at: &str, text: &str) -> Result<Self, Error> {
        let document: Value = serde_saphyr::from_str(text).map_err(|error| Error::Unreadable {
            file: file.to_owned(),
            at: at.to_owned(),
            why: error.to_string(),
        })?;
        let api = Spec::read(file.to_owned(), text)
            .and_then(|spec| generate::generate(&spec))
            .map_err(|error| error.to_string())
            .and_then(|code| Api::read(&code.client));
        Ok(Self {
            at: at.to_owned(),
            document,
            api,
        })
    }
}

fn compare_service(file: &str, old: &Version, new: &Version) -> Part {
    let pairs = Pairs::new(&old.document, &new.document);
    let mut changes = wire::compare(&pairs);
    let mut notes = Vec::new();
    match (&old.api, &new.api) {
        (Ok(old), Ok(new)) => {
            let service = report::names(file).1;
            changes.extend(rust::compare(&pairs, &service, old, new));
        }
        (old_api, new_api) => {
            for (side, api) in [(old, old_api), (new, new_api)] {
                if let Err(why) = api {
                    notes.push(format!(
                        "The Rust API is not compared: today's generator does not take the spec \
                         of {}: {why}.",
                        side.at
                    ));
                }
            }
        }
    }
    Part::changed(file, &pairs, changes, notes)
}
