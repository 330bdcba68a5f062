//! The words of status, wait and explain.

use std::str::FromStr;
use std::time::Duration;

use clap::Args;
use registry_replication::Timestamp;

use super::value;

/// What counts as arrived.
#[derive(Args, Debug)]
#[command(next_help_heading = "Arrival")]
pub(crate) struct Asked {
    /// Where it has to be: a region, an instance or a target registry, or DESTINATION/NAMESPACE; may
    /// be said several times. Unless it is said, where the rules that cover the image copy it to
    #[arg(long, value_name = "DESTINATION", value_parser = value::destination)]
    pub(crate) to: Vec<String>,
    /// It has to be at every destination; so it is unless --any is said
    #[arg(long, conflicts_with = "any")]
    pub(crate) all: bool,
    /// Any one destination will do
    #[arg(long)]
    pub(crate) any: bool,
    /// Only this digest counts, sha256:…; of several images, say IMAGE@DIGEST
    #[arg(long, value_parser = value::digest)]
    pub(crate) digest: Option<String>,
    /// Only tasks count that were made since: 2026-11-27T14:40:00Z, or how long ago, such as 10m
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<Since>,
    /// Has the destination itself show the digest, twice in a row: its registry, which is asked as
    /// docker would; may be said several times
    #[arg(long, value_name = "DESTINATION=HOST")]
    pub(crate) proof: Vec<String>,
    /// How long a task has to stay failed until it counts
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = value::duration)]
    pub(crate) settle: Duration,
    /// How long a task may go without getting on until it counts as stalled
    #[arg(long, value_name = "DURATION", default_value = "15m", value_parser = value::window)]
    pub(crate) stall: Duration,
    /// How long a task may take to come up where a rule should make it
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = value::duration)]
    pub(crate) appear: Duration,
}

/// What is waited for, and for how long.
#[derive(Args, Debug)]
pub(crate) struct WaitArgs {
    /// The images, NAMESPACE/REPOSITORY:TAG, and if need be @DIGEST
    #[arg(value_name = "IMAGE", required = true, value_parser = value::tagged)]
    pub(crate) images: Vec<String>,
    /// How long to wait at most, such as 90s, 15m or 1h30m; one more look is taken at the end
    #[arg(long, value_name = "DURATION", value_parser = value::duration)]
    pub(crate) timeout: Duration,
    /// Says nothing of how it goes
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

/// A time, or how long ago it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Since {
    Time(Timestamp),
    Ago(Duration),
}

impl FromStr for Since {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let time = text.parse().map(Self::Time);
        time.or_else(|_| value::any_duration(text).map(Self::Ago))
            .map_err(|_| {
                "neither a time such as 2026-11-27T14:40:00Z nor a duration such as 10m".to_owned()
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn since_is_a_time_or_how_long_ago() {
        let time = "2026-11-27T14:40:00Z";
        let at = Timestamp::constant(1_795_790_400, 0);
        for (text, since) in [
            (time, Some(Since::Time(at))),
            ("2026-11-27T15:40:00+01:00", Some(Since::Time(at))),
            ("10m", Some(Since::Ago(Duration::from_secs(600)))),
            ("2026-11-27", None),
            ("yesterday", None),
        ] {
            assert_eq!(text.parse().ok(), since, "{text}");
        }
    }
}
