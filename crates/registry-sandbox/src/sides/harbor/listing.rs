//! Listings: conditions, order and pages.

use std::cmp::Ordering;

use hyper::header::{HeaderName, LINK};
use jiff::Timestamp;
use serde_json::Value;

use super::asked::Asked;
use super::refusal::Refusal;
use crate::message::Reply;
use crate::parameters::numbered_page;

const TOTAL: HeaderName = HeaderName::from_static("x-total-count");

/// Makes the page of a listing that the request asks for. `records` are in the listing's own order.
pub(super) fn page(asked: &Asked<'_>, mut records: Vec<Value>) -> Result<Reply, Refusal> {
    if let Some(query) = asked.given("q") {
        for condition in read(query)? {
            keep(&condition, &mut records);
        }
    }
    if let Some(keys) = asked.given("sort") {
        sort(keys, &mut records);
    }
    let number = asked.integer("page").unwrap_or(1).max(1);
    let size = asked.integer("page_size").unwrap_or(10);
    let all = records.len();
    let shown = match size {
        ..=0 => records,
        size => numbered_page(&records, number, size).to_vec(),
    };
    let mut reply = asked.done(shown.into())?.with(TOTAL, all.to_string());
    if let Some(links) = links(asked, all, number, size) {
        reply = reply.with(LINK, links);
    }
    Ok(reply)
}

/// Returns the links to the pages before and after this one. The query is not escaped.
fn links(asked: &Asked<'_>, all: usize, number: i64, size: i64) -> Option<String> {
    let size = usize::try_from(size).ok().filter(|size| *size > 0)?;
    let number = usize::try_from(number).ok()?;
    let link = |page: usize, relation: &str| {
        let others = asked.request.query.iter();
        let others = others.filter(|(name, _)| !["page", "page_size"].contains(&name.as_str()));
        let mut pairs: Vec<_> = others
            .map(|(name, value)| (name.as_str(), value.clone()))
            .collect();
        pairs.extend([("page", page.to_string()), ("page_size", size.to_string())]);
        pairs.sort();
        let pairs = pairs.iter().map(|(name, value)| format!("{name}={value}"));
        let query = pairs.collect::<Vec<_>>().join("&");
        format!("<{}?{query}>; rel=\"{relation}\"", asked.request.path)
    };
    let mut links = Vec::new();
    if number > 1 && (number - 1) * size <= all {
        links.push(link(number - 1, "prev"));
    }
    if number * size < all {
        links.push(link(number + 1, "next"));
    }
    (!links.is_empty()).then(|| links.join(" , "))
}

/// Condition on one field.
#[derive(Debug, PartialEq, Eq)]
struct Condition {
    key: String,
    wanted: Wanted,
}

#[derive(Debug, PartialEq, Eq)]
enum Wanted {
    Exact(String),
    Part(String),
    Range(String, String),
    /// One of these values, or all of them, which a field with one value has only if they are the same.
    Any(Vec<String>),
    All(Vec<String>),
}

/// Reads conditions: `k=v`, `k=~v`, `k=[a~b]`, `k={a b}` and `k=(a b)`, joined by commas.
fn read(query: &str) -> Result<Vec<Condition>, Refusal> {
    let parts = query.split(',').filter(|part| !part.is_empty());
    parts.map(condition).collect()
}

fn condition(part: &str) -> Result<Condition, Refusal> {
    let bad = || Refusal::bad_request(format!("the query string must contain \"=\": {part}"));
    let (key, value) = part.split_once('=').ok_or_else(bad)?;
    let within = |open: char, close: char| value.strip_prefix(open)?.strip_suffix(close);
    let plain = |text: &str| text.trim_matches(['\'', '"']).to_owned();
    let list = |text: &str| text.split(' ').map(plain).collect();
    let wanted = if let Some(part) = value.strip_prefix('~') {
        Wanted::Part(plain(part))
    } else if let Some(range) = within('[', ']') {
        let (low, high) = range.split_once('~').ok_or_else(bad)?;
        Wanted::Range(plain(low), plain(high))
    } else if let Some(any) = within('{', '}') {
        Wanted::Any(list(any))
    } else if let Some(all) = within('(', ')') {
        Wanted::All(list(all))
    } else {
        Wanted::Exact(plain(value))
    };
    Ok(Condition {
        key: key.trim().to_owned(),
        wanted,
    })
}

