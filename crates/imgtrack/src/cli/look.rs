//! The words that bound a look.

use std::time::Duration;

use clap::Args;

use super::value::window;

/// How long a command may take that takes one look.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Look {
    /// Give up after this time, whatever is in flight, such as 30s or 5m
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
