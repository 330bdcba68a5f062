//! Formats of the output, and which of them a command has.

use clap::ValueEnum;

use crate::failure::Failure;
use crate::table::{Column, Row};

/// Format of the output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Table or text, for people
    #[default]
    Table,
    /// Table with all columns, whatever the width of the terminal
    Wide,
    /// JSON
    Json,
    /// JSON, one record a line
    Jsonl,
    /// YAML
    Yaml,
    /// Comma-separated values
    Csv,
    /// References only, one a line
    Name,
}

impl Format {
    /// Returns the word on the command line.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Wide => "wide",
            Self::Json => "json",
            Self::Jsonl => "jsonl",
            Self::Yaml => "yaml",
            Self::Csv => "csv",
            Self::Name => "name",
        }
    }

    /// Returns whether the format has whole records, and not columns or sentences.
    pub(crate) fn is_data(self) -> bool {
        matches!(self, Self::Json | Self::Jsonl | Self::Yaml)
    }

    /// Returns whether the format has columns.
    pub(crate) fn has_columns(self) -> bool {
        matches!(self, Self::Table | Self::Wide | Self::Csv)
    }
}

/// Formats and columns that a command's output can have.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    formats: Vec<Format>,
    columns: Vec<&'static str>,
}

impl Shape {
    /// A text or document of its own, without columns.
    pub(crate) fn document() -> Self {
        Self::without(&[Format::Wide, Format::Csv, Format::Name])
    }

    /// Sentences in a table, whose columns only CSV has one by one.
    pub(crate) fn checks<T: Row>() -> Self {
        Self::without(&[Format::Wide, Format::Name]).with_columns::<T>()
    }

    /// A table without references.
    pub(crate) fn table<T: Row>() -> Self {
        Self::without(&[Format::Name]).with_columns::<T>()
    }

    /// A table whose records have references.
    pub(crate) fn listing<T: Row>() -> Self {
        Self::without(&[]).with_columns::<T>()
    }

    fn without(formats: &[Format]) -> Self {
        let all = Format::value_variants().iter().copied();
        Self {
            formats: all.filter(|format| !formats.contains(format)).collect(),
            columns: Vec::new(),
        }
    }

    fn with_columns<T: Row>(self) -> Self {
        Self {
            columns: T::COLUMNS.iter().map(Column::name).collect(),
            ..self
        }
    }

    /// Refuses a format that the command does not have.
    pub(crate) fn check_format(&self, command: &str, format: Format) -> Result<(), Failure> {
        if self.formats.contains(&format) {
            return Ok(());
        }
        let names: Vec<_> = self.formats.iter().map(|one| one.name()).collect();
        Err(Failure::Usage(format!(
            "imgtrack {command} has no output format {}; use one of {}",
            format.name(),
            names.join(", ")
        )))
    }

    /// Refuses a column that the command does not have. `option` is the option that named it.
    pub(crate) fn check_column(
        &self,
        command: &str,
        option: &str,
        column: &str,
    ) -> Result<(), Failure> {
        if self.columns.contains(&column) {
            return Ok(());
        }
        if self.columns.is_empty() {
            return Err(Failure::Usage(format!(
                "imgtrack {command} has no columns; leave out {option}"
            )));
        }
        let near = registry_replication::suggest::near(column, self.columns.iter().copied());
        let near = near.map(|near| format!("did you mean {near}? "));
        Err(Failure::Usage(format!(
            "invalid {option} {column:?}; {}use one of {}",
            near.unwrap_or_default(),
            self.columns.join(", ")
        )))
    }
}
