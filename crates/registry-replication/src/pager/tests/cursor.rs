//! Listings that an invented service continues by a token.

use proptest::prelude::*;

use super::*;
use crate::Listing;
use crate::pager::{Continued, CursorSlot};

/// Service whose token is the last record of the page before, so that pages never shift.
#[derive(Clone, Debug, Default)]
struct Service {
    records: BTreeSet<u64>,
    /// Most records that the service puts on a page.
    cap: usize,
    /// Calls that an empty page with a token answers.
    empty: HashSet<usize>,
    /// Records that a call adds (or removes) before its answer.
    events: Vec<(usize, bool, u64)>,
    removed: BTreeSet<u64>,
    /// Tokens that were asked for.
    asked: Vec<Option<String>>,
}

impl Service {
    fn with(records: u64) -> Self {
        Self {
            records: (1..=records).collect(),
            cap: usize::MAX,
            ..Self::default()
        }
    }

    fn answer(&mut self, slot: &CursorSlot) -> Continued<u64> {
        let call = self.asked.len();
        self.asked.push(slot.token.clone());
        for (_, is_added, record) in self.events.iter().filter(|(own, ..)| *own == call) {
            match is_added {
                true => self.records.insert(*record),
                false => self.removed.insert(*record) && self.records.remove(record),
            };
        }
        let after = slot.token.as_ref().map_or(0, |token| {
            let (after, _) = token.split_once('-').unwrap();
            after.parse().unwrap()
        });
        let mut rest = self.records.range(after + 1..).copied();
        let count = match self.empty.contains(&call) {
            true => 0,
            false => self.cap.min(slot.size as usize),
        };
        let items: Vec<u64> = rest.by_ref().take(count).collect();
        let last = items.last().copied().unwrap_or(after);
        let next = rest.next().map(|_| format!("{last}-{call}"));
        Continued {
            items,
            total: None,
            next,
        }
    }
}

fn listing(service: &Arc<Mutex<Service>>, size: u32) -> Listing<u64> {
    let service = Arc::clone(service);
    let fetch = move |slot| std::future::ready(Ok(service.lock().unwrap().answer(&slot)));
    Listing::by_cursor("Numbers".to_owned(), fetch).page_size(size)
}

/// Listing whose call with number N, from 0, is answered by `answer`.
fn scripted(
    answer: impl Fn(u64, CursorSlot) -> Result<Continued<u64>, Error> + Send + Sync + 'static,
) -> Listing<u64> {
    let calls = Mutex::new(0);
    Listing::by_cursor("Numbers".to_owned(), move |slot| {
        let mut calls = calls.lock().unwrap();
        *calls += 1;
        std::future::ready(answer(*calls - 1, slot))
    })
}

fn page(items: impl IntoIterator<Item = u64>, next: Option<String>) -> Continued<u64> {
    Continued {
        items: items.into_iter().collect(),
        total: None,
        next,
    }
}

/// Reads a page, stores its token, and resumes by it until nothing follows.
fn resumed(service: &Arc<Mutex<Service>>, size: u32) -> Vec<u64> {
    let mut found = Vec::new();
    let mut token: Option<PageToken> = None;
    while !token.as_ref().is_some_and(PageToken::is_last) {
        let part = listing(service, size);
        let part = match &token {
            Some(token) => part.resume(stored(token)),
            None => part,
        };
        let mut pages = pin!(part.by_page());
        let page = run(pages.try_next()).unwrap().unwrap();
        token = Some(page.token().clone());
        found.extend(page.items);
    }
    found
}

#[test]
fn a_listing_is_read_to_the_page_without_a_token() {
    for (records, cap, size, calls) in [
        (0, usize::MAX, 10, 1),
        (10, usize::MAX, 10, 1),
        (25, usize::MAX, 10, 3),
        (25, 4, 10, 7),
        (25, usize::MAX, 100, 1),
    ] {
        let service = Service {
            cap,
            ..Service::with(records)
        };
        let service = Arc::new(Mutex::new(service));
        let found = run(listing(&service, size).all()).unwrap();
        assert_eq!(found, (1..=records).collect::<Vec<_>>());
        assert_eq!(
            service.lock().unwrap().asked.len(),
            calls,
            "{records} by {size}"
        );
    }
}

#[test]
fn pages_are_read_one_after_another_as_they_are_wanted() {
    let service = Arc::new(Mutex::new(Service::with(100)));
    let mut pages = pin!(listing(&service, 10).ahead(4).by_page());
    for calls in 1..=3 {
        let page = run(pages.try_next()).unwrap().unwrap();
        assert_eq!(page.items.len(), 10);
        assert_eq!(service.lock().unwrap().asked.len(), calls);
    }
}

