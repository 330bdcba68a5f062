//! Grammar of the command line.

use std::time::Duration;

use clap::{CommandFactory, Parser, Subcommand};
use registry_replication::clouds;

use crate::args::{LogArgs, OutputArgs, TargetArgs};
#[cfg(feature = "demo")]
use crate::commands::Demo;
use crate::commands::{
    Api, Completions, Configuration, Diff, Doctor, Execute, Executions, Explain, Lag, Rules, Run,
    Sandbox, SchemaOf, Status, Stop, Subtasks, Tasks, Wait,
};
use crate::deadline;
use crate::examples::with_examples;
use crate::failure::{Failure, TimedOut};
use crate::session::Session;

/// Returns what follows the help: credentials and exit codes.
fn after() -> String {
    let widths = clouds().map(|cloud| cloud.title.len());
    let width = widths.max().unwrap_or_default();
    let variables =
        clouds().map(|cloud| format!("  {:width$}  {}\n", cloud.title, cloud.variables));
    format!(
        "Credentials come from the sources of the vendors' SDKs, such as these variables:\n\
         {}{AFTER}",
        variables.collect::<String>()
    )
}

const AFTER: &str = "\
`imgtrack doctor` reports what it finds.

Exit codes:
  0  done; for status, wait and explain: the image has arrived
  2  invalid usage, or something that the registry does not offer or accept
  3  the task that copies the image has failed
  4  not yet: pending or stalled, or the --timeout of status, wait or explain has passed
  5  no rule copies the image there, or no rule has created a task
  6  the destination has, or will have, another image under the tag; diff: not equal
  7  no credentials, or permission denied
  1  anything else
  130, 143  ended by SIGINT or SIGTERM";

/// Exit codes of commands whose exit code is a verdict.
const VERDICTS: &str = "\
Exit codes, for the worst of several images:
  0  arrived
  2  invalid usage
  3  failed
  4  not yet: pending or stalled, or the --timeout has passed
  5  no rule, or no task
  6  another image under the tag
  7  no credentials, or permission denied
  1  anything else";

/// Is this image where it has to be, and if not, why?
#[derive(Debug, Parser)]
#[command(name = "imgtrack", version, after_help = after(), max_term_width = 80)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) output: OutputArgs,

    /// Print listings without a pager, also on a terminal
    ///
    /// IMGTRACK_PAGER or PAGER names the pager. The default is less.
    #[arg(long, global = true, display_order = 95, help_heading = "Output")]
    pub(crate) no_pager: bool,

    #[command(flatten)]
    pub(crate) logs: LogArgs,

    #[command(flatten)]
    pub(crate) target: TargetArgs,

    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Returns the grammar of the command line, with examples in the help.
pub(crate) fn grammar() -> clap::Command {
    with_examples(Cli::command())
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show everything in the built-in sandbox: no account, no network
    #[cfg(feature = "demo")]
    Demo(Demo),
    /// Check once whether images have arrived
    #[command(after_help = VERDICTS)]
    Status(Status),
    /// Wait until images have arrived: a deploy gate
    ///
    /// The wait ends early when all images have arrived, or when waiting longer would change
    /// nothing. One image that will not arrive does not end the waits for the others.
    #[command(after_help = VERDICTS)]
    Wait(Wait),
    /// Explain why images have not arrived, and what to change
    #[command(after_help = VERDICTS)]
    Explain(Explain),
    /// Compare the tags of two repositories or registries
    ///
    /// Both are asked by the OCI distribution API. The exit code is 0 if they are equal, and 6 if not.
    Diff(Diff),
    /// Measure how long copies take, for each destination and rule
    ///
    /// Latencies cover successful copies only; failed and other tasks are counted separately. They
    /// run from a task's creation, or from its start if the registry does not tell the creation.
    Lag(Lag),
    /// List the tasks of an execution, repository or image
    Tasks(Tasks),
    /// List rules of replication and retention
    Rules(Rules),
    /// List executions, which are runs of rules
    Executions(Executions),
    /// List the subtasks of a task, one for each tag
    Subtasks(Subtasks),
    /// Run a rule now
    Run(Run),
    /// Stop an execution or a task
    Stop(Stop),
    /// Check credentials, endpoint, clock and account, and make one harmless call
    ///
    /// Without --registry, every registry of the configuration is checked, or else every provider.
    Doctor(Doctor),
    /// Write, show and check the configuration
    Config(Configuration),
    /// Make any call of the vendors' APIs, by its name
    ///
    /// Without a name, list the calls. The answer is the vendor's JSON.
    Api(Api),
    /// Print the JSON Schema of what `-o json` prints
    ///
    /// A listing prints an array of such records, and with `-o jsonl` one a line.
    Schema(SchemaOf),
    /// Print a completion script for a shell
    Completions(Completions),
    /// Run the sandbox in the foreground until interrupted, or control a running one
    ///
    /// The first line on stdout is a JSON object with the endpoint and keys of each provider, the
    /// token of the control API, and the hosts of all registries. The commands below control a
    /// running sandbox, which they find by the variables that --env prints.
    Sandbox(Sandbox),
}

