//! Signals that end a command.

use std::future::pending;
#[cfg(test)]
use std::future::ready;

/// Signal that asks the process to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    /// SIGINT, which Ctrl-C sends.
    Interrupt,
    /// SIGTERM.
    #[cfg_attr(
        not(unix),
        allow(dead_code, reason = "other systems have no such signal")
    )]
    Terminate,
}

impl Signal {
    /// Returns the exit code of a process that a signal has ended: 128 and the signal's number.
    pub(crate) fn exit_code(self) -> u8 {
        match self {
            Self::Interrupt => 130,
            Self::Terminate => 143,
        }
    }

    /// Returns what the signal has done, as a word.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Interrupt => "interrupted",
            Self::Terminate => "terminated",
        }
    }
}

/// Signals of this process. They count from the moment that this is made.
///
/// Without it, a signal ends the process at once.
pub(crate) struct Signals(Origin);

/// Where signals come from.
enum Origin {
    Nowhere,
    Process(Streams),
    #[cfg(test)]
    Test(Signal),
}

#[cfg(unix)]
struct Streams {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(not(unix))]
struct Streams;

impl Signals {
    /// Receives signals from now on, if this is a process of its own.
    pub(crate) fn listen(is_process: bool) -> Self {
        // Where signals cannot be received, the system's own behaviour stays.
        let streams = is_process.then(Streams::new).flatten();
        Self(streams.map_or(Origin::Nowhere, Origin::Process))
    }

    /// Has received a signal.
    #[cfg(test)]
    pub(crate) fn received(signal: Signal) -> Self {
        Self(Origin::Test(signal))
    }

    /// Returns the next signal.
    pub(crate) async fn next(&mut self) -> Signal {
        match &mut self.0 {
            Origin::Process(streams) => streams.next().await,
            Origin::Nowhere => pending().await,
            #[cfg(test)]
            Origin::Test(signal) => ready(*signal).await,
        }
    }
}

#[cfg(unix)]
impl Streams {
    fn new() -> Option<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Some(Self {
            interrupt: signal(SignalKind::interrupt()).ok()?,
            terminate: signal(SignalKind::terminate()).ok()?,
        })
    }

    async fn next(&mut self) -> Signal {
        use futures_util::future::{Either, select};
        use std::pin::pin;
        let (interrupt, terminate) = (self.interrupt.recv(), self.terminate.recv());
        match select(pin!(interrupt), pin!(terminate)).await {
            Either::Left(_) => Signal::Interrupt,
            Either::Right(_) => Signal::Terminate,
        }
    }
}

#[cfg(not(unix))]
impl Streams {
    fn new() -> Option<Self> {
        Some(Self)
    }

    async fn next(&mut self) -> Signal {
        match tokio::signal::ctrl_c().await {
            Ok(()) => Signal::Interrupt,
            Err(_) => pending().await,
        }
    }
}
