//! What manuals say of the program.

use clap::Command;
use registry_replication::Surroundings;

use crate::args::with_variables;
use crate::{cli, examples};

/// Environment variables that are not the default of an option, and what they do.
pub const VARIABLES: &[(&str, &str)] = &[
    (
        "RUST_LOG",
        "what is logged, such as `registry_replication=debug`; it has priority over `--verbose`",
    ),
    ("NO_COLOR", "any value turns colours off"),
    (
        "CLICOLOR_FORCE",
        "any value except 0 turns colours on, without a terminal, too",
    ),
    ("COLUMNS", "width of tables"),
    ("TERM", "`dumb` turns colours off"),
    (
        "IMGTRACK_PAGER",
        "program that shows long output on a terminal [default: PAGER, or less]",
    ),
    ("PAGER", "the same, for all programs"),
    ("TZ", "time zone of tables"),
    (
        "XDG_CONFIG_HOME",
        "folder with `imgtrack/imgtrack.toml` [default: ~/.config]",
    ),
    (
        "XDG_CACHE_HOME",
        "folder of `imgtrack/completions`, which has rules and destinations for shells [default: ~/.cache]",
    ),
    ("HTTPS_PROXY", "proxy of connections with TLS"),
    ("HTTP_PROXY", "proxy of connections without TLS"),
    ("ALL_PROXY", "proxy of all other connections"),
    ("NO_PROXY", "hosts that are called without a proxy"),
    (
        "SSL_CERT_FILE",
        "file of certificates that replaces those of the system, on Linux",
    ),
    (
        "SSL_CERT_DIR",
        "folder of certificates that replaces those of the system, on Linux",
    ),
];

/// Returns the grammar of the command line. Arguments name the variables that set them.
pub fn grammar() -> Command {
    // Whichever variables are set here, all are named.
    let around = Surroundings::new(|_| Some("set".to_owned()));
    with_variables(cli::grammar(), &around).mut_args(|argument| argument.hide_env(false))
}

/// Returns the examples of a command, such as `sandbox push`: each command line, and what it does.
pub fn examples(command: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    examples::of(command).iter().copied()
}
