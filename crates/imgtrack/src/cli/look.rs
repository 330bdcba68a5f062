//! The words that bound a look.

use std::time::Duration;

use clap::Args;

use super::value::duration;

/// How long a command may take that takes one look.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Look {
    /// Give up after this time, whatever is in flight, such as 30s or 5m
    #[arg(
        long,
        value_name = "DURATION",
        default_value = "2m",
        value_parser = positive,
        help_heading = None,
        display_order = 89
    )]
    pub(crate) timeout: Duration,
}

/// A duration that is longer than nothing.
fn positive(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        Duration::ZERO => Err("it must be longer than 0s".to_owned()),
        duration => Ok(duration),
    }
}
