//! Errors as JSON.

use std::ffi::OsString;
use std::io;

use registry_replication::ErrorKind;
use schemars::JsonSchema;
use serde::Serialize;

use super::Failure;
use crate::target::Target;
use crate::terminal::json_line;

/// Error of a command, which `-o json`, `jsonl` and `yaml` print on stderr, one a line.
#[derive(Debug, Default, PartialEq, Serialize, JsonSchema)]
pub(crate) struct ErrorReport {
    /// `usage`, `io`, `timeout`, `declined`, `sandbox`, or the kind of an error of a call:
    /// `credentials`, `invalid`, `transport`, `throttled`, `service`, `undecodable`, `deadline`,
    /// `not-offered` or `not-found`.
    kind: &'static str,
    /// The error in one sentence.
    message: String,
    /// Why it happened, the nearest cause first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    causes: Vec<String>,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    /// Error code of the service.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    /// HTTP status of the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    /// Id of the request, for the support of the service.
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
    /// Host of the call.
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<String>,
    /// Value of `--registry`.
    #[serde(skip_serializing_if = "Option::is_none")]
    registry: Option<String>,
    /// Name of the call.
    #[serde(skip_serializing_if = "Option::is_none")]
    operation: Option<String>,
    /// Whether the same command may succeed later.
    retryable: bool,
    /// Exit code of this error. Several errors end with the worst of theirs.
    exit_code: u8,
}

/// What is known of a command when it fails.
pub(crate) struct Asked<'a> {
    /// Name of the command.
    pub(crate) command: &'a str,
    /// Value of `--registry`.
    pub(crate) registry: Option<&'a str>,
    /// Advice for errors of connections.
    pub(crate) region_hint: Option<String>,
    /// Target of the command. `None` if the command line or the configuration is invalid.
    pub(crate) target: Option<&'a Target>,
}

impl Failure {
    /// Writes each error as a JSON object on a line of its own.
    pub(crate) fn tell_as_json(
        &self,
        asked: &Asked<'_>,
        err: &mut dyn io::Write,
    ) -> io::Result<()> {
        if let Self::Several(all) | Self::Partly(all) = self {
            return all.iter().try_for_each(|one| one.tell_as_json(asked, err));
        }
        self.report(asked).write(err)
    }

    fn report(&self, asked: &Asked<'_>) -> ErrorReport {
        let region_hint = asked.region_hint.clone();
        let region_hint = region_hint.filter(|_| self.is_of_connection());
        let report = ErrorReport {
            kind: self.kind(),
            message: self.without_registry().to_string(),
            causes: self.causes().map(|cause| cause.to_string()).collect(),
            hint: self.hint(asked).or(region_hint),
            registry: match self {
                Self::At { registry, .. } => Some(registry.clone()),
                _ => asked.registry.map(str::to_owned),
            },
            exit_code: self.exit_code(),
            ..ErrorReport::default()
        };
        let own = |text: Option<&str>| text.map(str::to_owned);
        match self.plain() {
            Self::Registry(error) => ErrorReport {
                code: own(error.code()),
                status: error.status(),
                request_id: own(error.request_id()),
                host: own(error.host()),
                operation: own(error.operation()),
                retryable: error.can_retry(),
                ..report
            },
            Self::TimedOut(late) => ErrorReport {
                // What changes something may have taken effect.
                retryable: !late.changes,
                ..report
            },
            _ => report,
        }
    }

    fn kind(&self) -> &'static str {
        match self.plain() {
            Self::Registry(error) => match error.kind() {
                // Without a call, it is what the user gave.
                ErrorKind::Invalid if error.operation().is_none() => "usage",
                kind => kind.as_str(),
            },
            Self::Usage(_) => "usage",
            Self::Filter(_) => "filter",
            Self::Declined => "declined",
            Self::Sandbox(_) | Self::Control(_) => "sandbox",
            Self::Io(_)
            | Self::Json(_)
            | Self::Several(_)
            | Self::Partly(_)
            | Self::At { .. }
            | Self::Of { .. } => "io",
            Self::TimedOut(_) => "timeout",
        }
    }
}

impl ErrorReport {
    /// Describes an error of the command line, by the text that clap prints.
    pub(crate) fn usage(text: &str) -> Self {
        let (message, rest) = text.split_once("\n\n").unwrap_or((text, ""));
        let message = message.strip_prefix("error: ").unwrap_or(message);
        let words: Vec<&str> = message.split_whitespace().collect();
        let tip = rest
            .lines()
            .find_map(|line| line.trim().strip_prefix("tip: "));
        Self {
            kind: "usage",
            message: words.join(" "),
            hint: tip.map(str::to_owned),
            exit_code: 2,
            ..Self::default()
        }
    }

    /// Writes the report as a line.
    pub(crate) fn write(&self, err: &mut dyn io::Write) -> io::Result<()> {
        writeln!(err, "{}", json_line(self)?)
    }
}

/// Returns whether a command line asks for JSON or YAML. The line itself may be invalid.
pub(crate) fn asks_for_data(words: &[OsString]) -> bool {
    let mut words = words.iter().map(|word| word.to_string_lossy());
    let mut asked = None;
    while let Some(word) = words.next().filter(|word| *word != "--") {
        let (name, value) = match word.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (&*word, None),
        };
        match name {
            "--output" | "-o" => asked = value.or_else(|| words.next().map(Into::into)),
            "--jq" => asked = asked.or(Some("json".to_owned())),
            _ => {
                let attached = word.strip_prefix("-o").map(str::to_owned);
                asked = attached.or(asked);
            }
        }
    }
    asked.is_some_and(|format| matches!(format.as_str(), "json" | "jsonl" | "yaml"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_format_is_found_in_an_invalid_line() {
        for (line, is_data) in [
            ("imgtrack dance -o json", true),
            ("imgtrack dance -ojsonl", true),
            ("imgtrack dance --output=yaml", true),
            ("imgtrack dance --output json", true),
            ("imgtrack dance --jq .x", true),
            ("imgtrack dance -o table --jq .x", false),
            ("imgtrack dance -o csv", false),
            ("imgtrack dance -- -o json", false),
            ("imgtrack dance", false),
            ("imgtrack dance -o", false),
        ] {
            let words: Vec<OsString> = line.split(' ').map(Into::into).collect();
            assert_eq!(asks_for_data(&words), is_data, "{line}");
        }
    }

    #[test]
    fn a_report_of_usage_has_the_sentence_and_the_tip() {
        let text = "error: unexpected argument '--reg' found\n\n  tip: a similar argument exists: \
                    '--registry'\n\nUsage: imgtrack\n";
        let report = ErrorReport::usage(text);
        assert_eq!(report.message, "unexpected argument '--reg' found");
        assert_eq!(
            report.hint.as_deref(),
            Some("a similar argument exists: '--registry'")
        );
    }
}
