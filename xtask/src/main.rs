//! `cargo xtask`: the workspace's own tools. The library has their code.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for its developers"
)]

use std::path::Path;
use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask COMMAND

  generate          makes crates/*/src/generated from specs/
  generate --check  writes nothing; prints stale files, and exits with 1 if there are any
  lint [--root DIR] prints problems of DIR/specs, and exits with 1 if there are any
  manual [--check]  makes man pages and docs/src/reference from the help of imgtrack, or prints stale
                    pages and exits with 1 if there are any
  dependencies      prints licences, sources and Rust versions of Cargo.lock that are not allowed, and
                    exits with 1 if there are any
  prose [PATH…]     prints phrases of help, errors, docs and Markdown that should be replaced, and
                    exits with 1 if there are any
  diff [REV [REV]]  prints effects of a change of specs/ on the Rust API and the wire as Markdown,
                    from REV [default: HEAD] to the working tree, or from REV to REV; with
                    --exit-code, exits with 1 for breaking changes
  new-provider NAME [--title TEXT]
                    creates spec and crate of a provider such as somecloud-cr
";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    // The workspace is the parent of this package's folder, whatever the current folder is.
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap_or_else(|| Path::new("."));
    let outcome = match words.as_slice() {
        ["generate", rest @ ..] => xtask::generate_command(root, rest),
        ["lint", rest @ ..] => xtask::lint::command(root, rest),
        ["manual", rest @ ..] => xtask::manual::command(root, rest),
        ["dependencies", rest @ ..] => xtask::dependencies::command(root, rest),
        ["prose", rest @ ..] => xtask::prose::command(root, rest),
        ["diff", rest @ ..] => return xtask::diff::main(root, rest),
        ["new-provider", rest @ ..] => return xtask::new_provider::main(root, rest),
        ["--help" | "-h" | "help"] => {
            print!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        _ => Err(xtask::Error::Usage),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(xtask::Error::Usage) => {
            eprint!("{USAGE}");
            ExitCode::from(2)
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
