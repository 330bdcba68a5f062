//! Reading of a spec: checks what generation needs, and keeps the facts that progenitor drops.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::Error;
use crate::paging::Paging;

/// Formats that every spec may use, and their types. `None` is OpenAPI's own type.
const FORMATS: &[(&str, Option<&str>)] = &[
    ("int32", None),
    ("int64", None),
    ("date-time", Some("::openapi_transport::Timestamp")),
    ("password", Some("::openapi_transport::Secret")),
    ("path-segment", Some("::openapi_transport::PathSegment")),
    ("non-empty", Some("::openapi_transport::NonEmpty")),
    ("text-number", Some("::openapi_transport::TextNumber")),
    ("epoch-millis", Some("::openapi_transport::EpochMillis")),
    ("epoch-seconds", Some("::openapi_transport::EpochSeconds")),
];

/// Spec: the document, and the facts that were read from it.
pub(crate) struct Spec {
    /// Path below the workspace, for people.
    pub(crate) file: String,
    /// File name without its ending: the generated module.
    pub(crate) service: String,
    /// Hash of the file.
    pub(crate) sha256: String,
    pub(crate) document: Value,
    /// Name of the crate in Rust code.
    pub(crate) krate: String,
    /// `info.version`.
    pub(crate) version: String,
    pub(crate) operations: Vec<Operation>,
    /// Families of operations with their descriptions, in the order of the file.
    pub(crate) families: Vec<(String, String)>,
    /// Format name to Rust type.
    pub(crate) formats: BTreeMap<String, Option<String>>,
    /// String enums of `components/schemas`, by name.
    pub(crate) enums: BTreeMap<String, Enum>,
    /// Schemas of requests.
    pub(crate) sent: BTreeSet<String>,
    /// Schemas of answers.
    pub(crate) received: BTreeSet<String>,
}

pub(crate) struct Operation {
    pub(crate) name: String,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) summary: String,
    pub(crate) description: String,
    pub(crate) source: String,
    /// First tag. Calls of one family share a rate limit.
    pub(crate) family: String,
    /// Variant of `openapi_transport::Access`.
    pub(crate) access: &'static str,
    pub(crate) paging: Option<Paging>,
    /// Media type of the answer.
    pub(crate) accept: String,
    /// Field of the answer that has everything else.
    pub(crate) envelope: Option<String>,
    pub(crate) signed: bool,
    pub(crate) parameters: Vec<Parameter>,
    /// Name of the body's schema.
    pub(crate) body: Option<String>,
    /// Media type of the body.
    pub(crate) content_type: String,
    /// Fields of the body that can be set as parameters.
    pub(crate) body_parameters: Vec<BodyParameter>,
    /// The body's example, as JSON.
    pub(crate) body_example: String,
    /// Whether the answer is a list, without an object around it.
    pub(crate) list: bool,
    /// Whether the answer is plain text.
    pub(crate) text: bool,
}

pub(crate) struct Parameter {
    pub(crate) name: String,
    /// `path`, `query` or `header`.
    pub(crate) place: String,
    pub(crate) required: bool,
    pub(crate) description: String,
    /// Sentence with unit, bounds and default, if the parameter has them; otherwise empty.
    pub(crate) limits: String,
    /// Name of the enum that lists its values.
    pub(crate) values: Option<String>,
    /// Value for examples. A required parameter has one.
    pub(crate) example: Option<Value>,
}

/// Field of a body that can be set as a parameter.
pub(crate) struct BodyParameter {
    /// Path with periods between names.
    pub(crate) name: String,
    pub(crate) required: bool,
    pub(crate) description: String,
    pub(crate) limits: String,
    pub(crate) values: Option<String>,
    /// Path of the Rust type whose text is sent.
    pub(crate) ty: String,
    /// Whether the text has no quotes in JSON.
    pub(crate) json: bool,
}

pub(crate) struct Enum {
    pub(crate) description: String,
    pub(crate) values: Vec<String>,
}

/// Reads all specs by crate: `specs/CRATE/SERVICE.yaml`, both sorted.
pub(crate) fn find(root: &Path) -> Result<BTreeMap<String, Vec<Spec>>, Error> {
    let mut found = BTreeMap::new();
    let top = root.join("specs");
    for folder in entries(&top)? {
        if !folder.is_dir() {
            continue;
        }
        let krate = name(&folder);
        let mut specs = Vec::new();
        for path in entries(&folder)? {
            if path.extension().is_some_and(|ending| ending == "yaml") {
                let text = std::fs::read_to_string(&path).map_err(Error::io(&path))?;
                let file = format!("specs/{krate}/{}", name(&path));
                specs.push(Spec::read(file, &text)?);
            }
        }
        found.insert(krate, specs);
    }
    Ok(found)
}

