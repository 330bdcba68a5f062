//! What `cargo xtask` does, as a library, so that tests can call it. Each command takes the
//! workspace's folder and its words, and says whether all is well.
//!
//! [`generate_command`] makes the client crates' `src/generated/` from `specs/`: a pure function of
//! the specs and the pinned generator. The rooms, in the order that a spec goes through them:
//! `spec` reads and checks it, `prepare` turns it into what progenitor can work with, `generate`
//! runs progenitor, `finish` makes its code ours, `write` writes it or compares it with what is
//! checked in; `calls` makes the tests' calls by name, and `sandbox` the specs as the sandbox reads
//! them. [`lint`] holds the specs against the rules that they are written by, [`diff`] says what a
//! change of them does, [`new_provider`] lays out another one.

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
pub mod new_provider;
mod paging;
mod prepare;
pub mod prose;
mod sandbox;
mod spec;
mod write;

use std::path::{Path, PathBuf};

pub use command::generate_command;

/// Everything that can go wrong, with the file that it went wrong in.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or folder cannot be read or written.
    #[error("{path}: {error}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why not.
        error: std::io::Error,
    },
    /// A file does not say what it has to.
    #[error("{file}: {what}")]
    Spec {
        /// The file's path below the workspace.
        file: String,
        /// What is wrong with it.
        what: String,
    },
    /// The command does not know these words.
    #[error("unknown words")]
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
