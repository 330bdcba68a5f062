//! Sorting, filtering and markers of lists.

use std::cmp::Reverse;

use jiff::Timestamp;
use serde_json::Value;

use super::asked::Asked;
use super::errors::Refusal;
use crate::world::huaweicloud;

/// Projects of the account that SWR knows.
pub(super) const PROJECTS: [&str; 2] = [huaweicloud::PROJECT_ID, huaweicloud::TARGET_PROJECT_ID];

/// Sort key of a record.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key {
    Nothing,
    Bool(bool),
    Number(Option<i64>),
    /// A time. Unlike text, it orders whole seconds before fractions.
    Time(Timestamp),
    Text(String),
}

impl Key {
    /// Returns the key of a field's value.
    pub(super) fn of(value: &Value) -> Self {
        match value {
            Value::Number(number) => Self::Number(number.as_i64()),
            Value::Bool(flag) => Self::Bool(*flag),
            Value::String(text) => match text.parse() {
                Ok(time) => Self::Time(time),
                Err(_) => Self::Text(text.clone()),
            },
            _ => Self::Nothing,
        }
    }

    pub(super) fn id(id: i64) -> Self {
        Self::Number(Some(id))
    }

    pub(super) fn count(count: usize) -> Self {
        Self::Number(i64::try_from(count).ok())
    }
}

/// Row of a list. Its record is made only if a page shows it.
pub(super) trait Row {
    /// Returns the key of a field of the record.
    fn key(&self, field: &str) -> Key;
}

impl Row for Value {
    fn key(&self, field: &str) -> Key {
        Key::of(&self[field])
    }
}

/// Sorts by `order_column` and `order_type`. The default is newest first: the pages say so for lists of
/// policies and registries, and name no order for others.
pub(super) fn sort<T: Row>(asked: &Asked<'_>, rows: &mut [T]) -> Result<(), Refusal> {
    let column = asked.given("order_column");
    if asked.given("order_type").is_some() && column.is_none() {
        return Err(asked.invalid("order_type goes only together with order_column"));
    }
    let ascending = asked.given("order_type") == Some("asc");
    order(rows, column.unwrap_or("created_at"), ascending);
    Ok(())
}

/// Sorts by a field, and by id if the field is equal.
pub(super) fn order<T: Row>(rows: &mut [T], field: &str, ascending: bool) {
    let key = |row: &T| (row.key(field), row.key("id"));
    match ascending {
        true => rows.sort_by_cached_key(key),
        false => rows.sort_by_cached_key(|row| Reverse(key(row))),
    }
}

/// Keeps the records whose `field` contains the text of `parameter`.
pub(super) fn containing(
    asked: &Asked<'_>,
    parameter: &str,
    field: &str,
    records: &mut Vec<Value>,
) {
    if let Some(text) = asked.given(parameter) {
        records.retain(|record| record[field].as_str().is_some_and(|own| own.contains(text)));
    }
}

/// Returns the rows from the one with the id `marker` on, at most `limit`, and the marker of the next
/// page. If there is no such row, the page begins at the first larger id.
pub(super) fn from_marker<T: Row>(
    rows: Vec<T>,
    marker: Option<i64>,
    limit: i64,
) -> (Vec<T>, Option<i64>) {
    let id = |row: &T| match row.key("id") {
        Key::Number(id) => id.unwrap_or_default(),
        _ => 0,
    };
    let start = marker.map_or(0, |marker| {
        let exact = rows.iter().position(|row| id(row) == marker);
        let later = || rows.iter().position(|row| id(row) > marker);
        exact.or_else(later).unwrap_or(rows.len())
    });
    let limit = usize::try_from(limit).unwrap_or_default();
    let mut shown: Vec<_> = rows.into_iter().skip(start).take(limit + 1).collect();
    let next = if shown.len() > limit {
        shown.pop()
    } else {
        None
    };
    (shown, next.as_ref().map(id))
}

/// Reads the Basic edition's `filter`: `NAME::VALUE`, several joined by `|`.
pub(super) fn conditions(filter: &str) -> Option<Vec<(&str, &str)>> {
    filter
        .split('|')
        .map(|part| part.split_once("::"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn order_by_field_and_id() {
        let mut records = vec![
            json!({"id": 1, "at": "2020-04-17T02:11:03.5Z"}),
            json!({"id": 2, "at": "2020-04-17T02:11:03Z"}),
            json!({"id": 3, "at": "2020-04-17T02:11:03Z"}),
        ];
        let ids = |records: &[Value]| -> Vec<_> {
            records
                .iter()
                .filter_map(|record| record["id"].as_i64())
                .collect()
        };
        order(&mut records, "at", true);
        assert_eq!(ids(&records), [2, 3, 1]);
        order(&mut records, "at", false);
        assert_eq!(ids(&records), [1, 3, 2]);
    }

    #[test]
    fn pages_by_marker_cover_all_once() {
        let records: Vec<_> = [2, 3, 5, 9].iter().map(|id| json!({"id": id})).collect();
        for (marker, limit, ids, next) in [
            (None, 3, &[2_i64, 3, 5] as &[i64], Some(9)),
            (Some(9), 3, &[9], None),
            (Some(4), 1, &[5], Some(9)),
            (Some(10), 1, &[], None),
            (None, 4, &[2, 3, 5, 9], None),
        ] {
            let (shown, found) = from_marker(records.clone(), marker, limit);
            let shown: Vec<_> = shown
                .iter()
                .filter_map(|record| record["id"].as_i64())
                .collect();
            assert_eq!((shown.as_slice(), found), (ids, next), "{marker:?} {limit}");
        }
    }
}
