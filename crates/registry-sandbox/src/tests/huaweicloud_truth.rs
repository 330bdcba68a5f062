//! Both editions as test subjects, and what only they have of losses, disturbances and logins.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::Trial;
use super::huaweicloud_trial::{here, policy, there};
use super::registry::{Door, code, enters};
use super::subjects::{Answer, Subject};
use super::truth::IMAGE;
use crate::encoding::encode;
use crate::world::huaweicloud;
use crate::world::{self, Place, Source};
use crate::{Outcome, Pace};

/// The Enterprise edition.
#[derive(Debug)]
pub(super) struct HuaweicloudEnterprise;

impl Subject for HuaweicloudEnterprise {
    fn source(&self) -> Source {
        huaweicloud::ENTERPRISE
    }

    fn destination(&self) -> Place {
        huaweicloud::enterprise(world::huaweicloud::TARGET_INSTANCE_ID)
    }

    fn nowhere(&self) -> Place {
        huaweicloud::enterprise("none")
    }

    fn copies(&self) -> usize {
        1
    }

    fn has_lag(&self) -> bool {
        true
    }

    fn count<'a>(&'a self, trial: &'a Trial) -> Answer<'a, usize> {
        let policy = world::huaweicloud::FLEET_PUSH_POLICY;
        Box::pin(async move { trial.executions_of(policy).await.len() })
    }

    fn newest<'a>(&'a self, trial: &'a Trial) -> Answer<'a, String> {
        Box::pin(async move {
            let run = &trial
                .executions_of(world::huaweicloud::FLEET_PUSH_POLICY)
                .await[0];
            let state = trial.tasks_of(run["id"].as_i64().unwrap()).await[0]["status"].clone();
            state.as_str().unwrap().to_lowercase()
        })
    }

    fn stop_rules<'a>(&'a self, trial: &'a Trial) -> Answer<'a, ()> {
        Box::pin(async move {
            let mut off = policy("team-on-push", "team/**", "event_based");
            off["enabled"] = json!(false);
            let target = here(&format!(
                "replication/policies/{}",
                world::huaweicloud::FLEET_PUSH_POLICY
            ));
            assert_eq!(trial.send_json("PUT", &target, &off).await.0, 200);
        })
    }
}

/// The Basic edition.
#[derive(Debug)]
pub(super) struct HuaweicloudBasic;

impl Subject for HuaweicloudBasic {
    fn source(&self) -> Source {
        huaweicloud::BASIC
    }

    fn destination(&self) -> Place {
        huaweicloud::basic(world::huaweicloud::FLEET_BASIC_REGIONS[1])
    }

    fn stocked(&self) -> Place {
        huaweicloud::basic(world::huaweicloud::FLEET_BASIC_REGIONS[2])
    }

    fn nowhere(&self) -> Place {
        huaweicloud::basic("mars")
    }

    fn has_tokens(&self) -> bool {
        false
    }

    fn count<'a>(&'a self, trial: &'a Trial) -> Answer<'a, usize> {
        Box::pin(async move { trial.basic_jobs(999).await.len() })
    }

    fn newest<'a>(&'a self, trial: &'a Trial) -> Answer<'a, String> {
        Box::pin(async move {
            let jobs = trial.basic_jobs(10).await;
            let there =
                |job: &&Value| job["remoteRegionId"] == world::huaweicloud::FLEET_BASIC_REGIONS[1];
            let state = jobs.iter().find(there).unwrap()["status"].clone();
            state.as_str().unwrap().to_lowercase()
        })
    }

    fn stop_rules<'a>(&'a self, trial: &'a Trial) -> Answer<'a, ()> {
        Box::pin(async move {
            for region in world::huaweicloud::FLEET_BASIC_REGIONS {
                let rule = json!({"remoteRegionId": region, "remoteNamespace": "team"});
                let target = "/v2/manage/namespaces/team/repos/api/sync_repo";
                let status = trial.send_json("DELETE", target, &rule).await.0;
                assert_eq!(status, 200);
            }
        })
    }
}

impl Trial {
    async fn basic_jobs(&self, limit: usize) -> Vec<Value> {
        let filter = encode(&format!("limit::{limit}|offset::0"));
        let target = format!("/v2/manage/namespaces/team/repos/api/sync_job?filter={filter}");
        self.get(&target).await.body.as_array().unwrap().clone()
    }
}

