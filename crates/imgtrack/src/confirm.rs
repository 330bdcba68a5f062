//! Asking before something is changed.

use std::io::{BufRead, IsTerminal, Write};
use std::time::Instant;

use crate::failure::Failure;
use crate::output::Prompts;
use crate::terminal::{Screen, escaped};

/// Asks whether to go on, unless that has been said. Without a terminal to ask at, it must have been
/// said. The time that the answer takes is added to `prompts`.
pub(crate) fn ask(what: &str, yes: bool, prompts: &Prompts) -> Result<(), Failure> {
    if yes {
        return Ok(());
    }
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        return Err(Failure::Usage(format!(
            "{what}, and there is no terminal to confirm it: add --yes, or look first with \
             --dry-run"
        )));
    }
    let mut err = std::io::stderr();
    let mut words = Screen::new(&mut err);
    write!(words, "{}. Go on? [y/N] ", escaped(what))?;
    words.flush()?;
    let mut answer = String::new();
    let begun = Instant::now();
    let read = stdin.lock().read_line(&mut answer);
    prompts.add(begun.elapsed());
    read?;
    match answer.trim() {
        "y" | "Y" | "yes" => Ok(()),
        _ => Err(Failure::Declined),
    }
}
