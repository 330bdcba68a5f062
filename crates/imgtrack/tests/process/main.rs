//! Tests of imgtrack as a process: environment, pipes, connections, and its end.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

use huaweicloud::any;

mod alibabacloud;
mod completions;
mod connections;
mod huaweicloud;
mod service;
mod signals;

fn imgtrack() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_imgtrack"));
    // A test asks no address beyond loopback.
    command.env_clear().envs(alibabacloud::WITHOUT_METADATA);
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

    /// Names of the values of a cloud's account.
    fn keys(&self, cloud: &str) -> Vec<String> {
        let account = self.accounts[cloud].as_object().unwrap();
        account.keys().cloned().collect()
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
fn a_pipe_that_closes_early_is_no_error() {
    let options = [&any::OPTIONS[..], &["--sandbox"]].concat();
    for words in [
        &["demo"][..],
        &["demo", "-o", "json"],
        &["--help"],
        &[&["rules", "team/api"], &options[..]].concat(),
        &[&["status", "team/api:v41"], &options[..]].concat(),
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
        .args(any::LONG_LISTING)
        .args(["--sandbox", "-o", "json"])
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
        [&["rules", "team/api"], &any::OPTIONS[..]].concat(),
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
            .envs(any::key("AK", "SK"))
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
            .args(any::OPTIONS)
            .env("HTTPS_PROXY", &address)
            .env("HTTP_PROXY", &address)
            .envs(any::key(key, secret))
            .output()
            .unwrap()
    };
    let sandbox = Serving::start();
    let [endpoint, key, secret] = any::account(&sandbox);
    let local = through(&endpoint, &key, &secret);
    assert_eq!(local.status.code(), Some(0), "{}", stderr(&local));

    let remote = through("https://registry.example", "AK", "SK");
    assert_eq!(remote.status.code(), Some(1));
    assert_eq!(
        asked.join().unwrap(),
        "CONNECT registry.example:443 HTTP/1.1\r\n"
    );
}

#[test]
fn the_log_shows_verdicts_and_calls_and_no_secret() {
    let sandbox = Serving::start();
    let [endpoint, key, secret] = any::account(&sandbox);
    let run = |words: &[&str], filter: Option<&str>| {
        let mut command = imgtrack();
        command
            .args(["status", "team/api:v41", "--endpoint", &endpoint])
            .args(any::OPTIONS)
            .args(words)
            .envs(any::key(&key, &secret));
        if let Some(filter) = filter {
            command.env("RUST_LOG", filter);
        }
        let output = command.output().unwrap();
        let said = stderr(&output);
        assert!(matches!(output.status.code(), Some(0..=6)), "{said}");
        assert!(!said.contains(&secret), "{said}");
        said
    };
    assert_eq!(run(&[], None), "");
    let calls = run(&["-v"], None);
    assert!(calls.contains("INFO"), "{calls}");
    assert!(!calls.contains("DEBUG"), "{calls}");
    let polls = run(&["-vv"], None);
    assert!(
        polls.contains("polled image=team/api:v41 verdict="),
        "{polls}"
    );
    let some = run(&[], Some("registry_replication=debug"));
    assert!(some.contains("polled"), "{some}");
    let none = run(&["-vvv"], Some("off"));
    assert_eq!(none, "");
    let wrong = run(&[], Some("a=b=c"));
    assert!(wrong.starts_with("invalid RUST_LOG: "), "{wrong}");
    let json = run(&["-vv", "--log-format", "json"], None);
    let lines: Vec<Value> = json
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let is_verdict = |line: &&Value| line["message"] == "verdict";
    let verdict = lines.iter().find(is_verdict).unwrap();
    assert_eq!(verdict["image"], "team/api:v41", "{json}");
}
