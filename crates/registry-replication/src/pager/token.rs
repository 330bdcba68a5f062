//! Page tokens.

use std::collections::VecDeque;
use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use openapi_transport::Error;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::anchor::{Anchor, Key};

/// Position between two pages of a listing, as a text that can be stored.
///
/// [`Page::token`](crate::Page::token) returns it, and
/// [`Listing::resume`](crate::Listing::resume) continues there. It names the listing with its
/// filters, the number of records before it, and up to 32 of the last ones. It holds no secret. It
/// takes about a kilobyte, and up to 24 more if the service continues by its own token.
/// Other versions of this library read it, or return an error that names both versions.
///
/// ```
/// use registry_replication::PageToken;
/// let error = "2.e30".parse::<PageToken>().unwrap_err();
/// assert_eq!(error.to_string(), "page token of version 2; this library reads version 1");
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct PageToken(Place);

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct Place {
    listing: String,
    /// Index of the listing's part.
    #[serde(default, skip_serializing_if = "is_first")]
    part: usize,
    end: u64,
    /// Whether nothing followed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    over: bool,
    last: Vec<String>,
    /// Token of the service for the next page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cursor: Option<String>,
    /// Earlier last records that have not been seen since.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    missed: Vec<String>,
}

fn is_first(part: &usize) -> bool {
    *part == 0
}

/// Error of a text that is not a page token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnfitPageToken {
    /// It comes from another version of this library.
    #[error("page token of version {0}; this library reads version {VERSION}")]
    Version(String),
    /// It was cut or changed, or it is not a page token.
    #[error("invalid page token; pass the whole text as it was returned")]
    Unreadable,
}

const VERSION: &str = "1";

/// Most bytes of a service's own token for a page.
pub(super) const LONGEST_CURSOR: usize = 16 * 1024;

impl PageToken {
    /// Makes the position after `end` records, the last of which are `last`. `over` means that
    /// nothing follows.
    pub(super) fn of(listing: &str, end: u64, last: &Anchor, over: bool) -> Self {
        let texts = |keys: &VecDeque<Key>| keys.iter().map(|key| key.as_ref().to_owned()).collect();
        Self(Place {
            listing: listing.to_owned(),
            part: 0,
            end,
            over,
            cursor: None,
            last: texts(&last.seen),
            missed: texts(&last.missed),
        })
    }

    /// Adds the token of the service for the next page.
    pub(super) fn with_cursor(mut self, cursor: Option<&str>) -> Self {
        self.0.cursor = cursor.map(str::to_owned);
        self
    }

    /// Returns the token of the service for the next page.
    pub(super) fn cursor(&self) -> Option<&str> {
        self.0.cursor.as_deref()
    }

    /// Sets the part, for a listing with several parts.
    pub(crate) fn in_part(mut self, part: usize, parts: usize) -> Self {
        self.0.part = part;
        self.0.over &= part + 1 == parts;
        self
    }

    pub(crate) fn part(&self) -> usize {
        self.0.part
    }

    /// Whether nothing followed when the page was read. A listing that resumes here has the records
    /// that were added at its end since.
    ///
    /// A listing may end without such a page, if one more request is needed to see the end.
    pub fn is_last(&self) -> bool {
        self.0.over
    }

    /// Returns the error for a token of another listing.
    pub(crate) fn of_another_listing(&self, listing: &str) -> Error {
        Error::configuration(format!(
            "the page token is of another listing: of {}, not of {listing}",
            self.0.listing
        ))
    }

    /// Returns the number of records that were read, and the last of them. Refuses a token of another
    /// listing.
    pub(super) fn place_in(self, listing: &str) -> Result<(u64, Anchor), Error> {
        if self.0.listing != listing {
            return Err(self.of_another_listing(listing));
        }
        let place = self.0;
        let keys = |texts: Vec<String>| texts.into_iter().map(Key::from).collect();
        let last = Anchor {
            seen: keys(place.last),
            missed: keys(place.missed),
        };
        Ok((place.end, last))
    }
}

impl fmt::Display for PageToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let json = serde_json::to_vec(&self.0).map_err(|_| fmt::Error)?;
        write!(f, "{VERSION}.{}", BASE64.encode(json))
    }
}

impl fmt::Debug for PageToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PageToken")
            .field("listing", &self.0.listing)
            .field("end", &self.0.end)
            .finish_non_exhaustive()
    }
}

impl FromStr for PageToken {
    type Err = UnfitPageToken;

    fn from_str(text: &str) -> Result<Self, UnfitPageToken> {
        let unreadable = || UnfitPageToken::Unreadable;
        let (version, place) = text.trim().split_once('.').ok_or_else(unreadable)?;
        if version != VERSION {
            let number = !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit());
            return Err(match number {
                true => UnfitPageToken::Version(version.to_owned()),
                false => UnfitPageToken::Unreadable,
            });
        }
        let json = BASE64.decode(place).map_err(|_| unreadable())?;
        let place: Place = serde_json::from_slice(&json).map_err(|_| unreadable())?;
        match place.cursor.as_ref().map_or(0, String::len) <= LONGEST_CURSOR {
            true => Ok(Self(place)),
            false => Err(unreadable()),
        }
    }
}

impl TryFrom<String> for PageToken {
    type Error = UnfitPageToken;
    fn try_from(text: String) -> Result<Self, UnfitPageToken> {
        text.parse()
    }
}

impl From<PageToken> for String {
    fn from(token: PageToken) -> Self {
        token.to_string()
    }
}
