//! Shared steps of tests of the Huawei side.

use serde_json::{Value, json};

use super::Trial;
use crate::world;
use crate::world::huaweicloud;

fn at(instance: &str, path: &str) -> String {
    let project = match instance {
        world::huaweicloud::INSTANCE_ID => world::huaweicloud::PROJECT_ID,
        _ => world::huaweicloud::TARGET_PROJECT_ID,
    };
    format!("/v2/{project}/instances/{instance}/{path}")
}

pub(super) fn here(path: &str) -> String {
    at(world::huaweicloud::INSTANCE_ID, path)
}

pub(super) fn there(path: &str) -> String {
    at(world::huaweicloud::TARGET_INSTANCE_ID, path)
}

pub(super) fn policy(name: &str, pattern: &str, trigger: &str) -> Value {
    json!({
        "name": name,
        "dest_registry": {"id": world::huaweicloud::EXAMPLE_REGISTRY},
        "filters": [{"type": "name", "value": pattern}],
        "repo_scope_mode": "regular",
        "trigger": {"type": trigger},
        "override": true,
        "enabled": true,
    })
}

impl Trial {
    /// Sends a body, and returns status and body of the reply.
    pub(super) async fn send_json(&self, method: &str, target: &str, body: &Value) -> (u16, Value) {
        let response = self.huawei(method, target, body.to_string()).await;
        (response.status, response.body)
    }

    pub(super) async fn created_policy(&self, policy: &Value) -> i64 {
        let target = here("replication/policies");
        let (status, body) = self.send_json("POST", &target, policy).await;
        assert_eq!(status, 201, "{body}");
        body["id"].as_i64().unwrap()
    }

    pub(super) async fn run_policy(&self, policy: i64) -> i64 {
        let target = here("replication/executions");
        let body = json!({"policy_id": policy});
        let (status, body) = self.send_json("POST", &target, &body).await;
        assert_eq!(status, 202, "{body}");
        body["id"].as_i64().unwrap()
    }

    pub(super) async fn executions_of(&self, policy: i64) -> Vec<Value> {
        let target = here(&format!("replication/executions?policy_id={policy}"));
        let body = self.get(&target).await.body;
        body["executions"].as_array().unwrap().clone()
    }

    pub(super) async fn tasks_of(&self, execution: i64) -> Vec<Value> {
        let target = here(&format!("replication/executions/{execution}/tasks"));
        self.get(&target).await.body["tasks"]
            .as_array()
            .unwrap()
            .clone()
    }

    /// Returns the digest of a tag at an instance.
    pub(super) async fn digest_at(&self, target: String) -> Option<String> {
        let response = self.get(&target).await;
        (response.status == 200).then(|| response.body["digest"].as_str().unwrap().to_owned())
    }

    pub(super) fn pushed_enterprise(&self, repository: &str, tag: &str, content: &str) -> String {
        let to = huaweicloud::ENTERPRISE;
        self.sandbox.push(to, repository, tag, content).unwrap()
    }
}
