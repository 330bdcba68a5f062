//! Confirmation prompts.

use std::io::{BufRead, IsTerminal, Read, Write};
use std::time::Instant;

use crate::failure::Failure;
use crate::output::Prompts;
use crate::terminal::{Screen, escaped};

/// Asks for confirmation unless `yes`. Without a terminal, `yes` is required.
///
/// `facts` describes the change, a fact on each line. A text of a service must be escaped in it. The time that the answer takes is added to `prompts`.
pub(crate) fn ask(facts: &str, yes: bool, prompts: &Prompts) -> Result<(), Failure> {
    if yes {
        return Ok(());
    }
    if !std::io::stdin().is_terminal() {
        return Err(Failure::Usage(format!(
            "{}; stdin is not a terminal, so pass --yes to confirm or --dry-run to preview",
            sentence(facts)
        )));
    }
    let answer = answer(&prompt(facts), prompts)?;
    match answer.trim() {
        "y" | "Y" | "yes" => Ok(()),
        _ => Err(Failure::Declined),
    }
}

/// Joins facts to one line.
fn sentence(facts: &str) -> String {
    facts.lines().collect::<Vec<_>>().join("; ")
}

/// Returns the lines of a prompt. The first fact is its head.
fn prompt(facts: &str) -> String {
    let mut lines = facts.lines();
    let head = lines.next().unwrap_or_default();
    let details: String = lines.map(|fact| format!("\n  {fact}")).collect();
    format!("{head}{details}\nContinue? [y/N] ")
}

/// Asks for a value until `check` accepts it. Returns `None` without a terminal.
pub(crate) fn question<T>(
    what: &str,
    prompts: &Prompts,
    check: impl Fn(&str) -> Result<T, String>,
) -> Result<Option<T>, Failure> {
    if !std::io::stdin().is_terminal() {
        return Ok(None);
    }
    until_valid(what, |text| answer(text, prompts), check).map(Some)
}

/// Asks until an answer is valid. The end of the input ends the command.
fn until_valid<T>(
    what: &str,
    mut ask: impl FnMut(&str) -> Result<String, Failure>,
    check: impl Fn(&str) -> Result<T, String>,
) -> Result<T, Failure> {
    let mut question = format!("{what}: ");
    loop {
        let answer = ask(&question)?;
        if answer.is_empty() {
            return Err(Failure::Usage(
                "the input ended before all questions were answered; nothing was written"
                    .to_owned(),
            ));
        }
        match check(answer.trim()) {
            Ok(value) => return Ok(value),
            Err(why) => question = format!("{}\n{what}: ", escaped(&why)),
        }
    }
}

/// Reads a line of at most 64 KiB from the terminal.
fn answer(what: &str, prompts: &Prompts) -> Result<String, Failure> {
    const LONGEST: u64 = 64 * 1024;
    let mut err = std::io::stderr();
    let mut words = Screen::new(&mut err);
    let lines: Vec<_> = what.split('\n').map(escaped).collect();
    write!(words, "{}", lines.join("\n"))?;
    words.flush()?;
    let mut answer = String::new();
    let begun = Instant::now();
    let read = std::io::stdin().lock().take(LONGEST).read_line(&mut answer);
    prompts.add(begun.elapsed());
    if read? == 0 {
        // The cursor is still behind the question.
        writeln!(words)?;
        words.flush()?;
    }
    Ok(answer)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_repeated_until_the_answer_is_valid() {
        let check = |text: &str| match text {
            "" => Err("it is empty".to_owned()),
            text => text.parse::<u8>().map_err(|_| format!("unknown {text:?}")),
        };
        let ask_all = |answers: &[&str]| {
            let mut answers = answers.iter();
            let mut asked = Vec::new();
            let ask = |text: &str| {
                asked.push(text.to_owned());
                Ok((*answers.next().unwrap()).to_owned())
            };
            let value = until_valid("number", ask, check);
            (value.map_err(|failure| failure.to_string()), asked)
        };
        let (value, asked) = ask_all(&["x\n", "\n", "7\n"]);
        assert_eq!(value, Ok(7));
        let all = [
            "number: ",
            "unknown \"x\"\nnumber: ",
            "it is empty\nnumber: ",
        ];
        assert_eq!(asked, all);
        // Ctrl-D.
        let (value, _) = ask_all(&["x\n", ""]);
        assert!(value.unwrap_err().contains("nothing was written"));
    }

    #[test]
    fn a_prompt_has_a_line_for_each_fact() {
        let facts = "run rule 12\ncopies team/*\nRunRule changes the registry (registry.test)";
        let lines = "run rule 12\n  copies team/*\n  RunRule changes the registry (registry.test)\n\
                     Continue? [y/N] ";
        assert_eq!(prompt(facts), lines);
        assert_eq!(
            sentence(facts),
            "run rule 12; copies team/*; RunRule changes the registry (registry.test)"
        );
    }
}
