//! Ids, which are numbers here.

use openapi_transport::Error;

use crate::model::grammar::quoted;

/// Reads an id.
///
/// # Errors
/// When it is not a number.
pub(super) fn number(what: &str, id: &str) -> Result<i64, Error> {
    id.parse().map_err(|_| {
        Error::configuration(format!(
            "invalid {what} {}; ids of Huawei Cloud are numbers",
            quoted(id)
        ))
    })
}
