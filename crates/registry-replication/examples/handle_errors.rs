//! Handles each kind of error of a call.
//!
//! `cargo run -p registry-replication --example handle_errors`

// An example prints.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::pin::pin;

use futures_util::TryStreamExt;
use registry_replication::{Error, ErrorKind, ExecutionRef, Settings, connect};
use registry_sandbox::{Options, Sandbox, world};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sandbox = Sandbox::start(Options::default()).await?;
    let account = world::huaweicloud::account(sandbox.endpoint());
    let settings = |secret: &str| {
        Settings::new()
            .set("endpoint", &account.endpoint)
            .set("project_id", &account.project_id)
            .set("instance", &account.instance_id)
            .access_key(&account.access_key, secret)
    };
    for (execution, secret) in [
        ("301", account.secret_key.as_str()),
        ("999999", account.secret_key.as_str()),
        ("301", "a wrong secret key"),
    ] {
        let registry = connect("huaweicloud-enterprise", settings(secret)).await?;
        let execution: ExecutionRef = execution.parse()?;
        let mut tasks = pin!(registry.tasks_of(&execution.into()).by_item());
        match tasks.try_next().await {
            Ok(_) => println!("the listing works"),
            Err(error) => println!("{}: {error}", advice(&error)),
        }
    }
    Ok(())
}

/// Returns what to do about an error.
fn advice(error: &Error) -> &'static str {
    match error.kind() {
        ErrorKind::Credentials => "check the credentials",
        ErrorKind::Invalid | ErrorKind::NotOffered => "change the call",
        _ if error.is_absent() => "check the id",
        _ if error.is_denied() => "grant the permission",
        _ if error.can_retry() => "retry later",
        _ => "report it",
    }
}
