use std::net::SocketAddr;

use clap::Args;
use registry_sandbox::Options;

use super::Execute;
use crate::failure::Failure;
use crate::session::Session;

#[derive(Args, Debug)]
pub(crate) struct Sandbox {
    /// Address to listen on; port 0 takes a free port
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
}

impl Execute for Sandbox {
    /// Serves until interrupted. The first line tells the addresses and keys.
    async fn run(self, session: &mut Session<'_>) -> Result<u8, Failure> {
        let options = Options::default().listen(self.listen);
        let sandbox = registry_sandbox::Sandbox::start(options).await?;
        let accounts = serde_json::to_string(sandbox.accounts())?;
        session.output.line(&accounts)?;
        tokio::signal::ctrl_c().await?;
        Ok(0)
    }
}
