//! Commands: each file has the arguments of one command and its `run`.

mod api;
mod completions;
mod config;
#[cfg(feature = "demo")]
mod demo;
mod diff;
mod doctor;
mod executions;
mod explain;
mod lag;
mod log;
mod matches;
mod plan;
mod rules;
mod run;
mod sandbox;
mod schema;
mod scope;
mod sources;
mod status;
mod stop;
mod subject;
mod subtasks;
mod tasks;
mod text;
mod wait;

pub(crate) use api::Api;
pub(crate) use completions::Completions;
pub(crate) use config::Configuration;
#[cfg(feature = "demo")]
pub(crate) use demo::Demo;
pub(crate) use diff::Diff;
pub(crate) use doctor::Doctor;
pub(crate) use executions::Executions;
pub(crate) use explain::Explain;
pub(crate) use lag::Lag;
pub(crate) use rules::Rules;
pub(crate) use run::Run;
pub(crate) use sandbox::Sandbox;
pub(crate) use schema::SchemaOf;
pub(crate) use status::Status;
pub(crate) use stop::Stop;
pub(crate) use subtasks::Subtasks;
pub(crate) use tasks::Tasks;
pub(crate) use wait::Wait;

use std::time::Duration;

use crate::args::Bound;
use crate::failure::Failure;
use crate::output::Shape;
use crate::session::Session;

/// Command that can be run.
pub(crate) trait Execute {
    /// Returns the time limit of the whole command, if it has one.
    fn bound(&self) -> Option<Bound> {
        None
    }

    /// Returns whether the command sends requests that change something.
    fn changes(&self) -> bool {
        false
    }

    /// Returns the column that `--sort` names.
    fn sort(&self) -> Option<&str> {
        None
    }

    /// Returns the formats and columns of its output.
    fn shape(&self) -> Shape {
        Shape::document()
    }

    /// Returns the time between two runs, if the command is repeated.
    fn watch(&self) -> Option<Duration> {
        None
    }

    /// Runs the command, and returns its exit code.
    async fn run(self, session: &mut Session<'_>) -> Result<u8, Failure>;
}
