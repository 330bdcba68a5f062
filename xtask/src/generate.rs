//! Generation with progenitor.

use progenitor::{GenerationSettings, Generator, HooksMode, InterfaceStyle, TagStyle, TypeImpl};
use quote::quote;
use schemars08::schema::{InstanceType, SchemaObject};

use crate::spec::Spec;
use crate::{Error, calls, finish, prepare};

/// Generated files of a spec.
pub(crate) struct Generated {
    /// Text of the client.
    pub(crate) client: String,
    /// Text of the tests' calls by name.
    pub(crate) calls: String,
}

/// Generates the files of a spec.
pub(crate) fn generate(spec: &Spec) -> Result<Generated, Error> {
    let wrong = |what: String| Error::spec(&spec.file, what);
    let prepared = prepare::prepare(spec);
    let document: openapiv3::OpenAPI = serde_json::from_value(prepared.document)
        .map_err(|error| wrong(format!("is not OpenAPI 3.0: {error}")))?;

    let mut settings = GenerationSettings::new();
    settings
        .with_interface(InterfaceStyle::Builder)
        .with_tag(TagStyle::Merged)
        .with_hooks(HooksMode::Expected)
        .with_inner_type(quote!(::openapi_transport::Context));
    for (format, path) in &prepared.types {
        let schema = SchemaObject {
            instance_type: Some(InstanceType::String.into()),
            format: Some(format.clone()),
            ..Default::default()
        };
        let impls = [TypeImpl::Display, TypeImpl::FromStr];
        settings.with_conversion(schema, path, impls.into_iter());
    }
    let tokens = Generator::new(&settings)
        .generate_tokens(&document)
        .map_err(|error| wrong(error.to_string()))?;
    let file: syn::File =
        syn::parse2(tokens).map_err(|error| wrong(format!("generated invalid Rust: {error}")))?;
    let table = finish::Table::read(&file);
    Ok(Generated {
        calls: calls::calls(spec, &table).map_err(wrong)?,
        client: finish::finish(spec, &table, file).map_err(wrong)?,
    })
}
