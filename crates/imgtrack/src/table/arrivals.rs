//! Verdicts on images.

use registry_replication::{
    Basis, DestinationReport, Evidence, Feature, ReasonKind, Report, Timestamp,
};

use super::cell::Cell;
use super::column::{Column, Row};
use crate::terminal::{escaped, is_word};

/// Verdict on an image at one destination.
pub(crate) struct Arrived {
    image: String,
    /// When the destination was asked.
    at: Timestamp,
    shows_work: bool,
    destination: DestinationReport,
}

/// Returns a row for each image and destination.
pub(crate) fn arrivals(reports: &[&Report]) -> Vec<Arrived> {
    let rows = reports.iter().flat_map(|report| {
        let provider = report.provider.descriptor();
        let shows_work = provider.is_none_or(|provider| provider.shows_work());
        report.destinations.iter().map(move |destination| Arrived {
            image: report.image.clone(),
            at: report.at,
            shows_work,
            destination: destination.clone(),
        })
    });
    rows.collect()
}

impl Arrived {
    fn evidence(&self) -> Option<&Evidence> {
        self.destination.evidence.as_ref()
    }

    /// When the work changed last.
    fn changed(&self) -> Option<Timestamp> {
        let evidence = self.evidence()?;
        evidence.changed.or(evidence.created)
    }
}

impl Row for Arrived {
    const COLUMNS: &'static [Column<Self>] = &[
        Column::new("verdict", |row: &Self| {
            Cell::verdict(row.destination.verdict)
        }),
        Column::new("image", |row: &Self| Cell::Name(row.image.clone())),
        Column::new("destination", |row: &Self| {
            Cell::Text(row.destination.destination.to_string())
        }),
        Column::new("rule", |row: &Self| {
            Cell::text(row.destination.rule.as_ref())
        })
        .rank(3),
        Column::new("task", |row: &Self| {
            Cell::text(row.evidence().and_then(|evidence| evidence.task.as_ref()))
        })
        .rank(6),
        Column::new("state", |row: &Self| match row.evidence() {
            Some(evidence) => Cell::state(&evidence.state, String::new()),
            None => Cell::text(None::<String>),
        })
        .rank(5),
        Column::new("since", |row: &Self| Cell::Time(row.changed())).wide(),
        Column::new("age", |row: &Self| Cell::age(row.changed(), row.at)).rank(4),
        Column::new("digest", |row: &Self| {
            Cell::Digest(row.destination.digest.clone())
        })
        .rank(2)
        .wide(),
        Column::new("based-on", |row: &Self| {
            Cell::text(row.destination.rests_on.map(basis))
        })
        .rank(1),
    ];

    /// Where a registry has no rules and tasks, the digest takes their place.
    fn lifts(&self, column: &str) -> bool {
        column == "digest" && !self.shows_work
    }
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

/// Formats what the table has no room for: reasons and a warning. Each report may come with the name of
/// its registry.
pub(crate) fn noted(reports: &[(Option<&str>, &Report)]) -> String {
    let mut notes = String::new();
    let mut unsure = false;
    for (registry, report) in reports {
        for destination in &report.destinations {
            unsure |= destination.rests_on == Some(Basis::NewestTask);
            if !destination.reasons.is_empty() {
                notes.push_str(&block((*registry, report), destination, None));
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
pub(crate) fn explained(reported: (Option<&str>, &Report), target: &str) -> String {
    let destinations = reported.1.destinations.iter();
    destinations
        .map(|destination| block(reported, destination, Some(target)))
        .collect()
}

fn block(
    (registry, report): (Option<&str>, &Report),
    destination: &DestinationReport,
    target: Option<&str>,
) -> String {
    let registry = registry.map_or(String::new(), |registry| format!("{registry}: "));
    let title = format!(
        "{registry}{} to {}: {}",
        report.image, destination.destination, destination.verdict
    );
    let mut lines = vec![title];
    let mut sentence = |text: &str| lines.push(format!("  {text}"));
    if let Some(basis) = destination.rests_on {
        sentence(basis.as_sentence());
    }
    for reason in &destination.reasons {
        sentence(&reason.text);
        let target = target.filter(|_| reason.kind == ReasonKind::RuleManual);
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
    let line = format!("imgtrack run {rule} {image}{target}");
    is_word(&rule).then(|| line.trim_end().to_owned())
}
