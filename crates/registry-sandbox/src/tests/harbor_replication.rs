//! Policies, executions, tasks and logs of the Harbor side.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::Trial;
use super::harbor_trial::policy;
use crate::world::harbor::{
    self, PROXY_PROJECT, PUSH_POLICIES, REGISTRY, TARGET_IDS, TARGETS, registry,
};
use crate::{Options, Outcome, Pace};

const YEAR_1: &str = "0001-01-01T00:00:00.000Z";
const PUSH: i64 = PUSH_POLICIES[0];

impl Trial {
    /// Returns the only task of the newest execution of a policy, and the execution.
    async fn newest(&self, policy: i64) -> (Value, Value) {
        let execution = self.replications(policy).await[0].clone();
        let task = self.replication_tasks(&execution).await;
        (execution, task.first().cloned().unwrap_or_default())
    }
}

#[tokio::test]
async fn a_push_is_one_execution_with_one_task_of_one_item() {
    let trial = Trial::start().await;
    trial.pass(SignedDuration::from_millis(1234));
    trial.pushed_harbor("team/api", "r1", "one");
    // The record comes before its task.
    let (execution, task) = trial.newest(PUSH).await;
    assert_eq!(
        (&execution["status"], &execution["total"]),
        (&json!("InProgress"), &json!(0))
    );
    assert_eq!(task, Value::Null);
    assert_eq!(execution["start_time"], "2026-11-20T08:00:01.234Z");
    assert_eq!(execution["end_time"], YEAR_1);
    trial.seconds(1);
    let (execution, task) = trial.newest(PUSH).await;
    assert_eq!(execution["in_progress"], 1);
    assert_eq!(
        (&task["status"], &task["start_time"]),
        (&json!("Pending"), &json!(YEAR_1))
    );
    assert_eq!(task["src_resource"], "team/api [1 item(s) in total]");
    assert_eq!(task["dst_resource"], "team/api [1 item(s) in total]");
    trial.seconds(1);
    let (_, task) = trial.newest(PUSH).await;
    assert_eq!(task["status"], "InProgress");
    assert_eq!(task["start_time"], "2026-11-20T08:00:02.000Z");
    assert_eq!(task["end_time"], YEAR_1);
    trial.seconds(5);
    let (execution, task) = trial.newest(PUSH).await;
    assert_eq!(task["status"], "Succeed");
    assert_eq!(task["end_time"], "2026-11-20T08:00:08.000Z");
    // Counts are right where the status is not.
    assert_eq!(
        (&execution["succeed"], &execution["in_progress"]),
        (&json!(1), &json!(0))
    );
    assert_eq!(
        (&execution["status"], &execution["end_time"]),
        (&json!("InProgress"), &json!(YEAR_1))
    );
    trial.seconds(21);
    assert_eq!(trial.newest(PUSH).await.0["status"], "InProgress");
    trial.seconds(1);
    let (execution, _) = trial.newest(PUSH).await;
    assert_eq!(execution["status"], "Succeed");
    assert_eq!(execution["end_time"], "2026-11-20T08:00:08.000Z");
}

#[tokio::test]
async fn a_run_that_fails_is_repeated_after_harbors_waits() {
    let mut seen = Vec::new();
    for seed in 0..3 {
        let trial = Trial::with(Options::default().seed(seed)).await;
        trial
            .sandbox
            .decide("team/api", None, Some(TARGETS[0]), Outcome::FailsFirst(2));
        let digest = trial.pushed_harbor("team/api", "r1", "one");
        let mut states: Vec<(i64, String, String)> = Vec::new();
        for second in 0..260 {
            let (execution, task) = trial.newest(PUSH).await;
            let word = task["status"].as_str().unwrap_or_default().to_owned();
            if states.last().is_none_or(|(_, last, _)| *last != word) {
                let start = task["start_time"].as_str().unwrap_or_default().to_owned();
                states.push((second, word.clone(), start));
            }
            if word == "Failed" {
                assert_ne!(task["end_time"], YEAR_1);
                assert_eq!(
                    (&execution["failed"], &execution["in_progress"]),
                    (&json!(1), &json!(0))
                );
            }
            trial.seconds(1);
        }
        let words: Vec<_> = states.iter().map(|(_, word, _)| word.as_str()).collect();
        let again = ["InProgress", "Failed"];
        let expected = [
            &["", "Pending"],
            &again[..],
            &again,
            &["InProgress", "Succeed"],
        ]
        .concat();
        assert_eq!(words, expected);
        let starts: std::collections::BTreeSet<_> = states
            .iter()
            .filter(|(_, word, _)| word == "InProgress")
            .map(|(_, _, start)| start)
            .collect();
        assert_eq!(starts.len(), 3, "each run has its own start");
        let (first, second) = (states[4].0 - states[3].0, states[6].0 - states[5].0);
        assert!(
            (16..=74).contains(&first) && (31..=118).contains(&second),
            "{first} {second}"
        );
        seen.push((first, second));
        assert_eq!(
            trial.sandbox.holds(&registry(TARGETS[0]), "team/api", "r1"),
            Some(digest)
        );
    }
    seen.dedup();
    assert!(seen.len() > 1, "the seed changes the waits: {seen:?}");
}

