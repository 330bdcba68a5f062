//! Tests of the control API, and of faults over a socket.

use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::registry::Door;
use super::{Response, Trial};
use crate::Options;
use crate::control::{
    ClockRequest, ControlClient, ControlError, DecideRequest, FaultRules, ImageRequest,
    PlannedOutcome, PushRequest,
};
use crate::image;
use crate::world::distribution::{MIRRORS, SOURCE, registry};

const IMAGE: &str = "team/new:r1";

async fn controlled() -> (Trial, ControlClient) {
    let trial = Trial::with(Options::default().controlled()).await;
    let client = ControlClient::of(trial.sandbox.control().unwrap()).unwrap();
    (trial, client)
}

fn image(place: &str) -> ImageRequest {
    ImageRequest {
        place: place.to_owned(),
        image: IMAGE.to_owned(),
    }
}

fn push(place: &str) -> PushRequest {
    PushRequest {
        place: place.to_owned(),
        image: IMAGE.to_owned(),
        ..PushRequest::default()
    }
}

impl Trial {
    async fn control(&self, method: &str, target: &str, token: &str, body: &str) -> Response {
        let mut request = self.request(method, target, body.to_owned());
        let token = token.parse().unwrap();
        request.headers.insert("authorization", token);
        self.send(target, &request).await
    }
}

#[tokio::test]
async fn nothing_is_controlled_without_the_token() {
    let (trial, _) = controlled().await;
    let token = trial.sandbox.control().unwrap().token.clone();
    assert!(!format!("{:?}", trial.sandbox.control()).contains(&token));
    let body = json!({"forward": "1h"}).to_string();
    let before = trial.now();
    for wrong in [
        "",
        "Bearer",
        "Bearer ",
        "Bearer x",
        &format!("Basic {token}"),
        &format!("Bearer {}", &token[1..]),
        &format!("Bearer {token}0"),
    ] {
        for call in ["clock", "places", "none", ""] {
            let target = format!("/sandbox/v1/{call}");
            let answer = trial.control("POST", &target, wrong, &body).await;
            assert_eq!(answer.status, 401, "{wrong} {call}");
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
        }
    }
    assert_eq!(trial.sandbox.now(), before);
    let right = format!("Bearer {token}");
    let answer = trial
        .control("POST", "/sandbox/v1/clock", &right, &body)
        .await;
    assert_eq!(answer.status, 200);
    let hour = trial.sandbox.now().duration_since(before);
    assert_eq!(hour.as_secs(), 3600);
    // A sandbox without control does not have these paths.
    let plain = Trial::start().await;
    assert_eq!(plain.sandbox.control(), None);
    let answer = plain
        .control("POST", "/sandbox/v1/clock", &right, &body)
        .await;
    assert_eq!(answer.status, 404);
    let wrong = ControlClient::new(&plain.sandbox.endpoint(), token).unwrap();
    let error = wrong.places().await.unwrap_err();
    assert!(matches!(error, ControlError::Answer { .. }), "{error}");
}

