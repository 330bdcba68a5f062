//! Test of `imgtrack` as a deploy gate: a process with keys in its environment calls a sandbox whose
//! clock stands still.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::process::{Command, Output};
use std::sync::Arc;

use registry_replication::Timestamp;
use registry_sandbox::{Options, Outcome, Sandbox, world};
use serde_json::Value;

async fn sandbox() -> Sandbox {
    // After all work of the sandbox's fleet.
    let now: Timestamp = "2026-12-05T12:00:00Z".parse().unwrap();
    let options = Options::default().clock(Arc::new(move || now));
    Sandbox::start(options).await.unwrap()
}

/// Runs the program while this thread serves the sandbox.
async fn imgtrack(sandbox: &Sandbox, words: &[&str]) -> Output {
    let account = &world::alibabacloud::account(sandbox.endpoint());
    let mut command = Command::new(env!("CARGO_BIN_EXE_imgtrack"));
    command
        .env_clear()
        .args(words)
        .args(["--registry", "alibabacloud", "-o", "json"])
        .args(["--endpoint", &sandbox.endpoint()])
        .args(["--instance", world::alibabacloud::FLEET_INSTANCE_ID])
        .env("ALIBABA_CLOUD_ACCESS_KEY_ID", &account.access_key_id)
        .env(
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET",
            &account.access_key_secret,
        );
    let output = tokio::task::spawn_blocking(move || command.output());
    output.await.unwrap().unwrap()
}

#[test]
fn the_exit_code_opens_the_gate_or_keeps_it_shut() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let sandbox = sandbox().await;
        let to = world::alibabacloud::REGISTRY;
        sandbox.decide("team/api", Some("v77"), None, Outcome::Stalls);
        let digest = sandbox.push(to, "team/api", "v77", "content").unwrap();
        let pushed = format!("team/api:v77@{digest}");
        for (words, code, verdict) in [
            (
                &["wait", "team/api:v41", "--timeout", "15m"][..],
                0,
                "arrived",
            ),
            (&["wait", &pushed, "--timeout", "1s"], 4, "pending"),
            (&["wait", "team/api:v43", "--timeout", "15m"], 3, "failed"),
            (
                &["wait", "team/api:v43", "--timeout", "15m", "--any"],
                0,
                "arrived",
            ),
            (
                &["wait", "team/api:v41", "--timeout", "15m", "--to", "x"],
                5,
                "no-rule",
            ),
        ] {
            let output = imgtrack(&sandbox, words).await;
            let said = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(code), "{words:?}: {said}");
            let waits: Value = serde_json::from_slice(&output.stdout).unwrap();
            assert_eq!(waits[0]["verdict"], verdict, "{words:?}");
            assert!(said.contains("s team/api:v"), "{words:?}: {said}");
        }
    });
}
