//! Tests of the registries' true state, of losses, and of the answers after them.

use serde_json::{Value, json};

use super::Trial;
use super::alibabacloud_trial::{FLEET, TARGET};
use super::huaweicloud_trial::{here, policy, there};
use crate::encoding::encode;
use crate::world::alibabacloud;
use crate::world::huaweicloud;
use crate::world::{self, Place, Source};

/// Returns pairs of a source registry and a destination. The fleet's rules copy each push.
pub(super) fn ends() -> [(Source, Place); 3] {
    [
        (
            huaweicloud::ENTERPRISE,
            huaweicloud::enterprise(world::huaweicloud::TARGET_INSTANCE_ID),
        ),
        (
            huaweicloud::BASIC,
            huaweicloud::basic(world::huaweicloud::FLEET_BASIC_REGIONS[1]),
        ),
        (alibabacloud::REGISTRY, alibabacloud::instance(TARGET)),
    ]
}

pub(super) const IMAGE: &str = "team/api";

impl Trial {
    pub(super) fn pushed(&self, to: Source, content: &str) -> String {
        self.sandbox.push(to, IMAGE, "r1", content).unwrap()
    }

    pub(super) fn held(&self, place: &Place) -> Option<String> {
        self.sandbox.holds(place, IMAGE, "r1")
    }

    fn lost(&self, place: &Place) -> bool {
        self.sandbox.forget(place, IMAGE, "r1")
    }

    /// Returns the state of the newest task of the image, in the vendor's words.
    async fn newest(&self, registry: Source, place: &Place) -> String {
        let task = match registry {
            huaweicloud::ENTERPRISE => {
                let run = &self
                    .executions_of(world::huaweicloud::FLEET_PUSH_POLICY)
                    .await[0];
                self.tasks_of(run["id"].as_i64().unwrap()).await[0]["status"].clone()
            }
            huaweicloud::BASIC => {
                let jobs = self.basic_jobs(10).await;
                let there = |job: &&Value| {
                    job["remoteRegionId"] == world::huaweicloud::FLEET_BASIC_REGIONS[1]
                };
                jobs.iter().find(there).unwrap()["status"].clone()
            }
            alibabacloud::REGISTRY => {
                let tasks = self.tasks("r1").await;
                let there = |task: &&Value| task["ImageTo"]["InstanceId"] == place.id();
                tasks.iter().find(there).unwrap()["TaskStatus"].clone()
            }
            other => panic!("{other:?}"),
        };
        task.as_str().unwrap().to_lowercase()
    }

    pub(super) async fn basic_jobs(&self, limit: usize) -> Vec<Value> {
        let filter = encode(&format!("limit::{limit}|offset::0"));
        let target = format!("/v2/manage/namespaces/team/repos/api/sync_job?filter={filter}");
        self.get(&target).await.body.as_array().unwrap().clone()
    }
}

#[tokio::test]
async fn the_truth_is_told_of_every_place() {
    for (source, destination) in ends() {
        let trial = Trial::start().await;
        let own = Place::from(source);
        assert_eq!(trial.held(&own), None);
        let digest = trial.pushed(source, "one");
        assert_eq!(trial.held(&own).as_ref(), Some(&digest), "{own}");
        trial.seconds(6);
        assert_eq!(trial.held(&destination), None, "{destination}");
        trial.seconds(1);
        assert_eq!(trial.held(&destination), Some(digest), "{destination}");
        for (repository, tag) in [("team/none", "r1"), (IMAGE, "r9"), ("api", "r1")] {
            assert_eq!(trial.sandbox.holds(&destination, repository, tag), None);
            assert!(!trial.sandbox.forget(&destination, repository, tag));
        }
    }
    let trial = Trial::start().await;
    for nowhere in [
        huaweicloud::enterprise("none"),
        huaweicloud::basic("mars"),
        alibabacloud::instance("none"),
    ] {
        assert_eq!(trial.held(&nowhere), None);
        assert!(!trial.lost(&nowhere));
    }
    // Images that existed from the start.
    for place in [
        Place::from(huaweicloud::ENTERPRISE),
        huaweicloud::enterprise(world::huaweicloud::TARGET_INSTANCE_ID),
        Place::from(huaweicloud::BASIC),
        huaweicloud::basic(world::huaweicloud::FLEET_BASIC_REGIONS[2]),
        Place::from(alibabacloud::REGISTRY),
        alibabacloud::instance(world::alibabacloud::FLEET_TARGET_IDS[2]),
    ] {
        let held = trial.sandbox.holds(&place, IMAGE, world::FLEET_TAG_ARRIVED);
        assert!(held.is_some(), "{place}");
    }
}

