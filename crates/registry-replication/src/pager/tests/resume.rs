//! Tests of listings that resume from a token.

use futures_util::StreamExt;

use super::*;

/// Reads page by page, each by the token of the page before.
fn by_tokens(service: &Arc<Mutex<Service>>, steps: Steps, size: u32) -> Result<Vec<u64>, Error> {
    let mut items = Vec::new();
    let mut token: Option<PageToken> = None;
    loop {
        let paging = Paging {
            resume: token.as_ref().map(stored),
            ..paging(size, 4)
        };
        let pages = pager(service, steps, paging).by_page();
        let Some(page) = run(pin!(pages).try_next())? else {
            return Ok(items);
        };
        let over = page.token().is_last() || (token.is_some() && page.items.is_empty());
        token = Some(page.token().clone());
        items.extend(page.items);
        if over {
            return Ok(items);
        }
    }
}

#[test]
fn each_record_comes_once_whichever_page_a_reading_stops_at() {
    let mut off = Vec::new();
    for (steps, size, count, requests) in [
        (Steps::Records, 10, 0, 1),
        (Steps::Records, 10, 1, 1),
        (Steps::Records, 10, 35, 7),
        (Steps::Pages, 10, 35, 8),
        (Steps::Pages, 100, 1200, 23),
        (Steps::Records, 100, 1200, 23),
        (Steps::Pages, 1, 3, 7),
        (Steps::All, 10, 35, 1),
    ] {
        let all = Service::with(count);
        let expected: Vec<u64> = all.records.iter().copied().collect();
        let service = Arc::new(Mutex::new(all));
        let name = format!("{count} by {size}, {steps:?}");
        assert_eq!(
            by_tokens(&service, steps, size).unwrap(),
            expected,
            "{name}"
        );
        let asked = service.lock().unwrap().asked.clone();
        if asked.len() != requests {
            off.push(format!("{name}: {} {asked:?}", asked.len()));
        }
    }
    assert!(off.is_empty(), "not as many requests: {off:#?}");
}

/// Returns the token after this many pages, and the service at that time.
fn stop_after(pages: usize, steps: Steps, records: u64) -> (PageToken, Vec<u64>, Service) {
    let service = Arc::new(Mutex::new(Service::of(numbers(records))));
    let mut stream = pin!(pager(&service, steps, paging(40, 0)).by_page());
    let mut read = Vec::new();
    let mut token = None;
    for _ in 0..pages {
        let page = run(stream.try_next()).unwrap().unwrap();
        token = Some(stored(page.token()));
        read.extend(page.items);
    }
    let service = service.lock().unwrap().clone();
    (token.unwrap(), read, service)
}

fn go_on(service: Service, steps: Steps, token: PageToken) -> Result<Vec<Page<u64>>, Error> {
    let paging = Paging {
        resume: Some(token),
        ..paging(25, 4)
    };
    read(service, steps, paging).0
}

#[test]
fn a_place_is_found_again_though_the_listing_has_moved() {
    use Event::{Add, Remove};
    for steps in [Steps::Pages, Steps::Records] {
        for (name, event) in [
            ("nothing", Add { at: 0, count: 0 }),
            ("a few in front", Add { at: 0, count: 5 }),
            ("many in front", Add { at: 0, count: 200 }),
            ("a few at the end", Add { at: 255, count: 5 }),
            ("a few gone in front", Remove { at: 0, count: 5 }),
            ("many gone in front", Remove { at: 0, count: 70 }),
            ("all but one that were read", Remove { at: 0, count: 77 }),
            (
                "all that follow",
                Remove {
                    at: 128,
                    count: 200,
                },
            ),
        ] {
            let (token, read, mut service) = stop_after(2, steps, 200);
            let before = service.records.clone();
            service.happens(event);
            let read: HashSet<u64> = read.into_iter().collect();
            let throughout = service.throughout(&before).into_iter();
            let expected: Vec<u64> = throughout.filter(|record| !read.contains(record)).collect();
            let added: HashSet<u64> = service.records.difference(&before).copied().collect();
            let last = before.iter().nth(199);
            let items = items(go_on(service, steps, token).unwrap()).into_iter();
            let (new, old): (Vec<u64>, Vec<u64>) = items.partition(|item| added.contains(item));
            assert_eq!(old, expected, "{name}, {steps:?}");
            // Records that were added before the position are skipped.
            assert!(
                new.iter().all(|item| Some(item) > last),
                "{name}, {steps:?}"
            );
        }
    }
}

#[test]
fn a_place_that_is_gone_is_an_error() {
    let (token, read, mut service) = stop_after(2, Steps::Records, 200);
    let count = u8::try_from(read.len()).unwrap();
    service.happens(Event::Remove { at: 0, count });
    let error = go_on(service, Steps::Records, token).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("read the listing from the start"),
        "{error}"
    );
}

#[test]
fn of_a_listing_that_is_gone_nothing_remains() {
    let (token, _, mut service) = stop_after(1, Steps::Records, 50);
    service.happens(Event::Remove { at: 0, count: 50 });
    let pages = go_on(service, Steps::Records, token).unwrap();
    assert_eq!(items(pages), Vec::<u64>::new());
}