/// Folder with the specs of services that do not exist.
const MADE_UP: &str = "tests/data/made-up";

/// Specs whose clients are part of the tests. None if the workspace has no such folder.
pub(crate) fn made_up(root: &Path) -> Result<Vec<Spec>, Error> {
    let root = root.join(MADE_UP);
    if !root.is_dir() {
        return Ok(Vec::new());
    }
    let mut specs: Vec<_> = find(&root)?.into_values().flatten().collect();
    for spec in &mut specs {
        spec.file = format!("{MADE_UP}/{}", spec.file);
    }
    Ok(specs)
}

pub(crate) fn entries(folder: &Path) -> Result<Vec<std::path::PathBuf>, Error> {
    let mut paths = std::fs::read_dir(folder)
        .map_err(Error::io(folder))?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(Error::io(folder))?;
    paths.sort();
    Ok(paths)
}

pub(crate) fn name(path: &Path) -> String {
    path.file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}

impl Spec {
    pub(crate) fn read(file: String, text: &str) -> Result<Self, Error> {
        let wrong = |what: String| Error::spec(&file, what);
        let document: Value =
            serde_saphyr::from_str(text).map_err(|error| wrong(error.to_string()))?;
        let formats = formats(&document);
        let mut unknown = BTreeSet::new();
        walk(&document, &mut |key, value| {
            if key == "format"
                && let Some(format) = value.as_str()
                && !formats.contains_key(format)
            {
                unknown.insert(format.to_owned());
            }
        });
        if !unknown.is_empty() {
            return Err(wrong(format!(
                "unknown format {unknown:?}; correct it, or add it to x-formats or to xtask's table"
            )));
        }
        let version = text_at(&document, "/info/version")
            .ok_or_else(|| wrong("info.version is missing".to_owned()))?;
        let service = file
            .rsplit('/')
            .next()
            .and_then(|name| name.strip_suffix(".yaml"))
            .unwrap_or_default()
            .to_owned();
        let krate = file.split('/').nth(1).unwrap_or_default().replace('-', "_");
        let operations = operations(&document).map_err(wrong)?;
        let families = families(&document);
        let schemas = document.pointer("/components/schemas");
        let enums = enums(schemas);
        let mut sent = BTreeSet::new();
        let mut received = BTreeSet::new();
        for operation in all_operations(&document) {
            if let Some(body) = operation.value.get("requestBody") {
                reach(&document, body, &mut sent);
            }
            for (status, response) in object(operation.value.get("responses")) {
                if status.starts_with('2') {
                    reach(&document, response, &mut received);
                }
            }
        }
        for name in sent.difference(&received) {
            let schema = schemas.and_then(|schemas| schemas.get(name));
            let properties = schema.and_then(|schema| schema.get("properties"));
            for (field, property) in object(properties) {
                if property.get("maximum").is_some() && property.get("minimum").is_none() {
                    return Err(wrong(format!("{name}: {field} has a maximum alone")));
                }
            }
        }
        Ok(Self {
            service,
            krate,
            sha256: hex::encode(Sha256::digest(text.as_bytes())),
            version,
            operations,
            families,
            formats,
            enums,
            sent,
            received,
            document,
            file,
        })
    }
}

impl Spec {
    /// Folder and service: `huaweicloud-swr/swr`.
    pub(crate) fn name(&self) -> &str {
        let name = self.file.strip_suffix(".yaml").unwrap_or(&self.file);
        name.rsplit_once("specs/").map_or(name, |(_, name)| name)
    }

    /// Returns the names of secret fields of a schema, at any depth.
    pub(crate) fn secrets_of(&self, schema: &str) -> BTreeSet<String> {
        let mut schemas = BTreeSet::from([schema.to_owned()]);
        let pointer = |name: &str| format!("/components/schemas/{name}");
        if let Some(schema) = self.document.pointer(&pointer(schema)) {
            reach(&self.document, schema, &mut schemas);
        }
        let schemas = schemas
            .iter()
            .filter_map(|name| self.document.pointer(&pointer(name)));
        schemas
            .flat_map(|schema| object(schema.get("properties")))
            .filter(|(_, property)| property.get("format").is_some_and(|f| f == "password"))
            .map(|(name, _)| name.clone())
            .collect()
    }
}

