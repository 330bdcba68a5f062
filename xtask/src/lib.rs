//! Library behind `cargo xtask`, so that tests can call it. Each command takes the workspace's folder
//! and its arguments, and returns whether it found no problem.
//!
//! [`generate_command`] makes the client crates' `src/generated/` from `specs/`. The result depends
//! only on the specs and the pinned generator. A spec goes through these modules:
//! - `spec` reads and checks it.
//! - `prepare` turns it into a document that progenitor accepts.
//! - `generate` runs progenitor.
//! - `finish` rewrites progenitor's code.
//! - `calls` makes the tests' calls by name, and `sandbox` the sandbox's form of the specs.
//! - `write` writes the files, or compares them with the checked-in ones.
//!
//! [`lint`] checks the specs, [`manual`] writes the program's manuals, [`diff`] reports the effects of a change of them, and [`new_provider`]
//! creates the files of a new provider.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for its developers"
)]

mod calls;
mod command;
pub mod dependencies;
pub mod diff;
mod finish;
mod generate;
pub mod lint;
pub mod manual;
pub mod new_provider;
mod paging;
mod prepare;
pub mod prose;
mod sandbox;
mod spec;
mod write;

use std::path::{Path, PathBuf};

pub use command::generate_command;

/// Error of a command, with its file.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or folder cannot be read or written.
    #[error("{path}: {error}")]
    Io {
        /// File or folder.
        path: PathBuf,
        /// Cause.
        error: std::io::Error,
    },
    /// A file has an invalid content.
    #[error("{file}: {what}")]
    Spec {
        /// Path of the file below the workspace.
        file: String,
        /// Problem.
        what: String,
    },
    /// The arguments are unknown.
    #[error("unknown arguments")]
    Usage,
}

impl Error {
    fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        move |error| Self::Io {
            path: path.to_owned(),
            error,
        }
    }

    fn spec(file: &str, what: impl Into<String>) -> Self {
        Self::Spec {
            file: file.to_owned(),
            what: what.into(),
        }
    }
}