#[tokio::test]
async fn the_status_comes_late_and_changes_back() {
    let trial = Trial::start().await;
    // Waits that are longer than the time between two updates of the status show as failed.
    let (waits, runs) = (SignedDuration::from_secs(2), SignedDuration::from_secs(20));
    let pace = Pace::new(waits, runs, SignedDuration::from_secs(40));
    let lag = SignedDuration::from_secs(30);
    trial.sandbox.set_pace(pace.with_lag(lag));
    trial
        .sandbox
        .decide("team/api", None, None, Outcome::FailsFirst(1));
    trial.pushed_harbor("team/api", "r1", "one");
    let mut words: Vec<(i64, String)> = Vec::new();
    for second in 0..150 {
        let (execution, _) = trial.newest(PUSH).await;
        let word = execution["status"].as_str().unwrap().to_owned();
        if words.last().is_none_or(|(_, last)| *last != word) {
            words.push((second, word));
        }
        trial.seconds(1);
    }
    let expected = [
        (0, "InProgress"),
        (52, "Failed"),
        (92, "InProgress"),
        (112, "Succeed"),
    ];
    let found = words.iter().map(|(second, word)| (*second, word.as_str()));
    assert_eq!(found.collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn a_task_copies_the_tag_as_it_is_when_its_run_begins() {
    let trial = Trial::start().await;
    let held = || trial.sandbox.holds(&registry(TARGETS[0]), "team/api", "r1");
    let one = trial.pushed_harbor("team/api", "r1", "one");
    trial.seconds(1);
    let two = trial.pushed_harbor("team/api", "r1", "two");
    trial.seconds(6);
    // The first task has copied the second image.
    assert_eq!(held(), Some(two.clone()));
    assert_ne!(one, two);
    trial.seconds(1);
    let tasks = trial.replications(PUSH).await;
    assert_eq!(tasks.len(), 2);
    let log = trial.replication_log(PUSH).await.body;
    assert!(
        log.as_str()
            .unwrap()
            .contains("already exists on the destination registry, skip")
    );
    // A slow copy that ends later puts its image back.
    let slow = Pace::new(
        SignedDuration::from_secs(2),
        SignedDuration::from_secs(60),
        SignedDuration::from_secs(10),
    );
    trial.sandbox.set_pace(slow);
    let three = trial.pushed_harbor("team/api", "r1", "three");
    trial.seconds(3);
    trial.sandbox.set_pace(Pace::USUAL);
    let four = trial.pushed_harbor("team/api", "r1", "four");
    trial.seconds(10);
    assert_eq!(held(), Some(four));
    trial.seconds(60);
    assert_eq!(held(), Some(three));
}

#[tokio::test]
async fn the_log_names_tags_and_keeps_the_end_of_a_longer_run() {
    let trial = Trial::start().await;
    trial.sandbox.set_pace(Pace::USUAL);
    trial
        .sandbox
        .decide("team/api", None, None, Outcome::FailsFirst(1));
    trial.pushed_harbor("team/api", "r1", "one");
    trial.seconds(1);
    assert_eq!(
        trial.replication_log(PUSH).await.status,
        404,
        "before the first run"
    );
    trial.seconds(6);
    let first = trial.replication_log(PUSH).await;
    assert!(
        first
            .header("content-type")
            .unwrap()
            .starts_with("text/plain")
    );
    let first = first.body.as_str().unwrap().to_owned();
    let head = "2026-11-20T08:00:02Z [INFO] [/controller/replication/transfer/image/transfer.go:";
    assert!(first.starts_with(head), "{first}");
    for part in [
        "copying team/api:[r1](source registry) to team/api:[r1](destination registry)...\n",
        "copying team/api:r1(source registry) to team/api:r1(destination registry)...\n",
        "[ERROR]",
        "got error during the whole transfer period, mark the job failure\n",
    ] {
        assert!(first.contains(part), "{part}");
    }
    // The image came to the destination by other means: the next run is shorter.
    trial
        .sandbox
        .decide("team/api", None, None, Outcome::Succeeds);
    trial.pushed_harbor("team/api", "r1", "one");
    trial.seconds(8);
    let second = {
        let all = trial.replications(PUSH).await;
        let execution = all.last().unwrap();
        trial.seconds(10);
        let task = &trial.replication_tasks(execution).await[0];
        assert_eq!(task["status"], "Succeed");
        let path = format!(
            "replication/executions/{}/tasks/{}/log",
            execution["id"], task["id"]
        );
        let log = trial.harbor("GET", &path, &Value::Null).await;
        trial.pass(SignedDuration::from_hours(24));
        assert_eq!(
            trial.harbor("GET", &path, &Value::Null).await.status,
            404,
            "a day later"
        );
        log.body.as_str().unwrap().to_owned()
    };
    assert!(
        second.contains("already exists on the destination registry, skip"),
        "{second}"
    );
    assert!(second.starts_with("2026-11-20T08:00:17Z"), "{second}");
    assert_eq!(second.len(), first.len());
    let tail = &first[first.len() - 20..];
    assert!(second.ends_with(tail), "{second}");
}

#[tokio::test]
async fn executions_without_tasks() {
    let trial = Trial::start().await;
    let mut proxied = policy("proxied", "library/*", "manual");
    proxied["dest_namespace"] = json!(PROXY_PROJECT);
    let mut flat = policy("flat", "library/*", "manual");
    flat["dest_namespace"] = json!("n");
    flat["dest_namespace_replace_count"] = json!(2);
    let nothing = policy("nothing", "none/**", "manual");
    let lost = policy("lost", "team/api", "manual");
    trial
        .sandbox
        .decide("team/api", None, None, Outcome::NoTask);
    for (policy, status, text) in [
        (proxied, "Succeed", "no resources need to be replicated"),
        (nothing, "Succeed", "no resources need to be replicated"),
        (
            flat,
            "Failed",
            "the destination namespace flattening level is 2",
        ),
        (lost, "Failed", "no such host"),
    ] {
        let id = trial.made("replication/policies", &policy).await;
        let body = json!({"policy_id": id});
        let execution = trial.made("replication/executions", &body).await;
        let path = format!("replication/executions/{execution}");
        let (begun, total) = (trial.seen(&path).await, json!(0));
        assert_eq!(
            (&begun["status"], &begun["total"]),
            (&json!("InProgress"), &total)
        );
        trial.seconds(1);
        let ended = trial.seen(&path).await;
        assert_eq!(
            (&ended["status"], &ended["total"]),
            (&json!(status), &total)
        );
        let found = ended["status_text"].as_str().unwrap();
        assert!(found.contains(text), "{found}");
        assert_eq!(trial.seen(&format!("{path}/tasks")).await, json!([]));
    }
}

#[tokio::test]
async fn a_call_runs_one_task_for_each_repository() {
    let trial = Trial::start().await;
    let mut all = policy("all", "{team,library}/**", "manual");
    all["dest_namespace"] = json!("copies");
    all["filters"] = json!([
        {"type": "name", "value": "{team,library}/**"},
        {"type": "tag", "value": "v4[12]", "decoration": "excludes"},
    ]);
    let id = trial.made("replication/policies", &all).await;
    let body = json!({"policy_id": id});
    let execution = trial.made("replication/executions", &body).await;
    trial.seconds(1);
    let path = format!("replication/executions/{execution}/tasks?sort=id");
    let tasks = trial.seen(&path).await;
    let names = tasks.as_array().unwrap().iter();
    let names: Vec<_> = names
        .map(|task| task["src_resource"].as_str().unwrap())
        .collect();
    let items = [
        ("library/nginx", 2),
        ("team/api", 1),
        ("team/api/server", 1),
    ];
    let expected = items.map(|(name, count)| format!("{name} [{count} item(s) in total]"));
    assert_eq!(names, expected);
    assert_eq!(
        tasks[2]["dst_resource"],
        "copies/server [1 item(s) in total]"
    );
    trial.seconds(6);
    let to = registry(TARGETS[0]);
    for (name, tag, is_there) in [
        ("copies/nginx", "1.27", true),
        ("copies/nginx", "stable", true),
        ("copies/api", "v43", true),
        ("copies/api", "v41", false),
        ("copies/server", "v1.0", true),
    ] {
        assert_eq!(
            trial.sandbox.holds(&to, name, tag).is_some(),
            is_there,
            "{name}:{tag}"
        );
    }
    let mut off = all.clone();
    off["enabled"] = json!(false);
    let path = format!("replication/policies/{id}");
    assert_eq!(trial.harbor("PUT", &path, &off).await.status, 200);
    let answer = trial.harbor("POST", "replication/executions", &body).await;
    assert_eq!(answer.status, 412);
    let stale = trial.seen(&path).await;
    assert_eq!(stale["dest_registry"]["name"], TARGETS[0]);
    assert_eq!(stale["override"], true);
}

#[tokio::test]
async fn a_pull_policy_starts_by_call_only() {
    let trial = Trial::start().await;
    let id = harbor::PULL_POLICY;
    let at = registry(TARGETS[1]);
    trial.pushed_harbor("team/api", "r1", "one");
    trial.seconds(8);
    assert!(trial.replications(id).await.is_empty());
    assert!(trial.sandbox.holds(&at, "team/api", "r1").is_some());
    assert!(trial.sandbox.forget(&REGISTRY.into(), "team/api", "r1"));
    trial
        .made("replication/executions", &json!({"policy_id": id}))
        .await;
    trial.seconds(7);
    assert!(
        trial
            .sandbox
            .holds(&REGISTRY.into(), "team/api", "r1")
            .is_some()
    );
}

#[tokio::test]
async fn a_stop_does_not_reach_a_task_between_its_runs() {
    let trial = Trial::start().await;
    trial.sandbox.set_pace(Pace::USUAL);
    for (stops, state, later) in [
        (1, "Stopped", "Stopped"),
        (3, "Stopped", "Stopped"),
        (8, "Failed", "Succeed"),
    ] {
        trial
            .sandbox
            .decide("team/api", None, None, Outcome::FailsFirst(1));
        trial.pushed_harbor("team/api", "r1", "one");
        trial.seconds(stops);
        let (execution, _) = trial.newest(PUSH).await;
        let path = format!("replication/executions/{}", execution["id"]);
        assert_eq!(trial.harbor("PUT", &path, &Value::Null).await.status, 200);
        assert_eq!(trial.newest(PUSH).await.1["status"], state, "{stops}");
        trial.seconds(60);
        assert_eq!(trial.newest(PUSH).await.1["status"], later, "{stops}");
    }
}

#[tokio::test]
async fn a_stop_before_the_tasks_ends_the_execution_at_once() {
    let trial = Trial::start().await;
    let tag = trial.pushed_harbor("team/api", "r1", "one");
    let execution = trial.replications(PUSH).await.remove(0);
    assert_eq!(
        (&execution["status"], &execution["total"]),
        (&json!("InProgress"), &json!(0))
    );
    let path = format!("replication/executions/{}", execution["id"]);
    assert_eq!(trial.harbor("PUT", &path, &Value::Null).await.status, 200);
    for seconds in [0, 600] {
        trial.seconds(seconds);
        let stopped = trial.seen(&path).await;
        assert_eq!(
            (&stopped["status"], &stopped["total"]),
            (&json!("Stopped"), &json!(0))
        );
        assert_ne!(stopped["end_time"], execution["end_time"]);
        assert!(trial.replication_tasks(&execution).await.is_empty());
    }
    let held = trial.sandbox.holds(&registry(TARGETS[0]), "team/api", "r1");
    assert_ne!(held, Some(tag));
}

#[tokio::test]
async fn a_policy_that_keeps_succeeds_and_leaves_the_tag() {
    let trial = Trial::start().await;
    let mut keeps = policy("keeps", "library/*", "event_based");
    keeps["override"] = json!(false);
    let id = trial.made("replication/policies", &keeps).await;
    let at = registry(TARGETS[0]);
    let one = trial.pushed_harbor("library/new", "r1", "one");
    trial.seconds(7);
    trial.pushed_harbor("library/new", "r1", "two");
    trial.seconds(7);
    assert_eq!(trial.newest(id).await.1["status"], "Succeed");
    assert_eq!(trial.sandbox.holds(&at, "library/new", "r1"), Some(one));
    let log = trial.replication_log(id).await.body;
    assert!(
        log.as_str()
            .unwrap()
            .contains("\"override\" is set to false, skip"),
        "{log}"
    );
}

#[tokio::test]
async fn a_malformed_pattern_keeps_all_policies_from_running() {
    let trial = Trial::start().await;
    let bad = policy("bad", "team/v[a-]", "event_based");
    let id = trial.made("replication/policies", &bad).await;
    trial.pushed_harbor("team/api", "r1", "one");
    assert!(trial.replications(PUSH).await.is_empty());
    let path = format!("replication/policies/{id}");
    assert_eq!(
        trial.harbor("DELETE", &path, &Value::Null).await.status,
        200
    );
    trial.pushed_harbor("team/api", "r1", "two");
    assert_eq!(trial.replications(PUSH).await.len(), 1);
    // Its policy cannot be deleted before it has ended.
    let path = format!("replication/policies/{PUSH}");
    assert_eq!(
        trial.harbor("DELETE", &path, &Value::Null).await.status,
        412
    );
    trial.seconds(60);
    assert_eq!(
        trial.harbor("DELETE", &path, &Value::Null).await.status,
        200
    );
}

#[tokio::test]
async fn policies_are_checked() {
    let trial = Trial::start().await;
    let good = policy("good", "team/**", "manual");
    for (key, value, status) in [
        ("name", json!(""), 400),
        ("name", json!("copy-to-east"), 409),
        ("dest_registry", json!({"id": 0}), 400),
        ("dest_registry", json!({"id": 99}), 404),
        ("src_registry", json!({"id": TARGET_IDS[1]}), 400),
        ("filters", json!([{"type": "label", "value": "one"}]), 400),
        ("trigger", json!({"type": "scheduled"}), 400),
        (
            "trigger",
            json!({"type": "scheduled", "trigger_settings": {"cron": "5 0 * * * *"}}),
            400,
        ),
        (
            "trigger",
            json!({"type": "scheduled", "trigger_settings": {"cron": "0 * * * * *"}}),
            400,
        ),
        ("trigger", json!({"type": "other"}), 422),
        ("enabled", json!("yes"), 422),
        (
            "trigger",
            json!({"type": "scheduled", "trigger_settings": {"cron": "0 5 * * * *"}}),
            201,
        ),
    ] {
        let mut body = good.clone();
        body[key] = value;
        let answer = trial.harbor("POST", "replication/policies", &body).await;
        assert_eq!(answer.status, status, "{body} {}", answer.body);
    }
}

#[tokio::test]
async fn the_newest_fifty_executions_of_a_policy_outlive_midnight() {
    let trial = Trial::start().await;
    for number in 0..60 {
        trial.pushed_harbor("team/api", &format!("p{number}"), "content");
    }
    trial.seconds(60);
    let path = format!("replication/executions?policy_id={PUSH}&page_size=0");
    assert_eq!(trial.seen(&path).await.as_array().unwrap().len(), 60);
    trial.pass(SignedDuration::from_hours(16));
    assert_eq!(trial.seen(&path).await.as_array().unwrap().len(), 50);
}
