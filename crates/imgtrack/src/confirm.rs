//! Confirmation prompts.

use std::io::{BufRead, IsTerminal, Read, Write};
use std::time::Instant;

use crate::failure::Failure;
use crate::output::Prompts;
use crate::terminal::{Screen, escaped};

/// Asks for confirmation unless `yes`. Without a terminal, `yes` is required.
///
/// The time that the answer takes is added to `prompts`.
pub(crate) fn ask(what: &str, yes: bool, prompts: &Prompts) -> Result<(), Failure> {
    if yes {
        return Ok(());
    }
    if !std::io::stdin().is_terminal() {
        return Err(Failure::Usage(format!(
            "{what}; stdin is not a terminal, so pass --yes to confirm or --dry-run to preview"
        )));
    }
    let answer = answer(&format!("{what}. Continue? [y/N] "), prompts)?;
    match answer.trim() {
        "y" | "Y" | "yes" => Ok(()),
        _ => Err(Failure::Declined),
    }
}

/// Asks for a value. Returns `None` without a terminal.
pub(crate) fn question(what: &str, prompts: &Prompts) -> Result<Option<String>, Failure> {
    if !std::io::stdin().is_terminal() {
        return Ok(None);
    }
    let answer = answer(&format!("{what}: "), prompts)?;
    Ok(Some(answer.trim().to_owned()))
}

/// Reads a line of at most 64 KiB from the terminal.
fn answer(what: &str, prompts: &Prompts) -> Result<String, Failure> {
    const LONGEST: u64 = 64 * 1024;
    let mut err = std::io::stderr();
    let mut words = Screen::new(&mut err);
    write!(words, "{}", escaped(what))?;
    words.flush()?;
    let mut answer = String::new();
    let begun = Instant::now();
    let read = std::io::stdin().lock().take(LONGEST).read_line(&mut answer);
    prompts.add(begun.elapsed());
    read?;
    Ok(answer)
}
