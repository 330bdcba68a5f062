//! What a call is: the facts about an operation that outlive generation.

use crate::error::Error;

/// One call of a vendor's API, as its spec has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation {
    /// The generated method's name, `list_repo_sync_task`.
    pub id: &'static str,
    /// The vendor's name, `ListRepoSyncTask`.
    pub name: &'static str,
    /// Version of the API that the spec describes.
    pub version: &'static str,
    /// HTTP method in the spec.
    pub method: &'static str,
    /// Path template in the spec.
    pub path: &'static str,
    /// Group of calls that share a rate limit: the spec's tag.
    pub family: &'static str,
    /// Whether it changes anything.
    pub access: Access,
    /// How it pages.
    pub paging: Paging,
    /// Whether it needs a signature or token.
    pub signed: bool,
}

/// Whether a call changes anything, and so whether it may be repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Access {
    /// It changes nothing and may be repeated.
    Read,
    /// It changes something; sent twice it may do it twice.
    Write,
}

/// How a listing is cut into pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Paging {
    /// All at once.
    None,
    /// `offset` and `limit`, only as a pair; the offset is a multiple of the limit.
    OffsetLimit,
    /// `filter`, which holds limit and offset.
    Filter,
    /// `PageNo` and `PageSize`.
    PageNumber,
    /// `page` and `per_page`, only as a pair.
    PagePerPage,
}

impl Operation {
    /// Checks the rules between parameters, which no single parameter's type can hold.
    pub(crate) fn check(&self, url: &reqwest::Url) -> Result<(), Error> {
        let value = |name: &str| {
            url.query_pairs()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.into_owned())
        };
        let pair = |first: &str, second: &str| match (value(first), value(second)) {
            (Some(_), None) => Err(Error::invalid(
                self.name,
                format!("{first} goes only together with {second}: give both or neither"),
            )),
            (None, Some(_)) => Err(Error::invalid(
                self.name,
                format!("{second} goes only together with {first}: give both or neither"),
            )),
            both => Ok(both),
        };
        match self.paging {
            Paging::OffsetLimit => {
                if let (Some(offset), Some(limit)) = pair("offset", "limit")?
                    && let (Ok(start), Ok(size)) = (offset.parse::<i64>(), limit.parse::<i64>())
                    && size > 0
                    && start % size != 0
                {
                    return Err(Error::invalid(
                        self.name,
                        format!("offset {offset} is not a multiple of limit {limit}"),
                    ));
                }
                Ok(())
            }
            Paging::PagePerPage => pair("page", "per_page").map(drop),
            Paging::None | Paging::Filter | Paging::PageNumber => Ok(()),
        }
    }
}
