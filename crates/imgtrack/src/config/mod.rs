//! Configuration file: named registries, groups and defaults.
//!
//! `imgtrack.toml` is read from the working folder, else from the user's configuration folder. It has
//! no secrets.

mod file;
mod read;
mod text;

use std::collections::BTreeMap;

use registry_replication::{Descriptor, providers};
use serde::Serialize;

use crate::output::Format;

pub(crate) use file::{Loaded, Places, load, places};
pub(crate) use read::{config as read, registry_name, unknown_provider, unknown_registry};
pub(crate) use text::{registry as registry_text, whole};

/// Configuration, as a file has it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Config {
    /// Name of the registry or group that is used without `--registry`.
    pub(crate) registry: Option<String>,
    /// Format of the output without `--output`.
    pub(crate) output: Option<Format>,
    pub(crate) registries: BTreeMap<String, Named>,
    /// Names of registries, by the name of the group.
    pub(crate) groups: BTreeMap<String, Vec<String>>,
    /// Names of registries, by their hosts in small letters.
    by_host: BTreeMap<String, String>,
}

/// Registry that has a name in the configuration.
#[derive(Clone, Debug)]
pub(crate) struct Named {
    pub(crate) provider: &'static Descriptor,
    /// Values of the provider's settings.
    pub(crate) settings: BTreeMap<&'static str, String>,
    /// Hosts in names of images that select this registry.
    pub(crate) hosts: Vec<String>,
    /// Where its images must arrive, by default.
    pub(crate) destinations: Vec<Destination>,
}

/// Destination of a registry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Destination {
    /// Place, or place and namespace, as `--to` takes it.
    pub(crate) name: String,
    /// Host that must serve the image, too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) proof: Option<String>,
}

impl Named {
    /// Returns the host that is called, where it is a setting.
    pub(crate) fn own_host(&self) -> Option<&str> {
        let setting = self.provider.any_host?;
        self.settings.get(setting).map(String::as_str)
    }

    /// Returns the hosts in names of images that select this registry, also the one that is a setting.
    pub(crate) fn hosts(&self) -> impl Iterator<Item = &str> {
        let own = self.own_host().into_iter();
        own.chain(self.hosts.iter().map(String::as_str))
    }
}

impl Config {
    /// Returns the name of the registry that a host selects.
    pub(crate) fn at_host(&self, host: &str) -> Option<(&str, &Named)> {
        let name = self.by_host.get(&host.to_ascii_lowercase())?;
        let (name, named) = self.registries.get_key_value(name)?;
        Some((name, named))
    }

    /// Adds a registry. Returns its hosts that another registry has, with the name of that one.
    fn add(&mut self, name: String, named: Named) -> Vec<(String, String)> {
        let mut taken = Vec::new();
        for host in named.hosts() {
            let owner = self.by_host.entry(host.to_ascii_lowercase());
            let owner = owner.or_insert_with(|| name.clone());
            if *owner != name {
                taken.push((host.to_owned(), owner.clone()));
            }
        }
        self.registries.insert(name, named);
        taken
    }

    /// Returns the names that `--registry` takes: registries, groups and providers.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        let configured = self.registries.keys().chain(self.groups.keys());
        let providers = providers().iter().map(|provider| provider.name);
        configured.map(String::as_str).chain(providers)
    }
}
