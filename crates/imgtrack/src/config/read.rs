//! Reading of a configuration, with the line of everything that is wrong.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::path::Path;

use clap::ValueEnum;
use registry_replication::{Descriptor, Form, ImageReference, providers, suggest};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Config, Destination, Named};
use crate::args::{settings_of, value};
use crate::output::Format;

/// Most problems that are reported.
const MOST: usize = 20;
/// Words in names of keys that hold secrets.
const SECRETS: [&str; 8] = [
    "secret",
    "password",
    "passwd",
    "token",
    "access_key",
    "accesskey",
    "credential",
    "auth",
];
/// Short names of keys that hold secrets.
const SHORT_SECRETS: [&str; 3] = ["ak", "sk", "key"];

/// Something that is wrong with a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    /// Line in the file, from 1.
    pub(crate) line: Option<usize>,
    /// The key, with the tables around it.
    pub(crate) key: String,
    pub(crate) what: String,
}

impl Problem {
    /// Makes a problem of the whole file.
    pub(crate) fn of_file(what: String) -> Self {
        Self {
            line: None,
            key: String::new(),
            what,
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.what)
    }
}

type Table<'t> = DeTable<'t>;
type Value<'t> = Spanned<DeValue<'t>>;

/// Reads a configuration. `folder` is where its relative paths begin.
///
/// # Errors
/// Everything that is wrong with it, in the order of the lines.
pub(crate) fn config(text: &str, folder: &Path) -> Result<Config, Vec<Problem>> {
    let mut reader = Reader {
        text,
        folder,
        problems: Vec::new(),
    };
    let mut config = Config::default();
    match DeTable::parse(text) {
        Ok(table) => reader.whole(table.get_ref(), &mut config),
        Err(error) => {
            let span = error.span().unwrap_or_default();
            let key = text.get(span.clone()).unwrap_or_default();
            let key = match error.message().contains("key") && key.len() < 100 {
                true => key,
                false => "",
            };
            reader.add(&span, key, error.message().to_owned());
        }
    }
    let mut problems = reader.problems;
    problems.sort_by_key(|problem| problem.line);
    match problems.is_empty() {
        true => Ok(config),
        false => Err(problems),
    }
}

