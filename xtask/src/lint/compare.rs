//! Comparison of a spec with the vendor's operation list, by structure and in both directions.
//!
//! It ignores three facts of the lists:
//! - The lists mark no body as required.
//! - The header Content-Type is not a parameter in OpenAPI. It must be in `x-request-headers`.
//! - Huawei's SDK takes `project_id` from the credentials, which does not affect the call.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::document::{Document, Operation, below};
use super::finding::Findings;
use super::listed::{Field, List, Listed, Shape};
use super::quirks::{Condition, OUT_OF_DATE, Quirk, Unlike};
use crate::spec::{answer_content, array, object, request_content};

/// Compares a spec with a list. Returns the number of operations that are in both.
pub(super) fn check(
    document: &Document<'_>,
    list: Option<&List>,
    quirks: &[Quirk],
    findings: &mut Findings,
) -> usize {
    let excuses = quirks.iter().flat_map(|quirk| {
        let unlike = quirk.conditions.iter().filter_map(|it| match it {
            Condition::Unlike(unlike) => Some(unlike),
            _ => None,
        });
        unlike.map(|unlike| ((quirk.element.as_str(), unlike), quirk.at.as_str()))
    });
    let excuses: BTreeMap<_, _> = excuses.collect();
    let mut comparison = Comparison {
        document,
        excuses: excuses.keys().copied().collect(),
        used: BTreeSet::new(),
        path: Vec::new(),
        findings,
    };
    let count = list.map_or(0, |list| comparison.list(list));
    let used = comparison.used;
    for ((element, unlike), at) in excuses {
        if !used.contains(&(element.to_owned(), unlike.clone())) {
            let no_longer = match list {
                None => "there is no operation list to differ from",
                Some(_) => "the vendor's operation list does not differ in this way",
            };
            let unlike = match unlike {
                Unlike::Type => "type".to_owned(),
                Unlike::Required => "required".to_owned(),
                Unlike::Extra => "extra".to_owned(),
                Unlike::Missing(name) => format!("missing: {name}"),
            };
            findings.add(
                document.place(at),
                format!("unlike-list {unlike}: {no_longer}: {OUT_OF_DATE}"),
            );
        }
    }
    count
}

struct Comparison<'a> {
    document: &'a Document<'a>,
    /// Elements, with the differences that their quirks allow.
    excuses: BTreeSet<(&'a str, &'a Unlike)>,
    /// Quirks that were needed.
    used: BTreeSet<(String, Unlike)>,
    /// Models on the path to the current one, because a model may be recursive.
    path: Vec<String>,
    findings: &'a mut Findings,
}

/// Part of the spec that is compared: its place, and the elements whose quirks apply to it.
struct Part<'a> {
    at: String,
    schema: &'a Value,
    elements: Vec<String>,
    /// Whether it is part of a request.
    sent: bool,
}

impl<'a> Comparison<'a> {
    /// Reports a difference, unless a quirk on one of the elements excuses it. The finding is at the
    /// first element.
    fn differ(&mut self, elements: &[String], unlike: Unlike, what: String) {
        for element in elements {
            if self.excuses.contains(&(element.as_str(), &unlike)) {
                self.used.insert((element.clone(), unlike));
                return;
            }
        }
        let word = match &unlike {
            Unlike::Type => "type".to_owned(),
            Unlike::Required => "required".to_owned(),
            Unlike::Extra => "extra".to_owned(),
            Unlike::Missing(name) => format!("'missing: {name}'"),
        };
        let place = elements.first().map(String::as_str).unwrap_or_default();
        self.findings.add(
            self.document.place(place),
            format!(
                "{what}: correct it, or give the reason in an x-quirk with unlike-list: {word}"
            ),
        );
    }

    fn list(&mut self, list: &'a List) -> usize {
        let mut count = 0;
        for (name, listed) in &list.operations {
            let document = self.document;
            match document.operations.iter().find(|it| it.name == *name) {
                Some(operation) => {
                    count += 1;
                    self.operation(list, operation, listed);
                }
                None => self.differ(
                    &[String::new()],
                    Unlike::Missing(name.clone()),
                    format!("the vendor lists the operation {name}, which is not here"),
                ),
            }
        }
        for operation in &self.document.operations {
            if !list.operations.contains_key(&operation.name) {
                self.differ(
                    std::slice::from_ref(&operation.at),
                    Unlike::Extra,
                    "the vendor does not list this operation".into(),
                );
            }
        }
        count
    }

