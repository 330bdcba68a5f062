//! Public API of a generated file, as far as a change of a spec can change it.

use std::collections::BTreeMap;

use quote::ToTokens;
use syn::visit_mut::{self, VisitMut};
use syn::{
    Attribute, Fields, GenericParam, ImplItem, Item, ItemImpl, ReturnType, Type, WherePredicate,
};

/// Public API of a generated file.
#[derive(Debug, Default)]
pub(super) struct Api {
    /// Calls by their method of `Client`.
    pub(super) calls: BTreeMap<String, Call>,
    pub(super) structs: BTreeMap<String, Struct>,
    /// Open enums: the variants by their text on the wire.
    pub(super) enums: BTreeMap<String, BTreeMap<String, String>>,
    /// Other types, by name, with their code.
    pub(super) others: BTreeMap<String, String>,
}

/// Call: its setters with their argument types, and its answer type.
#[derive(Debug, Default)]
pub(super) struct Call {
    pub(super) setters: BTreeMap<String, String>,
    pub(super) answer: String,
}

/// Struct with public fields.
#[derive(Debug, Default)]
pub(super) struct Struct {
    /// Types of the fields, by the fields' names.
    pub(super) fields: BTreeMap<String, String>,
    /// Names on the wire, by the fields' names, where they differ.
    pub(super) renamed: BTreeMap<String, String>,
    /// Whether it is `non_exhaustive`.
    pub(super) open: bool,
    pub(super) default: bool,
}

impl Api {
    pub(super) fn read(code: &str) -> Result<Self, String> {
        let file = syn::parse_file(code).map_err(|error| error.to_string())?;
        let mut api = Self::default();
        let mut answers = BTreeMap::new();
        for item in &file.items {
            match item {
                Item::Impl(block) if is(&block.self_ty, "Client") && block.trait_.is_none() => {
                    for (method, builder) in methods(block) {
                        answers.insert(builder, method);
                    }
                }
                Item::Mod(module) => {
                    let items = module.content.as_ref().map_or(&[][..], |(_, items)| items);
                    match module.ident.to_string().as_str() {
                        "types" => items.iter().for_each(|item| api.add_type(item)),
                        "values" => items.iter().for_each(|item| api.add_enum(item)),
                        "builder" => items.iter().for_each(|item| api.add_call(item)),
                        _ => {}
                    }
                }
                _ => {}
            }
        }
        let calls = std::mem::take(&mut api.calls);
        api.calls = calls
            .into_iter()
            .filter_map(|(builder, call)| Some((answers.get(&builder)?.clone(), call)))
            .collect();
        Ok(api)
    }

    fn add_call(&mut self, item: &Item) {
        let Item::Impl(block) = item else { return };
        let name = last(&block.self_ty);
        let call = self.calls.entry(name).or_default();
        for item in &block.items {
            let ImplItem::Fn(method) = item else { continue };
            match method.sig.ident.to_string().as_str() {
                "new" | "body_map" => {}
                "send" => {
                    if let ReturnType::Type(_, ty) = &method.sig.output {
                        let text = short(ty);
                        let answer = inside(&text, "ResponseValue").unwrap_or(&text);
                        call.answer = answer.to_owned();
                    }
                }
                name => {
                    call.setters.insert(name.to_owned(), taken(method));
                }
            }
        }
    }

    fn add_type(&mut self, item: &Item) {
        match item {
            Item::Struct(data) => {
                let mut found = Struct {
                    open: data
                        .attrs
                        .iter()
                        .any(|a| a.path().is_ident("non_exhaustive")),
                    default: derives(&data.attrs, "Default"),
                    ..Struct::default()
                };
                match &data.fields {
                    Fields::Named(fields) => {
                        for field in &fields.named {
                            let Some(name) = &field.ident else { continue };
                            let name = name.to_string();
                            if let Some(wire) = serde_name(&field.attrs) {
                                found.renamed.insert(name.clone(), wire);
                            }
                            found.fields.insert(name, short(&field.ty));
                        }
                        self.structs.insert(data.ident.to_string(), found);
                    }
                    // The text of a newtype shows its content; its checks are in the spec.
                    fields => {
                        let text = text_of(fields);
                        self.others.insert(data.ident.to_string(), text);
                    }
                }
            }
            Item::Enum(data) => {
                let mut data = data.clone();
                NoDocs.visit_item_enum_mut(&mut data);
                self.others.insert(data.ident.to_string(), text_of(&data));
            }
            Item::Type(data) => {
                self.others.insert(data.ident.to_string(), short(&data.ty));
            }
            Item::Impl(block) if has_default(block) => {
                if let Some(found) = self.structs.get_mut(&last(&block.self_ty)) {
                    found.default = true;
                }
            }
            _ => {}
        }
    }

    /// Adds an `open_enum! { pub enum NAME { Variant = "TEXT", … } }`.
    fn add_enum(&mut self, item: &Item) {
        let Item::Macro(call) = item else { return };
        let text = call.mac.tokens.to_string();
        let Some((name, variants)) = text
            .rsplit_once("pub enum ")
            .and_then(|(_, text)| text.split_once('{'))
        else {
            return;
        };
        let variants = variants.trim_end().trim_end_matches('}');
        let variants = variants
            .split(',')
            .filter_map(|pair| {
                let (variant, text) = pair.split_once('=')?;
                let text = text.trim().trim_matches('"').to_owned();
                Some((text, variant.trim().to_owned()))
            })
            .collect();
        self.enums.insert(name.trim().to_owned(), variants);
    }
}

