//! Types of requests and answers: only the needed code, and tolerant decoding.

use quote::{ToTokens, quote};
use syn::{ImplItem, Item, ItemMod, Type};

use super::docs::set_doc;
use super::has_fn;
use crate::spec::{Enum, Spec};

/// Rewrites the types: removes the builders of types that are only received, and adds tolerant
/// decoding.
pub(super) fn types(spec: &Spec, mut module: ItemMod) -> Item {
    module.attrs.clear();
    set_doc(&mut module.attrs, "Types of requests and answers.");
    let sent = |name: &str| spec.sent.contains(name);
    if let Some((_, items)) = &mut module.content {
        items.retain(|item| match item {
            Item::Impl(block) if has_fn(block, "builder") => {
                matches!(&*block.self_ty, Type::Path(path)
                    if path.path.get_ident().is_some_and(|name| sent(&name.to_string())))
            }
            Item::Mod(module) if module.ident == "builder" || module.ident == "error" => {
                !spec.sent.is_empty()
            }
            _ => true,
        });
        let mut decoders = Vec::new();
        for item in &mut *items {
            match item {
                Item::Impl(block) if has_fn(block, "builder") => {
                    for item in &mut block.items {
                        if let ImplItem::Fn(method) = item {
                            set_doc(&mut method.attrs, "Begins a builder.");
                        }
                    }
                }
                Item::Struct(data) => {
                    let name = data.ident.to_string();
                    if spec.received.contains(&name) {
                        decoders.extend(decoder(data));
                        // Only decoding makes answers, so they may get more fields.
                        if !spec.sent.contains(&name) {
                            data.attrs.push(syn::parse_quote!(#[non_exhaustive]));
                        }
                    }
                }
                Item::Mod(module) if module.ident == "builder" => type_builders(spec, module),
                _ => {}
            }
        }
        items.extend(decoders);
    }
    Item::Mod(module)
}

pub(super) fn type_builders(spec: &Spec, module: &mut ItemMod) {
    set_doc(&mut module.attrs, "Builders of the types of requests.");
    let Some((_, items)) = &mut module.content else {
        return;
    };
    items.retain(|item| {
        let name = match item {
            Item::Struct(data) => data.ident.to_string(),
            Item::Impl(block) => {
                let text = block.self_ty.to_token_stream().to_string();
                text.rsplit(':')
                    .next()
                    .unwrap_or_default()
                    .trim()
                    .to_owned()
            }
            _ => return true,
        };
        spec.sent.contains(&name)
    });
    for item in items {
        match item {
            Item::Struct(data) => {
                let text = format!("Builds a [`{0}`](super::{0}).", data.ident);
                set_doc(&mut data.attrs, &text);
            }
            Item::Impl(block) if block.trait_.is_none() => {
                for item in &mut block.items {
                    if let ImplItem::Fn(method) = item {
                        let text = format!("Sets `{}`.", method.sig.ident);
                        set_doc(&mut method.attrs, &text);
                    }
                }
            }
            _ => {}
        }
    }
}

/// Removes serde's derived decoder, and makes one that reads each field tolerantly if its type
/// supports it.
fn decoder(data: &mut syn::ItemStruct) -> [Item; 2] {
    for attribute in &mut data.attrs {
        if attribute.path().is_ident("derive") {
            let kept = attribute.to_token_stream().to_string();
            let inner = kept
                .trim_start_matches("# [derive (")
                .trim_end_matches(")]")
                .split(',')
                .map(|name| name.replace(' ', ""))
                .filter(|name| !name.is_empty() && !name.ends_with("Deserialize"))
                .filter_map(|name| syn::parse_str::<syn::Path>(&name).ok());
            *attribute = syn::parse_quote!(#[derive(#(#inner),*)]);
        }
    }
    let mut arms: Vec<syn::Arm> = Vec::new();
    for field in &mut data.fields {
        let Some(ident) = field.ident.clone() else {
            continue;
        };
        let mut name = ident.to_string().trim_start_matches("r#").to_owned();
        for attribute in &field.attrs {
            if attribute.path().is_ident("serde") {
                // Ignore words of the attribute that are not relevant here.
                let _ = attribute.parse_nested_meta(|meta| {
                    let value = meta.value().and_then(|value| value.parse::<syn::LitStr>());
                    if let Ok(value) = value
                        && meta.path.is_ident("rename")
                    {
                        name = value.value();
                    }
                    Ok(())
                });
            }
        }
        let how = match is_tolerant(&field.ty) {
            true => quote!(tolerant),
            false => quote!(plain),
        };
        arms.push(syn::parse_quote!(#name => self.#ident = fields.#how()?,));
    }
    let ident = &data.ident;
    let received = syn::parse_quote! {
        impl ::openapi_transport::Received for #ident {
            fn set<'de, A: ::serde::de::MapAccess<'de>>(
                &mut self,
                name: &str,
                fields: &mut ::openapi_transport::Fields<A>,
            ) -> ::std::result::Result<(), A::Error> {
                match name {
                    #(#arms)*
                    _ => fields.unknown()?,
                }
                Ok(())
            }
        }
    };
    let decoded = syn::parse_quote! {
        impl<'de> ::serde::Deserialize<'de> for #ident {
            fn deserialize<D: ::serde::Deserializer<'de>>(
                deserializer: D,
            ) -> ::std::result::Result<Self, D::Error> {
                ::openapi_transport::received(deserializer)
            }
        }
    };
    [received, decoded]
}

/// Whether a type implements `openapi_transport::Tolerant`.
pub(super) fn is_tolerant(ty: &Type) -> bool {
    const INNER: [&str; 8] = [
        "i32",
        "i64",
        "bool",
        "::std::string::String",
        "::openapi_transport::Timestamp",
        "::openapi_transport::TextNumber",
        "::openapi_transport::EpochMillis",
        "::openapi_transport::EpochSeconds",
    ];
    let text = ty.to_token_stream().to_string().replace(' ', "");
    let inner = text
        .strip_prefix("::std::option::Option<")
        .and_then(|text| text.strip_suffix('>'));
    text.starts_with("::std::vec::Vec<")
        || text.starts_with("::std::collections::HashMap<")
        || text.starts_with("::serde_json::Map<")
        || inner.is_some_and(|inner| INNER.contains(&inner))
}

/// Returns the open enums.
pub(super) fn values(spec: &Spec) -> String {
    if spec.enums.is_empty() {
        return String::new();
    }
    let mut text = "/// Values that the vendor lists. An unlisted value is kept unchanged.\n\
                    pub mod values {\n"
        .to_owned();
    for (
        name,
        Enum {
            description,
            values,
        },
    ) in &spec.enums
    {
        text.push_str(&format!(
            "    ::openapi_transport::open_enum! {{\n        /// {}\n        pub enum {name} {{\n",
            description.trim()
        ));
        for value in values {
            text.push_str(&format!("            {} = {value:?},\n", variant(value)));
        }
        text.push_str("        }\n    }\n");
    }
    text.push_str("}\n");
    text
}

/// Returns the variant of a value: `InProgress` for `IN_PROGRESS`, `in_progress` and `InProgress`.
pub(super) fn variant(value: &str) -> String {
    let shouted = !value.chars().any(char::is_lowercase);
    value
        .split(|c: char| !c.is_alphanumeric())
        .flat_map(|word| {
            let mut chars = word.chars();
            let first = chars.next().into_iter().flat_map(char::to_uppercase);
            let rest: String = chars
                .flat_map(|c| {
                    let lower = shouted.then(|| c.to_lowercase());
                    let same = (!shouted).then_some(c);
                    lower.into_iter().flatten().chain(same)
                })
                .collect();
            first.chain(rest.chars().collect::<Vec<_>>())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variants_are_named_as_rust_names_them() {
        for (value, name) in [
            ("InProgress", "InProgress"),
            ("OSS_POLICY_UNAUTHORIZED", "OssPolicyUnauthorized"),
            ("waiting", "Waiting"),
            ("SUCCESS", "Success"),
            ("not-offered", "NotOffered"),
        ] {
            assert_eq!(variant(value), name);
        }
    }

    #[test]
    fn tolerance_covers_the_types_of_answers() {
        for (ty, tolerant) in [
            ("::std::option::Option<i64>", true),
            ("::std::vec::Vec<SyncTask>", true),
            ("::std::option::Option<SyncImage>", false),
            ("i64", false),
        ] {
            let parsed = syn::parse_str::<Type>(ty);
            assert_eq!(parsed.is_ok_and(|ty| is_tolerant(&ty)), tolerant, "{ty}");
        }
    }
}
