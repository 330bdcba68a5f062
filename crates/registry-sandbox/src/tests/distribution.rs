//! Registries without rules and tasks, and answers at their ports that a test changes.

use serde_json::{Value, json};

use super::Trial;
use super::registry::{Door, code};
use crate::Outcome;
use crate::image;
use crate::world::distribution::{MIRRORS, SOURCE, registry};
use crate::world::{FLEET_TAG_ARRIVED, FLEET_TAG_RUNNING, Place};

const IMAGE: &str = "team/new";
const TARGET: &str = "/v2/team/new/manifests/r1";

impl Trial {
    fn at(&self, id: &str) -> Option<String> {
        self.sandbox.holds(&registry(id), IMAGE, "r1")
    }

    fn push_new(&self, content: &str) -> Option<String> {
        self.sandbox.push(SOURCE, IMAGE, "r1", content).ok()
    }
}

/// Returns the manifest of a text that was pushed.
fn manifest(text: &str) -> Value {
    serde_json::from_str(&image::of(text, None).manifest).unwrap()
}

#[tokio::test]
async fn a_push_is_copied_to_each_mirror_as_decided() {
    let [first, second] = MIRRORS;
    for (outcome, from) in [
        (Outcome::Succeeds, Some(7)),
        (Outcome::FailsFirst(1), Some(22)),
        (Outcome::Fails, None),
        (Outcome::Stalls, None),
    ] {
        let trial = Trial::start().await;
        trial.sandbox.decide(IMAGE, None, Some(second), outcome);
        let digest = trial.push_new("one");
        assert_eq!(trial.at(SOURCE.id()), digest);
        assert_eq!((trial.at(first), trial.at(second)), (None, None));
        let from = from.unwrap_or(9999);
        trial.seconds(from - 1);
        assert_eq!(trial.at(second), None, "{outcome:?}");
        trial.seconds(1);
        assert_eq!(trial.at(second), digest.clone().filter(|_| from < 9999));
        assert_eq!(trial.at(first), digest);
    }
}

#[tokio::test]
async fn a_copy_has_what_the_source_had_when_its_attempt_began() {
    let [mirror, other] = MIRRORS;
    let trial = Trial::start().await;
    let source = Place::from(SOURCE);
    let one = trial.push_new("one");
    trial.seconds(1);
    assert!(trial.sandbox.forget(&source, IMAGE, "r1"));
    trial.seconds(6);
    assert_eq!(trial.at(mirror), None, "there was nothing to copy");
    let two = trial.push_new("two");
    trial.seconds(7);
    assert_eq!(trial.at(mirror), two);
    assert_ne!(one, two);
    // The retry of the first copy finds the same.
    trial.seconds(60);
    assert_eq!(trial.at(mirror), two);
    assert!(trial.sandbox.forget(&registry(mirror), IMAGE, "r1"));
    assert_eq!((trial.at(mirror), trial.at(other)), (None, two));
}

#[tokio::test]
async fn each_registry_has_its_own_way_to_log_in() {
    let trial = Trial::start().await;
    let target = |tag| format!("/v2/team/api/manifests/{tag}");
    for (id, refusal, has_all) in [
        (SOURCE.id(), Some("Bearer"), true),
        (MIRRORS[0], Some("Basic"), true),
        (MIRRORS[1], None, false),
    ] {
        let place = registry(id);
        let door = Door::open(&trial, &place).await;
        let answer = door.ask("GET", &target(FLEET_TAG_ARRIVED)).await;
        let challenge = answer.header("www-authenticate");
        let scheme = challenge.and_then(|challenge| challenge.split(' ').next());
        assert_eq!(scheme, refusal, "{id}");
        let door = match refusal {
            Some(_) => Door::opened(&trial, &place).await,
            None => door,
        };
        let answer = door.ask("GET", &target(FLEET_TAG_ARRIVED)).await;
        let name = format!("team/api:{FLEET_TAG_ARRIVED}");
        assert_eq!(answer.body, manifest(&name), "{id}");
        let status = door.ask("HEAD", &target(FLEET_TAG_RUNNING)).await.status;
        assert_eq!(status, if has_all { 200 } else { 404 }, "{id}");
    }
    let open = Door::open(&trial, &registry(MIRRORS[1])).await;
    assert_eq!(open.ask("GET", "/token").await.status, 404);
}

#[tokio::test]
async fn answers_of_a_registry_can_be_changed() {
    let trial = Trial::start().await;
    let digest = trial.push_new("one").unwrap();
    trial.seconds(7);
    let [one, other] = MIRRORS.map(registry);
    let doors = [
        Door::opened(&trial, &one).await,
        Door::open(&trial, &other).await,
    ];
    trial.sandbox.on_answer(move |answer| {
        if answer.place.as_ref() != Some(&one) {
            return;
        }
        match answer.operation.as_str() {
            "HEAD manifest" => {
                assert_eq!(answer.target, TARGET);
                assert_eq!(answer.headers["docker-content-digest"], digest);
                let stale = format!("sha256:{}", "0".repeat(64));
                let header = "docker-content-digest".to_owned();
                answer.headers.insert(header, stale);
            }
            "GET manifest" => {
                let body = answer.body.as_str().unwrap();
                assert_eq!(
                    serde_json::from_str::<Value>(body).unwrap(),
                    manifest("one")
                );
                answer.status = 429;
                answer
                    .headers
                    .insert("retry-after".to_owned(), "7".to_owned());
                answer.body = json!({"errors": [{"code": "TOOMANYREQUESTS"}]});
            }
            _ => {}
        }
    });
    for (door, changed) in doors.iter().zip([true, false]) {
        let head = door.ask("HEAD", TARGET).await;
        let stale = head
            .header("docker-content-digest")
            .unwrap()
            .ends_with("000");
        assert_eq!(stale, changed);
        let get = door.ask("GET", TARGET).await;
        match changed {
            true => {
                assert_eq!((get.status, code(&get)), (429, "TOOMANYREQUESTS"));
                assert_eq!(get.header("retry-after"), Some("7"));
                assert_eq!(get.header("content-length"), Some("39"));
            }
            false => assert_eq!((get.status, get.body), (200, manifest("one"))),
        }
    }
    let received = trial.sandbox.received();
    let statuses = received.iter().map(|request| request.status);
    assert_eq!(statuses.filter(|status| *status == 429).count(), 1);
}
