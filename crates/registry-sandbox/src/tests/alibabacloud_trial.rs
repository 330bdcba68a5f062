//! Shared steps of tests of Container Registry.

use jiff::SignedDuration;
use serde_json::Value;
use uuid::Uuid;

use super::{Response, Trial};
use crate::encoding::encode;
use crate::spec;
use crate::world;
use crate::world::alibabacloud;

pub(super) const FLEET: (&str, &str) = ("InstanceId", world::alibabacloud::FLEET_INSTANCE_ID);

pub(super) const EXAMPLE: (&str, &str) = ("InstanceId", world::alibabacloud::INSTANCE_ID);

pub(super) const TARGET: &str = world::alibabacloud::FLEET_TARGET_IDS[1];

impl Trial {
    /// Makes one signed call.
    pub(super) async fn call(&self, action: &str, query: &[(&str, &str)]) -> Response {
        let operation = spec::named("alibabacloud-cr/cr")
            .unwrap()
            .operation(action)
            .unwrap();
        let pairs = query
            .iter()
            .map(|(name, value)| format!("{name}={}", encode(value)));
        let target = format!("/?{}", pairs.collect::<Vec<_>>().join("&"));
        let mut request = self.alibaba(&target, &Uuid::new_v4().to_string());
        request.method = operation.method.clone();
        request
            .headers
            .insert("x-acs-action", action.parse().unwrap());
        self.signed(&target, request).await
    }

    /// Makes a call that succeeds, and returns its answer.
    pub(super) async fn done(&self, action: &str, query: &[(&str, &str)]) -> Value {
        let response = self.call(action, query).await;
        let succeeded = response.status == 200 && response.body["IsSuccess"] == true;
        assert!(succeeded, "{action} {query:?} {}", response.body);
        response.body
    }

    /// Makes a call that fails, and returns its status and code.
    pub(super) async fn refused(&self, action: &str, query: &[(&str, &str)]) -> (u16, String) {
        let response = self.call(action, query).await;
        assert_ne!(response.body["IsSuccess"], true, "{action} {query:?}");
        let code = response.body["Code"].as_str().unwrap().to_owned();
        (response.status, code)
    }

    pub(super) fn push(&self, image: &str, tag: &str, content: &str) -> String {
        let registry = alibabacloud::REGISTRY;
        self.sandbox.push(registry, image, tag, content).unwrap()
    }

    pub(super) fn seconds(&self, seconds: i64) {
        self.pass(SignedDuration::from_secs(seconds));
    }

    /// Creates a rule from `team/api` to the instance in Beijing, with other names there.
    pub(super) async fn rule(&self, name: &str, more: &[(&str, &str)]) -> String {
        let given = [
            FLEET,
            ("SyncRuleName", name),
            ("SyncScope", "REPO"),
            ("NamespaceName", "team"),
            ("RepoName", "api"),
            ("TagFilter", "r.*"),
            ("TargetRegionId", "cn-beijing"),
            ("TargetInstanceId", TARGET),
            ("TargetNamespaceName", "mirror"),
            ("TargetRepoName", "team-api"),
        ];
        let id = self
            .done("CreateRepoSyncRule", &[&given, more].concat())
            .await;
        id["SyncRuleId"].as_str().unwrap().to_owned()
    }

    pub(super) async fn tasks(&self, tag: &str) -> Vec<Value> {
        let mut answer = self.done("ListRepoSyncTask", &[FLEET, ("Tag", tag)]).await;
        serde_json::from_value(answer["SyncTasks"].take()).unwrap()
    }

    /// Returns the single task that a rule has created for the tag.
    pub(super) async fn task_of(&self, rule: &str, tag: &str) -> String {
        let tasks = self.tasks(tag).await;
        let mut of_rule = tasks.iter().filter(|task| task["SyncRuleId"] == rule);
        let id = of_rule.next().unwrap()["SyncTaskId"].as_str().unwrap();
        assert!(of_rule.next().is_none());
        id.to_owned()
    }

    pub(super) async fn task(&self, id: &str) -> Value {
        self.done("GetRepoSyncTask", &[FLEET, ("SyncTaskId", id)])
            .await
    }

    pub(super) async fn status(&self, id: &str) -> String {
        let task = self.task(id).await;
        task["TaskStatus"].as_str().unwrap().to_owned()
    }

    pub(super) async fn repo_id(
        &self,
        instance: &str,
        namespace: &str,
        name: &str,
    ) -> Option<String> {
        let given = [
            ("InstanceId", instance),
            ("RepoNamespaceName", namespace),
            ("RepoName", name),
        ];
        let answer = self.call("GetRepository", &given).await.body;
        answer["RepoId"].as_str().map(str::to_owned)
    }

    /// Returns the digest that an instance has for the image.
    pub(super) async fn digest(&self, instance: &str, image: (&str, &str, &str)) -> Option<String> {
        let id = self.repo_id(instance, image.0, image.1).await?;
        let given = [("InstanceId", instance), ("RepoId", &id), ("Tag", image.2)];
        let answer = self.call("GetRepoTag", &given).await.body;
        let digest = answer["Digest"].as_str()?;
        Some(format!("sha256:{digest}"))
    }

    /// Creates a manual task from `team/api` to `tag` of `mirror/team-api`.
    pub(super) async fn by_hand(&self, tag: &str, to: &str, more: &[(&str, &str)]) -> String {
        let source = world::alibabacloud::FLEET_INSTANCE_ID;
        let id = self.repo_id(source, "team", "api").await.unwrap();
        let given = [
            FLEET,
            ("RepoId", &id),
            ("Tag", tag),
            ("TargetRegionId", "cn-beijing"),
            ("TargetInstanceId", TARGET),
            ("TargetNamespace", "mirror"),
            ("TargetRepoName", "team-api"),
            ("TargetTag", to),
        ];
        let answer = self
            .done("CreateRepoSyncTask", &[&given, more].concat())
            .await;
        answer["SyncTaskId"].as_str().unwrap().to_owned()
    }
}
