//! Methods of calls: grouped, documented, with an example each, and with reasons in errors.

use std::fmt::Write;

use heck::ToSnakeCase;
use quote::{ToTokens, format_ident, quote};
use syn::visit_mut::{self, VisitMut};
use syn::{Expr, FnArg, ImplItem, Item, ItemImpl, ItemMod, Type};

use super::docs::{doc, set_doc};
use super::{Table, operation, plain};
use crate::spec::{Operation, Spec};

/// Makes one block of methods per family, so that the documentation has chapters.
pub(super) fn by_family(spec: &Spec, block: ItemImpl) -> Result<Vec<Item>, String> {
    let mut families: Vec<(&str, Vec<ImplItem>)> = Vec::new();
    for (name, _) in &spec.families {
        families.push((name, Vec::new()));
    }
    for item in block.items {
        let ImplItem::Fn(method) = &item else {
            continue;
        };
        let operation = operation(spec, &method.sig.ident.to_string())?;
        let family = families
            .iter_mut()
            .find(|(name, _)| *name == operation.family)
            .ok_or_else(|| {
                format!(
                    "{}: {} is not among the tags",
                    operation.name, operation.family
                )
            })?;
        family.1.push(item);
    }
    let blocks = families.into_iter().filter(|(_, items)| !items.is_empty());
    let blocks = blocks.map(|(name, items)| {
        let text = format!("# {name}\n\n{}", about(spec, name));
        let text = doc(&text);
        Item::Impl(syn::parse_quote! {
            #text
            impl Client {
                #(#items)*
            }
        })
    });
    Ok(blocks.collect())
}

/// Returns the description of a family.
pub(super) fn about<'a>(spec: &'a Spec, family: &str) -> &'a str {
    let found = spec.families.iter().find(|(name, _)| name == family);
    found.map_or("", |(_, description)| description.trim())
}

/// Returns the list of operations by family, with links.
pub(super) fn contents(spec: &Spec) -> String {
    let mut text = "# Operations\n".to_owned();
    for (family, description) in &spec.families {
        text.push_str(&format!("\n**{family}**: {}\n\n", description.trim()));
        for operation in &spec.operations {
            if operation.family == *family {
                let method = operation.name.to_snake_case();
                text.push_str(&format!(
                    "- [`{method}`](Client::{method}): {}\n",
                    operation.summary
                ));
            }
        }
    }
    text
}

pub(super) fn document(spec: &Spec, table: &Table, block: &mut ItemImpl) -> Result<(), String> {
    for item in &mut block.items {
        if let ImplItem::Fn(method) = item {
            let name = method.sig.ident.to_string();
            let operation = operation(spec, &name)?;
            if operation.name.to_snake_case() != name {
                return Err(format!(
                    "progenitor names {} {name}; use that name",
                    operation.name
                ));
            }
            let example = example(spec, table, operation, &name)?;
            set_doc(
                &mut method.attrs,
                &format!(
                    "{}\n\n{}\n\n`{} {}`. The vendor's page: *{}*.\n\n```no_run\n{example}\n```",
                    operation.summary,
                    operation.description,
                    operation.method,
                    operation.path,
                    operation.source
                ),
            );
        }
    }
    Ok(())
}

/// Returns a call with the spec's example values. It is compiled as a doctest.
pub(super) fn example(
    spec: &Spec,
    table: &Table,
    operation: &Operation,
    name: &str,
) -> Result<String, String> {
    let module = format!("{}::{}", spec.krate, spec.service);
    let body = operation.body.as_ref().map_or_else(String::new, |body| {
        format!(", body: {module}::types::{body}")
    });
    let mut text = format!(
        "# async fn example(client: &{module}::Client{body}) \
         -> Result<(), openapi_transport::Error> {{\n\
         let answer = client\n    .{name}()\n"
    );
    for parameter in &operation.parameters {
        if let Some(example) = &parameter.example {
            let setter = table.setter(&operation.name, &parameter.name)?;
            // Writing to a string does not fail.
            let _ = writeln!(text, "    .{setter}({example})");
        }
    }
    if operation.body.is_some() {
        text.push_str("    .body(body)\n");
    }
    text.push_str("    .send()\n    .await?;\n# Ok(())\n# }");
    Ok(text)
}

