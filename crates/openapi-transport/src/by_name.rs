//! Calls by the vendor's name, with texts for parameters and JSON for bodies and answers: for
//! programs that do not know at compile time what they will call.
//!
//! Parameters and bodies are checked by the very types that the generated calls take, and the
//! request leaves by the same way out.

use std::fmt;
use std::hash::{DefaultHasher, Hasher};
use std::io;

use http::header::{self, HeaderName, HeaderValue};
use http::{HeaderMap, Method};
use reqwest::Request;
use serde_json::Value;

use crate::attempt;
use crate::context::Context;
use crate::error::Error;
use crate::execute::execute;
use crate::operation::{Operation, Paging, Parameter, Place};
use crate::response_error;
use crate::rfc3986;

/// One call of an operation that is known by its table's row.
#[derive(Clone)]
pub struct Call {
    operation: &'static Operation,
    /// Rendered.
    given: Vec<(&'static Parameter, String)>,
    body: Option<Value>,
}

/// What stands for a secret value.
const MASK: &str = "***";

/// A request as it would leave, without secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PreviewedRequest {
    /// `POST`.
    pub method: String,
    /// With the query, encoded as it is sent.
    pub url: String,
    /// In the order of their names; a secret value is `***`.
    pub headers: Vec<(String, String)>,
    /// The body, if there is one.
    pub body: Option<Value>,
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let given = self.given.iter().map(|(parameter, value)| {
            let value = if parameter.secret {
                MASK
            } else {
                value.as_str()
            };
            (parameter.name, value)
        });
        let body = self.body.as_ref().map(|body| self.without_secrets(body));
        f.debug_struct("Call")
            .field("operation", &self.operation.name)
            .field("given", &given.collect::<Vec<_>>())
            .field("body", &body)
            .finish()
    }
}

impl Call {
    /// A call without parameters yet.
    pub fn new(operation: &'static Operation) -> Self {
        Self {
            operation,
            given: Vec::new(),
            body: None,
        }
    }

