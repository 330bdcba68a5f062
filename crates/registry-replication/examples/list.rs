//! Lists rules, and the failed tasks of an execution.
//!
//! `cargo run -p registry-replication --example list`

// An example prints.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::error::Error;
use std::pin::pin;

use futures_util::TryStreamExt;
use registry_replication::{ExecutionRef, Settings, TaskState, connect};
use registry_sandbox::{Options, Sandbox, world};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    // With an account, set `region` and `instance`; the credentials are found as the SDKs find them.
    let sandbox = Sandbox::start(Options::default()).await?;
    let account = world::huaweicloud::account(sandbox.endpoint());
    let settings = Settings::new()
        .set("endpoint", &account.endpoint)
        .set("project_id", &account.project_id)
        .set("instance", &account.instance_id)
        .access_key(&account.access_key, account.secret_key.as_str());
    let registry = connect("huaweicloud-enterprise", settings).await?;

    let mut rules = pin!(registry.rules_of(None).by_item());
    while let Some(rule) = rules.try_next().await? {
        println!(
            "rule {}: {}",
            rule.id,
            rule.name.as_deref().unwrap_or("no name")
        );
    }

    // The stream fetches pages as it is read, and a few pages ahead.
    let execution: ExecutionRef = "301".parse()?;
    let mut tasks = pin!(
        registry
            .tasks_of(&execution.into())
            .page_size(100)
            .by_item()
    );
    let mut failed = 0;
    while let Some(task) = tasks.try_next().await? {
        failed += usize::from(task.state == TaskState::Failed);
    }
    println!("{failed} failed tasks");
    Ok(())
}
