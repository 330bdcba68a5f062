//! Outline of the generated clients' public API as a snapshot, which shows the effects of changes of a
//! spec.

use std::fmt::Write;
use std::path::Path;

use insta::assert_snapshot;
use quote::ToTokens;
use registry_tests::service::{self, Service};
use syn::{Fields, ImplItem, Item, ItemImpl, ReturnType, Type, Visibility};

/// Returns the text of a service's generated client.
fn generated(service: &Service) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../crates")
        .join(service.client())
        .join(format!("src/generated/{}.rs", service.service()));
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn outlines() {
    for service in service::all() {
        let file = syn::parse_file(&generated(service)).unwrap();
        assert_snapshot!(service.name.replace('/', "-"), outline(&file));
    }
}

#[test]
fn every_generated_file_says_where_it_comes_from() {
    for service in service::all() {
        let text = generated(service);
        let first = text.lines().next().unwrap();
        let spec = format!("from specs/{}.yaml (sha256 ", service.name);
        assert!(first.contains(&spec), "{first}");
    }
}

fn outline(file: &syn::File) -> String {
    let mut text = String::new();
    for item in &file.items {
        if let Item::Mod(module) = item
            && module.ident == "builder"
        {
            for item in content(module) {
                if let Item::Impl(block) = item {
                    operation(&mut text, block);
                }
            }
        }
    }
    for item in &file.items {
        if let Item::Mod(module) = item {
            match module.ident.to_string().as_str() {
                "types" => types(&mut text, content(module)),
                "values" => content(module)
                    .iter()
                    .for_each(|item| value(&mut text, item)),
                _ => {}
            }
        }
    }
    text
}

fn content(module: &syn::ItemMod) -> &[Item] {
    module.content.as_ref().map_or(&[], |(_, items)| items)
}

fn operation(text: &mut String, block: &ItemImpl) {
    let Type::Path(path) = &*block.self_ty else {
        return;
    };
    let name = &path.path.segments.last().unwrap().ident;
    let mut parameters = String::new();
    let mut answer = String::new();
    for item in &block.items {
        let ImplItem::Fn(method) = item else { continue };
        match method.sig.ident.to_string().as_str() {
            "new" => {}
            "send" => {
                if let ReturnType::Type(_, ty) = &method.sig.output {
                    answer = short(ty);
                }
            }
            name => {
                let bound = method.sig.generics.where_clause.as_ref().unwrap();
                let bound = short(bound.predicates.first().unwrap());
                writeln!(parameters, "    {name}: {}", inner(&bound, "TryInto")).unwrap();
            }
        }
    }
    let answer = inner(&answer, "ResponseValue");
    writeln!(text, "call {name} -> {answer}\n{parameters}").unwrap();
}

fn types(text: &mut String, items: &[Item]) {
    for item in items {
        if let Item::Struct(data) = item {
            writeln!(text, "struct {}", data.ident).unwrap();
            if let Fields::Named(fields) = &data.fields {
                for field in &fields.named {
                    assert!(matches!(field.vis, Visibility::Public(_)));
                    let name = field.ident.as_ref().unwrap();
                    writeln!(text, "    {name}: {}", short(&field.ty)).unwrap();
                }
            }
            text.push('\n');
        }
    }
}

/// Writes an open enum, which is a macro call.
fn value(text: &mut String, item: &Item) {
    let Item::Macro(call) = item else { return };
    let body = call.mac.tokens.to_string();
    let body = body.split("pub enum ").nth(1).unwrap();
    writeln!(
        text,
        "enum {}\n",
        body.split_whitespace().collect::<Vec<_>>().join(" ")
    )
    .unwrap();
}

/// Returns tokens without the paths before names.
fn short(tokens: &impl ToTokens) -> String {
    let text = tokens.to_token_stream().to_string().replace(' ', "");
    let mut short = String::new();
    for part in text.split_inclusive(['<', '>', ',', ':', '(', ')']) {
        if part == ":" {
            while short.ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':') {
                short.pop();
            }
        } else {
            short.push_str(part);
        }
    }
    // Long types are broken over lines with a comma at the end.
    short.replace(",>", ">").replace(",)", ")")
}

/// Returns the text in the angle brackets after `name`.
fn inner(text: &str, name: &str) -> String {
    let Some((_, rest)) = text.split_once(&format!("{name}<")) else {
        return text.to_owned();
    };
    let mut depth = 1;
    rest.chars()
        .take_while(|c| {
            depth += match c {
                '<' => 1,
                '>' => -1,
                _ => 0,
            };
            depth > 0
        })
        .collect()
}
