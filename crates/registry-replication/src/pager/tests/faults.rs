//! Faults of a service by name, with the number of requests that each costs.

use super::*;

#[test]
fn a_listing_ends_where_the_service_does() {
    use Steps::{All, Pages, Records};
    let mut off = Vec::new();
    let plain = Service::with;
    let total = |records, total| Service {
        total,
        ..plain(records)
    };
    let hidden = |hidden| Service {
        hidden,
        ..plain(25)
    };
    let capped = |cap, numbered| Service {
        cap,
        numbered,
        ..plain(22)
    };
    let of = |cap, total| Service {
        total,
        ..capped(cap, false)
    };
    let silent = |cap| of(Cap::Silent(cap), Total::Unsaid);
    let told = |cap| of(Cap::Told(cap), Total::Unsaid);
    let low = |cap| of(Cap::Silent(cap), Total::Fixed(2));
    let unshown = Service {
        total: Total::Unsaid,
        ..hidden(2..5)
    };
    let deaf = |records, of| Service {
        deaf: true,
        ..total(records, of)
    };
    for (name, steps, service, requests) in [
        ("nothing", Pages, plain(0), 1),
        ("one short page", Pages, plain(3), 1),
        // The total may be the page's own.
        ("one full page", Pages, plain(10), 2),
        ("full pages", Pages, plain(20), 3),
        ("full pages", Records, plain(20), 3),
        ("many", Pages, plain(100), 17),
        ("many", Records, plain(100), 12),
        ("all at once", All, plain(10), 1),
        (
            "a total that is too low",
            Pages,
            total(22, Total::Fixed(1)),
            4,
        ),
        ("a total of the page", Pages, total(30, Total::OfPage), 5),
        ("a total of the page", Records, total(30, Total::OfPage), 5),
        (
            "a total too high by some",
            Pages,
            total(10, Total::Fixed(12)),
            3,
        ),
        (
            "a total far too high",
            Pages,
            total(10, Total::Fixed(u64::MAX)),
            4,
        ),
        (
            "a total far too high",
            Records,
            total(10, Total::Fixed(u64::MAX)),
            4,
        ),
        ("no total", Pages, total(19, Total::Unsaid), 4),
        ("no total", Records, total(19, Total::Unsaid), 3),
        ("no total and nothing", Pages, total(0, Total::Unsaid), 1),
        (
            "no total and one short page",
            Pages,
            total(3, Total::Unsaid),
            2,
        ),
        (
            "no total and one short page",
            Records,
            total(3, Total::Unsaid),
            2,
        ),
        ("no total and one record", Pages, total(1, Total::Unsaid), 2),
        (
            "no total and one record",
            Records,
            total(1, Total::Unsaid),
            2,
        ),
        ("no total and all at once", All, total(3, Total::Unsaid), 1),
        ("no total, fewer than asked for", Pages, silent(4), 11),
        ("no total, fewer than asked for", Records, silent(4), 8),
        ("no total, two on a page", Pages, silent(2), 12),
        ("no total, two on a page", Records, silent(2), 22),
        ("no total, one on a page", Pages, silent(1), 23),
        ("no total, one on a page", Records, silent(1), 23),
        ("no total, fewer on a page, and said so", Pages, told(4), 10),
        (
            "no total, fewer on a page, and said so",
            Records,
            told(4),
            8,
        ),
        ("a total too low, fewer on a page", Pages, low(4), 11),
        ("a total too low, fewer on a page", Records, low(4), 8),
        ("a total too low, one on a page", Records, low(1), 24),
        ("two on a page", Pages, capped(Cap::Silent(2), false), 13),
        ("one on a page", Pages, capped(Cap::Silent(1), false), 24),
        ("one on a page", Records, capped(Cap::Silent(1), false), 24),
        ("some that are not shown, and no total", Pages, unshown, 6),
        ("always the same short page", Pages, deaf(8, Total::True), 1),
        (
            "always the same short page",
            Pages,
            deaf(8, Total::Unsaid),
            3,
        ),
        (
            "always the same short page",
            Records,
            deaf(8, Total::Unsaid),
            3,
        ),
        ("always the same full page", Pages, deaf(10, Total::True), 3),
        ("a page that is always empty", Pages, hidden(10..20), 4),
        ("a page that is always empty", Records, hidden(10..20), 4),
        ("some that are not shown", Pages, hidden(12..15), 4),
        ("some that are not shown", Records, hidden(12..15), 4),
        (
            "fewer than asked for",
            Records,
            capped(Cap::Silent(4), false),
            7,
        ),
        (
            "fewer than asked for",
            Pages,
            capped(Cap::Silent(4), false),
            11,
        ),
        (
            "fewer than asked for",
            Pages,
            capped(Cap::Silent(4), true),
            11,
        ),
        (
            "fewer, and said so",
            Records,
            capped(Cap::Told(4), false),
            8,
        ),
        ("fewer, and said so", Pages, capped(Cap::Told(4), true), 10),
        (
            "more than asked for",
            Records,
            Service {
                more: 5,
                ..plain(40)
            },
            3,
        ),
        (
            "more than asked for",
            Pages,
            Service {
                more: 5,
                ..plain(40)
            },
            4,
        ),
        (
            "a page that is empty once",
            Pages,
            Service {
                empty: vec![1],
                ..plain(25)
            },
            5,
        ),
        (
            "a page that is empty once",
            Records,
            Service {
                empty: vec![1],
                ..plain(25)
            },
            4,
        ),
        (
            "a first page that is empty once",
            Records,
            Service {
                empty: vec![0],
                ..plain(5)
            },
            2,
        ),
        ("tiny pages", Pages, plain(7), 8),
    ] {
        let size = if name == "tiny pages" { 1 } else { 10 };
        let all = service.records.clone();
        let (pages, service) = read(service, steps, paging(size, 0));
        let name = format!("{name}, {steps:?}: {:?}", service.asked);
        assert_eq!(items(pages.unwrap()), service.throughout(&all), "{name}");
        if service.asked.len() != requests {
            off.push(name);
        }
    }
    assert!(off.is_empty(), "not as many requests: {off:#?}");
}

