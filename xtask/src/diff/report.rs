//! Report of the changes as Markdown.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use heck::ToSnakeCase;
use serde_json::Value;

use super::pairs::{Pairs, id};
use super::{Change, Side, Topic};
use crate::spec::all_operations;

/// Changes between two revisions.
pub(super) struct Report {
    pub(super) old: String,
    pub(super) new: String,
    pub(super) parts: Vec<Part>,
}

/// Changes in one spec.
pub(super) struct Part {
    krate: String,
    service: String,
    sections: Vec<Section>,
    /// Names of parts with changes of documentation only.
    documentation: Vec<String>,
    notes: Vec<String>,
}

/// Lines under one heading. Without a heading, they are about the service.
struct Section {
    heading: Option<String>,
    lines: Vec<Change>,
}

/// Crate and module of `specs/CRATE/SERVICE.yaml`.
pub(super) fn names(file: &str) -> (String, String) {
    let mut words = file.trim_end_matches(".yaml").rsplit('/');
    let service = words.next().unwrap_or_default().to_owned();
    (words.next().unwrap_or_default().to_owned(), service)
}

impl Report {
    pub(super) fn is_breaking(&self) -> bool {
        self.lines().any(|line| line.breaking)
    }

    fn lines(&self) -> impl Iterator<Item = &Change> {
        let sections = self.parts.iter().flat_map(|part| &part.sections);
        sections.flat_map(|section| &section.lines)
    }
}

impl Part {
    pub(super) fn added(file: &str, document: &Value) -> Self {
        Self::whole(file, document, false, "is new")
    }

    pub(super) fn removed(file: &str, document: &Value) -> Self {
        Self::whole(file, document, true, "is gone")
    }

    fn whole(file: &str, document: &Value, breaking: bool, how: &str) -> Self {
        let (krate, service) = names(file);
        let operations: Vec<_> = all_operations(document)
            .map(|place| format!("`{}`", id(&place)))
            .collect();
        let module = format!("{}::{service}", krate.replace('-', "_"));
        let line = |side, text| Change {
            topic: Topic::Service,
            side,
            breaking,
            text,
        };
        Self {
            sections: vec![Section {
                heading: None,
                lines: vec![
                    line(
                        Side::Rust,
                        format!("`{module}` {how}, with all that is in it"),
                    ),
                    line(
                        Side::Wire,
                        format!("the service {how}: {}", operations.join(", ")),
                    ),
                ],
            }],
            krate,
            service,
            documentation: Vec::new(),
            notes: Vec::new(),
        }
    }

    pub(super) fn changed(
        file: &str,
        pairs: &Pairs<'_>,
        changes: Vec<Change>,
        notes: Vec<String>,
    ) -> Self {
        let (krate, service) = names(file);
        let documentation = documentation(pairs, &changes);
        let mut sections: BTreeMap<(u8, String), Section> = BTreeMap::new();
        for change in changes {
            let (order, heading) = place(pairs, &service, &change.topic);
            let section = sections
                .entry((order, heading.clone()))
                .or_insert_with(|| Section {
                    heading: (order > 0).then_some(heading),
                    lines: Vec::new(),
                });
            section.lines.push(change);
        }
        let mut sections: Vec<Section> = sections.into_values().collect();
        for section in &mut sections {
            section.lines.sort_by_key(|line| line.side);
            section.lines = joined(std::mem::take(&mut section.lines));
        }
        Self {
            krate,
            service,
            sections,
            documentation,
            notes,
        }
    }
}

/// Joins all added names into one line and all removed names into another, because a new operation
/// brings a dozen types.
fn joined(lines: Vec<Change>) -> Vec<Change> {
    let mut joined: Vec<Change> = Vec::new();
    for line in lines {
        let names = ["new", "gone"].into_iter().find_map(|end| {
            let name = line.text.strip_suffix(&format!(" is {end}"))?;
            let alone = line.side == Side::Rust && name.matches('`').count() == 2;
            alone.then(|| (name.to_owned(), end))
        });
        let Some((name, end)) = names else {
            joined.push(line);
            continue;
        };
        let before = joined.iter_mut().find_map(|before| {
            let list = before.text.strip_suffix(&format!(" is {end}"));
            let list = list.or_else(|| before.text.strip_suffix(&format!(" are {end}")))?;
            let text = format!("{list}, {name} are {end}");
            (before.side == Side::Rust).then_some((before, text))
        });
        match before {
            Some((before, text)) => before.text = text,
            None => joined.push(line),
        }
    }
    joined
}

