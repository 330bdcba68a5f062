//! Columns: what tables, CSV, `--columns` and `--sort` know of a record.

use super::cell::Cell;

/// Record or row with columns.
pub(crate) trait Row: Sized + 'static {
    /// Columns from the left. The first names the record, and is never left out.
    const COLUMNS: &'static [Column<Self>];

    /// Whether tables show a column that is otherwise in the wide table alone, because this is the
    /// first record.
    fn lifts(&self, column: &str) -> bool {
        let _ = column;
        false
    }
}

/// Column of records.
#[derive(Debug)]
pub(crate) struct Column<T> {
    name: &'static str,
    rank: u8,
    place: Place,
    cell: fn(&T) -> Cell,
}

/// Tables that have a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Every,
    /// The table alone, because it stands for other columns.
    Narrow,
    /// The wide table and CSV alone.
    Wide,
}

/// Head of a column in a table.
#[derive(Clone, Debug)]
pub(crate) struct Head {
    pub(crate) title: String,
    /// Columns of the lowest rank leave a narrow terminal first; those of the highest stay.
    pub(crate) rank: u8,
}

impl Head {
    /// Rank of a column that is cut and not left out.
    pub(crate) const STAYS: u8 = u8::MAX;
}

impl<T> Column<T> {
    /// Creates a column that stays on a narrow terminal.
    pub(crate) const fn new(name: &'static str, cell: fn(&T) -> Cell) -> Self {
        Self {
            name,
            rank: Head::STAYS,
            place: Place::Every,
            cell,
        }
    }

    /// Leaves the column out on a narrow terminal, after those of a lower rank.
    pub(crate) const fn rank(self, rank: u8) -> Self {
        Self { rank, ..self }
    }

    /// Shows the column in the wide table and in CSV alone.
    pub(crate) const fn wide(self) -> Self {
        Self {
            place: Place::Wide,
            ..self
        }
    }

    /// Shows the column in the table alone.
    pub(crate) const fn narrow(self) -> Self {
        Self {
            place: Place::Narrow,
            ..self
        }
    }

    /// Returns the name on the command line and in CSV.
    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// Returns the head in a table: the name, which can be typed as it is printed.
    pub(crate) fn head(&self) -> Head {
        Head {
            title: self.name.to_uppercase(),
            rank: self.rank,
        }
    }

    /// Returns the value of a record.
    pub(crate) fn cell(&self, row: &T) -> Cell {
        (self.cell)(row)
    }

    /// Returns whether the column is in a table that begins with this record.
    pub(crate) fn is_in_table(&self, first: Option<&T>) -> bool
    where
        T: Row,
    {
        let is_lifted = || first.is_some_and(|first| first.lifts(self.name));
        self.place != Place::Wide || is_lifted()
    }

    /// Returns whether the column is in the wide table and in CSV.
    pub(crate) fn is_in_wide(&self) -> bool {
        self.place != Place::Narrow
    }
}
