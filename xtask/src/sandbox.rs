//! Specs for the sandbox: a table of them, and each as JSON without what the sandbox does not read.
//!
//! The sandbox is a package of its own, so it cannot include files of `specs/`.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::finish::GENERATED;
use crate::spec::{Spec, answer_content, resolve};

/// Folder of these files, below the workspace.
pub(crate) const FOLDER: &str = "crates/registry-sandbox/src/generated";

/// Keys of prose and of facts that concern the clients only. Extensions go too, except [`PAGING`].
const LEFT_OUT: &[&str] = &["description", "summary", "title", "format", "externalDocs"];
const PAGING: &str = "x-paging";
/// Keys whose values are data, in which any key may mean something.
const DATA: &[&str] = &["example", "default", "enum", PAGING];
/// Keys whose values have a name for each key, and any name is possible.
const NAMES: &[&str] = &["content", "properties", "securitySchemes"];

/// Levels of the document that have a line for each key, so that a change is easy to review.
const LINES: usize = 3;

/// The file of one spec, and its text. `krate` is the name of the spec's folder.
pub(crate) fn file(krate: &str, spec: &Spec) -> (String, String) {
    let name = format!("{krate}.{}.json", spec.service);
    let mut text = String::new();
    print(&reduced(&spec.document), LINES, 0, &mut text);
    text.push('\n');
    (name, text)
}

/// The file of the table. `files` are those that [`file`] returns.
pub(crate) fn table(files: &[(String, String)]) -> (String, String) {
    let mut text = format!(
        "{GENERATED} from the files of specs/. Change a spec, not this.\n\
         /// `CLIENT/SERVICE` and the spec as JSON.\n\
         #[rustfmt::skip]\n\
         pub(crate) const SPECS: &[(&str, &str)] = &[\n"
    );
    for (file, _) in files {
        let name = file.trim_end_matches(".json").replacen('.', "/", 1);
        text.push_str(&format!("    ({name:?}, include_str!({file:?})),\n"));
    }
    text.push_str("];\n");
    ("mod.rs".to_owned(), text)
}

/// What the sandbox reads: version, authentication, parameters, bodies and their examples, the
/// example of the success, and the schemas that these use or that list values.
fn reduced(document: &Value) -> Value {
    let mut paths = document["paths"].clone();
    for item in paths.as_object_mut().into_iter().flat_map(Map::values_mut) {
        for operation in item.as_object_mut().into_iter().flat_map(Map::values_mut) {
            if let Some(responses) = operation.get_mut("responses") {
                *responses = successes(document, responses);
            }
        }
    }
    let paths = stripped(&paths);
    let mut used = BTreeSet::new();
    references(&paths, &mut used);
    let components = &document["components"];
    let lists = components["schemas"].as_object().into_iter().flatten();
    let lists = lists.filter(|(_, schema)| schema.get("enum").is_some());
    used.extend(lists.map(|(name, _)| format!("#/components/schemas/{name}")));
    let mut reduced = json!({
        "info": {"version": document["info"]["version"]},
        "paths": paths,
        "components": {},
    });
    if let Some(security) = document.get("security") {
        reduced["security"] = security.clone();
    }
    if let Some(schemes) = components.get("securitySchemes") {
        reduced["components"]["securitySchemes"] = stripped_each(schemes);
    }
    let mut open: Vec<String> = used.iter().cloned().collect();
    while let Some(reference) = open.pop() {
        let Some(pointer) = reference.strip_prefix('#') else {
            continue;
        };
        let Some(value) = document.pointer(pointer) else {
            continue;
        };
        let segments: Vec<_> = pointer.split('/').collect();
        let [_, _, kind, name] = segments[..] else {
            continue;
        };
        let value = stripped(value);
        let mut further = BTreeSet::new();
        references(&value, &mut further);
        open.extend(further.into_iter().filter(|new| used.insert(new.clone())));
        reduced["components"][kind][name] = value;
    }
    reduced
}

/// The responses that are successes, with the content type and the example of their content.
fn successes(document: &Value, responses: &Value) -> Value {
    let responses = responses.as_object().into_iter().flatten();
    let successes = responses.filter(|(status, _)| status.starts_with('2'));
    let successes = successes.map(|(status, response)| {
        let content = answer_content(resolve(document, response));
        let example = content.and_then(|(kind, json)| Some((kind, json.get("example")?)));
        let response = example.map_or_else(
            || json!({}),
            |(kind, example)| json!({"content": {kind: {"example": example}}}),
        );
        (status.clone(), response)
    });
    Value::Object(successes.collect())
}

