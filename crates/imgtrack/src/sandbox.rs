//! `imgtrack sandbox`.

use std::net::SocketAddr;

use registry_sandbox::{Options, Sandbox};

use crate::failure::Failure;
use crate::output::Output;

/// Serves until it is interrupted. The first line says where and with which keys.
pub(crate) async fn run(listen: SocketAddr, output: &mut Output<'_>) -> Result<(), Failure> {
    let sandbox = Sandbox::start(Options::default().listen(listen)).await?;
    output.line(&serde_json::to_string(sandbox.accounts())?)?;
    tokio::signal::ctrl_c().await?;
    Ok(())
}
