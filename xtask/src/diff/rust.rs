//! Comparison of the generated Rust APIs of both specs.

use std::collections::BTreeMap;

use heck::{ToSnakeCase, ToUpperCamelCase};
use serde_json::Value;

use super::api::{Api, Struct};
use super::pairs::{Direction, Pairs, id};
use super::{Change, Side, Topic};
use crate::spec::{array, resolve};

pub(super) fn compare(pairs: &Pairs<'_>, service: &str, old: &Api, new: &Api) -> Vec<Change> {
    let mut found = Found {
        pairs,
        service,
        changes: Vec::new(),
    };
    for pair in &pairs.operations {
        found.operation(pair, old, new);
    }
    found.structs(old, new);
    found.enums(old, new);
    found.others(old, new);
    found.changes
}

struct Found<'a> {
    pairs: &'a Pairs<'a>,
    service: &'a str,
    changes: Vec<Change>,
}

impl Found<'_> {
    fn add(&mut self, topic: &Topic, breaking: bool, text: impl Into<String>) {
        self.changes.push(Change {
            topic: topic.clone(),
            side: Side::Rust,
            breaking,
            text: text.into(),
        });
    }

    fn operation(&mut self, pair: &super::pairs::OperationPair<'_>, old: &Api, new: &Api) {
        let topic = Topic::Operation(pair.name().to_owned());
        let method = |place: &crate::spec::Place<'_>| id(place).to_snake_case();
        let path = |method: &str| format!("{}::Client::{method}()", self.service);
        let (old_place, new_place) = match (&pair.old, &pair.new) {
            (Some(old), Some(new)) => (old, new),
            (Some(old), None) => {
                let text = format!("`{}` is gone", path(&method(old)));
                return self.add(&topic, true, text);
            }
            (None, Some(new)) => {
                let text = format!("`{}` is new", path(&method(new)));
                return self.add(&topic, false, text);
            }
            (None, None) => return,
        };
        let (old_method, new_method) = (method(old_place), method(new_place));
        let call = path(&new_method);
        if old_method != new_method {
            let text = format!("`{call}` is what was `{}`", path(&old_method));
            self.add(&topic, true, text);
        }
        let (Some(old), Some(new)) = (old.calls.get(&old_method), new.calls.get(&new_method))
        else {
            return;
        };
        let was_required = required(self.pairs.old, old_place.value);
        let is_required = required(self.pairs.new, new_place.value);
        for (setter, taken) in &old.setters {
            let Some(now) = new.setters.get(setter) else {
                self.add(&topic, true, format!("`{call}.{setter}()` is gone"));
                continue;
            };
            let (taken, now) = (self.renamed(taken), now);
            if taken != *now {
                let breaking = !holds(&taken, now);
                let text = format!("`{call}.{setter}()` takes `{now}`, until now `{taken}`");
                self.add(&topic, breaking, text);
            }
            if is_required.contains(setter) && !was_required.contains(setter) {
                let text = format!("`{call}.{setter}()` must be called, until now it need not");
                self.add(&topic, true, text);
            }
            if was_required.contains(setter) && !is_required.contains(setter) {
                let text = format!("`{call}.{setter}()` need not be called, until now it had to");
                self.add(&topic, false, text);
            }
        }
        for setter in new
            .setters
            .keys()
            .filter(|name| !old.setters.contains_key(*name))
        {
            match is_required.contains(setter) {
                true => {
                    let text = format!("`{call}.{setter}()` is new and must be called");
                    self.add(&topic, true, text);
                }
                false => self.add(&topic, false, format!("`{call}.{setter}()` is new")),
            }
        }
        let answer = self.renamed(&old.answer);
        if answer != new.answer {
            let text = format!("`{call}` answers `{}`, until now `{answer}`", new.answer);
            self.add(&topic, true, text);
        }
    }

    /// Returns an old type with new names of schemas.
    fn renamed(&self, ty: &str) -> String {
        let words = ty.split_inclusive(|c: char| !c.is_alphanumeric() && c != '_');
        words
            .map(|word| {
                let name = word.trim_end_matches(|c: char| !c.is_alphanumeric() && c != '_');
                let rest = word.get(name.len()..).unwrap_or_default();
                format!("{}{rest}", self.now(name))
            })
            .collect()
    }

    /// Returns the new name of an old type.
    fn now(&self, old: &str) -> String {
        let renamed = &self.pairs.renamed;
        renamed
            .iter()
            .find(|(name, _)| name.to_upper_camel_case() == old || *name == old)
            .map_or_else(|| old.to_owned(), |(_, new)| new.to_upper_camel_case())
    }

    /// Returns the schema of a type. A type that progenitor invented belongs to the schema with the
    /// longest name that its name begins with.
    fn topic(&self, ty: &str) -> Topic {
        let names = self.pairs.schemas.iter().map(|pair| pair.name());
        let best = names
            .filter(|name| ty.starts_with(&name.to_upper_camel_case()))
            .max_by_key(|name| name.len());
        match best {
            Some(name) => Topic::Schema(name.to_owned()),
            None => Topic::Service,
        }
    }

    /// Pairs items by name, and reports those that were added, removed or renamed.
    fn matched<'t, T>(
        &mut self,
        module: &str,
        old: &'t BTreeMap<String, T>,
        new: &'t BTreeMap<String, T>,
    ) -> Vec<(String, &'t T, &'t T)> {
        let mut both = Vec::new();
        let mut known = Vec::new();
        for (name, item) in old {
            let now = self.now(name);
            let path = format!("{}::{module}::{now}", self.service);
            let topic = self.topic(&now);
            match new.get(&now) {
                None => self.add(&topic, true, format!("`{path}` is gone")),
                Some(item_now) => {
                    if now != *name {
                        let was = format!("{}::{module}::{name}", self.service);
                        self.add(&topic, true, format!("`{path}` is what was `{was}`"));
                    }
                    both.push((now.clone(), item, item_now));
                }
            }
            known.push(now);
        }
        for name in new.keys().filter(|name| !known.contains(name)) {
            let path = format!("{}::{module}::{name}", self.service);
            let topic = self.topic(name);
            self.add(&topic, false, format!("`{path}` is new"));
        }
        both
    }

    fn structs(&mut self, old: &Api, new: &Api) {
        for (name, old, new) in self.matched("types", &old.structs, &new.structs) {
            let topic = self.topic(&name);
            let path = format!("{}::types::{name}", self.service);
            for (field, ty) in &old.fields {
                let ty = self.renamed(ty);
                match new.fields.get(field) {
                    None => self.add(&topic, true, format!("`{path}::{field}` is gone")),
                    Some(now) if *now != ty => {
                        let text = format!("`{path}::{field}` is `{now}`, until now `{ty}`");
                        self.add(&topic, true, text);
                    }
                    Some(_) => {}
                }
            }
            for (field, ty) in new
                .fields
                .iter()
                .filter(|(name, _)| !old.fields.contains_key(*name))
            {
                let (breaking, note) = self.judge_field(&topic, new, field);
                let text = format!("`{path}::{field}`, `{ty}`, is new{note}");
                self.add(&topic, breaking, text);
            }
            if old.default && !new.default {
                self.add(&topic, true, format!("`{path}` has no `Default` any more"));
            }
            if new.open && !old.open {
                let text = format!("`{path}` may get more fields: no literals, patterns with `..`");
                self.add(&topic, true, text);
            }
        }
    }

    /// Whether a new field breaks code. Only decoding makes answers, so no code has a literal of one.
    /// Requests may be struct literals, which name each field.
    fn judge_field(&self, topic: &Topic, data: &Struct, field: &str) -> (bool, &'static str) {
        let Topic::Schema(schema) = topic else {
            return (true, "");
        };
        let pair = self.pairs.schemas.iter().find(|pair| pair.name() == schema);
        let users = pair.map(|pair| self.pairs.users(pair)).unwrap_or_default();
        let sent = users
            .values()
            .any(|direction| *direction == Direction::Sent);
        let required = pair.and_then(|pair| pair.new).is_some_and(|(_, schema)| {
            let wire = data.renamed.get(field).map_or(field, String::as_str);
            array(schema.get("required")).any(|name| name == wire)
        });
        match (sent, data.open) {
            (true, _) if required => (true, " and must be set"),
            (true, false) => (
                true,
                "; `builder()` goes on, a literal names it or ends in `..`",
            ),
            (false, false) => (false, "; a pattern without `..` names it"),
            (_, true) => (false, ""),
        }
    }

    fn enums(&mut self, old: &Api, new: &Api) {
        for (name, old, new) in self.matched("values", &old.enums, &new.enums) {
            let topic = self.topic(&name);
            let path = format!("{}::values::{name}", self.service);
            for (text, variant) in old {
                match new.get(text) {
                    None => {
                        let text = format!(
                            "`{path}::{variant}` is gone; `{text}` is `Unknown(\"{text}\")`"
                        );
                        self.add(&topic, true, text);
                    }
                    Some(now) if now != variant => {
                        let text = format!("`{path}::{now}` is what was `{path}::{variant}`");
                        self.add(&topic, true, text);
                    }
                    Some(_) => {}
                }
            }
            for (text, variant) in new.iter().filter(|(text, _)| !old.contains_key(*text)) {
                let text = format!("`{path}::{variant}` is new, until now `Unknown(\"{text}\")`");
                self.add(&topic, false, text);
            }
        }
    }

    fn others(&mut self, old: &Api, new: &Api) {
        for (name, old, new) in self.matched("types", &old.others, &new.others) {
            if self.renamed(old) != *new {
                let topic = self.topic(&name);
                let path = format!("{}::types::{name}", self.service);
                self.add(&topic, true, format!("`{path}` is made otherwise"));
            }
        }
    }
}

