//! Any OCI registry: one registry that takes pushes, and two mirrors of it.
//!
//! Something copies each push to the mirrors, and no call shows it. For
//! [`Sandbox::decide`](crate::Sandbox::decide), a destination is the id of a mirror, one of
//! [`MIRRORS`].
//!
//! These registries have no calls at the sandbox's own endpoint.
//! [`Sandbox::registry`](crate::Sandbox::registry) serves each at a port. The source wants tokens, the
//! first mirror wants a password, and the second mirror is anonymous. They show only manifests that
//! have a tag.
//!
//! At the start, the source and the first mirror have three tags of the image
//! `team/api`. The second mirror has only [`FLEET_TAG_ARRIVED`](crate::world::FLEET_TAG_ARRIVED).

mod names;
mod side;
mod world;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::plans::Plans;
use crate::secrets::Secrets;
use crate::side::Surroundings;
use world::World;

pub use names::*;
pub(crate) use side::SIDE;

struct Distribution {
    /// All registries; one lock, so that a call sees one state of them.
    world: Mutex<World>,
    plans: Arc<Plans>,
    secrets: Arc<Secrets>,
}

impl Distribution {
    fn new(surroundings: &Surroundings<'_>) -> Self {
        Self {
            world: Mutex::new(World::new((surroundings.clock)())),
            plans: Arc::clone(&surroundings.plans),
            secrets: Arc::clone(&surroundings.secrets),
        }
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
