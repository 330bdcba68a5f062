//! Reports to the CI system that runs a command: annotations, a summary, and sections of the log.

use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::PathBuf;

use registry_replication::{Surroundings, Timestamp};

use crate::args::{JobArgs, JobFormat};
use crate::file::check_regular;
use crate::terminal::{Messages, cut, escaped, without_commands};

/// Most annotations. GitHub shows ten of each kind in a step.
const MOST_ANNOTATIONS: usize = 10;
/// Most rows of a summary.
const MOST_ROWS: usize = 200;
/// Longest text of a cell or an annotation, in characters.
const LONGEST_TEXT: usize = 1_000;

/// Name of the section of the log.
const SECTION: &str = "imgtrack_progress";

/// What a command has found out about one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) what: String,
    /// Destination, if it is about one.
    pub(crate) to: Option<String>,
    pub(crate) verdict: String,
    pub(crate) details: String,
    pub(crate) is_good: bool,
}

impl Finding {
    /// Makes the finding about something that could not be looked up.
    pub(crate) fn unknown(what: String, details: String) -> Self {
        Self {
            what,
            to: None,
            verdict: "unknown".to_owned(),
            details,
            is_good: false,
        }
    }
}

/// Job of a CI system that runs this command.
pub(crate) struct Job {
    format: JobFormat,
    summary: Option<PathBuf>,
}

impl Job {
    /// Returns the job that the options name, or else the variables of the process.
    pub(crate) fn of(args: JobArgs, around: Option<&Surroundings>) -> Self {
        let format = args.format.unwrap_or_else(|| {
            match (is_github(around), is_true(around, "GITLAB_CI")) {
                (true, _) => JobFormat::Github,
                (_, true) => JobFormat::Gitlab,
                _ => JobFormat::Plain,
            }
        });
        let summary = around.and_then(|around| around.variable("GITHUB_STEP_SUMMARY"));
        let summary = summary.filter(|path| !path.is_empty());
        Self {
            summary: summary
                .filter(|_| format == JobFormat::Github)
                .map(PathBuf::from),
            format,
        }
    }

    /// Returns whether progress is read later, in a log.
    pub(crate) fn has_log(&self) -> bool {
        self.format != JobFormat::Plain
    }

    /// Begins the part of the log that can be folded.
    pub(crate) fn begin(&self, title: &str, now: Timestamp, err: &mut dyn Messages) {
        if self.format == JobFormat::Gitlab {
            let mark = format!(
                "section_start:{}:{SECTION}[collapsed=true]",
                now.as_second()
            );
            // The command goes on even if its log cannot be written.
            let _ = err.section(&mark, title);
        }
    }

    /// Ends that part, and reports what was found.
    pub(crate) fn end(&self, findings: &[Finding], now: Timestamp, err: &mut dyn Messages) {
        if self.format == JobFormat::Gitlab {
            let mark = format!("section_end:{}:{SECTION}", now.as_second());
            let _ = err.section(&mark, "");
        }
        self.report(findings, err);
    }

    /// Reports what was found.
    pub(crate) fn report(&self, findings: &[Finding], err: &mut dyn Messages) {
        if self.format != JobFormat::Github {
            return;
        }
        let bad = findings.iter().filter(|one| !one.is_good);
        for one in bad.take(MOST_ANNOTATIONS) {
            let _ = writeln!(err, "{}", annotation(one));
        }
        if let Some(Err(error)) = self.summary.as_ref().map(|path| append(path, findings)) {
            let warning = format!("warning: cannot write GITHUB_STEP_SUMMARY: {error}");
            let _ = writeln!(err, "{}", escaped(&warning));
        }
    }
}

/// Returns whether this is a job of GitHub Actions.
pub(crate) fn is_github(around: Option<&Surroundings>) -> bool {
    is_true(around, "GITHUB_ACTIONS")
}

fn is_true(around: Option<&Surroundings>, name: &str) -> bool {
    let value = around.and_then(|around| around.variable(name));
    value.is_some_and(|value| value == "true")
}

/// Returns the workflow command of an annotation.
fn annotation(of: &Finding) -> String {
    let title = match &of.to {
        Some(to) => format!("{} to {to}: {}", of.what, of.verdict),
        None => format!("{}: {}", of.what, of.verdict),
    };
    let details = match of.details.is_empty() {
        true => &title,
        false => &of.details,
    };
    let title = property(&cut(&title, LONGEST_TEXT));
    format!(
        "::error title={title}::{}",
        data(&cut(details, LONGEST_TEXT))
    )
}

