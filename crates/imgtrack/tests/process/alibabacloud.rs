//! Tests of imgtrack as a process at Alibaba Cloud: keys and files in its environment, and the
//! deploy gate with a sandbox whose clock stands still.

use std::process::{Command, Output};
use std::sync::Arc;

use registry_replication::Timestamp;
use registry_sandbox::{Options, Outcome, Sandbox, world};
use serde_json::Value;

use crate::{Serving, imgtrack, stderr, stdout};

/// Variables that keep the credential chain from the address of the metadata service.
pub(crate) const WITHOUT_METADATA: [(&str, &str); 1] =
    [("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "true")];

#[test]
fn the_sandbox_says_first_where_it_is_and_lets_others_in() {
    let sandbox = Serving::start();
    assert_eq!(
        sandbox.keys("alibabacloud-cr"),
        [
            "access_key_id",
            "access_key_secret",
            "endpoint",
            "instance_id"
        ]
    );

    let alibaba = |name: &str| sandbox.text("alibabacloud-cr", name);
    let tasks = |id: &str, secret: &str| {
        imgtrack()
            .args(["tasks", "test/test:v0.1", "--registry", "alibabacloud"])
            .args(["--endpoint", &alibaba("endpoint")])
            .args(["--instance", &alibaba("instance_id")])
            .env("ALIBABA_CLOUD_ACCESS_KEY_ID", id)
            .env("ALIBABA_CLOUD_ACCESS_KEY_SECRET", secret)
            .output()
            .unwrap()
    };
    let (id, secret) = (alibaba("access_key_id"), alibaba("access_key_secret"));
    let answer = tasks(&id, &secret);
    assert_eq!(answer.status.code(), Some(0), "{}", stderr(&answer));
    assert!(stdout(&answer).contains("rst-4kfd7fk6pohk****"));
    // The status is not 401 or 403, but the code tells that the caller is at fault.
    for (id, secret, code) in [
        (&*id, "a-wrong-secret", "SignatureDoesNotMatch"),
        ("an-unknown-id", &*secret, "InvalidAccessKeyId.NotFound"),
    ] {
        let refused = tasks(id, secret);
        let said = stderr(&refused);
        assert_eq!(refused.status.code(), Some(7), "{said}");
        assert!(said.contains(code), "{said}");
        assert!(!said.contains(secret), "{said}");
    }
}

#[test]
fn without_credentials_it_says_where_it_looked() {
    let output = imgtrack()
        .args([
            "rules",
            "--registry",
            "alibabacloud",
            "--region",
            "cn-hangzhou",
            "--instance",
            "cri-1",
        ])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(7));
    let said = stderr(&output);
    for source in [
        "environment: neither ALIBABA_CLOUD_ACCESS_KEY_ID",
        "OIDC: ",
        "CLI profile: ",
        "profile file: ",
        "ECS metadata: ",
        "credentials URI: ALIBABA_CLOUD_CREDENTIALS_URI is not set",
    ] {
        assert!(said.contains(source), "{said}");
    }
    assert_eq!(stdout(&output), "");
}

#[cfg(unix)]
#[test]
fn files_that_never_end_hold_nothing_up() {
    let home = tempfile::tempdir().unwrap();
    let pipe = home.path().join("pipe");
    let made = Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    let begun = std::time::Instant::now();
    let output = imgtrack()
        .args([
            "rules",
            "--registry",
            "alibabacloud",
            "--region",
            "cn-hangzhou",
        ])
        .args(["--instance", "cri-1"])
        .env("ALIBABA_CLOUD_CONFIG_FILE", &pipe)
        .env("ALIBABA_CLOUD_CREDENTIALS_FILE", "/dev/zero")
        .output()
        .unwrap();
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(7), "{said}");
    assert!(said.contains("pipe: no end of file within 5 s"), "{said}");
    assert!(said.contains("/dev/zero: it is a device"), "{said}");
    assert!(begun.elapsed().as_secs() < 20, "{:?}", begun.elapsed());
}

async fn sandbox() -> Sandbox {
    // After all work of the sandbox's fleet.
    let now: Timestamp = "2026-12-05T12:00:00Z".parse().unwrap();
    let options = Options::default().clock(Arc::new(move || now));
    Sandbox::start(options).await.unwrap()
}

/// Runs the program while this thread serves the sandbox.
async fn gate(sandbox: &Sandbox, words: &[&str]) -> Output {
    let account = &world::alibabacloud::account(sandbox.endpoint());
    let mut command = imgtrack();
    command
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
            let output = gate(&sandbox, words).await;
            let said = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(code), "{words:?}: {said}");
            let waits: Value = serde_json::from_slice(&output.stdout).unwrap();
            assert_eq!(waits[0]["verdict"], verdict, "{words:?}");
            assert!(said.contains("s team/api:v"), "{words:?}: {said}");
        }
    });
}