#[test]
fn a_listing_that_moves_is_read_without_loss() {
    use Event::{Add, Remove};
    use Steps::{Pages, Records};
    let mut off = Vec::new();
    const FRONT: u8 = 0;
    const END: u8 = 255;
    let removed = |count| Remove { at: FRONT, count };
    let added = |at, count| Add { at, count };
    // Events before the answer to the second request.
    for (name, steps, count, event, requests) in [
        ("one read is removed", Records, 30, removed(1), 5),
        ("some read are removed", Records, 30, removed(5), 5),
        ("some read are removed", Pages, 30, removed(5), 6),
        // The total becomes smaller than the number of read records, and records have moved before it.
        ("the total shrinks", Records, 15, removed(5), 3),
        ("the total shrinks", Pages, 15, removed(5), 4),
        ("all read are removed", Records, 15, removed(10), 3),
        ("all are removed", Records, 15, removed(15), 3),
        ("some are added in front", Records, 30, added(FRONT, 5), 4),
        // The page has no known record, as if records had been removed.
        ("many are added in front", Records, 30, added(FRONT, 20), 12),
        ("the total grows", Records, 15, added(END, 7), 3),
        ("the total grows", Pages, 15, added(END, 7), 3),
    ] {
        let mut service = Service::of(numbers(count));
        service.events = vec![added(FRONT, 0), event];
        let before = service.records.clone();
        let (pages, service) = read(service, steps, paging(10, 0));
        let name = format!("{name}, {steps:?}: {:?}", service.asked);
        let items = items(pages.unwrap());
        let once: BTreeSet<u64> = items.iter().copied().collect();
        assert_eq!(once.len(), items.len(), "{name}");
        for record in service.throughout(&before) {
            assert!(once.contains(&record), "{record} is lost: {name}");
        }
        if service.asked.len() != requests {
            off.push(name);
        }
    }
    assert!(off.is_empty(), "not as many requests: {off:#?}");
}

