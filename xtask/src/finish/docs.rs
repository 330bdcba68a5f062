//! Doc comments.

use syn::visit_mut::VisitMut;
use syn::{Attribute, Expr, Meta};

pub(super) fn doc(text: &str) -> Attribute {
    syn::parse_quote!(#[doc = #text])
}

pub(super) fn set_doc(attributes: &mut Vec<Attribute>, text: &str) {
    attributes.retain(|attribute| !attribute.path().is_ident("doc"));
    attributes.insert(0, doc(text));
}

/// Doc comments as lines, without typify's copy of the schema.
pub(super) struct DocLines;

impl VisitMut for DocLines {
    fn visit_attributes_mut(&mut self, attributes: &mut Vec<Attribute>) {
        if attributes
            .iter()
            .any(|attribute| matches!(attribute.style, syn::AttrStyle::Inner(_)))
        {
            return;
        }
        let (mut lines, mut others) = (Vec::new(), Vec::new());
        for attribute in attributes.drain(..) {
            match doc_text(&attribute) {
                None => others.push(attribute),
                Some(text) => {
                    let text = text
                        .split("<details>")
                        .next()
                        .unwrap_or_default()
                        .trim_end();
                    let space = if text.starts_with(' ') { "" } else { " " };
                    for line in text.lines() {
                        lines.push(doc(format!("{space}{line}").trim_end()));
                    }
                }
            }
        }
        lines.append(&mut others);
        *attributes = lines;
    }
}

pub(super) fn doc_text(attribute: &Attribute) -> Option<String> {
    let Meta::NameValue(pair) = &attribute.meta else {
        return None;
    };
    let Expr::Lit(syn::ExprLit {
        lit: syn::Lit::Str(text),
        ..
    }) = &pair.value
    else {
        return None;
    };
    pair.path.is_ident("doc").then(|| text.value())
}
