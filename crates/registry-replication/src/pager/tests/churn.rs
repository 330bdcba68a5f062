//! Property tests: any listing that changes in any way, read with prefetched pages whose answers come
//! in any order.
//!
//! `PROPTEST_CASES=20000 cargo test -p registry-replication --lib churn` tries many more.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

fn event() -> impl Strategy<Value = Event> {
    // Most changes happen at the beginning and the end.
    let at = || prop_oneof![Just(0), Just(255), any::<u8>()];
    prop_oneof![
        2 => (at(), 0..6_u8).prop_map(|(at, count)| Event::Add { at, count }),
        2 => (at(), 0..8_u8).prop_map(|(at, count)| Event::Remove { at, count }),
        1 => (any::<u8>(), 8..60_u8).prop_map(|(at, count)| Event::Remove { at, count }),
    ]
}

/// Faults of the service. Only one at a time, because two together can claim an end where the listing
/// continues.
fn faulty() -> impl Strategy<Value = (Total, Cap, u32, Vec<usize>)> {
    let none = || Just(Vec::new());
    let off = || vec(-20..20_i8, 60).prop_map(Total::Off);
    prop_oneof![
        (Just(Total::True), Just(Cap::None), Just(0), none()),
        (Just(Total::Unsaid), Just(Cap::None), Just(0), none()),
        (off(), Just(Cap::None), Just(0), none()),
        (Just(Total::OfPage), Just(Cap::None), Just(0), none()),
        (
            Just(Total::True),
            (16..40_u32).prop_map(Cap::Silent),
            Just(0),
            none()
        ),
        (
            prop_oneof![Just(Total::Unsaid), (0..16_u64).prop_map(Total::Fixed)],
            (16..40_u32).prop_map(Cap::Silent),
            Just(0),
            none()
        ),
        (
            Just(Total::True),
            (16..40_u32).prop_map(Cap::Told),
            Just(0),
            none()
        ),
        (Just(Total::True), Just(Cap::None), 1..10_u32, none()),
        (
            Just(Total::True),
            Just(Cap::None),
            Just(0),
            vec(0..40_usize, 0..6)
        ),
    ]
}

prop_compose! {
    fn service()(
        count in 0..400_u64,
        events in vec(event(), 0..40),
        delays in vec(0..12_u8, 60),
        (total, cap, more, empty) in faulty(),
        numbered: bool,
    ) -> Service {
        Service {
            events,
            total,
            cap,
            more,
            numbered,
            empty,
            delays,
            ..Service::of(numbers(count))
        }
    }
}

fn steps() -> impl Strategy<Value = Steps> {
    prop_oneof![Just(Steps::Pages), Just(Steps::Records)]
}

/// Restricts numbering to services that can have it: only pages have numbers, and only a cap that the
/// service names makes clear which page a number means.
fn numbered(service: Service, steps: Steps) -> Service {
    let numbered = service.numbered && steps == Steps::Pages;
    Service {
        numbered: numbered && matches!(service.cap, Cap::Told(_)),
        ..service
    }
}

/// Restricts additions to both ends, as in listings by id or creation time. A reader cannot recognise
/// a record that is inserted exactly at the end of a page after more records were removed than a token
/// remembers.
fn at_the_ends(service: Service) -> Service {
    let events = service.events.into_iter();
    let events = events.map(|event| match event {
        Event::Add { at, count } => Event::Add {
            at: if at < 128 { 0 } else { 255 },
            count,
        },
        Event::Remove { .. } => event,
    });
    Service {
        events: events.collect(),
        ..service
    }
}

/// Checks that a reading has every record that stayed, and no record twice.
fn exact(items: &[u64], before: &BTreeSet<u64>, service: &Service) -> Result<(), TestCaseError> {
    let once: BTreeSet<u64> = items.iter().copied().collect();
    prop_assert_eq!(once.len(), items.len(), "something came twice");
    let lost = service.throughout(before).into_iter();
    let lost: Vec<u64> = lost.filter(|record| !once.contains(record)).collect();
    prop_assert_eq!(lost, Vec::<u64>::new(), "lost; asked {:?}", service.asked);
    prop_assert!(once.is_subset(&service.ever));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig {
        // Failures that are found become rows in the tables of faults.
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn what_stays_comes_exactly_once(
        service in service(),
        steps in steps(),
        size in 16..=40_u32,
        ahead in 0..=4_u32,
    ) {
        let service = numbered(service, steps);
        let before = service.records.clone();
        let (pages, service) = read(service, steps, paging(size, ahead));
        let told = |error| TestCaseError::fail(format!("{error}; asked {:?}", service.asked));
        exact(&items(pages.map_err(told)?), &before, &service)?;
        let smallest = match service.cap {
            Cap::Silent(cap) | Cap::Told(cap) => u64::from(cap.min(size)),
            Cap::None => u64::from(size),
        };
        let pages = service.ever.len() as u64 / smallest;
        let most = 12 + 3 * pages + 6 * service.events.len() as u64;
        let asked = service.asked.len() as u64;
        prop_assert!(asked <= most, "{asked} requests, {most} at most; {:?}", service.asked);
    }

    #[test]
    fn what_stays_comes_exactly_once_though_the_reading_stops_and_goes_on(
        service in service(),
        steps in steps(),
        size in 16..=40_u32,
        pages_each in 1..4_usize,
    ) {
        let service = at_the_ends(numbered(service, steps));
        let before = service.records.clone();
        let service = Arc::new(Mutex::new(service));
        let mut items = Vec::new();
        let mut token: Option<PageToken> = None;
        'reading: loop {
            let paging = Paging { resume: token.as_ref().map(stored), ..paging(size, 2) };
            let mut pages = pin!(pager(&service, steps, paging).by_page());
            for number in 0..pages_each {
                match run(pages.try_next()) {
                    Ok(Some(page)) => {
                        let over = page.token().is_last()
                            || (number == 0 && token.is_some() && page.items.is_empty());
                        token = Some(page.token().clone());
                        items.extend(page.items);
                        prop_assert!(items.len() <= 1000, "it goes in circles");
                        if over {
                            break 'reading;
                        }
                    }
                    Ok(None) => break 'reading,
                    // All records of the token may be gone. Then the error must say so.
                    Err(error) => {
                        let says = error.to_string();
                        prop_assert!(says.contains("read the listing from the start"), "{}", says);
                        return Ok(());
                    }
                }
            }
        }
        let service = service.lock().unwrap();
        exact(&items, &before, &service)?;
    }
}