/// Returns the methods of `Client` and the builders that they begin.
fn methods(block: &ItemImpl) -> impl Iterator<Item = (String, String)> {
    block.items.iter().filter_map(|item| {
        let ImplItem::Fn(method) = item else {
            return None;
        };
        match &method.sig.output {
            ReturnType::Type(_, ty) => Some((method.sig.ident.to_string(), last(ty))),
            ReturnType::Default => None,
        }
    })
}

/// Returns the argument type of a setter: `T` of `V: TryInto<T>`.
fn taken(method: &syn::ImplItemFn) -> String {
    let generics = &method.sig.generics;
    let bounds = generics.params.iter().filter_map(|param| match param {
        GenericParam::Type(param) => Some(&param.bounds),
        _ => None,
    });
    let clauses = generics
        .where_clause
        .iter()
        .flat_map(|clause| &clause.predicates);
    let clauses = clauses.filter_map(|predicate| match predicate {
        WherePredicate::Type(predicate) => Some(&predicate.bounds),
        _ => None,
    });
    bounds
        .chain(clauses)
        .flatten()
        .find_map(|bound| inside(&short(bound), "TryInto").map(str::to_owned))
        .unwrap_or_default()
}

fn is(ty: &Type, name: &str) -> bool {
    matches!(ty, Type::Path(path) if path.path.is_ident(name))
}

fn last(ty: &Type) -> String {
    match ty {
        Type::Path(path) => path.path.segments.last().map(|last| last.ident.to_string()),
        _ => None,
    }
    .unwrap_or_default()
}

fn has_default(block: &ItemImpl) -> bool {
    let path = block.trait_.as_ref().map(|(path, _)| path);
    path.and_then(|path| path.segments.last())
        .is_some_and(|last| last.ident == "Default")
}

fn derives(attributes: &[Attribute], name: &str) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("derive")
            && text_of(attribute)
                .split(|c: char| !c.is_alphanumeric())
                .any(|word| word == name)
    })
}

/// Returns `x` of `#[serde(rename = "x")]`.
fn serde_name(attributes: &[Attribute]) -> Option<String> {
    attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("serde"))
        .find_map(|attribute| {
            let text = text_of(attribute);
            let (_, rest) = text.split_once("rename = \"")?;
            rest.split('"').next().map(str::to_owned)
        })
}

/// Returns the text in the angle brackets after `name`, up to its first comma.
fn inside<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(&format!("{name}<"))?;
    let mut depth = 1;
    let end = rest.find(|c| {
        depth += match c {
            '<' => 1,
            '>' => -1,
            _ => 0,
        };
        depth == 0
    })?;
    rest.get(..end)
}

fn text_of(tokens: &impl ToTokens) -> String {
    tokens.to_token_stream().to_string()
}

/// Returns a type without the paths before names.
fn short(tokens: &impl ToTokens) -> String {
    let tokens = tokens.to_token_stream();
    let text = match syn::parse2::<Type>(tokens.clone()) {
        Ok(mut ty) => {
            LastSegment.visit_type_mut(&mut ty);
            text_of(&ty)
        }
        Err(_) => match syn::parse2::<syn::TypeParamBound>(tokens.clone()) {
            Ok(mut bound) => {
                LastSegment.visit_type_param_bound_mut(&mut bound);
                text_of(&bound)
            }
            Err(_) => tokens.to_string(),
        },
    };
    text.replace(' ', "").replace(",>", ">").replace(',', ", ")
}

struct LastSegment;

impl VisitMut for LastSegment {
    fn visit_path_mut(&mut self, path: &mut syn::Path) {
        visit_mut::visit_path_mut(self, path);
        if let Some(last) = path.segments.last().cloned() {
            *path = last.into();
        }
    }
}

struct NoDocs;

impl VisitMut for NoDocs {
    fn visit_attributes_mut(&mut self, attributes: &mut Vec<Attribute>) {
        attributes.retain(|attribute| !attribute.path().is_ident("doc"));
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_generated_file_is_read() {
        let api = Api::read(
            r#"
            pub mod types {
                #[derive(Clone, Default)]
                pub struct Page {
                    #[serde(rename = "TotalCount", default)]
                    pub total_count: ::std::option::Option<::openapi_transport::TextNumber>,
                }
                #[non_exhaustive]
                pub struct Open { pub list: ::std::vec::Vec<Page> }
            }
            impl Client {
                pub fn list_things(&self) -> builder::ListThings<'_> {}
            }
            pub mod builder {
                impl<'a> ListThings<'a> {
                    pub fn new(client: &'a super::Client) -> Self {}
                    pub fn limit<V>(mut self, value: V) -> Self
                    where
                        V: std::convert::TryInto<::openapi_transport::Bounded<1, 100>>,
                        V::Error: ::std::fmt::Display {}
                    pub async fn send(self) -> Result<ResponseValue<types::Page>, Error<()>> {}
                }
            }
            pub mod values {
                ::openapi_transport::open_enum! {
                    /// A state, pub enum or not.
                    pub enum State { Ready = "READY", Done = "DONE" }
                }
            }"#,
        )
        .unwrap();
        let call = &api.calls["list_things"];
        assert_eq!(call.setters["limit"], "Bounded<1, 100>");
        assert_eq!(call.answer, "Page");
        let page = &api.structs["Page"];
        assert_eq!(page.fields["total_count"], "Option<TextNumber>");
        assert_eq!(page.renamed["total_count"], "TotalCount");
        assert!(page.default && !page.open);
        assert!(api.structs["Open"].open);
        assert_eq!(api.structs["Open"].fields["list"], "Vec<Page>");
        assert_eq!(api.enums["State"]["DONE"], "Done");
    }
}
