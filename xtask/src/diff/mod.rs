//! `cargo xtask diff [REV [REV]] [--exit-code]`: effects of a change of the specs on the Rust API and
//! on the wire, for each operation, as Markdown for a changelog.
//!
//! - `revision` reads the specs of a revision or of the working tree.
//! - `pairs` matches old and new operations and schemas.
//! - `rust` compares the generated code of both, which `api` reads.
//! - `wire` compares the documents.
//! - `report` writes the Markdown.
//!
//! Considered and not used:
//!
//! - drift 0.2 (Oxide) is well maintained, but checks what a server may change under its clients. It
//!   ignores bounds and defaults, requires equal paths, and knows neither security, `x-access` and
//!   `x-paging` nor Rust names.
//! - schemadoc-diff and anicca are not maintained.
//! - jsoncompat_openapi reads OpenAPI 3.1 only.

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

/// Reason why there is no report.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("unknown option {0:?} of diff; use `cargo xtask diff [REV [REV]] [--exit-code]`")]
    Usage(String),
    #[error("cannot run git, which reads the specs of a revision: {0}")]
    NoGit(std::io::Error),
    #[error("unknown revision {revision}: {why}")]
    NoRevision { revision: String, why: String },
    #[error("git {command} failed: {why}")]
    Git { command: String, why: String },
    #[error("{file} ({at}): {why}; fix the file, or compare with another revision")]
    Unreadable {
        file: String,
        at: String,
        why: String,
    },
    #[error(transparent)]
    Files(#[from] crate::Error),
}

/// Part of the API that a change belongs to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Topic {
    /// The service as a whole.
    Service,
    /// An operation, by its `operationId`. A renamed one has its new id.
    Operation(String),
    /// A schema, by its name. A renamed one has its new name.
    Schema(String),
}

/// Side that a change affects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Side {
    Rust,
    Wire,
    /// Behaviour of the client only.
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

/// Runs the command and prints the report. With `--exit-code`, exits with 1 for breaking changes.
/// Exits with 2 if there is no report.
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

/// One version of a spec: the document, and the generated code or the error of the generator.
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
                        "The Rust API is not compared: the current generator rejects the spec of \
                         {}: {why}.",
                        side.at
                    ));
                }
            }
        }
    }
    Part::changed(file, &pairs, changes, notes)
}
