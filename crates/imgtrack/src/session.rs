//! Everything that a command works with.

use std::io::Write;

use crate::args::OutputArgs;
use crate::config::Loaded;
use crate::output::Output;
use crate::target::Target;

/// Target, data output and message output of a command.
pub(crate) struct Session<'a> {
    pub(crate) target: Target,
    /// The configuration, and where it was found.
    pub(crate) loaded: Loaded,
    pub(crate) output: Output<'a>,
    /// Options of the output.
    pub(crate) options: OutputArgs,
    pub(crate) err: &'a mut dyn Write,
    /// Whether the program is a process of its own, which receives signals.
    pub(crate) is_process: bool,
    /// Grammar of the whole command line, for completions.
    pub(crate) grammar: fn() -> clap::Command,
}