/// Documents the builders of calls, and keeps the reasons of invalid parameters.
pub(super) fn builders(spec: &Spec, mut module: ItemMod) -> Result<Item, String> {
    module.attrs.clear();
    set_doc(
        &mut module.attrs,
        "Builders of calls: set the parameters, then send the call.",
    );
    let Some((_, items)) = &mut module.content else {
        return Err("the module of builders is empty".to_owned());
    };
    items.retain(|item| !matches!(item, Item::Use(_)));
    let mut imports: Vec<Item> = vec![syn::parse_quote! {
        use super::{ClientHooks, Error, OperationInfo, ResponseValue, types};
    }];
    let mut paths = spec.operations.iter().map(|operation| &operation.path);
    if paths.any(|path| path.contains('{')) {
        imports.push(syn::parse_quote! {
            use ::openapi_transport::encode_path;
        });
    }
    items.splice(0..0, imports);
    for item in items {
        let Item::Impl(block) = item else { continue };
        let Type::Path(path) = &*block.self_ty else {
            continue;
        };
        let Some(last) = path.path.segments.last() else {
            continue;
        };
        let operation = operation(spec, &last.ident.to_string())?;
        for item in &mut block.items {
            let ImplItem::Fn(method) = item else { continue };
            match method.sig.ident.to_string().as_str() {
                "new" => set_doc(&mut method.attrs, "Begins the call."),
                "send" => {
                    set_doc(
                        &mut method.attrs,
                        "Sends the call and decodes the answer.\n\n# Errors\nAny error of the \
                         call. `openapi_transport::Error::from` converts it.",
                    );
                    ThroughTheTransport {
                        list: operation.list,
                        text: operation.text,
                    }
                    .visit_impl_item_fn_mut(method);
                    slim(operation, method);
                }
                "body" => set_doc(&mut method.attrs, "Sets the body."),
                "body_map" => set_doc(&mut method.attrs, "Sets fields of the body."),
                name => {
                    let text = operation
                        .parameters
                        .iter()
                        .find(|parameter| plain(&parameter.name) == plain(name))
                        .map(|parameter| format!("{} {}", parameter.description, parameter.limits))
                        .ok_or_else(|| {
                            format!(
                                "{}: progenitor invented the parameter {name}",
                                operation.name
                            )
                        })?;
                    set_doc(&mut method.attrs, text.trim());
                    say_why(name, method);
                }
            }
        }
    }
    Ok(Item::Mod(module))
}

/// Keeps the reason why a parameter is invalid, which progenitor drops.
fn say_why(name: &str, method: &mut syn::ImplItemFn) {
    let is_optional = method
        .block
        .to_token_stream()
        .to_string()
        .contains("map (Some)");
    let field = format_ident!("{name}");
    let name = name.trim_start_matches("r#");
    let some = is_optional.then(|| quote!(.map(Some)));
    method.block = syn::parse_quote!({
        self.#field = ::openapi_transport::private::given(#name, value)#some;
        self
    });
    let value = method.sig.inputs.iter().find_map(|input| match input {
        FnArg::Typed(input) => Some(input.ty.clone()),
        FnArg::Receiver(_) => None,
    });
    if let (Some(value), Some(bounds)) = (value, &mut method.sig.generics.where_clause) {
        bounds
            .predicates
            .push(syn::parse_quote!(#value::Error: ::std::fmt::Display));
    }
}

/// Removes unused code of a call: a header that no vendor knows, and two hooks that do nothing. With
/// sixty calls, it is a third of the code.
fn slim(operation: &Operation, method: &mut syn::ImplItemFn) {
    let has_headers = operation.parameters.iter().any(|p| p.place == "header");
    let mut statements = Vec::new();
    for mut statement in std::mem::take(&mut method.block.stmts) {
        let text = statement.to_token_stream().to_string();
        let is_header = text.contains("header_map");
        let is_hook = ["client . pre (", "client . post ("]
            .iter()
            .any(|hook| text.starts_with(hook));
        if is_hook || text.contains("\"api-version\"") || text.starts_with("let response = result")
        {
            continue;
        }
        if text.starts_with("let result =") {
            statements.push(syn::parse_quote! {
                let response = client.exec(request, &info).await?;
            });
            continue;
        }
        if text.contains("let mut request =") {
            Slim { has_headers }.visit_stmt_mut(&mut statement);
            statements.push(statement);
            continue;
        }
        if is_header && !has_headers {
            continue;
        }
        statements.push(statement);
    }
    method.block.stmts = statements;
}

/// Removes `mut` from `let mut request`.
struct Slim {
    has_headers: bool,
}

impl VisitMut for Slim {
    fn visit_local_mut(&mut self, local: &mut syn::Local) {
        local.attrs.clear();
        visit_mut::visit_local_mut(self, local);
    }

    fn visit_pat_ident_mut(&mut self, pattern: &mut syn::PatIdent) {
        pattern.mutability = None;
    }

    fn visit_expr_mut(&mut self, expr: &mut Expr) {
        visit_mut::visit_expr_mut(self, expr);
        if let Expr::MethodCall(call) = expr
            && call.method == "headers"
            && !self.has_headers
        {
            *expr = (*call.receiver).clone();
        }
    }
}

/// Sends answers through the transport's decoder, which keeps what an error needs.
pub(super) struct ThroughTheTransport {
    list: bool,
    text: bool,
}

impl VisitMut for ThroughTheTransport {
    fn visit_expr_path_mut(&mut self, path: &mut syn::ExprPath) {
        let text = path.path.to_token_stream().to_string().replace(' ', "");
        if text == "ResponseValue::from_response" {
            path.path = match (self.list, self.text) {
                (true, _) => syn::parse_quote!(::openapi_transport::decode_list),
                (_, true) => syn::parse_quote!(::openapi_transport::decode_text),
                _ => syn::parse_quote!(::openapi_transport::decode),
            };
        }
    }
}
