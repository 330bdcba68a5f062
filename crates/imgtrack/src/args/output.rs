use clap::{Args, ValueEnum};

use super::value;
use crate::environment::Environment;
use crate::failure::Failure;
use crate::output::{Format, Shape, expression};

/// Options of the output.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Output")]
pub(crate) struct OutputArgs {
    /// Output format [default: table; json with --jq]
    #[arg(
        short = 'o',
        long = "output",
        global = true,
        value_enum,
        value_name = "FORMAT",
        display_order = 90
    )]
    output: Option<Format>,
    /// Show these columns, in this order, with -o table, wide or csv
    #[arg(
        long,
        global = true,
        value_name = "NAME",
        value_delimiter = ',',
        value_parser = value::column,
        display_order = 91
    )]
    pub(crate) columns: Vec<String>,
    /// Leave out the line with the names of the columns
    #[arg(long, global = true, display_order = 92)]
    pub(crate) no_header: bool,
    /// Filter JSON by a jq expression, and print texts without quotes
    #[arg(
        long,
        global = true,
        value_name = "EXPRESSION",
        value_parser = expression,
        display_order = 93
    )]
    pub(crate) jq: Option<String>,
    /// Use colours
    ///
    /// `auto` uses them on a terminal. NO_COLOR and CLICOLOR_FORCE change that.
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "WHEN",
        default_value = "auto",
        display_order = 94
    )]
    color: When,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum When {
    Auto,
    Always,
    Never,
}

impl OutputArgs {
    /// Sets the format of a command without `--output` and `--jq`.
    pub(crate) fn set_default(&mut self, format: Option<Format>) {
        if self.jq.is_none() {
            self.output = self.output.or(format);
        }
    }

    /// Returns the format of the output.
    pub(crate) fn format(&self) -> Format {
        let default = match self.jq {
            Some(_) => Format::Json,
            None => Format::Table,
        };
        self.output.unwrap_or(default)
    }

    /// Returns whether to use colours.
    pub(crate) fn has_color(&self, environment: &Environment) -> bool {
        match self.color {
            When::Auto => environment.color,
            When::Always => true,
            When::Never => false,
        }
    }

    /// Refuses options that a command does not have.
    pub(crate) fn check(
        &self,
        command: &str,
        shape: &Shape,
        sort: Option<&str>,
    ) -> Result<(), Failure> {
        if let Some(column) = sort {
            shape.check_column(command, "--sort", column)?;
        }
        let format = self.format();
        shape.check_format(command, format)?;
        for column in &self.columns {
            shape.check_column(command, "--columns", column)?;
        }
        let name = format.name();
        if !self.columns.is_empty() && !format.has_columns() {
            return Err(Failure::Usage(format!(
                "--columns cannot be used with -o {name}; use -o table, wide or csv, or --jq with \
                 json"
            )));
        }
        if self.jq.is_some() && !matches!(format, Format::Json | Format::Jsonl) {
            return Err(Failure::Usage(format!(
                "--jq cannot be used with -o {name}; use -o json or jsonl"
            )));
        }
        Ok(())
    }
}
