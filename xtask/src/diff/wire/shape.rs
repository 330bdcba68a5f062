//! Comparison of the schemas of requests and answers.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::super::Side;
use super::super::pairs::{Direction, SchemaPair, schema_name};
use super::{Found, shown, word};
use crate::spec::{array, object, resolve};

impl Found<'_> {
    pub(super) fn schema(&mut self, pair: &SchemaPair<'_>) {
        self.seen.clear();
        // A schema that was added or removed shows where it is used.
        let (Some((old_name, old)), Some((new_name, new))) = (pair.old, pair.new) else {
            return;
        };
        let users = self.pairs.users(pair);
        let Some(direction) = users.values().max().copied() else {
            return;
        };
        if old_name != new_name {
            self.wire(false, "as before");
        }
        let before = self.changes.len();
        let (what, prefix) = (format!("`{new_name}`"), format!("{new_name}."));
        self.shape(&what, &prefix, old, new, direction);
        if direction == Direction::Refused {
            // Hand-written code reads refusals, and accepts missing fields.
            let fresh = self.changes.iter_mut().skip(before);
            fresh.for_each(|change| change.breaking = false);
        }
        self.unexplained(before, old, new);
    }

    /// Compares two schemas of the same name, or at the same place.
    fn shape(&mut self, what: &str, prefix: &str, old: &Value, new: &Value, direction: Direction) {
        let values = |schema: &Value| -> Option<BTreeSet<String>> {
            let values = schema.get("enum")?;
            Some(array(Some(values)).map(|value| word(Some(value))).collect())
        };
        if let (Some(olds), Some(news)) = (values(old), values(new)) {
            for value in news.difference(&olds) {
                self.wire(false, format!("{what} may be `{value}`"));
            }
            for value in olds.difference(&news) {
                self.wire(
                    direction == Direction::Sent,
                    format!("{what} is no longer `{value}`"),
                );
            }
            return;
        }
        let has_fields = |schema: &Value| schema.get("properties").is_some();
        if !has_fields(old) && !has_fields(new) {
            return self.value(what, old, new, direction);
        }
        let fields = |schema: &Value| -> BTreeMap<String, Value> {
            object(schema.get("properties"))
                .map(|(name, field)| (name.clone(), field.clone()))
                .collect()
        };
        let required =
            |schema: &Value, name: &str| array(schema.get("required")).any(|known| known == name);
        let (olds, news) = (fields(old), fields(new));
        let sent = direction == Direction::Sent;
        for (name, field) in &olds {
            let what = format!("field `{prefix}{name}`");
            let Some(now) = news.get(name) else {
                // An answer that still has the field decodes; the field is ignored.
                self.wire(sent, format!("{what} is gone"));
                continue;
            };
            match (required(old, name), required(new, name)) {
                (false, true) => self.wire(sent, format!("{what} is required, until now optional")),
                (true, false) => {
                    self.wire(false, format!("{what} is optional, until now required"))
                }
                _ => {}
            }
            self.value(&what, field, now, direction);
        }
        for name in news.keys().filter(|name| !olds.contains_key(*name)) {
            let what = format!("field `{prefix}{name}`");
            match required(new, name) && sent {
                true => self.wire(true, format!("{what} is new and required")),
                false if sent => self.wire(false, format!("{what} is new and optional")),
                false => self.wire(false, format!("{what} is new")),
            }
        }
    }

    /// Compares a value at one place: a parameter, a field or an item.
    pub(super) fn value(&mut self, what: &str, old: &Value, new: &Value, direction: Direction) {
        let (old_kind, new_kind) = (kind(self.pairs.old, old), kind(self.pairs.new, new));
        if old_kind != new_kind {
            self.wire(true, format!("{what} is {new_kind}, until now {old_kind}"));
            return;
        }
        let (old_name, new_name) = (name_of(old), name_of(new));
        if let (Some(old_name), Some(new_name)) = (old_name, new_name) {
            // Schemas of the same name are compared elsewhere.
            if self.pairs.now(old_name) == new_name {
                return;
            }
            let key = (old_name.to_owned(), new_name.to_owned());
            if self.seen.insert(key.clone()) {
                let schema = |document: &Value, name: &str| {
                    let schemas = document.pointer("/components/schemas");
                    schemas
                        .and_then(|all| all.get(name))
                        .cloned()
                        .unwrap_or_default()
                };
                let (old, new) = (
                    schema(self.pairs.old, &key.0),
                    schema(self.pairs.new, &key.1),
                );
                let before = self.changes.len();
                let prefix = match what.split('`').nth(1) {
                    Some(path) if what.starts_with("field ") => format!("{path}."),
                    _ => String::new(),
                };
                self.shape(what, &prefix, &old, &new, direction);
                if self.changes.len() == before {
                    self.wire(false, format!("{what} is as before"));
                }
            }
            return;
        }
        if let (Some(old), Some(new)) = (old.get("items"), new.get("items")) {
            self.value(what, old, new, direction);
        }
        let (old, new) = (
            self.settled(self.pairs.old, old),
            self.settled(self.pairs.new, new),
        );
        if old.get("format") != new.get("format") {
            self.wire(false, format!("{what} is as before, {new_kind}"));
        }
        if direction == Direction::Sent {
            self.bounds(what, &old, &new);
        }
        if old.get("default") != new.get("default") {
            let text = format!(
                "left out, {what} means {}, until now {}",
                shown(new.get("default")),
                shown(old.get("default"))
            );
            self.add(Side::Behaviour, false, text);
        }
        if old.get("enum").is_some() || new.get("enum").is_some() {
            let list = |schema: &Value| -> BTreeSet<String> {
                array(schema.get("enum"))
                    .map(|value| word(Some(value)))
                    .collect()
            };
            if list(&old) != list(&new) {
                let breaking = direction == Direction::Sent && !list(&old).is_subset(&list(&new));
                self.wire(breaking, format!("{what} has other values"));
            }
        }
    }

    fn settled(&self, document: &Value, schema: &Value) -> Value {
        only(schema).map_or_else(
            || schema.clone(),
            |reference| resolve(document, reference).clone(),
        )
    }

    fn bounds(&mut self, what: &str, old: &Value, new: &Value) {
        for (low, high, unit) in [
            ("minimum", "maximum", ""),
            ("minLength", "maxLength", " characters"),
            ("minItems", "maxItems", " items"),
        ] {
            let range = |schema: &Value| {
                let bound = |key| schema.get(key).and_then(Value::as_i64);
                (bound(low), bound(high))
            };
            let (old, new) = (range(old), range(new));
            if old == new {
                continue;
            }
            let holds = new.0.unwrap_or(i64::MIN) <= old.0.unwrap_or(i64::MIN)
                && new.1.unwrap_or(i64::MAX) >= old.1.unwrap_or(i64::MAX);
            let text = |range: (Option<i64>, Option<i64>)| match range {
                (Some(low), Some(high)) => format!("{low} to {high}{unit}"),
                (Some(low), None) => format!("at least {low}{unit}"),
                (None, Some(high)) => format!("at most {high}{unit}"),
                (None, None) => "without bounds".to_owned(),
            };
            self.wire(
                !holds,
                format!("{what} is {}, until now {}", text(new), text(old)),
            );
        }
        match (old.get("pattern"), new.get("pattern")) {
            (old, new) if old == new => {}
            (_, None) => self.wire(false, format!("{what} need not match a pattern any more")),
            (_, Some(pattern)) => {
                let pattern = word(Some(pattern));
                self.wire(true, format!("{what} must match `{pattern}`"));
            }
        }
    }
}

