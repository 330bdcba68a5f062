//! Test subjects: one for each registry that tests push to.

use std::fmt::Debug;
use std::pin::Pin;

use super::Trial;
use super::alibabacloud_truth::Alibabacloud;
use super::harbor_truth::Harbor;
use super::huaweicloud_truth::{HuaweicloudBasic, HuaweicloudEnterprise};
use crate::world::{Place, Source};

/// The subjects.
const SUBJECTS: &[&dyn Subject] = &[
    &HuaweicloudEnterprise,
    &HuaweicloudBasic,
    &Alibabacloud,
    &Harbor,
];

/// Returns all subjects.
pub(super) fn subjects() -> impl Iterator<Item = &'static dyn Subject> {
    SUBJECTS.iter().copied()
}

/// Returns a subject whose registry gives tokens to those who log in.
pub(super) fn with_tokens() -> &'static dyn Subject {
    subjects().find(|one| one.has_tokens()).unwrap()
}

pub(super) type Answer<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// A registry whose rules copy each push to `team/api`.
pub(super) trait Subject: Debug + Sync {
    /// The registry that pushes go to.
    fn source(&self) -> Source;

    /// A registry that a rule copies to.
    fn destination(&self) -> Place;

    /// A registry that has had the fleet's images from the start, other than the source.
    fn stocked(&self) -> Place {
        self.destination()
    }

    /// A registry of the same kind that does not exist.
    fn nowhere(&self) -> Place;

    /// Number of records of one push.
    fn copies(&self) -> usize {
        3
    }

    /// Whether the record of a task can say that it runs after its end.
    fn has_lag(&self) -> bool {
        false
    }

    /// Whether the registry's own side gives tokens to those who log in.
    fn has_tokens(&self) -> bool {
        true
    }

    /// Returns the number of records of pushes, by one call.
    fn count<'a>(&'a self, trial: &'a Trial) -> Answer<'a, usize>;

    /// Returns the vendor's word for the state of the newest task to the destination.
    fn newest<'a>(&'a self, trial: &'a Trial) -> Answer<'a, String>;

    /// Changes the rules so that pushes make no more tasks.
    fn stop_rules<'a>(&'a self, trial: &'a Trial) -> Answer<'a, ()>;
}
