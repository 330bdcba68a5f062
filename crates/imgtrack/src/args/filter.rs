use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use globset::{GlobBuilder, GlobSet};
use registry_replication::TaskState;

use super::{When, value};

/// States of records.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Filters")]
pub(crate) struct OfStates {
    /// List only records of these states
    #[arg(
        long,
        value_name = "STATE",
        value_delimiter = ',',
        value_parser = PossibleValuesParser::new(STATES.iter().map(TaskState::as_str)).map(state)
    )]
    pub(crate) state: Vec<TaskState>,
}

/// All states.
static STATES: [TaskState; 7] = [
    TaskState::Waiting,
    TaskState::Running,
    TaskState::Succeeded,
    TaskState::Failed,
    TaskState::Cancelled,
    TaskState::TimedOut,
    TaskState::AlreadyThere,
];

/// Returns the state that a word names.
#[allow(clippy::needless_pass_by_value, reason = "clap passes it so")]
fn state(word: String) -> TaskState {
    let known = STATES.iter().find(|state| state.as_str() == word);
    known.cloned().unwrap_or(TaskState::Unknown(word))
}

/// Time of records.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Filters")]
pub(crate) struct OfPeriod {
    /// List only records created since a time (2026-11-27T14:40:00Z), a date or 10m ago
    ///
    /// A record without a creation time counts by its start. One without either is listed.
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<When>,
    /// List only records created before a time, a date or 10m ago
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<When>,
}

/// Destinations of records.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Filters")]
pub(crate) struct OfPlaces {
    /// List only copies to PLACE or PLACE/NAMESPACE. Repeatable
    ///
    /// PLACE is a region, an instance, or a target registry by its id or name.
    #[arg(
        long,
        value_name = "DESTINATION",
        value_delimiter = ',',
        value_parser = value::destination
    )]
    pub(crate) to: Vec<String>,
}

/// Rule of records.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Filters")]
pub(crate) struct OfRule {
    /// List only records of this rule, as `imgtrack rules` prints it
    #[arg(id = "of_rule", long = "rule", value_name = "RULE", value_parser = value::word)]
    pub(crate) rule: Option<String>,
}

/// Tags of records.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Filters")]
pub(crate) struct OfTag {
    /// List only records with a tag that matches a pattern, such as 'v1.*'
    ///
    /// A record that does not name its tags is not listed.
    #[arg(long, value_name = "GLOB", value_parser = tags)]
    pub(crate) tag: Option<TagGlob>,
}

/// Pattern of tags.
#[derive(Clone, Debug)]
pub(crate) struct TagGlob {
    text: String,
    set: GlobSet,
}

/// Parses a pattern of tags.
fn tags(text: &str) -> Result<TagGlob, String> {
    let text = value::word(text)?;
    let glob = GlobBuilder::new(&text).build();
    // A set of one: a single glob panics where it does not compile.
    let set = glob.and_then(|glob| GlobSet::builder().add(glob).build());
    match set {
        Ok(set) => Ok(TagGlob { text, set }),
        Err(error) => Err(format!("it is not a pattern: {}", error.kind())),
    }
}

impl TagGlob {
    /// Returns whether a tag matches.
    pub(crate) fn matches(&self, tag: &str) -> bool {
        self.set.is_match(tag)
    }

    /// Returns the tag, if only one matches.
    pub(crate) fn as_tag(&self) -> Option<&str> {
        let is_special = |c: char| !c.is_ascii_alphanumeric() && !"._-".contains(c);
        Some(self.text.as_str()).filter(|text| !text.contains(is_special))
    }
}
