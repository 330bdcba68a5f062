//! Commands that print secrets, run within limits.

use std::io;
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::Instant;

use crate::credentials::SourceError;
use crate::file::MAX_BYTES;

/// How long output is read after the command has ended, if another process keeps it open.
const LEFT_OPEN: Duration = Duration::from_millis(500);

/// Exit status and output of a command.
#[derive(Debug)]
#[non_exhaustive]
pub struct CommandOutput {
    /// Exit status.
    pub status: ExitStatus,
    /// Standard output. It may be secret.
    pub output: Vec<u8>,
}

/// Runs a command, sends it `input`, and reads its standard output. Discards its standard error.
///
/// Kills the command without waiting for it after `deadline`, when it has printed more than 1 MiB,
/// and when the future is dropped.
///
/// # Errors
/// When the command cannot be started, does not end in time or prints too much. No error shows its
/// arguments or output.
pub async fn run_command(
    command: Command,
    input: &[u8],
    deadline: Duration,
) -> Result<CommandOutput, SourceError> {
    let outcome = tokio::time::timeout(deadline, run(command, input)).await;
    let late = |_| SourceError::failed(format!("not done after {} s", deadline.as_secs()));
    let printed = outcome
        .map_err(late)?
        .map_err(|error| SourceError::failed(format!("cannot run it: {error}")))?;
    match printed.output.len() > MAX_BYTES {
        true => Err(SourceError::failed("it prints more than 1 MiB")),
        false => Ok(printed),
    }
}

async fn run(command: Command, input: &[u8]) -> io::Result<CommandOutput> {
    let mut command = tokio::process::Command::from(command);
    command
        .stdin(match input {
            [] => Stdio::null(),
            _ => Stdio::piped(),
        })
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    let mut process = command.spawn()?;
    if let Some(mut to) = process.stdin.take() {
        // A command that ends without reading has a status that tells why.
        let _ = to.write_all(input).await;
    }
    let mut output = Vec::with_capacity(4096);
    let Some(mut from) = process.stdout.take() else {
        let status = process.wait().await?;
        return Ok(CommandOutput { status, output });
    };
    let mut ended = None;
    let mut last = Instant::now();
    let status = loop {
        tokio::select! {
            biased;
            count = from.read_buf(&mut output) => match count? {
                0 => break ended,
                // The caller rejects the output. Dropping the process kills it.
                _ if output.len() > MAX_BYTES => break Some(ExitStatus::default()),
                _ => {}
            },
            status = process.wait(), if ended.is_none() => {
                ended = Some(status?);
                last = Instant::now() + LEFT_OPEN;
            }
            // A process in the background has inherited the output.
            () = tokio::time::sleep_until(last), if ended.is_some() => break ended,
        }
    };
    let status = match status {
        Some(status) => status,
        None => process.wait().await?,
    };
    Ok(CommandOutput { status, output })
}

#[cfg(all(test, unix))]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    async fn shell(script: &str, input: &str, seconds: u64) -> String {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        match run_command(command, input.as_bytes(), Duration::from_secs(seconds)).await {
            Ok(printed) => {
                let output = String::from_utf8(printed.output).unwrap();
                format!("{:?} {output}", printed.status.code().unwrap())
            }
            Err(why) => why.to_string(),
        }
    }

    #[tokio::test]
    async fn what_commands_do() {
        for (script, expected) in [
            ("printf done", "0 done"),
            ("cat; exit 3", "3 asked"),
            // The command reads no input.
            ("exec <&-; printf done", "0 done"),
            // A long standard error is discarded.
            ("head -c 3000000 /dev/zero >&2; printf done", "0 done"),
            ("yes hush", "it prints more than 1 MiB"),
            ("yes hush & wait", "it prints more than 1 MiB"),
            // The command has ended, but a background process keeps its output open.
            ("sleep 5 & printf done", "0 done"),
        ] {
            let begun = std::time::Instant::now();
            assert_eq!(shell(script, "asked", 30).await, expected, "{script}");
            assert!(begun.elapsed() < Duration::from_secs(4), "{script}");
        }
        let nothing = Command::new("/nowhere/hush");
        let why = run_command(nothing, b"", Duration::from_secs(30)).await;
        let why = why.unwrap_err().to_string();
        assert!(why.starts_with("cannot run it: "), "{why}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_command_is_not_waited_for_beyond_its_deadline() {
        for script in ["exec sleep 30", "exec >&-; exec sleep 30", "sleep 30"] {
            let begun = std::time::Instant::now();
            assert_eq!(shell(script, "", 7).await, "not done after 7 s");
            assert!(begun.elapsed() < Duration::from_secs(4), "{script}");
        }
    }
}