pub(crate) fn formats(document: &Value) -> BTreeMap<String, Option<String>> {
    let own = object(document.get("x-formats"))
        .filter_map(|(name, path)| Some((name.clone(), Some(path.as_str()?.to_owned()))));
    FORMATS
        .iter()
        .map(|(name, path)| ((*name).to_owned(), path.map(str::to_owned)))
        .chain(own)
        .collect()
}

fn families(document: &Value) -> Vec<(String, String)> {
    array(document.get("tags"))
        .map(|tag| (text(tag, "name"), text(tag, "description")))
        .collect()
}

fn enums(schemas: Option<&Value>) -> BTreeMap<String, Enum> {
    object(schemas)
        .filter_map(|(name, schema)| {
            let values = schema.get("enum")?.as_array()?;
            Some((
                name.clone(),
                Enum {
                    description: text(schema, "description"),
                    values: values
                        .iter()
                        .filter_map(|value| value.as_str().map(str::to_owned))
                        .collect(),
                },
            ))
        })
        .collect()
}

/// Operation with its place in the document.
pub(crate) struct Place<'a> {
    pub(crate) path: &'a str,
    pub(crate) method: &'a str,
    pub(crate) value: &'a Value,
}

pub(crate) fn all_operations(document: &Value) -> impl Iterator<Item = Place<'_>> {
    const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];
    object(document.get("paths")).flat_map(|(path, item)| {
        object(Some(item))
            .filter(|(method, _)| METHODS.contains(&method.as_str()))
            .map(move |(method, value)| Place {
                path,
                method,
                value,
            })
    })
}

fn operations(document: &Value) -> Result<Vec<Operation>, String> {
    all_operations(document)
        .map(|place| {
            let here = format!("{} {}", place.method, place.path);
            let value = place.value;
            let name = value
                .get("operationId")
                .and_then(Value::as_str)
                .ok_or_else(|| format!("{here}: operationId is missing"))?;
            let source = text_at(value, "/x-source/title")
                .ok_or_else(|| format!("{name}: x-source.title is missing"))?;
            let family =
                text_at(value, "/tags/0").ok_or_else(|| format!("{name}: tags is missing"))?;
            let access = match value.get("x-access").and_then(Value::as_str) {
                Some("read") => "Read",
                Some("write") => "Write",
                _ => return Err(format!("{name}: x-access must be read or write")),
            };
            let paging = value.get("x-paging").map(Paging::read).transpose();
            let paging =
                paging.map_err(|wrong| format!("{name}: x-paging: {}", wrong.join("; ")))?;
            let security = value.get("security").or_else(|| document.get("security"));
            let parameters = array(value.get("parameters"))
                .map(|parameter| resolve(document, parameter))
                .map(|parameter| {
                    let parameter_name = text(parameter, "name");
                    let example = parameter.get("example").cloned();
                    let required = parameter.get("required") == Some(&Value::Bool(true));
                    if required && example.is_none() {
                        return Err(format!("{name}: {parameter_name} has no example"));
                    }
                    let bound = |key| parameter.pointer(&format!("/schema/{key}")).is_some();
                    if bound("maximum") && !bound("minimum") {
                        return Err(format!("{name}: {parameter_name} has a maximum alone"));
                    }
                    let schema = parameter.get("schema").unwrap_or(&Value::Null);
                    let values = reference(schema);
                    Ok(Parameter {
                        name: parameter_name,
                        place: text(parameter, "in"),
                        required,
                        description: text(parameter, "description").trim().to_owned(),
                        limits: limits(schema),
                        values: values.map(str::to_owned),
                        example,
                    })
                })
                .collect::<Result<_, _>>()?;
            let request = value.get("requestBody").and_then(request_content);
            let (content_type, request) = request.unwrap_or((JSON, &Value::Null));
            let schema = request.get("schema").unwrap_or(&Value::Null);
            let body = reference(schema).map(str::to_owned);
            let success = object(value.get("responses"))
                .find(|(status, _)| status.starts_with('2'))
                .and_then(|(_, response)| answer_content(resolve(document, response)));
            let (accept, success) = success.unwrap_or((JSON, &Value::Null));
            let list = success.get("schema").is_some_and(|schema| {
                let kind = resolve(document, schema).get("type");
                kind.is_some_and(|kind| kind == "array")
            });
            let all = value.get("x-body-parameters") == Some(&Value::Bool(true));
            let body_parameters = body_parameters(document, schema, paging.as_ref(), all);
            if value.get("requestBody").is_some() && body.is_none() {
                return Err(format!(
                    "{name}: the body must be a $ref to a schema, as JSON or a form"
                ));
            }
            Ok(Operation {
                name: name.to_owned(),
                method: place.method.to_uppercase(),
                path: place.path.to_owned(),
                summary: text(value, "summary"),
                description: text(value, "description"),
                source,
                family,
                access,
                paging,
                accept: accept.to_owned(),
                envelope: envelope(document, value),
                signed: array(security).next().is_some(),
                parameters,
                body,
                content_type: content_type.to_owned(),
                body_parameters,
                body_example: request
                    .get("example")
                    .map(Value::to_string)
                    .unwrap_or_default(),
                list,
                text: accept == TEXT,
            })
        })
        .collect()
}

