use clap::Args;

use super::Execute;
use crate::complete;
use crate::failure::Failure;
use crate::session::Session;

#[derive(Args, Debug)]
pub(crate) struct Completions {
    /// Shell to complete commands, options, registries, rules and names of calls in
    shell: clap_complete::Shell,
}

impl Execute for Completions {
    async fn run(self, session: &mut Session<'_>) -> Result<u8, Failure> {
        session.output.text(&complete::script(self.shell)?)?;
        Ok(0)
    }
}
