//! Tests of `imgtrack sandbox` as a service, and of the commands that control it.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::{imgtrack, stderr, stdout};

/// `imgtrack sandbox` with its port file, until it is dropped.
struct Service {
    process: Child,
    folder: tempfile::TempDir,
}

impl Service {
    /// Starts a service and waits until it is ready.
    fn start(words: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let out = fs::File::create(folder.path().join("out")).unwrap();
        let process = imgtrack()
            .arg("sandbox")
            .args(words)
            .arg("--port-file")
            .arg(folder.path().join("port"))
            .stdout(out)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let service = Self { process, folder };
        for _ in 0..1200 {
            if service.port_file().exists() {
                return service;
            }
            thread::sleep(Duration::from_millis(50));
        }
        panic!("the service does not become ready");
    }

    fn port_file(&self) -> PathBuf {
        self.folder.path().join("port")
    }

    fn port(&self) -> u16 {
        let text = fs::read_to_string(self.port_file()).unwrap();
        text.strip_suffix('\n').unwrap().parse().unwrap()
    }

    fn out(&self) -> String {
        fs::read_to_string(self.folder.path().join("out")).unwrap()
    }

    /// Returns the variables that a shell has after the lines that were printed.
    fn variables(&self) -> BTreeMap<String, String> {
        let shell = Command::new("sh")
            .env_clear()
            .arg("-c")
            .arg(format!("{}\nexec env", self.out()))
            .env("PATH", "/usr/bin:/bin")
            .output()
            .unwrap();
        let lines = stdout(&shell);
        let pairs = lines.lines().filter_map(|line| line.split_once('='));
        pairs
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    }

