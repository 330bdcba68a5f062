use std::pin::pin;

use clap::Args;
use clap::builder::{PossibleValue, TypedValueParser};
use futures_util::StreamExt;
use registry_replication::Context;
use registry_replication::api::{self, Call, Operation, Place, Service};
use serde::Serialize;
use serde_json::{Value, json};

use super::{Execute, plan};
use crate::args::{Bound, value};
use crate::confirm;
use crate::failure::Failure;
use crate::output::{Output, Shape};
use crate::session::Session;
use crate::table::{Cell, Column, Row, Table};
use crate::target::Target;

#[derive(Args, Debug)]
pub(crate) struct Api {
    /// Vendor's name of the call, such as ListRepoSyncTask; SERVICE:NAME if ambiguous
    #[arg(value_parser = Names, hide_possible_values = true)]
    operation: Option<String>,
    /// Parameter, by the vendor's name. Repeatable
    #[arg(short, long, value_name = "NAME=VALUE", requires = "operation")]
    param: Vec<String>,
    /// File with the JSON body; - reads stdin
    #[arg(long, value_name = "FILE", requires = "operation")]
    body: Option<String>,
    /// Show the parameters of the call, and do not make it
    #[arg(long, requires = "operation")]
    describe: bool,
    /// Show the request that would be sent, without secrets, and do not send it
    #[arg(long, requires = "operation")]
    dry_run: bool,
    /// Read all pages, and write their records as one list
    #[arg(long, requires = "operation")]
    all: bool,
    /// Stop after this many records
    #[arg(long, value_name = "N", requires = "all", value_parser = value::limit)]
    limit: Option<usize>,
    /// Skip the confirmation prompt
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    bound: Bound,
}

/// Value parser that accepts any text, and offers the names of all calls to completion.
#[derive(Clone)]
struct Names;

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

/// Call in the list of all calls.
#[derive(Debug, Serialize)]
struct Named {
    /// With its service, if another service has a call of the same name.
    name: String,
    service: &'static str,
    family: &'static str,
    writes: bool,
    summary: &'static str,
}

fn rows() -> Vec<Named> {
    let all = || {
        api::services().flat_map(|service| {
            let operations = service.operations.iter();
            operations.map(move |operation| (service, operation))
        })
    };
    let name = |service: &Service, operation: &Operation| {
        let same = all().filter(|(_, other)| other.name == operation.name);
        match same.count() {
            1 => operation.name.to_owned(),
            _ => format!("{service}:{}", operation.name),
        }
    };
    let mut rows: Vec<_> = all()
        .map(|(service, operation)| Named {
            name: name(service, operation),
            service: service.name,
            family: operation.family,
            writes: operation.access == api::Access::Write,
            summary: operation.summary,
        })
        .collect();
    rows.sort_by_key(|row| (row.service, row.family));
    rows
}

impl Execute for Api {
    fn bound(&self) -> Option<Bound> {
        Some(self.bound)
    }

    fn changes(&self) -> bool {
        let found = self.operation.as_deref().map(api::find);
        let writes = found.is_some_and(|found| {
            found.is_ok_and(|(_, operation)| operation.access == api::Access::Write)
        });
        !self.dry_run && writes
    }

    fn shape(&self) -> Shape {
        match self.operation {
            Some(_) => Shape::document(),
            None => Shape::table::<Named>(),
        }
    }

    async fn run(self, session: &mut Session<'_>) -> Result<u8, Failure> {
        self.perform(&session.target, &mut session.output).await?;
        Ok(0)
    }
}

