use std::collections::BTreeMap;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::side::Site;
use crate::sides::SIDES;

/// Accounts that the sandbox admits, by the name of their client.
///
/// The keys are invented: fixed ones, or those of [`Options::remote`](crate::Options::remote). They open
/// nothing but the sandbox, so `Debug` shows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accounts(Vec<Account>);

/// An account of the sandbox: fields such as `endpoint`, in the words of its cloud.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    client: &'static str,
    fields: Vec<(&'static str, String)>,
}

impl Accounts {
    pub(crate) fn at(site: &Site<'_>) -> Self {
        let accounts = SIDES.iter();
        let accounts = accounts.filter_map(|side| Some((side.account?)(site)));
        Self(accounts.collect())
    }

    /// Returns the account of a client, such as `somecloud-cr`.
    pub fn of(&self, client: &str) -> Option<&Account> {
        self.0.iter().find(|account| account.client == client)
    }
}

impl Account {
    pub(crate) fn new<const N: usize>(
        client: &'static str,
        fields: [(&'static str, &str); N],
    ) -> Self {
        let fields = fields.map(|(name, value)| (name, value.to_owned()));
        Self {
            client,
            fields: fields.into(),
        }
    }

    /// Returns the name of the client that uses the account.
    pub fn client(&self) -> &str {
        self.client
    }

    /// Returns the value of a field.
    pub fn get(&self, field: &str) -> Option<&str> {
        let mut fields = self.fields.iter();
        let found = fields.find(|(name, _)| *name == field);
        found.map(|(_, value)| value.as_str())
    }
}

impl Serialize for Accounts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for account in &self.0 {
            map.serialize_entry(account.client, account)?;
        }
        map.end()
    }
}

impl Serialize for Account {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let fields = self.fields.iter().map(|(name, value)| (name, value));
        serializer.collect_map(fields)
    }
}

/// Settings and access key with which a client reaches a registry of the sandbox.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Settings {
    /// Values by the names of the provider's settings: `endpoint`, `region`, `instance` and similar.
    pub values: BTreeMap<&'static str, String>,
    /// Id of the access key.
    pub access_key_id: String,
    /// Secret of the access key.
    pub access_key_secret: String,
}

impl Settings {
    pub(crate) fn new<const N: usize>(
        (id, secret): (&str, &str),
        values: [(&'static str, &str); N],
    ) -> Self {
        Self {
            values: values.map(|(name, value)| (name, value.to_owned())).into(),
            access_key_id: id.to_owned(),
            access_key_secret: secret.to_owned(),
        }
    }
}
