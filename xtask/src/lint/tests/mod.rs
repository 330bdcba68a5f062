//! Tests of each check, by one mistake in a correct spec.

mod listing;
mod quirks;
mod structure;
mod values;

use super::{Finding, Report};

const GOOD: &str = include_str!("good.yaml");
const LIST: &str = include_str!("good.json");
const FILE: &str = "specs/cloud-things/things.yaml";

fn findings(spec: &str, list: Option<&str>) -> Vec<Finding> {
    let mut report = Report::default();
    report.add(FILE, spec, list);
    report.findings.into_iter().collect()
}

/// Returns `text` with one change. The old text must occur once.
fn change(text: &str, from: &str, to: &str) -> String {
    assert_eq!(text.matches(from).count(), 1, "in the good file: {from}");
    text.replace(from, to)
}

/// Old text, new text, and the place and words of the single finding.
type Mistake = (&'static str, &'static str, &'static str, &'static str);

/// Makes each mistake in the good spec, and expects its finding and no other.
fn expect(mistakes: &[Mistake]) {
    for (from, to, place, what) in mistakes {
        let found = findings(&change(GOOD, from, to), Some(LIST));
        one(&found, from, to, place, what);
    }
}

/// Does the same for a vendor without an operation list.
fn expect_unlisted(mistakes: &[Mistake]) {
    let good = unlisted();
    assert_eq!(findings(&good, None), []);
    for (from, to, place, what) in mistakes {
        let found = findings(&change(&good, from, to), None);
        one(&found, from, to, place, what);
    }
}

/// Returns the good spec without its quirks about the vendor's list.
fn unlisted() -> String {
    let spec = change(GOOD, "              - { unlike-list: type }\n", "");
    change(
        &spec,
        "x-quirk: { why: On the page alone., while: [{ unlike-list: extra }] }",
        "example: true",
    )
}

fn one(found: &[Finding], from: &str, to: &str, place: &str, what: &str) {
    let shown: Vec<_> = found.iter().map(ToString::to_string).collect();
    let shown = shown.join("\n");
    let [finding] = found else {
        panic!("{from} → {to}: one finding expected, and there are\n{shown}");
    };
    assert!(
        finding.place == place && finding.what.contains(what),
        "{from} → {to}: expected {place}: …{what}…, and there is\n{shown}"
    );
}

#[test]
fn a_good_spec_has_no_findings() {
    assert_eq!(findings(GOOD, Some(LIST)), []);
}

#[test]
fn every_mistake_is_told_and_not_only_the_first() {
    let spec = change(GOOD, "summary: Lists jobs.", "summary: Lists jobs");
    let spec = change(&spec, "x-access: write", "x-access: maybe");
    let spec = change(&spec, "description: The group.", "description: ''");
    assert_eq!(findings(&spec, Some(LIST)).len(), 3);
}

#[test]
fn a_finding_says_file_place_and_what_to_do() {
    let spec = change(GOOD, "summary: Lists jobs.", "summary: Lists jobs");
    let said: Vec<_> = findings(&spec, Some(LIST))
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        said,
        ["specs/cloud-things/things.yaml: ListJobs: summary is not a sentence with its full stop"]
    );
}

#[test]
fn a_file_that_is_no_yaml_is_a_finding() {
    for text in ["a: [", "a: 1\na: 2\n"] {
        let found = findings(text, None);
        assert_eq!(found.len(), 1, "{text}: {found:?}");
        assert!(found[0].what.starts_with("is not YAML: "), "{found:?}");
    }
}
