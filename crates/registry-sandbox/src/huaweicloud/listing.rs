//! Lists: sorted, narrowed, and by marker.

use std::cmp::Ordering;

use serde_json::Value;

use super::asked::Asked;
use super::errors::Refusal;
use crate::world::{HUAWEICLOUD_PROJECT_ID, HUAWEICLOUD_TARGET_PROJECT_ID};

/// Projects of the account that SWR knows.
pub(super) const PROJECTS: [&str; 2] = [HUAWEICLOUD_PROJECT_ID, HUAWEICLOUD_TARGET_PROJECT_ID];

/// Sorts as `order_column` and `order_type` say; newest first if they say nothing, which the pages
/// say of the lists of policies and registries, and nothing of others.
pub(super) fn sort(asked: &Asked<'_>, records: &mut [Value]) -> Result<(), Refusal> {
    let column = asked.given("order_column");
    if asked.given("order_type").is_some() && column.is_none() {
        return Err(asked.invalid("order_type goes only together with order_column"));
    }
    let ascending = asked.given("order_type") == Some("asc");
    order(records, column.unwrap_or("created_at"), ascending);
    Ok(())
}

/// Sorts by a field; what is equal in it, by id.
pub(super) fn order(records: &mut [Value], field: &str, ascending: bool) {
    records.sort_by(|a, b| {
        let by = |key: &str| compared(&a[key], &b[key]);
        let order = by(field).then_with(|| by("id"));
        if ascending { order } else { order.reverse() }
    });
}

fn compared(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.as_i64().cmp(&b.as_i64()),
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::String(a), Value::String(b)) => match (time(a), time(b)) {
            // As text, a fraction of a second would go before none.
            (Some(a), Some(b)) => a.cmp(&b),
            _ => a.cmp(b),
        },
        _ => Ordering::Equal,
    }
}

fn time(text: &str) -> Option<jiff::Timestamp> {
    text.parse().ok()
}

/// Keeps the records whose `field` has the text that is given for `parameter` within it.
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

/// The records from the one with the id `marker` on, as many as there is room for, and the marker
/// of the next page. `records` are in the order of their ids if the record itself is gone.
pub(super) fn from_marker(
    records: Vec<Value>,
    marker: Option<i64>,
    limit: i64,
) -> (Vec<Value>, Option<i64>) {
    let id = |record: &Value| record["id"].as_i64().unwrap_or_default();
    let start = marker.map_or(0, |marker| {
        let exact = records.iter().position(|record| id(record) == marker);
        let later = || records.iter().position(|record| id(record) > marker);
        exact.or_else(later).unwrap_or(records.len())
    });
    let limit = usize::try_from(limit).unwrap_or_default();
    let mut shown: Vec<_> = records.into_iter().skip(start).take(limit + 1).collect();
    let next = if shown.len() > limit {
        shown.pop()
    } else {
        None
    };
    (shown, next.as_ref().map(id))
}

/// `NAME::VALUE`, several joined by `|`, as the Basic edition's `filter` has them.
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
