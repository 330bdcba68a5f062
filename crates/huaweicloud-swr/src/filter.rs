//! Filter text for paging in the Basic edition's listings of sync jobs.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Filter of a listing of the Basic edition: which records it returns, and in which order.
///
/// ```
/// use huaweicloud_swr::{Filter, Order};
/// let filter = Filter::new(10, 20).order(Order::Descending);
/// assert_eq!(filter.to_string(), "limit::10|offset::20|order::desc");
/// assert_eq!("limit::10|offset::20|order::desc".parse(), Ok(filter));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Filter {
    limit: u32,
    offset: u64,
    order: Option<Order>,
}

/// Order of records by time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Order {
    /// Oldest first, `asc`.
    Ascending,
    /// Newest first, `desc`.
    Descending,
}

/// Error of an invalid filter text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "invalid filter {0:?}; expected limit::N|offset::N and optionally |order::desc or |order::asc"
)]
pub struct InvalidFilter(String);

impl Filter {
    /// Selects `limit` records, beginning at index `offset`.
    pub fn new(limit: u32, offset: u64) -> Self {
        Self {
            limit,
            offset,
            order: None,
        }
    }

    /// Sets the order. [default: the service's own]
    pub fn order(mut self, order: Order) -> Self {
        self.order = Some(order);
        self
    }
}

impl Order {
    fn as_str(self) -> &'static str {
        match self {
            Self::Ascending => "asc",
            Self::Descending => "desc",
        }
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "limit::{}|offset::{}", self.limit, self.offset)?;
        match self.order {
            Some(order) => write!(f, "|order::{}", order.as_str()),
            None => Ok(()),
        }
    }
}

impl FromStr for Filter {
    type Err = InvalidFilter;
    fn from_str(text: &str) -> Result<Self, InvalidFilter> {
        let parse = || {
            let mut parts = text.split('|');
            let limit = parts.next()?.strip_prefix("limit::")?.parse().ok()?;
            let offset = parts.next()?.strip_prefix("offset::")?.parse().ok()?;
            let order = match parts.next() {
                None => None,
                Some("order::asc") => Some(Order::Ascending),
                Some("order::desc") => Some(Order::Descending),
                Some(_) => return None,
            };
            parts.next().is_none().then_some(Self {
                limit,
                offset,
                order,
            })
        };
        parse().ok_or_else(|| InvalidFilter(text.to_owned()))
    }
}

impl TryFrom<&str> for Filter {
    type Error = InvalidFilter;
    fn try_from(text: &str) -> Result<Self, InvalidFilter> {
        text.parse()
    }
}

impl TryFrom<String> for Filter {
    type Error = InvalidFilter;
    fn try_from(text: String) -> Result<Self, InvalidFilter> {
        text.parse()
    }
}

impl From<Filter> for String {
    fn from(filter: Filter) -> Self {
        filter.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_refused_unless_they_are_whole() {
        for bad in [
            "",
            "limit::10",
            "offset::0|limit::10",
            "limit::10|offset::0|order::up",
            "limit::10|offset::0|order::asc|",
            "limit::-1|offset::0",
            "limit::x|offset::0",
        ] {
            assert!(bad.parse::<Filter>().is_err(), "{bad}");
        }
    }
}
