//! Values of arguments that a shell offers.

use std::borrow::Cow;

use clap::{Arg, Command, ValueHint};
use clap_complete::{ArgValueCandidates, CompletionCandidate};
use registry_replication::{Execution, LagSummary, Rule, Subtask, Task, api, providers};

use super::known::Known;
use crate::table::{Arrived, Column, CoverageRow, Row};
use crate::terminal::escaped;

/// Value that a shell offers.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Candidate {
    value: String,
    /// Description, for shells that show one.
    about: String,
}

impl Candidate {
    fn of_shell(&self) -> CompletionCandidate {
        let about = Some(&self.about).filter(|about| !about.is_empty());
        CompletionCandidate::new(&self.value).help(about.map(|about| about.into()))
    }
}

/// Adds candidates to the arguments of a command and of its inner commands.
pub(super) fn added(command: Command, known: &Known) -> Command {
    let command = command.mut_args(|argument| with_values(argument, known));
    command.mut_subcommands(|inner| added(inner, known))
}

fn with_values(argument: Arg, known: &Known) -> Arg {
    let is_file = argument
        .get_value_names()
        .is_some_and(|names| names.iter().any(|name| name == "FILE"));
    match values(argument.get_id().as_str(), known) {
        Some(values) => argument.add(ArgValueCandidates::new(move || {
            values.iter().map(Candidate::of_shell).collect()
        })),
        None if is_file => argument.value_hint(ValueHint::FilePath),
        None => argument,
    }
}

/// Returns the candidates of an argument, by its id.
fn values(id: &str, known: &Known) -> Option<Vec<Candidate>> {
    let is_of_sandbox = known.command.starts_with("sandbox");
    let values = match id {
        "registry" => registries(known),
        "name" if known.command == "config show" => offered(
            known
                .config
                .registries
                .keys()
                .map(|name| (name.as_str(), Cow::default())),
        ),
        "rule" | "of_rule" if !is_of_sandbox => {
            let rules = known.found.rules.iter();
            offered(rules.map(|(rule, entry)| (rule.as_str(), escaped(&entry.about))))
        }
        "to" if !is_of_sandbox => {
            let configured = known.destinations.iter();
            let mut all: Vec<_> = configured.chain(known.found.destinations.keys()).collect();
            all.sort();
            all.dedup();
            offered(all.into_iter().map(|name| (name.as_str(), Cow::default())))
        }
        "columns" | "sort" => {
            let columns = columns(&known.command);
            offered(columns.into_iter().map(|name| (name, Cow::default())))
        }
        "param" => parameters(known),
        _ => return None,
    };
    Some(values)
}

/// Returns candidates with their descriptions. Text that a shell would interpret is left out.
fn offered<'t>(values: impl Iterator<Item = (&'t str, Cow<'t, str>)>) -> Vec<Candidate> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:,@%+=".contains(c);
    let plain = values.filter(|(value, _)| !value.is_empty() && value.chars().all(is_plain));
    let candidates = plain.map(|(value, about)| Candidate {
        value: value.to_owned(),
        about: about.into_owned(),
    });
    candidates.collect()
}

fn registries(known: &Known) -> Vec<Candidate> {
    let config = &known.config;
    let named = config.registries.iter();
    let named = named.map(|(name, one)| (name.as_str(), Cow::Borrowed(one.provider.title)));
    let groups = config.groups.iter();
    let groups = groups.map(|(name, members)| (name.as_str(), Cow::Owned(members.join(", "))));
    let kinds = providers().iter();
    let kinds = kinds.map(|provider| (provider.name, Cow::Borrowed(provider.title)));
    offered(named.chain(groups).chain(kinds))
}

/// Returns the columns of a command's records.
fn columns(command: &str) -> Vec<&'static str> {
    fn of<T: Row>() -> Vec<&'static str> {
        T::COLUMNS.iter().map(Column::name).collect()
    }
    match command {
        "rules" => of::<Rule>(),
        "rules matches" => of::<CoverageRow>(),
        "executions" => of::<Execution>(),
        "tasks" | "run" | "stop" => of::<Task>(),
        "subtasks" => of::<Subtask>(),
        "lag" => of::<LagSummary>(),
        "status" | "wait" | "explain" => of::<Arrived>(),
        _ => Vec::new(),
    }
}

/// Returns the parameters of the call of `api`, as `NAME=`.
fn parameters(known: &Known) -> Vec<Candidate> {
    let found = known
        .operation
        .as_deref()
        .and_then(|name| api::find(name).ok());
    let Some((_, operation)) = found else {
        return Vec::new();
    };
    let parameters = operation.parameters.iter();
    let named: Vec<_> = parameters
        .map(|one| (format!("{}=", one.name), one.about))
        .collect();
    offered(
        named
            .iter()
            .map(|(name, about)| (name.as_str(), Cow::Borrowed(*about))),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_that_a_shell_would_interpret_is_not_offered() {
        let values = ["101", "$(id)", "*", "a b", "`id`", "a;b", "", "library/7"];
        let found = offered(values.into_iter().map(|value| (value, Cow::default())));
        let found: Vec<_> = found.iter().map(|one| one.value.as_str()).collect();
        assert_eq!(found, ["101", "library/7"]);
    }
}