    /// Ends the service with a signal. Returns its exit code and what it wrote to stderr.
    fn signal(mut self, name: &str) -> (Option<i32>, String) {
        let id = self.process.id().to_string();
        let killed = Command::new("sh")
            .args(["-c", &format!("kill -{name} {id}")])
            .status()
            .unwrap();
        assert!(killed.success());
        let mut said = String::new();
        let err = self.process.stderr.as_mut().unwrap();
        err.read_to_string(&mut said).unwrap();
        let code = self.process.wait().unwrap().code();
        assert!(!self.port_file().exists(), "the port file is removed");
        (code, said)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn health(host: &str) -> String {
    let mut stream = TcpStream::connect(host).unwrap();
    let request = "GET /health HTTP/1.1\r\nhost: sandbox\r\nconnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn a_service_is_ready_when_its_port_file_exists() {
    let service = Service::start(&[]);
    let told: Value = serde_json::from_str(&service.out()).unwrap();
    let url = format!("http://127.0.0.1:{}", service.port());
    assert_eq!(told["sandbox"]["url"], url);
    assert_eq!(told["sandbox"]["token"].as_str().map(str::len), Some(64));
    let registries = told["registries"].as_array().unwrap();
    assert!(registries.iter().any(|one| one["place"] == "oci/mirror-1"));
    let answer = health(&format!("127.0.0.1:{}", service.port()));
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.ends_with("{\"status\":\"ready\"}"), "{answer}");
    assert_eq!(service.signal("TERM"), (Some(0), String::new()));
}

#[test]
fn a_service_beyond_loopback_warns_and_has_new_keys() {
    let [one, other] = [(); 2].map(|()| Service::start(&["--listen", "0.0.0.0:0"]));
    let [mine, others] = [&one, &other].map(|service| {
        let told: Value = serde_json::from_str(&service.out()).unwrap();
        told
    });
    let mut secrets = 0;
    for (client, account) in mine.as_object().unwrap() {
        let fields = account.as_object().into_iter().flatten();
        for (field, secret) in fields.filter(|(field, _)| field.contains("secret")) {
            secrets += 1;
            assert_ne!(*secret, others[client][field], "{client}");
            let secret = secret.as_str().unwrap();
            // The published secrets say that they open nothing.
            assert!(!secret.to_lowercase().contains("nothing"), "{secret}");
        }
    }
    assert!(secrets > 1, "{secrets}");
    let (code, said) = one.signal("INT");
    assert_eq!(code, Some(0));
    let warns = "warning: other machines can reach 0.0.0.0:0; the sandbox speaks plain HTTP";
    assert!(said.starts_with(warns), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
}

#[test]
fn a_port_file_that_cannot_be_written_is_an_error() {
    let output = imgtrack()
        .args(["sandbox", "--port-file", "/nowhere/at/all/port"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = stderr(&output);
    let says = "error: cannot write --port-file /nowhere/at/all/port: ";
    assert!(said.starts_with(says), "{said}");
}

#[test]
fn another_process_controls_a_service_by_its_variables() {
    let service = Service::start(&["--env", "--pace", "fast", "--fault", "HEAD manifest=503*1"]);
    let variables = service.variables();
    let run = |words: &[&str]| imgtrack().args(words).envs(&variables).output().unwrap();
    let said = |words: &[&str], code: i32| {
        let output = run(words);
        let texts = format!("{}{}", stdout(&output), stderr(&output));
        assert_eq!(output.status.code(), Some(code), "{words:?}: {texts}");
        texts
    };
    let source = &variables["IMGTRACK_SANDBOX_HOST_OCI_SOURCE"];
    let mirror = &variables["IMGTRACK_SANDBOX_HOST_OCI_MIRROR_1"];
    let image = &format!("{source}/team/api:v90");
    let fail = ["sandbox", "fail", "team/api:v90", "--to", "mirror-1"];
    let text = said(&fail, 0);
    assert_eq!(text, "future copies of team/api:v90 to mirror-1 fail\n");
    let digest = said(&["sandbox", "push", "oci", "team/api:v90"], 0);
    assert!(digest.starts_with("sha256:"), "{digest}");
    let holds = |place: &str, code| said(&["sandbox", "holds", place, "team/api:v90"], code);
    assert_eq!(holds("oci", 0), digest);
    assert!(said(&["sandbox", "clock", "+1m"], 0).starts_with("it is 2"));
    let absent = "oci/mirror-1 does not have team/api:v90\n";
    assert_eq!(holds("oci/mirror-1", 1), absent);
    assert_eq!(holds("oci/mirror-2", 0), digest);
    assert!(said(&["status", image, "--to", mirror], 4).contains("pending"));
    said(&["sandbox", "succeed", "team/api:v90"], 0);
    said(&["sandbox", "push", "oci", "team/api:v90"], 0);
    let arrived = ["wait", image, "--to", mirror, "--timeout", "60s", "--quiet"];
    assert!(said(&arrived, 0).contains("arrived"));
    let diff = format!("{source}/team/api");
    let other = format!("{mirror}/team/api");
    said(&["diff", &diff, &other, "--tags", "v90"], 0);
    let lose = ["sandbox", "lose", "oci/mirror-1", "team/api:v90"];
    assert_eq!(said(&lose, 0), "oci/mirror-1 has lost team/api:v90\n");
    assert_eq!(said(&lose, 1), absent);
    said(&["diff", &diff, &other, "--tags", "v90"], 6);

    let faults = said(&["sandbox", "fault"], 0);
    assert_eq!(faults, "HEAD manifest=status:503*1\n");
    assert_eq!(said(&["sandbox", "fault", "--clear"], 0), "no faults\n");
    said(&["sandbox", "fault", "GET base=cut"], 0);
    let mistyped = said(&["sandbox", "fault", "GET bass=cut"], 2);
    assert!(mistyped.contains("did you mean GET base"), "{mistyped}");

    let places: Value = {
        let output = run(&["sandbox", "places", "-o", "json"]);
        serde_json::from_str(&stdout(&output)).unwrap()
    };
    let own = places.as_array().unwrap().iter();
    let own = own.filter(|place| place["host"] == **mirror);
    assert_eq!(own.count(), 1);
    let mistyped = said(&["sandbox", "push", "ocl", "team/api:v90"], 2);
    let says = "error: unknown registry \"ocl\"; did you mean oci?\n";
    assert_eq!(mistyped, says);
    let stranger = said(&["sandbox", "places", "--token", "x"], 7);
    assert!(stranger.contains("missing or wrong token"), "{stranger}");
}
