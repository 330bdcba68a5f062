//! Pager for long listings on a terminal, as git has it.
//!
//! A thread passes the text on, because a pager reads only as far as its user does. So a signal can end
//! the program while the pager reads nothing, and so can the command's deadline.

use std::future::pending;
use std::io::{self, Write};
use std::path::Path;
use std::pin::pin;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use futures_util::future::{Either, select};
use registry_replication::{Clock, Surroundings};

use crate::signals::{Signal, Signals};

/// Pager without a variable that names one.
const DEFAULT: &str = "less";
/// Commands of a shell that may begin the line of a pager.
const BUILTINS: [&str; 5] = ["command", "eval", "exec", "trap", "set"];
/// Time after the deadline in which the pager may take text that is there.
const GRACE: Duration = Duration::from_millis(500);
/// Text that may wait for the pager, in bytes. The program reads no more records meanwhile.
const MOST: usize = 64 * 1024;

/// Program that shows text page by page, and reads it from this writer.
pub(crate) struct Pager(Arc<Shared>);

/// What ends the program without the pager.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    Signal(Signal),
    /// The command's time is up, and the pager has not taken all text.
    Late,
}

/// What the program, the pager's thread and the thread of signals share.
#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// Text that the pager has not taken yet.
    text: Vec<u8>,
    /// Whether no more text comes.
    is_whole: bool,
    /// Whether the pager takes no more text, or has all of it.
    is_closed: bool,
    /// Whether the reader has left the pager.
    is_left: bool,
    /// Whether a first SIGINT has come.
    is_interrupted: bool,
    stop: Option<Stop>,
}

impl Pager {
    /// Starts the pager that `IMGTRACK_PAGER` or `PAGER` names, or else `less`. Returns `None` if it
    /// cannot be started, or if it is `cat`.
    ///
    /// It must take all text within `timeout`, and may then show it for any time.
    pub(crate) fn start(
        around: &Surroundings,
        timeout: Option<Duration>,
        clock: Arc<dyn Clock>,
    ) -> Option<Self> {
        let named = around.variable("IMGTRACK_PAGER");
        let named = named.or_else(|| around.variable("PAGER"));
        let mut command = match named.as_deref().map(str::trim) {
            Some("cat" | "") => return None,
            // The shell would say so, and the listing would be lost.
            Some(named) if is_missing(named, around) => return None,
            Some(named) if cfg!(unix) => {
                let mut shell = Command::new("sh");
                shell.args(["-c", named]);
                shell
            }
            Some(named) => Command::new(named),
            None => Command::new(DEFAULT),
        };
        // Colours are shown, and text that fits the screen is not paged.
        for (name, value) in [("LESS", "FRX"), ("LV", "-c")] {
            if around.variable(name).is_none() {
                command.env(name, value);
            }
        }
        let child = command.stdin(Stdio::piped()).spawn().ok()?;
        let shared = Arc::new(Shared::default());
        // Without signals, the system's own behaviour stays.
        let _ = watch(Arc::clone(&shared), timeout, clock);
        let of_thread = Arc::clone(&shared);
        thread::spawn(move || pass_on(child, &of_thread));
        Some(Self(shared))
    }

    /// Ends the text, and waits until the reader has left the pager, or for what ends the program before.
    pub(crate) fn finish(self) -> Option<Stop> {
        self.0.change(|state| state.is_whole = true);
        let state = self.0.when(|state| state.is_left || state.stop.is_some());
        state.stop
    }
}

/// Whether a command line begins with a program that is not there. Of what only a shell understands, the
/// shell decides.
fn is_missing(line: &str, around: &Surroundings) -> bool {
    let Some(first) = line.split_whitespace().next() else {
        return true;
    };
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.+/".contains(c);
    if !first.chars().all(is_plain) || BUILTINS.contains(&first) {
        return false;
    }
    if first.contains('/') {
        return !Path::new(first).exists();
    }
    let folders = around.variable("PATH").unwrap_or_default();
    !std::env::split_paths(&folders).any(|folder| folder.join(first).is_file())
}

/// Receives signals and waits for the deadline in a thread of its own, because the program blocks while
/// the pager reads nothing.
fn watch(shared: Arc<Shared>, timeout: Option<Duration>, clock: Arc<dyn Clock>) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let mut signals = {
        let _entered = runtime.enter();
        Signals::listen(true)
    };
    thread::spawn(move || {
        runtime.block_on(async {
            let signal = pin!(async { while !shared.receive(signals.next().await) {} });
            let late = pin!(async {
                match timeout {
                    Some(timeout) => clock.guard(timeout.saturating_add(GRACE)).await,
                    None => pending().await,
                }
            });
            if let Either::Right((_, signal)) = select(signal, late).await {
                shared.late();
                signal.await;
            }
        });
    });
    Ok(())
}

