//! How a run ends badly: what it says, and with which exit code.

use std::fmt;
use std::io;

use registry_replication::{Error, ErrorKind};
use registry_sandbox::StartError;

/// Why the program did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    Registry(#[from] Error),
    /// Somebody was asked, and did not want it.
    Declined,
    /// What was asked for cannot be meant, and why.
    Usage(String),
    Sandbox(#[from] StartError),
    Io(#[from] io::Error),
    Json(#[from] serde_json::Error),
    /// More than one thing went wrong.
    Several(Vec<Failure>),
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
                _ if matches!(error.status(), Some(401 | 403)) || is_of_the_key(error) => 7,
                _ => 1,
            },
            Self::Usage(_) | Self::Sandbox(StartError::NotLoopback(_)) => 2,
            // Whoever reads us has read enough.
            Self::Io(error) if error.kind() == io::ErrorKind::BrokenPipe => 0,
            Self::Json(error) if error.io_error_kind() == Some(io::ErrorKind::BrokenPipe) => 0,
            Self::Several(all) => worst(all.iter().map(Self::exit_code)),
            Self::Declined | Self::Sandbox(_) | Self::Io(_) | Self::Json(_) => 1,
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

    /// Says what happened, why, and what to do about it.
    pub(crate) fn tell(&self, decoder: Option<&str>, err: &mut dyn io::Write) -> io::Result<()> {
        if let Self::Several(all) = self {
            return all.iter().try_for_each(|one| one.tell(decoder, err));
        }
        write!(err, "{self}")?;
        match self.hint(decoder) {
            Some(hint) => writeln!(err, "  hint: {hint}"),
            None => Ok(()),
        }
    }

    /// What to do, as far as that is known; `decoder` are the words that decode an encoded reason.
    fn hint(&self, decoder: Option<&str>) -> Option<String> {
        let Self::Registry(error) = self else {
            return None;
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
                Some(format!("this decodes it: {} {encoded}", decoder?))
            }
        }
    }
}

/// Whether a refusal is of who asks. Alibaba Cloud says so with a code, under 400 or 404.
fn is_of_the_key(error: &Error) -> bool {
    const CODES: [&str; 4] = [
        "InvalidAccessKeyId",
        "InvalidSecurityToken",
        "MissingSecurityToken",
        "SignatureDoesNotMatch",
    ];
    let code = error.code().unwrap_or_default();
    CODES.iter().any(|known| code.starts_with(known))
}

impl fmt::Display for Failure {
    /// Whole lines: what happened, and why.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let error: &dyn std::error::Error = match self {
            Self::Declined => return writeln!(f, "nothing was changed"),
            Self::Usage(what) => return writeln!(f, "error: {what}"),
            Self::Registry(error) => error,
            Self::Sandbox(error) => error,
            Self::Io(error) => error,
            Self::Json(error) => error,
            Self::Several(all) => return all.iter().try_for_each(|one| one.fmt(f)),
        };
        writeln!(f, "error: {error}")?;
        let mut source = error.source();
        while let Some(cause) = source {
            writeln!(f, "  because: {cause}")?;
            source = cause.source();
        }
        Ok(())
    }
}