struct Reader<'t> {
    text: &'t str,
    folder: &'t Path,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn add(&mut self, at: &Range<usize>, key: &str, what: impl Into<String>) {
        if self.problems.len() == MOST {
            return;
        }
        let before = self.text.as_bytes().get(..at.start).unwrap_or_default();
        let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
        self.problems.push(Problem {
            line: Some(line),
            key: ImageReference::without_login(key).into_owned(),
            what: what.into(),
        });
    }

    /// Reports a key that is not known, or that would hold a secret.
    fn unknown<'k>(
        &mut self,
        at: &Range<usize>,
        key: &str,
        name: &str,
        known: impl IntoIterator<Item = &'k str>,
    ) {
        let plain = name.to_lowercase().replace('-', "_");
        let is_secret =
            SHORT_SECRETS.contains(&&*plain) || SECRETS.iter().any(|secret| plain.contains(secret));
        let known: Vec<&str> = known.into_iter().collect();
        let what = match (is_secret, suggest::near(name, known.iter().copied())) {
            (true, _) => {
                "secrets are not read from this file; remove it, and run `imgtrack doctor` \
                          to see where credentials come from"
                    .to_owned()
            }
            (false, Some(near)) => format!("unknown key; did you mean {near}?"),
            (false, None) => format!("unknown key; known are {}", known.join(", ")),
        };
        self.add(at, key, what);
    }

    fn table<'v, 't>(&mut self, key: &str, value: &'v Value<'t>) -> Option<&'v Table<'t>> {
        let table = value.get_ref().as_table();
        if table.is_none() {
            self.add(&value.span(), key, "it is not a table");
        }
        table
    }

    fn word(&mut self, key: &str, value: &Value<'_>) -> Option<String> {
        match value.get_ref().as_str() {
            Some(text) => Some(text.to_owned()),
            None => {
                self.add(&value.span(), key, "it is not text; put it between quotes");
                None
            }
        }
    }

    /// Returns a text, or those of an array.
    fn words<'v, 't>(&mut self, key: &str, value: &'v Value<'t>) -> Vec<(String, Range<usize>)> {
        let Some(items) = value.get_ref().as_array() else {
            let word = self.word(key, value);
            return word.into_iter().map(|word| (word, value.span())).collect();
        };
        let mut words = Vec::new();
        for item in items.iter() {
            let word = self.word(key, item);
            words.extend(word.map(|word| (word, item.span())));
        }
        words
    }

    /// Checks a text, and reports why it is invalid.
    fn checked(
        &mut self,
        key: &str,
        at: &Range<usize>,
        text: &str,
        check: impl Fn(&str) -> Result<String, String>,
    ) -> Option<String> {
        match check(text) {
            Ok(text) => Some(text),
            Err(why) => {
                // What is before an @ may be a password.
                let what = match text.contains('@') {
                    true => format!("invalid value: {why}"),
                    false => format!("invalid value {text:?}: {why}"),
                };
                self.add(at, key, what);
                None
            }
        }
    }

    fn whole(&mut self, table: &Table<'_>, config: &mut Config) {
        let mut groups = None;
        let mut defaults = None;
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            match name {
                "registries" => self.registries(value, config),
                "groups" => groups = Some(value),
                "defaults" => defaults = Some(value),
                _ => self.unknown(
                    &key.span(),
                    name,
                    name,
                    ["defaults", "groups", "registries"],
                ),
            }
        }
        // They name registries, wherever those are in the file.
        if let Some(value) = groups {
            self.groups(value, config);
        }
        if let Some(value) = defaults {
            self.defaults(value, config);
        }
    }

    fn defaults(&mut self, value: &Value<'_>, config: &mut Config) {
        let Some(table) = self.table("defaults", value) else {
            return;
        };
        for (name, value) in table {
            let key = format!("defaults.{}", name.get_ref());
            match name.get_ref().as_ref() {
                "registry" => {
                    let Some(text) = self.word(&key, value) else {
                        continue;
                    };
                    if config.names().all(|known| known != text) {
                        let what = unknown_registry(&text, config);
                        self.add(&value.span(), &key, what);
                    }
                    config.registry = Some(text);
                }
                "output" => {
                    let text = self.word(&key, value);
                    let text = text
                        .and_then(|text| self.checked(&key, &value.span(), &text, value::format));
                    config.output = text.and_then(|text| Format::from_str(&text, false).ok());
                }
                other => self.unknown(&name.span(), &key, other, ["output", "registry"]),
            }
        }
    }

    fn groups(&mut self, value: &Value<'_>, config: &mut Config) {
        let Some(table) = self.table("groups", value) else {
            return;
        };
        for (name, value) in table {
            let key = format!("groups.{}", name.get_ref());
            if let Err(why) = registry_name(name.get_ref()) {
                self.add(&name.span(), &key, why);
            }
            if config.registries.contains_key(name.get_ref().as_ref()) {
                self.add(&name.span(), &key, "a registry has this name");
            }
            let mut members = Vec::new();
            let words = self.words(&key, value);
            if words.is_empty() {
                self.add(&value.span(), &key, "it names no registry");
            }
            for (member, at) in words {
                if !config.registries.contains_key(&member) {
                    let near = suggest::near(&member, config.registries.keys().map(String::as_str));
                    let near = near.map(|near| format!("; did you mean {near}?"));
                    let member = ImageReference::without_login(&member);
                    let what = format!("[registries.{member}] is missing");
                    self.add(&at, &key, what + &near.unwrap_or_default());
                } else if !members.contains(&member) {
                    members.push(member);
                }
            }
            config.groups.insert(name.get_ref().to_string(), members);
        }
    }

    fn registries(&mut self, value: &Value<'_>, config: &mut Config) {
        let Some(table) = self.table("registries", value) else {
            return;
        };
        for (name, value) in table {
            let key = format!("registries.{}", name.get_ref());
            if let Err(why) = registry_name(name.get_ref()) {
                self.add(&name.span(), &key, why);
            }
            let Some(inner) = self.table(&key, value) else {
                continue;
            };
            let Some(named) = self.registry(&key, &name.span(), inner) else {
                continue;
            };
            for (host, other) in config.add(name.get_ref().to_string(), named) {
                let what = format!("host {host} belongs to registries.{other}, too");
                self.add(&name.span(), &key, what);
            }
        }
    }

    fn registry(&mut self, key: &str, at: &Range<usize>, table: &Table<'_>) -> Option<Named> {
        let Some((_, named)) = table.iter().find(|(name, _)| name.get_ref() == "provider") else {
            let what = format!(
                "provider is missing; use one of {}",
                all_providers().join(", ")
            );
            self.add(at, key, what);
            return None;
        };
        let provider_key = format!("{key}.provider");
        let text = self.word(&provider_key, named)?;
        let mut known = providers().iter().copied();
        let Some(provider) = known.find(|provider| provider.name == text) else {
            let what = unknown_provider(&text);
            self.add(&named.span(), &provider_key, what);
            return None;
        };
        let mut named = Named {
            provider,
            settings: BTreeMap::new(),
            hosts: Vec::new(),
            destinations: Vec::new(),
        };
        for (name, value) in table {
            let key = format!("{key}.{}", name.get_ref());
            let name_text = name.get_ref().as_ref();
            match name_text {
                "provider" => {}
                "hosts" => {
                    for (host, at) in self.words(&key, value) {
                        named
                            .hosts
                            .extend(self.checked(&key, &at, &host, value::host));
                    }
                }
                "destinations" => self.destinations(&key, value, provider, &mut named.destinations),
                _ => {
                    let mut known = settings_of(provider);
                    let Some((setting, form)) = known.find(|(known, _)| *known == name_text) else {
                        let known = settings_of(provider).map(|(name, _)| name);
                        let all = ["provider", "hosts", "destinations"]
                            .into_iter()
                            .chain(known);
                        self.unknown(&name.span(), &key, name_text, all);
                        continue;
                    };
                    if let Some(value) = self.setting(&key, value, form, provider, table) {
                        named.settings.insert(setting, value);
                    }
                }
            }
        }
        for setting in provider.settings.iter().filter(|setting| setting.required) {
            if !named.settings.contains_key(setting.name)
                && !table.iter().any(|(name, _)| name.get_ref() == setting.name)
            {
                let what = format!("{} is missing, the {}", setting.name, setting.about);
                self.add(at, key, what);
            }
        }
        let mut known: Vec<&str> = Vec::new();
        for one in &named.destinations {
            if known.contains(&one.name.as_str()) {
                self.add(at, key, format!("destination {} is there twice", one.name));
            }
            known.push(&one.name);
            if named.own_host() == Some(&one.name) {
                let what = format!("destination {} is the registry itself", one.name);
                self.add(at, key, what);
            }
        }
        Some(named)
    }

    fn setting(
        &mut self,
        key: &str,
        value: &Value<'_>,
        form: Form,
        provider: &Descriptor,
        table: &Table<'_>,
    ) -> Option<String> {
        if form == Form::Hosts && value.get_ref().as_bool().is_some() {
            // `true` is the registry's own host.
            let own = provider.any_host;
            let own = own.and_then(|own| table.iter().find(|(name, _)| name.get_ref() == own));
            let own = own.and_then(|(_, value)| value.get_ref().as_str());
            return match (value.get_ref().as_bool(), own) {
                (Some(true), Some(own)) => Some(own.to_owned()),
                (Some(true), None) => {
                    self.add(
                        &value.span(),
                        key,
                        "name the hosts: this registry has no host",
                    );
                    None
                }
                _ => None,
            };
        }
        if form == Form::Hosts {
            let mut hosts = Vec::new();
            for (host, at) in self.words(key, value) {
                hosts.extend(self.checked(key, &at, &host, value::host));
            }
            return (!hosts.is_empty()).then(|| hosts.join(","));
        }
        let text = self.word(key, value)?;
        let text = self.checked(key, &value.span(), &text, |text| value::of_form(form, text))?;
        Some(match form == Form::File {
            true => {
                let path = self.folder.join(&text);
                if !path.is_file() {
                    let what = format!("there is no file {}", path.display());
                    self.add(&value.span(), key, what);
                }
                path.display().to_string()
            }
            false => text,
        })
    }

    fn destinations(
        &mut self,
        key: &str,
        value: &Value<'_>,
        provider: &Descriptor,
        all: &mut Vec<Destination>,
    ) {
        if value.get_ref().as_array().is_some() {
            for (name, at) in self.words(key, value) {
                let name = self.checked(key, &at, &name, value::destination);
                all.extend(name.map(|name| Destination { name, proof: None }));
            }
            return;
        }
        let Some(table) = self.table(key, value) else {
            return;
        };
        for (name, value) in table {
            let key = format!("{key}.{}", name.get_ref());
            let span = name.span();
            let Some(place) = self.checked(&key, &span, name.get_ref(), value::destination) else {
                continue;
            };
            let mut destination = Destination {
                name: place,
                proof: None,
            };
            let Some(inner) = self.table(&key, value) else {
                continue;
            };
            for (name, value) in inner {
                let key = format!("{key}.{}", name.get_ref());
                match name.get_ref().as_ref() {
                    "proof" if !provider.shows_work() => {
                        let what = format!(
                            "{} asks its destinations itself; leave it out",
                            provider.title
                        );
                        self.add(&name.span(), &key, what);
                    }
                    "proof" => {
                        let host = self.word(&key, value);
                        destination.proof = host
                            .and_then(|host| self.checked(&key, &value.span(), &host, value::host));
                    }
                    other => self.unknown(&name.span(), &key, other, ["proof"]),
                }
            }
            all.push(destination);
        }
    }
}