/// Returns the setters that must be called.
fn required(document: &Value, operation: &Value) -> Vec<String> {
    let body = operation.get("requestBody").map(|_| "body".to_owned());
    array(operation.get("parameters"))
        .map(|parameter| resolve(document, parameter))
        .filter(|parameter| parameter.get("required") == Some(&Value::Bool(true)))
        .filter_map(|parameter| Some(parameter.get("name")?.as_str()?.to_snake_case()))
        .chain(body)
        .collect()
}

/// Whether the new type of a parameter accepts all values of the old one.
fn holds(old: &str, new: &str) -> bool {
    match (range(old), range(new)) {
        (Some((old_low, old_high)), Some((new_low, new_high))) => {
            new_low <= old_low && new_high >= old_high
        }
        _ => false,
    }
}

/// Returns the range of a parameter's type.
fn range(ty: &str) -> Option<(i64, i64)> {
    let inner = |name: &str| ty.strip_prefix(name)?.strip_suffix('>');
    match ty {
        "i32" => Some((i32::MIN.into(), i32::MAX.into())),
        "i64" => Some((i64::MIN, i64::MAX)),
        _ => {
            if let Some(low) = inner("AtLeast<") {
                return Some((low.parse().ok()?, i64::MAX));
            }
            let (low, high) = inner("Bounded<")?.split_once(", ")?;
            Some((low.parse().ok()?, high.parse().ok()?))
        }
    }
}
