//! Operation table: the facts about calls that the generated code keeps.

use std::collections::BTreeMap;

use heck::ToSnakeCase;
use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote};
use syn::{Item, Type};

use super::plain;
use crate::spec::{BodyParameter, Operation, Spec};

/// Parameters as progenitor made them: by operation, then by parameter.
pub(crate) struct Table(BTreeMap<(String, String), Setter>);

/// Setter of a parameter.
struct Setter {
    name: String,
    ty: Type,
}

impl Table {
    /// Reads the fields of the builders: `Result<T, String>`, or `Result<Option<T>, String>`.
    pub(crate) fn read(file: &syn::File) -> Self {
        let mut table = BTreeMap::new();
        let builders = file.items.iter().find_map(|item| match item {
            Item::Mod(module) if module.ident == "builder" => module.content.as_ref(),
            _ => None,
        });
        for item in builders.into_iter().flat_map(|(_, items)| items) {
            let Item::Struct(data) = item else { continue };
            for field in &data.fields {
                let Some(name) = &field.ident else { continue };
                let Some(inner) = argument(&field.ty, "Result") else {
                    continue;
                };
                let inner = argument(inner, "Option").unwrap_or(inner);
                let key = (plain(&data.ident.to_string()), plain(&name.to_string()));
                table.insert(
                    key,
                    Setter {
                        name: name.to_string(),
                        ty: inner.clone(),
                    },
                );
            }
        }
        Self(table)
    }

    /// Returns the type of a parameter.
    pub(crate) fn ty(&self, operation: &str, parameter: &str) -> Result<&Type, String> {
        self.get(operation, parameter).map(|setter| &setter.ty)
    }

    /// Returns the name of the method that sets a parameter.
    pub(crate) fn setter(&self, operation: &str, parameter: &str) -> Result<&str, String> {
        self.get(operation, parameter)
            .map(|setter| setter.name.as_str())
    }

    fn get(&self, operation: &str, parameter: &str) -> Result<&Setter, String> {
        self.0
            .get(&(plain(operation), plain(parameter)))
            .ok_or_else(|| format!("{operation}: progenitor omitted {parameter}"))
    }
}

/// Returns `T` of `Outer<T, …>`.
pub(super) fn argument<'a>(ty: &'a Type, outer: &str) -> Option<&'a Type> {
    let Type::Path(path) = ty else { return None };
    let last = path.path.segments.last()?;
    let syn::PathArguments::AngleBracketed(arguments) = &last.arguments else {
        return None;
    };
    match arguments.args.first()? {
        syn::GenericArgument::Type(inner) if last.ident == outer => Some(inner),
        _ => None,
    }
}