    /// What is called.
    pub fn operation(&self) -> &'static Operation {
        self.operation
    }

    /// Sets a parameter. Its name is the vendor's; where no parameter is called so, upper and lower
    /// case are not told apart.
    ///
    /// # Errors
    /// Of kind [`Invalid`](crate::ErrorKind::Invalid): there is no such parameter (the
    /// error lists those that there are), or the value does not fit it.
    pub fn parameter(mut self, name: &str, value: &str) -> Result<Self, Error> {
        let parameter = self.find(name)?;
        let rendered = (parameter.render)(value)
            .map_err(|why| self.invalid(format!("{}: {why}", parameter.name)))?;
        self.set(parameter, rendered);
        Ok(self)
    }

    /// Whether the parameter of this name has a value.
    pub fn has(&self, name: &str) -> bool {
        self.value(name).is_some()
    }

    /// Sets the body.
    ///
    /// # Errors
    /// Of kind [`Invalid`](crate::ErrorKind::Invalid): the call takes none, or the body
    /// does not fit it, in that a field is missing, of another type, or unknown.
    pub fn body(mut self, body: &Value) -> Result<Self, Error> {
        let Some(wanted) = &self.operation.body else {
            return Err(self.invalid("takes no body".to_owned()));
        };
        let rendered = (wanted.render)(body).map_err(|why| {
            let name = wanted.name;
            self.invalid(format!("the body is no {name}: {why}"))
        })?;
        self.body = Some(rendered);
        Ok(self)
    }

    /// Sends the call. The answer is what came, not what the spec knows of it; `null` if nothing
    /// came.
    ///
    /// # Errors
    /// As a generated call: what is missing is refused before anything is sent.
    pub async fn send(&self, context: &Context) -> Result<Value, Error> {
        self.page(context).await.map(|(value, _)| value)
    }

    /// The request as it would leave, signed if there are credentials to sign it with. Nothing is
    /// sent for the call itself.
    ///
    /// # Errors
    /// What is missing, or why there is nothing to sign with.
    pub async fn shown(&self, context: &Context) -> Result<PreviewedRequest, Error> {
        let request = self.request(context)?;
        self.operation.check(request.url())?;
        let time = context.settings().deadline;
        let (request, _) = attempt::signed(context, self.operation, request, time).await?;
        let mut headers: Vec<_> = request
            .headers()
            .iter()
            .map(|(name, value)| {
                let text = match value.is_sensitive() {
                    true => MASK.to_owned(),
                    false => String::from_utf8_lossy(value.as_bytes()).into_owned(),
                };
                (name.as_str().to_owned(), text)
            })
            .collect();
        headers.sort();
        Ok(PreviewedRequest {
            method: request.method().to_string(),
            url: self.masked(request.url()),
            headers,
            body: self.body.as_ref().map(|body| self.without_secrets(body)),
        })
    }

    /// The call page by page.
    ///
    /// # Errors
    /// Of kind [`Invalid`](crate::ErrorKind::Invalid) if the call does not page.
    pub fn pages(self) -> Result<Pages, Error> {
        match self.operation.paging {
            Paging::None => Err(self.invalid("does not answer in pages".to_owned())),
            _ => Ok(Pages::new(self)),
        }
    }

    /// The URL with secret parameters masked.
    fn masked(&self, url: &reqwest::Url) -> String {
        let secret = |name: &str| {
            let mut all = self.operation.parameters.iter();
            all.any(|parameter| parameter.secret && parameter.name == name)
        };
        let Some(query) = url.query() else {
            return url.to_string();
        };
        let pairs = query.split('&').map(|pair| match pair.split_once('=') {
            Some((name, _)) if secret(name) => format!("{name}={MASK}"),
            _ => pair.to_owned(),
        });
        let query: Vec<_> = pairs.collect();
        let mut bare = url.clone();
        bare.set_query(None);
        format!("{bare}?{}", query.join("&"))
    }

    fn without_secrets(&self, value: &Value) -> Value {
        let secrets = self
            .operation
            .body
            .map_or(&[] as &[&str], |body| body.secrets);
        match value {
            Value::Object(map) => Value::Object(
                map.iter()
                    .map(|(name, value)| {
                        // An object may be named as the secret in it is.
                        let is_secret = value.is_string() && secrets.contains(&name.as_str());
                        let value = match is_secret {
                            true => Value::from(MASK),
                            false => self.without_secrets(value),
                        };
                        (name.clone(), value)
                    })
                    .collect(),
            ),
            Value::Array(list) => list
                .iter()
                .map(|value| self.without_secrets(value))
                .collect(),
            value => value.clone(),
        }
    }

    fn find(&self, name: &str) -> Result<&'static Parameter, Error> {
        let all = self.operation.parameters;
        let exact = all.iter().find(|parameter| parameter.name == name);
        exact
            .or_else(|| all.iter().find(|p| p.name.eq_ignore_ascii_case(name)))
            .ok_or_else(|| {
                let names: Vec<_> = all.iter().map(|parameter| parameter.name).collect();
                self.invalid(match names.is_empty() {
                    true => format!("takes no parameter, and so no {name:?}"),
                    false => format!("has no parameter {name:?}; it has {}", names.join(", ")),
                })
            })
    }

    fn set(&mut self, parameter: &'static Parameter, rendered: String) {
        self.given.retain(|(known, _)| known.name != parameter.name);
        self.given.push((parameter, rendered));
    }

    fn value(&self, name: &str) -> Option<&str> {
        let given = self.given.iter().find(|(known, _)| known.name == name);
        given.map(|(_, value)| value.as_str())
    }

    fn invalid(&self, what: String) -> Error {
        Error::invalid(self.operation.name, what)
    }

    /// Whether nothing is missing.
    ///
    /// # Errors
    /// Of kind [`Invalid`](crate::ErrorKind::Invalid): names what is.
    pub fn complete(&self) -> Result<(), Error> {
        let operation = self.operation;
        let absent = operation
            .parameters
            .iter()
            .filter(|parameter| parameter.required && self.value(parameter.name).is_none())
            .map(|parameter| parameter.name);
        let absent: Vec<_> = absent.collect();
        if !absent.is_empty() {
            let verb = if absent.len() == 1 { "is" } else { "are" };
            return Err(self.invalid(format!("{} {verb} missing", absent.join(", "))));
        }
        if let (Some(wanted), None) = (&operation.body, &self.body) {
            return Err(self.invalid(format!("needs a body, {}", wanted.name)));
        }
        Ok(())
    }

    fn request(&self, context: &Context) -> Result<Request, Error> {
        self.complete()?;
        let operation = self.operation;
        let placed = |place| self.given.iter().filter(move |(p, _)| p.place == place);
        let mut path = operation.path.to_owned();
        for (parameter, value) in placed(Place::Path) {
            let template = format!("{{{}}}", parameter.name);
            path = path.replace(&template, &rfc3986::encode(value));
        }
        let url = format!("{}{path}", context.endpoint());
        let mut url: reqwest::Url = url
            .parse()
            .map_err(|error| self.invalid(format!("{url} is no URL: {error}")))?;
        for (parameter, value) in placed(Place::Query) {
            url.query_pairs_mut().append_pair(parameter.name, value);
        }
        let method: Method = operation
            .method
            .parse()
            .map_err(|_| self.invalid(format!("{} is no method", operation.method)))?;
        let mut request = Request::new(method, url);
        let headers = request.headers_mut();
        for (parameter, value) in placed(Place::Header) {
            let name = HeaderName::try_from(parameter.name);
            let (Ok(name), Ok(mut value)) = (name, HeaderValue::from_str(value)) else {
                let what = format!("{}: a header cannot hold this value", parameter.name);
                return Err(self.invalid(what));
            };
            value.set_sensitive(parameter.secret);
            headers.insert(name, value);
        }
        if let Some(body) = &self.body {
            let json = HeaderValue::from_static("application/json");
            headers.insert(header::CONTENT_TYPE, json);
            *request.body_mut() = Some(body.to_string().into());
        }
        Ok(request)
    }

    /// One answer, and its headers.
    async fn page(&self, context: &Context) -> Result<(Value, HeaderMap), Error> {
        let request = self.request(context)?;
        let table = std::slice::from_ref(self.operation);
        let response = execute(context, table, self.operation.id, request).await;
        response_error::json(response).await
    }
}

