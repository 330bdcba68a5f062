use clap::{ArgAction, Args, ValueEnum};

/// Options of the log, which goes to stderr.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Output")]
pub(crate) struct LogArgs {
    /// Log verdicts and calls; -vv logs polls and attempts, too
    ///
    /// RUST_LOG has priority, such as RUST_LOG=registry_replication=debug. Secrets are never logged.
    #[arg(short, long, global = true, action = ArgAction::Count, display_order = 95)]
    pub(crate) verbose: u8,
    /// Format of the log
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "FORMAT",
        default_value = "text",
        display_order = 96
    )]
    pub(crate) log_format: LogFormat,
}

/// Format of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// Lines for people
    Text,
    /// A JSON object on each line
    Json,
}
