//! Images of a registry that a rule covers.
//!
//! Repositories are listed one after another, and the tags of each that the rule may cover.

use std::collections::HashSet;
use std::future::ready;

use futures_core::Stream;
use futures_core::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt, stream};
use openapi_transport::Error;

use crate::arrival::cover::ReadRule;
use crate::arrival::{Coverage, Covered};
use crate::listing::Listing;
use crate::model::{
    FilterOn, FilterSyntax, ImageName, ListedRepository, Rule, RuleFilter, TaskKind,
};
use crate::pager::{Page, Record};
use crate::registry::Registry;

/// Image of a registry, and whether a rule covers it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImageCoverage {
    /// The image. It has no tag if the rule covers no tag of the repository.
    pub image: ImageName,
    /// Whether the rule covers it, and why not.
    pub coverage: Coverage,
}

impl ImageCoverage {
    /// Compares a rule with an image. Sends no calls.
    ///
    /// ```no_run
    /// # fn example(rule: &registry_replication::Rule) {
    /// let image = "team/api:v42".parse().unwrap();
    /// let found = registry_replication::ImageCoverage::new(rule, image);
    /// println!("{}: {}", found.image, found.coverage.covered);
    /// # }
    /// ```
    pub fn new(rule: &Rule, image: ImageName) -> Self {
        Self {
            coverage: rule.coverage(&image),
            image,
        }
    }
}

/// The images of [`Registry::coverage_of`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum CoverageScope {
    /// Images that the rule covers, and those of which it is unknown. Only repositories of the rule's
    /// namespace are listed, if it has one.
    #[default]
    Covered,
    /// All images of the registry.
    All,
}

/// Lists images: see [`Registry::coverage_of`].
pub(crate) fn of<'a, R: Registry + ?Sized>(
    registry: &'a R,
    rule: &'a Rule,
    scope: CoverageScope,
) -> BoxStream<'a, Result<ImageCoverage, Error>> {
    if let Err(error) = check(registry, rule) {
        return stream::once(ready(Err(error))).boxed();
    }
    let read = ReadRule::new(rule.clone());
    let images = repositories(registry, rule, scope).and_then(move |repository| {
        let coverage = read.coverage(&repository.name);
        let read = read.clone();
        let is_listed = move |found: &ImageCoverage| {
            scope == CoverageScope::All || found.coverage.covered != Covered::No
        };
        let images = match coverage.covered {
            // The reason is that of all its tags.
            Covered::No => {
                let image = repository.name;
                stream::once(ready(Ok(ImageCoverage { image, coverage }))).boxed()
            }
            _ => complete(registry.tags_of(&repository))
                .try_filter(|tag| ready(tag.deleted.is_none()))
                .map_ok(move |tag| ImageCoverage {
                    coverage: read.coverage(&tag.image),
                    image: tag.image,
                })
                .boxed(),
        };
        ready(Ok(images.try_filter(move |found| ready(is_listed(found)))))
    });
    until_error(images.try_flatten()).boxed()
}

/// Refuses a rule whose images the registry cannot list.
fn check<R: Registry + ?Sized>(registry: &R, rule: &Rule) -> Result<(), Error> {
    let name = match rule.reference() {
        Some(reference) => format!("rule {reference}"),
        None => "the rule".to_owned(),
    };
    if rule.kind != TaskKind::Replication {
        return Err(Error::configuration(format!(
            "{name} is a retention rule, which copies nothing; name a replication rule"
        )));
    }
    match registry.is_source_of(rule) {
        true => Ok(()),
        false => Err(Error::not_offered(
            format_args!("the images of {name}"),
            "it copies from another registry; ask that registry, or name the images",
        )),
    }
}

/// Lists the repositories of the scope.
fn repositories<'a, R: Registry + ?Sized>(
    registry: &'a R,
    rule: &Rule,
    scope: CoverageScope,
) -> BoxStream<'a, Result<ListedRepository, Error>> {
    let source = &rule.source;
    match (scope, &source.namespace, &source.repository) {
        (CoverageScope::Covered, Some(namespace), Some(repository)) => {
            let name = ImageName::plain(namespace, repository);
            stream::once(ready(Ok(name.into()))).boxed()
        }
        (CoverageScope::Covered, namespace, _) => {
            let namespace = namespace.as_deref();
            let namespace = namespace.or_else(|| rule.filters.iter().find_map(namespace_of));
            complete(registry.repositories_in(namespace)).boxed()
        }
        (CoverageScope::All, ..) => complete(registry.repositories_in(None)).boxed(),
    }
}

