//! Any registry that serves the OCI distribution API.
//!
//! Such a registry shows neither rules nor tasks. So it does not tell whether something copies an image,
//! or why not. An arrival asks the destinations themselves: `HEAD /v2/<name>/manifests/<tag>`.
//! An image has arrived when a destination has served the expected digest twice in a row. Before that,
//! the verdict is pending, or a digest mismatch that a later copy may end.
//!
//! The expected digest is the caller's, or the one that the registry itself has under the tag. Without
//! both, any digest counts.

mod descriptor;
mod doctor;
mod host;
mod look;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};

use futures_core::future::BoxFuture;
use openapi_transport::{Context, Error};

pub use descriptor::{DESCRIPTOR, PROVIDER};

use crate::arrival::sight::Look;
use crate::arrival::watch::Watch;
use crate::listing::Listing;
use crate::model::{ImageName, Rule, Task};
use crate::oci::{Client, Hosts};
use crate::provider::{Descriptor, Feature};
use crate::registry::{Registry, TaskScope, sealed};
use host::Host;

/// Registry that serves the OCI distribution API, by its host.
///
/// An arrival without a destination asks this registry. With destinations, `HOST` or
/// `HOST/NAMESPACE`, this registry is the source of the image. The namespace replaces the image's
/// own, which is the part of its name before the first `/`.
///
/// ```no_run
/// use std::time::Duration;
/// use registry_replication::Registry;
/// use registry_replication::distribution::OciRegistry;
/// use registry_replication::oci::Hosts;
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let registry = OciRegistry::new("registry.example", Hosts::new())?;
/// let gate = registry.arrival("team/api:v42").to("mirror.example/team");
/// gate.wait(Duration::from_secs(900)).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct OciRegistry {
    host: Arc<str>,
    hosts: Hosts,
    /// Registries that were asked, by their hosts.
    asked: Arc<Mutex<BTreeMap<String, Arc<Host>>>>,
    context: Context,
    watch: Watch,
}

impl OciRegistry {
    /// Makes a registry. Sends nothing.
    ///
    /// # Errors
    /// When the host is invalid or has more than a port.
    pub fn new(host: impl Into<String>, hosts: Hosts) -> Result<Self, Error> {
        let host = host.into();
        let client = hosts.client(&host)?;
        Ok(Self {
            host: host.into(),
            context: client.context().clone(),
            hosts,
            asked: Arc::default(),
            watch: Watch::default(),
        })
    }

    /// Returns the client of the registry.
    ///
    /// # Errors
    /// Those of [`Hosts::client`].
    pub fn client(&self) -> Result<Client, Error> {
        self.hosts.client(&self.host)
    }
}

impl fmt::Debug for OciRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OciRegistry")
            .field("host", &self.host)
            .finish_non_exhaustive()
    }
}

impl sealed::Sealed for OciRegistry {
    fn looked_at(&self) -> Arc<dyn Look> {
        Arc::new(self.clone())
    }
}

impl Registry for OciRegistry {
    fn descriptor(&self) -> &Descriptor {
        &DESCRIPTOR
    }

    fn rules_of(&self, image: Option<&ImageName>) -> Listing<Rule> {
        let feature = match image {
            None => Feature::Rules,
            Some(_) => Feature::RepositoryRules,
        };
        Listing::refused(DESCRIPTOR.refusal(feature))
    }

    fn tasks_of(&self, scope: &TaskScope) -> Listing<Task> {
        let feature = match scope {
            TaskScope::All => Feature::AllTasks,
            TaskScope::Execution(_) => Feature::ExecutionTasks,
            TaskScope::Image(_) => Feature::ImageTasks,
        };
        Listing::refused(DESCRIPTOR.refusal(feature))
    }

    fn hosts(&self) -> BoxFuture<'_, Result<Vec<String>, Error>> {
        Box::pin(std::future::ready(Ok(vec![self.host.to_string()])))
    }
}