/// Returns the reference of a schema that is a single reference.
fn only(schema: &Value) -> Option<&Value> {
    if schema.get("$ref").is_some() {
        return Some(schema);
    }
    match schema.get("allOf").and_then(Value::as_array)?.as_slice() {
        [only] if only.get("$ref").is_some() => Some(only),
        _ => None,
    }
}

/// Returns the name of the schema that a schema refers to.
fn name_of(schema: &Value) -> Option<&str> {
    only(schema)?.get("$ref")?.as_str().and_then(schema_name)
}

/// Returns the JSON type in words.
fn kind(document: &Value, schema: &Value) -> String {
    let schema = only(schema).map_or(schema, |reference| resolve(document, reference));
    match schema.get("type").and_then(Value::as_str) {
        Some("string") => "text".to_owned(),
        Some("integer") => "a whole number".to_owned(),
        Some("number") => "a number".to_owned(),
        Some("boolean") => "true or false".to_owned(),
        Some("array") => {
            let nothing = Value::Null;
            let items = schema.get("items").unwrap_or(&nothing);
            format!("a list of {}", kind(document, items))
        }
        _ if schema
            .get("additionalProperties")
            .is_some_and(Value::is_object) =>
        {
            "a map".to_owned()
        }
        Some("object") => "an object".to_owned(),
        Some(other) => other.to_owned(),
        None => "anything".to_owned(),
    }
}