/// How many records a page is asked to have where the call does not say.
const SIZE: i64 = 100;

/// The pages of a call, one after the other.
#[derive(Debug)]
pub struct Pages {
    call: Call,
    /// Index of the next record, or number of the next page.
    next: i64,
    size: i64,
    /// The size that was asked for at first.
    full: i64,
    /// Records before the next page, as far as they have been seen or were skipped by the caller.
    seen: i64,
    marker: Option<String>,
    ended: bool,
    /// A hash of the page before.
    before: Option<u64>,
    read: Amount,
    most: Amount,
}

/// How much of a listing there is.
#[derive(Clone, Copy, Debug)]
struct Amount {
    records: u64,
    pages: u64,
    /// Size of the records as JSON.
    bytes: u64,
}

impl Pages {
    /// Sets the most records that the pages may have. [default: 1,000,000]
    ///
    /// A service with a defect may list for ever. A listing beyond this bound, or one of the other
    /// two, ends with an error.
    pub fn max_records(mut self, records: u64) -> Self {
        self.most.records = records;
        self
    }

    /// Sets the most pages that are read. [default: 100,000]
    pub fn max_pages(mut self, pages: u64) -> Self {
        self.most.pages = pages;
        self
    }

    /// Sets the most bytes that the records of all pages may have as JSON. [default: 256 MiB]
    pub fn max_bytes(mut self, bytes: u64) -> Self {
        self.most.bytes = bytes;
        self
    }