fn all_providers() -> Vec<&'static str> {
    providers().iter().map(|provider| provider.name).collect()
}

/// Says that no provider has a name, with the one that may be meant.
pub(crate) fn unknown_provider(name: &str) -> String {
    match suggest::near(name, all_providers()) {
        Some(near) => format!("unknown provider {name:?}; did you mean {near}?"),
        None => format!(
            "unknown provider {name:?}; use one of {}",
            all_providers().join(", ")
        ),
    }
}

/// Says that no registry has a name, with the one that may be meant.
pub(crate) fn unknown_registry(name: &str, config: &Config) -> String {
    let names: Vec<&str> = config.names().collect();
    let near = suggest::near(name, names.iter().copied());
    // A URL with a password may be pasted here, too.
    let name = ImageReference::without_login(name);
    match near {
        Some(near) => format!("unknown registry {name:?}; did you mean {near}?"),
        None => format!("unknown registry {name:?}; use one of {}", names.join(", ")),
    }
}

/// Checks the name of a registry or group.
pub(crate) fn registry_name(name: &str) -> Result<(), String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.is_empty() || !name.chars().all(fits) {
        return Err("a name has letters, digits, '-', '_' and '.' only".to_owned());
    }
    match all_providers().contains(&name) {
        true => Err("a provider has this name; use another".to_owned()),
        false => Ok(()),
    }
}
