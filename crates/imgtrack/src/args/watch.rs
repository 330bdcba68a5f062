use std::time::Duration;

use clap::Args;

use super::value::window;

/// Repetition of a command that reads.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Watch {
    /// Repeat the command until you interrupt it
    ///
    /// A terminal shows a live table. Elsewhere, each line that has changed is printed.
    #[arg(short = 'w', long = "watch", display_order = 87)]
    is_on: bool,
    /// Time between two readings
    #[arg(
        long,
        value_name = "DURATION",
        default_value = "5s",
        requires = "is_on",
        value_parser = window,
        display_order = 88
    )]
    interval: Duration,
}

impl Watch {
    /// Returns the time between two readings, if the command is repeated.
    pub(crate) fn interval(&self) -> Option<Duration> {
        self.is_on.then_some(self.interval)
    }
}