#[test]
fn a_listing_without_records_is_one_empty_page() {
    let service = Arc::new(Mutex::new(Service::default()));
    let pages: Vec<Page<u64>> = run(listing(&service, 10).by_page().try_collect()).unwrap();
    assert_eq!(pages.len(), 1);
    assert!(pages[0].items.is_empty() && pages[0].token().is_last());
}

#[test]
fn an_empty_text_ends_a_listing_and_an_empty_page_does_not() {
    let ended = scripted(|_, _| Ok(page([1, 2], Some(String::new()))));
    assert_eq!(run(ended.all()).unwrap(), [1, 2]);
    let service = Service {
        empty: (0..63).chain(64..120).collect(),
        ..Service::with(15)
    };
    let service = Arc::new(Mutex::new(service));
    let pages: Vec<Page<u64>> = run(listing(&service, 10).by_page().try_collect()).unwrap();
    assert_eq!(pages.len(), 2);
    assert_eq!(items(pages), (1..=15).collect::<Vec<_>>());
}

#[test]
fn a_record_that_moves_to_a_later_page_comes_once() {
    let listing = scripted(|call, _| {
        let next = (call < 2).then(|| call.to_string());
        Ok(page(call * 5..call * 5 + 8, next))
    });
    assert_eq!(run(listing.all()).unwrap(), (0..18).collect::<Vec<_>>());
}

#[test]
fn a_listing_that_does_not_end_is_an_error() {
    let next = |call: u64| Some(call.to_string());
    for (name, listing, says) in [
        (
            "the same token",
            scripted(|call, _| Ok(page([call], Some("again".to_owned())))),
            "repeats the token of a page after 2 pages",
        ),
        (
            "a circle of tokens",
            scripted(|call, _| Ok(page([call], Some((call % 3).to_string())))),
            "repeats the token of a page after 4 pages",
        ),
        (
            "empty pages",
            scripted(move |call, _| Ok(page([], next(call)))),
            "64 pages in a row have no new record",
        ),
        (
            "the same records",
            scripted(move |call, _| Ok(page([1, 2, 3], next(call)))),
            "64 pages in a row have no new record",
        ),
        (
            "records",
            scripted(move |call, _| Ok(page([call], next(call)))).max_records(20),
            "more than 20 records; narrow it, or raise the bound max_records",
        ),
        (
            "records without ids",
            scripted(move |call, _| Ok(page([u64::MAX], next(call)))).max_records(20),
            "more than 20 records",
        ),
        (
            "pages",
            scripted(move |call, _| Ok(page([call], next(call)))).max_pages(20),
            "more than 20 pages; narrow it, or raise the bound max_pages",
        ),
        (
            "a long token",
            scripted(|_, _| Ok(page([1], Some("x".repeat(16 * 1024 + 1))))),
            "has 16385 bytes; the limit is 16384",
        ),
    ] {
        let error = run(listing.all()).unwrap_err().to_string();
        assert!(
            error.starts_with("Numbers: ") && error.contains(says),
            "{name}: {error}"
        );
    }
}

#[test]
fn a_listing_resumes_by_the_token_of_the_service() {
    let service = Arc::new(Mutex::new(Service::with(35)));
    assert_eq!(resumed(&service, 10), (1..=35).collect::<Vec<_>>());
    let asked = service.lock().unwrap().asked.clone();
    assert_eq!(asked.len(), 4);
    assert_eq!(asked[3].as_deref(), Some("30-2"));

    // After the end, one empty page comes without a request.
    let pages: Vec<Page<u64>> = run(listing(&service, 100).by_page().try_collect()).unwrap();
    let token = stored(pages[0].token());
    let calls = service.lock().unwrap().asked.len();
    let rest = listing(&service, 10).resume(token).by_page();
    let rest: Vec<Page<u64>> = run(rest.try_collect()).unwrap();
    assert!(rest.len() == 1 && rest[0].items.is_empty() && rest[0].token().is_last());
    assert_eq!(service.lock().unwrap().asked.len(), calls);
}

#[test]
fn a_resumed_listing_follows_no_token_in_a_circle() {
    let first = scripted(|_, _| Ok(page([1], Some("again".to_owned()))));
    let mut pages = pin!(first.by_page());
    let token = run(pages.try_next()).unwrap().unwrap().token().clone();
    let again = scripted(|_, slot| Ok(page([2], slot.token)));
    let error = run(again.resume(token).all()).unwrap_err().to_string();
    assert!(error.contains("repeats the token"), "{error}");
}