/// Returns the place of a change in the report. A schema of a single operation is reported there.
fn place(pairs: &Pairs<'_>, service: &str, topic: &Topic) -> (u8, String) {
    let operation = |name: &str| {
        let method = name.to_snake_case();
        (1, format!("{name} (`{service}::Client::{method}()`)"))
    };
    let schema = match topic {
        Topic::Service => return (0, String::new()),
        Topic::Operation(name) => return operation(name),
        Topic::Schema(name) => name,
    };
    let pair = pairs.schemas.iter().find(|pair| pair.name() == schema);
    let users = pair.map(|pair| pairs.users(pair)).unwrap_or_default();
    let mut users = users.into_keys();
    match (users.next(), users.next()) {
        (Some(only), None) => operation(&only),
        (Some(first), Some(second)) => {
            let all: Vec<_> = [first, second].into_iter().chain(users).collect();
            (2, format!("{schema}, of {}", all.join(", ")))
        }
        _ => (3, format!("{schema}, of no operation")),
    }
}

/// Returns the parts whose documentation alone changed.
fn documentation(pairs: &Pairs<'_>, changes: &[Change]) -> Vec<String> {
    let told: BTreeSet<&Topic> = changes.iter().map(|change| &change.topic).collect();
    let mut names = Vec::new();
    for pair in &pairs.operations {
        if let (Some(old), Some(new)) = (&pair.old, &pair.new)
            && pairs.inline_old(old.value) != pairs.inline_new(new.value)
            && !told.contains(&Topic::Operation(pair.name().to_owned()))
        {
            names.push(format!("`{}`", pair.name()));
        }
    }
    for pair in &pairs.schemas {
        if let (Some((_, old)), Some((name, new))) = (pair.old, pair.new)
            && pairs.inline_old(old) != pairs.inline_new(new)
            && !told.contains(&Topic::Schema(name.to_owned()))
        {
            names.push(format!("`{name}`"));
        }
    }
    let whole =
        |document: &Value| ["info", "tags", "servers"].map(|key| document.get(key).cloned());
    if whole(pairs.old) != whole(pairs.new) && !told.contains(&Topic::Service) {
        names.push("the service".to_owned());
    }
    names
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let breaking = self.lines().filter(|line| line.breaking).count();
        let others = self.lines().count() - breaking;
        let count = |number: usize, word: &str| match number {
            1 => format!("1 {word}line"),
            number => format!("{number} {word}lines"),
        };
        if self.parts.iter().all(Part::is_empty) {
            return writeln!(
                f,
                "The specs of {} and {} say the same.",
                self.old, self.new
            );
        }
        writeln!(
            f,
            "Specs, {} → {}: {}, {}.",
            self.old,
            self.new,
            count(breaking, "breaking "),
            count(others, "other ")
        )?;
        writeln!(
            f,
            "**breaking**: code that compiled does not, or a call that was answered is refused."
        )?;
        for part in self.parts.iter().filter(|part| !part.is_empty()) {
            write!(f, "\n{part}")?;
        }
        Ok(())
    }
}

impl Part {
    fn is_empty(&self) -> bool {
        self.sections.is_empty() && self.documentation.is_empty() && self.notes.is_empty()
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "## {}: {}", self.krate, self.service)?;
        for note in &self.notes {
            writeln!(f, "\n{note}")?;
        }
        for section in &self.sections {
            match &section.heading {
                Some(heading) => writeln!(f, "\n### {heading}\n")?,
                None => writeln!(f)?,
            }
            for line in &section.lines {
                writeln!(f, "- {line}")?;
            }
        }
        if !self.documentation.is_empty() {
            writeln!(
                f,
                "\nDocumentation only: {}.",
                self.documentation.join(", ")
            )?;
        }
        Ok(())
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let side = match self.side {
            Side::Rust => "Rust",
            Side::Wire => "wire",
            Side::Behaviour => "behaviour",
        };
        let breaking = if self.breaking { "**breaking** " } else { "" };
        write!(f, "{breaking}{side}: {}", self.text)
    }
}