/// Returns the field of an operation's answer that has everything else: `x-envelope` of the operation
/// or of the document. `{operation}` in it stands for the operation's name.
pub(crate) fn envelope(document: &Value, operation: &Value) -> Option<String> {
    let written = operation.get("x-envelope");
    let written = written.or_else(|| document.get("x-envelope"))?.as_str()?;
    let name = operation.get("operationId").and_then(Value::as_str);
    Some(written.replace("{operation}", name.unwrap_or_default()))
}

/// Media type of JSON, and of every vendor's request and answer whose spec names no other.
pub(crate) const JSON: &str = "application/json";

/// Media type of plain text, which answers may have.
pub(crate) const TEXT: &str = "text/plain";

/// Media type of XML, which answers may have.
pub(crate) const XML: &str = "text/xml";

/// Media type of a form, which bodies may have.
pub(crate) const FORM: &str = "application/x-www-form-urlencoded";

/// Returns the content of an answer, which is JSON, XML or plain text, with its media type.
pub(crate) fn answer_content(value: &Value) -> Option<(&str, &Value)> {
    data_content(value).or_else(|| of_type(value, TEXT))
}

/// Returns the content of an answer with fields, which is JSON or XML, with its media type.
pub(crate) fn data_content(value: &Value) -> Option<(&str, &Value)> {
    json_content(value).or_else(|| of_type(value, XML))
}

/// Returns the content of a request, which is JSON or a form, with its media type.
pub(crate) fn request_content(value: &Value) -> Option<(&str, &Value)> {
    json_content(value).or_else(|| of_type(value, FORM))
}

fn of_type<'a>(value: &'a Value, media_type: &'static str) -> Option<(&'a str, &'a Value)> {
    Some((media_type, value.get("content")?.get(media_type)?))
}

/// Returns the JSON content of a request or an answer, with its media type.
fn json_content(value: &Value) -> Option<(&str, &Value)> {
    object(value.get("content"))
        .map(|(media_type, content)| (media_type.as_str(), content))
        .find(|(media_type, _)| is_json(media_type))
}

/// Whether a media type is a form of JSON, such as `application/x-amz-json-1.1`.
pub(crate) fn is_json(media_type: &str) -> bool {
    let name = media_type.split(';').next().unwrap_or_default().trim();
    name.strip_prefix("application/")
        .is_some_and(|name| name.split(['-', '+', '.']).any(|part| part == "json"))
}

/// Returns the name of the schema that a reference names.
fn reference(schema: &Value) -> Option<&str> {
    schema.get("$ref")?.as_str()?.rsplit('/').next()
}

/// Returns the fields of a body that are parameters, too: those that paging sets, or with `all`
/// every field that is not a list, also in objects.
fn body_parameters(
    document: &Value,
    schema: &Value,
    paging: Option<&Paging>,
    all: bool,
) -> Vec<BodyParameter> {
    let top = resolve(document, schema);
    let mut paths: Vec<String> = Vec::new();
    if all {
        field_paths(document, top, "", &mut paths);
    }
    for name in paging
        .filter(|paging| paging.place == "body")
        .into_iter()
        .flat_map(Paging::parameters)
    {
        if !paths.iter().any(|path| path == name) {
            paths.push(name.to_owned());
        }
    }
    let fields = paths
        .into_iter()
        .filter_map(|path| body_parameter(document, top, path));
    fields.collect()
}

/// Levels of objects whose fields can be set as parameters. A schema may contain itself.
const DEEPEST: usize = 4;

