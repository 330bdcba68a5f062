//! Generated calls by name for the tests. They can set every parameter of the spec, and decode and
//! encode every answer.

use std::fmt::Write;

use heck::ToSnakeCase;
use quote::ToTokens;
use syn::Type;

use crate::finish::{GENERATED, Table};
use crate::spec::Spec;

/// Name of the module that holds a spec's calls.
pub(crate) fn module(spec: &Spec) -> String {
    format!("{}_{}", spec.krate, spec.service)
}

/// Returns the files of the folder, from the modules' names and texts. `services` are rows of the
/// table, and `others` are not.
pub(crate) fn files(
    services: Vec<(String, String)>,
    others: Vec<(String, String)>,
) -> Vec<(String, String)> {
    let mut index = format!("{GENERATED} from the files of specs/. Change a spec, not this.\n");
    for (name, _) in services.iter().chain(&others) {
        // Writing to a string does not fail.
        let _ = writeln!(index, "pub mod {name};");
    }
    index.push_str("/// A row for each service.\npub const ALL: &[crate::service::Service] = &[\n");
    for (name, _) in &services {
        let _ = writeln!(index, "    {name}::SERVICE,");
    }
    index.push_str("];\n");
    let texts = services
        .into_iter()
        .chain(others)
        .map(|(name, text)| (format!("{name}.rs"), text));
    std::iter::once(("mod.rs".to_owned(), index))
        .chain(texts)
        .collect()
}

/// Returns the text of a spec's module.
pub(crate) fn calls(spec: &Spec, table: &Table) -> Result<String, String> {
    let path = format!("{}::{}", spec.krate, spec.service);
    let mut text = format!(
        "{GENERATED} from {}. Change the spec, not this.\n\
         //! Calls of `{path}` by the vendor's name.\n\n\
         use {path}::Client;\n\
         use openapi_transport::Error;\n\n\
         use crate::given::Given;\n\
         use crate::service::Service;\n\n\
         /// The row of the table of services.\n\
         pub const SERVICE: Service = Service {{\n    \
             name: {:?},\n    \
             operations: {path}::OPERATIONS,\n    \
             call: |context, name, given| Box::pin(async move {{\n        \
                 call(&Client::new(context), name, given).await\n    \
             }}),\n\
         }};\n\n\
         /// Makes one call, and encodes what its answer was decoded to.\n\
         ///\n\
         /// # Errors\n\
         /// Those of the call, or that there is no such call.\n\
         pub async fn call(client: &Client, name: &str, given: &Given) \
         -> Result<serde_json::Value, Error> {{\n    match name {{\n",
        spec.file,
        spec.name(),
    );
    for operation in &spec.operations {
        let method = operation.name.to_snake_case();
        let _ = writeln!(
            text,
            "        {:?} => {method}(client, given).await,",
            operation.name
        );
    }
    text.push_str("        _ => Err(given.unknown(name)),\n    }\n}\n");
    for operation in &spec.operations {
        let method = operation.name.to_snake_case();
        let bare = operation.parameters.is_empty() && operation.body.is_none();
        let mutable = if bare { "" } else { "mut " };
        let _ = writeln!(
            text,
            "\nasync fn {method}(client: &Client, given: &Given) \
             -> Result<serde_json::Value, Error> {{\n    let {mutable}call = client.{method}();"
        );
        for parameter in &operation.parameters {
            let name = &parameter.name;
            let ty = named_from_outside(spec, table.ty(&operation.name, name)?);
            let setter = table.setter(&operation.name, name)?;
            let read = match ty.ends_with("::Secret") {
                true => "secret(",
                false => &format!("parameter::<{ty}>("),
            };
            let _ = writeln!(
                text,
                "    if let Some(value) = given.{read}{name:?})? {{\n        \
                 call = call.{setter}(value);\n    }}"
            );
        }
        if let Some(body) = &operation.body {
            let _ = writeln!(
                text,
                "    if let Some(body) = given.body::<{path}::types::{body}>()? {{\n        \
                 call = call.body(body);\n    }}"
            );
        }
        text.push_str("    given.answer(call.send().await?)\n}\n");
    }
    // Format here, so that the text does not depend on the reader's formatter.
    let file =
        syn::parse_file(&text).map_err(|error| format!("xtask wrote invalid Rust: {error}"))?;
    let (first, _) = text.split_once('\n').unwrap_or_default();
    Ok(format!("{first}\n{}", prettyplease::unparse(&file)))
}

/// Returns a type as the tests name it, with the crate's name before its own types.
fn named_from_outside(spec: &Spec, ty: &Type) -> String {
    let text = ty.to_token_stream().to_string().replace(' ', "");
    text.replace("crate::generated::", &format!("{}::", spec.krate))
        .replace("crate::", &format!("{}::", spec.krate))
}
