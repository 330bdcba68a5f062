//! The registry as a test subject, and who may log in there.

use jiff::SignedDuration;
use serde_json::Value;

use super::Trial;
use super::alibabacloud_trial::{FLEET, TARGET};
use super::registry::enters;
use super::subjects::{Answer, Subject};
use crate::world::alibabacloud;
use crate::world::{self, Place, Source};

/// The instance of the fleet.
#[derive(Debug)]
pub(super) struct Alibabacloud;

impl Subject for Alibabacloud {
    fn source(&self) -> Source {
        alibabacloud::REGISTRY
    }

    fn destination(&self) -> Place {
        alibabacloud::instance(TARGET)
    }

    fn stocked(&self) -> Place {
        alibabacloud::instance(world::alibabacloud::FLEET_TARGET_IDS[2])
    }

    fn nowhere(&self) -> Place {
        alibabacloud::instance("none")
    }

    fn count<'a>(&'a self, trial: &'a Trial) -> Answer<'a, usize> {
        Box::pin(async move { trial.tasks("r1").await.len() })
    }

    fn newest<'a>(&'a self, trial: &'a Trial) -> Answer<'a, String> {
        Box::pin(async move {
            let place = self.destination();
            let tasks = trial.tasks("r1").await;
            let there = |task: &&Value| task["ImageTo"]["InstanceId"] == place.id();
            let state = tasks.iter().find(there).unwrap()["TaskStatus"].clone();
            state.as_str().unwrap().to_lowercase()
        })
    }

    fn stop_rules<'a>(&'a self, trial: &'a Trial) -> Answer<'a, ()> {
        Box::pin(async move {
            let given = [FLEET, ("NamespaceName", "team")];
            let rules = trial.done("ListRepoSyncRule", &given).await;
            for rule in rules["SyncRules"].as_array().unwrap() {
                let id = rule["SyncRuleId"].as_str().unwrap();
                trial
                    .done("DeleteRepoSyncRule", &[FLEET, ("SyncRuleId", id)])
                    .await;
            }
        })
    }
}

#[tokio::test]
async fn who_may_log_in() {
    let trial = Trial::start().await;
    let own = trial.done("GetAuthorizationToken", &[FLEET]).await;
    let (user, token) = (
        own["TempUsername"].as_str().unwrap(),
        own["AuthorizationToken"].as_str().unwrap(),
    );
    let registry = Place::from(alibabacloud::REGISTRY);
    let target = alibabacloud::instance(world::alibabacloud::FLEET_TARGET_IDS[0]);
    let (id, hidden) = (
        world::alibabacloud::ACCESS_KEY_ID,
        world::alibabacloud::ACCESS_KEY_SECRET,
    );
    for (place, user, password, status) in [
        (&registry, user, token, 200),
        (&registry, user, hidden, 401),
        (&registry, id, hidden, 200),
        (&registry, id, token, 401),
        (&target, user, token, 401),
        (&target, id, hidden, 200),
    ] {
        enters(&trial, place, (user, password), status).await;
    }
    trial.pass(SignedDuration::from_hours(1));
    // The token has expired.
    enters(&trial, &registry, (user, token), 401).await;
}
