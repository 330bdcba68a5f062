//! Paging as data: how a listing is cut into pages, and the pages of a call by name.
//!
//! Nothing here loops over pages. The reader of a listing decides which page comes next.

use http::HeaderMap;
use serde_json::Value;

use crate::by_name::Call;
use crate::context::Context;
use crate::error::Error;
use crate::operation::Place;

/// How a listing is cut into pages: `x-paging` of its spec.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Paging {
    /// Meaning of the first parameter.
    pub kind: PagingKind,
    /// Parameter for the beginning of a page.
    pub start: &'static str,
    /// Parameter for the number of records of a page.
    pub size: Option<&'static str>,
    /// Place of the parameters in the request.
    pub place: Place,
    /// Form of the value of [`start`](Self::start) where that parameter holds both numbers, such as
    /// `limit::{size}|offset::{offset}`. A value may have other parts between `|`; they are kept.
    pub format: Option<&'static str>,
    /// Whether the service takes both parameters or neither.
    pub paired: bool,
    /// Whether the offset has to be a multiple of the size.
    pub aligned: bool,
    /// Path to the list of records, with periods between names. `None` if the answer is the list.
    pub items: Option<&'static str>,
    /// Where the number of all records is.
    pub total: Option<Spot>,
    /// Where the token of the next page is.
    pub next: Option<Spot>,
    /// Path to the value that identifies a record in the listing.
    pub key: Option<&'static str>,
}

/// Kind of value that says where a page begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PagingKind {
    /// Number of records before the page.
    Offset,
    /// Number of the page, from 1.
    Page,
    /// Token from the previous answer.
    Cursor,
}

/// Place in an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Spot {
    /// A field of the body: a path with periods between names.
    Field(&'static str),
    /// A header.
    Header(&'static str),
}

impl Paging {
    const fn new(kind: PagingKind, start: &'static str) -> Self {
        Self {
            kind,
            start,
            size: None,
            place: Place::Query,
            format: None,
            paired: false,
            aligned: false,
            items: None,
            total: None,
            next: None,
            key: None,
        }
    }

    /// Makes paging by the number of records before a page.
    #[must_use]
    pub const fn offset(parameter: &'static str) -> Self {
        Self::new(PagingKind::Offset, parameter)
    }

    /// Makes paging by page number.
    #[must_use]
    pub const fn page(parameter: &'static str) -> Self {
        Self::new(PagingKind::Page, parameter)
    }

    /// Makes paging by token.
    #[must_use]
    pub const fn cursor(parameter: &'static str, next: Spot) -> Self {
        let mut paging = Self::new(PagingKind::Cursor, parameter);
        paging.next = Some(next);
        paging
    }

    /// Sets the parameter for the number of records of a page.
    #[must_use]
    pub const fn size(mut self, parameter: &'static str) -> Self {
        self.size = Some(parameter);
        self
    }

    /// Sets the place of the parameters in the request.
    #[must_use]
    pub const fn place(mut self, place: Place) -> Self {
        self.place = place;
        self
    }

    /// Sets the [form](Self::format) of the value of one parameter that holds both numbers.
    #[must_use]
    pub const fn format(mut self, format: &'static str) -> Self {
        self.format = Some(format);
        self
    }

    /// Requires both parameters or neither.
    #[must_use]
    pub const fn paired(mut self) -> Self {
        self.paired = true;
        self
    }

    /// Requires an offset that is a multiple of the size.
    #[must_use]
    pub const fn aligned(mut self) -> Self {
        self.aligned = true;
        self
    }

    /// Sets the path to the list of records.
    #[must_use]
    pub const fn items(mut self, path: &'static str) -> Self {
        self.items = Some(path);
        self
    }

    /// Sets where the number of all records is.
    #[must_use]
    pub const fn total(mut self, spot: Spot) -> Self {
        self.total = Some(spot);
        self
    }

    /// Sets the path to the value that identifies a record.
    #[must_use]
    pub const fn key(mut self, path: &'static str) -> Self {
        self.key = Some(path);
        self
    }

    /// Returns the value that identifies a record: the one at [`key`](Self::key), else the whole
    /// record as JSON.
    pub fn key_of(&self, record: &Value) -> String {
        let value = self.key.and_then(|path| field(record, path));
        match value {
            Some(Value::String(text)) if !text.is_empty() => text.clone(),
            Some(value @ (Value::Number(_) | Value::Bool(_))) => value.to_string(),
            _ => record.to_string(),
        }
    }

    /// Returns the number in place of `name` in a value of the [form](Self::format).
    fn number_in(&self, value: &str, name: &str) -> Option<u64> {
        let parts = self.format?.split('|');
        let mut prefixes = parts.filter_map(|part| part.strip_suffix(name));
        let prefix = prefixes.next()?;
        let mut given = value
            .split('|')
            .filter_map(|part| part.strip_prefix(prefix));
        given.next()?.parse().ok()
    }

    /// Returns a value of the [form](Self::format) that keeps the other parts of `given`.
    fn formatted(&self, format: &str, given: &str, start: u64, size: u32) -> String {
        let prefix = |part: &str| part.split('{').next().unwrap_or_default().to_owned();
        let own: Vec<_> = format.split('|').map(prefix).collect();
        let is_other = |part: &&str| !part.is_empty() && !own.iter().any(|it| part.starts_with(it));
        let mut value = format.replace("{size}", &size.to_string());
        for name in ["{offset}", "{page}"] {
            value = value.replace(name, &start.to_string());
        }
        for part in given.split('|').filter(is_other) {
            value.push('|');
            value.push_str(part);
        }
        value
    }
}

/// Page that a call requests by its own parameters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RequestedPage {
    /// Number of records before it.
    pub offset: u64,
    /// Number of records on it, if the call sets it.
    pub size: Option<u32>,
    /// Its token, if the call has one.
    pub token: Option<String>,
}

