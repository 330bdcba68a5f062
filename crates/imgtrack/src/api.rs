//! `imgtrack api`: any call of the vendors' APIs, by its name.

use clap::builder::{PossibleValue, TypedValueParser};
use registry_replication::Context;
use registry_replication::api::{self, Call, Operation, Paging, Place, PreviewedRequest, Service};
use serde::Serialize;
use serde_json::{Value, json};

use crate::cli::ApiArgs;
use crate::confirm;
use crate::connect::Connection;
use crate::failure::Failure;
use crate::output::Output;
use crate::table;

/// Takes any text, and offers the names of all calls to a shell that completes.
#[derive(Clone)]
pub(crate) struct Names;

impl TypedValueParser for Names {
    type Value = String;

    fn parse_ref(
        &self,
        command: &clap::Command,
        argument: Option<&clap::Arg>,
        value: &std::ffi::OsStr,
    ) -> Result<String, clap::Error> {
        clap::builder::StringValueParser::new().parse_ref(command, argument, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        let names = rows().into_iter().map(|row| PossibleValue::new(row.name));
        Some(Box::new(names))
    }
}

/// A call in the list of all.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    /// With its service where another service has one of the same name.
    pub(crate) name: String,
    pub(crate) service: &'static str,
    pub(crate) family: &'static str,
    pub(crate) writes: bool,
    pub(crate) summary: &'static str,
}

fn rows() -> Vec<Row> {
    let all = || {
        Service::ALL.into_iter().flat_map(|service| {
            let operations = service.operations().iter();
            operations.map(move |operation| (service, operation))
        })
    };
    let name = |service: Service, operation: &Operation| {
        let same = all().filter(|(_, other)| other.name == operation.name);
        match same.count() {
            1 => operation.name.to_owned(),
            _ => format!("{service}:{}", operation.name),
        }
    };
    let mut rows: Vec<_> = all()
        .map(|(service, operation)| Row {
            name: name(service, operation),
            service: service.name(),
            family: operation.family,
            writes: operation.access == api::Access::Write,
            summary: operation.summary,
        })
        .collect();
    rows.sort_by_key(|row| (row.service, row.family));
    rows
}

/// Runs the command.
pub(crate) async fn run(
    args: ApiArgs,
    connection: &Connection,
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    let Some(name) = &args.operation else {
        let rows = rows();
        return match output.is_json() {
            true => output.json(&rows),
            false => output.text(&table::calls(&rows)),
        };
    };
    let (service, operation) = api::find(name)?;
    if args.describe {
        return match output.is_json() {
            true => output.json(&described(service, operation)),
            false => output.text(&table::call(service, operation)),
        };
    }
    let mut call = Call::new(operation);
    for given in &args.param {
        // What was given is not repeated: it may be a secret.
        let (name, value) = given.split_once('=').ok_or_else(|| {
            Failure::Usage(format!(
                "a --param is not NAME=VALUE; `imgtrack api {} --describe` lists the names",
                operation.name
            ))
        })?;
        call = call.parameter(name, value)?;
    }
    if let Some(file) = &args.body {
        call = call.body(&body(file.clone()).await?)?;
    }
    let context = connection.context(service, &args.to).await?;
    let call = with_place(call, connection, &args).await?;
    if args.dry_run {
        return output.json(&request(call.shown(&context).await?));
    }
    call.complete()?;
    if operation.access == api::Access::Write {
        let what = format!("{} changes things ({})", operation.name, context.endpoint());
        confirm::ask(&what, args.yes, output.prompts())?;
    }
    if args.all {
        return all(call, &context, args.limit, output).await;
    }
    match call.send(&context).await? {
        Value::Null => Ok(()),
        answer => output.json(&answer),
    }
}

/// A request as it would leave.
pub(crate) fn request(shown: PreviewedRequest) -> Value {
    json!({
        "method": shown.method,
        "url": shown.url,
        "headers": shown.headers.into_iter().collect::<std::collections::BTreeMap<_, _>>(),
        "body": shown.body,
    })
}

/// Sets project and instance where the call has them, and nobody has said them by `--param`.
async fn with_place(
    mut call: Call,
    connection: &Connection,
    args: &ApiArgs,
) -> Result<Call, Failure> {
    let missing = |call: &Call, name: &str| {
        let mut all = call.operation().parameters.iter();
        all.any(|parameter| parameter.name == name) && !call.has(name)
    };
    // A query's project is a choice; a path's is where the call goes.
    let in_path = |parameter: &api::Parameter| {
        parameter.name == "project_id" && parameter.place == Place::Path
    };
    if missing(&call, "project_id") && call.operation().parameters.iter().any(in_path) {
        if args.to.common.endpoint.is_some() && args.to.project_id.is_none() {
            // IAM is at another endpoint, and the keys may be for this one alone.
            return Err(Failure::Usage(
                "the project id is not looked up where --endpoint is given: say --project-id"
                    .into(),
            ));
        }
        let id = connection.project_id(&args.to).await?;
        call = call.parameter("project_id", &id)?;
    }
    for name in ["instance_id", "InstanceId"] {
        if missing(&call, name)
            && let Some(id) = connection.instance(&args.to, name)
        {
            call = call.parameter(name, &id)?;
        }
    }
    Ok(call)
}

/// Writes the records of all pages, or the first of them, as they come.
async fn all(
    call: Call,
    context: &Context,
    limit: Option<usize>,
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    let mut left = limit.unwrap_or(usize::MAX);
    let mut pages = call.pages()?;
    while left > 0
        && let Some(page) = pages.next(context).await?
    {
        let records = page.iter().take(left);
        records
            .into_iter()
            .try_for_each(|record| output.item(record))?;
        left = left.saturating_sub(page.len());
        output.flush()?;
    }
    output.end()
}

/// Reads a body. A file may be a pipe that stays silent, so another thread waits for it.
async fn body(file: String) -> Result<Value, Failure> {
    let read = move || {
        let text = match file.as_str() {
            "-" => std::io::read_to_string(std::io::stdin()),
            file => std::fs::read_to_string(file),
        };
        let text = text.map_err(|error| Failure::Usage(format!("--body {file}: {error}")))?;
        serde_json::from_str(&text)
            .map_err(|error| Failure::Usage(format!("invalid JSON in --body {file}: {error}")))
    };
    let read = tokio::task::spawn_blocking(read).await;
    read.map_err(std::io::Error::other)?
}

/// A call and its parameters, for programs.
fn described(service: Service, operation: &Operation) -> Value {
    let parameters = operation.parameters.iter().map(|parameter| {
        json!({
            "name": parameter.name,
            "place": place(parameter.place),
            "required": parameter.required,
            "about": parameter.about,
            "values": parameter.values,
        })
    });
    json!({
        "name": operation.name,
        "service": service.name(),
        "family": operation.family,
        "summary": operation.summary,
        "method": operation.method,
        "path": operation.path,
        "writes": operation.access == api::Access::Write,
        "pages": operation.paging != Paging::None,
        "parameters": parameters.collect::<Vec<_>>(),
        "body": operation.body.map(|body| json!({
            "name": body.name,
            "example": example(&body),
        })),
    })
}

/// The example of a body with every field.
pub(crate) fn example(body: &api::Body) -> Value {
    serde_json::from_str(body.example).unwrap_or_default()
}

pub(crate) fn place(place: Place) -> &'static str {
    match place {
        Place::Path => "path",
        Place::Query => "query",
        _ => "header",
    }
}