#[tokio::test]
async fn what_is_lost_comes_back_with_the_next_copy() {
    for (source, destination) in ends() {
        let trial = Trial::start().await;
        let digest = trial.pushed(source, "one");
        trial.seconds(7);
        assert!(trial.lost(&destination), "{destination}");
        assert!(!trial.lost(&destination), "twice");
        assert_eq!(trial.held(&destination), None);
        trial.seconds(999);
        assert_eq!(trial.held(&destination), None, "by itself it stays away");
        trial.pushed(source, "one");
        trial.seconds(7);
        assert_eq!(trial.held(&destination), Some(digest), "{destination}");
    }
    let trial = Trial::start().await;
    let digest = trial.pushed(huaweicloud::ENTERPRISE, "one");
    let artifact = "namespaces/team/repositories/api/artifacts";
    trial.seconds(7);
    trial.lost(&ends()[0].1);
    for reference in ["r1", &digest] {
        let target = there(&format!("{artifact}/{reference}"));
        assert_eq!(trial.get(&target).await.status, 404, "{reference}");
    }
}

#[tokio::test]
async fn an_attempt_that_finds_nothing_fails() {
    // Seconds after the push at which the source loses the image and gets another one; states by
    // seconds; and the content that has arrived in the end.
    for (lost, again, looks, arrives) in [
        // Before the attempt begins, for good.
        (1, None, vec![(6, "run"), (7, "fail"), (9999, "fail")], None),
        // The next attempt finds another image.
        (
            1,
            Some(12),
            vec![(7, "fail"), (17, "run"), (22, "done")],
            Some("two"),
        ),
        // It existed again when the attempt began.
        (1, Some(2), vec![(7, "done")], Some("two")),
        // The attempt had begun.
        (3, None, vec![(6, "run"), (7, "done")], Some("one")),
    ] {
        for (source, destination) in ends() {
            let trial = Trial::start().await;
            let one = trial.pushed(source, "one");
            trial.seconds(lost);
            assert!(trial.lost(&Place::from(source)));
            let mut passed = lost;
            let mut two = None;
            if let Some(at) = again {
                trial.seconds(at - passed);
                passed = at;
                // So that only the first task copies it there.
                stop_rules(&trial, source).await;
                two = Some(trial.pushed(source, "two"));
            }
            for (at, state) in &looks {
                if *at < passed {
                    continue;
                }
                trial.seconds(at - passed);
                passed = *at;
                let newest = trial.newest(source, &destination).await;
                let words: &[_] = match *state {
                    "run" => &["running", "inprogress", "synchronizing"],
                    "fail" => &["failed", "error"],
                    _ => &["success", "succeed"],
                };
                assert!(
                    words.contains(&newest.as_str()),
                    "{destination}: {newest} at {at}"
                );
            }
            let expected = match arrives {
                Some("one") => Some(one),
                Some(_) => two,
                None => None,
            };
            assert_eq!(trial.held(&destination), expected, "{destination}");
        }
    }
}

/// Stops the rules that run on pushes.
async fn stop_rules(trial: &Trial, source: Source) {
    match source {
        huaweicloud::ENTERPRISE => {
            let mut off = policy("team-on-push", "team/**", "event_based");
            off["enabled"] = json!(false);
            let target = here(&format!(
                "replication/policies/{}",
                world::huaweicloud::FLEET_PUSH_POLICY
            ));
            assert_eq!(trial.send_json("PUT", &target, &off).await.0, 200);
        }
        huaweicloud::BASIC => {
            for region in world::huaweicloud::FLEET_BASIC_REGIONS {
                let rule = json!({"remoteRegionId": region, "remoteNamespace": "team"});
                let target = "/v2/manage/namespaces/team/repos/api/sync_repo";
                let status = trial.send_json("DELETE", target, &rule).await.0;
                assert_eq!(status, 200);
            }
        }
        alibabacloud::REGISTRY => {
            let given = [FLEET, ("NamespaceName", "team")];
            let rules = trial.done("ListRepoSyncRule", &given).await;
            for rule in rules["SyncRules"].as_array().unwrap() {
                let id = rule["SyncRuleId"].as_str().unwrap();
                trial
                    .done("DeleteRepoSyncRule", &[FLEET, ("SyncRuleId", id)])
                    .await;
            }
        }
        other => panic!("{other:?}"),
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
    let destination = &ends()[0].1;
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