/// One page of the answer to a call by name.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct AnsweredPage {
    /// The records.
    pub records: Vec<Value>,
    /// Number of all records, as the service reports it.
    pub total: Option<u64>,
    /// Token of the next page; `None` after the last.
    pub next: Option<String>,
}

impl Call {
    /// Returns the paging of the call.
    ///
    /// # Errors
    /// Of kind [`Invalid`](crate::ErrorKind::Invalid) if the call does not answer in pages.
    pub fn paging(&self) -> Result<Paging, Error> {
        let paging = self.operation().paging;
        paging.ok_or_else(|| self.invalid("does not answer in pages".to_owned()))
    }

    /// Returns the page that the parameters request. [default: the first page]
    ///
    /// # Errors
    /// As [`paging`](Self::paging).
    pub fn requested_page(&self) -> Result<RequestedPage, Error> {
        let paging = self.paging()?;
        let start = self.given(paging.start);
        let number = |text: Option<String>| text.and_then(|text| text.parse().ok());
        let (first, size) = match (paging.format, &start) {
            (Some(_), value) => {
                let value = value.as_deref().unwrap_or_default();
                let mut first = ["{offset}", "{page}"].into_iter();
                (
                    first.find_map(|name| paging.number_in(value, name)),
                    paging.number_in(value, "{size}"),
                )
            }
            (None, value) => (
                number(value.clone()),
                number(paging.size.and_then(|name| self.given(name))),
            ),
        };
        let size = size.and_then(|size| u32::try_from(size).ok());
        Ok(match paging.kind {
            PagingKind::Offset => RequestedPage {
                offset: first.unwrap_or(0),
                size,
                token: None,
            },
            // The size of a page without a size parameter is unknown.
            PagingKind::Page => RequestedPage {
                offset: first
                    .unwrap_or(1)
                    .saturating_sub(1)
                    .saturating_mul(size.unwrap_or(1).into()),
                size,
                token: None,
            },
            PagingKind::Cursor => RequestedPage {
                offset: 0,
                size,
                token: start.filter(|token| !token.is_empty()),
            },
        })
    }

    /// Returns the parameters and body fields that narrow the listing, sorted by name. Leaves out
    /// the paging parameters, and shows secrets as `***`.
    pub fn narrowing(&self) -> Vec<(String, String)> {
        let paging = self.operation().paging;
        let own = paging.map_or([None, None], |paging| [Some(paging.start), paging.size]);
        let own: Vec<&str> = own.into_iter().flatten().collect();
        let given = self.shown_parameters();
        let mut narrowing: Vec<(String, String)> = given
            .filter(|(name, _)| !own.contains(name))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        narrowing.sort();
        let body = self.shown_body(&own);
        narrowing.extend(body.map(|body| ("body".to_owned(), body.to_string())));
        narrowing
    }

