//! Completions of a shell.
//!
//! The script of a shell runs the program with the words so far. The program answers from its grammar,
//! the configuration, and what listings have noted. It sends nothing and reads no credentials.

mod candidates;
mod known;
mod seen;

use std::ffi::OsString;
use std::io;

use clap_complete::Shell;
use clap_complete::env::{Bash, Elvish, EnvCompleter, Fish, Powershell, Zsh};
use registry_replication::Surroundings;

use crate::cli;
use known::Known;

pub(crate) use seen::{Seen, folder};

/// Variable in which a script names its shell.
const VARIABLE: &str = "IMGTRACK_COMPLETE";
/// Name of the program in shells.
const NAME: &str = "imgtrack";

/// Returns the script that registers the completions.
pub(crate) fn script(shell: Shell) -> io::Result<String> {
    let mut script = Vec::new();
    completer(&shell.to_string())?.write_registration(VARIABLE, NAME, NAME, NAME, &mut script)?;
    let script = String::from_utf8_lossy(&script);
    Ok(script.trim().to_owned() + "\n")
}

/// Returns the shell that asks for completions.
pub(crate) fn shell(around: &Surroundings) -> Option<String> {
    around.variable(VARIABLE)
}

/// Returns the answer to a shell. The words of its command line follow `--`.
pub(crate) fn answer(
    shell: &str,
    words: &[OsString],
    around: &Surroundings,
) -> io::Result<Vec<u8>> {
    let completer = completer(shell)?;
    let start = words.iter().position(|word| word == "--");
    let words = start.map_or(&[][..], |at| &words[at + 1..]);
    let mut answer = Vec::new();
    let [before @ .., _] = words else {
        return Ok(answer);
    };
    let known = Known::read(before, around);
    let mut grammar = candidates::added(cli::grammar(), &known);
    let here = std::env::current_dir().ok();
    completer.write_complete(&mut grammar, words.to_vec(), here.as_deref(), &mut answer)?;
    Ok(answer)
}

fn completer(shell: &str) -> io::Result<&'static dyn EnvCompleter> {
    let all: [&'static dyn EnvCompleter; 5] = [&Bash, &Elvish, &Fish, &Powershell, &Zsh];
    let known = all.into_iter().find(|one| one.is(shell));
    known.ok_or_else(|| io::Error::other(format!("unknown shell in {VARIABLE}")))
}