#[test]
fn a_listing_that_moves_too_fast_is_an_error() {
    // Each time, as many records are added in front as a page has.
    let mut service = Service::of(numbers(30));
    service.events = vec![Event::Add { at: 0, count: 10 }; 500];
    let (pages, service) = read(service, Steps::Records, paging(10, 0));
    let error = pages.unwrap_err().to_string();
    assert!(error.contains("changes too fast to read"), "{error}");
    assert!(service.asked.len() < 200, "{}", service.asked.len());
}

/// Returns the error that ends an endless listing, and the number of requests before it.
fn ends(paging: Paging, steps: Steps, service: Service) -> (String, usize) {
    let (pages, service) = read(service, steps, paging);
    let error = pages.unwrap_err();
    assert!(!error.can_retry() || error.to_string().contains("changes too fast to read"));
    (error.to_string(), service.asked.len())
}

#[test]
fn a_service_that_ignores_where_a_page_begins_is_an_error() {
    for steps in [Steps::Pages, Steps::Records] {
        for total in [Total::True, Total::Unsaid, Total::Fixed(2)] {
            let service = Service {
                deaf: true,
                total,
                ..Service::with(30)
            };
            let (error, requests) = ends(paging(10, 4), steps, service);
            assert!(error.contains("answers with the same records"), "{error}");
            assert!(requests <= 5, "{requests}");
        }
    }
}

#[test]
fn a_listing_without_an_end_is_an_error_at_the_bound() {
    for (max_records, max_pages, says, requests) in [
        (1000, u64::MAX, "more than 1000 records", 11),
        (u64::MAX, 7, "more than 7 pages", 7),
    ] {
        for total in [Total::Unsaid, Total::Fixed(u64::MAX)] {
            let paging = Paging {
                max_records,
                max_pages,
                ..paging(100, 0)
            };
            let service = Service {
                total,
                ..Service::with(5000)
            };
            let (error, asked) = ends(paging, Steps::Records, service);
            assert!(error.contains(says), "{error}");
            assert_eq!(asked, requests, "{says}");
        }
    }
    // A listing with exactly as many records as the bound is valid.
    let paging = Paging {
        max_records: 50,
        ..paging(10, 0)
    };
    let (pages, _) = read(Service::with(50), Steps::Records, paging);
    assert_eq!(items(pages.unwrap()).len(), 50);
}

#[test]
fn records_without_an_id_for_ever_are_an_error_at_the_bound() {
    for steps in [Steps::Pages, Steps::Records] {
        let fetch = |slot: Slot| async move {
            Ok(Fetched {
                items: vec![u64::MAX; slot.size as usize],
                total: None,
                size: None,
            })
        };
        let pager = Pager::<u64>::new("Some".to_owned(), Paging::default(), steps, fetch);
        let mut count = 0_u64;
        let counted = by_item(pager).try_for_each(|_| {
            count += 1;
            std::future::ready(Ok(()))
        });
        let error = run(counted).unwrap_err().to_string();
        assert!(error.contains("more than 1000000 records"), "{error}");
        assert!((999_000..=1_000_000).contains(&count), "{count}");
    }
}

#[test]
fn records_added_in_front_for_ever_are_an_error() {
    for (steps, resumed) in [
        (Steps::Pages, false),
        (Steps::Records, false),
        (Steps::Pages, true),
        (Steps::Records, true),
    ] {
        // Two pages of new records in front of each request.
        let fetch = |calls: Arc<Mutex<u64>>| {
            move |slot: Slot| {
                let mut calls = calls.lock().unwrap();
                *calls += 1;
                let newest = 1_000_000_000 - *calls * 200;
                async move {
                    let first = newest + slot.offset;
                    Ok(Fetched {
                        items: (first..first + u64::from(slot.size)).collect::<Vec<u64>>(),
                        total: None,
                        size: None,
                    })
                }
            }
        };
        let calls = Arc::new(Mutex::new(0));
        let pager = |paging| Pager::new("Some".to_owned(), paging, steps, fetch(calls.clone()));
        let mut paging = Paging::default();
        if resumed {
            let pages = pager(paging.clone()).by_page();
            let page = run(pin!(pages).try_next()).unwrap().unwrap();
            paging.resume = Some(stored(page.token()));
        }
        let read = run(by_item(pager(paging)).try_collect::<Vec<_>>());
        let error = read.unwrap_err().to_string();
        assert!(error.contains("changes too fast to read"), "{error}");
        let calls = *calls.lock().unwrap();
        assert!(calls < 200, "{calls}");
    }
}

