//! Registries of a sandbox at their own ports.

use std::sync::Mutex;

use registry_sandbox::world::Place;
use registry_sandbox::{RegistryEndpoint, Sandbox};

/// Ports of a sandbox's registries. Each registry is served once, until this is dropped.
#[derive(Debug, Default)]
pub(crate) struct Ports(Mutex<Vec<RegistryEndpoint>>);

impl Ports {
    /// Returns the host of a registry.
    pub(crate) async fn host(&self, sandbox: &Sandbox, place: &Place) -> String {
        if let Some(host) = self.served(place) {
            return host;
        }
        let served = sandbox.registry(place).await.unwrap();
        let host = served.host();
        self.0.lock().unwrap().push(served);
        host
    }

    fn served(&self, place: &Place) -> Option<String> {
        let served = self.0.lock().unwrap();
        let mut served = served.iter();
        let found = served.find(|served| served.place() == place);
        found.map(RegistryEndpoint::host)
    }
}
