//! Asking before something is changed.

use std::io::{BufRead, IsTerminal, Write};

use crate::failure::Failure;

/// Asks whether to go on, unless that has been said. Where nobody can be asked, it must have been
/// said.
pub(crate) fn ask(what: &str, yes: bool) -> Result<(), Failure> {
    if yes {
        return Ok(());
    }
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        return Err(Failure::Usage(format!(
            "{what}, and nobody can be asked: say --yes, or look first with --dry-run"
        )));
    }
    let mut words = std::io::stderr();
    write!(words, "{what}. Go on? [y/N] ")?;
    words.flush()?;
    let mut answer = String::new();
    stdin.lock().read_line(&mut answer)?;
    match answer.trim() {
        "y" | "Y" | "yes" => Ok(()),
        _ => Err(Failure::Declined),
    }
}
