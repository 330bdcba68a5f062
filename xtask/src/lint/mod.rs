//! `cargo xtask lint`: checks the specs by the rules of `specs/README.md`, and compares them with the
//! vendors' operation lists in `tests/data/listed/`.
//!
//! It reports all findings, not only the first. `document` is the view of a spec for the checks, and
//! each other module is one kind of check.

mod compare;
mod document;
mod examples;
mod fields;
mod finding;
mod keys;
mod listed;
mod operations;
mod paging;
mod quirks;
mod schemas;
#[cfg(test)]
mod tests;
mod validate;

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Instant;

use serde_json::Value;

use crate::Error;
pub use finding::Finding;
use finding::Findings;

/// Result of a run of lint.
#[derive(Debug, Default)]
pub struct Report {
    /// All findings, by file and place.
    pub findings: BTreeSet<Finding>,
    /// Number of specs.
    pub specs: usize,
    /// Number of operations in them.
    pub operations: usize,
    /// Number of schemas that have a name.
    pub schemas: usize,
    /// Number of examples that were checked by their schemas.
    pub examples: usize,
    /// Number of documented mistakes of the vendor.
    pub quirks: usize,
    /// Number of operations that were compared with the vendor's list.
    pub listed: usize,
}

/// Runs `lint [--root DIR]`: prints findings, or a summary. Returns whether there are no findings.
///
/// # Errors
///
/// Unknown arguments, and files that cannot be read.
pub fn command(root: &Path, words: &[&str]) -> Result<bool, Error> {
    let root = match words {
        [] => root,
        ["--root", folder] => Path::new(folder),
        _ => return Err(Error::Usage),
    };
    let started = Instant::now();
    let report = lint(root)?;
    for finding in &report.findings {
        println!("{finding}");
    }
    let Report {
        findings,
        specs,
        operations,
        schemas,
        examples,
        quirks,
        listed,
    } = &report;
    if findings.is_empty() {
        println!(
            "{specs} specs, {operations} operations ({listed} as the vendors list them), {schemas} \
             schemas, {examples} examples, {quirks} quirks: nothing wrong, {} ms",
            started.elapsed().as_millis()
        );
    } else {
        eprintln!("{} findings", findings.len());
    }
    Ok(findings.is_empty())
}

/// Lints `specs/*/*.yaml` below `root`.
///
/// # Errors
///
/// Files that cannot be read. An invalid spec or list is a finding.
pub fn lint(root: &Path) -> Result<Report, Error> {
    let mut report = Report::default();
    for folder in crate::spec::entries(&root.join("specs"))? {
        if !folder.is_dir() {
            continue;
        }
        let krate = crate::spec::name(&folder);
        for path in crate::spec::entries(&folder)? {
            if path.extension().is_none_or(|ending| ending != "yaml") {
                continue;
            }
            let service = path
                .file_stem()
                .map(|stem| stem.to_string_lossy().into_owned())
                .unwrap_or_default();
            let text = std::fs::read_to_string(&path).map_err(Error::io(&path))?;
            // The main spec of a crate has the name of its service: `acme-cr/cr`, or `acme/acme`.
            let list = if krate.rsplit('-').next() == Some(service.as_str()) {
                let path = root.join(format!("tests/data/listed/{krate}.json"));
                match std::fs::read_to_string(&path) {
                    Ok(text) => Some(text),
                    Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
                    Err(error) => return Err(Error::io(&path)(error)),
                }
            } else {
                None
            };
            let file = format!("specs/{krate}/{service}.yaml");
            report.add(&file, &text, list.as_deref());
        }
    }
    Ok(report)
}

impl Report {
    /// Lints one spec, and compares it with its list if it has one.
    fn add(&mut self, file: &str, text: &str, list: Option<&str>) {
        let mut findings = Findings::default();
        self.specs += 1;
        match serde_saphyr::from_str::<Value>(text) {
            Ok(value) => self.look(&value, list, &mut findings),
            Err(error) => findings.add("#", format!("is not YAML: {error}")),
        }
        self.findings.extend(findings.of(file));
    }

    fn look(&mut self, value: &Value, list: Option<&str>, findings: &mut Findings) {
        let document = document::Document::new(value);
        self.operations += document.operations.len();
        self.schemas += document
            .nodes
            .iter()
            .filter(|node| matches!(node.kind, document::Kind::Named))
            .count();
        keys::check(&document, findings);
        operations::check(&document, findings);
        paging::check(&document, findings);
        schemas::check(&document, findings);
        self.examples += examples::check(&document, findings);
        let quirks = quirks::read(&document, findings);
        self.quirks += quirks.len();
        quirks::hold(&document, &quirks, findings);
        fields::check(&document, &quirks, findings);
        let list = list.and_then(|list| match listed::List::read(list) {
            Ok(list) => Some(list),
            Err(error) => {
                findings.add(
                    "#",
                    format!("the vendor's list in tests/data/listed: {error}"),
                );
                None
            }
        });
        self.listed += compare::check(&document, list.as_ref(), &quirks, findings);
    }
}
