//! What the Alibaba side holds: instances with all that is in them.

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

use super::errors::Refusal;
use crate::fleet::Era;
use crate::spec::SpecError;
use logins::Logins;

pub(super) use instance::{Instance, Repository};
pub(super) use records::{LifecycleRule, Place, SyncRule, Tag};
pub(super) use rules::pattern;
pub(super) use sync::Order;

/// All instances, by id, whatever their region: the sandbox has one endpoint for all regions.
#[derive(Debug)]
pub(super) struct World {
    instances: BTreeMap<String, Instance>,
    pub(super) logins: Logins,
}

impl World {
    pub(super) fn new(now: Timestamp) -> Result<Self, SpecError> {
        Ok(Self {
            instances: fleet::instances(Era::of(now))?,
            logins: Logins::default(),
        })
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

/// An id that nothing else has.
pub(super) fn fresh_id(prefix: &str) -> String {
    let random = Uuid::new_v4().simple().to_string();
    format!("{prefix}-{}", &random[..16])
}

/// The id of a batch, as the vendor's examples write it.
pub(super) fn fresh_batch() -> String {
    Uuid::new_v4().to_string().to_uppercase()
}
