//! Each exit code of the help, reached by a command.

use std::collections::BTreeSet;

use registry_sandbox::Outcome;
use registry_tests::hostile::{Hostile, Reply};

use crate::deploy_gate::OTHER;
use crate::program::{Trial, output};
use crate::subjects::subject;

#[tokio::test]
async fn every_exit_code_is_reached() {
    let of = subject(|one| one.descriptor().offers.tag_tasks);
    let options = of.options();
    let denied = Hostile::start(|_| Reply::answer(403, &[], "{}")).await;
    let denied = format!("{}/team/api:v1", denied.host());
    let trial = Trial::start().await;
    let image = "team/api:v77";
    let digest = trial.push(of.source(), "content");
    let wait = ["wait", image, "--timeout", "10m", "-q"];
    let mut reached = BTreeSet::new();
    let mut check = async |words: &[&str], place: &[&str], code: u8| {
        let (found, out, err) = trial.run(&[words, place]).await;
        assert_eq!(found, code, "{words:?}: {out}{err}");
        reached.insert(found);
    };
    check(&["status", image], &options, 4).await;
    check(&wait, &options, 0).await;
    check(&["status", image, "--digest", &digest], &options, 0).await;
    check(&["status", image, "--digest", OTHER], &options, 6).await;
    check(&["status", image, "--to", "nowhere"], &options, 5).await;
    trial
        .sandbox
        .decide("team/api", Some("v77"), None, Outcome::Fails);
    trial.push(of.source(), "other content");
    check(&wait, &options, 3).await;
    check(&["tasks", "team/none"], &options, 1).await;
    check(&["status", image, "--digest", "latest"], &options, 2).await;
    check(&["status", &denied], &[], 7).await;
    // The help knows no other.
    let help = output(&["--help"]);
    let (_, codes) = help.split_once("Exit codes:\n").unwrap();
    let codes = codes
        .lines()
        .filter_map(|line| line.split_whitespace().next());
    let codes: BTreeSet<u8> = codes.filter_map(|word| word.parse().ok()).collect();
    let of_signals = [130, 143].into();
    assert_eq!(
        codes
            .difference(&of_signals)
            .copied()
            .collect::<BTreeSet<_>>(),
        reached
    );
}
