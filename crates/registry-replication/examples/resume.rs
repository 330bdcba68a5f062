//! Reads one page of a listing, stores the position, and resumes there.
//!
//! `cargo run -p registry-replication --example resume`

// An example prints.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::error::Error;
use std::pin::pin;

use futures_util::TryStreamExt;
use registry_replication::{ExecutionRef, PageToken, Settings, connect};
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

    let execution: ExecutionRef = "301".parse()?;
    let scope = execution.into();
    let page = {
        let mut pages = pin!(registry.tasks_of(&scope).page_size(100).by_page());
        pages.try_next().await?.ok_or("the listing is empty")?
    };
    println!("first page: {} tasks", page.items.len());

    // A token is text. It stays valid while records come and go.
    let stored = page.token().to_string();
    let token: PageToken = stored.parse()?;
    let mut rest = pin!(
        registry
            .tasks_of(&scope)
            .page_size(100)
            .resume(token)
            .by_item()
    );
    let mut count = 0;
    while rest.try_next().await?.is_some() {
        count += 1;
    }
    println!("after it: {count} tasks");
    Ok(())
}
