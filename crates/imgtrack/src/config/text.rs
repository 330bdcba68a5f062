//! Configurations as TOML.

use std::collections::BTreeMap;

use super::{Config, Named};
use crate::output::Format;

/// Quotes a text as TOML does.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

fn list<'a>(items: impl IntoIterator<Item = &'a str>) -> String {
    let items: Vec<String> = items.into_iter().map(quoted).collect();
    format!("[{}]", items.join(", "))
}

/// Returns a key, between quotes if it needs them.
fn key(name: &str) -> String {
    let is_bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    match !name.is_empty() && name.chars().all(is_bare) {
        true => name.to_owned(),
        false => quoted(name),
    }
}

/// Returns the table of a registry.
pub(crate) fn registry(name: &str, named: &Named) -> String {
    let head = format!("registries.{}", key(name));
    let mut text = format!("[{head}]\nprovider = {}\n", quoted(named.provider.name));
    for (name, value) in ordered(named) {
        text += &format!("{name} = {}\n", quoted(value));
    }
    if !named.hosts.is_empty() {
        let hosts = named.hosts.iter().map(String::as_str);
        text += &format!("hosts = {}\n", list(hosts));
    }
    let has_proof = named.destinations.iter().any(|one| one.proof.is_some());
    if !has_proof && !named.destinations.is_empty() {
        let all = named.destinations.iter().map(|one| one.name.as_str());
        return text + &format!("destinations = {}\n", list(all));
    }
    for one in &named.destinations {
        text += &format!("\n[{head}.destinations.{}]\n", key(&one.name));
        if let Some(host) = &one.proof {
            text += &format!("proof = {}\n", quoted(host));
        }
    }
    text
}

/// Returns settings in the order of the provider.
fn ordered(named: &Named) -> impl Iterator<Item = (&'static str, &String)> {
    let place = |name: &str| {
        let mut all = named.provider.settings.iter();
        all.position(|setting| setting.name == name)
            .unwrap_or(usize::MAX)
    };
    let mut all: Vec<_> = named
        .settings
        .iter()
        .map(|(name, value)| (*name, value))
        .collect();
    all.sort_by_key(|(name, _)| place(name));
    all.into_iter()
}

/// Returns a whole configuration.
pub(crate) fn whole(config: &Config) -> String {
    let mut parts = Vec::new();
    let defaults = [
        ("registry", config.registry.as_deref()),
        ("output", config.output.map(Format::name)),
    ];
    let defaults: BTreeMap<_, _> = defaults
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect();
    if !defaults.is_empty() {
        let lines = defaults
            .into_iter()
            .map(|(name, value)| format!("{name} = {}\n", quoted(value)));
        parts.push(format!("[defaults]\n{}", lines.collect::<String>()));
    }
    if !config.groups.is_empty() {
        let lines = config.groups.iter().map(|(name, members)| {
            format!(
                "{} = {}\n",
                key(name),
                list(members.iter().map(String::as_str))
            )
        });
        parts.push(format!("[groups]\n{}", lines.collect::<String>()));
    }
    parts.extend(
        config
            .registries
            .iter()
            .map(|(name, named)| registry(name, named)),
    );
    parts.join("\n")
}
