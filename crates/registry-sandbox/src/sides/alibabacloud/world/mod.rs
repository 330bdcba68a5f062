//! World of the Alibaba side: instances with their contents.

mod example;
mod fleet;
mod instance;
mod logins;
mod records;
mod rules;
mod sync;
mod task;

use std::collections::BTreeMap;

use jiff::Timestamp;
use uuid::Uuid;

use super::CR;
use super::errors::Refusal;
use crate::fleet::Era;
use crate::later::Later;
use crate::spec::{self, SpecError};
use logins::Logins;

pub(super) use instance::{Instance, Repository};
pub(super) use records::{LifecycleRule, Place, SyncRule, Tag};
pub(super) use rules::pattern;
pub(super) use sync::Order;

/// All instances by id. They are of all regions, because the sandbox has one endpoint.
#[derive(Debug)]
pub(super) struct World {
    instances: BTreeMap<String, Instance>,
    pub(super) logins: Logins,
}

impl World {
    /// Returns the world of a sandbox that starts at `now`, to be made when a call first needs it.
    ///
    /// Fails if an example of the specs does not fit, so that nothing can fail later.
    pub(super) fn later(now: Timestamp) -> Result<Later<Self>, SpecError> {
        let cr = spec::named(CR)?;
        let issues = cr.values("TaskIssue")?;
        example::add(cr, &mut BTreeMap::new())?;
        Ok(Later::new(move || Self {
            instances: fleet::instances(Era::of(now), cr, &issues),
            logins: Logins::default(),
        }))
    }

    pub(super) fn instances(&self) -> impl Iterator<Item = &Instance> {
        self.instances.values()
    }

    pub(super) fn instance(&self, id: &str) -> Result<&Instance, Refusal> {
        self.instances.get(id).ok_or_else(Refusal::no_instance)
    }

    pub(super) fn instance_mut(&mut self, id: &str) -> Result<&mut Instance, Refusal> {
        self.instances.get_mut(id).ok_or_else(Refusal::no_instance)
    }
}

/// Returns a unique id.
pub(super) fn fresh_id(prefix: &str) -> String {
    let random = Uuid::new_v4().simple().to_string();
    format!("{prefix}-{}", &random[..16])
}

/// Returns an id of a batch in the form of the vendor's examples.
pub(super) fn fresh_batch() -> String {
    Uuid::new_v4().to_string().to_uppercase()
}
