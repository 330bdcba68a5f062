//! Tests code that waits, without a network and without waiting.
//!
//! `cargo run -p registry-replication --example manual_clock --features test-util`

// An example prints.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use registry_replication::testing::{FakeRegistry, FakeRule, FakeWork, ManualClock, Schedule};
use registry_replication::{Registry, TaskState, Verdict};

/// The code under test: a controller that deploys an image once it has arrived.
async fn is_deployed(registry: &dyn Registry, image: &str) -> bool {
    let wait = registry
        .arrival(image)
        .to("us-west-2")
        .wait(Duration::from_secs(600));
    wait.await
        .is_ok_and(|report| report.verdict == Verdict::Arrived)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let clock = ManualClock::at("2026-11-22T12:00:00Z".parse()?);
    let registry = FakeRegistry::new(Arc::new(clock.clone()))?;
    let digest = format!("sha256:{}", "a".repeat(64));
    registry.push("team/api:v1", &digest)?;
    registry.add_rule(FakeRule::to("us-west-2"));
    let copy = FakeWork::task("9", "team/api:v1", "us-west-2")?.digest(&digest);
    registry.put(copy.clone().state(TaskState::Running));

    // The copy succeeds after five minutes of the manual clock, which are no time at all.
    let succeeded = copy.state(TaskState::Succeeded);
    let schedule = Schedule::default().then(Duration::from_secs(300), || registry.put(succeeded));
    let deployed = clock
        .run(is_deployed(&registry, "team/api:v1"), || 1, schedule)
        .await;
    assert!(deployed);
    println!(
        "deployed at {}, without waiting",
        registry_replication::Clock::now(&clock)
    );
    Ok(())
}
