//! Options that several commands have.

mod arrival;
mod bound;
mod change;
mod filter;
mod following;
mod images;
mod job;
mod listing;
mod logs;
mod output;
mod target;
pub(crate) mod value;
mod watch;
mod when;

pub(crate) use arrival::ArrivalArgs;
pub(crate) use bound::Bound;
pub(crate) use change::Change;
pub(crate) use filter::{OfPeriod, OfPlaces, OfRule, OfStates, OfTag, TagGlob};
pub(crate) use following::{ProgressArgs, UntilEnd};
pub(crate) use images::Images;
pub(crate) use job::{JobArgs, JobFormat};
pub(crate) use listing::Listing;
pub(crate) use logs::{LogArgs, LogFormat};
pub(crate) use output::OutputArgs;
pub(crate) use target::{
    TargetArgs, flag, quoted, settings_of, settings_of_hosts, with_value, with_variables,
};
pub(crate) use watch::Watch;
pub(crate) use when::When;
