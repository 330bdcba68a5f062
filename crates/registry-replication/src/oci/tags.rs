//! Lists of tags and repositories.

use openapi_transport::{Answer, Error, Operation};
use serde::{Deserialize, Deserializer};

use super::access::Target;
use super::fields::{List, decode};
use super::wire::{CATALOG, TAGS};
use super::{Client, link, names};
use crate::listing::Listing;
use crate::pager::{Continued, CursorSlot, Record, listing_name};

/// Number of names on a page, if the caller does not say. Registries put fewer names on a page if they
/// have a lower limit.
const PAGE: u32 = 1000;

/// Most names on a page.
const NAMES: usize = 200_000;

/// Longest name of a repository in a list, in bytes.
const LONGEST_NAME: usize = 512;

/// Page of a list. `tags: null` is an empty list.
#[derive(Default, Deserialize)]
#[serde(default)]
struct RawTags {
    name: Option<String>,
    #[serde(deserialize_with = "present")]
    tags: Option<List<String, NAMES>>,
}

/// Reads a field that is present, with `null` as an empty list.
fn present<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<List<String, NAMES>>, D::Error> {
    List::deserialize(deserializer).map(Some)
}

#[derive(Deserialize)]
struct RawCatalog {
    repositories: List<String, NAMES>,
}

impl Record for String {
    fn key(&self) -> String {
        self.clone()
    }

    fn bytes(&self) -> u64 {
        u64::try_from(self.len()).unwrap_or(u64::MAX)
    }
}

impl Client {
    /// Lists the tags of a repository: `GET /v2/<name>/tags/list`.
    ///
    /// The client asks for 1,000 tags on a page ([`page_size`](Listing::page_size) changes it), and
    /// follows `Link` headers to the next page. A page at another host is refused. A link that leads
    /// back, and a list that does not end, are errors.
    ///
    /// Tags come in the order of the registry, which need not be the alphabet's. A repository without
    /// tags is an empty list. If the registry says that it does not have the
    /// repository, the error has the kind [`NotFound`](openapi_transport::ErrorKind::NotFound).
    ///
    /// ```no_run
    /// use futures_util::TryStreamExt;
    /// use registry_replication::oci::Client;
    ///
    /// # async fn example() -> Result<(), registry_replication::Error> {
    /// let registry = Client::builder("registry.example").docker_config().build()?;
    /// let mut tags = std::pin::pin!(registry.tags("team/api").by_item());
    /// while let Some(tag) = tags.try_next().await? {
    ///     println!("{tag}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As items of the stream: those of [`manifest`](Self::manifest), and when a page is larger than
    /// 4 MiB or has an invalid tag.
    pub fn tags(&self, repository: &str) -> Listing<String> {
        if let Err(error) = names::repository(repository) {
            return Listing::refused(error);
        }
        let about = format!("{}/{repository}", self.host);
        let target = Target::Tags(repository.to_owned());
        self.listing(&TAGS, target, format!("{repository}/tags/list"), about)
    }

    /// Lists the repositories of a registry that the login may see: `GET /v2/_catalog`.
    ///
    /// Pages are read as those of [`tags`](Self::tags). Many registries do not offer this list, or only
    /// to administrators.
    ///
    /// # Errors
    /// As items of the stream: those of [`tags`](Self::tags).
    pub fn repositories(&self) -> Listing<String> {
        let about = self.host.to_string();
        self.listing(&CATALOG, Target::Catalog, "_catalog".to_owned(), about)
    }

    fn listing(
        &self,
        operation: &'static Operation,
        target: Target,
        path: String,
        about: String,
    ) -> Listing<String> {
        let name = listing_name(operation.name, &[("of", Some(&about))]);
        let client = self.clone();
        let fetch = move |slot: CursorSlot| {
            let (client, target, path, about) =
                (client.clone(), target.clone(), path.clone(), about.clone());
            async move {
                let page = client.page(operation, &target, &path, slot).await;
                let is_repository = matches!(target, Target::Tags(_));
                page.map_err(|error| match is_repository && error.is_absent() {
                    true => Error::not_found("the registry does not have the repository"),
                    false => error,
                })
                .map_err(|error| error.with_subject(about))
            }
        };
        Listing::by_cursor(name, fetch).page_size(PAGE)
    }

    async fn page(
        &self,
        operation: &'static Operation,
        target: &Target,
        path: &str,
        slot: CursorSlot,
    ) -> Result<Continued<String>, Error> {
        let path = match &slot.token {
            None => format!("{path}?n={}", slot.size),
            // A stored token may have been changed.
            Some(next) => match next.strip_prefix("/v2/") {
                Some(path) => path.to_owned(),
                None => return Err(Error::configuration("invalid position in a page token")),
            },
        };
        let (answer, _) = self.ask(operation, target, &path).await?;
        let unexpected = |why: String| Error::unexpected(operation.name, &answer, why);
        let items = items(operation, &answer).map_err(unexpected)?;
        let next = self.next_page(&answer, &path).map_err(unexpected)?;
        Ok(Continued {
            items,
            total: None,
            next,
        })
    }

    /// Returns path and query of the page after the one at `path` below `/v2/`.
    pub(super) fn next_page(&self, answer: &Answer, path: &str) -> Result<Option<String>, String> {
        let base = format!("{}/v2/{path}", self.context.endpoint());
        let next = link::next(&answer.headers)?;
        next.map(|next| link::own(&base, &next)).transpose()
    }
}

/// Reads the names on a page.
fn items(operation: &Operation, answer: &Answer) -> Result<Vec<String>, String> {
    if operation.id == CATALOG.id {
        let names = decode::<RawCatalog>(&answer.body)?.repositories.0;
        let is_name = |name: &String| name.len() <= LONGEST_NAME && names::repository(name).is_ok();
        return match names.iter().all(is_name) {
            true => Ok(names),
            false => Err("the list has an invalid repository".to_owned()),
        };
    }
    let raw: RawTags = decode(&answer.body)?;
    let tags = match (raw.tags, raw.name) {
        (Some(tags), _) => tags.0,
        // Some registries leave out an empty list.
        (None, Some(_)) => Vec::new(),
        (None, None) => return Err("the answer is not a list of tags".to_owned()),
    };
    match tags.iter().all(|tag| names::is_tag(tag)) {
        true => Ok(tags),
        false => Err("the list has an invalid tag".to_owned()),
    }
}
