//! Columns of the sandbox's places.

use registry_sandbox::control::ServedPlace;

use super::cell::Cell;
use super::column::{Column, Row};

impl Row for ServedPlace {
    const COLUMNS: &'static [Column<Self>] = &[
        Column::new("place", |row: &Self| Cell::Text(row.place.clone())),
        Column::new("host", |row: &Self| Cell::Text(row.host.clone())),
        Column::new("takes-pushes", |row: &Self| {
            let word = if row.takes_pushes { "yes" } else { "no" };
            Cell::Text(word.to_owned())
        })
        .rank(1),
    ];
}
