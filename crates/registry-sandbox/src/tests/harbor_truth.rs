//! The registry as a test subject.

use serde_json::json;

use super::Trial;
use super::harbor_trial::policy;
use super::subjects::{Answer, Subject};
use crate::world::harbor::{PUSH_POLICIES, REGISTRY, TARGETS, registry};
use crate::world::{Place, Source};

/// The Harbor at the sandbox's endpoint.
#[derive(Debug)]
pub(super) struct Harbor;

impl Subject for Harbor {
    fn source(&self) -> Source {
        REGISTRY
    }

    fn destination(&self) -> Place {
        registry(TARGETS[0])
    }

    fn nowhere(&self) -> Place {
        registry("none")
    }

    fn has_lag(&self) -> bool {
        true
    }

    fn has_tokens(&self) -> bool {
        false
    }

    fn count<'a>(&'a self, trial: &'a Trial) -> Answer<'a, usize> {
        Box::pin(async move {
            let all = trial.seen("replication/executions?page_size=0").await;
            let own = all.as_array().unwrap().iter();
            let own = own.filter_map(|execution| execution["policy_id"].as_i64());
            own.filter(|policy| PUSH_POLICIES.contains(policy)).count()
        })
    }

    fn newest<'a>(&'a self, trial: &'a Trial) -> Answer<'a, String> {
        Box::pin(async move {
            let execution = &trial.replications(PUSH_POLICIES[0]).await[0];
            let task = &trial.replication_tasks(execution).await[0];
            task["status"].as_str().unwrap().to_lowercase()
        })
    }

    fn stop_rules<'a>(&'a self, trial: &'a Trial) -> Answer<'a, ()> {
        Box::pin(async move {
            for id in PUSH_POLICIES {
                let mut off = policy(&format!("off-{id}"), "team/api", "event_based");
                off["enabled"] = json!(false);
                let path = format!("replication/policies/{id}");
                assert_eq!(trial.harbor("PUT", &path, &off).await.status, 200);
            }
        })
    }
}