/// Escapes the text of a workflow command by GitHub's rules.
fn data(text: &str) -> String {
    let text = text.replace('%', "%25");
    let text = text.replace('\r', "%0D").replace('\n', "%0A");
    without_commands(&escaped(&text))
}

/// Escapes a property of a workflow command.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// Appends the summary to the file of the job.
fn append(path: &PathBuf, findings: &[Finding]) -> io::Result<()> {
    check_regular(path)?;
    let mut file = OpenOptions::new().append(true).create(true).open(path)?;
    file.write_all(summary(findings).as_bytes())
}

/// Returns a Markdown table of what was found.
fn summary(findings: &[Finding]) -> String {
    let good = findings.iter().filter(|one| one.is_good).count();
    let mut text = format!("### imgtrack: {good} of {} done\n\n", findings.len());
    text.push_str("| verdict | what | destination | details |\n|---|---|---|---|\n");
    for one in findings.iter().take(MOST_ROWS) {
        let cells = [
            &one.verdict,
            &one.what,
            one.to.as_ref().unwrap_or(&String::new()),
            &one.details,
        ]
        .map(|cell| markdown(&cut(cell, LONGEST_TEXT)));
        // A String takes any text.
        let _ = writeln!(text, "| {} |", cells.join(" | "));
    }
    if let rest @ 1.. = findings.len().saturating_sub(MOST_ROWS) {
        let _ = writeln!(text, "\n{rest} more are not shown.");
    }
    text.push('\n');
    text
}

/// Escapes a text for a cell of a Markdown table: nothing in it is markup, a link or HTML.
fn markdown(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in escaped(text).chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            // A colon or an at sign would make a link of an address or a mention of a name.
            ':' => safe.push_str("&#58;"),
            '@' => safe.push_str("&#64;"),
            '|' => safe.push_str("&#124;"),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '(' | ')' | '#' | '!' | '~' | '$' => {
                safe.push('\\');
                safe.push(character);
            }
            _ => safe.push(character),
        }
    }
    safe
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn finding(details: &str) -> Finding {
        Finding {
            what: "team/api:v1".to_owned(),
            to: Some("a,b".to_owned()),
            verdict: "failed".to_owned(),
            details: details.to_owned(),
            is_good: false,
        }
    }

    #[test]
    fn an_annotation_is_one_command_whatever_its_text_is() {
        let text = annotation(&finding("100% of\r\n::error::x\u{1b}[2J"));
        assert_eq!(
            text,
            "::error title=team/api%3Av1 to a%2Cb%3A failed::100%25 of%0D%0A::error::x\\u{1b}[2J"
        );
        let text = annotation(&finding(""));
        assert!(text.ends_with("::team/api:v1 to a,b: failed"), "{text}");
    }

    #[test]
    fn an_annotation_has_no_command_of_the_old_form() {
        let text = annotation(&finding("it says ##[error]x"));
        assert!(text.ends_with("::it says ##\\u{5b}error]x"), "{text}");
    }

    #[cfg(unix)]
    #[test]
    fn a_summary_is_not_written_to_a_pipe() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("summary");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        let refused = append(&pipe, &[finding("")]).unwrap_err();
        assert_eq!(refused.to_string(), "not a regular file");
    }

    #[test]
    fn a_summary_has_text_and_no_markup() {
        let text = summary(&[finding("<img src=x> [a](https://x) | `b` @team\nline")]);
        let row = text.lines().nth(4);
        assert_eq!(
            row,
            Some(
                "| failed | team/api&#58;v1 | a,b | &lt;img src=x&gt; \\[a\\]\\(https&#58;//x\\) \
                 &#124; \\`b\\` &#64;team\\\\nline |"
            )
        );
    }

    #[test]
    fn a_summary_is_bounded() {
        let findings = vec![finding(&"x".repeat(1 << 20)); 1_000];
        let text = summary(&findings);
        assert!(text.len() < 300_000, "{}", text.len());
        assert!(text.ends_with("\n800 more are not shown.\n\n"));
    }
}
