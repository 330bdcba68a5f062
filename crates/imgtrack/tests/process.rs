//! Tests of imgtrack as a process, with its environment, pipes and exit.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

fn imgtrack() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_imgtrack"));
    command.env_clear();
    command
}

/// `imgtrack sandbox`, until it is dropped.
struct Serving {
    process: Child,
    accounts: Value,
}

impl Serving {
    fn start() -> Self {
        let mut process = imgtrack()
            .args(["sandbox", "--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let out = process.stdout.as_mut().unwrap();
        BufReader::new(out).read_line(&mut line).unwrap();
        Self {
            process,
            accounts: serde_json::from_str(&line).unwrap(),
        }
    }

    fn text(&self, cloud: &str, key: &str) -> String {
        self.accounts[cloud][key].as_str().unwrap().to_owned()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn the_sandbox_says_first_where_it_is_and_lets_others_in() {
    let sandbox = Serving::start();
    let keys = |cloud: &str| -> Vec<String> {
        let account = sandbox.accounts[cloud].as_object().unwrap();
        account.keys().cloned().collect()
    };
    assert_eq!(
        keys("huaweicloud-swr"),
        [
            "access_key",
            "endpoint",
            "instance_id",
            "project_id",
            "secret_key"
        ]
    );
    assert_eq!(
        keys("alibabacloud-cr"),
        [
            "access_key_id",
            "access_key_secret",
            "endpoint",
            "instance_id"
        ]
    );

    let huawei = |name: &str| sandbox.text("huaweicloud-swr", name);
    let rules = |secret: &str| {
        imgtrack()
            .args(["rules", "test/grpc-helloworld", "-o", "json"])
            .args(["--registry", "huaweicloud-basic"])
            .args(["--endpoint", &huawei("endpoint")])
            .env("HUAWEICLOUD_SDK_AK", huawei("access_key"))
            .env("HUAWEICLOUD_SDK_SK", secret)
            .output()
            .unwrap()
    };
    let answer = rules(&huawei("secret_key"));
    assert_eq!(answer.status.code(), Some(0), "{}", stderr(&answer));
    let answer: Value = serde_json::from_str(&stdout(&answer)).unwrap();
    assert_eq!(answer[0]["id"], "45");

    let refused = rules("a-wrong-secret");
    assert_eq!(refused.status.code(), Some(7));
    assert!(
        stderr(&refused).contains("APIGW.0301"),
        "{}",
        stderr(&refused)
    );
    assert!(!stderr(&refused).contains("a-wrong-secret"));

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
fn the_project_is_looked_up_by_the_region() {
    let sandbox = Serving::start();
    let huawei = |name: &str| sandbox.text("huaweicloud-swr", name);
    let tasks = |region: &str| {
        imgtrack()
            .args(["tasks", "83", "--registry", "huaweicloud-enterprise"])
            .args(["--region", region, "--instance", &huawei("instance_id")])
            .env("HUAWEICLOUD_SDK_AK", huawei("access_key"))
            .env("HUAWEICLOUD_SDK_SK", huawei("secret_key"))
            .env("HUAWEICLOUD_SDK_IAM_ENDPOINT", huawei("endpoint"))
            .env("HUAWEICLOUD_SDK_REGION_SWR_CN_NORTH_4", huawei("endpoint"))
            .output()
            .unwrap()
    };
    let found = tasks("cn-north-4");
    assert_eq!(found.status.code(), Some(0), "{}", stderr(&found));
    assert!(stdout(&found).contains("1927"));
    let unknown = tasks("cn-north-99");
    assert_eq!(unknown.status.code(), Some(2));
    let said = stderr(&unknown);
    assert!(said.contains("no project named cn-north-99"), "{said}");
}

#[test]
fn a_rule_is_run_and_stopped_when_that_has_been_said() {
    let sandbox = Serving::start();
    let huawei = |name: &str| sandbox.text("huaweicloud-swr", name);
    let asked = |words: &[&str]| {
        imgtrack()
            .args(words)
            .args(["--registry", "huaweicloud-enterprise", "-o", "json"])
            .args(["--endpoint", &huawei("endpoint")])
            .args(["--project-id", &huawei("project_id")])
            .args(["--instance", &huawei("instance_id")])
            .env("HUAWEICLOUD_SDK_AK", huawei("access_key"))
            .env("HUAWEICLOUD_SDK_SK", huawei("secret_key"))
            .output()
            .unwrap()
    };
    let answer = |words: &[&str]| -> Value {
        let answer = asked(words);
        assert_eq!(answer.status.code(), Some(0), "{}", stderr(&answer));
        serde_json::from_str(&stdout(&answer)).unwrap()
    };
    let executions = || answer(&["executions", "12"]);
    let before = executions();
    // Without a terminal, the program cannot prompt.
    let refused = asked(&["run", "12"]);
    assert_eq!(refused.status.code(), Some(2));
    let said = stderr(&refused);
    assert!(
        said.contains("pass --yes to confirm or --dry-run to preview"),
        "{said}"
    );
    answer(&["run", "12", "--dry-run"]);
    assert_eq!(executions(), before, "something was run");

    let started = answer(&["run", "12", "--yes"]);
    let reference = started["executions"][0].as_str().unwrap();
    let execution = || {
        let found = executions();
        let mut found = found.as_array().unwrap().iter();
        found
            .find(|one| one["reference"] == reference)
            .unwrap()
            .clone()
    };
    assert_eq!(execution()["trigger"], "by-hand");
    assert_eq!(asked(&["stop", reference]).status.code(), Some(2));
    answer(&["stop", reference, "--dry-run"]);
    answer(&["stop", reference, "--yes"]);
    // On a slow machine, it may have ended before.
    let state = execution()["state"].clone();
    assert!(state == "cancelled" || state == "succeeded", "{state}");
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
        // A test asks no address beyond loopback.
        .env("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "true")
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

#[test]
fn a_pipe_that_closes_early_is_no_error() {
    let basic = ["--registry", "huaweicloud-basic", "--sandbox"];
    for words in [
        &["demo"][..],
        &["demo", "-o", "json"],
        &["--help"],
        &[&["rules", "team/api"], &basic[..]].concat(),
        &[&["status", "team/api:v41"], &basic[..]].concat(),
    ] {
        // The reader is gone before the program writes.
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = imgtrack().args(words).stdout(writer).output().unwrap();
        let said = stderr(&output);
        assert_eq!((output.status.code(), said.as_str()), (Some(0), ""));
    }
    // The reader reads the beginning of much.
    let mut process = imgtrack()
        .args([
            "tasks",
            "301",
            "--registry",
            "huaweicloud-enterprise",
            "--sandbox",
            "-o",
            "json",
        ])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = [0; 1];
    process
        .stdout
        .take()
        .unwrap()
        .read_exact(&mut first)
        .unwrap();
    let output = process.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(stderr(&output), "");
}

#[test]
fn a_process_ends_in_time_though_a_thread_of_it_waits_for_good() {
    // The server accepts connections and never answers.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", silent.local_addr().unwrap());
    let folder = std::env::temp_dir().join(format!("imgtrack-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let pipe = folder.join("body.json");
    let made = Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    let started = std::time::Instant::now();
    let processes = [
        vec!["rules", "team/api", "--registry", "huaweicloud-basic"],
        vec![
            "api",
            "CancelRepoSyncTask",
            "--body",
            pipe.to_str().unwrap(),
        ],
    ]
    .map(|words| {
        imgtrack()
            .args(words)
            .args(["--endpoint", &endpoint, "--timeout", "1s"])
            .env("HUAWEICLOUD_SDK_AK", "AK")
            .env("HUAWEICLOUD_SDK_SK", "SK")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    });
    for process in processes {
        let output = process.wait_with_output().unwrap();
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(" timed out after 1s"), "{said}");
        assert!(
            said.contains("use --timeout 2s to allow more time"),
            "{said}"
        );
    }
    let took = started.elapsed();
    assert!(took < std::time::Duration::from_secs(20), "{took:?}");
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_proxy_that_the_environment_names_is_used_but_not_for_loopback() {
    let proxy = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", proxy.local_addr().unwrap());
    let asked = std::thread::spawn(move || {
        let (stream, _) = proxy.accept().unwrap();
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line).unwrap();
        line
    });
    let through = |endpoint: &str, key: &str, secret: &str| {
        imgtrack()
            .args(["rules", "test/grpc-helloworld", "--endpoint", endpoint])
            .args(["--registry", "huaweicloud-basic"])
            .env("HTTPS_PROXY", &address)
            .env("HTTP_PROXY", &address)
            .env("HUAWEICLOUD_SDK_AK", key)
            .env("HUAWEICLOUD_SDK_SK", secret)
            .output()
            .unwrap()
    };
    let sandbox = Serving::start();
    let huawei = |name: &str| sandbox.text("huaweicloud-swr", name);
    let local = through(
        &huawei("endpoint"),
        &huawei("access_key"),
        &huawei("secret_key"),
    );
    assert_eq!(local.status.code(), Some(0), "{}", stderr(&local));

    let remote = through("https://registry.example", "AK", "SK");
    assert_eq!(remote.status.code(), Some(1));
    assert_eq!(
        asked.join().unwrap(),
        "CONNECT registry.example:443 HTTP/1.1\r\n"
    );
}

#[test]
fn the_doctor_says_what_to_do() {
    let sandbox = Serving::start();
    let huawei = |name: &str| sandbox.text("huaweicloud-swr", name);
    let command = |secret: &str, iam: &str| {
        let mut command = imgtrack();
        command
            .args(["doctor", "--registry", "huaweicloud-basic"])
            .args(["--region", "cn-north-4"])
            .env("HUAWEICLOUD_SDK_AK", huawei("access_key"))
            .env("HUAWEICLOUD_SDK_SK", secret)
            .env("HUAWEICLOUD_SDK_IAM_ENDPOINT", iam)
            // A test asks no address beyond loopback.
            .env("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "true");
        command
    };
    let doctor = |secret: &str, iam: &str| command(secret, iam).output().unwrap();
    let well = doctor(&huawei("secret_key"), &huawei("endpoint"));
    assert_eq!(well.status.code(), Some(0), "{}", stdout(&well));
    let said = stdout(&well);
    assert!(!said.contains("alibabacloud"), "{said}");
    let mut all = imgtrack();
    all.arg("doctor")
        .env("HUAWEICLOUD_SDK_AK", huawei("access_key"))
        .env("HUAWEICLOUD_SDK_SK", huawei("secret_key"))
        .env("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "true");
    let all = all.output().unwrap();
    let said = stdout(&all);
    assert_eq!(all.status.code(), Some(0), "{said}");
    assert!(
        said.contains("alibabacloud  credentials  skipped  none"),
        "{said}"
    );
    assert!(said.contains("→ set up one of these sources:"), "{said}");

    for (secret, iam, says, advice) in [
        (
            "a-wrong-secret",
            huawei("endpoint"),
            "APIGW.0301",
            "→ check that the key is correct, enabled, and belongs to this account",
        ),
        (
            &huawei("secret_key"),
            "http://127.0.0.1:9".to_owned(),
            "cannot connect to 127.0.0.1:9: connection refused",
            "→ check the host and the port, and that the service or a tunnel to it is running",
        ),
    ] {
        let ill = doctor(secret, &iam);
        let said = stdout(&ill);
        assert_eq!(ill.status.code(), Some(1), "{said}");
        assert!(said.contains(says) && said.contains(advice), "{said}");
        assert!(!said.contains("a-wrong-secret"), "{said}");
    }

    // The check of the endpoint has the same rules as a call.
    let insecure = command(&huawei("secret_key"), &huawei("endpoint"))
        .env(
            "HUAWEICLOUD_SDK_REGION_SWR_CN_NORTH_4",
            "http://registry.example",
        )
        .output()
        .unwrap();
    let said = stdout(&insecure);
    assert_eq!(insecure.status.code(), Some(1), "{said}");
    assert!(said.contains("huaweicloud  endpoint     failed"), "{said}");

    let named = command(&huawei("secret_key"), &huawei("endpoint"))
        .env("HUAWEICLOUD_SDK_PROJECT_ID", huawei("project_id"))
        .output()
        .unwrap();
    let said = stdout(&named);
    assert_eq!(named.status.code(), Some(0), "{said}");
    assert!(said.contains("which comes with the credentials"), "{said}");
}

#[test]
fn a_region_that_nothing_answers_in_may_be_a_typo() {
    // Nothing listens there.
    let nowhere = "http://127.0.0.1:1";
    let ask = |region: &str, variable: &str| {
        let output = imgtrack()
            .args(["rules", "team/api", "--region", region])
            .args(["--registry", "huaweicloud-basic"])
            .env(variable, nowhere)
            .env("HUAWEICLOUD_SDK_AK", "ExampleAccessKey")
            .env("HUAWEICLOUD_SDK_SK", "ExampleSecretKey")
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1));
        stderr(&output)
    };
    let error = ask("cn-nroth-4", "HUAWEICLOUD_SDK_REGION_SWR_CN_NROTH_4");
    let hint = "  hint: region cn-nroth-4 is not known; did you mean cn-north-4?\n";
    assert!(error.ends_with(hint), "{error}");
    let error = ask("cn-north-4", "HUAWEICLOUD_SDK_REGION_SWR_CN_NORTH_4");
    assert!(!error.contains("did you mean"), "{error}");
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
        // A test asks no address beyond loopback.
        .env("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "true")
        .output()
        .unwrap();
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(7), "{said}");
    assert!(said.contains("pipe: no end of file within 5 s"), "{said}");
    assert!(said.contains("/dev/zero: it is a device"), "{said}");
    assert!(begun.elapsed().as_secs() < 20, "{:?}", begun.elapsed());
}
