//! Settings of a connection, as data.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use openapi_transport::{Caller, ContextBuilder, Secret};

use crate::oci::Hosts;
use crate::settings::Settings as Common;

/// Settings of a connection by name, such as `region` and `instance`.
///
/// The provider's [`Descriptor`](crate::Descriptor) lists the names. Without
/// [`access_key`](Self::access_key), the connection uses the vendor's default credential chain.
#[derive(Clone, Default)]
pub struct Settings {
    values: BTreeMap<String, String>,
    access_key: Option<(String, Secret)>,
    configure: Option<Configure>,
    hosts: Option<Hosts>,
}

pub(crate) type Configure = Arc<dyn Fn(ContextBuilder) -> ContextBuilder + Send + Sync>;

impl Settings {
    /// Makes settings without a value.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a value. An empty value removes it.
    #[must_use]
    pub fn set(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let (name, value) = (name.into(), value.into());
        match value.is_empty() {
            true => self.values.remove(&name),
            false => self.values.insert(name, value),
        };
        self
    }

    /// Returns a value.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// Returns the names of the values that are set.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.values.keys().map(String::as_str)
    }

    /// Sets a static key: the id of an access key and its secret.
    #[must_use]
    pub fn access_key(mut self, id: impl Into<String>, secret: impl Into<Secret>) -> Self {
        self.access_key = Some((id.into(), secret.into()));
        self
    }

    /// Changes deadlines, limits, clock and other options of every context that the connection
    /// makes.
    #[must_use]
    pub fn configure(
        mut self,
        configure: impl Fn(ContextBuilder) -> ContextBuilder + Send + Sync + 'static,
    ) -> Self {
        self.configure = Some(Arc::new(configure));
        self
    }

    /// Sets what is known of registries by their hosts, such as certificates and logins. The values
    /// that concern hosts are added to it.
    #[must_use]
    pub fn hosts(mut self, hosts: Hosts) -> Self {
        self.hosts = Some(hosts);
        self
    }

    /// Returns what is known of registries by their hosts.
    pub(crate) fn known_hosts(&self) -> Option<&Hosts> {
        self.hosts.as_ref()
    }

    /// Returns the static key: its id and its secret.
    pub(crate) fn key(&self) -> Option<&(String, Secret)> {
        self.access_key.as_ref()
    }

    /// Returns the change of every context.
    pub(crate) fn configured(&self) -> Option<Configure> {
        self.configure.clone()
    }

    /// Returns the settings that the builders of all registries have.
    pub(crate) fn common<C>(&self, key: impl FnOnce(&str, Secret) -> C) -> Common<C> {
        let caller = self.access_key.as_ref();
        let configure = self.configure.clone();
        Common {
            region: self.get("region").map(str::to_owned),
            endpoint: self.get("endpoint").map(str::to_owned),
            caller: caller.map(|(id, secret)| Caller::Fixed(key(id, secret.clone()))),
            configure: configure.map(|configure| {
                let apply = move |context: ContextBuilder| configure(context);
                Box::new(apply) as crate::settings::Configure
            }),
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(&self.values).finish()
    }
}