/// Keeps the records that fit. A key that no record has is skipped silently.
fn keep(condition: &Condition, records: &mut Vec<Value>) {
    let key = condition.key.as_str();
    if records.iter().any(|record| is_value(&record[key])) {
        records.retain(|record| fits(&record[key], &condition.wanted));
    }
}

fn is_value(value: &Value) -> bool {
    value.is_string() || value.is_number() || value.is_boolean()
}

fn fits(value: &Value, wanted: &Wanted) -> bool {
    let own = plain(value);
    match wanted {
        Wanted::Exact(text) => own == *text,
        Wanted::Part(text) => own.contains(text),
        Wanted::Range(low, high) => {
            let above = low.is_empty() || compared(&own, low) != Ordering::Less;
            above && (high.is_empty() || compared(&own, high) != Ordering::Greater)
        }
        Wanted::Any(texts) => texts.contains(&own),
        Wanted::All(texts) => texts.iter().all(|text| own == *text),
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Compares texts as numbers or times, if both are.
fn compared(own: &str, other: &str) -> Ordering {
    if let (Ok(own), Ok(other)) = (own.parse::<i64>(), other.parse::<i64>()) {
        return own.cmp(&other);
    }
    // The range's times have no zone.
    let time = |text: &str| {
        let text = text.trim_end_matches('Z');
        format!("{text}Z").parse::<Timestamp>()
    };
    match (time(own), time(other)) {
        (Ok(own), Ok(other)) => own.cmp(&other),
        _ => own.cmp(other),
    }
}

/// Sorts by keys such as `-id,name`. A key that no record has is skipped silently.
fn sort(keys: &str, records: &mut [Value]) {
    let keys: Vec<_> = keys.split(',').map(str::trim).collect();
    for key in keys.iter().rev() {
        let (key, falls) = match key.strip_prefix('-') {
            Some(key) => (key, true),
            None => (*key, false),
        };
        if records.iter().any(|record| is_value(&record[key])) {
            records.sort_by(|one, other| {
                let order = compared(&plain(&one[key]), &plain(&other[key]));
                if falls { order.reverse() } else { order }
            });
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    fn ids(records: &[Value]) -> String {
        let ids = records.iter().map(|record| record["id"].to_string());
        ids.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn conditions_and_orders() {
        let records = vec![
            json!({"id": 9, "name": "api", "at": "2026-11-20T08:15:29.800Z"}),
            json!({"id": 10, "name": "web", "at": "2026-11-20T08:15:30.000Z"}),
            json!({"id": 11, "name": "apis", "at": "2026-11-21T00:00:00.000Z"}),
        ];
        for (query, expected) in [
            ("name=api", "9"),
            ("name=~api", "9 11"),
            ("name={api web}", "9 10"),
            ("id=[10~11]", "10 11"),
            ("id=[~10]", "9 10"),
            ("at=[2026-11-20T08:15:30~2026-11-20T23:59:59]", "10"),
            ("name=~api,id=11", "11"),
            ("name='web'", "10"),
            ("none=1", "9 10 11"),
            ("", "9 10 11"),
        ] {
            let mut found = records.clone();
            for condition in read(query).unwrap() {
                keep(&condition, &mut found);
            }
            assert_eq!(ids(&found), expected, "{query}");
        }
        assert!(read("name").is_err());
        for (keys, expected) in [
            ("-id", "11 10 9"),
            ("id", "9 10 11"),
            ("name", "9 11 10"),
            ("-at", "11 10 9"),
            ("none", "9 10 11"),
            ("-none,-id", "11 10 9"),
        ] {
            let mut found = records.clone();
            sort(keys, &mut found);
            assert_eq!(ids(&found), expected, "{keys}");
        }
    }
}
