//! Columns of images that a rule covers or not.

use registry_replication::{Coverage, Covered};
use schemars::JsonSchema;
use serde::Serialize;

use super::cell::Cell;
use super::column::{Column, Row};
use crate::styled::Tone;

/// Whether a rule covers an image.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct CoverageRow {
    /// The rule, as other commands take it.
    pub(crate) rule: String,
    /// The image.
    pub(crate) image: String,
    #[serde(flatten)]
    pub(crate) coverage: Coverage,
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
