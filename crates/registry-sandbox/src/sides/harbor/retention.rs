//! Retention: which artifacts of a repository stay, and runs of its policies.
//!
//! The words differ from those of replication. A run of a repository is not repeated when it fails.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::executions::Lag;
use super::images::{Artifact, Repository};
use super::pattern::{self, Malformed};
use super::times;
use crate::course::{Course, State};
use crate::fleet;

/// How a time that is missing shows.
const NO_TIME: &str = "0001-01-01T00:00:00Z";
/// How long a log is kept.
const KEPT: SignedDuration = SignedDuration::from_hours(24);

/// One execution of a retention policy.
#[derive(Debug, Clone)]
pub(super) struct Cleaning {
    pub(super) id: i64,
    pub(super) policy: i64,
    pub(super) trigger: &'static str,
    pub(super) made: Timestamp,
    pub(super) is_trial: bool,
    pub(super) lag: Lag,
    pub(super) stopped: bool,
    pub(super) work: Work,
    /// Whether all its effects have been applied.
    pub(super) settled: bool,
}

#[derive(Debug, Clone)]
pub(super) enum Work {
    Sweeps(Vec<Sweep>),
    /// Records that do not change.
    Fixed {
        record: Value,
        tasks: Value,
        log: String,
    },
}

/// The work on one repository.
#[derive(Debug, Clone)]
pub(super) struct Sweep {
    pub(super) id: i64,
    pub(super) project: String,
    pub(super) repository: String,
    pub(super) course: Course,
    /// What it has found, once it has ended.
    pub(super) result: Option<Judged>,
    pub(super) settled: bool,
}

/// Verdicts on the artifacts of a repository.
#[derive(Debug, Clone, Default)]
pub(super) struct Judged {
    /// Each digest with its tags, and whether it stays.
    pub(super) artifacts: Vec<(String, Vec<String>, bool)>,
}

impl Judged {
    fn retained(&self) -> usize {
        let stay = self.artifacts.iter().filter(|(_, _, stays)| *stays);
        stay.count()
    }

    /// Returns the digests that go.
    pub(super) fn gone(&self) -> impl Iterator<Item = &str> {
        let gone = self.artifacts.iter().filter(|(_, _, stays)| !stays);
        gone.map(|(digest, _, _)| digest.as_str())
    }
}

impl Cleaning {
    pub(super) fn record(&self, now: Timestamp) -> Value {
        if let Work::Fixed { record, .. } = &self.work {
            return record.clone();
        }
        let (status, end) = self.status(now);
        json!({
            "id": self.id,
            "policy_id": self.policy,
            "trigger": self.trigger,
            "dry_run": self.is_trial,
            "status": status,
            "start_time": self.made.to_string(),
            "end_time": time(end),
        })
    }

    fn status(&self, now: Timestamp) -> (&'static str, Option<Timestamp>) {
        let at_once = self.sum(now);
        if self.stopped && at_once.0 != "Running" {
            return at_once;
        }
        self.sum(self.lag.seen(now))
    }

    fn sum(&self, at: Timestamp) -> (&'static str, Option<Timestamp>) {
        let Work::Sweeps(sweeps) = &self.work else {
            return ("Success", None);
        };
        let words: Vec<_> = sweeps.iter().map(|sweep| sweep.state(at)).collect();
        let is_open = |(word, _): &(&str, _)| matches!(*word, "Pending" | "Running");
        if at < self.made || words.iter().any(is_open) {
            return ("Running", None);
        }
        let has = |word: &str| words.iter().any(|(own, _)| *own == word);
        let mut worst = ["Error", "Stopped"].into_iter();
        let end = words.iter().filter_map(|(_, end)| *end).max();
        let end = end.unwrap_or(self.made);
        (worst.find(|word| has(word)).unwrap_or("Success"), Some(end))
    }

    pub(super) fn tasks(&self, now: Timestamp) -> Vec<Value> {
        match &self.work {
            Work::Fixed { tasks, .. } => tasks.as_array().cloned().unwrap_or_default(),
            Work::Sweeps(sweeps) => {
                let sweeps = sweeps.iter();
                sweeps.map(|sweep| sweep.record(self.id, now)).collect()
            }
        }
    }

    /// Returns the log of a task, or `None` if there is no such task or no log.
    pub(super) fn log(&self, task: i64, now: Timestamp) -> Option<String> {
        match &self.work {
            Work::Fixed { tasks, log, .. } => {
                let mut tasks = tasks.as_array()?.iter();
                tasks.any(|own| own["id"] == task).then(|| log.clone())
            }
            Work::Sweeps(sweeps) => {
                let sweep = sweeps.iter().find(|sweep| sweep.id == task)?;
                sweep.log(self.is_trial, now)
            }
        }
    }

