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
            Self::Declined | Self::Sandbox(_) | Self::Io(_) | Self::Json(_) => 1,
        }
    }

    /// What to do, as far as that is known; `decoder` are the words that decode an encoded reason.
    pub(crate) fn hint(&self, decoder: Option<&str>) -> Option<String> {
        let Self::Registry(error) = self else {
            return None;
        };
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
