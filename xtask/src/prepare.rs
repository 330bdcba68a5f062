//! Conversion of a spec, in memory, into one that progenitor accepts.
//!
//! Each place with one of our Rust types gets its own format, and progenitor gets a map from formats
//! to types. This one mechanism covers formats, bounds and open enums.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::spec::{FORM, JSON, Spec, TEXT, XML, bounded, is_json, limits, object, resolve};

/// Document for progenitor, and the types of its formats.
pub(crate) struct Prepared {
    pub(crate) document: Value,
    pub(crate) types: BTreeMap<String, String>,
}

pub(crate) fn prepare(spec: &Spec) -> Prepared {
    let mut types = BTreeMap::new();
    let mut document = spec.document.clone();
    keep_one_success(&mut document);
    call_it_json(&mut document);
    inline_parameters(&mut document, &spec.document);
    bound_fields(&mut document, spec);
    if let Some(schemas) = document
        .pointer_mut("/components/schemas")
        .and_then(Value::as_object_mut)
    {
        // The transport reads error bodies. Without this, progenitor would make unused types.
        schemas.retain(|name, _| {
            !spec.enums.contains_key(name)
                && (spec.sent.contains(name) || spec.received.contains(name))
        });
    }
    inline_lists(&mut document, spec);
    describe_references(&mut document, &spec.document);
    replace(&mut document, spec, &mut types);
    Prepared { document, types }
}

/// Keeps only the success of each operation. progenitor panics on two error types and loses the
/// status of an answer that is not JSON, and the transport reads all other answers.
fn keep_one_success(document: &mut Value) {
    for operation in operations_mut(document) {
        if let Some(responses) = operation
            .get_mut("responses")
            .and_then(Value::as_object_mut)
        {
            responses.retain(|status, _| status.starts_with('2'));
        }
    }
}

/// Gives every form of JSON, forms, XML and plain text the one media type that progenitor knows. The
/// transport sends the real one, which is in the operation table. It writes forms, and reads XML as JSON
/// and text as text.
fn call_it_json(document: &mut Value) {
    let rename = |value: &mut Value| {
        let content = value.get_mut("content").and_then(Value::as_object_mut);
        let Some(content) = content else { return };
        let Some(name) = content
            .keys()
            .find(|name| is_json(name) || [TEXT, XML, FORM].contains(&name.as_str()))
            .cloned()
        else {
            return;
        };
        if let Some(json) = content.remove(&name) {
            content.insert(JSON.to_owned(), json);
        }
    };
    for operation in operations_mut(document) {
        operation.get_mut("requestBody").map(rename);
        let responses = operation
            .get_mut("responses")
            .and_then(Value::as_object_mut);
        let responses = responses.into_iter().flat_map(|map| map.values_mut());
        responses.for_each(rename);
    }
    let responses = document
        .pointer_mut("/components/responses")
        .and_then(Value::as_object_mut);
    let responses = responses.into_iter().flat_map(|map| map.values_mut());
    responses.for_each(rename);
}

/// Inlines the parameters, because a bound belongs to one use of a schema.
fn inline_parameters(document: &mut Value, original: &Value) {
    for operation in operations_mut(document) {
        let parameters = operation
            .get_mut("parameters")
            .and_then(Value::as_array_mut);
        for parameter in parameters.into_iter().flatten() {
            *parameter = resolve(original, parameter).clone();
            if let Some(schema) = parameter.get_mut("schema").and_then(Value::as_object_mut) {
                // The service sets its own default, which may change.
                schema.remove("default");
                if let Some(ours) = bounded(&Value::Object(schema.clone())) {
                    schema.insert("x-type".to_owned(), json!(ours));
                }
            }
        }
    }
}

/// Gives the numbers of requests the types that check their bounds, and documents bounds and defaults.
/// The service sets its own default, which may change, so a request does not have it.
fn bound_fields(document: &mut Value, spec: &Spec) {
    let schemas = document
        .pointer_mut("/components/schemas")
        .and_then(Value::as_object_mut);
    let sent = schemas
        .into_iter()
        .flatten()
        .filter(|(name, _)| spec.sent.contains(*name) && !spec.received.contains(*name));
    for (_, schema) in sent {
        let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
        for property in properties.into_iter().flat_map(|map| map.values_mut()) {
            let (ours, text) = (bounded(property), limits(property));
            let Some(property) = property.as_object_mut() else {
                continue;
            };
            let default = property.remove("default");
            if ours.is_none() && default.is_none() {
                continue;
            }
            let described = property.get("description").and_then(Value::as_str);
            let described = format!("{} {text}", described.unwrap_or_default().trim());
            property.insert("description".to_owned(), json!(described.trim()));
            // The limits name the unit.
            property.remove("x-unit");
            if let Some(ours) = ours {
                property.insert("x-type".to_owned(), json!(ours));
            }
        }
    }
}