    pub(super) fn stop(&mut self, now: Timestamp) {
        self.stopped = true;
        if let Work::Sweeps(sweeps) = &mut self.work {
            for sweep in sweeps.iter_mut().filter(|sweep| !sweep.is_over(now)) {
                sweep.course.stop(now);
            }
        }
    }
}

impl Sweep {
    /// Returns the word for the state, and the end.
    fn state(&self, now: Timestamp) -> (&'static str, Option<Timestamp>) {
        let look = self.course.look(now);
        if let Some(attempt) = self.course.attempt(0, now) {
            let word = if attempt.succeeds { "Success" } else { "Error" };
            return (word, Some(attempt.ended));
        }
        match look.state {
            State::Waiting => ("Pending", None),
            State::Stopped => ("Stopped", look.ended),
            _ => ("Running", None),
        }
    }

    pub(super) fn is_over(&self, now: Timestamp) -> bool {
        self.state(now).1.is_some()
    }

    fn record(&self, execution: i64, now: Timestamp) -> Value {
        let (status, end) = self.state(now);
        let code = match status {
            "Pending" => 0,
            "Running" => 2,
            _ => 3,
        };
        let found = self.result.as_ref().filter(|_| status == "Success");
        let start = self.course.look(now).started;
        json!({
            "id": self.id,
            "execution_id": execution,
            "repository": self.repository,
            "job_id": fleet::hex_id(&format!("retention task {}", self.id), 24),
            "status": status,
            "status_code": code,
            "status_revision": 0,
            "start_time": time(start.map(times::whole)),
            "end_time": time(end.map(times::whole)),
            "total": found.map_or(0, |found| found.artifacts.len()),
            "retained": found.map_or(0, Judged::retained),
        })
    }

    /// Returns the log, whose table tells what stays.
    fn log(&self, is_trial: bool, now: Timestamp) -> Option<String> {
        let begun = self.course.look(now).begun?;
        let end = self.state(now).1;
        if end.is_some_and(|end| now >= end + KEPT) {
            return None;
        }
        let path = format!("{}/{}", self.project, self.repository);
        let line = |time: Timestamp, number: u32, message: &str| {
            let time = times::line(time);
            format!("{time} [INFO] [/pkg/retention/job.go:{number}]: {message}\n")
        };
        let head = format!(
            "Run retention process.\n Repository: {path} \n Rule Algorithm: or \n Dry Run: {is_trial}"
        );
        let mut text = line(begun, 84, &head);
        if let (Some(end), Some(found)) = (end, &self.result) {
            let count = found.artifacts.len();
            let loaded = format!("Load {count} candidates from repository {path}");
            text += &line(begun, 99, &loaded);
            let mut table = "\n| Digest | Tag | Kind | Retention |\n|---|---|---|---|\n".to_owned();
            for (digest, tags, stays) in &found.artifacts {
                let tags = tags.join(",");
                let word = if *stays { "RETAIN" } else { "DEL" };
                table += &format!("| {digest} | {tags} | image | {word} |\n");
            }
            text += &line(end, 184, &table);
        }
        Some(text)
    }
}

fn time(time: Option<Timestamp>) -> String {
    time.map_or_else(|| NO_TIME.to_owned(), |time| time.to_string())
}

/// Judges the artifacts of a repository. An artifact stays if one rule keeps it. Without a rule about
/// the repository, all stay.
pub(super) fn judged(
    policy: &Value,
    name: &str,
    repository: &Repository,
    now: Timestamp,
) -> Result<Judged, Malformed> {
    let rules = policy["rules"].as_array().into_iter().flatten();
    let mut own = Vec::new();
    for rule in rules.filter(|rule| rule["disabled"] != true) {
        if is_about(rule, name)? {
            own.push(rule);
        }
    }
    let mut kept: BTreeSet<&str> = BTreeSet::new();
    for rule in &own {
        kept.extend(kept_by(rule, repository, now)?);
    }
    let artifacts = repository.artifacts.keys().map(|digest| {
        let tags = repository.tags_of(digest).map(|(tag, _)| tag.to_owned());
        let stays = own.is_empty() || kept.contains(digest.as_str());
        (digest.clone(), tags.collect(), stays)
    });
    Ok(Judged {
        artifacts: artifacts.collect(),
    })
}

fn is_about(rule: &Value, repository: &str) -> Result<bool, Malformed> {
    let selectors = rule["scope_selectors"]["repository"].as_array();
    for selector in selectors.into_iter().flatten() {
        let matches = pattern::matches(pattern_of(selector), repository)?;
        if matches == (selector["decoration"] == "repoExcludes") {
            return Ok(false);
        }
    }
    Ok(true)
}

fn pattern_of(selector: &Value) -> &str {
    selector["pattern"].as_str().unwrap_or_default()
}

