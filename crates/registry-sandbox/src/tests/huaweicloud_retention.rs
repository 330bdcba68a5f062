//! Tests of retention policies of the Enterprise edition.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::Trial;
use super::huaweicloud_trial::here;
use crate::Outcome;
use crate::world::huaweicloud;

fn policy(template: &str, number: u64, tags: &str) -> Value {
    let selector = |decoration: &str, pattern: &str| json!([{"kind": "doublestar", "decoration": decoration, "pattern": pattern}]);
    json!({
        "algorithm": "or",
        "enabled": true,
        "name": "keep",
        "trigger": {"type": "manual"},
        "rules": [{
            "priority": 0,
            "action": "retain",
            "template": template,
            "params": {template: number},
            "tag_selectors": selector("matches", tags),
            "scope_selectors": {"repository": selector("repoMatches", "{shop,docs}")},
            "repo_scope_mode": "regular",
        }],
    })
}

fn policies(rest: &str) -> String {
    here(&format!("namespaces/root/retention/policies{rest}"))
}

fn tags(body: &Value) -> Vec<&str> {
    let tags = body["tags"].as_array().unwrap().iter();
    tags.map(|tag| tag["name"].as_str().unwrap()).collect()
}

impl Trial {
    async fn with_policy(policy: &Value) -> (Self, i64) {
        let trial = Self::start().await;
        for (repository, tags) in [
            ("root/shop", &["v1", "v2", "v3", "rc-1"] as &[&str]),
            ("root/docs", &["v1"]),
        ] {
            for tag in tags {
                let to = huaweicloud::ENTERPRISE;
                trial
                    .sandbox
                    .push(to, repository, tag, &format!("{repository}{tag}"))
                    .unwrap();
                trial.pass(SignedDuration::from_hours(24));
            }
        }
        // So that nothing was pushed whole days ago.
        trial.pass(SignedDuration::from_hours(1));
        let (status, body) = trial.send_json("POST", &policies(""), policy).await;
        assert_eq!(status, 201, "{body}");
        (trial, body["id"].as_i64().unwrap())
    }

    async fn clean(&self, policy: i64, dry_run: bool) -> String {
        let target = policies(&format!("/{policy}/executions"));
        let body = json!({"dry_run": dry_run});
        let (status, body) = self.send_json("POST", &target, &body).await;
        assert_eq!(status, 200, "{body}");
        format!("{target}/{}", body["id"])
    }

    async fn shop(&self) -> Value {
        let target = here("namespaces/root/repositories/shop/tags").replacen(
            &format!("/v2/{}", crate::world::huaweicloud::PROJECT_ID),
            "/v2",
            1,
        );
        self.get(&target).await.body
    }
}

#[tokio::test]
async fn a_run_counts_and_deletes_what_no_rule_keeps() {
    for (template, number, selected, goes) in [
        ("latestPushedK", 2, "**", &["v1", "v2"] as &[&str]),
        ("latestPushedK", 2, "v*", &["rc-1", "v1"]),
        ("latestPushedK", 9, "**", &[]),
        ("nDaysSinceLastPush", 4, "**", &["v1", "v2"]),
        ("latestPulledN", 4, "**", &[]),
        ("nDaysSinceLastPull", 4, "**", &["rc-1", "v1", "v2", "v3"]),
    ] {
        let (trial, policy) = Trial::with_policy(&policy(template, number, selected)).await;
        for dry_run in [true, false] {
            let run = trial.clean(policy, dry_run).await;
            let tasks = format!("{run}/tasks");
            let early = trial.get(&tasks).await.body;
            assert_eq!(early["total"], 2, "nats is not of the scope");
            assert_eq!(early["tasks"][1]["total"], 0);
            trial.pass(SignedDuration::from_secs(7));
            let body = trial.get(&tasks).await.body;
            let task = &body["tasks"][1];
            assert_eq!(task["repository"], "shop");
            assert_eq!(
                (&task["status"], &task["status_code"]),
                (&json!("Succeed"), &json!(3))
            );
            let counts = (&task["total"], &task["retained"]);
            assert_eq!(counts, (&json!(4), &json!(4 - goes.len())), "{template}");
            let parts = trial
                .get(&format!("{tasks}/{}/subtasks", task["id"]))
                .await
                .body;
            let parts = parts["sub_tasks"].as_array().unwrap().iter();
            let named: Vec<_> = parts.map(|part| part["tag"].as_str().unwrap()).collect();
            assert_eq!(named, goes, "{template}");
            let left = trial.shop().await;
            let gone = goes.iter().any(|tag| tags(&left).contains(tag));
            assert_eq!(gone, dry_run && !goes.is_empty(), "{template}");
        }
        let executions = policies(&format!("/{policy}/executions"));
        let executions = trial.get(&executions).await.body;
        assert_eq!(executions["total"], 2);
        assert_eq!(executions["executions"][0]["dry_run"], false);
        assert_eq!(executions["executions"][0]["status"], "Succeed");
    }
}

#[tokio::test]
async fn what_fails_or_was_pushed_anew_stays() {
    let (trial, policy) = Trial::with_policy(&policy("latestPushedK", 1, "**")).await;
    trial
        .sandbox
        .decide("root/shop", None, None, Outcome::Fails);
    let run = trial.clean(policy, false).await;
    trial.pass(SignedDuration::from_mins(5));
    let task = &trial.get(&format!("{run}/tasks?status=Failed")).await.body["tasks"][0];
    assert_eq!(
        (&task["repository"], &task["total"]),
        (&json!("shop"), &json!(0))
    );
    assert_eq!(tags(&trial.shop().await).len(), 4);

    trial
        .sandbox
        .decide("root/shop", None, None, Outcome::Succeeds);
    trial.clean(policy, false).await;
    let to = huaweicloud::ENTERPRISE;
    trial.sandbox.push(to, "root/shop", "v1", "anew").unwrap();
    trial.pass(SignedDuration::from_secs(7));
    assert_eq!(tags(&trial.shop().await), ["v1", "rc-1"]);
}

#[tokio::test]
async fn policies_are_one_for_each_namespace_and_deleted_for_good() {
    let keep = policy("latestPushedK", 1, "**");
    let (trial, id) = Trial::with_policy(&keep).await;
    let (status, second) = trial.send_json("POST", &policies(""), &keep).await;
    assert_eq!(
        (status, &second["error_code"]),
        (409, &json!("SVCSTG.SWR.4090401"))
    );
    let own = policies(&format!("/{id}"));
    let mut off = policy("latestPulledN", 3, "**");
    off["enabled"] = json!(false);
    assert_eq!(trial.send_json("PUT", &own, &off).await.0, 200);
    assert_eq!(
        trial.get(&own).await.body["rules"][0]["template"],
        "latestPulledN"
    );
    let run = policies(&format!("/{id}/executions"));
    let dry = json!({"dry_run": true});
    assert_eq!(trial.send_json("POST", &run, &dry).await.0, 400);
    assert_eq!(
        trial.huawei("DELETE", &own, String::new()).await.status,
        204
    );
    for (method, target) in [("GET", &own), ("DELETE", &own), ("GET", &run)] {
        assert_eq!(
            trial.huawei(method, target, String::new()).await.status,
            404,
            "{target}"
        );
    }
    assert_eq!(trial.send_json("POST", &policies(""), &keep).await.0, 201);
}
