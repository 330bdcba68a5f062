//! Tests of sync rules, sync jobs and retention of the Basic edition.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{Response, Trial};
use crate::Outcome;
use crate::encoding::encode;
use crate::world::huaweicloud;

fn shop(call: &str) -> String {
    format!("/v2/manage/namespaces/team/repos/web$shop/{call}")
}

fn destination(region: &str) -> Value {
    json!({"remoteRegionId": region, "remoteNamespace": "copies"})
}

impl Trial {
    fn push_shop(&self, tag: &str, content: &str) -> String {
        let to = huaweicloud::BASIC;
        self.sandbox
            .push(to, "team/web/shop", tag, content)
            .unwrap()
    }

    async fn make_rule(&self, region: &str, automatic: bool) -> Response {
        let mut rule = destination(region);
        rule["syncAuto"] = json!(automatic);
        rule["override"] = json!(true);
        self.huawei("POST", &shop("sync_repo"), rule.to_string())
            .await
    }

    /// Returns tag, region and state of each job, newest first.
    async fn shop_jobs(&self) -> Vec<(String, String, String)> {
        let filter = encode("limit::100|offset::0");
        let body = self
            .get(&shop(&format!("sync_job?filter={filter}")))
            .await
            .body;
        let text = |job: &Value, key: &str| job[key].as_str().unwrap().to_owned();
        let jobs = body.as_array().unwrap().iter();
        jobs.map(|job| {
            (
                text(job, "tag"),
                text(job, "remoteRegionId"),
                text(job, "status"),
            )
        })
        .collect()
    }

    async fn shop_states(&self) -> Vec<String> {
        self.shop_jobs()
            .await
            .into_iter()
            .map(|(_, _, state)| state)
            .collect()
    }

    async fn copy_shop(&self, tags: &[&str], overwrite: bool) -> Response {
        let mut body = destination("cn-north-1");
        body["imageTag"] = json!(tags);
        body["override"] = json!(overwrite);
        self.huawei("POST", &shop("sync_images"), body.to_string())
            .await
    }
}

#[tokio::test]
async fn a_push_makes_a_job_for_each_rule() {
    let trial = Trial::start().await;
    trial.push_shop("v1", "first");
    for (region, automatic, status) in [
        ("cn-north-1", true, 200),
        ("cn-east-3", true, 200),
        ("ap-southeast-3", false, 200),
        ("cn-north-1", true, 409),
        ("mars", true, 400),
    ] {
        let made = trial.make_rule(region, automatic).await;
        assert_eq!(made.status, status, "{region} {}", made.body);
    }
    let rules = trial.get(&shop("sync_repo")).await.body;
    assert_eq!(rules.as_array().unwrap().len(), 3);
    assert_eq!(rules[0]["repoName"], "web/shop");
    assert_eq!(
        trial.shop_states().await,
        Vec::<String>::new(),
        "nothing was pushed since"
    );

    let stalls = Outcome::Stalls;
    let fails = Outcome::FailsFirst(1);
    trial
        .sandbox
        .decide("team/web/shop", Some("v2"), Some("cn-east-3"), fails);
    trial
        .sandbox
        .decide("team/web/shop", Some("v3"), Some("cn-east-3"), stalls);
    trial.push_shop("v2", "second");
    // Newest first: cn-east-3, then cn-north-1.
    for (seconds, states) in [
        (0, ["waiting", "waiting"]),
        (2, ["running", "running"]),
        (5, ["failed", "success"]),
        (10, ["running", "success"]),
        (5, ["success", "success"]),
    ] {
        trial.pass(SignedDuration::from_secs(seconds));
        assert_eq!(trial.shop_states().await, states);
    }
    trial.push_shop("v3", "third");
    trial.pass(SignedDuration::from_mins(59));
    assert_eq!(trial.shop_states().await[0], "running");
    trial.pass(SignedDuration::from_mins(2));
    assert_eq!(trial.shop_states().await[0], "timeout");
}