    fn new(call: Call) -> Self {
        let number = |name: &str| call.value(name).and_then(|text| text.parse().ok());
        let (next, size) = match call.operation.paging {
            Paging::PageNumber => (number("PageNo").unwrap_or(1), number("PageSize")),
            Paging::PagePerPage => (number("page").unwrap_or(1), number("per_page")),
            Paging::Filter => offset_and_limit(call.value("filter").unwrap_or_default()),
            _ => (number("offset").unwrap_or(0), number("limit")),
        };
        let size = size.unwrap_or(SIZE).max(1);
        let seen = match call.operation.paging {
            Paging::PageNumber | Paging::PagePerPage => next.saturating_sub(1).saturating_mul(size),
            _ => next,
        };
        Self {
            next,
            size,
            full: size,
            seen,
            marker: None,
            ended: false,
            before: None,
            read: Amount {
                records: 0,
                pages: 0,
                bytes: 0,
            },
            most: Amount {
                records: 1_000_000,
                pages: 100_000,
                bytes: 256 << 20,
            },
            call,
        }
    }

    /// The records of the next page; `None` after the last.
    ///
    /// A listing ends with a page without records, or with a short one that reaches the total that
    /// the service names. A total that the records outnumber ends nothing. Where no total is named,
    /// a short page is not the end: the service may put fewer records on a page than it was asked
    /// for. A page with the same records as the one before is not handed out: it ends a listing that
    /// is read in full, and is an error otherwise.
    ///
    /// # Errors
    /// As [`Call::send`]. The page can be asked for again. Additionally, the listing exceeds a
    /// bound, such as [`max_records`](Self::max_records), or the service repeats a page.
    pub async fn next(&mut self, context: &Context) -> Result<Option<Vec<Value>>, Error> {
        if self.ended {
            return Ok(None);
        }
        if self.read.pages >= self.most.pages {
            let what = format!("more than {} pages", self.most.pages);
            return Err(self.endless(&what, "max_pages"));
        }
        let call = self.turned()?;
        let (mut answer, headers) = call.page(context).await?;
        let page = self.call.operation.page;
        let total = match page.total {
            Some("Content-Range") => headers
                .get(header::CONTENT_RANGE)
                .and_then(|value| value.to_str().ok()?.rsplit('/').next()?.trim().parse().ok()),
            Some(name) => number(field(&answer, name)),
            None => None,
        };
        let records = match page.items {
            Some(name) => answer.get_mut(name).map(Value::take),
            None => Some(answer.take()),
        };
        let records = match records {
            Some(Value::Array(records)) => records,
            _ => Vec::new(),
        };
        if self.is_repeated(&records, total)? {
            self.ended = true;
            return Ok(None);
        }
        self.turn(
            records.len(),
            total,
            page.next.and_then(|name| text(field(&answer, name))),
        );
        Ok((!records.is_empty()).then_some(records))
    }

    /// Counts a page against the bounds. Whether it has the records of the page before, though
    /// others were asked for.
    fn is_repeated(&mut self, records: &[Value], total: Option<i64>) -> Result<bool, Error> {
        let mut measure = Measure::default();
        // Records that are read can be written.
        let _ = serde_json::to_writer(&mut measure, records);
        let hash = measure.hash.finish();
        let is_same = !records.is_empty() && self.before.replace(hash) == Some(hash);
        let Amount {
            records: count,
            pages,
            bytes,
        } = &mut self.read;
        *pages = pages.saturating_add(1);
        if is_same {
            let has_room = i64::try_from(records.len()).is_ok_and(|found| found < self.full);
            let is_whole = match total.filter(|total| *total >= self.seen) {
                Some(total) => total == self.seen,
                None => has_room,
            };
            return match is_whole {
                true => Ok(true),
                false => Err(Error::malformed(format!(
                    "{}: the service answers with the same records whichever page is asked for; \
                     the listing cannot be read to its end",
                    self.call.operation.name
                ))),
            };
        }
        *count = count.saturating_add(records.len() as u64);
        *bytes = bytes.saturating_add(measure.bytes);
        let (count, bytes, most) = (*count, *bytes, self.most);
        if count > most.records {
            let what = format!("more than {} records", most.records);
            return Err(self.endless(&what, "max_records"));
        }
        if bytes > most.bytes {
            let what = format!("records of more than {} bytes", most.bytes);
            return Err(self.endless(&what, "max_bytes"));
        }
        Ok(false)
    }

