//! Comparison of the documents: the data on the wire, and the behaviour of the client.

mod shape;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::pairs::{Direction, OperationPair, Pairs, id, inline};
use super::{Change, Side, Topic};
use crate::paging::Paging;
use crate::spec::{answer_content, array, envelope, object, request_content, resolve};

pub(super) fn compare(pairs: &Pairs<'_>) -> Vec<Change> {
    let mut found = Found {
        pairs,
        topic: Topic::Service,
        changes: Vec::new(),
        seen: BTreeSet::new(),
    };
    found.service();
    for pair in &pairs.operations {
        found.topic = Topic::Operation(pair.name().to_owned());
        found.operation(pair);
    }
    for pair in &pairs.schemas {
        found.topic = Topic::Schema(pair.name().to_owned());
        found.schema(pair);
    }
    found.changes
}

struct Found<'a> {
    pairs: &'a Pairs<'a>,
    /// Topic of the next changes.
    topic: Topic,
    changes: Vec<Change>,
    /// Schemas that were compared in this topic, to end at recursive schemas.
    seen: BTreeSet<(String, String)>,
}

impl Found<'_> {
    fn add(&mut self, side: Side, breaking: bool, text: impl Into<String>) {
        self.changes.push(Change {
            topic: self.topic.clone(),
            side,
            breaking,
            text: text.into(),
        });
    }

    fn wire(&mut self, breaking: bool, text: impl Into<String>) {
        self.add(Side::Wire, breaking, text);
    }

    fn service(&mut self) {
        let (old, new) = (self.pairs.old, self.pairs.new);
        let version = "/info/version";
        if old.pointer(version) != new.pointer(version) {
            let text = format!(
                "the API's version is {}, until now {}",
                shown(new.pointer(version)),
                shown(old.pointer(version))
            );
            self.wire(true, text);
        }
        let urls = |document: &Value| {
            let servers = array(document.get("servers"));
            let urls: Vec<_> = servers.map(|server| shown(server.get("url"))).collect();
            urls.join(", ")
        };
        if urls(old) != urls(new) {
            let text = format!(
                "the service is at {}, until now at {}; check the hand-written endpoints",
                urls(new),
                urls(old)
            );
            self.wire(false, text);
        }
        let schemes = |document: &Value| document.pointer("/components/securitySchemes").cloned();
        let schemes = |document| schemes(document).unwrap_or_default();
        let old_schemes = self.pairs.plain_old(&schemes(old));
        let new_schemes = self.pairs.plain_new(&schemes(new));
        for (name, scheme) in object(Some(&old_schemes)) {
            match new_schemes.get(name) {
                Some(now) if now != scheme => {
                    self.wire(true, format!("authentication by `{name}` works otherwise"));
                }
                _ => {}
            }
        }
        // Report keys without a rule, too.
        const KNOWN: [&str; 9] = [
            "openapi",
            "info",
            "servers",
            "security",
            "tags",
            "paths",
            "components",
            "x-envelope",
            "x-formats",
        ];
        let (old, new) = (self.pairs.plain_old(old), self.pairs.plain_new(new));
        let keys: BTreeSet<&String> = object(Some(&old))
            .chain(object(Some(&new)))
            .map(|(key, _)| key)
            .collect();
        for key in keys {
            if !KNOWN.contains(&key.as_str()) && old.get(key) != new.get(key) {
                self.wire(
                    false,
                    format!("`{key}` of the spec changed; no rule judges that"),
                );
            }
        }
    }

    fn operation(&mut self, pair: &OperationPair<'_>) {
        let place = |place: &crate::spec::Place<'_>| {
            format!("`{} {}`", place.method.to_uppercase(), place.path)
        };
        let (old, new) = match (&pair.old, &pair.new) {
            (Some(old), Some(new)) => (old, new),
            (None, Some(new)) => return self.wire(false, format!("{} is new", place(new))),
            (Some(old), None) => {
                return self.wire(true, format!("{} is no longer called", place(old)));
            }
            (None, None) => return,
        };
        let before = self.changes.len();
        if (old.method, old.path) != (new.method, new.path) {
            let text = format!("it is {}, until now {}", place(new), place(old));
            self.wire(true, text);
        }
        if id(old) != id(new) {
            let text = format!(
                "{} stays; a service whose calls go by name gets `{}`, until now `{}`",
                place(new),
                id(new),
                id(old)
            );
            self.wire(false, text);
        }
        let (old_value, new_value) = (old.value, new.value);
        self.parameters(old_value, new_value);
        self.body(old_value, new_value);
        self.envelopes(old_value, new_value);
        self.answers(old_value, new_value);
        self.security(old_value, new_value);
        self.behaviour(old_value, new_value);
        self.unexplained(before, old_value, new_value);
    }

    fn parameters(&mut self, old: &Value, new: &Value) {
        let of = |document: &Value, operation: &Value| -> BTreeMap<String, Value> {
            array(operation.get("parameters"))
                .map(|parameter| resolve(document, parameter).clone())
                .map(|parameter| (word(parameter.get("name")), parameter))
                .collect()
        };
        let (olds, news) = (of(self.pairs.old, old), of(self.pairs.new, new));
        for (name, parameter) in &olds {
            let what = parameter_name(parameter);
            let Some(now) = news.get(name) else {
                self.wire(true, format!("{what} is no longer sent"));
                continue;
            };
            if parameter.get("in") != now.get("in") {
                self.wire(
                    true,
                    format!("{} is sent, until now {what}", parameter_name(now)),
                );
            }
            let what = parameter_name(now);
            match (is_required(parameter), is_required(now)) {
                (false, true) => self.wire(true, format!("{what} is required, until now optional")),
                (true, false) => {
                    self.wire(false, format!("{what} is optional, until now required"))
                }
                _ => {}
            }
            let nothing = Value::Null;
            let schema = |parameter: &'_ Value| parameter.get("schema").unwrap_or(&nothing).clone();
            self.value(&what, &schema(parameter), &schema(now), Direction::Sent);
        }
        let fresh = news.iter().filter(|(name, _)| !olds.contains_key(*name));
        for (_, parameter) in fresh {
            let what = parameter_name(parameter);
            match is_required(parameter) {
                true => self.wire(true, format!("{what} is new and required")),
                false => self.wire(false, format!("{what} is new and optional")),
            }
        }
    }

    fn body(&mut self, old: &Value, new: &Value) {
        let body = |document, operation: &Value| {
            let body = resolve(document, operation.get("requestBody")?);
            request_content(body)?.1.get("schema").cloned()
        };
        match (body(self.pairs.old, old), body(self.pairs.new, new)) {
            (None, Some(_)) => self.wire(true, "the request has a body, until now none"),
            (Some(_), None) => self.wire(true, "the request has no body any more"),
            (Some(old), Some(new)) => self.value("the body", &old, &new, Direction::Sent),
            (None, None) => {}
        }
    }

    /// Compares the envelopes of answers, which are hidden from callers.
    fn envelopes(&mut self, old: &Value, new: &Value) {
        let of = |envelope: Option<String>| match envelope {
            Some(name) => format!("in the field `{name}`"),
            None => "the whole answer".to_owned(),
        };
        let before = of(envelope(self.pairs.old, old));
        let now = of(envelope(self.pairs.new, new));
        if before != now {
            self.wire(true, format!("the content is {now}, until now {before}"));
        }
    }

    fn answers(&mut self, old: &Value, new: &Value) {
        let old = inline(self.pairs.old, old.get("responses").unwrap_or(&Value::Null));
        let new = inline(self.pairs.new, new.get("responses").unwrap_or(&Value::Null));
        let success = |responses: &Value| {
            let mut all = object(Some(responses));
            all.find(|(status, _)| status.starts_with('2'))
                .map(|(status, response)| (status.clone(), response.clone()))
                .unwrap_or_default()
        };
        let ((old_status, old_answer), (new_status, new_answer)) = (success(&old), success(&new));
        if old_status != new_status {
            let text = format!("success is status {new_status}, until now {old_status}");
            self.wire(true, text);
        }
        let schema = |answer: &Value| answer_content(answer)?.1.get("schema").cloned();
        match (schema(&old_answer), schema(&new_answer)) {
            (None, Some(_)) => self.wire(false, "the answer has a body, until now none"),
            (Some(_), None) => self.wire(true, "the answer has no body any more"),
            (Some(old), Some(new)) => self.value("the answer", &old, &new, Direction::Received),
            (None, None) => {}
        }
        let headers = |answer: &Value| -> BTreeSet<String> {
            object(answer.get("headers"))
                .map(|(name, _)| name.clone())
                .collect()
        };
        let (olds, news) = (headers(&old_answer), headers(&new_answer));
        for name in olds.difference(&news) {
            self.wire(true, format!("the answer's header `{name}` is gone"));
        }
        for name in news.difference(&olds) {
            self.wire(false, format!("the answer's header `{name}` is new"));
        }
        let refusals = |responses: &Value| -> BTreeSet<String> {
            object(Some(responses))
                .map(|(status, _)| status.clone())
                .filter(|status| !status.starts_with('2'))
                .collect()
        };
        let (olds, news) = (refusals(&old), refusals(&new));
        for status in news.difference(&olds) {
            self.wire(false, format!("refusals may have status {status}"));
        }
        for status in olds.difference(&news) {
            self.wire(
                false,
                format!("refusals of status {status} are no longer listed"),
            );
        }
    }

    fn security(&mut self, old: &Value, new: &Value) {
        let of = |document: &Value, operation: &Value| -> BTreeSet<String> {
            let security = operation
                .get("security")
                .or_else(|| document.get("security"));
            let mut ways: BTreeSet<String> = array(security)
                .map(|way| {
                    let names: Vec<_> = object(Some(way)).map(|(name, _)| name.as_str()).collect();
                    names.join(" with ")
                })
                .collect();
            if ways.is_empty() {
                ways.insert(String::new());
            }
            ways
        };
        let (old, new) = (of(self.pairs.old, old), of(self.pairs.new, new));
        if old != new {
            let shown = |ways: &BTreeSet<String>| {
                let ways: Vec<_> = ways
                    .iter()
                    .map(|way| match way.as_str() {
                        "" => "no scheme".to_owned(),
                        way => format!("`{way}`"),
                    })
                    .collect();
                ways.join(" or ")
            };
            let text = format!(
                "authenticated by {}, until now by {}",
                shown(&new),
                shown(&old)
            );
            // Existing callers are still accepted if each old scheme remains, or none is needed.
            let breaking = !old.is_subset(&new) && !new.contains("");
            self.wire(breaking, text);
        }
    }

    fn behaviour(&mut self, old: &Value, new: &Value) {
        let at = |operation: &Value, pointer| word(operation.pointer(pointer));
        let (old_access, new_access) = (at(old, "/x-access"), at(new, "/x-access"));
        if old_access != new_access {
            let text = match new_access.as_str() {
                "read" => "changes nothing, so it is sent again after a failure that may pass",
                _ => "changes something, so it is no longer sent again after a failure",
            };
            self.add(Side::Behaviour, false, text);
        }
        if old.get("x-paging") != new.get("x-paging") {
            let read = |operation: &Value| Paging::read(operation.get("x-paging")?).ok();
            let (old, new) = (read(old), read(new));
            let request = |paging: &Option<Paging>| paging.clone().map(|it| it.request());
            let name = |paging: &Option<Paging>| match paging {
                None => "no pages".to_owned(),
                Some(paging) => paging.to_string(),
            };
            match request(&old) == request(&new) {
                true => self.add(
                    Side::Behaviour,
                    false,
                    format!("pages as before ({}), by other fields", name(&new)),
                ),
                false => {
                    let text = format!("pages by {}, until now by {}", name(&new), name(&old));
                    let is_stricter = new.is_some_and(|paging| paging.paired);
                    self.add(Side::Behaviour, is_stricter, text);
                }
            }
        }
        let (old_family, new_family) = (at(old, "/tags/0"), at(new, "/tags/0"));
        if old_family != new_family {
            let text =
                format!("shares the rate limit of `{new_family}`, until now of `{old_family}`");
            self.add(Side::Behaviour, false, text);
        }
        let headers = |operation: &Value| operation.get("x-request-headers").cloned();
        let (old, new) = (
            headers(old).unwrap_or_default(),
            headers(new).unwrap_or_default(),
        );
        if self.pairs.plain_old(&old) != self.pairs.plain_new(&new) {
            let names = |headers: &Value| {
                let names: Vec<_> = object(Some(headers))
                    .map(|(name, _)| format!("`{name}`"))
                    .collect();
                if names.is_empty() {
                    "none".to_owned()
                } else {
                    names.join(", ")
                }
            };
            let text = format!(
                "the page asks for other headers: {}, until now {}",
                names(&new),
                names(&old)
            );
            self.wire(false, text);
        }
    }

    /// Reports a change that no rule has reported.
    fn unexplained(&mut self, before: usize, old: &Value, new: &Value) {
        let (old, new) = (self.pairs.plain_old(old), self.pairs.plain_new(new));
        if self.changes.len() == before && old != new {
            let keys: BTreeSet<&String> = object(Some(&old))
                .chain(object(Some(&new)))
                .map(|(key, _)| key)
                .collect();
            let differ: Vec<_> = keys
                .into_iter()
                .filter(|key| old.get(*key) != new.get(*key))
                .map(|key| format!("`{key}`"))
                .collect();
            let text = format!("{} changed; no rule judges that", differ.join(", "));
            self.wire(false, text);
        }
    }
}

fn is_required(parameter: &Value) -> bool {
    parameter.get("required") == Some(&Value::Bool(true))
}

fn parameter_name(parameter: &Value) -> String {
    let name = word(parameter.get("name"));
    match word(parameter.get("in")).as_str() {
        "header" => format!("header `{name}`"),
        place => format!("{place} parameter `{name}`"),
    }
}

/// Returns a value as bare text.
fn word(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
        None => String::new(),
    }
}

/// Returns a value as code, or words for an absent one.
fn shown(value: Option<&Value>) -> String {
    match value {
        Some(_) => format!("`{}`", word(value)),
        None => "what the spec leaves open".to_owned(),
    }
}
