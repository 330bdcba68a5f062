use clap::Args;

use super::Execute;
use crate::failure::Failure;
use crate::session::Session;

#[derive(Args, Debug)]
pub(crate) struct Completions {
    /// Shell to complete commands, options and names of calls in
    shell: clap_complete::Shell,
}

impl Execute for Completions {
    async fn run(self, session: &mut Session<'_>) -> Result<u8, Failure> {
        let mut script = Vec::new();
        clap_complete::generate(
            self.shell,
            &mut (session.grammar)(),
            "imgtrack",
            &mut script,
        );
        session.output.text(&String::from_utf8_lossy(&script))?;
        Ok(0)
    }
}