    fn operation(&mut self, list: &'a List, operation: &'a Operation<'a>, listed: &'a Listed) {
        let itself = [operation.at.clone()];
        let method = operation.method.to_uppercase();
        if method != listed.method || operation.path != listed.path {
            let what = format!(
                "is {method} {}, in the vendor's list {} {}",
                operation.path, listed.method, listed.path
            );
            self.differ(&itself, Unlike::Type, what);
        }
        self.parameters(list, operation, listed);

        let body = operation.value.get("requestBody");
        let body_at = format!("{}/requestBody", operation.at);
        self.whole(list, operation, listed.body.as_deref(), body, body_at, true);

        let (at, answer) = match self.document.success(operation) {
            Some((at, answer)) => (at, Some(answer)),
            None => (format!("{}/responses", operation.at), None),
        };
        let content = answer.filter(|answer| answer.get("content").is_some());
        let kind = listed.answer.as_deref();
        self.whole(list, operation, kind, content, at.clone(), false);

        let headers = answer.and_then(|answer| answer.get("headers"));
        for (name, field) in &listed.headers {
            let at = below(&format!("{at}/headers"), name);
            match headers.and_then(|headers| headers.get(name)) {
                Some(header) => self.described(list, field, at, header, &[], false),
                None => self.differ(
                    &itself,
                    Unlike::Missing(name.clone()),
                    format!("the answer lacks the header {name} of the vendor's list"),
                ),
            }
        }
        for (name, _) in object(headers) {
            if !listed.headers.contains_key(name) {
                self.differ(
                    &[below(&format!("{at}/headers"), name)],
                    Unlike::Extra,
                    format!("the answer's header {name} is not in the vendor's list"),
                );
            }
        }
    }

    fn parameters(&mut self, list: &'a List, operation: &'a Operation<'a>, listed: &'a Listed) {
        let itself = [operation.at.clone()];
        let document = self.document;
        let given: Vec<_> = document.parameters(operation).collect();
        let is = |parameter: &Value, name: &str, field: &Field| {
            let text = |key| parameter.get(key).and_then(Value::as_str);
            text("name") == Some(name) && text("in") == Some(field.place.as_str())
        };
        for (name, field) in &listed.parameters {
            if name == "Content-Type" {
                let values = operation
                    .value
                    .pointer("/x-request-headers/Content-Type/values");
                for value in &field.values {
                    if array(values).all(|known| known != value) {
                        self.differ(
                            &itself,
                            Unlike::Missing(name.clone()),
                            format!("x-request-headers lacks Content-Type {value}"),
                        );
                    }
                }
                continue;
            }
            let found = given.iter().find(|(_, _, it)| is(it, name, field));
            let Some((at, target, parameter)) = found else {
                let what = format!("lacks the {} parameter {name} of the list", field.place);
                self.differ(&itself, Unlike::Missing(name.clone()), what);
                continue;
            };
            let elements = [at.clone(), target.clone()];
            let required = parameter.get("required") == Some(&Value::Bool(true));
            if required != field.required {
                let what = format!("{name} is {}", marked(required, field.required));
                self.differ(&elements, Unlike::Required, what);
            }
            self.described(list, field, target.clone(), parameter, &elements, true);
        }
        for (at, target, parameter) in given {
            let listed = listed
                .parameters
                .iter()
                .any(|(name, field)| is(parameter, name, field));
            if !listed {
                let name = parameter.get("name").and_then(Value::as_str);
                let what = format!(
                    "the parameter {} is not in the vendor's list",
                    name.unwrap_or_default()
                );
                self.differ(&[at, target], Unlike::Extra, what);
            }
        }
    }

    /// Compares a parameter or a header, which has a `schema`.
    fn described(
        &mut self,
        list: &'a List,
        field: &'a Field,
        at: String,
        value: &'a Value,
        elements: &[String],
        sent: bool,
    ) {
        let Some(schema) = value.get("schema") else {
            return;
        };
        let mut elements = elements.to_vec();
        elements.push(at.clone());
        let part = Part {
            at: format!("{at}/schema"),
            schema,
            elements,
            sent,
        };
        self.part(list, &field.kind, &field.values, part);
    }

    /// Compares a body or an answer.
    fn whole(
        &mut self,
        list: &'a List,
        operation: &Operation<'a>,
        kind: Option<&'a str>,
        value: Option<&'a Value>,
        at: String,
        sent: bool,
    ) {
        let name = if sent { "body" } else { "answer" };
        match (kind, value) {
            (None, None) => {}
            (None, Some(_)) => self.differ(
                &[at, operation.at.clone()],
                Unlike::Extra,
                format!("there is no {name} in the vendor's list"),
            ),
            (Some(kind), None) => self.differ(
                std::slice::from_ref(&operation.at),
                Unlike::Missing(name.to_owned()),
                format!("lacks the {name} of the vendor's list, {kind}"),
            ),
            (Some(kind), Some(value)) => {
                let content = match sent {
                    true => request_content(value),
                    false => answer_content(value),
                };
                if let Some((media_type, content)) = content
                    && let Some(schema) = content.get("schema")
                {
                    let part = Part {
                        at: format!("{}/schema", below(&format!("{at}/content"), media_type)),
                        schema,
                        elements: vec![at, operation.at.clone()],
                        sent,
                    };
                    self.part(list, kind, &[], part);
                }
            }
        }
    }