/// The value without prose.
fn stripped(value: &Value) -> Value {
    match value {
        Value::Object(object) => {
            let kept = object.iter().filter(|(key, _)| {
                let is_extension = key.starts_with("x-") && *key != PAGING;
                !LEFT_OUT.contains(&key.as_str()) && !is_extension
            });
            let kept = kept.map(|(key, value)| {
                let value = match key.as_str() {
                    key if DATA.contains(&key) => value.clone(),
                    key if NAMES.contains(&key) => stripped_each(value),
                    _ => stripped(value),
                };
                (key.clone(), value)
            });
            Value::Object(kept.collect())
        }
        Value::Array(items) => items.iter().map(stripped).collect(),
        scalar => scalar.clone(),
    }
}

/// The value with what each of its names has, stripped.
fn stripped_each(value: &Value) -> Value {
    let names = value.as_object().into_iter().flatten();
    let names = names.map(|(name, value)| (name.clone(), stripped(value)));
    Value::Object(names.collect())
}

fn references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            if let Some(Value::String(reference)) = object.get("$ref") {
                found.insert(reference.clone());
            }
            object.values().for_each(|value| references(value, found));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

/// Prints the keys of the outer levels on lines of their own, and what is deeper on one line.
fn print(value: &Value, lines: usize, depth: usize, text: &mut String) {
    match value {
        Value::Object(object) if lines > 0 && !object.is_empty() => {
            text.push_str("{\n");
            for (index, (key, value)) in object.iter().enumerate() {
                text.push_str(&" ".repeat(depth + 1));
                text.push_str(&format!("{}: ", Value::from(key.as_str())));
                print(value, lines - 1, depth + 1, text);
                text.push_str(match index + 1 == object.len() {
                    true => "\n",
                    false => ",\n",
                });
            }
            text.push_str(&" ".repeat(depth));
            text.push('}');
        }
        value => text.push_str(&value.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_sandbox_reads_stays_and_the_rest_goes() {
        let document = json!({
            "info": {"version": "v1", "title": "gone"},
            "security": [{"key": []}],
            "paths": {"/a": {"get": {
                "operationId": "ListA",
                "summary": "gone",
                "x-source": {"page": "gone"},
                "x-paging": {"offset": "kept", "format": "kept"},
                "parameters": [{"$ref": "#/components/parameters/Id"}],
                "requestBody": {"content": {"application/x-amz-json-1.1": {
                    "schema": {"$ref": "#/components/schemas/Id"},
                }}},
                "responses": {
                    "200": {"content": {"application/json": {
                        "schema": {"$ref": "#/components/schemas/Answer"},
                        "example": {"description": "kept"},
                    }}},
                    "201": {"$ref": "#/components/responses/Made"},
                    "404": {"description": "gone"},
                },
            }}},
            "components": {
                "securitySchemes": {"x-key": {"name": "Authorization", "description": "gone"}},
                "parameters": {"Id": {"name": "id", "schema": {"$ref": "#/components/schemas/Id"}}},
                "responses": {"Made": {"description": "gone", "content": {
                    "text/html": {"example": "gone"},
                    "application/vnd.example.v2+json": {"example": ["kept"]},
                }}},
                "schemas": {
                    "Id": {"type": "object", "title": "gone", "properties": {
                        "description": {"type": "string", "format": "gone"},
                        "x-format": {"type": "string"},
                    }},
                    "Answer": {"type": "object"},
                    "State": {"type": "string", "description": "gone", "enum": ["a"]},
                },
            },
        });
        let expected = json!({
            "info": {"version": "v1"},
            "security": [{"key": []}],
            "paths": {"/a": {"get": {
                "operationId": "ListA",
                "x-paging": {"offset": "kept", "format": "kept"},
                "parameters": [{"$ref": "#/components/parameters/Id"}],
                "requestBody": {"content": {"application/x-amz-json-1.1": {
                    "schema": {"$ref": "#/components/schemas/Id"},
                }}},
                "responses": {
                    "200": {"content": {"application/json": {
                        "example": {"description": "kept"},
                    }}},
                    "201": {"content": {"application/vnd.example.v2+json": {
                        "example": ["kept"],
                    }}},
                },
            }}},
            "components": {
                "securitySchemes": {"x-key": {"name": "Authorization"}},
                "parameters": {"Id": {"name": "id", "schema": {"$ref": "#/components/schemas/Id"}}},
                "schemas": {
                    "Id": {"type": "object", "properties": {
                        "description": {"type": "string"},
                        "x-format": {"type": "string"},
                    }},
                    "State": {"type": "string", "enum": ["a"]},
                },
            },
        });
        assert_eq!(reduced(&document), expected);
        let mut text = String::new();
        print(&expected, LINES, 0, &mut text);
        assert_eq!(serde_json::from_str::<Value>(&text).ok(), Some(expected));
    }
}
