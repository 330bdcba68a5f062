use std::time::Duration;

use clap::Args;

use super::value;

/// Lines about a wait.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct ProgressArgs {
    /// Print no progress
    #[arg(short, long)]
    pub(crate) quiet: bool,
    /// Print a line when nothing has changed for this time; 0s for none
    #[arg(
        long,
        value_name = "DURATION",
        default_value = "60s",
        value_parser = value::duration
    )]
    pub(crate) heartbeat: Duration,
}

/// Options of a command that can wait for the end of what it has started or stopped.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct UntilEnd {
    /// Wait until it has ended
    #[arg(long)]
    pub(crate) wait: bool,
    /// Give up after this time, such as 30s or 5m [default: 2m; with --wait: 1h]
    ///
    /// The command ends then, whatever request is in flight. With --wait, the registry is polled a last
    /// time.
    #[arg(
        long,
        value_name = "DURATION",
        value_parser = value::window,
        help_heading = None,
        display_order = 89
    )]
    timeout: Option<Duration>,
    /// Time until a failed task is final [default: 60s, or as the registry retries]
    #[arg(
        long,
        value_name = "DURATION",
        requires = "wait",
        value_parser = value::duration
    )]
    pub(crate) settle: Option<Duration>,
}

impl UntilEnd {
    /// Returns the longest time that the command takes.
    pub(crate) fn timeout(self) -> Duration {
        const SHORT: Duration = Duration::from_secs(2 * 60);
        const LONG: Duration = Duration::from_secs(3600);
        self.timeout.unwrap_or(match self.wait {
            true => LONG,
            false => SHORT,
        })
    }
}