#[test]
fn after_the_last_page_comes_what_was_added_since() {
    let (token, _, mut service) = stop_after(2, Steps::Records, 60);
    assert!(token.is_last());
    let pages = go_on(service.clone(), Steps::Records, token.clone()).unwrap();
    assert_eq!((pages.len(), pages[0].items.len()), (1, 0));
    assert!(pages[0].token().is_last());
    service.happens(Event::Add { at: 255, count: 3 });
    let pages = go_on(service, Steps::Records, token).unwrap();
    assert_eq!(items(pages).len(), 3);
}

#[test]
fn a_token_of_another_listing_is_refused_before_anything_is_asked() {
    let (token, ..) = stop_after(1, Steps::Records, 50);
    let asked = Arc::new(Mutex::new(0));
    let count = asked.clone();
    let fetch = move |_| {
        *count.lock().unwrap() += 1;
        async { Err(Error::configuration("asked")) }
    };
    let paging = Paging {
        resume: Some(token),
        ..Paging::default()
    };
    let pager = Pager::<u64>::new("Others".to_owned(), paging, Steps::Records, fetch);
    let error = run(by_item(pager).try_collect::<Vec<_>>()).unwrap_err();
    let says = "the page token is of another listing: of Numbers, not of Others";
    assert_eq!(error.to_string(), says);
    assert_eq!(*asked.lock().unwrap(), 0);
}

#[test]
fn a_token_is_a_text_that_stays_as_it_is() {
    let (token, ..) = stop_after(2, Steps::Records, 60);
    let text = token.to_string();
    assert!(text.len() < 1200, "{}", text.len());
    assert!(
        text.starts_with("1.eyJsaXN0aW5nIjoiTnVtYmVycyIsImVuZCI6NjAsIm92ZXIi"),
        "{text}"
    );
    let json = serde_json::to_string(&token).unwrap();
    assert_eq!(json, format!("{text:?}"));
    assert_eq!(serde_json::from_str::<PageToken>(&json).unwrap(), token);
    for (text, says) in [
        ("", "invalid page token"),
        ("1", "invalid page token"),
        ("1.", "invalid page token"),
        ("1.e30", "invalid page token"),
        ("one.e30", "invalid page token"),
        (&text[..text.len() - 2], "invalid page token"),
        ("2.anything", "version 2; this library reads version 1"),
    ] {
        let error = text.parse::<PageToken>().unwrap_err().to_string();
        assert!(error.contains(says), "{text}: {error}");
    }
}

#[test]
fn a_token_that_was_made_up_breaks_nothing() {
    use base64::Engine;
    let place = format!(r#"{{"listing":"Numbers","end":{},"last":["7"]}}"#, u64::MAX);
    let text = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(place);
    let token: PageToken = format!("1.{text}").parse().unwrap();
    for steps in [Steps::Pages, Steps::Records] {
        let pages = go_on(Service::with(50), steps, token.clone()).unwrap();
        assert_eq!(items(pages), (8..50).collect::<Vec<_>>(), "{steps:?}");
    }
}

#[test]
fn pages_have_the_size_that_was_asked_for_resumed_or_not() {
    for steps in [Steps::Pages, Steps::Records] {
        for (count, size, then) in [(500, 50, 50), (500, 100, 50), (500, 20, 50), (120, 50, 7)] {
            let service = Arc::new(Mutex::new(Service::of(numbers(count))));
            let mut read = Vec::new();
            let mut sizes = Vec::new();
            let mut token = None;
            // One page each, and then the rest.
            for stop in [1, 1, 1, usize::MAX] {
                let size = if token.is_none() { size } else { then };
                let paging = Paging {
                    resume: token.clone(),
                    ..paging(size, 4)
                };
                let pages = pager(&service, steps, paging).by_page().take(stop);
                for page in run(pages.try_collect::<Vec<Page<u64>>>()).unwrap() {
                    token = Some(stored(page.token()));
                    sizes.push(page.items.len());
                    read.extend(page.items);
                }
            }
            let all: Vec<u64> = numbers(count).collect();
            let name = format!("{count} by {size}, then {then}, {steps:?}: {sizes:?}");
            assert_eq!(read, all, "{name}");
            let sizes: Vec<usize> = sizes.into_iter().filter(|size| *size > 0).collect();
            let (_, full) = sizes.split_last().unwrap();
            let expected = std::iter::once(size).chain(std::iter::repeat(then));
            assert!(
                full.iter()
                    .zip(expected)
                    .all(|(own, size)| *own == size as usize),
                "{name}"
            );
        }
    }
}

#[test]
fn a_capped_page_is_filled_up_unless_the_service_says_that_it_caps() {
    for (cap, sizes) in [
        (Cap::Silent(20), vec![50, 50, 20]),
        (Cap::Told(20), vec![20, 20, 20, 20, 20, 20]),
    ] {
        let service = Service {
            cap,
            ..Service::with(120)
        };
        let (pages, _) = read(service, Steps::Records, paging(50, 4));
        let found: Vec<usize> = pages.unwrap().iter().map(|page| page.items.len()).collect();
        assert_eq!(found, sizes, "{cap:?}");
    }
}

#[test]
fn records_before_an_error_are_handed_out_first() {
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
    let pager = Pager::new("Some".to_owned(), paging(10, 0), Steps::Records, fetch);
    let pages = run(pager.by_page().collect::<Vec<_>>());
    let sizes = pages.iter();
    let sizes = sizes.map(|page| page.as_ref().ok().map(|page| page.items.len()));
    assert_eq!(
        sizes.collect::<Vec<_>>(),
        [Some(10), Some(10), Some(8), None]
    );
}
