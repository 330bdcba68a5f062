//! Filters of listings.

use registry_replication::{Execution, ImageRef, Rule, Subtask, Task, TaskState, Timestamp};

use crate::args::{OfPeriod, OfPlaces, OfRule, OfStates, OfTag, TagGlob};
use crate::failure::Failure;
use crate::target::Target;

/// What a filter knows of a record. A record that does not have something matches no filter for it,
/// except one for its time.
pub(crate) trait Filtered {
    /// Returns when the record was created or started.
    fn time(&self) -> Option<Timestamp>;

    /// Returns the state.
    fn state(&self) -> Option<&TaskState> {
        None
    }

    /// Returns the destination of a copy.
    fn destination(&self) -> Option<&ImageRef> {
        None
    }

    /// Returns whether the record belongs to a rule.
    fn is_of_rule(&self, rule: &str) -> bool {
        let _ = rule;
        false
    }

    /// Returns the tags that were copied.
    fn tags(&self) -> Vec<&str> {
        Vec::new()
    }
}

impl Filtered for Task {
    fn time(&self) -> Option<Timestamp> {
        self.created.or(self.started)
    }

    fn state(&self) -> Option<&TaskState> {
        Some(&self.state)
    }

    fn destination(&self) -> Option<&ImageRef> {
        self.destination.as_ref()
    }

    fn is_of_rule(&self, rule: &str) -> bool {
        self.rule.as_deref() == Some(rule)
    }

    fn tags(&self) -> Vec<&str> {
        let ends = [&self.source, &self.destination];
        let ends = ends.into_iter().flatten();
        ends.flat_map(ImageRef::tags).collect()
    }
}

impl Filtered for Execution {
    fn time(&self) -> Option<Timestamp> {
        self.created.or(self.started)
    }

    fn state(&self) -> Option<&TaskState> {
        Some(&self.state)
    }
}

impl Filtered for Rule {
    fn time(&self) -> Option<Timestamp> {
        self.created
    }

    fn destination(&self) -> Option<&ImageRef> {
        Some(&self.destination)
    }

    fn is_of_rule(&self, rule: &str) -> bool {
        let reference = self.reference().map(|reference| reference.to_string());
        reference.as_deref() == Some(rule) || self.name.as_deref() == Some(rule)
    }
}

impl Filtered for Subtask {
    fn time(&self) -> Option<Timestamp> {
        self.started
    }

    fn state(&self) -> Option<&TaskState> {
        Some(&self.state)
    }

    fn tags(&self) -> Vec<&str> {
        self.tag.as_deref().into_iter().collect()
    }
}

/// Conditions of the records to list.
#[derive(Debug, Default)]
pub(crate) struct Filter {
    states: Vec<TaskState>,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
    to: Vec<String>,
    rule: Option<String>,
    tag: Option<TagGlob>,
}

impl Filter {
    /// Lists only records of some states.
    pub(crate) fn states(mut self, states: OfStates) -> Self {
        self.states = states.state;
        self
    }

    /// Lists only records of a period.
    pub(crate) fn period(mut self, period: &OfPeriod, target: &Target) -> Result<Self, Failure> {
        self.since = period.since.map(|since| target.time(since)).transpose()?;
        self.until = period.until.map(|until| target.until(until)).transpose()?;
        match (self.since, self.until) {
            (Some(since), Some(until)) if since >= until => Err(Failure::Usage(format!(
                "invalid --until: {until} is not after {since}, the value of --since"
            ))),
            _ => Ok(self),
        }
    }

    /// Lists only copies to some destinations.
    pub(crate) fn places(mut self, places: OfPlaces) -> Self {
        self.to = places.to;
        self
    }

    /// Lists only records of a rule.
    pub(crate) fn rule(mut self, rule: OfRule) -> Self {
        self.rule = rule.rule;
        self
    }

    /// Lists only records with some tags.
    pub(crate) fn tag(mut self, tag: OfTag) -> Self {
        self.tag = tag.tag;
        self
    }

    /// Returns the state of the records, if there is only one.
    pub(crate) fn state(&self) -> Option<&TaskState> {
        match &self.states[..] {
            [one] => Some(one),
            _ => None,
        }
    }

    /// Returns the time from which records are listed.
    pub(crate) fn since(&self) -> Option<Timestamp> {
        self.since
    }

    /// Returns whether a record fits.
    pub(crate) fn keeps(&self, record: &impl Filtered) -> bool {
        let time = record.time();
        let is_in_period = time.is_none_or(|time| {
            self.since.is_none_or(|since| time >= since)
                && self.until.is_none_or(|until| time < until)
        });
        let has_state = || {
            record
                .state()
                .is_some_and(|state| self.states.contains(state))
        };
        let goes_there = || {
            let end = record.destination();
            end.is_some_and(|end| self.to.iter().any(|to| is_at(end, to)))
        };
        let is_of_rule = |rule: &String| record.is_of_rule(rule);
        let has_tag = |glob: &TagGlob| record.tags().into_iter().any(|tag| glob.matches(tag));
        is_in_period
            && (self.states.is_empty() || has_state())
            && (self.to.is_empty() || goes_there())
            && self.rule.as_ref().is_none_or(is_of_rule)
            && self.tag.as_ref().is_none_or(has_tag)
    }
}

/// Returns whether an end of a copy is at a place, `PLACE` or `PLACE/NAMESPACE`.
fn is_at(end: &ImageRef, place: &str) -> bool {
    let (place, namespace) = match place.split_once('/') {
        Some((place, namespace)) => (place, Some(namespace)),
        None => (place, None),
    };
    let places = [
        &end.region,
        &end.instance,
        &end.registry,
        &end.registry_name,
    ];
    let is_there = places.into_iter().flatten().any(|own| own == place);
    is_there && namespace.is_none_or(|namespace| end.namespace.as_deref() == Some(namespace))
}
