//! Credentials from the output of a command.

use std::process::Command;
use std::time::Duration;

use openapi_transport::{Lease, SourceError, Timestamp, run_command};
use serde_json::Value;

use super::Credentials;
use super::fields::{self, Fields};

const DEADLINE: Duration = Duration::from_secs(60);

/// Runs the command and reads credentials from its output.
///
/// No error shows its arguments or output, which may be secret.
pub(super) async fn run(line: &str, now: Timestamp) -> Result<Lease<Credentials>, SourceError> {
    let (program, command) = parse(line)?;
    let failed = |why: String| SourceError::failed(format!("command {program}: {why}"));
    let printed = run_command(command, b"", DEADLINE)
        .await
        .map_err(|why| failed(why.to_string()))?;
    if !printed.status.success() {
        return Err(failed(format!("{}; run it to see why", printed.status)));
    }
    read(&printed.output, now).map_err(|why| failed(why.to_string()))
}

/// Returns the program's name and the command. A shell runs the line on Windows only, as in the
/// vendor's SDKs. On other systems, this splits the line into words as a shell does, and expands
/// nothing.
fn parse(line: &str) -> Result<(String, Command), SourceError> {
    let words = if cfg!(windows) {
        line.split_whitespace().map(str::to_owned).collect()
    } else {
        shlex::split(line).unwrap_or_default()
    };
    let Some((program, arguments)) = words.split_first() else {
        return Err(SourceError::failed(
            "credential_process is empty or has an unclosed quote",
        ));
    };
    // The name is shown, and a variable may hold a secret.
    if program.contains('=') {
        return Err(SourceError::failed(
            "credential_process begins with a variable, which needs a shell; move it into a script \
             and name the script",
        ));
    }
    let mut command;
    if cfg!(windows) {
        command = Command::new("cmd");
        command.args(["/C", line]);
    } else {
        command = Command::new(program);
        command.args(arguments);
    }
    Ok((program.clone(), command))
}

fn read(printed: &[u8], now: Timestamp) -> Result<Lease<Credentials>, SourceError> {
    let printed: Value = serde_json::from_slice(printed)
        .map_err(|_| SourceError::failed("invalid output, expected JSON"))?;
    let printed = Fields(&printed);
    if printed.number("Version") != Some(1) {
        return Err(SourceError::failed(
            "unsupported output, expected Version 1",
        ));
    }
    let key = printed.access_key("SessionToken")?;
    match printed.text("Expiration") {
        None => Ok(fields::lease(key, now)),
        Some(end) => Ok(Lease::until(key, fields::time(end)?)),
    }
}