/// Adds the paths of all fields of a schema, with those of its objects.
fn field_paths(document: &Value, schema: &Value, above: &str, paths: &mut Vec<String>) {
    for (name, property) in object(schema.get("properties")) {
        let path = format!("{above}{name}");
        let inner = resolved(document, property);
        if inner.get("properties").is_none() {
            paths.push(path);
        } else if path.split('.').count() < DEEPEST {
            field_paths(document, inner, &format!("{path}."), paths);
        }
    }
}

/// Returns the field at a path of a body as a parameter, unless it is a list or a free object.
fn body_parameter(document: &Value, top: &Value, path: String) -> Option<BodyParameter> {
    let (mut above, mut property) = (top, top);
    for name in path.split('.') {
        above = resolved(document, property);
        property = above.get("properties")?.get(name)?;
    }
    let is_top = !path.contains('.');
    let name = path.rsplit('.').next()?;
    let required = is_top && array(above.get("required")).any(|it| it == name);
    let inner = resolved(document, property);
    let key = |key: &str| inner.get(key).and_then(Value::as_str);
    let (ty, json) = match (key("type")?, key("format")) {
        ("string", Some("password")) => ("::openapi_transport::Secret", false),
        ("string", Some("non-empty")) => ("::openapi_transport::NonEmpty", false),
        ("string", Some("text-number")) => ("::openapi_transport::TextNumber", false),
        ("string", Some("date-time")) => ("::openapi_transport::Timestamp", false),
        ("string", _) => ("::std::string::String", false),
        ("integer", Some("int32")) => ("i32", true),
        ("integer", _) => ("i64", true),
        ("number", Some("epoch-seconds")) => ("::openapi_transport::EpochSeconds", true),
        ("number", _) => ("f64", true),
        ("boolean", _) => ("bool", true),
        _ => return None,
    };
    let ty = bounded(inner).map_or_else(
        || ty.to_owned(),
        |bounded| format!("::openapi_transport::{bounded}"),
    );
    let described = [property, inner].map(|it| text(it, "description"));
    let description = described.into_iter().find(|text| !text.is_empty());
    let one = property.pointer("/allOf/0").unwrap_or(property);
    Some(BodyParameter {
        required,
        description: description.unwrap_or_default().trim().to_owned(),
        limits: limits(inner),
        values: reference(one).map(str::to_owned),
        ty,
        json,
        name: path,
    })
}

/// Returns the type of the transport that checks the bounds of a number.
pub(crate) fn bounded(schema: &Value) -> Option<String> {
    let bound = |key| schema.get(key).and_then(Value::as_i64);
    match (bound("minimum"), bound("maximum")) {
        (Some(min), Some(max)) => Some(format!("Bounded<{min}, {max}>")),
        (Some(min), None) => Some(format!("AtLeast<{min}>")),
        _ => None,
    }
}

/// Returns the schema itself, or the target of its reference, also of one with a description.
fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    resolve(document, value.pointer("/allOf/0").unwrap_or(value))
}

/// Units that the documentation names. The other values of `x-unit` mean that a number has no unit.
const UNITS: &[(&str, &str)] = &[
    ("bytes", "bytes"),
    ("seconds", "seconds"),
    ("milliseconds", "milliseconds"),
    ("unix-seconds", "seconds since 1970"),
    ("unix-milliseconds", "milliseconds since 1970"),
    ("minutes", "minutes"),
    ("hours", "hours"),
    ("days", "days"),
    ("percent", "percent"),
];

/// Returns the unit of a number, unless it has no unit or its description names it.
pub(crate) fn unit<'a>(schema: &Value, description: &str) -> Option<&'a str> {
    let unit = schema.get("x-unit")?.as_str()?;
    let (_, words) = UNITS.iter().find(|(name, _)| *name == unit)?;
    (!description.contains(words)).then_some(words)
}

/// Returns unit, bounds and default of a parameter as a sentence.
pub(crate) fn limits(schema: &Value) -> String {
    let bound = |key: &str| schema.get(key).and_then(Value::as_i64);
    let mut parts = Vec::new();
    match (bound("minimum"), bound("maximum")) {
        (Some(min), Some(max)) => parts.push(format!("{min} to {max}")),
        (Some(min), None) => parts.push(format!("at least {min}")),
        _ => {}
    }
    if let Some(unit) = unit(schema, "") {
        parts.push(format!("in {unit}"));
    }
    if let Some(default) = schema.get("default") {
        let default = default
            .as_str()
            .map_or_else(|| default.to_string(), str::to_owned);
        parts.push(format!("`{default}` if it is not given"));
    }
    let text = parts.join(", ");
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => format!("{}{}.", first.to_uppercase(), chars.as_str()),
        None => String::new(),
    }
}