/// Returns the only namespace that a filter matches, if the pattern begins with its name.
fn namespace_of(filter: &RuleFilter) -> Option<&str> {
    if filter.excludes || !filter.alternatives.is_empty() {
        return None;
    }
    let pattern = filter.pattern.as_str();
    let (name, plain) = match (&filter.on, filter.syntax) {
        (FilterOn::Name, FilterSyntax::Doublestar | FilterSyntax::Prefix) => {
            (pattern.split_once('/')?.0, "._-")
        }
        (FilterOn::Namespace, FilterSyntax::Doublestar) => (pattern, "._-"),
        // A dot matches any character.
        (FilterOn::Namespace, FilterSyntax::Regex) => (pattern, "_-"),
        _ => return None,
    };
    let is_plain = |c: char| c.is_ascii_alphanumeric() || plain.contains(c);
    Some(name).filter(|name| !name.is_empty() && name.chars().all(is_plain))
}

/// Reading of a listing until it is complete.
struct Reading<T> {
    pages: BoxStream<'static, Result<Page<T>, Error>>,
    /// The same listing, to be read once more.
    again: Option<Listing<T>>,
    known: HashSet<String>,
    count: u32,
    total: u64,
}

/// Returns all records of a listing, each once.
///
/// Vendors do not document the order of repositories and tags. A record that changes while the listing
/// is read may move to a page that was read before. So a listing of several pages is read again from its
/// start, until a page brings nothing new. A listing that has fewer records than the service counts ends
/// with an error.
fn complete<T: Record + Send + Sync + 'static>(
    listing: Listing<T>,
) -> impl Stream<Item = Result<T, Error>> + Send + use<T> {
    let reading = Reading {
        again: Some(listing.clone()),
        pages: listing.by_fetch().boxed(),
        known: HashSet::new(),
        count: 0,
        total: 0,
    };
    let pages = stream::try_unfold(reading, |mut reading| async move {
        loop {
            let Some(mut page) = reading.pages.try_next().await? else {
                match reading.again.take().filter(|_| reading.count > 1) {
                    Some(again) => reading.pages = again.by_fetch().boxed(),
                    None => return reading.counted().map(|()| None),
                }
                continue;
            };
            page.items
                .retain(|record| reading.known.insert(record.key()));
            reading.count = reading.count.saturating_add(1);
            reading.total = page.total.unwrap_or(0);
            if reading.again.is_none() && page.items.is_empty() {
                return reading.counted().map(|()| None);
            }
            return Ok(Some((stream::iter(page.items).map(Ok), reading)));
        }
    });
    pages.try_flatten()
}

impl<T> Reading<T> {
    /// Returns an error if the service counts more records than it has listed.
    fn counted(&self) -> Result<(), Error> {
        let known = u64::try_from(self.known.len()).unwrap_or(u64::MAX);
        match self.total > known {
            false => Ok(()),
            true => Err(Error::malformed(format!(
                "the service counts {} records of the list and lists {known}; retry later",
                self.total
            ))),
        }
    }
}

