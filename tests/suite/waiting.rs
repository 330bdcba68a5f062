//! Tests of what waits print: live lines, lists of images, and reports to CI systems.

use std::time::Duration;

use imgtrack::{Environment, Program};
use registry_replication::Feature;
use registry_sandbox::Outcome;

use crate::program::Trial;
use crate::subjects::{Subject, subject, subjects_with_rules};

/// Returns a subject with rules.
fn any() -> &'static dyn Subject {
    subject(|one| one.has_rules())
}

/// Runs the program with a terminal of 60 columns and 5 lines as stderr.
async fn on_terminal(trial: &Trial, words: &[&[&str]]) -> (u8, String, String) {
    on_terminal_of(60, trial, words).await
}

/// Runs the program with a terminal of so many columns as stderr.
async fn on_terminal_of(columns: usize, trial: &Trial, words: &[&[&str]]) -> (u8, String, String) {
    let words: Vec<String> = words.concat().iter().map(ToString::to_string).collect();
    let program = Program::default()
        .sandbox(trial.sandbox.clone())
        .clock(trial.clock.clone())
        .environment(Environment::default().live(columns, 5));
    let run = tokio::task::spawn_blocking(move || {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let words = std::iter::once("imgtrack".to_owned()).chain(words);
        let code = program.run(words.map(Into::into), &mut out, &mut err);
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (code, text(out), text(err))
    });
    run.await.unwrap()
}

#[tokio::test]
async fn a_terminal_shows_a_line_for_each_destination_in_place() {
    let trial = Trial::start().await;
    trial.push(any().source(), "content");
    let images: Vec<String> = (0..9).map(|number| format!("team/api:w{number}")).collect();
    let images: Vec<&str> = images.iter().map(String::as_str).collect();
    let wait = [
        "wait",
        "team/api:v77",
        "--timeout",
        "1m",
        "--to",
        any().there(),
    ];
    let (code, out, err) = on_terminal(&trial, &[&wait, &images, &any().options()]).await;
    assert!(matches!(code, 4 | 5), "{out}{err}");
    // Each frame but the first begins with a move of the cursor, and each line ends with its clearing.
    let frames: Vec<&str> = err.split("A\r").collect();
    assert!(frames.len() > 3, "{err}");
    for frame in &frames {
        let lines = frame.lines().map(|line| line.trim_end_matches("\u{1b}[K"));
        let lines: Vec<&str> = lines.filter(|line| !line.contains('\u{1b}')).collect();
        assert!(lines.len() < 5, "{frame:?}");
        for line in lines {
            assert!(line.chars().count() < 60, "{line:?}");
        }
    }
    assert!(err.contains(" more\u{1b}[K\n"), "{err}");
    // The lines are removed before the result is written.
    let removed = "\u{1b}[2K\n".repeat(4) + "\u{1b}[4A";
    assert!(err.ends_with(&removed), "{err:?}");
    assert!(out.contains("team/api:v77"), "{out}");
}

/// Copies `team/api` some times, and pushes a tag whose copy then stalls.
fn push_after(copies: usize, of: &dyn Subject, trial: &Trial) {
    let push = |tag: &str| {
        let content = format!("content of {tag}");
        trial
            .sandbox
            .push(of.source(), "team/api", tag, &content)
            .unwrap();
    };
    for number in 0..copies {
        push(&format!("w{number}"));
        trial.clock.advance(Duration::from_secs(3600));
    }
    trial
        .sandbox
        .decide("team/api", None, None, Outcome::Stalls);
    push("v77");
}

#[tokio::test]
async fn a_terminal_shows_how_long_copies_usually_take() {
    for of in subjects_with_rules() {
        let trial = Trial::start().await;
        push_after(4, of, &trial);
        let wait = [
            "wait",
            "team/api:v77",
            "--timeout",
            "10m",
            "--to",
            of.there(),
        ];
        let (code, out, err) = on_terminal_of(200, &trial, &[&wait, &of.options()]).await;
        assert_eq!(code, 4, "{of:?}: {out}{err}");
        assert!(err.contains(", usually "), "{of:?}: {err}");
        assert!(err.contains(" left, waited "), "{of:?}: {err}");
        assert!(err.contains(" over, waited "), "{of:?}: {err}");
        assert!(!out.contains("usually"), "{of:?}: {out}");
    }
}

#[tokio::test]
async fn a_terminal_is_left_alone_by_a_quiet_wait_and_in_a_job() {
    for (option, says) in [
        (&["--quiet"][..], ""),
        (&["--format", "gitlab"], "\u{1b}[0Ksection_start:"),
    ] {
        let trial = Trial::start().await;
        let wait = ["wait", "team/api:v99", "--timeout", "5s"];
        let (_, _, err) = on_terminal(&trial, &[&wait, option, &any().options()]).await;
        assert!(
            err.starts_with(says) && !err.contains("\u{1b}[2K"),
            "{err:?}"
        );
        assert_eq!(err.is_empty(), says.is_empty(), "{err:?}");
    }
}

#[tokio::test]
async fn a_job_gets_annotations_and_sections() {
    let trial = Trial::start().await;
    let status = ["status", "team/api:v99", "--to", any().there()];
    let (code, _, err) = trial
        .run(&[&status, &["--format", "github"], &any().options()])
        .await;
    assert_ne!(code, 0);
    let title = format!("::error title=team/api%3Av99 to {}%3A ", any().there());
    assert!(err.starts_with(&title), "{err}");
    for command in ["status", "wait"] {
        let plain = [
            command,
            "team/api:v99",
            "--format",
            "plain",
            "--timeout",
            "5s",
        ];
        let (_, _, err) = trial.run(&[&plain, &any().options()]).await;
        assert!(!err.contains("::error"), "{err}");
    }
    let wait = [
        "wait",
        "team/api:v99",
        "--timeout",
        "5s",
        "--format",
        "gitlab",
    ];
    let (_, _, err) = trial.run(&[&wait, &any().options()]).await;
    let title = "imgtrack_progress[collapsed=true]\r\u{1b}[0KWaiting for images\n";
    let begun = err.starts_with("\u{1b}[0Ksection_start:17") && err.contains(title);
    assert!(begun, "{err:?}");
    assert!(err.ends_with(":imgtrack_progress\r\u{1b}[0K\n"), "{err:?}");
}

