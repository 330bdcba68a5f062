use clap::{Args, ValueEnum};
use registry_replication::{Execution, LagSummary, Report, Rule, Subtask, Task};
use schemars::{JsonSchema, Schema, SchemaGenerator};

use super::Execute;
use super::run::RunJson;
use crate::arrivals::EndedJson;
use crate::failure::{ErrorReport, Failure};
use crate::following::FollowedJson;
use crate::output::Referred;
use crate::session::Session;
use crate::table::{CoverageRow, TaskTagsJson};

#[derive(Args, Debug)]
pub(crate) struct SchemaOf {
    /// Type of the record
    #[arg(value_enum, value_name = "TYPE")]
    of: Type,
}

/// Type of a record that the program prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Type {
    /// Rule of `rules`
    Rule,
    /// Execution of `executions`
    Execution,
    /// Task of `tasks`
    Task,
    /// Task of `tasks --tags`, with its subtasks
    TaskTags,
    /// Subtask of `subtasks`
    Subtask,
    /// Report of `status` and `explain`
    Report,
    /// Result of `wait`, for one image
    Wait,
    /// Result of `wait --execution`, for one execution
    Completion,
    /// Result of `run`
    Run,
    /// Row of `lag`
    Lag,
    /// Row of `rules matches`
    Match,
    /// Error on stderr
    Error,
}

impl Type {
    fn schema(self) -> Schema {
        fn of<T: JsonSchema>() -> Schema {
            SchemaGenerator::default().into_root_schema_for::<T>()
        }
        match self {
            Self::Rule => of::<Referred<'_, Rule>>(),
            Self::Execution => of::<Referred<'_, Execution>>(),
            Self::Task => of::<Referred<'_, Task>>(),
            Self::TaskTags => of::<Referred<'_, TaskTagsJson<'_>>>(),
            Self::Subtask => of::<Referred<'_, Subtask>>(),
            Self::Report => of::<Report>(),
            Self::Wait => of::<EndedJson<'_>>(),
            Self::Completion => of::<FollowedJson<'_>>(),
            Self::Run => of::<RunJson<'_>>(),
            Self::Lag => of::<LagSummary>(),
            Self::Match => of::<CoverageRow>(),
            Self::Error => of::<ErrorReport>(),
        }
    }
}

impl Execute for SchemaOf {
    async fn run(self, session: &mut Session<'_>) -> Result<u8, Failure> {
        let mut schema = self.of.schema();
        let name = self.of.to_possible_value();
        let name = name.map(|value| value.get_name().to_owned());
        schema.insert("title".to_owned(), name.into());
        session.output.value(&schema)?;
        Ok(0)
    }
}
