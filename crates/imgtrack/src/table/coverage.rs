//! Columns of images that a rule covers or not.

use registry_replication::{Coverage, Covered, ImageCoverage, RuleRef, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;

use super::cell::Cell;
use super::column::{Column, Row};
use super::records::Listed;
use crate::filter::Filtered;
use crate::styled::Tone;

/// Whether a rule covers an image.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct CoverageRow {
    /// The rule, as other commands take it.
    rule: String,
    /// The image.
    image: String,
    #[serde(skip)]
    tag: Option<String>,
    #[serde(flatten)]
    coverage: Coverage,
}

impl CoverageRow {
    pub(crate) fn new(rule: &RuleRef, found: ImageCoverage) -> Self {
        Self {
            rule: rule.to_string(),
            image: found.image.to_string(),
            tag: found.image.tag().map(str::to_owned),
            coverage: found.coverage,
        }
    }
}

impl Listed for CoverageRow {
    const NOTHING: &'static str = "no images\n";

    /// No command takes the comparison of a rule with an image.
    fn reference(&self) -> Option<String> {
        None
    }

    /// A name has no room for a doubt, so only images that the rule covers have one.
    fn name(&self) -> Option<String> {
        (self.coverage.covered == Covered::Yes).then(|| self.image.clone())
    }
}

impl Filtered for CoverageRow {
    fn time(&self) -> Option<Timestamp> {
        None
    }

    fn tags(&self) -> Vec<&str> {
        self.tag.as_deref().into_iter().collect()
    }
}

impl Row for CoverageRow {
    const COLUMNS: &'static [Column<Self>] = &[
        Column::new("covered", |row: &Self| Cell::State {
            word: row.coverage.covered.to_string(),
            tone: match row.coverage.covered {
                Covered::Yes => Tone::Good,
                Covered::No => Tone::Plain,
                _ => Tone::Doubtful,
            },
            note: String::new(),
        }),
        Column::new("image", |row: &Self| Cell::Name(row.image.clone())),
        Column::new("reason", |row: &Self| {
            Cell::Text(row.coverage.reasons.join("; "))
        }),
        Column::new("rule", |row: &Self| Cell::Text(row.rule.clone())).wide(),
    ];
}
