//! Ids of new records, which only a header has.

use http::HeaderMap;
use http::header::LOCATION;

/// Returns the id of a new record: the last part of `Location`.
///
/// Harbor answers calls that create a record with 201 and without a body.
///
/// ```
/// use openapi_transport::reqwest::header::{HeaderMap, HeaderValue, LOCATION};
/// let path = HeaderValue::from_static("/api/v2.0/replication/executions/83");
/// let headers = HeaderMap::from_iter([(LOCATION, path)]);
/// assert_eq!(harbor::created_id(&headers), Some(83));
/// ```
pub fn created_id(headers: &HeaderMap) -> Option<i64> {
    let location = headers.get(LOCATION)?.to_str().ok()?;
    let path = location.split(['?', '#']).next()?;
    path.trim_end_matches('/').rsplit('/').next()?.parse().ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_last_part_of_the_location_is_the_id() {
        for (location, id) in [
            ("/api/v2.0/replication/executions/83", Some(83)),
            ("https://registry.example/api/v2.0/registries/3/", Some(3)),
            ("/api/v2.0/projects/team", None),
            ("", None),
        ] {
            let headers = HeaderMap::from_iter([(LOCATION, location.parse().unwrap())]);
            assert_eq!(created_id(&headers), id, "{location}");
        }
        assert_eq!(created_id(&HeaderMap::new()), None);
    }
}
