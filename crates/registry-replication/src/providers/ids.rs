//! Ids that are numbers.

use openapi_transport::Error;

use crate::model::grammar::quoted;

/// Reads an id of a product, such as that of a rule.
///
/// # Errors
/// When it is not a number.
pub(super) fn number(product: &str, what: &str, id: &str) -> Result<i64, Error> {
    id.parse().map_err(|_| {
        Error::configuration(format!(
            "invalid {what} {}; ids of {product} are numbers",
            quoted(id)
        ))
    })
}