    /// Returns the call for the page of `size` records after the first `offset` records. A page with
    /// a number begins at a multiple of the size.
    ///
    /// # Errors
    /// Those of [`paging`](Self::paging). Additionally, the value is invalid, or the service pages
    /// by token.
    pub fn at(&self, offset: u64, size: u32) -> Result<Self, Error> {
        let paging = self.paging()?;
        let start = match paging.kind {
            PagingKind::Offset => offset,
            PagingKind::Page => (offset / u64::from(size.max(1))).saturating_add(1),
            PagingKind::Cursor => {
                return Err(self.invalid("pages by token, not by offset".to_owned()));
            }
        };
        if let Some(format) = paging.format {
            let given = self.given(paging.start).unwrap_or_default();
            let value = paging.formatted(format, &given, start, size);
            return self.clone().parameter(paging.start, &value);
        }
        let call = self.clone().parameter(paging.start, &start.to_string())?;
        match paging.size {
            Some(name) => call.parameter(name, &size.to_string()),
            None => Ok(call),
        }
    }

    /// Returns the call for the page with this token, or for the first page. It has `size` records
    /// if the service takes a size.
    ///
    /// # Errors
    /// Those of [`paging`](Self::paging). Additionally, the value is invalid, or the service does
    /// not page by token.
    pub fn after(&self, token: Option<&str>, size: Option<u32>) -> Result<Self, Error> {
        let paging = self.paging()?;
        if paging.kind != PagingKind::Cursor {
            return Err(self.invalid("pages by offset, not by token".to_owned()));
        }
        let mut call = self.clone();
        if let Some(token) = token {
            call = call.parameter(paging.start, token)?;
        }
        match (paging.size, size) {
            (Some(name), Some(size)) => call.parameter(name, &size.to_string()),
            _ => Ok(call),
        }
    }

    /// Sends the call and reads the page from the answer.
    ///
    /// # Errors
    /// Those of [`send`](Self::send) and [`paging`](Self::paging).
    pub async fn send_page(&self, context: &Context) -> Result<AnsweredPage, Error> {
        let paging = self.paging()?;
        let (answer, headers) = self.answer(context).await?;
        Ok(page(&paging, answer, &headers))
    }
}

/// Reads a page from an answer. A value that is missing or of another type is absent, because a
/// service may omit an empty list.
fn page(paging: &Paging, mut answer: Value, headers: &HeaderMap) -> AnsweredPage {
    let at = |spot: Spot| match spot {
        Spot::Field(path) => field(&answer, path).and_then(scalar),
        Spot::Header(name) => {
            let value = headers.get(name)?.to_str().ok()?;
            Some(value.trim().to_owned())
        }
    };
    let total = paging.total.and_then(at).and_then(|text| {
        // In `Content-Range`, the total is after the slash.
        text.rsplit('/').next()?.trim().parse().ok()
    });
    // Services write an empty text or zero where there is no next page.
    let next = paging.next.and_then(at);
    let next = next.filter(|token| !token.is_empty() && token != "0");
    let records = match paging.items {
        None => Some(&mut answer),
        Some(path) => path
            .split('.')
            .try_fold(&mut answer, |value, name| value.get_mut(name)),
    };
    let records = match records.map(Value::take) {
        Some(Value::Array(records)) => records,
        _ => Vec::new(),
    };
    AnsweredPage {
        records,
        total,
        next,
    }
}