/// Adds the names of all schemas that `value` uses.
fn reach(document: &Value, value: &Value, names: &mut BTreeSet<String>) {
    let mut references = Vec::new();
    walk(value, &mut |key, value| {
        if key == "$ref"
            && let Some(reference) = value.as_str()
        {
            references.push(reference.to_owned());
        }
    });
    for reference in references {
        let Some(target) = document.pointer(reference.trim_start_matches('#')) else {
            continue;
        };
        let fresh = match reference.strip_prefix("#/components/schemas/") {
            Some(name) => names.insert(name.to_owned()),
            None => true,
        };
        if fresh {
            reach(document, target, names);
        }
    }
}

/// Returns the value itself, or the target of its `$ref`.
pub(crate) fn resolve<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    value
        .get("$ref")
        .and_then(Value::as_str)
        .and_then(|reference| document.pointer(reference.trim_start_matches('#')))
        .unwrap_or(value)
}

/// Calls `visit` with each key and value of each object. Skips examples, which are the vendor's data,
/// and quirks and paging, which refer to other places.
fn walk(value: &Value, visit: &mut impl FnMut(&str, &Value)) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                if !["example", "x-paging", "x-quirk"].contains(&key.as_str()) {
                    visit(key, value);
                    walk(value, visit);
                }
            }
        }
        Value::Array(list) => list.iter().for_each(|value| walk(value, visit)),
        _ => {}
    }
}

pub(crate) fn object(value: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    value.and_then(Value::as_object).into_iter().flatten()
}

pub(crate) fn array(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    value.and_then(Value::as_array).into_iter().flatten()
}

fn text(value: &Value, key: &str) -> String {
    value
        .get(key)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

fn text_at(value: &Value, pointer: &str) -> Option<String> {
    value.pointer(pointer)?.as_str().map(str::to_owned)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const SPEC: &str = "
openapi: 3.0.3
info: { title: T, version: v1 }
paths:
  /things:
    get:
      operationId: ListThings
      tags: [things]
      x-source: { title: Things }
      x-access: read
      parameters:
        - { name: limit, in: query, schema: { type: integer, format: int64 } }
      responses: {}
";

    fn error(from: &str, to: &str) -> String {
        assert!(SPEC.contains(from));
        match Spec::read("specs/x/t.yaml".to_owned(), &SPEC.replace(from, to)) {
            Ok(_) => panic!("accepted: {from} → {to}"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn a_field_of_a_body_has_no_maximum_alone() {
        let body = "requestBody: { content: { application/json: { schema: { $ref: \
                    '#/components/schemas/Ask' } } } }\n      responses: {}\ncomponents:\n  schemas:\n    \
                    Ask: { type: object, properties: { size: { type: integer, BOUND } } }";
        let said = error("responses: {}", &body.replace("BOUND", "maximum: 9"));
        assert!(said.contains("Ask: size has a maximum alone"), "{said}");
        let both = SPEC.replace(
            "responses: {}",
            &body.replace("BOUND", "minimum: 1, maximum: 9"),
        );
        let spec = Spec::read("specs/x/t.yaml".to_owned(), &both).unwrap();
        assert!(spec.sent.contains("Ask"));
    }

    #[test]
    fn what_generation_leans_on_is_checked() {
        Spec::read("specs/x/t.yaml".to_owned(), SPEC)
            .map(drop)
            .unwrap();
        for (from, to, says) in [
            (
                "format: int64",
                "format: in64",
                r#"unknown format {"in64"}"#,
            ),
            (
                "operationId: ListThings",
                "summary: x",
                "operationId is missing",
            ),
            (
                "x-source: { title: Things }",
                "summary: x",
                "x-source.title is missing",
            ),
            ("tags: [things]", "summary: x", "tags is missing"),
            ("x-access: read", "x-access: maybe", "must be read or write"),
            (
                "x-access: read",
                "x-access: read\n      x-paging: { scroll: here }",
                "unknown kind; name the parameter under one of offset, page or cursor",
            ),
            ("version: v1", "other: v1", "info.version is missing"),
            (
                "in: query",
                "in: query, required: true",
                "limit has no example",
            ),
            (
                "responses: {}",
                "requestBody: { content: {} }",
                "the body must be a $ref",
            ),
        ] {
            let error = error(from, to);
            assert!(error.contains(says), "{from} → {to}: {error}");
            assert!(error.starts_with("specs/x/t.yaml: "), "{error}");
        }
    }
}
