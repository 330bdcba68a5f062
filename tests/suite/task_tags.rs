//! Tests of `imgtrack tasks --tags`: tasks with their subtasks.

use registry_replication::Feature;
use serde_json::Value;

use crate::commands::is_refused;
use crate::program::{Trial, output};
use crate::subjects::subject;

/// Options of a provider whose tasks have subtasks.
fn place() -> Vec<&'static str> {
    subject(|one| one.descriptor().has(Feature::Subtasks)).options()
}

fn parsed(text: &str) -> Vec<Value> {
    serde_json::from_str(text).unwrap()
}

const TASKS: [&str; 4] = ["tasks", "301", "--limit", "6"];

#[test]
fn json_nests_what_subtasks_lists() {
    let place = place();
    let json = |words: &[&str]| parsed(&output(&[words, &place, &["-o", "json"]].concat()));
    let tasks = json(&TASKS);
    let tagged = json(&[&TASKS[..], &["--tags"]].concat());
    assert_eq!(tasks.len(), tagged.len());
    let mut count = 0;
    for (task, mut with) in tasks.into_iter().zip(tagged) {
        let reference = task["reference"].as_str().unwrap();
        let subtasks = with.as_object_mut().unwrap().remove("subtasks").unwrap();
        assert_eq!(with, task);
        assert_eq!(subtasks, Value::Array(json(&["subtasks", reference])));
        count += subtasks.as_array().unwrap().len();
    }
    assert!(count > 6, "{count}");
}

#[test]
fn a_table_has_a_row_for_each_subtask_under_its_task() {
    let place = place();
    let words = [&TASKS[..], &["--tags"], &place].concat();
    let tasks = parsed(&output(&[&words[..], &["-o", "json"]].concat()));
    let mut expected = Vec::new();
    for task in &tasks {
        let reference = task["reference"].as_str().unwrap();
        expected.push(format!("{reference},"));
        for subtask in task["subtasks"].as_array().unwrap() {
            expected.push(format!("{reference},{}", subtask["id"].as_str().unwrap()));
        }
    }
    let columns = ["-o", "csv", "--columns", "task,subtask", "--no-header"];
    let csv = output(&[&words[..], &columns].concat());
    assert_eq!(csv.lines().collect::<Vec<_>>(), expected);
    // References are those of tasks, and need no subtasks.
    let names = output(&[&words[..], &["-o", "name"]].concat());
    assert_eq!(names.lines().count(), tasks.len());
}

#[test]
fn a_tag_chooses_subtasks_too() {
    let place = place();
    let words = ["tasks", "301", "--tags", "--tag", "v42", "-o", "json"];
    let tasks = parsed(&output(&[&words[..], &place].concat()));
    let subtasks = tasks
        .iter()
        .flat_map(|task| task["subtasks"].as_array().unwrap());
    let tags: Vec<&str> = subtasks.map(|one| one["tag"].as_str().unwrap()).collect();
    assert!(
        !tags.is_empty() && tags.iter().all(|tag| *tag == "v42"),
        "{tags:?}"
    );
}

#[tokio::test]
async fn a_limit_bounds_the_calls_and_a_sort_comes_first() {
    let place = place();
    for order in [&[][..], &["--sort", "took", "--reverse"]] {
        let mut counts = Vec::new();
        for tags in [&[][..], &["--tags"]] {
            let trial = Trial::start().await;
            let words = [&["tasks", "301", "--limit", "3"], order, tags, &place];
            let (code, out, err) = trial.run(&words).await;
            assert_eq!((code, err.as_str()), (0, ""), "{out}");
            counts.push(trial.sandbox.requests());
        }
        assert_eq!(counts[1] - counts[0], 3, "{order:?}: {counts:?}");
    }
}

#[tokio::test]
async fn subtasks_that_cannot_be_read_are_an_error_of_their_task() {
    let place = place();
    let trial = Trial::start().await;
    trial.sandbox.on_answer(|answer| {
        if answer.operation.ends_with("ExecSubTasks") && answer.target.contains("/5003/") {
            answer.status = 400;
            answer.body = serde_json::json!({ "error_code": "X.1", "error_msg": "lost" });
        }
    });
    for (format, error) in [
        ("table", "error: subtasks of 301/5003: "),
        ("json", "\"message\":\"subtasks of 301/5003: "),
    ] {
        let words = [&TASKS[..], &["--tags", "-o", format], &place];
        let (code, out, err) = trial.run(&words).await;
        assert_eq!(code, 1, "{out}{err}");
        assert_eq!(err.matches("subtasks of").count(), 1, "{err}");
        assert!(err.starts_with(error) || err.contains(error), "{err}");
        // All tasks are there, and the other subtasks.
        assert!(out.contains("301/5006"), "{out}");
        if format == "json" {
            for task in parsed(&out) {
                let is_lost = task["reference"] == "301/5003";
                assert_eq!(
                    task["subtasks"].as_array().unwrap().is_empty(),
                    is_lost,
                    "{task}"
                );
                assert_eq!(task["subtasks_error"].is_string(), is_lost, "{task}");
            }
        }
    }
}

#[test]
fn a_provider_without_subtasks_refuses() {
    let of = subject(|one| {
        let descriptor = one.descriptor();
        descriptor.has(Feature::ImageTasks) && !descriptor.has(Feature::Subtasks)
    });
    let words = [&["tasks", "team/api", "--tags"], &of.options()[..]].concat();
    is_refused(&words, 2, "subtasks");
}