#[test]
fn a_token_is_refused_plainly() {
    let service = Arc::new(Mutex::new(Service::with(35)));
    let mut pages = pin!(listing(&service, 10).by_page());
    let token = run(pages.try_next()).unwrap().unwrap().token().clone();

    // A token of a version that read the listing by numbers.
    let fetch = |_| {
        std::future::ready(Ok(Fetched {
            items: vec![1, 2],
            total: Some(9),
            size: None,
        }))
    };
    let numbered = Listing::new("Numbers".to_owned(), Steps::Pages, fetch).page_size(2);
    let mut pages = pin!(numbered.by_page());
    let of_numbers = run(pages.try_next()).unwrap().unwrap().token().clone();
    let error = run(listing(&service, 10).resume(of_numbers).all())
        .unwrap_err()
        .to_string();
    assert!(error.contains("read the listing from the start"), "{error}");

    // A token of another listing.
    let never = |_: CursorSlot| async { unreachable!("nothing is fetched") };
    let other = Listing::<u64>::by_cursor("Others".to_owned(), never);
    let error = run(other.resume(stored(&token)).all())
        .unwrap_err()
        .to_string();
    assert!(error.contains("of Numbers, not of Others"), "{error}");

    // A token that is longer than any valid one.
    let long = token
        .clone()
        .with_cursor(Some(&"x".repeat(16 * 1024)))
        .to_string();
    assert!(long.parse::<PageToken>().is_ok());
    let longer = token
        .with_cursor(Some(&"x".repeat(16 * 1024 + 1)))
        .to_string();
    assert!(longer.parse::<PageToken>().is_err());
}

/// A service's answer that something does not exist, from the first provider with such an answer.
async fn refusal() -> Error {
    let options = registry_sandbox::Options::default();
    let sandbox = registry_sandbox::Sandbox::start(options).await.unwrap();
    for provider in crate::providers() {
        let own = sandbox.settings(provider.name).unwrap();
        let settings = crate::Settings::new();
        let settings = settings.access_key(&own.access_key_id, own.access_key_secret.as_str());
        let values = own.values.into_iter();
        let settings = values.fold(settings, |settings, (name, value)| {
            settings.set(name, value)
        });
        let registry = crate::connect(provider.name, settings).await.unwrap();
        let nowhere: crate::ImageName = "nowhere/nothing".parse().unwrap();
        for scope in [crate::ExecutionRef::new("9999").into(), nowhere.into()] {
            let refused = registry.tasks_of(&scope).all().await;
            if let Err(error) = refused
                && error.status() == Some(404)
            {
                return error;
            }
        }
    }
    panic!("no provider answers with HTTP 404");
}

#[tokio::test]
async fn a_service_that_refuses_a_stored_token_is_explained() {
    let refused = refusal().await;

    let answers = move |call, _: CursorSlot| match call {
        0 => Ok(page([1], Some("second".to_owned()))),
        _ => Err(refused.clone()),
    };
    let says = "the stored page token may have expired";
    let whole = scripted(answers.clone()).by_page();
    let mut pages = pin!(whole);
    let first = pages.try_next().await.unwrap().unwrap();
    let error = pages.try_next().await.unwrap_err().to_string();
    assert!(!error.contains(says), "{error}");

    let resumed = scripted(move |_, slot| answers(1, slot)).resume(first.token().clone());
    let error = resumed.all().await.unwrap_err();
    assert!(error.to_string().contains(says), "{error}");
    assert_eq!(error.status(), Some(404));
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// Whatever comes and goes, and wherever reading stops and resumes, a record that is present
    /// throughout comes exactly once, and every other at most once.
    #[test]
    fn each_record_comes_once_while_records_come_and_go(
        records in proptest::collection::btree_set(1..400_u64, 0..100),
        cap in 1..20_usize,
        size in 1..30_u32,
        empty in proptest::collection::hash_set(0..40_usize, 0..12),
        events in proptest::collection::vec((0..40_usize, any::<bool>(), 1..400_u64), 0..40),
        is_resumed: bool,
    ) {
        let service = Service { records: records.clone(), cap, empty, events, ..Service::default() };
        let service = Arc::new(Mutex::new(service));
        let found = match is_resumed {
            true => resumed(&service, size),
            false => run(listing(&service, size).all()).unwrap(),
        };
        prop_assert!(found.is_sorted_by(|a, b| a < b), "{found:?}");
        let removed = &service.lock().unwrap().removed;
        let throughout: Vec<_> = records.difference(removed).copied().collect();
        let kept: Vec<_> = found.into_iter().filter(|one| throughout.contains(one)).collect();
        prop_assert_eq!(kept, throughout);
    }
}
