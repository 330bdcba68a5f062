//! Shared code of tests of `imgtrack run --wait`, `wait --execution` and `stop --wait`.

use std::time::Duration;

use openapi_transport::Clock;
use registry_sandbox::Outcome;
use serde_json::Value;

use crate::deploy_gate::json;
use crate::program::Trial;

/// A run with `--wait`: what the work does, the exit code, and what stdout has.
pub(crate) struct RunCase {
    pub(crate) repository: &'static str,
    pub(crate) outcome: Outcome,
    pub(crate) code: u8,
    pub(crate) says: &'static str,
}

/// Checks how runs end, as text and as JSON.
pub(crate) async fn runs_end(words: &[&str], cases: &[RunCase]) {
    for case in cases {
        for format in ["table", "json"] {
            let trial = Trial::start().await;
            trial
                .sandbox
                .decide(case.repository, None, None, case.outcome);
            let more = ["--wait", "--timeout", "20m", "--yes", "-o", format];
            let (code, out, err) = trial.run(&[words, &more]).await;
            assert_eq!(code, case.code, "{words:?} {:?}: {out}{err}", case.outcome);
            match format {
                "table" => assert!(out.contains(case.says), "{out}{err}"),
                _ => {
                    let all = json(&out);
                    let completion = &all["completion"];
                    assert_eq!(completion["deadline_passed"], code == 4, "{out}");
                    assert!(!completion["tasks"].as_array().unwrap().is_empty(), "{out}");
                }
            }
            assert!(err.lines().count() > 1, "progress: {err}");
        }
    }
}

/// Returns the result of `wait --execution` as JSON.
pub(crate) async fn followed(trial: &Trial, words: &[&str], code: u8) -> Value {
    let words = [&["wait"], words, &["--timeout", "20m", "-o", "json"]];
    let (found, out, err) = trial.run(&words).await;
    assert_eq!(found, code, "{words:?}: {out}{err}");
    json(&out)[0].clone()
}

/// Checks that a wait for something that is not there ends at once.
pub(crate) async fn is_not_found(words: &[&str], says: &str) {
    let trial = Trial::start().await;
    let begun = trial.clock.elapsed();
    let (code, out, err) = trial.run(&[&["wait"], words, &["--timeout", "20m"]]).await;
    assert_eq!(code, 1, "{words:?}: {out}{err}");
    assert!(err.contains(says), "{err}");
    assert!(trial.clock.elapsed() - begun < Duration::from_secs(10));
}
