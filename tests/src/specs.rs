//! Specs in the form for tests, which read the files themselves and not xtask's output.

use std::path::Path;
use std::sync::LazyLock;

use serde_json::{Map, Value, json};

use crate::given::Given;
use crate::service;

/// Spec of one service.
#[derive(Debug)]
pub struct Spec {
    /// `huaweicloud-swr/swr`.
    pub name: &'static str,
    /// The document.
    pub document: Value,
    /// Its operations, in the order of the file.
    pub operations: Vec<Operation>,
}

/// Operation with resolved references.
#[derive(Debug)]
pub struct Operation {
    /// The vendor's name.
    pub name: String,
    /// Whether it changes nothing.
    pub is_read: bool,
    /// Operation in the file, with resolved references.
    pub value: Value,
    /// Success: its status, and the examples of its body and headers.
    pub answer: Answer,
}

/// Success of an operation.
#[derive(Debug)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Example of its body; `null` without a body.
    pub example: Value,
    /// Names of headers, and their examples.
    pub headers: Vec<(String, String)>,
    /// Field of the body that has the example.
    pub envelope: Option<String>,
    /// Whether the body is XML.
    pub is_xml: bool,
}

/// All specs, read once.
pub fn all() -> &'static [Spec] {
    static SPECS: LazyLock<Vec<Spec>> = LazyLock::new(|| {
        let services = service::all().iter();
        services
            .map(|service| read("../specs", service.name))
            .collect()
    });
    &SPECS
}

/// The spec of a service that does not exist.
pub fn made_up() -> &'static Spec {
    static SPEC: LazyLock<Spec> =
        LazyLock::new(|| read("data/made-up/specs", service::MADE_UP.name));
    &SPEC
}

/// The spec of this name.
pub fn spec(name: &str) -> &'static Spec {
    all().iter().find(|spec| spec.name == name).unwrap()
}

fn read(folder: &str, name: &'static str) -> Spec {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let text = std::fs::read_to_string(folder.join(format!("{name}.yaml"))).unwrap();
    let raw: Value = serde_saphyr::from_str(&text).unwrap();
    let document = resolved(&raw, &raw);
    let mut operations = Vec::new();
    for item in document["paths"].as_object().unwrap().values() {
        for value in item.as_object().unwrap().values() {
            operations.push(Operation {
                name: value["operationId"].as_str().unwrap().to_owned(),
                is_read: value["x-access"] == "read",
                answer: answer(&document, value),
                value: value.clone(),
            });
        }
    }
    Spec {
        name,
        operations,
        document,
    }
}

/// Returns a value with resolved references.
fn resolved(document: &Value, value: &Value) -> Value {
    match value {
        Value::Object(map) => match map.get("$ref").and_then(Value::as_str) {
            Some(reference) => {
                let target = document.pointer(reference.trim_start_matches('#')).unwrap();
                resolved(document, target)
            }
            None => Value::Object(
                map.iter()
                    .map(|(name, value)| (name.clone(), resolved(document, value)))
                    .collect(),
            ),
        },
        Value::Array(list) => list.iter().map(|value| resolved(document, value)).collect(),
        value => value.clone(),
    }
}

fn answer(document: &Value, operation: &Value) -> Answer {
    let name = operation["operationId"].as_str().unwrap();
    let envelope = operation.get("x-envelope");
    let envelope = envelope.or_else(|| document.get("x-envelope"));
    let responses = operation["responses"].as_object().unwrap();
    let (status, success) = responses
        .iter()
        .find(|(status, _)| status.starts_with('2'))
        .unwrap();
    let headers = success.get("headers").and_then(Value::as_object);
    Answer {
        status: status.parse().unwrap(),
        example: content(success)["example"].clone(),
        is_xml: success.pointer("/content/text~1xml").is_some(),
        envelope: envelope
            .and_then(Value::as_str)
            .map(|envelope| envelope.replace("{operation}", name)),
        headers: headers
            .into_iter()
            .flatten()
            .map(|(name, header)| {
                let example = &header["example"];
                let text = example.as_str().map(str::to_owned);
                (name.clone(), text.unwrap_or_else(|| example.to_string()))
            })
            .collect(),
    }
}

