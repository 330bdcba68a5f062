//! Waits for several images at the same time. The waits share their polls.
//!
//! `cargo run -p registry-replication --example wait_for_many`

// An example prints.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::error::Error;
use std::time::Duration;

use futures_util::future::join_all;
use registry_replication::{Polling, Settings, WaitError, connect};
use registry_sandbox::{Options, Pace, Sandbox, world};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    // With an account, set `region` and `instance`; the credentials are found as the SDKs find them.
    let sandbox = Sandbox::start(Options::default()).await?;
    let account = world::alibabacloud::account(sandbox.endpoint());
    let settings = Settings::new()
        .set("endpoint", &account.endpoint)
        .set("instance", world::alibabacloud::FLEET_INSTANCE_ID)
        .access_key(&account.access_key_id, account.access_key_secret.as_str());
    let registry = connect("alibabacloud", settings).await?;

    let moment = Duration::from_millis(40).try_into()?;
    sandbox.set_pace(Pace::new(moment, moment, moment));
    let mut waits = Vec::new();
    for tag in ["v50", "v51", "v52"] {
        let digest = sandbox.push(world::alibabacloud::REGISTRY, "team/api", tag, tag)?;
        let arrival = registry
            .arrival(&format!("team/api:{tag}"))
            .to("cn-shanghai")
            .digest(digest)
            .polling(Polling::new(
                Duration::from_millis(20),
                Duration::from_secs(1),
            ));
        waits.push(arrival.wait(Duration::from_secs(60)));
    }
    for result in join_all(waits).await {
        match result {
            Ok(report) => println!("{} {}", report.image, report.verdict),
            Err(WaitError::NotArrived(report)) => {
                println!("{} {}: will not arrive", report.image, report.verdict);
            }
            Err(error) => return Err(error.into()),
        }
    }
    println!("{} requests in all", sandbox.requests());
    Ok(())
}