#[tokio::test]
async fn a_lost_image_has_no_artifact() {
    let trial = Trial::start().await;
    let digest = trial.pushed(huaweicloud::ENTERPRISE, "one");
    let artifact = "namespaces/team/repositories/api/artifacts";
    trial.seconds(7);
    trial.lost(&HuaweicloudEnterprise.destination());
    for reference in ["r1", &digest] {
        let target = there(&format!("{artifact}/{reference}"));
        assert_eq!(trial.get(&target).await.status, 404, "{reference}");
    }
}

#[tokio::test]
async fn work_takes_effect_in_the_order_of_its_ends() {
    let trial = Trial::start().await;
    // To the target under another namespace, directly and by way of a third one.
    let mut direct = policy("direct", "library/**", "event_based");
    direct["dest_namespace"] = json!("second");
    let mut first = policy("first", "library/**", "event_based");
    first["dest_registry"] = json!({"id": own_registry(&trial).await});
    first["dest_namespace"] = json!("middle");
    let mut second = policy("second", "middle/**", "event_based");
    second["dest_namespace"] = json!("second");
    for policy in [&first, &second] {
        trial.created_policy(policy).await;
    }
    // By way of the middle it takes 14 seconds. There is no other way yet.
    let one = trial.pushed_enterprise("library/shop", "v1", "one");
    trial.seconds(3);
    trial.created_policy(&direct).await;
    // Directly it takes 7, and is there after 10; the first comes later, and then this one again.
    let two = trial.pushed_enterprise("library/shop", "v1", "two");
    let destination = &HuaweicloudEnterprise.destination();
    for (seconds, expected) in [(6, None), (1, Some(&two)), (4, Some(&one)), (3, Some(&two))] {
        trial.seconds(seconds);
        let held = trial.sandbox.holds(destination, "second/shop", "v1");
        assert_eq!(held.as_ref(), expected, "after {seconds} more");
    }
    // Without a call in between: the first arrives through the middle after 14 seconds, and the
    // second directly after 15.
    trial.pushed_enterprise("library/other", "v1", "one");
    trial.seconds(8);
    let two = trial.pushed_enterprise("library/other", "v1", "two");
    trial.seconds(8);
    let held = trial.sandbox.holds(destination, "second/other", "v1");
    assert_eq!(held, Some(two));
}

/// Creates a target registry that is the instance itself.
async fn own_registry(trial: &Trial) -> Value {
    let body = json!({
        "name": "itself",
        "type": "swr-pro-internal",
        "url": "https://itself.example.com",
        "project_id": world::huaweicloud::PROJECT_ID,
        "region_id": world::huaweicloud::REGION,
        "instance_id": world::huaweicloud::INSTANCE_ID,
        "credential": {"type": "basic", "access_key": "user", "access_secret": "word"},
        "insecure": false,
    });
    let (status, made) = trial.send_json("POST", &here("registries"), &body).await;
    assert_eq!(status, 201, "{made}");
    made["id"].clone()
}

#[tokio::test]
async fn a_target_registry_says_what_it_is() {
    let trial = Trial::start().await;
    let listed = trial.get(&here("registries")).await.body;
    let registry = &listed["registries"][0];
    assert_eq!(registry["id"], world::huaweicloud::EXAMPLE_REGISTRY);
    assert_eq!(registry["region_id"], world::huaweicloud::TARGET_REGION);
    assert_eq!(
        registry["instance_id"],
        world::huaweicloud::TARGET_INSTANCE_ID
    );
    own_registry(&trial).await;
    let listed = trial.get(&here("registries")).await.body;
    let registries = listed["registries"].as_array().unwrap();
    let own = registries.iter().find(|own| own["name"] == "itself");
    let own = own.unwrap();
    assert_eq!(own["region_id"], world::huaweicloud::REGION);
    assert_eq!(own["instance_id"], world::huaweicloud::INSTANCE_ID);
}

#[tokio::test]
async fn the_record_of_an_execution_can_lag_behind() {
    let trial = Trial::start().await;
    let pace = Pace::USUAL.with_lag(SignedDuration::from_secs(30));
    trial.sandbox.set_pace(pace);
    trial.sandbox.decide(IMAGE, None, None, Outcome::Fails);
    trial.pushed(huaweicloud::ENTERPRISE, "one");
    for (seconds, task, record, failed) in [
        (36, "InProgress", "InProgress", 0),
        (1, "Failed", "InProgress", 0),
        (29, "Failed", "InProgress", 0),
        (1, "Failed", "Failed", 1),
    ] {
        trial.seconds(seconds);
        let run = &trial
            .executions_of(world::huaweicloud::FLEET_PUSH_POLICY)
            .await[0];
        let tasks = trial.tasks_of(run["id"].as_i64().unwrap()).await;
        assert_eq!(tasks[0]["status"], task);
        assert_eq!(run["status"], record);
        assert_eq!(run["failed"], failed);
        assert_eq!(run["in_progress"], 1 - failed);
    }
}

