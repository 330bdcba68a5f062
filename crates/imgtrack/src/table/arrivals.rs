//! Verdicts on images.

use registry_replication::{Basis, DestinationReport, Feature, ReasonKind, Report};

use super::Table;
use super::records::{duration, time};
use crate::terminal::{escaped, is_word};

/// Formats a row for each image and destination.
///
/// Where no registry has rules or tasks, the digest takes their place.
pub(crate) fn arrivals(reports: &[&Report]) -> String {
    let shows_work = |report: &&Report| {
        let provider = report.provider.descriptor();
        provider.is_none_or(|provider| provider.shows_work())
    };
    if !reports.iter().any(shows_work) {
        return digests(reports);
    }
    let mut table = Table::new(&[
        "VERDICT",
        "IMAGE",
        "DESTINATION",
        "RULE",
        "TASK",
        "STATE",
        "SINCE",
        "AGE",
        "BASED ON",
    ]);
    for report in reports {
        for destination in &report.destinations {
            let evidence = destination.evidence.as_ref();
            let changed = evidence.and_then(|evidence| evidence.changed.or(evidence.created));
            let age = changed.map(|changed| report.at.as_second() - changed.as_second());
            table.add_row([
                destination.verdict.to_string(),
                report.image.clone(),
                destination.destination.to_string(),
                text(destination.rule.as_ref()),
                text(evidence.and_then(|evidence| evidence.task.as_ref())),
                text(evidence.map(|evidence| &evidence.state)),
                time(changed),
                age.map(duration).unwrap_or_default(),
                destination.rests_on.map_or("", basis).to_owned(),
            ]);
        }
    }
    table.finish()
}

/// Formats a row for each image and destination, with the digest that the destination has.
fn digests(reports: &[&Report]) -> String {
    let mut table = Table::new(&["VERDICT", "IMAGE", "DESTINATION", "DIGEST", "BASED ON"]);
    for report in reports {
        for destination in &report.destinations {
            table.add_row([
                destination.verdict.to_string(),
                report.image.clone(),
                destination.destination.to_string(),
                destination.digest.clone().unwrap_or_default(),
                destination.rests_on.map_or("", basis).to_owned(),
            ]);
        }
    }
    table.finish()
}

fn text(what: Option<&impl ToString>) -> String {
    what.map(ToString::to_string).unwrap_or_default()
}

/// Names the basis of a verdict in a few words.
fn basis(basis: Basis) -> &'static str {
    match basis {
        Basis::Destination => "the destination",
        Basis::TaskDigest => "the task's digest",
        Basis::FirstCopy => "the first copy",
        Basis::SourceTag => "the source's tag",
        Basis::Since => "the task's time",
        Basis::NewestTask => "the newest task",
        Basis::SamePlatforms => "the platforms",
        Basis::SameConfig => "the configs",
        _ => "",
    }
}

/// Formats what the table has no room for: reasons and a warning.
pub(crate) fn noted(reports: &[&Report]) -> String {
    let mut notes = String::new();
    let mut unsure = false;
    for report in reports {
        for destination in &report.destinations {
            unsure |= destination.rests_on == Some(Basis::NewestTask);
            if !destination.reasons.is_empty() {
                notes.push_str(&block(report, destination, None));
            }
        }
    }
    if unsure {
        notes.push_str(
            "The newest task may have copied an older image than the tag names now; leave out \
             --newest to be sure.\n",
        );
    }
    notes
}

/// Formats all sentences, destination by destination, with the commands that help.
///
/// `target` has the options that name the registry.
pub(crate) fn explained(report: &Report, target: &str) -> String {
    let destinations = report.destinations.iter();
    destinations
        .map(|destination| block(report, destination, Some(target)))
        .collect()
}

fn block(report: &Report, destination: &DestinationReport, target: Option<&str>) -> String {
    let title = format!(
        "{} to {}: {}",
        report.image, destination.destination, destination.verdict
    );
    let mut lines = vec![title];
    let mut sentence = |text: &str| lines.push(format!("  {text}"));
    if let Some(basis) = destination.rests_on {
        sentence(basis.as_sentence());
    }
    for reason in &destination.reasons {
        sentence(&reason.text);
        let target = target.filter(|_| reason.kind == ReasonKind::RuleByHand);
        if let Some(command) = target.and_then(|target| run(report, destination, target)) {
            sentence(&format!("  {command}"));
        }
    }
    let nothing = destination.rests_on.is_none() && destination.reasons.is_empty();
    if let Some(evidence) = destination.evidence.as_ref().filter(|_| nothing) {
        sentence(&format!("{} is {}", evidence.name(), evidence.state));
    }
    let lines = lines.iter().map(|line| format!("{}\n", escaped(line)));
    lines.collect()
}

/// Returns the command that runs the rule.
fn run(report: &Report, destination: &DestinationReport, target: &str) -> Option<String> {
    let rule = destination.rule.as_ref().map(ToString::to_string)?;
    let runs_whole = report.provider.descriptor()?.has(Feature::RunRule);
    let image = match runs_whole {
        true => String::new(),
        false => format!("--image {} ", report.image),
    };
    is_word(&rule).then(|| format!("imgtrack run {rule} {image}{target}"))
}
