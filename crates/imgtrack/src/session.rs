//! Everything that a command works with.

use std::path::PathBuf;

use crate::args::OutputArgs;
use crate::complete;
use crate::config::Loaded;
use crate::environment::Environment;
use crate::output::Output;
use crate::target::Target;
use crate::terminal::Messages;

/// Target, data output and message output of a command.
pub(crate) struct Session<'a> {
    pub(crate) target: Target,
    /// The configuration, and where it was found.
    pub(crate) loaded: Loaded,
    pub(crate) output: Output<'a>,
    /// Options of the output.
    pub(crate) options: OutputArgs,
    pub(crate) err: &'a mut dyn Messages,
    pub(crate) environment: Environment,
}

impl Session<'_> {
    /// Returns the folder of what listings note for completions.
    pub(crate) fn completions(&self) -> Option<PathBuf> {
        let around = self.environment.surroundings.as_ref()?;
        complete::folder(around)
    }

    /// Fits the output to the terminal as it is now, after a wait.
    pub(crate) fn fit(&mut self) {
        self.output.fit(&self.environment.again());
    }

    /// Returns whether the program is a process of its own, which receives signals.
    pub(crate) fn is_process(&self) -> bool {
        self.environment.surroundings.is_some()
    }
}
