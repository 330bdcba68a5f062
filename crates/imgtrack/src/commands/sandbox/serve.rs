//! `imgtrack sandbox`: a sandbox in the foreground.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::{fs, io};

use clap::Args;
use jiff::SignedDuration;
use registry_sandbox::{Fault, Options, Pace, Sandbox};

use super::announcement::Announcement;
use crate::args::value;
use crate::failure::Failure;
use crate::file::write_whole;
use crate::session::Session;
use crate::signals::Signals;
use crate::terminal::escaped;

#[derive(Args, Debug)]
pub(super) struct Serve {
    /// Address to listen on; port 0 takes a free port
    ///
    /// An address that other machines can reach gets new random keys. The sandbox speaks plain HTTP.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Write the port to this file when the sandbox is ready
    #[arg(long, value_name = "FILE")]
    port_file: Option<PathBuf>,
    /// Print export lines for a shell instead of JSON
    #[arg(long)]
    env: bool,
    /// Seed that decides which calls a fault's probability hits
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    seed: u64,
    /// Time of a copy: fast, real or a duration such as 2s
    #[arg(long, value_name = "PACE", default_value = "real")]
    pace: Speed,
    /// Spoil answers: OPERATION=ACTION[*COUNT][~PROBABILITY]. Repeatable
    ///
    /// OPERATION is a call of `imgtrack api`, a call at a registry's own port such as "HEAD manifest",
    /// or "*". ACTION is status:503, hang (no answer) or cut (half of the body). COUNT limits the number
    /// of answers that the rule spoils.
    #[arg(long, value_name = "RULE")]
    fault: Vec<Fault>,
}

/// Time of a copy.
#[derive(Clone, Copy, Debug)]
struct Speed(Pace);

impl FromStr for Speed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const FAST: SignedDuration = SignedDuration::from_millis(100);
        let whole = match text {
            "real" => return Ok(Self(Pace::USUAL)),
            "fast" => FAST,
            text => {
                let whole = value::duration(text)
                    .map_err(|_| "write fast, real or a duration such as 2s".to_owned())?;
                SignedDuration::try_from(whole).map_err(|error| error.to_string())?
            }
        };
        // The parts have the proportions of the usual pace.
        Ok(Self(Pace::new(
            whole * 2 / 7,
            whole * 5 / 7,
            whole * 10 / 7,
        )))
    }
}

impl Serve {
    /// Serves until interrupted. The first lines tell the addresses and keys.
    pub(super) async fn run(self, session: &mut Session<'_>) -> Result<u8, Failure> {
        let mut options = Options::default()
            .listen(self.listen)
            .seed(self.seed)
            .controlled();
        if !self.listen.ip().is_loopback() {
            options = options.remote();
            let warning = format!(
                "warning: other machines can reach {}; the sandbox speaks plain HTTP, and its keys \
                 and its token are new",
                self.listen
            );
            // The sandbox serves even if the warning cannot be written.
            let _ = writeln!(session.err, "{}", escaped(&warning));
        }
        if let Some(file) = self.port_file.as_deref() {
            remove_old_port(file)?;
        }
        let mut signals = Signals::listen(session.is_process());
        let sandbox = Sandbox::start(options).await?;
        sandbox.set_pace(self.pace.0);
        sandbox
            .add_faults(self.fault)
            .map_err(|error| Failure::Usage(error.to_string()))?;
        let announcement = Announcement::of(&sandbox)?;
        let lines = match self.env {
            true => announcement.exports()?,
            false => vec![serde_json::to_string(&announcement)?],
        };
        for line in lines {
            session.output.line(&line)?;
        }
        let file = self.port_file.as_deref();
        if let Some(file) = file {
            write_port(file, sandbox.port())?;
        }
        signals.next().await;
        if let Some(file) = file {
            // Another process may have removed it.
            let _ = fs::remove_file(file);
        }
        Ok(0)
    }
}

/// Removes the port of an earlier sandbox, so that a script does not take it for this one's. Any other
/// file stays.
fn remove_old_port(file: &Path) -> Result<(), Failure> {
    // A port has five digits.
    const LONGEST: u64 = 16;
    let is_small = fs::symlink_metadata(file)
        .is_ok_and(|about| about.file_type().is_file() && about.len() <= LONGEST);
    if !is_small {
        return Ok(());
    }
    let is_port = fs::read_to_string(file).is_ok_and(|text| text.trim().parse::<u16>().is_ok());
    if !is_port {
        return Ok(());
    }
    fs::remove_file(file).map_err(|error| {
        let reason = format!("cannot remove --port-file {}: {error}", file.display());
        Failure::Io(io::Error::new(error.kind(), reason))
    })
}

/// Writes the port to a file that is complete from the first moment.
fn write_port(file: &Path, port: u16) -> Result<(), Failure> {
    write_whole(file, &format!("{port}\n")).map_err(|error| {
        let reason = format!("cannot write --port-file {}: {error}", file.display());
        Failure::Io(io::Error::new(error.kind(), reason))
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_port_of_an_earlier_sandbox_is_removed_and_other_files_stay() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("port");
        remove_old_port(&file).unwrap();
        for (text, stays) in [
            ("40123\n", false),
            ("notes", true),
            ("", true),
            ("123456", true),
        ] {
            fs::write(&file, text).unwrap();
            remove_old_port(&file).unwrap();
            assert_eq!(file.exists(), stays, "{text:?}");
        }
        remove_old_port(folder.path()).unwrap();
        assert!(folder.path().exists());
    }

    #[test]
    fn a_pace_is_a_word_or_the_time_of_a_copy() {
        let millis = SignedDuration::from_millis;
        for (text, parts) in [
            ("real", Some([2000, 5000, 10_000])),
            ("7s", Some([2000, 5000, 10_000])),
            ("0s", Some([0, 0, 0])),
            ("700ms", Some([200, 500, 1000])),
            ("slow", None),
            ("7", None),
        ] {
            let found = text.parse::<Speed>().ok().map(|speed| speed.0);
            let expected = parts.map(|parts| parts.map(millis));
            let expected = expected.map(|[waits, runs, pause]| Pace::new(waits, runs, pause));
            assert_eq!(found, expected, "{text}");
        }
        assert!("fast".parse::<Speed>().is_ok());
    }
}