/// Inlines named lists, because progenitor makes types of them that do not decode. A body keeps its
/// name.
fn inline_lists(document: &mut Value, spec: &Spec) {
    let bodies = spec.operations.iter().filter_map(|it| it.body.as_ref());
    let bodies: Vec<_> = bodies.collect();
    let schemas = object(spec.document.pointer("/components/schemas"));
    let lists = schemas
        .filter(|(name, schema)| {
            schema.get("type").is_some_and(|kind| kind == "array") && !bodies.contains(name)
        })
        .map(|(name, _)| name.clone());
    let lists: Vec<String> = lists.collect();
    if let Some(schemas) = document
        .pointer_mut("/components/schemas")
        .and_then(Value::as_object_mut)
    {
        schemas.retain(|name, _| !lists.contains(name));
    }
    let pointer = |name| format!("#/components/schemas/{name}");
    let lists: Vec<_> = lists.into_iter().map(pointer).collect();
    inline(document, &spec.document, &lists);
}

fn inline(value: &mut Value, original: &Value, lists: &[String]) {
    let described = value.pointer("/allOf/0");
    let reference = described.unwrap_or(value).get("$ref").cloned();
    if let Some(Value::String(reference)) = reference
        && lists.contains(&reference)
    {
        let mut list = original
            .pointer(reference.trim_start_matches('#'))
            .cloned()
            .unwrap_or_default();
        if let Some(description) = value.get("description") {
            list["description"] = description.clone();
        }
        *value = list;
    }
    match value {
        Value::Object(map) => map
            .values_mut()
            .for_each(|value| inline(value, original, lists)),
        Value::Array(all) => all
            .iter_mut()
            .for_each(|value| inline(value, original, lists)),
        _ => {}
    }
}

/// Gives a property that is only a reference the description of its target. OpenAPI 3.0 does not
/// allow a description there, and progenitor would leave the field undocumented.
fn describe_references(document: &mut Value, original: &Value) {
    let schemas = document
        .pointer_mut("/components/schemas")
        .and_then(Value::as_object_mut);
    for schema in schemas.into_iter().flat_map(|schemas| schemas.values_mut()) {
        let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
        for property in properties.into_iter().flat_map(|map| map.values_mut()) {
            if property.get("$ref").is_some()
                && let Some(description) = resolve(original, property).get("description")
            {
                // openapiv3 does not read a reference with other keys, but it reads this form.
                *property = json!({ "description": description, "allOf": [property.clone()] });
            }
        }
    }
}

fn operations_mut(document: &mut Value) -> impl Iterator<Item = &mut Value> {
    document
        .get_mut("paths")
        .and_then(Value::as_object_mut)
        .into_iter()
        .flat_map(|paths| paths.values_mut())
        .filter_map(Value::as_object_mut)
        .flat_map(|item| item.values_mut())
}

fn replace(value: &mut Value, spec: &Spec, types: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(map) => {
            map.remove("example");
            let described = map.get("description").and_then(Value::as_str);
            if let Some(described) = described
                && let Some(unit) = map
                    .get("x-unit")
                    .and_then(|_| crate::spec::unit(&Value::Object(map.clone()), described))
            {
                let text = format!("{} In {unit}.", described.trim());
                map.insert("description".to_owned(), json!(text));
            }
            // Enum behind a reference with a description.
            if let Some([only]) = map
                .get("allOf")
                .and_then(Value::as_array)
                .map(Vec::as_slice)
                && enum_name(only, spec).is_some()
                && let Some(reference) = only.get("$ref").cloned()
            {
                map.remove("allOf");
                map.insert("$ref".to_owned(), reference);
            }
            let wanted = if let Some(bounded) = map.get("x-type").and_then(Value::as_str) {
                Some((
                    bounded.to_owned(),
                    format!("::openapi_transport::{bounded}"),
                ))
            } else if let Some(name) = enum_name_of(map.get("$ref"), spec) {
                let path = format!("crate::generated::{}::values::{name}", spec.service);
                Some((format!("enum-{name}"), path))
            } else if let Some(format) = map.get("format").and_then(Value::as_str) {
                let path = spec.formats.get(format).cloned().flatten();
                path.map(|path| (format.to_owned(), path))
            } else {
                None
            };
            let Some((format, path)) = wanted else {
                map.values_mut()
                    .for_each(|value| replace(value, spec, types));
                return;
            };
            let description = map.get("description").cloned().or_else(|| {
                let name = format.strip_prefix("enum-")?;
                Some(json!(spec.enums.get(name)?.description))
            });
            let format = format!("ours-{format}");
            types.insert(format.clone(), path);
            *value = json!({ "type": "string", "format": format });
            if let (Some(description), Some(map)) = (description, value.as_object_mut()) {
                map.insert("description".to_owned(), description);
            }
        }
        Value::Array(list) => list
            .iter_mut()
            .for_each(|value| replace(value, spec, types)),
        _ => {}
    }
}

fn enum_name<'a>(value: &'a Value, spec: &Spec) -> Option<&'a str> {
    enum_name_of(value.get("$ref"), spec)
}

fn enum_name_of<'a>(reference: Option<&'a Value>, spec: &Spec) -> Option<&'a str> {
    let name = reference?.as_str()?.strip_prefix("#/components/schemas/")?;
    spec.enums.contains_key(name).then_some(name)
}