#[tokio::test]
async fn a_hook_can_do_anything_between_two_calls() {
    let Trial { sandbox, now } = Trial::start().await;
    let trial = Arc::new(Trial { sandbox, now });
    let (weak, calls) = (Arc::downgrade(&trial), Arc::new(AtomicUsize::new(0)));
    let counted = Arc::clone(&calls);
    trial.sandbox.on_request(move |operation| {
        counted.fetch_add(1, Ordering::Relaxed);
        let Some(trial) = weak.upgrade() else { return };
        match operation {
            "ListInstanceReplicationPolicyExecutions" => {
                trial.pushed(huaweicloud::ENTERPRISE, "one");
                trial.seconds(7);
                trial.sandbox.purge_tasks(huaweicloud::ENTERPRISE, |_| true);
            }
            other => panic!("{other}"),
        }
    });
    let runs = trial
        .executions_of(world::huaweicloud::FLEET_PUSH_POLICY)
        .await;
    assert_eq!(runs.len(), 0);
    assert_eq!(calls.load(Ordering::Relaxed), 1);
    // A caller that is not admitted does not run the hook.
    let target = here("replication/executions");
    let request = trial.request("GET", &target, "");
    assert_eq!(trial.send(&target, &request).await.status, 401);
    assert_eq!(calls.load(Ordering::Relaxed), 1);
    assert_eq!(trial.sandbox.requests(), 2);
    let weak = Arc::downgrade(&trial);
    drop(trial);
    assert!(weak.upgrade().is_none());
}

#[tokio::test]
async fn who_may_log_in() {
    let trial = Trial::start().await;
    let (key, secret) = (
        world::huaweicloud::ACCESS_KEY,
        world::huaweicloud::SECRET_KEY,
    );
    // printf SANDBOXHUAWEIKEY0001 | openssl dgst -sha256 -hmac sandbox-secret-key-opens-…
    let login_key = "350abd44e35b0fcb58c5831db5b12124a7b98b75178f4c8ab3454fbe6aae9060";
    let here = format!("cn-north-4@{key}");
    let there = format!("cn-east-3@{key}");
    let (enterprise, basic) = (
        Place::from(huaweicloud::ENTERPRISE),
        Place::from(huaweicloud::BASIC),
    );
    let elsewhere = huaweicloud::basic("cn-east-3");
    for (place, user, password, status) in [
        (&enterprise, key, secret, 200),
        (&enterprise, key, login_key, 200),
        (&enterprise, key, "wrong", 401),
        (&enterprise, &here, login_key, 401),
        (&basic, &here, login_key, 200),
        (&basic, &here, secret, 401),
        (&basic, &there, login_key, 401),
        (&basic, key, login_key, 401),
        (&elsewhere, &there, login_key, 200),
    ] {
        enters(&trial, place, (user, password), status).await;
    }
}

#[tokio::test]
async fn bytes_of_the_vendors_example_are_not_made_up() {
    let trial = Trial::start().await;
    let (namespace, repository) = (
        world::huaweicloud::EXAMPLE_BASIC_NAMESPACE,
        world::huaweicloud::EXAMPLE_BASIC_JOB_REPOSITORY,
    );
    let place = huaweicloud::basic(world::huaweicloud::REGION);
    let name = format!("{namespace}/{repository}");
    let tags = format!("/v2/manage/namespaces/{namespace}/repos/{repository}/tags");
    let tags = trial.get(&tags).await.body;
    let tag = tags[0]["Tag"].as_str().unwrap();
    let held = trial.sandbox.holds(&place, &name, tag).unwrap();
    let door = Door::opened(&trial, &place).await;
    let target = format!("/v2/{name}/manifests/{tag}");
    let seen = door.ask("HEAD", &target).await;
    assert_eq!(seen.header("docker-content-digest"), Some(&*held));
    assert_eq!(seen.header("content-length"), Some("528"));
    let answer = door.ask("GET", &target).await;
    assert_eq!((answer.status, code(&answer)), (405, "UNSUPPORTED"));
}
