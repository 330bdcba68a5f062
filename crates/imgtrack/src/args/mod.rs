//! Options that several commands have.

mod arrival;
mod bound;
mod change;
mod limit;
mod output;
mod target;
pub(crate) mod value;

pub(crate) use arrival::{ArrivalArgs, Since};
pub(crate) use bound::Bound;
pub(crate) use change::Change;
pub(crate) use limit::Limit;
pub(crate) use output::OutputArgs;
pub(crate) use target::{TargetArgs, flag, with_value, with_variables};
