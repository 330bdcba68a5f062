//! `cargo xtask generate [--check]`: makes the client crates' `src/generated/` from `specs/`.
//!
//! A pure function of the specs and the pinned generator. The rooms, in the order that a spec
//! goes through them: [`spec`] reads and checks it, [`prepare`] turns it into what progenitor can
//! work with, [`generate`] runs progenitor, [`finish`] makes its code ours, [`mod@write`] writes it or
//! compares it with what is checked in.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for its developers"
)]

mod diff;
mod finish;
mod generate;
mod new_provider;
mod prepare;
mod spec;
mod write;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask generate [--check]
       cargo xtask diff [REV [REV]] [--exit-code]
       cargo xtask new-provider NAME [--title TEXT]

  generate          makes crates/*/src/generated from specs/
  generate --check  writes nothing; prints what would change, and exits with 1 if anything would
  diff              prints what a change of specs/ does to the Rust API and to the wire, from REV
                    (HEAD unless said otherwise) to the working tree, or from REV to REV, as
                    Markdown; with --exit-code, exits with 1 if any of it is breaking
  new-provider      lays out spec and crate of a provider such as examplecloud-cr, to begin with
";

/// Everything that can go wrong, with the file that it went wrong in.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("{path}: {error}")]
    Io {
        path: PathBuf,
        error: std::io::Error,
    },
    #[error("{file}: {what}")]
    Spec { file: String, what: String },
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

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    // The workspace is where this package's folder is, wherever the command was called.
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap_or_else(|| Path::new("."));
    let check = match words.as_slice() {
        ["diff", words @ ..] => return diff::main(root, words),
        ["new-provider", words @ ..] => return new_provider::main(root, words),
        ["generate"] => false,
        ["generate", "--check"] => true,
        ["--help" | "-h" | "help"] => {
            print!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        _ => {
            eprint!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match run(root, check) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => {
            eprintln!("generated code is stale: run `cargo xtask generate` and commit the result");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Whether everything checked in is up to date; always so after writing.
fn run(root: &Path, check: bool) -> Result<bool, Error> {
    let mut fresh = true;
    for (krate, specs) in spec::find(root)? {
        let mut files = vec![(
            "mod.rs".to_owned(),
            finish::modules(specs.iter().map(|s| s.service.as_str())),
        )];
        for spec in &specs {
            let started = std::time::Instant::now();
            let code = generate::generate(spec)?;
            if !check {
                println!(
                    "{krate}: {} → src/generated/{}.rs, {} operations, {} lines, {} ms",
                    spec.file,
                    spec.service,
                    spec.operations.len(),
                    code.lines().count(),
                    started.elapsed().as_millis()
                );
            }
            files.push((format!("{}.rs", spec.service), code));
        }
        let shown = format!("crates/{krate}/src/generated");
        let folder = root.join(&shown);
        if check {
            let differences = write::compare(&folder, &shown, &files)?;
            print!("{differences}");
            fresh &= differences.is_empty();
        } else {
            write::write(&folder, &files)?;
        }
    }
    Ok(fresh)
}