/// Returns the selected artifacts that one rule keeps.
fn kept_by<'a>(
    rule: &Value,
    repository: &'a Repository,
    now: Timestamp,
) -> Result<Vec<&'a str>, Malformed> {
    let mut selected: Vec<(&str, &Artifact)> = Vec::new();
    for (digest, artifact) in &repository.artifacts {
        let tags: Vec<_> = repository.tags_of(digest).map(|(tag, _)| tag).collect();
        let mut fits = true;
        let selectors = rule["tag_selectors"].as_array();
        for selector in selectors.into_iter().flatten() {
            fits &= selects(selector, &tags)?;
        }
        if fits {
            selected.push((digest, artifact));
        }
    }
    let template = rule["template"].as_str().unwrap_or_default();
    let number = rule["params"][template].as_i64().unwrap_or_default();
    let days = i32::try_from(number).unwrap_or(i32::MAX);
    let age = SignedDuration::from_hours(24).saturating_mul(days);
    let since = now.checked_sub(age).unwrap_or(Timestamp::MIN);
    match template {
        "latestPushedK" | "latestPulledN" => {
            // Nothing is pulled in the sandbox, so the order of pulls is that of digests.
            if template == "latestPushedK" {
                selected.sort_by_key(|(_, artifact)| std::cmp::Reverse(artifact.pushed));
            }
            selected.truncate(usize::try_from(number).unwrap_or(0));
        }
        "nDaysSinceLastPush" => selected.retain(|(_, artifact)| artifact.pushed >= since),
        "nDaysSinceLastPull" => selected.clear(),
        // The spec's enum refuses other values than always.
        _ => {}
    }
    Ok(selected.into_iter().map(|(digest, _)| digest).collect())
}

/// Whether a selector selects an artifact with these tags. `extras` tells whether it also selects
/// artifacts without a tag.
fn selects(selector: &Value, tags: &[&str]) -> Result<bool, Malformed> {
    let excludes = selector["decoration"] == "excludes";
    if tags.is_empty() {
        let extras = selector["extras"].as_str().unwrap_or_default();
        let extras: Value = serde_json::from_str(extras).unwrap_or_default();
        return Ok((extras["untagged"] == true) != excludes);
    }
    for tag in tags {
        if pattern::matches(pattern_of(selector), tag)? != excludes {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::sides::harbor::ids::Ids;
    use crate::sides::harbor::images::Content;

    const NOW: Timestamp = Timestamp::constant(1_793_599_200, 0);

    #[test]
    fn rules_keep() {
        let mut ids = Ids::default();
        let days = |days: i64| NOW - SignedDuration::from_hours(24 * days);
        let mut repository = Repository::new(1, days(90));
        for (tag, age) in [("v1", 40), ("v2", 20), ("rc-1", 5)] {
            repository.put(&mut ids, Some(tag), &Content::of(tag), days(age));
        }
        repository.put(&mut ids, None, &Content::of("untagged"), days(1));
        let rule = |template: &str, number: i64, tags: (&str, &str), untagged: bool| {
            json!({
                "template": template,
                "params": {template: number},
                "tag_selectors": [{
                    "decoration": tags.0,
                    "pattern": tags.1,
                    "extras": json!({"untagged": untagged}).to_string(),
                }],
                "scope_selectors": {"repository": [
                    {"decoration": "repoMatches", "pattern": "api"},
                ]},
            })
        };
        let all = ("matches", "**");
        for (rules, name, expected) in [
            (vec![rule("latestPushedK", 2, all, false)], "api", "rc-1 v2"),
            (vec![rule("latestPushedK", 2, all, true)], "api", " rc-1"),
            (
                vec![rule("always", 0, ("matches", "v*"), false)],
                "api",
                "v1 v2",
            ),
            (
                vec![rule("always", 0, ("excludes", "v*"), true)],
                "api",
                "rc-1",
            ),
            (
                vec![rule("nDaysSinceLastPush", 20, all, false)],
                "api",
                "rc-1 v2",
            ),
            (vec![rule("nDaysSinceLastPull", 20, all, true)], "api", ""),
            (
                vec![rule("nDaysSinceLastPush", i64::MAX, all, true)],
                "api",
                " rc-1 v1 v2",
            ),
            (
                vec![rule("latestPushedK", 1, all, false)],
                "web",
                " rc-1 v1 v2",
            ),
            (vec![], "api", " rc-1 v1 v2"),
        ] {
            let found = judged(&json!({"rules": rules}), name, &repository, NOW).unwrap();
            let kept = found.artifacts.iter().filter(|(_, _, stays)| *stays);
            let mut tags: Vec<_> = kept.map(|(_, tags, _)| tags.join(",")).collect();
            tags.sort();
            assert_eq!(tags.join(" "), expected, "{rules:?} {name}");
            assert_eq!(found.gone().count(), 4 - tags.len());
        }
        let bad = rule("always", 0, ("matches", "["), false);
        assert!(judged(&json!({"rules": [bad]}), "api", &repository, NOW).is_err());
    }
}