    fn part(&mut self, list: &'a List, kind: &'a str, values: &'a [String], mut part: Part<'a>) {
        let (at, schema) = self.document.resolve(&part.at, part.schema);
        if !part.elements.contains(&part.at) {
            part.elements.push(part.at.clone());
        }
        if at != part.at {
            part.elements.push(at.clone());
        }
        let Part { elements, sent, .. } = part;
        let inner = |key: &str| {
            let schema = schema.get(key)?;
            let at = below(&at, key);
            let elements = elements.iter().cloned().chain([at.clone()]).collect();
            let part = Part {
                at,
                schema,
                elements,
                sent,
            };
            Some(part)
        };
        let is = schema.get("type").and_then(Value::as_str);
        let alike = match Shape::of(kind) {
            Shape::Plain(wanted, format) => {
                let given = schema.get("format").and_then(Value::as_str);
                let wide = format.is_none()
                    || matches!(given, Some("int64" | "epoch-millis" | "epoch-seconds"));
                is == Some(wanted) && wide
            }
            Shape::Free => matches!(is, Some("object") | None),
            Shape::Array(_) => is == Some("array") && schema.get("items").is_some(),
            Shape::Map(_) => is == Some("object") && schema.get("additionalProperties").is_some(),
            Shape::Model(_) => is == Some("object") && schema.get("properties").is_some(),
        };
        if !alike {
            let format = schema.get("format").and_then(Value::as_str);
            let is = match (is, format) {
                (Some(is), Some(format)) => format!("{is} ({format})"),
                (Some(is), None) => is.to_owned(),
                (None, _) => "anything".to_owned(),
            };
            let what = format!("is {is}, in the vendor's list {kind}");
            self.differ(&elements, Unlike::Type, what);
            return;
        }
        match Shape::of(kind) {
            Shape::Plain("string", _) if !values.is_empty() => {
                self.values(values, schema, &elements);
            }
            Shape::Plain(..) | Shape::Free => {}
            Shape::Array(item) => {
                if let Some(part) = inner("items") {
                    self.part(list, item, values, part);
                }
            }
            Shape::Map(value) => {
                if let Some(part) = inner("additionalProperties") {
                    self.part(list, value, values, part);
                }
            }
            Shape::Model(name) => {
                let part = Part {
                    at,
                    schema,
                    elements,
                    sent,
                };
                self.model(list, name, &part);
            }
        }
    }

    fn values(&mut self, values: &[String], schema: &Value, elements: &[String]) {
        let Some(known) = schema.get("enum").and_then(Value::as_array) else {
            let what = format!(
                "is any text, and the vendor's list knows {}",
                values.join(", ")
            );
            self.differ(elements, Unlike::Type, what);
            return;
        };
        for value in values
            .iter()
            .filter(|value| known.iter().all(|known| known != *value))
        {
            let what = format!("the enum lacks {value} of the vendor's list");
            self.differ(elements, Unlike::Missing(value.clone()), what);
        }
    }

    fn model(&mut self, list: &'a List, name: &str, part: &Part<'a>) {
        let step = format!("{name} {}", part.at);
        let Some(model) = list.models.get(name) else {
            return;
        };
        if self.path.contains(&step) {
            return;
        }
        self.path.push(step);
        let properties = part.schema.get("properties");
        for (name, field) in model {
            let Some(schema) = properties.and_then(|properties| properties.get(name)) else {
                let elements: Vec<_> = [&part.at]
                    .into_iter()
                    .chain(&part.elements)
                    .cloned()
                    .collect();
                let what = format!("lacks the field {name} of the vendor's list");
                self.differ(&elements, Unlike::Missing(name.clone()), what);
                continue;
            };
            let at = below(&format!("{}/properties", part.at), name);
            let required = array(part.schema.get("required")).any(|it| it == name);
            if part.sent && required != field.required {
                let what = format!("is {}", marked(required, field.required));
                self.differ(std::slice::from_ref(&at), Unlike::Required, what);
            }
            let part = Part {
                elements: vec![at.clone()],
                at,
                schema,
                sent: part.sent,
            };
            self.part(list, &field.kind, &field.values, part);
        }
        for (name, _) in object(properties) {
            if !model.contains_key(name) {
                let at = below(&format!("{}/properties", part.at), name);
                let what = "is not in the vendor's list".to_owned();
                self.differ(&[at], Unlike::Extra, what);
            }
        }
        self.path.pop();
    }
}

fn marked(required: bool, listed: bool) -> String {
    let word = |yes| if yes { "required" } else { "optional" };
    format!("{}, in the vendor's list {}", word(required), word(listed))
}