/// Passes the text to the pager, and waits until the reader has left it.
fn pass_on(mut child: Child, shared: &Shared) {
    if let Some(to) = child.stdin.take() {
        shared.pass_on(to);
    }
    // Its exit code says nothing about the command.
    let _ = child.wait();
    shared.change(|state| state.is_left = true);
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state());
        self.changed.notify_all();
    }

    /// Waits until a condition is met.
    fn when(&self, is_met: impl Fn(&State) -> bool) -> MutexGuard<'_, State> {
        let waited = self
            .changed
            .wait_while(self.state(), |state| !is_met(state));
        waited.unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes the text until it is whole, or until the pager takes no more.
    fn pass_on(&self, mut to: impl Write) {
        loop {
            let mut state = self.when(|state| !state.text.is_empty() || state.is_whole);
            let text = std::mem::take(&mut state.text);
            drop(state);
            self.changed.notify_all();
            if text.is_empty() || to.write_all(&text).is_err() {
                break;
            }
        }
        self.change(|state| state.is_closed = true);
    }

    /// Takes a signal, and returns whether it ends the program without the pager.
    ///
    /// The first SIGINT ends the reading of records only. The second one ends the program, unless the
    /// pager has all text: then SIGINT is a key of the pager.
    fn receive(&self, signal: Signal) -> bool {
        let mut ends = true;
        self.change(|state| {
            if signal == Signal::Interrupt {
                ends = state.is_interrupted && !state.is_closed;
                state.is_interrupted = true;
            }
            if ends {
                state.stop = Some(Stop::Signal(signal));
            }
        });
        ends
    }

    /// Ends the program if the pager has not taken all text by now.
    fn late(&self) {
        self.change(|state| {
            if !state.is_closed && state.stop.is_none() {
                state.stop = Some(Stop::Late);
            }
        });
    }
}

impl Write for Pager {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut state = self
            .0
            .when(|state| state.text.len() < MOST || state.is_closed || state.stop.is_some());
        if state.is_closed || state.stop.is_some() {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        state.text.extend_from_slice(bytes);
        drop(state);
        self.0.changed.notify_all();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    /// Writes to a pager that takes no text, until something else happens.
    fn written(happens: impl FnOnce(&Shared) + Send + 'static) -> (io::Error, Option<Stop>) {
        let shared = Arc::new(Shared::default());
        let mut pager = Pager(Arc::clone(&shared));
        let full = Arc::clone(&shared);
        let others = thread::spawn(move || {
            drop(full.when(|state| state.text.len() >= MOST));
            happens(&full);
        });
        let error = loop {
            if let Err(error) = pager.write_all(&[b'x'; 1024]) {
                break error;
            }
        };
        others.join().unwrap();
        (error, pager.finish())
    }

    #[test]
    #[cfg(unix)]
    fn a_pager_that_is_not_there_is_found_out_before_the_start() {
        let around = Surroundings::new(|name| (name == "PATH").then(|| "/bin:/usr/bin".to_owned()));
        for (line, missing) in [
            ("sh -c cat", false),
            ("no-such-pager -R", true),
            ("/no/such/pager", true),
            ("/bin/sh", false),
            ("trap '' INT; less", false),
            ("LESS=R no-such-pager", false),
        ] {
            assert_eq!(is_missing(line, &around), missing, "{line}");
        }
    }

    #[test]
    fn a_signal_ends_a_write_that_the_pager_does_not_read() {
        for signals in [
            &[Signal::Terminate][..],
            &[Signal::Interrupt, Signal::Interrupt],
            &[Signal::Interrupt, Signal::Terminate],
        ] {
            let (error, stopped) = written(|shared| {
                let ends = signals.iter().map(|signal| shared.receive(*signal));
                assert!(ends.last().unwrap());
            });
            assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
            assert_eq!(stopped, signals.last().copied().map(Stop::Signal));
        }
    }

    #[test]
    fn the_deadline_ends_a_write_that_the_pager_does_not_read() {
        let (error, stopped) = written(Shared::late);
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
        assert_eq!(stopped, Some(Stop::Late));
    }

    #[test]
    fn a_pager_with_all_text_has_no_deadline() {
        let shared = Arc::new(Shared::default());
        shared.change(|state| state.is_whole = true);
        shared.pass_on(&mut Vec::new());
        shared.late();
        shared.change(|state| state.is_left = true);
        assert_eq!(Pager(shared).finish(), None);
    }

    #[test]
    fn a_pager_with_all_text_keeps_its_ctrl_c() {
        let shared = Arc::new(Shared::default());
        let mut pager = Pager(Arc::clone(&shared));
        pager.write_all(b"text").unwrap();
        shared.change(|state| state.is_whole = true);
        let mut taken = Vec::new();
        shared.pass_on(&mut taken);
        assert_eq!(taken, b"text");
        assert!(!shared.receive(Signal::Interrupt) && !shared.receive(Signal::Interrupt));
        assert!(shared.receive(Signal::Terminate));
        assert_eq!(pager.finish(), Some(Stop::Signal(Signal::Terminate)));
    }
}
