//! Pages of a registry's lists: `n`, `last` and `Link`.

use hyper::StatusCode;
use hyper::header::LINK;
use serde_json::{Value, json};

use super::reply::{Reply, error};
use crate::encoding;
use crate::message::Request;

/// Most names on a page, and the number if a request does not pass `n`.
const LARGEST: usize = 1000;

/// Returns the page of `names` that a request asks for, below `field` of `body`.
///
/// `names` are sorted. A page begins after the name in `last`.
pub(super) fn page<'a>(
    request: &Request,
    names: impl Iterator<Item = &'a String>,
    mut body: Value,
    field: &str,
) -> Reply {
    let parameters = request.query_parameters();
    let size = match parameters.get("n").map(|text| text.parse::<usize>()) {
        None => LARGEST,
        Some(Ok(size)) => size.min(LARGEST),
        Some(Err(_)) => {
            let message = "n is not a number of entries";
            return error(
                StatusCode::BAD_REQUEST,
                "PAGINATION_NUMBER_INVALID",
                message,
            );
        }
    };
    let last = parameters.get("last").map_or("", String::as_str);
    let mut rest = names.filter(|name| name.as_str() > last);
    let page: Vec<&String> = rest.by_ref().take(size).collect();
    let next = page.last().filter(|_| rest.next().is_some()).map(|last| {
        let path = &request.path;
        let last = encoding::encode(last);
        format!("<{path}?last={last}&n={size}>; rel=\"next\"")
    });
    body[field] = json!(page);
    let reply = Reply::json(StatusCode::OK, body.to_string());
    match next {
        Some(next) => reply.with(LINK, next),
        None => reply,
    }
}
