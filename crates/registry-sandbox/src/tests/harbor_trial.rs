//! Shared steps of tests of the Harbor side.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{Response, Trial, exchange};
use crate::world::harbor::{PASSWORD, REGISTRY, TARGET_IDS, USER};

/// Returns the header of a login.
pub(super) fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

/// Returns a policy that copies what a pattern matches to the first target.
pub(super) fn policy(name: &str, pattern: &str, trigger: &str) -> Value {
    json!({
        "name": name,
        "dest_registry": {"id": TARGET_IDS[0]},
        "filters": [{"type": "name", "value": pattern}],
        "trigger": {"type": trigger},
        "override": true,
        "enabled": true,
    })
}

impl Trial {
    /// Sends a request as the administrator.
    pub(super) async fn harbor(&self, method: &str, path: &str, body: &Value) -> Response {
        let login = basic(USER, PASSWORD);
        let headers = [("authorization", login.as_str())];
        self.harbor_with(method, path, body, &headers).await
    }

    /// Sends a request with these headers.
    pub(super) async fn harbor_with(
        &self,
        method: &str,
        path: &str,
        body: &Value,
        headers: &[(&'static str, &str)],
    ) -> Response {
        let target = format!("/api/v2.0/{path}");
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let mut request = self.request(method, &target, body);
        for (name, value) in headers {
            request.headers.insert(*name, value.parse().unwrap());
        }
        self.send(&target, &request).await
    }

    /// Returns the body of an answer to a request of the administrator.
    pub(super) async fn seen(&self, path: &str) -> Value {
        let response = self.harbor("GET", path, &Value::Null).await;
        assert_eq!(response.status, 200, "{path}: {}", response.body);
        response.body
    }

    /// Makes a record, and returns its id.
    pub(super) async fn made(&self, path: &str, body: &Value) -> i64 {
        let response = self.harbor("POST", path, body).await;
        assert_eq!(response.status, 201, "{path}: {}", response.body);
        let location = response.header("location").unwrap();
        location.rsplit('/').next().unwrap().parse().unwrap()
    }

    pub(super) async fn replications(&self, policy: i64) -> Vec<Value> {
        let path = format!("replication/executions?policy_id={policy}&sort=-id");
        self.seen(&path).await.as_array().unwrap().clone()
    }

    pub(super) async fn replication_tasks(&self, execution: &Value) -> Vec<Value> {
        let path = format!("replication/executions/{}/tasks", execution["id"]);
        self.seen(&path).await.as_array().unwrap().clone()
    }

    /// Returns the log of the only task of the only execution of a policy.
    pub(super) async fn replication_log(&self, policy: i64) -> Response {
        let execution = &self.replications(policy).await[0];
        let task = &self.replication_tasks(execution).await[0];
        let path = format!(
            "replication/executions/{}/tasks/{}/log",
            execution["id"], task["id"]
        );
        self.harbor("GET", &path, &Value::Null).await
    }

    pub(super) fn pushed_harbor(&self, repository: &str, tag: &str, content: &str) -> String {
        let pushed = self.sandbox.push(REGISTRY, repository, tag, content);
        pushed.unwrap()
    }
}

/// Sends a request to the own port of a registry, and returns the answer.
pub(super) async fn ask_port(host: &str, target: &str, login: &str) -> Response {
    let request = format!(
        "GET {target} HTTP/1.1\r\nhost: {host}\r\nauthorization: {login}\r\nconnection: close\r\n\r\n"
    );
    exchange(host, request.as_bytes()).await
}
