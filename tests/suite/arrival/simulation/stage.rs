//! The stage of a history: a sandbox, a registry with rules of its own, and its destinations.

use std::sync::Arc;

use alibabacloud_cr::Alibabacloud;
use huaweicloud_swr::Huaweicloud;
use openapi_transport::{Call, Context, Dialect};
use registry_replication::api::find;
use registry_replication::{Registry, oci};
use registry_sandbox::world::Place;
use registry_sandbox::{RegistryEndpoint, world};
use serde_json::{Value, json};

use super::super::Trial;
use super::history::{History, destinations};
use crate::clients;

/// A sandbox with everything that a history is about.
pub(crate) struct Stage {
    pub(crate) trial: Trial,
    pub(crate) of: world::Source,
    pub(crate) registry: Box<dyn Registry>,
    pub(crate) destinations: Vec<Destination>,
    context: Context,
    overwrites: bool,
}

/// Where rules copy to.
pub(crate) struct Destination {
    pub(crate) name: &'static str,
    pub(crate) place: Place,
    pub(crate) proof: oci::Client,
    /// Serves it until it is dropped.
    #[expect(dead_code, reason = "it is there to be dropped")]
    served: RegistryEndpoint,
    /// The id of Alibaba's instance there.
    instance: &'static str,
}

impl Stage {
    /// With a rule for each destination.
    pub(crate) async fn set(history: &History) -> Self {
        let stage = Self::bare(history.of, history.overwrites).await;
        for number in 0..stage.destinations.len() {
            if history.of != world::Source::Alibabacloud {
                stage.make_rule(number).await;
            }
        }
        stage
    }

    /// Without rules of its own.
    pub(crate) async fn bare(of: world::Source, overwrites: bool) -> Self {
        let trial = Trial::start().await;
        let registry = trial.registry(of).await;
        let provider: Arc<dyn Dialect> = match of {
            world::Source::Alibabacloud => Arc::new(Alibabacloud::new(
                clients::sandbox_alibaba_key(&trial.sandbox),
            )),
            _ => Arc::new(Huaweicloud::new(clients::sandbox_key(&trial.sandbox))),
        };
        let context = clients::sandbox_context(&trial.sandbox, provider, trial.configured());
        let mut all = Vec::new();
        for number in 0..destinations(of) {
            let (name, instance, place) = match of {
                world::Source::HuaweicloudEnterprise => (
                    world::HUAWEICLOUD_TARGET_REGION,
                    world::HUAWEICLOUD_TARGET_INSTANCE_ID,
                    Place::huaweicloud_enterprise(world::HUAWEICLOUD_TARGET_INSTANCE_ID),
                ),
                world::Source::HuaweicloudBasic => {
                    let region = world::FLEET_BASIC_REGIONS[number];
                    (region, "", Place::huaweicloud_basic(region))
                }
                _ => {
                    let instance = world::FLEET_ALIBABACLOUD_TARGET_IDS[number];
                    let region = world::FLEET_ALIBABACLOUD_REGIONS[number];
                    (region, instance, Place::alibabacloud(instance))
                }
            };
            let (served, proof) = trial.own_side(&place).await;
            all.push(Destination {
                name,
                served,
                proof,
                place,
                instance,
            });
        }
        let stage = Self {
            trial,
            of,
            registry,
            destinations: all,
            context,
            overwrites,
        };
        // The repository has to be there before it can have a rule.
        stage.push("seed", "seed");
        stage
    }

    /// A repository of its own. Of the fleet's rules, only those of Alibaba's instance cover it.
    pub(crate) fn repository(&self) -> (&'static str, &'static str) {
        match self.of {
            world::Source::HuaweicloudEnterprise => ("library", "sim"),
            _ => ("team", "sim"),
        }
    }

    pub(crate) fn name(&self) -> String {
        let (namespace, repository) = self.repository();
        format!("{namespace}/{repository}")
    }

    pub(crate) fn push(&self, tag: &str, content: &str) -> String {
        let name = self.name();
        self.trial
            .sandbox
            .push(self.of, &name, tag, content)
            .unwrap()
    }

    /// Makes a call by its name; what the vendor refuses, such as a rule that is there already, is
    /// as if it had not been tried.
    async fn call(&self, name: &str, parameters: Value, body: Option<Value>) -> Option<Value> {
        let mut call = Call::new(find(name).unwrap().1);
        for (key, value) in parameters.as_object().unwrap() {
            let text = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            call = call.parameter(key, &text).unwrap();
        }
        if let Some(body) = body {
            call = call.body(&body).unwrap();
        }
        call.send(&self.context).await.ok()
    }

    fn enterprise(&self) -> Value {
        let account = &self.trial.sandbox.accounts().huaweicloud_swr;
        json!({"project_id": account.project_id, "instance_id": account.instance_id})
    }

    fn basic(&self) -> Value {
        let (namespace, repository) = self.repository();
        json!({"namespace": namespace, "repository": repository})
    }

    pub(crate) async fn make_rule(&self, number: usize) {
        self.make_rule_like(number, |_| {}).await;
    }