/// Returns the content of a request or an answer, which is JSON, a form, XML or plain text; `null`
/// without one.
fn content(value: &Value) -> &Value {
    let all = value.get("content").and_then(Value::as_object);
    let mut all = all.into_iter().flatten();
    // `application/x-amz-json-1.1`, `application/vnd.docker.distribution.manifest.v2+json`.
    let found = all.find(|(media_type, _)| {
        let essence = media_type.split(';').next().unwrap().trim_end();
        [
            "application/x-www-form-urlencoded",
            "text/plain",
            "text/xml",
        ]
        .contains(&essence)
            || essence.strip_prefix("application/").is_some_and(|name| {
                let mut words = name.split(|c: char| !c.is_ascii_alphanumeric());
                words.any(|word| word == "json")
            })
    });
    found.map_or(&Value::Null, |(_, json)| json)
}

impl Answer {
    /// Returns the body that a service sends for the example.
    pub fn body(&self) -> String {
        let json = match (&self.example, &self.envelope) {
            (Value::Null, _) => return String::new(),
            // Plain text: no answer is a JSON string.
            (Value::String(text), _) => return text.clone(),
            (example, None) => example.clone(),
            (example, Some(envelope)) => json!({envelope: example}),
        };
        match self.is_xml {
            true => format!("<?xml version=\"1.0\"?>\n{}", xml("Answer", &json)),
            false => json.to_string(),
        }
    }
}

/// Returns a value as an element of XML.
fn xml(name: &str, value: &Value) -> String {
    match value {
        Value::Array(items) => items.iter().map(|item| xml(name, item)).collect(),
        Value::Object(fields) => {
            let fields = fields.iter().map(|(name, value)| xml(name, value));
            format!("<{name}>{}</{name}>", fields.collect::<String>())
        }
        value => {
            let text = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            let text = text.replace('&', "&amp;").replace('<', "&lt;");
            format!("<{name}>{text}</{name}>")
        }
    }
}

impl Operation {
    /// Returns every parameter with its example, and the whole example of the body.
    pub fn everything(&self) -> Given {
        Given {
            parameters: self.examples(|_| true),
            body: self.body().cloned(),
        }
    }

    /// Returns the required parameters and fields only.
    pub fn required(&self) -> Given {
        let schema = &content(&self.value["requestBody"])["schema"];
        Given {
            parameters: self.examples(|parameter| parameter["required"] == true),
            body: self.body().map(|body| pruned(schema, body)),
        }
    }

    fn body(&self) -> Option<&Value> {
        content(&self.value["requestBody"]).get("example")
    }

    fn examples(&self, wanted: impl Fn(&Value) -> bool) -> Map<String, Value> {
        let parameters = self.value.get("parameters").and_then(Value::as_array);
        let parameters = parameters.into_iter().flatten().filter(|p| wanted(p));
        parameters
            .map(|parameter| {
                let name = parameter["name"].as_str().unwrap();
                let example = parameter.get("example");
                let example = example.unwrap_or_else(|| panic!("{}: {name}", self.name));
                (name.to_owned(), example.clone())
            })
            .collect()
    }
}

/// Returns a value with its required fields only.
fn pruned(schema: &Value, value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let required = schema.get("required").and_then(Value::as_array);
            let required = required.into_iter().flatten();
            let names: Vec<&str> = required.filter_map(Value::as_str).collect();
            map.iter()
                .filter(|(name, _)| names.contains(&name.as_str()))
                .map(|(name, value)| {
                    let schema = &schema["properties"][name];
                    // A described reference to another schema.
                    let schema = schema.pointer("/allOf/0").unwrap_or(schema);
                    (name.clone(), pruned(schema, value))
                })
                .collect()
        }
        Value::Array(list) => {
            let items = &schema["items"];
            list.iter().map(|value| pruned(items, value)).collect()
        }
        value => value.clone(),
    }
}