#[tokio::test]
async fn refusals_say_what_to_write() {
    let (trial, client) = controlled().await;
    let token = format!("Bearer {}", trial.sandbox.control().unwrap().token);
    for (method, call, body, status, expected) in [
        ("GET", "push", "", 405, "use POST"),
        ("PUT", "faults", "", 405, "use GET or POST or DELETE"),
        (
            "GET",
            "plases",
            "",
            404,
            "unknown call \"plases\"; use one of places, push",
        ),
        ("POST", "push", "{", 400, "invalid body: "),
        (
            "POST",
            "clock",
            "{\"forward\":\"1h\",\"x\":1}",
            400,
            "invalid body: unknown field `x`",
        ),
        (
            "POST",
            "clock",
            "{\"forward\":\"-1h\"}",
            400,
            "invalid duration \"-1h\"; the clock goes forward only",
        ),
        (
            "POST",
            "clock",
            "{\"forward\":\"999999h\"}",
            400,
            "the clock can be at most 10 years ahead",
        ),
        (
            "POST",
            "faults",
            "{\"rules\":[\"*=503\",\"*=slow\"]}",
            400,
            "invalid action \"slow\"",
        ),
    ] {
        let target = format!("/sandbox/v1/{call}");
        let answer = trial.control(method, &target, &token, body).await;
        let reason = answer.body["error"].as_str().unwrap();
        assert_eq!(answer.status, status, "{reason}");
        assert!(reason.starts_with(expected), "{reason}");
    }
    assert_eq!(client.faults().await.unwrap(), FaultRules::default());
    for (place, expected) in [
        ("ocl", "unknown registry \"ocl\"; did you mean oci?"),
        ("zzz", "unknown registry \"zzz\"; use one of "),
        (
            "oci/miror-1",
            "oci has no place \"miror-1\"; did you mean mirror-1?",
        ),
        ("oci/mirror-1", "oci/mirror-1 takes no pushes; push to oci"),
    ] {
        let error = client.push(&push(place)).await.unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
    for (name, expected) in [
        ("team/new", "team/new has no tag; write team/new:TAG"),
        (
            "new:r1",
            "invalid image \"new:r1\"; write NAMESPACE/REPOSITORY:TAG",
        ),
    ] {
        let request = ImageRequest {
            place: "oci".to_owned(),
            image: name.to_owned(),
        };
        let error = client.holds(&request).await.unwrap_err().to_string();
        assert_eq!(error, expected);
    }
    // A body beyond the limit, which is announced and never sent.
    let mut stream = TcpStream::connect(trial.host()).await.unwrap();
    let head = format!(
        "POST /sandbox/v1/push HTTP/1.1\r\nhost: sandbox\r\nauthorization: {token}\r\n\
         content-length: 1048577\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut start = [0; 12];
    stream.read_exact(&mut start).await.unwrap();
    assert_eq!(&start, b"HTTP/1.1 413");
    for url in [
        "",
        "sandbox",
        "https://127.0.0.1:1",
        "http://127.0.0.1:1/x",
        "http://u@h:1",
    ] {
        assert!(ControlClient::new(url, "t").is_err(), "{url}");
    }
}

#[tokio::test]
async fn a_client_pushes_decides_loses_and_moves_the_clock() {
    let (trial, client) = controlled().await;
    let [one, two] = MIRRORS.map(|id| format!("oci/{id}"));
    let outcome = PlannedOutcome::FailsFirst(1);
    let decided = DecideRequest {
        image: IMAGE.to_owned(),
        destination: Some(MIRRORS[1].to_owned()),
        outcome,
    };
    client.decide(&decided).await.unwrap();
    let pushed = client.push(&push("oci")).await.unwrap().digest;
    assert!(
        pushed
            .as_ref()
            .is_some_and(|digest| digest.starts_with("sha256:"))
    );
    let other = client.push(&push("oci/source")).await.unwrap().digest;
    assert_ne!(pushed, other, "each push is a new image");
    let holds = async |place: &str| client.holds(&image(place)).await.unwrap().digest;
    assert_eq!(holds("oci").await, other);
    assert_eq!(holds(&one).await, None);
    let forward = |text: &str| ClockRequest {
        forward: text.to_owned(),
    };
    let moved = client.clock(&forward("+7s")).await.unwrap();
    assert_eq!(moved.now.duration_since(trial.now()).as_secs(), 7);
    assert_eq!(
        (holds(&one).await, holds(&two).await),
        (other.clone(), None)
    );
    client.clock(&forward("15s")).await.unwrap();
    assert_eq!(holds(&two).await, other);
    assert!(client.lose(&image(&two)).await.unwrap().lost);
    assert!(!client.lose(&image(&two)).await.unwrap().lost);
    assert_eq!((holds(&one).await, holds(&two).await), (other, None));

    let places = client.places().await.unwrap();
    let names: Vec<_> = places.iter().map(|place| place.place.as_str()).collect();
    assert!(names.contains(&"oci/source") && names.contains(&one.as_str()));
    let sources: Vec<_> = places.iter().filter(|place| place.takes_pushes).collect();
    let served = sources
        .iter()
        .find(|place| place.registry == SOURCE.provider());
    assert_eq!(
        served.unwrap().host,
        trial.sandbox.serve(&SOURCE.into()).unwrap().host()
    );
    let anonymous = places.iter().find(|place| place.place == two).unwrap();
    assert_eq!(anonymous.login, None);
}

#[tokio::test]
async fn health_needs_no_token() {
    for trial in [Trial::start().await, controlled().await.0] {
        let answer = trial
            .send("/health", &trial.request("GET", "/health", ""))
            .await;
        assert_eq!(
            (answer.status, answer.body),
            (200, json!({"status": "ready"}))
        );
        let answer = trial
            .send("/health", &trial.request("POST", "/health", ""))
            .await;
        assert_eq!(answer.status, 405);
    }
}

#[tokio::test]
async fn faults_spoil_answers_at_all_ports() {
    let (trial, client) = controlled().await;
    let rules = |rules: &[&str]| FaultRules {
        rules: rules.iter().map(ToString::to_string).collect(),
    };
    let door = Door::open(&trial, &registry(MIRRORS[1])).await;
    let target = "/v2/team/api/manifests/v41";
    let added = client
        .add_faults(&rules(&["HEAD manifest=503*2"]))
        .await
        .unwrap();
    assert_eq!(added, rules(&["HEAD manifest=status:503*2"]));
    for status in [503, 503, 200] {
        assert_eq!(door.ask("HEAD", target).await.status, status);
    }
    client
        .add_faults(&rules(&["GET manifest=cut"]))
        .await
        .unwrap();
    let answer = door.ask("GET", target).await;
    let whole = image::of("team/api:v41", None).manifest;
    let length = whole.len().to_string();
    assert_eq!(answer.header("content-length"), Some(length.as_str()));
    assert_eq!(answer.body, whole[..whole.len() / 2], "half of the body");
    client.clear_faults().await.unwrap();
    let answer = door.ask("GET", target).await;
    assert_eq!(answer.body.to_string(), whole);

    client
        .add_faults(&rules(&["ShowSyncJob=hang"]))
        .await
        .unwrap();
    let target = "/v2/manage/namespaces/test/repos/a/sync_job?filter=x";
    let request = trial.request("GET", target, "");
    let hangs = trial.send(target, &request);
    let hangs = tokio::time::timeout(Duration::from_millis(200), hangs).await;
    assert!(hangs.is_err(), "the call is not answered");
    client.clear_faults().await.unwrap();
    assert_eq!(trial.send(target, &request).await.status, 401);
    let statuses = trial.sandbox.received();
    let faulty = statuses.iter().filter(|one| one.status == 503).count();
    assert_eq!(faulty, 2, "the log has the status that was sent");
}
