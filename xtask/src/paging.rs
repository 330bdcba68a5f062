//! `x-paging` of a spec: how a listing is cut into pages.

use std::fmt;

use proc_macro2::TokenStream;
use quote::quote;
use serde_json::Value;

use crate::spec::object;

/// Keys of `x-paging`.
const KEYS: [&str; 11] = [
    "offset", "page", "cursor", "size", "in", "format", "paired", "aligned", "items", "total",
    "next",
];

/// `x-paging` of one operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Paging {
    pub(crate) kind: Kind,
    /// Parameter for the beginning of a page.
    pub(crate) start: String,
    /// Parameter for the number of records of a page.
    pub(crate) size: Option<String>,
    /// `query`, `header` or `body`.
    pub(crate) place: String,
    pub(crate) format: Option<String>,
    pub(crate) paired: bool,
    pub(crate) aligned: bool,
    pub(crate) items: Option<String>,
    pub(crate) total: Option<Spot>,
    pub(crate) next: Option<Spot>,
    pub(crate) key: Option<String>,
}

/// Kind of value that says where a page begins. The names are the keys of `x-paging`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Offset,
    Page,
    Cursor,
}

/// Place in an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Spot {
    Field(String),
    Header(String),
}

impl Kind {
    const ALL: [Self; 3] = [Self::Offset, Self::Page, Self::Cursor];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Offset => "offset",
            Self::Page => "page",
            Self::Cursor => "cursor",
        }
    }
}

impl fmt::Display for Paging {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} `{}`", self.kind.name(), self.start)?;
        if let Some(size) = &self.size {
            write!(f, " and size `{size}`")?;
        }
        if let Some(format) = &self.format {
            write!(f, " of the form `{format}`")?;
        }
        if self.place != "query" {
            write!(f, " in the {}", self.place)?;
        }
        if self.paired {
            f.write_str(", only as a pair")?;
        }
        if self.aligned {
            f.write_str(", aligned")?;
        }
        Ok(())
    }
}

impl Paging {
    /// Reads the value of `x-paging`, or returns all problems that need no other part of the spec.
    pub(crate) fn read(value: &Value) -> Result<Self, Vec<String>> {
        let mut wrong = Vec::new();
        for (key, _) in object(Some(value)) {
            if !KEYS.contains(&key.as_str()) && key != "key" {
                let known = KEYS.join(", ");
                wrong.push(format!("unknown key {key}; use one of {known} or key"));
            }
        }
        let mut text = |key: &str| match value.get(key) {
            None => None,
            Some(Value::String(text)) if !text.is_empty() => Some(text.clone()),
            Some(other) => {
                wrong.push(format!("invalid {key} {other}; name a parameter or field"));
                None
            }
        };
        let kinds = Kind::ALL.map(|kind| text(kind.name()).map(|start| (kind, start)));
        let kinds: Vec<_> = kinds.into_iter().flatten().collect();
        let (size, place, format) = (text("size"), text("in"), text("format"));
        let (items, key) = (text("items"), text("key"));
        let mut spot = |key: &str| match value.get(key) {
            None => None,
            Some(Value::String(path)) => Some(Spot::Field(path.clone())),
            Some(other) => match other.get("header").and_then(Value::as_str) {
                Some(header) => Some(Spot::Header(header.to_owned())),
                None => {
                    wrong.push(format!(
                        "invalid {key} {other}; write a field's path or {{ header: NAME }}"
                    ));
                    None
                }
            },
        };
        let (total, next) = (spot("total"), spot("next"));
        let mut flag = |key: &str| match value.get(key) {
            None => false,
            Some(Value::Bool(true)) => true,
            Some(other) => {
                wrong.push(format!("invalid {key} {other}; write true or leave it out"));
                false
            }
        };
        let (paired, aligned) = (flag("paired"), flag("aligned"));
        let place = place.unwrap_or_else(|| "query".to_owned());
        if !["query", "header", "body"].contains(&place.as_str()) {
            wrong.push(format!("invalid in {place:?}; use query, header or body"));
        }
        let [(kind, start)] = kinds.as_slice() else {
            wrong.push(
                "unknown kind; name the parameter under one of offset, page or cursor".into(),
            );
            return Err(wrong);
        };
        let (kind, start) = (*kind, start.clone());
        if next.is_some() != (kind == Kind::Cursor) {
            wrong.push("next belongs to cursor; give both or neither".into());
        }
        if kind == Kind::Cursor && (format.is_some() || total.is_some()) {
            wrong.push("cursor takes neither format nor total; take them out".into());
        }
        if paired && size.is_none() {
            wrong.push("paired needs a size; give the parameter".into());
        }
        if aligned && (kind != Kind::Offset || !paired) {
            wrong.push("aligned belongs to an offset that is paired; correct one of them".into());
        }
        if let Some(format) = &format {
            let first = format!("{{{}}}", kind.name());
            if size.is_some() {
                wrong.push("format has the size in it; take size out".into());
            }
            for name in [first.as_str(), "{size}"] {
                let parts = format.split('|').filter(|part| {
                    part.strip_suffix(name)
                        .is_some_and(|before| !before.is_empty() && !before.contains('{'))
                });
                if parts.count() != 1 {
                    wrong.push(format!(
                        "format has no part that ends in {name}; write NAME::{name} between |"
                    ));
                }
            }
        }
        if !wrong.is_empty() {
            return Err(wrong);
        }
        Ok(Self {
            kind,
            start,
            size,
            place,
            format,
            paired,
            aligned,
            items,
            total,
            next,
            key,
        })
    }

    /// Returns the parameters that paging sets.
    pub(crate) fn parameters(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.start.as_str()).chain(self.size.as_deref())
    }

    /// Returns the part about requests, without the fields of answers.
    pub(crate) fn request(self) -> Self {
        Self {
            items: None,
            total: None,
            next: None,
            key: None,
            ..self
        }
    }

    /// Returns the expression that makes `openapi_transport::Paging`.
    pub(crate) fn tokens(&self) -> TokenStream {
        let start = &self.start;
        let spot = |spot: &Spot| match spot {
            Spot::Field(path) => quote!(Spot::Field(#path)),
            Spot::Header(name) => quote!(Spot::Header(#name)),
        };
        let mut tokens = match (self.kind, &self.next) {
            (Kind::Offset, _) => quote!(Paging::offset(#start)),
            (Kind::Page, _) => quote!(Paging::page(#start)),
            (Kind::Cursor, next) => {
                let next = next.as_ref().map(spot);
                quote!(Paging::cursor(#start, #next))
            }
        };
        if let Some(size) = &self.size {
            tokens.extend(quote!(.size(#size)));
        }
        match self.place.as_str() {
            "header" => tokens.extend(quote!(.place(Place::Header))),
            "body" => tokens.extend(quote!(.place(Place::Body))),
            _ => {}
        }
        if let Some(format) = &self.format {
            tokens.extend(quote!(.format(#format)));
        }
        if self.paired {
            tokens.extend(quote!(.paired()));
        }
        if self.aligned {
            tokens.extend(quote!(.aligned()));
        }
        if let Some(items) = &self.items {
            tokens.extend(quote!(.items(#items)));
        }
        if let Some(total) = &self.total {
            let total = spot(total);
            tokens.extend(quote!(.total(#total)));
        }
        if let Some(key) = &self.key {
            tokens.extend(quote!(.key(#key)));
        }
        tokens
    }
}