#[test]
fn an_id_of_any_length_is_kept_in_little_memory() {
    let long = |number: u64| format!("{number:060000}");
    struct Long(String);
    impl Record for Long {
        fn key(&self) -> String {
            self.0.clone()
        }
    }
    let fetch = move |slot: Slot| async move {
        Ok(Fetched {
            items: (slot.offset..slot.end().min(25))
                .map(|number| Long(long(number)))
                .collect(),
            total: Some(25),
            size: None,
        })
    };
    let pager = Pager::<Long>::new("Some".to_owned(), paging(10, 0), Steps::Records, fetch);
    let pages: Vec<Page<Long>> = run(pager.by_page().try_collect()).unwrap();
    let token = pages.last().unwrap().token().to_string();
    assert_eq!(pages.iter().map(|page| page.items.len()).sum::<usize>(), 25);
    assert!(token.len() < 4000, "{}", token.len());
}

#[test]
fn records_without_an_id_are_told_by_their_place() {
    for steps in [Steps::Pages, Steps::Records] {
        let fetch = |slot: Slot| async move {
            // Every third record has no key.
            let record = |place: u64| match place % 3 {
                0 => u64::MAX,
                _ => place,
            };
            let places = slot.offset..slot.end().min(50);
            Ok(Fetched {
                items: places.map(record).collect(),
                total: Some(50),
                size: None,
            })
        };
        let pager = Pager::<u64>::new("Some".to_owned(), paging(16, 4), steps, fetch);
        let items: Vec<u64> = run(by_item(pager).try_collect()).unwrap();
        assert_eq!(items.len(), 50, "{steps:?}");
        let without = items.iter().filter(|item| **item == u64::MAX);
        assert_eq!(without.count(), 17, "{steps:?}");
    }
}

#[test]
fn pages_are_fetched_ahead_up_to_a_bound_and_not_before_they_are_wanted() {
    for (ahead, after_each) in [
        (0, [1, 2, 3, 4, 5, 6]),
        (1, [1, 3, 4, 5, 6, 7]),
        (2, [1, 3, 5, 6, 7, 8]),
        (4, [1, 3, 5, 8, 9, 10]),
        (u32::MAX, [1, 3, 5, 8, 12, 12]),
    ] {
        let service = Arc::new(Mutex::new(Service::with(100)));
        let pages = pager(&service, Steps::Records, paging(10, ahead)).by_fetch();
        let mut pages = pin!(pages);
        for (number, expected) in after_each.into_iter().enumerate() {
            assert!(run(pages.try_next()).unwrap().is_some());
            // 100 records take 11 pages: 9 new records on each, except the first.
            let expected = expected.min(11);
            let asked = service.lock().unwrap().asked.len();
            assert_eq!(asked, expected, "after page {number}, {ahead} ahead");
        }
    }
}

#[test]
fn an_error_ends_the_stream_where_it_was_waited_for() {
    let fetch = |slot: Slot| async move {
        match slot.offset {
            27.. => Err(Error::configuration("broken")),
            _ => Ok(Fetched {
                items: (slot.offset..slot.end()).collect::<Vec<u64>>(),
                total: Some(100),
                size: None,
            }),
        }
    };
    for ahead in [0, 4] {
        let pager = Pager::new("Some".to_owned(), paging(10, ahead), Steps::Records, fetch);
        let items = run(by_item(pager).collect::<Vec<_>>());
        let (last, others) = items.split_last().unwrap();
        assert_eq!(last.as_ref().unwrap_err().to_string(), "broken");
        let others: Vec<u64> = others.iter().map(|item| *item.as_ref().unwrap()).collect();
        assert_eq!(others, (0..28).collect::<Vec<_>>(), "{ahead} ahead");
    }
}
