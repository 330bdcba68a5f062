//! How a run ends badly: what it says, and with which exit code.

use std::error::Error as _;
use std::io;
use std::time::Duration;

use registry_replication::{Error, ErrorKind};
use registry_sandbox::StartError;

use crate::terminal::{cut, escaped};

/// How many characters of a line are shown.
const LONGEST_LINE: usize = 4_000;
/// How many lines are shown of an error and its causes, and how many errors of several.
const MOST_LINES: usize = 8;
const MOST_ERRORS: usize = 8;

/// Why the program did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Registry(#[from] Error),
    /// Somebody was asked, and did not want it.
    #[error("nothing was changed")]
    Declined,
    /// What was asked for cannot be meant, and why.
    #[error("{0}")]
    Usage(String),
    #[error(transparent)]
    Sandbox(#[from] StartError),
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// More than one thing went wrong.
    #[error("{} errors", .0.len())]
    Several(Vec<Failure>),
    #[error("{}", .0.sentence())]
    TimedOut(TimedOut),
}

/// A command that did not end within its `--timeout`.
#[derive(Clone, Debug)]
pub(crate) struct TimedOut {
    /// The words of the command, such as `tasks of`.
    pub(crate) command: String,
    pub(crate) timeout: Duration,
    /// Whether its exit code is a verdict.
    pub(crate) is_verdict: bool,
    /// Whether it changes something.
    pub(crate) changes: bool,
}

/// Exit codes, from the best to the worst.
const CODES: [u8; 8] = [0, 4, 5, 3, 6, 2, 7, 1];

/// The exit code that tells most of several.
pub(crate) fn worst(codes: impl IntoIterator<Item = u8>) -> u8 {
    let rank = |code: &u8| CODES.iter().position(|known| known == code);
    codes.into_iter().max_by_key(rank).unwrap_or(0)
}

impl Failure {
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Registry(error) => match error.kind() {
                ErrorKind::Invalid | ErrorKind::NotOffered => 2,
                ErrorKind::Credentials => 7,
                _ if error.is_denied() => 7,
                _ => 1,
            },
            Self::Usage(_) | Self::Sandbox(StartError::NotLoopback(_)) => 2,
            Self::TimedOut(TimedOut {
                is_verdict: true, ..
            }) => 4,
            // Whoever reads us has read enough.
            Self::Io(error) if error.kind() == io::ErrorKind::BrokenPipe => 0,
            Self::Json(error) if error.io_error_kind() == Some(io::ErrorKind::BrokenPipe) => 0,
            Self::Several(all) => worst(all.iter().map(Self::exit_code)),
            Self::Declined | Self::Sandbox(_) | Self::Io(_) | Self::Json(_) | Self::TimedOut(_) => {
                1
            }
        }
    }

    /// Whether nothing answered.
    pub(crate) fn is_of_connection(&self) -> bool {
        match self {
            Self::Registry(error) => error.kind() == ErrorKind::Transport,
            Self::Several(all) => all.iter().any(Self::is_of_connection),
            _ => false,
        }
    }

    /// Says what happened, why, and what to do about it, in a bounded number of lines of bounded
    /// length.
    pub(crate) fn tell(&self, decoder: Option<&str>, err: &mut dyn io::Write) -> io::Result<()> {
        if let Self::Several(all) = self {
            let shown = all.iter().take(MOST_ERRORS);
            shown
                .into_iter()
                .try_for_each(|one| one.tell(decoder, err))?;
            return match all.len().saturating_sub(MOST_ERRORS) {
                0 => Ok(()),
                rest => writeln!(err, "{rest} more errors"),
            };
        }
        let lines = self.lines();
        let rest = lines.len().saturating_sub(MOST_LINES);
        for line in lines.iter().take(MOST_LINES) {
            writeln!(err, "{}", cut(&escaped(line), LONGEST_LINE))?;
        }
        if rest > 0 {
            writeln!(err, "  and {rest} more causes")?;
        }
        match self.hint(decoder) {
            Some(hint) => writeln!(err, "  hint: {}", escaped(&hint)),
            None => Ok(()),
        }
    }

    /// What happened, and its causes, a line each.
    fn lines(&self) -> Vec<String> {
        let first = match self {
            Self::Declined => self.to_string(),
            _ => format!("error: {self}"),
        };
        let causes = std::iter::successors(self.source(), |&cause| cause.source());
        let causes = causes.map(|cause| format!("  because: {cause}"));
        std::iter::once(first).chain(causes).collect()
    }

    /// What to do, as far as that is known; `decoder` are the words that decode an encoded reason.
    fn hint(&self, decoder: Option<&str>) -> Option<String> {
        let error = match self {
            Self::Registry(error) => error,
            Self::TimedOut(late) => {
                let more = short(late.timeout.saturating_mul(2));
                return Some(format!("`--timeout {more}` allows more time"));
            }
            _ => return None,
        };
        if let Some(fault) = error.connection() {
            return Some(fault.fix().to_owned());
        }
        match error.kind() {
            ErrorKind::Credentials => Some("`imgtrack demo` needs no account".to_owned()),
            ErrorKind::Invalid if error.operation().is_none() => {
                Some("`imgtrack COMMAND --help` lists the options".to_owned())
            }
            _ => {
                let encoded = error.encoded_authorization_message()?;
                let encoded = Some(encoded).filter(|encoded| is_word(encoded))?;
                Some(format!("this decodes it: {} {encoded}", decoder?))
            }
        }
    }
}

impl TimedOut {
    fn sentence(&self) -> String {
        let unsure = match self.changes {
            true => "; a request that was sent may have taken effect, so look before you repeat it",
            false => "",
        };
        let timeout = short(self.timeout);
        format!(
            "imgtrack {} timed out after {timeout}{unsure}",
            self.command
        )
    }
}

/// A duration as `--timeout` takes it: `90s` is `1m30s`.
fn short(duration: Duration) -> String {
    let (seconds, millis) = (duration.as_secs(), duration.subsec_millis());
    let parts = [
        (seconds / 3600, "h"),
        (seconds % 3600 / 60, "m"),
        (seconds % 60, "s"),
        (u64::from(millis), "ms"),
    ];
    let parts = parts.into_iter().filter(|(count, _)| *count > 0);
    parts
        .map(|(count, unit)| format!("{count}{unit}"))
        .collect()
}

/// Whether a service's text can be pasted into a shell as a word, as encoded reasons can.
fn is_word(text: &str) -> bool {
    const LONGEST: usize = 64 * 1024;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=_-.".contains(&byte);
    text.len() <= LONGEST && !text.starts_with('-') && text.bytes().all(is_plain)
}
