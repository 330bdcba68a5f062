//! Failures: messages, hints and exit codes.

mod report;

use std::error::Error as _;
use std::io;
use std::time::Duration;

use registry_replication::{ConnectionFault, Error, ErrorKind, oci};
use registry_sandbox::StartError;
use registry_sandbox::control::ControlError;

use crate::args::with_value;
use crate::terminal::{cut, escaped, is_word};
pub(crate) use report::{Asked, ErrorReport, asks_for_data};

/// Longest line in characters.
const LONGEST_LINE: usize = 4_000;
/// Most lines of an error with its causes.
const MOST_LINES: usize = 8;
/// Most errors.
const MOST_ERRORS: usize = 8;

/// Error of a command.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Registry(#[from] Error),
    /// The user has answered no.
    #[error("nothing was changed")]
    Declined,
    /// Invalid usage.
    #[error("{0}")]
    Usage(String),
    /// A filter of the output that cannot be applied to it.
    #[error("{0}")]
    Filter(String),
    #[error(transparent)]
    Sandbox(#[from] StartError),
    /// A running sandbox refused a command, or did not answer.
    #[error(transparent)]
    Control(#[from] ControlError),
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// Several errors.
    #[error("{} errors", .0.len())]
    Several(Vec<Failure>),
    /// Errors of some registries, while others have answered.
    #[error("{} errors", .0.len())]
    Partly(Vec<Failure>),
    /// Error at one of several registries.
    #[error("{registry}: {failure}")]
    At {
        registry: String,
        failure: Box<Failure>,
    },
    /// Error about one of several things.
    #[error("{what}: {failure}")]
    Of { what: String, failure: Box<Failure> },
    #[error("{}", .0.sentence())]
    TimedOut(TimedOut),
}

/// Command that has not ended within its `--timeout`.
#[derive(Clone, Debug)]
pub(crate) struct TimedOut {
    /// Name of the command, such as `tasks`.
    pub(crate) command: String,
    pub(crate) timeout: Duration,
    /// Whether its exit code is a verdict.
    pub(crate) is_verdict: bool,
    /// Whether it changes something.
    pub(crate) changes: bool,
}

/// Exit codes, from the best to the worst.
const CODES: [u8; 8] = [0, 4, 5, 3, 6, 2, 7, 1];

/// Returns the worst of several exit codes.
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
            Self::Usage(_)
            | Self::Sandbox(StartError::NotLoopback(_))
            | Self::Control(ControlError::Refused { status: 400, .. } | ControlError::Url) => 2,
            Self::Control(ControlError::Refused { status: 401, .. }) => 7,
            Self::TimedOut(TimedOut {
                is_verdict: true, ..
            }) => 4,
            // The reader has closed the pipe.
            Self::Io(error) if error.kind() == io::ErrorKind::BrokenPipe => 0,
            Self::Json(error) if error.io_error_kind() == Some(io::ErrorKind::BrokenPipe) => 0,
            Self::Several(all) => worst(all.iter().map(Self::exit_code)),
            Self::At { failure, .. } | Self::Of { failure, .. } => failure.exit_code(),
            Self::Partly(_)
            // The command line is valid, and the command has run.
            | Self::Filter(_)
            | Self::Declined
            | Self::Sandbox(_)
            | Self::Control(_)
            | Self::Io(_)
            | Self::Json(_)
            | Self::TimedOut(_) => 1,
        }
    }

    /// Returns whether the service could not be reached.
    fn is_of_connection(&self) -> bool {
        match self {
            Self::Registry(error) => error.kind() == ErrorKind::Transport,
            Self::Several(all) | Self::Partly(all) => all.iter().any(Self::is_of_connection),
            Self::At { failure, .. } | Self::Of { failure, .. } => failure.is_of_connection(),
            _ => false,
        }
    }

    /// Names the registry of an error, if several are asked.
    pub(crate) fn at(self, registry: Option<String>) -> Self {
        match registry {
            Some(registry) => Self::At {
                registry,
                failure: Box::new(self),
            },
            None => self,
        }
    }

    /// Tells what the error is about.
    pub(crate) fn of(self, what: String) -> Self {
        Self::Of {
            what,
            failure: Box::new(self),
        }
    }

    /// Returns the error without the name of its registry.
    fn without_registry(&self) -> &Self {
        match self {
            Self::At { failure, .. } => failure.without_registry(),
            other => other,
        }
    }

    /// Returns the error without its registry and what it is about.
    fn plain(&self) -> &Self {
        match self {
            Self::At { failure, .. } | Self::Of { failure, .. } => failure.plain(),
            other => other,
        }
    }

    /// Writes what happened, why, and what to do.
    pub(crate) fn tell_all(&self, asked: &Asked<'_>, err: &mut dyn io::Write) -> io::Result<()> {
        self.tell(asked, err)?;
        match asked
            .region_hint
            .as_ref()
            .filter(|_| self.is_of_connection())
        {
            Some(hint) => writeln!(err, "  hint: {}", escaped(hint)),
            None => Ok(()),
        }
    }

    /// Writes an error in few lines of bounded length.
    fn tell(&self, asked: &Asked<'_>, err: &mut dyn io::Write) -> io::Result<()> {
        if let Self::Several(all) | Self::Partly(all) = self {
            let shown = all.iter().take(MOST_ERRORS);
            shown.into_iter().try_for_each(|one| one.tell(asked, err))?;
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
        match self.hint(asked) {
            Some(hint) => writeln!(err, "  hint: {}", escaped(&hint)),
            None => Ok(()),
        }
    }

    /// Returns the error and its causes, a line each.
    fn lines(&self) -> Vec<String> {
        let first = match self {
            Self::Declined => self.to_string(),
            _ => format!("error: {self}"),
        };
        let causes = self.causes();
        let causes = causes.map(|cause| format!("  because: {cause}"));
        std::iter::once(first).chain(causes).collect()
    }

    fn causes(&self) -> impl Iterator<Item = &(dyn std::error::Error + 'static)> {
        std::iter::successors(self.plain().source(), |&cause| cause.source())
    }

    /// Returns what to do, if that is known.
    fn hint(&self, asked: &Asked<'_>) -> Option<String> {
        let target = asked.target;
        let error = match self.plain() {
            Self::Registry(error) => error,
            Self::TimedOut(late) => {
                let more = short(late.timeout.saturating_mul(2));
                return Some(format!("use --timeout {more} to allow more time"));
            }
            _ => return None,
        };
        if let Some(fault) = error.connection() {
            return Some(fix(error, fault));
        }
        match error.kind() {
            ErrorKind::Credentials => {
                let demo = match cfg!(feature = "demo") {
                    true => "; `imgtrack demo` needs none",
                    false => "",
                };
                // The search for a login is no call.
                let is_login = error.operation().is_none_or(oci::is_operation);
                let host = error.host().filter(|_| is_login);
                let host = host.map(|host| host.strip_suffix(":443").unwrap_or(host));
                let at_host = host.zip(target);
                match at_host.and_then(|(host, target)| target.doctor_at(host)) {
                    Some(doctor) => Some(format!("run `{doctor}` to check the login")),
                    None => {
                        let doctor = match target {
                            Some(target) => target.command(&["doctor"]),
                            None => "imgtrack doctor".to_owned(),
                        };
                        Some(format!("run `{doctor}` to check credentials{demo}"))
                    }
                }
            }
            ErrorKind::Invalid if !error.missing_settings().is_empty() => {
                let options = error.missing_settings().iter().map(|name| with_value(name));
                Some(format!("use {}", options.collect::<Vec<_>>().join(" or ")))
            }
            ErrorKind::Invalid if error.operation().is_none() => Some(format!(
                "run `imgtrack {} --help` to list the options",
                asked.command
            )),
            _ => {
                let encoded = error.encoded_authorization_message()?;
                let encoded = Some(encoded).filter(|encoded| is_word(encoded))?;
                Some(format!(
                    "decode the reason: {}",
                    target?.decoder(error, encoded)?
                ))
            }
        }
    }
}