#[tokio::test]
async fn a_job_gets_an_annotation_of_what_cannot_be_looked_up() {
    let trial = Trial::start().await;
    trial.sandbox.on_answer(|answer| answer.status = 403);
    for command in ["status", "wait"] {
        let words = [command, "team/api:v41", "--timeout", "5s"];
        let (code, _, err) = trial
            .run(&[&words, &["--format", "github"], &any().options()])
            .await;
        assert_eq!(code, 7, "{command}: {err}");
        let title = "::error title=team/api%3Av41%3A unknown::";
        assert_eq!(err.matches(title).count(), 1, "{command}: {err}");
        assert_eq!(err.matches("\nerror: ").count(), 1, "{command}: {err}");
    }
}

#[tokio::test]
async fn a_filter_that_fails_is_an_error_of_its_own() {
    let trial = Trial::start().await;
    let of = subject(|one| one.descriptor().has(Feature::ImageTasks));
    let there = ["--to", "cn-north-1"];
    for (command, to, verdict) in [
        ("status", &there[..], 0),
        ("status", &[], 3),
        ("wait", &[], 3),
    ] {
        let image = "team/api:v43";
        let run = async |more: &[&str]| {
            let words = [command, image, "--newest", "--timeout", "1h"];
            let job = ["--format", "github"];
            trial.run(&[&words, &job, to, more, &of.options()]).await
        };
        let (code, ..) = run(&[]).await;
        assert_eq!(code, verdict, "{command} {to:?}");
        let (code, out, err) = run(&["--jq", ".[] | .image.name"]).await;
        assert_eq!((code, out.as_str()), (1, ""), "{command} {to:?}: {err}");
        assert!(
            err.contains("--jq cannot be applied to this output"),
            "{err}"
        );
        // The verdict is still reported.
        assert_eq!(
            err.contains("::error "),
            verdict != 0,
            "{command} {to:?}: {err}"
        );
        let before = trial.sandbox.requests();
        let (code, ..) = run(&["--jq", ".["]).await;
        assert_eq!((code, trial.sandbox.requests()), (2, before));
    }
}

#[tokio::test]
async fn a_file_lists_images() {
    let folder = std::env::temp_dir().join(format!("imgtrack-images-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let write = |name: &str, text: &str| {
        let file = folder.join(name);
        std::fs::write(&file, text).unwrap();
        file.to_str().unwrap().to_owned()
    };
    let good = write(
        "good",
        "# what we deploy\nteam/api:v41\n\nteam/api:v42 # twice\nteam/api:v41\n",
    );
    let trial = Trial::start().await;
    let status = [
        "status",
        "--images-file",
        &good,
        "team/api:v43",
        "-o",
        "json",
    ];
    let (_, out, err) = trial.run(&[&status, &any().options()]).await;
    let reports = crate::deploy_gate::json(&out);
    let reports = reports.as_array().unwrap();
    let images: Vec<&str> = reports
        .iter()
        .map(|report| report["image"].as_str().unwrap())
        .collect();
    assert_eq!(
        images,
        ["team/api:v43", "team/api:v41", "team/api:v42"],
        "{err}"
    );
    for (text, says) in [
        (
            "team/api:v41\n\nteam/api:\n",
            "line 3: invalid image \"team/api:\"",
        ),
        (
            "team/api:v41\nteam/api\n",
            "invalid image \"team/api\": it has no tag",
        ),
        ("# nothing\n", "has no image"),
        (
            &"team/api:v41\n".repeat(90_000),
            "is too long; at most 1048576 bytes",
        ),
    ] {
        let bad = write("bad", text);
        for command in ["status", "explain", "wait"] {
            let words = [command, "--images-file", &bad, "--timeout", "5s"];
            let asked = trial.sandbox.requests();
            let (code, out, err) = trial.run(&[&words, &any().options()]).await;
            assert_eq!((code, out.as_str()), (2, ""), "{err}");
            assert!(err.contains(says), "{err}");
            assert_eq!(trial.sandbox.requests(), asked);
        }
    }
    let missing = folder.join("missing");
    let words = ["status", "--images-file", missing.to_str().unwrap()];
    let (code, _, err) = trial.run(&[&words, &any().options()]).await;
    assert_eq!(code, 2);
    assert!(err.contains("cannot read --images-file "), "{err}");
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn a_heartbeat_tells_that_a_wait_goes_on() {
    for (heartbeat, lines) in [("60s", 5..), ("0s", 0..)] {
        let trial = Trial::start().await;
        trial
            .sandbox
            .decide("team/api", None, None, Outcome::Stalls);
        trial.push(any().source(), "content");
        let wait = [
            "wait",
            "team/api:v77",
            "--timeout",
            "10m",
            "--heartbeat",
            heartbeat,
        ];
        let (_, _, err) = trial.run(&[&wait, &any().options()]).await;
        let beats = err.lines().filter(|line| line.contains(" still waiting: "));
        let count = beats.count();
        assert!(
            lines.contains(&count) && (heartbeat != "0s" || count == 0),
            "{err}"
        );
    }
}
