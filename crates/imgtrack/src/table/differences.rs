//! Columns of differences between registries.

use registry_replication::oci::{TagDiff, TagState};

use super::cell::Cell;
use super::column::{Column, Row};
use crate::styled::Tone;

impl Row for TagDiff {
    const COLUMNS: &'static [Column<Self>] = &[
        Column::new("state", |row: &Self| Cell::State {
            word: row.state.as_str().to_owned(),
            tone: match row.state {
                TagState::Same => Tone::Good,
                TagState::Missing | TagState::Different => Tone::Bad,
                _ => Tone::Doubtful,
            },
            note: String::new(),
        }),
        Column::new("repository", |row: &Self| {
            Cell::Text(row.repository.clone())
        }),
        Column::new("tag", |row: &Self| Cell::Text(row.tag.clone())),
        Column::new("source", |row: &Self| Cell::Digest(row.source.clone())).rank(2),
        Column::new("destination", |row: &Self| {
            Cell::Digest(row.destination.clone())
        })
        .rank(3),
        // The table has the details below.
        Column::new("detail", |row: &Self| Cell::text(row.detail.as_ref())).wide(),
    ];
}
