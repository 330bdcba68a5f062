//! Confirmation prompts.

use std::io::{BufRead, IsTerminal, Write};
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
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        return Err(Failure::Usage(format!(
            "{what}; stdin is not a terminal, so pass --yes to confirm or --dry-run to preview"
        )));
    }
    let mut err = std::io::stderr();
    let mut words = Screen::new(&mut err);
    write!(words, "{}. Continue? [y/N] ", escaped(what))?;
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
