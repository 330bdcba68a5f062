//! What a running sandbox tells about itself: addresses, keys and hosts.

use std::collections::BTreeMap;

use registry_sandbox::control::ServedPlace;
use registry_sandbox::{Accounts, Sandbox};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::failure::Failure;

/// Variable with the URL of a running sandbox.
pub(super) const URL: &str = "IMGTRACK_SANDBOX_URL";
/// Variable with the token of its control API.
pub(super) const TOKEN: &str = "IMGTRACK_SANDBOX_TOKEN";
/// Beginning of the variables with the hosts of registries.
const HOST: &str = "IMGTRACK_SANDBOX_HOST";

/// Addresses and keys of a sandbox.
#[derive(Serialize)]
pub(super) struct Announcement<'a> {
    #[serde(flatten)]
    accounts: &'a Accounts,
    sandbox: BTreeMap<&'static str, String>,
    registries: Vec<ServedPlace>,
    #[serde(skip)]
    variables: Vec<(&'static str, String)>,
}

impl<'a> Announcement<'a> {
    /// Describes a sandbox, and opens the ports of all its registries.
    pub(super) fn of(sandbox: &'a Sandbox) -> Result<Self, Failure> {
        let access = sandbox.control();
        let access = access.map(|access| [("url", &access.url), ("token", &access.token)]);
        let access = access.into_iter().flatten();
        Ok(Self {
            accounts: sandbox.accounts(),
            sandbox: access.map(|(name, value)| (name, value.clone())).collect(),
            registries: sandbox.served_places()?,
            variables: sandbox.variables(),
        })
    }

    /// Returns lines that export all of it in a shell.
    pub(super) fn exports(&self) -> Result<Vec<String>, Failure> {
        let mut variables: Vec<(String, String)> = Vec::new();
        for (name, key) in [(URL, "url"), (TOKEN, "token")] {
            let value = self.sandbox.get(key).cloned().unwrap_or_default();
            variables.push((name.to_owned(), value));
        }
        let own = self.variables.iter();
        variables.extend(own.map(|(name, value)| ((*name).to_owned(), value.clone())));
        variables.push(("DOCKER_AUTH_CONFIG".to_owned(), self.logins().to_string()));
        let hosts = self.registries.iter();
        variables.extend(hosts.map(|place| (host_variable(&place.place), place.host.clone())));
        let lines = variables.into_iter().map(|(name, value)| {
            let quoted = shlex::try_quote(&value).map_err(|_| {
                Failure::Usage(format!("the value of {name} cannot be written for a shell"))
            })?;
            Ok(format!("export {name}={quoted}"))
        });
        lines.collect()
    }

    /// Returns the logins of all registries as docker's configuration has them.
    fn logins(&self) -> Value {
        let places = self.registries.iter();
        let logins = places.filter_map(|place| {
            let login = place.login.as_ref()?;
            let login = json!({"username": login.user, "password": login.password});
            Some((place.host.clone(), login))
        });
        json!({"auths": logins.collect::<Map<_, _>>()})
    }
}

/// Returns the variable with the host of a place: `oci/mirror-1` is `IMGTRACK_SANDBOX_HOST_OCI_MIRROR_1`.
fn host_variable(place: &str) -> String {
    let word = place.chars().map(|c| match c.is_ascii_alphanumeric() {
        true => c.to_ascii_uppercase(),
        false => '_',
    });
    format!("{HOST}_{}", word.collect::<String>())
}