#[tokio::test]
async fn tags_are_copied_by_hand() {
    let trial = Trial::start().await;
    trial.push_shop("v1", "first");
    trial.push_shop("v2", "second");
    assert_eq!(trial.copy_shop(&["v1", "v9"], false).await.status, 404);
    assert_eq!(trial.copy_shop(&[], false).await.status, 400);
    assert_eq!(
        trial.shop_states().await.len(),
        0,
        "none at all if one is not there"
    );
    for (tags, overwrite, states) in [
        (
            &["v1", "v2"] as &[&str],
            false,
            &["success", "success"] as &[&str],
        ),
        (&["v1"], false, &["existed"]),
        (&["v1"], true, &["success"]),
    ] {
        let answer = trial.copy_shop(tags, overwrite).await;
        assert_eq!((answer.status, answer.body), (200, json!(tags)));
        trial.pass(SignedDuration::from_secs(7));
        assert_eq!(trial.shop_states().await[..states.len()], *states);
    }
    trial.push_shop("v1", "changed");
    trial.copy_shop(&["v1"], false).await;
    trial.pass(SignedDuration::from_secs(7));
    assert_eq!(
        trial.shop_states().await[0],
        "failed",
        "another content is there"
    );
}

#[tokio::test]
async fn a_rule_is_deleted_by_its_destination() {
    let trial = Trial::start().await;
    trial.push_shop("v1", "first");
    trial.make_rule("cn-north-1", true).await;
    let delete = async |body: Value| {
        trial
            .huawei("DELETE", &shop("sync_repo"), body.to_string())
            .await
    };
    assert_eq!(
        delete(json!({"remoteRegionId": "cn-north-1"})).await.status,
        400
    );
    assert_eq!(delete(destination("cn-north-1")).await.status, 200);
    let gone = delete(destination("cn-north-1")).await;
    assert_eq!(gone.status, 400);
    let error = &gone.body["errors"][0];
    assert_eq!(error["errorCode"], "SVCSTG.SWR.4001158");
    let detail = "team/web/shop has no rule for copies in cn-north-1.";
    assert_eq!(error["detail"], detail);
    trial.push_shop("v2", "second");
    assert_eq!(trial.shop_states().await.len(), 0);
}

fn retention(template: &str, params: Value) -> Value {
    let spared = json!([{"kind": "regexp", "pattern": "^keep-"}]);
    let rule = json!({"template": template, "params": params, "tag_selectors": spared});
    json!({"algorithm": "or", "rules": [rule]})
}

#[tokio::test]
async fn a_retention_deletes_and_tells_of_it() {
    let trial = Trial::start().await;
    for tag in ["keep-0", "v1", "v2", "v3"] {
        trial.push_shop(tag, tag);
        trial.pass(SignedDuration::from_hours(24));
    }
    let tags = async || {
        let body = trial.get(&shop("tags")).await.body;
        let tags = body.as_array().unwrap().iter();
        tags.map(|tag| tag["Tag"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let post = async |body: Value| {
        trial
            .huawei("POST", &shop("retentions"), body.to_string())
            .await
    };
    for params in [
        json!({"num": "0"}),
        json!({"num": "1001"}),
        json!({"days": "1"}),
    ] {
        assert_eq!(post(retention("tag_rule", params)).await.status, 400);
    }
    let made = post(retention("tag_rule", json!({"num": "2"}))).await;
    assert_eq!(made.status, 201, "{}", made.body);
    assert_eq!(tags().await, ["v3", "v2", "keep-0"]);
    assert_eq!(
        post(retention("tag_rule", json!({"num": "2"})))
            .await
            .status,
        409
    );
    trial.push_shop("v4", "v4");
    assert_eq!(tags().await, ["v4", "v3", "keep-0"]);

    let own = shop(&format!("retentions/{}", made.body["id"]));
    let changed = retention("date_rule", json!({"days": "1"})).to_string();
    trial.pass(SignedDuration::from_secs(1));
    assert_eq!(trial.huawei("PATCH", &own, changed).await.status, 201);
    assert_eq!(tags().await, ["v4", "keep-0"]);
    let histories = trial
        .get(&shop("retentions/histories?offset=0&limit=2"))
        .await;
    assert_eq!(histories.header("content-range"), Some("0-2/3"));
    assert_eq!(histories.body["total"], 3);
    assert_eq!(histories.body["retention_log"][0]["tag"], "v3");
    let rule = histories.body["retention_log"][0]["rule_type"]
        .as_str()
        .unwrap();
    assert!(rule.contains("date_rule"), "{rule}");

    assert_eq!(
        trial.huawei("DELETE", &own, String::new()).await.status,
        200
    );
    assert_eq!(trial.get(&own).await.status, 404);
    assert_eq!(
        trial.huawei("DELETE", &own, String::new()).await.status,
        404
    );
}