impl Api {
    async fn perform(self, target: &Target, output: &mut Output<'_>) -> Result<(), Failure> {
        let Some(name) = &self.operation else {
            let rows = rows();
            return match output.is_data() {
                true => output.list(&rows),
                false => output.rows(&rows),
            };
        };
        let (service, operation) = api::find(name)?;
        // A description needs no registry, so that of the configuration may be of another provider.
        if self.describe {
            return match output.is_data() {
                true => output.value(&described(service, operation)),
                false => output.text(&description(service, operation)),
            };
        }
        target.check_service(service)?;
        let mut call = Call::new(operation);
        for given in &self.param {
            // The value is not repeated: it may be a secret.
            let (name, value) = given.split_once('=').ok_or_else(|| {
                Failure::Usage(format!(
                    "invalid --param; write NAME=VALUE; `imgtrack api {} --describe` lists the \
                     names",
                    operation.name
                ))
            })?;
            call = call.parameter(name, value)?;
        }
        if let Some(file) = &self.body {
            call = call.body(&body(file.clone()).await?)?;
        }
        let (context, settings) = target.context(service).await?;
        let call = service.fill(call, &settings).await?;
        if self.dry_run {
            return output.value(&plan::request(call.shown(&context).await?));
        }
        call.complete()?;
        if operation.access == api::Access::Write {
            let what = format!(
                "{} changes the registry ({})",
                operation.name,
                context.endpoint()
            );
            confirm::ask(&what, self.yes, output.prompts())?;
        }
        if self.all {
            return all(call, &context, self.limit, output).await;
        }
        match call.send(&context).await? {
            Value::Null => Ok(()),
            answer => output.value(&answer),
        }
    }
}

/// Writes the records of all pages, or the first of them, as they arrive.
async fn all(
    call: Call,
    context: &Context,
    limit: Option<usize>,
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    let records = api::listing(call, context).by_item();
    let mut records = pin!(records.take(limit.unwrap_or(usize::MAX)));
    while let Some(record) = output.next(records.as_mut()).await? {
        output.item(&record)?;
    }
    output.end()
}

/// Reads a body. A file may be a silent pipe, so another thread reads it.
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

/// Describes a call as JSON.
fn described(service: &Service, operation: &Operation) -> Value {
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
        "service": service.name,
        "family": operation.family,
        "summary": operation.summary,
        "method": operation.method,
        "path": operation.path,
        "writes": operation.access == api::Access::Write,
        "pages": operation.paging.is_some(),
        "parameters": parameters.collect::<Vec<_>>(),
        "body": operation.body.map(|body| json!({
            "name": body.name,
            "example": example(&body),
        })),
    })
}

/// Returns the example of a body with every field.
fn example(body: &api::Body) -> Value {
    serde_json::from_str(body.example).unwrap_or_default()
}

fn place(place: Place) -> &'static str {
    match place {
        Place::Path => "path",
        Place::Query => "query",
        Place::Body => "body",
        _ => "header",
    }
}

impl Row for Named {
    const COLUMNS: &'static [Column<Self>] = &[
        Column::new("call", |call: &Self| Cell::Text(call.name.clone())),
        Column::new("service", |call: &Self| Cell::Text(call.service.to_owned())).rank(2),
        Column::new("family", |call: &Self| Cell::Text(call.family.to_owned())).rank(1),
        Column::new("writes", |call: &Self| {
            Cell::Flag(call.writes.then_some(true))
        })
        .rank(3),
        Column::new("description", |call: &Self| {
            Cell::Text(call.summary.to_owned())
        }),
    ];
}

/// Describes a call for people.
fn description(service: &Service, operation: &Operation) -> String {
    let mut text = format!(
        "{service}:{}\n{}\n{} {}\n",
        operation.name, operation.summary, operation.method, operation.path
    );
    let notes = [
        (
            operation.access == api::Access::Write,
            "This call changes the registry.",
        ),
        (operation.paging.is_some(), "Use --all to read all pages."),
    ];
    for (_, note) in notes.into_iter().filter(|(holds, _)| *holds) {
        text.push_str(&format!("{note}\n"));
    }
    let body = operation.body.map_or_else(String::new, |body| {
        format!(
            "\nJSON body: {}. Example:\n{:#}\n",
            body.name,
            example(&body)
        )
    });
    if operation.parameters.is_empty() {
        return format!("{text}{body}");
    }
    let mut table = Table::new(&["PARAMETER", "IN", "REQUIRED", "DESCRIPTION"]);
    for parameter in operation.parameters {
        let values = match parameter.values.is_empty() {
            true => String::new(),
            false => format!(" One of: {}.", parameter.values.join(", ")),
        };
        table.add_row([
            parameter.name.to_owned(),
            place(parameter.place).to_owned(),
            if parameter.required { "yes" } else { "" }.to_owned(),
            format!("{}{values}", parameter.about),
        ]);
    }
    format!("{text}\n{}{body}", table.finish())
}
