use std::time::Duration;

use clap::Args;

use super::value::window;

/// Time limit of a command.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Bound {
    /// Give up after this time, such as 30s or 5m
    ///
    /// The command ends then, whatever request is in flight.
    #[arg(
        long,
        value_name = "DURATION",
        default_value = "2m",
        value_parser = window,
        help_heading = None,
        display_order = 89
    )]
    pub(crate) timeout: Duration,
}
