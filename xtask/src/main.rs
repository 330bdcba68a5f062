//! `cargo xtask`: the workspace's own tools. What they do is in the library.

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
  generate --check  writes nothing; prints what would change, and exits with 1 if anything would
  lint [--root DIR] prints what is wrong with DIR/specs, and exits with 1 if anything is
  dependencies      prints licences, sources and Rust versions of Cargo.lock that are not allowed, and
                    exits with 1 if there are any
  prose [PATH…]     prints phrases of help, errors, docs and Markdown that should be replaced, and
                    exits with 1 if there are any; --shrink removes clean files from the list of
                    pending files, which are checked only by PATH
  diff [REV [REV]]  prints what a change of specs/ does to the Rust API and to the wire, from REV
                    (HEAD unless said otherwise) to the working tree, or from REV to REV, as
                    Markdown; with --exit-code, exits with 1 if any of it is breaking
  new-provider NAME [--title TEXT]
                    lays out spec and crate of a provider such as examplecloud-cr, to begin with
";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    // The workspace is where this package's folder is, wherever the command was called.
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap_or_else(|| Path::new("."));
    let outcome = match words.as_slice() {
        ["generate", rest @ ..] => xtask::generate_command(root, rest),
        ["lint", rest @ ..] => xtask::lint::command(root, rest),
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