    fn endless(&self, what: &str, bound: &str) -> Error {
        Error::malformed(format!(
            "{}: the listing does not end: {what}; read only the first records, narrow the listing, \
             or raise the bound {bound}",
            self.call.operation.name
        ))
    }

    /// The call for the next page.
    fn turned(&self) -> Result<Call, Error> {
        let mut call = self.call.clone();
        let (next, size) = (self.next.to_string(), self.size.to_string());
        let values = match call.operation.paging {
            Paging::PageNumber => vec![("PageNo", next), ("PageSize", size)],
            Paging::PagePerPage => vec![("page", next), ("per_page", size)],
            Paging::Marker => match &self.marker {
                Some(marker) => vec![("marker", marker.clone())],
                None => Vec::new(),
            },
            Paging::Filter => {
                let given = call.value("filter").unwrap_or_default();
                let order = given.split('|').find(|part| part.starts_with("order::"));
                let order = order.map(|order| format!("|{order}")).unwrap_or_default();
                vec![("filter", format!("limit::{size}|offset::{next}{order}"))]
            }
            _ => vec![("offset", next), ("limit", size)],
        };
        for (name, value) in values {
            call = call.parameter(name, &value)?;
        }
        Ok(call)
    }

    fn turn(&mut self, found: usize, total: Option<i64>, marker: Option<String>) {
        let found = i64::try_from(found).unwrap_or(i64::MAX);
        self.seen = self.seen.saturating_add(found);
        // A service may put fewer records on a page than it was asked for.
        let short = found < self.size;
        self.ended = found == 0 || (short && total.is_some_and(|total| self.seen == total));
        match self.call.operation.paging {
            Paging::Marker => {
                // A service that names the same page again would be asked for ever.
                self.ended = found == 0 || marker.is_none() || marker == self.marker;
                self.marker = marker;
            }
            Paging::PageNumber | Paging::PagePerPage => self.next = self.next.saturating_add(1),
            Paging::OffsetLimit => {
                // The offset must be a multiple of the limit: a page that was cut short is gone on
                // from in steps that divide what has been seen.
                if short && !self.ended {
                    self.size = divisor(self.seen, self.size);
                }
                self.next = self.seen;
            }
            _ => self.next = self.seen,
        }
    }
}

/// Counts and hashes what is written.
#[derive(Default)]
struct Measure {
    bytes: u64,
    hash: DefaultHasher,
}

impl io::Write for Measure {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.bytes = self.bytes.saturating_add(text.len() as u64);
        self.hash.write(text);
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The largest number up to `most` that divides `number` without a rest, as far as it is quickly
/// found; else 1.
fn divisor(number: i64, most: i64) -> i64 {
    const TRIED: usize = 10_000;
    let most = match number {
        0 => most,
        _ => most.min(number),
    };
    (1..=most)
        .rev()
        .take(TRIED)
        .find(|size| number % size == 0)
        .unwrap_or(1)
}

/// Offset and limit of `limit::N|offset::N`.
fn offset_and_limit(text: &str) -> (i64, Option<i64>) {
    let field = |name: &str| {
        text.split('|')
            .filter_map(|part| part.split_once("::"))
            .find_map(|(key, value)| value.parse().ok().filter(|_| key == name))
    };
    (field("offset").unwrap_or(0), field("limit"))
}

/// A field of the answer, or of an object in it: `page_info.next_marker`.
fn field<'a>(answer: &'a Value, name: &str) -> Option<&'a Value> {
    name.split('.')
        .try_fold(answer, |value, part| value.get(part))
}