    /// Makes a rule that leads to a destination, changed in the vendor's words.
    pub(crate) async fn make_rule_like(&self, number: usize, change: impl FnOnce(&mut Value)) {
        let to = &self.destinations[number];
        let (namespace, repository) = self.repository();
        let (name, mut rule) = match self.of {
            world::Source::HuaweicloudEnterprise => (
                "CreateInstanceReplicationPolicy",
                json!({
                    "name": "sim",
                    "src_registry": {"id": 0},
                    "dest_registry": {"id": world::EXAMPLE_REGISTRY},
                    "filters": [{"type": "name", "value": "library/sim"}],
                    "repo_scope_mode": "regular",
                    "trigger": {"type": "event_based"},
                    "override": self.overwrites,
                    "enabled": true,
                }),
            ),
            world::Source::HuaweicloudBasic => (
                "CreateImageSyncRepo",
                json!({
                    "remoteRegionId": to.name,
                    "remoteNamespace": namespace,
                    "syncAuto": true,
                    "override": self.overwrites,
                }),
            ),
            _ => (
                "CreateRepoSyncRule",
                json!({
                    "InstanceId": world::FLEET_ALIBABACLOUD_INSTANCE_ID,
                    "SyncRuleName": format!("sim-{number}"),
                    "SyncScope": "REPO",
                    "SyncTrigger": "PASSIVE",
                    "NamespaceName": namespace,
                    "RepoName": repository,
                    "TagFilter": ".*",
                    "TargetInstanceId": to.instance,
                    "TargetRegionId": to.name,
                    "TargetNamespaceName": namespace,
                    "TargetRepoName": repository,
                }),
            ),
        };
        change(&mut rule);
        match self.of {
            world::Source::HuaweicloudEnterprise => {
                self.call(name, self.enterprise(), Some(rule)).await
            }
            world::Source::HuaweicloudBasic => self.call(name, self.basic(), Some(rule)).await,
            _ => self.call(name, rule, None).await,
        };
    }

    /// Ids of the rules that lead to a destination.
    async fn rules(&self, number: usize) -> Vec<String> {
        let to = self.destinations[number].name;
        match self.of {
            world::Source::HuaweicloudEnterprise => {
                let mut all = self.enterprise();
                all["offset"] = json!(0);
                all["limit"] = json!(100);
                let all = self
                    .call("ListInstanceReplicationPolicies", all, None)
                    .await;
                let all = all.unwrap()["policies"].as_array().unwrap().clone();
                let own = all.iter().filter(|policy| policy["name"] == "sim");
                own.map(|policy| policy["id"].to_string()).collect()
            }
            _ => {
                let instance = world::FLEET_ALIBABACLOUD_INSTANCE_ID;
                let own = json!({"InstanceId": instance, "TargetRegionId": to, "PageSize": 100});
                let all = self.call("ListRepoSyncRule", own, None).await.unwrap();
                let all = all["SyncRules"].as_array().unwrap().clone();
                // That of the namespace is the fleet's.
                let own = all
                    .iter()
                    .filter(|rule| rule["LocalNamespaceName"] == "team");
                let ids = own.map(|rule| rule["SyncRuleId"].as_str().unwrap().to_owned());
                ids.collect()
            }
        }
    }

    pub(crate) async fn delete_rule(&self, number: usize) {
        let (namespace, _) = self.repository();
        if self.of == world::Source::HuaweicloudBasic {
            let to = self.destinations[number].name;
            let body = json!({"remoteRegionId": to, "remoteNamespace": namespace});
            self.call("DeleteImageSyncRepo", self.basic(), Some(body))
                .await;
            return;
        }
        for rule in self.rules(number).await {
            if self.of == world::Source::HuaweicloudEnterprise {
                let mut this = self.enterprise();
                this["policy_id"] = json!(rule);
                self.call("DeleteInstanceReplicationPolicy", this, None)
                    .await;
            } else {
                let instance = world::FLEET_ALIBABACLOUD_INSTANCE_ID;
                let this = json!({"InstanceId": instance, "SyncRuleId": rule});
                self.call("DeleteRepoSyncRule", this, None).await;
            }
        }
    }

    /// Copies a tag to a destination; of the Enterprise edition, all that its rule covers.
    pub(crate) async fn by_hand(&self, tag: &str, number: usize) {
        let to = &self.destinations[number];
        let (namespace, repository) = self.repository();
        match self.of {
            world::Source::HuaweicloudEnterprise => {
                for rule in self.rules(number).await {
                    let id: i64 = rule.parse().unwrap();
                    let body = json!({"policy_id": id});
                    let name = "ExecuteInstanceReplicationPolicy";
                    self.call(name, self.enterprise(), Some(body)).await;
                }
            }
            world::Source::HuaweicloudBasic => {
                let body = json!({
                    "imageTag": [tag],
                    "remoteRegionId": to.name,
                    "remoteNamespace": namespace,
                    "override": self.overwrites,
                });
                let name = "CreateManualImageSyncRepo";
                self.call(name, self.basic(), Some(body)).await;
            }
            _ => {
                let instance = world::FLEET_ALIBABACLOUD_INSTANCE_ID;
                let this = json!({
                    "InstanceId": instance,
                    "RepoNamespaceName": namespace,
                    "RepoName": repository,
                });
                let repository_id = self.call("GetRepository", this, None).await.unwrap();
                let copy = json!({
                    "InstanceId": instance,
                    "RepoId": repository_id["RepoId"],
                    "Tag": tag,
                    "TargetInstanceId": to.instance,
                    "TargetRegionId": to.name,
                    "TargetNamespace": namespace,
                    "TargetRepoName": repository,
                    "TargetTag": tag,
                    "Override": self.overwrites,
                });
                self.call("CreateRepoSyncTask", copy, None).await;
            }
        }
    }

    /// Stops what is at work, as far as the vendor can.
    pub(crate) async fn stop(&self, work: &str) {
        match self.of {
            world::Source::HuaweicloudEnterprise => {
                let mut this = self.enterprise();
                this["execution_id"] = json!(work);
                let name = "StopInstanceReplicationPolicyExecution";
                self.call(name, this, None).await;
            }
            world::Source::HuaweicloudBasic => {}
            _ => {
                let instance = world::FLEET_ALIBABACLOUD_INSTANCE_ID;
                let this = json!({"InstanceId": instance, "SyncTaskId": work});
                self.call("CancelRepoSyncTask", this, None).await;
            }
        }
    }
}
