//! The sandbox as a service, and commands that control a running one.

mod announcement;
mod control;
mod serve;

use clap::{Args, Subcommand};
use registry_sandbox::control::ServedPlace;

use super::Execute;
use crate::failure::Failure;
use crate::output::Shape;
use crate::session::Session;
use serve::Serve;

#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Sandbox {
    #[command(subcommand)]
    command: Option<Running>,
    #[command(flatten)]
    serve: Serve,
}

/// Command for a running sandbox.
#[derive(Subcommand, Debug)]
enum Running {
    /// List the places of a running sandbox, with the hosts of their registries
    Places(control::Places),
    /// Push an image to a registry that takes pushes, and print its digest
    Push(control::Push),
    /// Let future copies of an image fail
    Fail(control::Fail),
    /// Let future copies of an image begin and never end
    Stall(control::Stall),
    /// Let future copies of an image succeed again
    Succeed(control::Succeed),
    /// Remove an image from a place
    Lose(control::Lose),
    /// Print the digest that a place really has; exit code 1 if it has none
    Holds(control::Holds),
    /// Move the sandbox's clock forward
    Clock(control::Clock),
    /// Add rules that spoil answers, or list the rules
    Fault(control::Faults),
}

impl Execute for Sandbox {
    fn shape(&self) -> Shape {
        match &self.command {
            Some(Running::Places(_)) => Shape::table::<ServedPlace>(),
            _ => Shape::document(),
        }
    }

    async fn run(self, session: &mut Session<'_>) -> Result<u8, Failure> {
        match self.command {
            None => self.serve.run(session).await,
            Some(Running::Places(command)) => command.run(session).await,
            Some(Running::Push(command)) => command.run(session).await,
            Some(Running::Fail(command)) => command.run(session).await,
            Some(Running::Stall(command)) => command.run(session).await,
            Some(Running::Succeed(command)) => command.run(session).await,
            Some(Running::Lose(command)) => command.run(session).await,
            Some(Running::Holds(command)) => command.run(session).await,
            Some(Running::Clock(command)) => command.run(session).await,
            Some(Running::Fault(command)) => command.run(session).await,
        }
    }
}