impl Command {
    /// Returns whether the command also runs if the configuration is invalid.
    pub(crate) fn works_on_configuration(&self) -> bool {
        match self {
            #[cfg(feature = "demo")]
            Self::Demo(_) => true,
            Self::Config(_) | Self::Completions(_) | Self::Sandbox(_) | Self::Schema(_) => true,
            _ => false,
        }
    }

    /// Returns whether the command may print many lines, and nothing that is waited for.
    pub(crate) fn is_listing(&self) -> bool {
        matches!(
            self,
            Self::Executions(_)
                | Self::Lag(_)
                | Self::Rules(_)
                | Self::Subtasks(_)
                | Self::Tasks(_)
        )
    }

    /// Returns the time between two runs, if the command is repeated.
    pub(crate) fn watch(&self) -> Option<Duration> {
        match self {
            Self::Status(command) => command.watch(),
            Self::Executions(command) => command.watch(),
            Self::Tasks(command) => command.watch(),
            Self::Lag(command) => command.watch(),
            _ => None,
        }
    }

    /// Returns the time limit of a listing.
    pub(crate) fn timeout(&self) -> Option<Duration> {
        let bound = match self {
            Self::Executions(command) => command.bound(),
            Self::Lag(command) => command.bound(),
            Self::Rules(command) => command.bound(),
            Self::Subtasks(command) => command.bound(),
            Self::Tasks(command) => command.bound(),
            _ => None,
        };
        bound.map(|bound| bound.timeout)
    }

    /// Runs the command, and returns its exit code.
    ///
    /// `name` is what the user typed, such as `tasks`.
    pub(crate) async fn run(self, name: String, session: &mut Session<'_>) -> Result<u8, Failure> {
        match self {
            #[cfg(feature = "demo")]
            Self::Demo(command) => perform(command, name, session).await,
            Self::Status(command) => perform(command, name, session).await,
            Self::Wait(command) => perform(command, name, session).await,
            Self::Explain(command) => perform(command, name, session).await,
            Self::Diff(command) => perform(command, name, session).await,
            Self::Lag(command) => perform(command, name, session).await,
            Self::Tasks(command) => perform(command, name, session).await,
            Self::Rules(command) => perform(command, name, session).await,
            Self::Executions(command) => perform(command, name, session).await,
            Self::Subtasks(command) => perform(command, name, session).await,
            Self::Run(command) => perform(command, name, session).await,
            Self::Stop(command) => perform(command, name, session).await,
            Self::Doctor(command) => perform(command, name, session).await,
            Self::Config(command) => perform(command, name, session).await,
            Self::Api(command) => perform(command, name, session).await,
            Self::Schema(command) => perform(command, name, session).await,
            Self::Completions(command) => perform(command, name, session).await,
            Self::Sandbox(command) => perform(command, name, session).await,
        }
    }
}

/// Runs a command within its time limit.
async fn perform<C: Execute>(
    command: C,
    name: String,
    session: &mut Session<'_>,
) -> Result<u8, Failure> {
    session
        .options
        .check(&name, &command.shape(), command.sort())?;
    let limit = command.bound().map(|bound| TimedOut {
        command: name,
        timeout: bound.timeout,
        is_verdict: false,
        changes: command.changes(),
    });
    if let Some(limit) = &limit {
        session.output.limit(limit.timeout);
    }
    let clock = session.target.clock();
    let prompts = session.output.prompts().clone();
    let work = command.run(session);
    deadline::within(limit, &*clock, &prompts, work).await
}