pub(super) fn parameter_rows(
    spec: &Spec,
    operation: &Operation,
    table: &Table,
) -> Result<Vec<TokenStream>, String> {
    let rows = operation.parameters.iter().map(|parameter| {
        let ty = table.ty(&operation.name, &parameter.name)?;
        let name = &parameter.name;
        let required = parameter.required;
        let about = format!("{} {}", parameter.description, parameter.limits);
        let about = about.trim();
        let place = match parameter.place.as_str() {
            "path" => quote!(Path),
            "query" => quote!(Query),
            "header" => quote!(Header),
            other => return Err(format!("{}: {name} is in {other}", operation.name)),
        };
        let values = known_values(spec, parameter.values.as_ref());
        let secret = ty.to_token_stream().to_string().ends_with(":: Secret");
        let render = match secret {
            true => quote!(private::secret),
            false => quote!(private::parameter::<#ty>),
        };
        let secret = secret.then(|| quote!(.secret()));
        Ok(quote! {
            Parameter::new(Place::#place, #name, #required, #render, #about)#values #secret
        })
    });
    let fields = operation.body_parameters.iter().map(|field| {
        let BodyParameter { name, required, .. } = field;
        let about = format!("{} {}", field.description, field.limits);
        let about = about.trim();
        let ty: Type = syn::parse_str(&field.ty).map_err(|error| format!("{name}: {error}"))?;
        let values = known_values(spec, field.values.as_ref());
        let (render, secret) = match field.ty.ends_with("Secret") {
            true => (quote!(private::secret), Some(quote!(.secret()))),
            false => (quote!(private::parameter::<#ty>), None),
        };
        let json = field.json.then(|| quote!(.json()));
        Ok(quote! {
            Parameter::new(Place::Body, #name, #required, #render, #about)#values #secret #json
        })
    });
    rows.chain(fields).collect()
}

/// Returns the code that adds the values that the vendor lists.
fn known_values(spec: &Spec, name: Option<&String>) -> TokenStream {
    match name.and_then(|name| spec.enums.get_key_value(name)) {
        Some((name, _)) => {
            let name = format_ident!("{name}");
            quote!(.of(values::#name::KNOWN))
        }
        None => quote!(),
    }
}

/// Returns the operation table and the hook that sends every call through the transport.
pub(super) fn tail(spec: &Spec, table: &Table) -> Result<TokenStream, String> {
    let version = &spec.version;
    let rows = spec.operations.iter().map(|operation| {
        let Operation {
            name,
            method,
            path,
            family,
            signed,
            ..
        } = operation;
        let id = name.to_snake_case();
        let access = format_ident!("{}", operation.access);
        let paging = match &operation.paging {
            Some(paging) => {
                let paging = paging.tokens();
                quote!(Some(#paging))
            }
            None => quote!(None),
        };
        let accept = &operation.accept;
        let envelope = match &operation.envelope {
            Some(name) => quote!(Some(#name)),
            None => quote!(None),
        };
        let summary = &operation.summary;
        let parameters = parameter_rows(spec, operation, table)?;
        let body = match &operation.body {
            None => quote!(None),
            Some(name) => {
                let ty = format_ident!("{name}");
                let secrets = spec.secrets_of(name);
                let example = &operation.body_example;
                let content_type = &operation.content_type;
                quote! {
                    Some(Body {
                        name: #name,
                        example: #example,
                        secrets: &[#(#secrets),*],
                        content_type: #content_type,
                        render: private::body::<types::#ty>,
                    })
                }
            }
        };
        Ok(quote! {
            Operation {
                id: #id,
                name: #name,
                version: #version,
                method: #method,
                path: #path,
                summary: #summary,
                family: #family,
                access: Access::#access,
                paging: #paging,
                accept: #accept,
                envelope: #envelope,
                signed: #signed,
                parameters: &[#(#parameters),*],
                body: #body,
            }
        })
    });
    let rows = rows.collect::<Result<Vec<_>, String>>()?;
    let has_parameters = spec
        .operations
        .iter()
        .any(|it| !it.parameters.is_empty() || !it.body_parameters.is_empty());
    let mut pages = spec.operations.iter().filter_map(|it| it.paging.as_ref());
    let has_pages = spec.operations.iter().any(|it| it.paging.is_some());
    let has_spots = pages.any(|paging| paging.total.is_some() || paging.next.is_some());
    let has_bodies = spec.operations.iter().any(|it| it.body.is_some());
    let body = has_bodies.then(|| quote!(Body,));
    let parameter = has_parameters.then(|| quote!(Parameter, Place,));
    let paging = has_pages.then(|| quote!(Paging,));
    let spot = has_spots.then(|| quote!(Spot,));
    let private = (has_bodies || has_parameters).then(|| quote!(private,));
    Ok(quote! {
        /// Every operation of this client.
        pub const OPERATIONS: &[::openapi_transport::Operation] = {
            use ::openapi_transport::{
                Access, #body Operation, #paging #parameter #private #spot
            };
            &[#(#rows),*]
        };

        impl ClientHooks<::openapi_transport::Context> for Client {
            async fn exec(
                &self,
                request: ::reqwest::Request,
                info: &OperationInfo,
            ) -> ::reqwest::Result<::reqwest::Response> {
                let id = info.operation_id;
                Ok(::openapi_transport::execute(&self.inner, OPERATIONS, id, request).await)
            }
        }
    })
}