/// Returns whether a call was one of the OCI distribution API.
fn is_of_images(error: &Error) -> bool {
    error.operation().is_some_and(oci::is_operation)
}

/// Returns the fix of a failed connection. Registries of images have options of their own.
fn fix(error: &Error, fault: ConnectionFault) -> String {
    let is_of_images = is_of_images(error);
    match (fault, error.host()) {
        (ConnectionFault::Tls, Some(host)) if is_of_images => {
            let host = host.strip_suffix(":443").unwrap_or(host);
            format!("if the registry speaks plain HTTP, use --plain-http {host}")
        }
        (ConnectionFault::UntrustedIssuer, _) if is_of_images => {
            "use --ca-file FILE with the issuer's certificate, or add it to the system's \
             certificates"
                .to_owned()
        }
        _ => fault.fix().to_owned(),
    }
}

impl TimedOut {
    fn sentence(&self) -> String {
        let unsure = match self.changes {
            true => {
                "; a request that was sent may have taken effect, so check before you repeat it"
            }
            false => "",
        };
        let timeout = short(self.timeout);
        format!(
            "imgtrack {} timed out after {timeout}{unsure}",
            self.command
        )
    }
}

/// Formats a duration as `--timeout` takes it: `90s` is `1m30s`.
pub(crate) fn short(duration: Duration) -> String {
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