fn number(value: Option<&Value>) -> Option<i64> {
    let value = value?;
    value
        .as_i64()
        .or_else(|| value.as_str()?.trim().parse().ok())
}

/// A marker, which is a text or a number; an empty one, and zero, stand for none.
fn text(value: Option<&Value>) -> Option<String> {
    let text = match value? {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    (!text.is_empty() && text != "0").then_some(text)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::operation::{self, Access, Page};

    const fn operation(paging: Paging) -> Operation {
        const fn of(name: &'static str) -> Parameter {
            Parameter::new(
                Place::Query,
                name,
                false,
                operation::parameter::<String>,
                "",
            )
        }
        const PARAMETERS: &[Parameter] = &[
            of("offset"),
            of("limit"),
            of("marker"),
            of("filter"),
            of("PageNo"),
            of("PageSize"),
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
            page: Page {
                items: None,
                total: None,
                next: None,
            },
            signed: false,
            parameters: PARAMETERS,
            body: None,
        }
    }

    static OFFSET: Operation = operation(Paging::OffsetLimit);
    static FILTER: Operation = operation(Paging::Filter);
    static NUMBER: Operation = operation(Paging::PageNumber);
    static MARKER: Operation = operation(Paging::Marker);

    /// Turns the pages of a service that has `held` records, puts at most `cap` on a page and says
    /// `total`. Answers what was asked for, page by page.
    fn asked(
        operation: &'static Operation,
        given: &[(&str, &str)],
        held: i64,
        cap: i64,
        total: Option<i64>,
    ) -> Vec<String> {
        let mut call = Call::new(operation);
        for (name, value) in given {
            call = call.parameter(name, value).unwrap();
        }
        let mut pages = call.pages().unwrap();
        let mut asked = Vec::new();
        while !pages.ended && asked.len() < 10 {
            let turned = pages.turned().unwrap();
            let values = turned.given.iter().map(|(_, value)| value.as_str());
            asked.push(values.collect::<Vec<_>>().join(" "));
            let before = match operation.paging {
                Paging::PageNumber => (pages.next - 1) * pages.size.min(cap),
                Paging::Marker => pages.marker.as_deref().map_or(0, |it| it.parse().unwrap()),
                _ => pages.next,
            };
            let found = (held - before).clamp(0, pages.size.min(cap));
            let next = before + found;
            let marker = (next < held).then(|| next.to_string());
            pages.turn(usize::try_from(found).unwrap(), total, marker);
        }
        asked
    }

    #[test]
    fn pages_end_where_the_records_do() {
        let ten = [("limit", "10"), ("offset", "0")];
        let filter = [("filter", "limit::10|offset::5|order::asc")];
        let number = [("PageSize", "10"), ("PageNo", "1")];
        for (operation, given, held, cap, total, expected) in [
            (&OFFSET, &[][..], 0, 100, Some(0), vec!["0 100"]),
            (&OFFSET, &ten, 15, 100, Some(15), vec!["0 10", "10 10"]),
            (&OFFSET, &ten, 20, 100, None, vec!["0 10", "10 10", "20 10"]),
            // Cut short: what was seen is gone on from, in a size that the offset is a multiple of.
            (&OFFSET, &ten, 9, 4, Some(9), vec!["0 10", "4 4", "8 4"]),
            // A total that is too low ends nothing, one that is too high ends with an empty page.
            (
                &OFFSET,
                &ten,
                15,
                100,
                Some(1),
                vec!["0 10", "10 10", "15 5"],
            ),
            // Without a total, a short page may be one that was cut.
            (&OFFSET, &ten, 3, 100, None, vec!["0 10", "3 3"]),
            (&OFFSET, &ten, 3, 1, None, vec!["0 10", "1 1", "2 1", "3 1"]),
            (&OFFSET, &ten, 0, 100, None, vec!["0 10"]),
            (&NUMBER, &number, 3, 100, None, vec!["1 10", "2 10"]),
            (
                &NUMBER,
                &number,
                3,
                1,
                None,
                vec!["1 10", "2 10", "3 10", "4 10"],
            ),
            (
                &OFFSET,
                &ten,
                15,
                100,
                Some(99),
                vec!["0 10", "10 10", "15 5"],
            ),
            (
                &FILTER,
                &filter,
                14,
                4,
                Some(14),
                vec![
                    "limit::10|offset::5|order::asc",
                    "limit::10|offset::9|order::asc",
                    "limit::10|offset::13|order::asc",
                ],
            ),
            // Fewer on a page than asked for: the service's pages are gone on with.
            (
                &NUMBER,
                &number,
                9,
                4,
                Some(9),
                vec!["1 10", "2 10", "3 10"],
            ),
            (&NUMBER, &number, 9, 100, Some(9), vec!["1 10"]),
            (&MARKER, &[], 250, 100, None, vec!["", "100", "200"]),
        ] {
            let found = asked(operation, given, held, cap, total);
            assert_eq!(
                found, expected,
                "{:?} {held} {cap} {total:?}",
                operation.paging
            );
        }
    }

    /// Reads these pages, which come whatever is asked for. How many were handed out, and the error.
    fn read(mut pages: Pages, answers: &[Vec<Value>], total: Option<i64>) -> (usize, String) {
        for (number, records) in answers.iter().enumerate() {
            match pages.is_repeated(records, total) {
                Ok(true) => return (number, String::new()),
                Ok(false) => pages.turn(records.len(), total, None),
                Err(error) => return (number, error.to_string()),
            }
            if pages.ended {
                return (number + 1, String::new());
            }
        }
        panic!("it does not end");
    }

    #[test]
    fn a_listing_without_an_end_is_an_error() {
        let pages = || Call::new(&OFFSET).pages().unwrap();
        let page = |count: usize| vec![Value::from("one"); count];
        let other = |number: u64| vec![Value::from(number); 100];
        for (name, pages, answers, total, count, says) in [
            ("full", pages(), vec![page(100); 9], None, 1, "same records"),
            ("short", pages(), vec![page(30); 9], None, 1, ""),
            ("total", pages(), vec![page(100); 9], Some(100), 1, ""),
            (
                "more",
                pages(),
                vec![page(100); 9],
                Some(500),
                1,
                "same records",
            ),
            (
                "records",
                pages().max_records(250),
                (0..9).map(other).collect(),
                None,
                2,
                "more than 250 records",
            ),
            (
                "bytes",
                pages().max_bytes(500),
                (0..9).map(other).collect(),
                None,
                2,
                "more than 500 bytes",
            ),
        ] {
            let (found, error) = read(pages, &answers, total);
            assert_eq!(found, count, "{name}");
            assert!(
                error.contains(says) && error.is_empty() == says.is_empty(),
                "{error}"
            );
        }
    }

    #[test]
    fn a_size_is_found_quickly_whatever_was_given() {
        for (number, most, expected) in [
            (30, 100, 30),
            (137, 100, 1),
            (200, 64, 50),
            (0, 100, 100),
            (7, i64::MAX, 7),
            (i64::MAX, i64::MAX - 1, 1),
        ] {
            assert_eq!(divisor(number, most), expected, "{number} {most}");
        }
    }

    #[test]
    fn a_marker_that_stays_ends_the_listing() {
        let mut pages = Call::new(&MARKER).pages().unwrap();
        pages.turn(3, None, Some("7".to_owned()));
        assert!(!pages.ended);
        pages.turn(3, None, Some("7".to_owned()));
        assert!(pages.ended);
    }
}