/// Ends a stream after its first error.
fn until_error<'a, T: Send + 'a>(
    items: impl Stream<Item = Result<T, Error>> + Send + 'a,
) -> impl Stream<Item = Result<T, Error>> + Send + 'a {
    stream::try_unfold(items.boxed(), |mut items| async move {
        let item = items.try_next().await?;
        Ok(item.map(|item| (item, items)))
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use futures_util::FutureExt;

    use super::*;
    use crate::pager::{Fetched, Steps};

    /// Makes a listing of these numbers as the service has them at each request, two on a page.
    fn listing(
        total: Option<u64>,
        at: impl Fn(u32) -> Vec<u32> + Send + Sync + 'static,
    ) -> (Listing<ListedRepository>, Arc<AtomicU32>) {
        let requests = Arc::new(AtomicU32::new(0));
        let count = requests.clone();
        let listing = Listing::new("Numbers".to_owned(), Steps::Records, move |slot| {
            let all = at(count.fetch_add(1, Ordering::Relaxed));
            let (offset, size) = (slot.offset as usize, slot.size as usize);
            let name = |number: &u32| ImageName::plain("team", &number.to_string());
            let items = all.iter().skip(offset).take(size).map(name);
            let items = items.map(ListedRepository::from).collect();
            let total = total.or(Some(all.len() as u64));
            ready(Ok(Fetched {
                items,
                total,
                size: None,
            }))
        });
        (listing.page_size(2).ahead(0), requests)
    }

    /// Returns the numbers of a complete listing, and the error that ended it.
    fn read(listing: Listing<ListedRepository>) -> (Vec<u32>, Option<String>) {
        let all = complete(listing).collect::<Vec<_>>();
        let mut numbers = Vec::new();
        for item in all.now_or_never().unwrap() {
            match item {
                Ok(repository) => numbers.push(repository.name.repository().parse().unwrap()),
                Err(error) => return (numbers, Some(error.to_string())),
            }
        }
        (numbers, None)
    }

    #[test]
    fn a_record_that_moves_to_an_earlier_page_is_not_lost() {
        let (moving, _) = listing(None, |request| match request {
            0 => vec![1, 2, 3, 4, 5],
            _ => vec![5, 1, 2, 3, 4],
        });
        let (mut numbers, error) = read(moving);
        numbers.sort_unstable();
        assert_eq!((numbers, error), (vec![1, 2, 3, 4, 5], None));
    }

    #[test]
    fn a_listing_of_one_page_is_read_once() {
        let (short, requests) = listing(None, |_| vec![1]);
        assert_eq!(read(short), (vec![1], None));
        assert_eq!(requests.load(Ordering::Relaxed), 1);
        let (empty, _) = listing(None, |_| Vec::new());
        assert_eq!(read(empty), (Vec::new(), None));
    }

    #[test]
    fn a_listing_that_is_shorter_than_its_total_is_an_error_at_its_end() {
        let (short, _) = listing(Some(7), |_| vec![1, 2, 3]);
        let (numbers, error) = read(short);
        assert_eq!(numbers, [1, 2, 3]);
        let error = error.unwrap();
        assert!(
            error.contains("counts 7 records of the list and lists 3"),
            "{error}"
        );
    }

    #[test]
    fn a_filter_names_a_namespace_if_it_can_match_no_other() {
        use FilterOn::{Name, Namespace, Repository, Tag};
        use FilterSyntax::{Doublestar, Prefix, Regex};
        for (on, pattern, syntax, expected) in [
            (Name, "team/**", Doublestar, Some("team")),
            (Name, "my.team_1-a/api", Doublestar, Some("my.team_1-a")),
            (Name, "te*/api", Doublestar, None),
            (Name, "{team,web}/api", Doublestar, None),
            (Name, "{team/a,web/b}", Doublestar, None),
            (Name, "**", Doublestar, None),
            (Name, "**/api", Doublestar, None),
            (Name, "/api", Doublestar, None),
            (Name, "team/a", Prefix, Some("team")),
            (Name, "team", Prefix, None),
            (Name, "team/a|web/b", Regex, None),
            (Namespace, "team", Doublestar, Some("team")),
            (Namespace, "team", Regex, Some("team")),
            (Namespace, "te.m", Regex, None),
            (Namespace, "team|web", Regex, None),
            (Namespace, "te", Prefix, None),
            (Namespace, "team", FilterSyntax::Unknown, None),
            (Repository, "team", Regex, None),
            (Tag, "team/x", Doublestar, None),
        ] {
            let mut filter = RuleFilter::new(on, pattern, syntax);
            assert_eq!(namespace_of(&filter), expected, "{filter:?}");
            filter.alternatives.push("web".to_owned());
            assert_eq!(namespace_of(&filter), None, "{filter:?}");
            filter.alternatives.clear();
            filter.excludes = true;
            assert_eq!(namespace_of(&filter), None, "{filter:?}");
        }
    }
}