/// Returns a field of an answer, or of an object in it: `page_info.next_marker`.
fn field<'a>(answer: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.')
        .try_fold(answer, |value, name| value.get(name))
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use http::HeaderValue;
    use serde_json::json;

    use super::*;
    use crate::operation::{self, Access, Body, Operation, Parameter};

    fn body(value: &Value) -> Result<Value, String> {
        Ok(value.clone())
    }

    const fn operation(paging: Option<Paging>) -> Operation {
        const fn of(place: Place, name: &'static str) -> Parameter {
            Parameter::new(place, name, false, operation::parameter::<String>, "")
        }
        const PARAMETERS: &[Parameter] = &[
            of(Place::Query, "offset"),
            of(Place::Query, "limit"),
            of(Place::Query, "filter"),
            of(Place::Query, "marker"),
            of(Place::Header, "x-next"),
            of(Place::Body, "page.token"),
            of(Place::Body, "page.size").json(),
        ];
        Operation {
            id: "list_things",
            name: "ListThings",
            version: "v1",
            method: "GET",
            path: "/things",
            summary: "",
            family: "things",
            access: Access::Read,
            paging,
            accept: "application/json",
            envelope: None,
            signed: false,
            parameters: PARAMETERS,
            body: Some(Body {
                name: "Things",
                example: "{}",
                secrets: &[],
                content_type: "application/json",
                render: body,
            }),
        }
    }

    static OFFSET: Operation = operation(Some(Paging::offset("offset").size("limit")));
    static PAGE: Operation = operation(Some(Paging::page("offset").size("limit")));
    static FILTER: Operation = operation(Some(
        Paging::offset("filter").format("limit::{size}|offset::{offset}"),
    ));
    static MARKER: Operation = operation(Some(
        Paging::cursor("marker", Spot::Field("next")).size("limit"),
    ));
    static HEADER: Operation = operation(Some(
        Paging::cursor("x-next", Spot::Header("x-next")).place(Place::Header),
    ));
    static BODY: Operation = operation(Some(
        Paging::cursor("page.token", Spot::Field("page.next"))
            .size("page.size")
            .place(Place::Body),
    ));
    static NONE: Operation = operation(None);

    fn call(operation: &'static Operation, given: &[(&str, &str)]) -> Call {
        let given = given.iter();
        given.fold(Call::new(operation), |call, (name, value)| {
            call.parameter(name, value).unwrap()
        })
    }

    fn set(call: &Call, names: &[&str]) -> Vec<String> {
        let values = names.iter().map(|name| call.given(name));
        values.map(Option::unwrap_or_default).collect()
    }

    #[test]
    fn a_page_sets_its_parameters() {
        let order = [("filter", "offset::7|order::asc|limit::5")];
        for (operation, given, names, expected) in [
            (
                &OFFSET,
                &[][..],
                &["offset", "limit"][..],
                &["40", "20"][..],
            ),
            (
                &OFFSET,
                &[("limit", "9")],
                &["offset", "limit"],
                &["40", "20"],
            ),
            (&PAGE, &[], &["offset", "limit"], &["3", "20"]),
            (&FILTER, &[], &["filter"], &["limit::20|offset::40"]),
            (
                &FILTER,
                &order,
                &["filter"],
                &["limit::20|offset::40|order::asc"],
            ),
        ] {
            let call = call(operation, given).at(40, 20).unwrap();
            assert_eq!(set(&call, names), expected, "{:?}", operation.paging);
        }
        for (operation, names, expected) in [
            (&MARKER, &["marker", "limit"][..], &["t2", "20"][..]),
            (&HEADER, &["x-next"], &["t2"]),
            (&BODY, &["page.token", "page.size"], &["t2", "20"]),
        ] {
            let call = call(operation, &[]).after(Some("t2"), Some(20)).unwrap();
            assert_eq!(set(&call, names), expected, "{:?}", operation.paging);
        }
        let first = call(&MARKER, &[]).after(None, None).unwrap();
        assert_eq!(set(&first, &["marker", "limit"]), ["", ""]);
        for (error, says) in [
            (
                call(&NONE, &[]).at(0, 1).unwrap_err(),
                "does not answer in pages",
            ),
            (call(&MARKER, &[]).at(0, 1).unwrap_err(), "pages by token"),
            (
                call(&OFFSET, &[]).after(None, None).unwrap_err(),
                "pages by offset",
            ),
        ] {
            assert!(error.to_string().contains(says), "{error}");
        }
    }

    #[test]
    fn a_call_says_which_page_it_asks_for() {
        for (operation, given, offset, size, token) in [
            (&OFFSET, &[][..], 0, None, None),
            (
                &OFFSET,
                &[("offset", "7"), ("limit", "5")],
                7,
                Some(5),
                None,
            ),
            (&PAGE, &[("offset", "3"), ("limit", "5")], 10, Some(5), None),
            (&PAGE, &[("offset", "0")], 0, None, None),
            (
                &FILTER,
                &[("filter", "order::asc|offset::7|limit::5")],
                7,
                Some(5),
                None,
            ),
            (
                &OFFSET,
                &[("offset", "many"), ("limit", "-1")],
                0,
                None,
                None,
            ),
            (
                &MARKER,
                &[("marker", "t1"), ("limit", "5")],
                0,
                Some(5),
                Some("t1"),
            ),
        ] {
            let found = call(operation, given).requested_page().unwrap();
            let expected = RequestedPage {
                offset,
                size,
                token: token.map(str::to_owned),
            };
            assert_eq!(found, expected, "{given:?}");
        }
    }

    #[test]
    fn a_listing_is_narrowed_by_all_but_its_page() {
        let paged = [
            ("marker", "m"),
            ("limit", "5"),
            ("filter", "f"),
            ("x-next", "x"),
        ];
        let text = |call: &Call| format!("{:?}", call.narrowing());
        assert_eq!(
            text(&call(&MARKER, &paged)),
            r#"[("filter", "f"), ("x-next", "x")]"#
        );
        let body = json!({"name": "a", "page": {"token": "t", "size": 5}, "sort": {"by": "id"}});
        let listing = Call::new(&BODY).body(&body).unwrap();
        let listing = listing.after(Some("t2"), Some(7)).unwrap();
        let expected = r#"[("body", "{\"name\":\"a\",\"page\":{},\"sort\":{\"by\":\"id\"}}")]"#;
        assert_eq!(text(&listing), expected);
        let whole = listing.given("page.token").zip(listing.given("page.size"));
        assert_eq!(whole, Some(("t2".to_owned(), "7".to_owned())));
    }

    #[test]
    fn a_page_is_where_the_spec_says() {
        let headers = |name: &'static str, value: &str| {
            let value = HeaderValue::from_str(value).unwrap();
            HeaderMap::from_iter([(http::HeaderName::from_static(name), value)])
        };
        let none = HeaderMap::new;
        let offset = Paging::offset("offset");
        let dotted = offset
            .items("Response.Things")
            .total(Spot::Field("Response.Total"));
        let header = offset.total(Spot::Header("X-Total-Count"));
        let range = offset.total(Spot::Header("Content-Range"));
        let cursor = Paging::cursor("marker", Spot::Field("next")).items("things");
        let link = Paging::cursor("marker", Spot::Header("X-Next"));
        for (paging, answer, headers, records, total, next) in [
            (offset, json!([1, 2]), none(), 2, None, None),
            (offset, json!({"things": [1]}), none(), 0, None, None),
            (
                dotted,
                json!({"Response": {"Things": [1], "Total": 7}}),
                none(),
                1,
                Some(7),
                None,
            ),
            (
                dotted,
                json!({"Response": {"Things": null, "Total": "7"}}),
                none(),
                0,
                Some(7),
                None,
            ),
            (dotted, json!({"Response": []}), none(), 0, None, None),
            (
                dotted,
                json!({"Response": {"Total": -1}}),
                none(),
                0,
                None,
                None,
            ),
            (
                header,
                json!([1]),
                headers("x-total-count", "12"),
                1,
                Some(12),
                None,
            ),
            (
                header,
                json!([1]),
                headers("x-total-count", "many"),
                1,
                None,
                None,
            ),
            (
                range,
                json!([1]),
                headers("content-range", "0-1/12"),
                1,
                Some(12),
                None,
            ),
            (
                range,
                json!([1]),
                headers("content-range", "items 0-1/*"),
                1,
                None,
                None,
            ),
            (
                cursor,
                json!({"things": [1], "next": "a"}),
                none(),
                1,
                None,
                Some("a"),
            ),
            (
                cursor,
                json!({"things": [1], "next": 5}),
                none(),
                1,
                None,
                Some("5"),
            ),
            (
                cursor,
                json!({"things": [1], "next": ""}),
                none(),
                1,
                None,
                None,
            ),
            (
                cursor,
                json!({"things": [1], "next": 0}),
                none(),
                1,
                None,
                None,
            ),
            (
                cursor,
                json!({"things": [1], "next": null}),
                none(),
                1,
                None,
                None,
            ),
            (cursor, Value::Null, none(), 0, None, None),
            (link, json!([1]), headers("x-next", "a"), 1, None, Some("a")),
        ] {
            let shown = answer.to_string();
            let page = page(&paging, answer, &headers);
            assert_eq!(page.records.len(), records, "{shown}");
            assert_eq!(page.total, total, "{shown}");
            assert_eq!(page.next.as_deref(), next, "{shown}");
        }
    }

    #[test]
    fn a_record_is_told_by_its_key_or_as_a_whole() {
        let paging = Paging::offset("offset");
        let dotted = paging.key("meta.id");
        for (paging, record, expected) in [
            (dotted, json!({"meta": {"id": 7}, "x": 1}), "7"),
            (dotted, json!({"meta": {"id": "a"}}), "a"),
            (dotted, json!({"meta": {"id": ""}}), r#"{"meta":{"id":""}}"#),
            (dotted, json!({"meta": {}}), r#"{"meta":{}}"#),
            (dotted, json!("j1"), r#""j1""#),
            (paging, json!({"a": 1}), r#"{"a":1}"#),
        ] {
            assert_eq!(paging.key_of(&record), expected);
        }
    }
}
