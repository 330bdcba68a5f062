//! Tests of every fault with every kind of call: the number of attempts, the waits, and the result.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use openapi_transport::testing::ManualClock;
use openapi_transport::{ContextBuilder, Error, ErrorKind};
use registry_tests::{Move, NoChance, Recorder, noon, quick_clock};

use crate::subjects::subjects;

/// A call of one kind, such as a page of a listing by POST.
pub(crate) struct Call {
    pub(crate) name: &'static str,
    pub(crate) writes: bool,
    /// A complete answer.
    pub(crate) success: Move,
    /// Sends the call to an endpoint.
    pub(crate) send: fn(String, Arc<ManualClock>) -> BoxFuture<'static, Result<(), Error>>,
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl Call {
    async fn send(&self, endpoint: &str, clock: &Arc<ManualClock>) -> Result<(), Error> {
        (self.send)(endpoint.to_owned(), clock.clone()).await
    }
}

/// Calls of all kinds, of all providers.
fn calls() -> Vec<Call> {
    let calls: Vec<_> = subjects().flat_map(|of| of.calls()).collect();
    assert!(calls.iter().any(|call| call.writes) && calls.iter().any(|call| !call.writes));
    calls
}

/// Every fault with every call whose service has it.
fn cases() -> Vec<(Fault, Call)> {
    let mut cases = Vec::new();
    for of in subjects() {
        for fault in faults().into_iter().chain(of.faults()) {
            cases.extend(of.calls().into_iter().map(|call| (fault.clone(), call)));
        }
    }
    assert!(cases.len() >= faults().len() * calls().len());
    cases
}

/// Sets chance to 0.5, so that backoffs are 100, 200 and 400 ms.
pub(crate) fn configure(
    clock: &Arc<ManualClock>,
) -> impl FnOnce(ContextBuilder) -> ContextBuilder + use<> {
    let clock = clock.clone();
    |context| {
        context
            .clock(clock)
            .chance(Arc::new(NoChance("n".to_owned())))
            .rate_limit(None)
    }
}

pub(crate) fn millis(durations: &[Duration]) -> Vec<u128> {
    durations.iter().map(Duration::as_millis).collect()
}

/// Fault, the wait in milliseconds after its first occurrence, and the error if it stays.
#[derive(Clone)]
pub(crate) struct Fault {
    pub(crate) name: &'static str,
    pub(crate) moved: Move,
    pub(crate) waits: u128,
    pub(crate) kind: ErrorKind,
    pub(crate) status: Option<u16>,
    pub(crate) code: Option<&'static str>,
}

/// Faults that any service may have.
fn faults() -> Vec<Fault> {
    use ErrorKind::{Service, Throttled, Transport};
    let answer = |name, status, headers: &[(&str, &str)], body: &str, waits, kind| Fault {
        name,
        moved: Move::answer(status, headers, body),
        waits,
        kind,
        status: Some(status),
        code: None,
    };
    let throttled = r#"{"error_code":"APIGW.0308","error_msg":"slow down"}"#;
    let broken = |name, moved| Fault {
        name,
        moved,
        waits: 100,
        kind: Transport,
        status: None,
        code: None,
    };
    vec![
        answer("429", 429, &[], throttled, 100, Throttled),
        answer(
            "429, Retry-After: 7",
            429,
            &[("retry-after", "7")],
            throttled,
            7_000,
            Throttled,
        ),
        answer(
            "503, Retry-After as a date",
            503,
            &[("retry-after", "Sun, 22 Nov 2026 12:00:30 GMT")],
            "",
            30_000,
            Service,
        ),
        answer("500", 500, &[], "", 100, Service),
        answer(
            "502 of a gateway",
            502,
            &[("content-type", "text/html")],
            "<html>",
            100,
            Service,
        ),
        answer("503", 503, &[], "", 100, Service),
        answer("504", 504, &[], "", 100, Service),
        answer("408", 408, &[], "", 100, Service),
        answer("425", 425, &[], "", 100, Service),
        answer("520", 520, &[], "", 100, Service),
        answer("521", 521, &[], "", 100, Service),
        answer("522", 522, &[], "", 100, Service),
        answer("523", 523, &[], "", 100, Service),
        answer("524", 524, &[], "", 100, Service),
        answer("529", 529, &[], "", 100, Service),
        broken("dropped connection", Move::HangUp),
        broken("body cut short", Move::BreakOff),
    ]
}

#[tokio::test]
async fn a_fault_that_passes_is_got_over_unless_the_call_writes() {
    for (fault, call) in cases() {
        let here = format!("{} at {call:?}", fault.name);
        let recorder = Recorder::script(vec![fault.moved.clone(), call.success.clone()]).await;
        let clock = quick_clock(noon());
        let result = call.send(recorder.endpoint(), &clock).await;
        let sent = recorder.requests().await.len();
        if call.writes {
            let error = result.expect_err(&here);
            assert_eq!(
                (sent, error.attempts()),
                (1, 1),
                "{here}: a write is sent once"
            );
            assert!(clock.sleeps().is_empty(), "{here}");
        } else {
            assert!(result.is_ok(), "{here}: {result:?}");
            assert_eq!(sent, 2, "{here}");
            assert_eq!(millis(&clock.sleeps()), [fault.waits], "{here}");
        }
    }
}

#[tokio::test]
async fn a_fault_that_stays_ends_after_four_attempts() {
    for (fault, call) in cases() {
        let here = format!("{} at {call:?}", fault.name);
        let recorder = Recorder::script(vec![fault.moved.clone()]).await;
        let clock = quick_clock(noon());
        let error = call
            .send(recorder.endpoint(), &clock)
            .await
            .expect_err(&here);
        let attempts = if call.writes { 1 } else { 4 };
        assert_eq!(recorder.requests().await.len(), attempts, "{here}");
        assert_eq!(error.attempts() as usize, attempts, "{here}");
        assert_eq!(error.kind(), fault.kind, "{here}: {error}");
        assert_eq!(error.status(), fault.status, "{here}");
        assert!(
            fault.code.is_none() || error.code() == fault.code,
            "{here}: {error}"
        );
        assert!(error.can_retry(), "{here}");
        let waits = match fault.waits {
            100 => vec![100, 200, 400],
            // The date in Retry-After is reached after the first wait.
            30_000 => vec![30_000, 200, 400],
            asked => vec![asked; 3],
        };
        let slept = if call.writes { vec![] } else { waits };
        assert_eq!(millis(&clock.sleeps()), slept, "{here}");
        if attempts > 1 {
            let says = format!(", after {attempts} attempts");
            assert!(error.to_string().ends_with(&says), "{here}: {error}");
        }
    }
}

#[tokio::test]
async fn what_never_arrived_is_sent_again_even_if_it_writes() {
    for call in calls() {
        // Nobody listens at the port of the discard service.
        let clock = quick_clock(noon());
        let error = call.send("http://127.0.0.1:9", &clock).await.unwrap_err();
        assert_eq!(error.attempts(), 4, "{call:?}");
        assert_eq!(error.kind(), ErrorKind::Transport, "{call:?}");
        assert_eq!(millis(&clock.sleeps()), [100, 200, 400], "{call:?}");
    }
}

#[tokio::test]
async fn what_will_not_change_is_not_tried_again() {
    let redirect = Move::answer(302, &[("location", "https://elsewhere.example/")], "");
    for (name, moved) in [
        ("400", Move::answer(400, &[], "{}")),
        ("401", Move::answer(401, &[], "{}")),
        ("403", Move::answer(403, &[], "{}")),
        ("404", Move::answer(404, &[], "{}")),
        ("407", Move::answer(407, &[], "")),
        ("499", Move::answer(499, &[], "")),
        ("501", Move::answer(501, &[], "")),
        ("505", Move::answer(505, &[], "")),
        ("507", Move::answer(507, &[], "")),
        ("525", Move::answer(525, &[], "")),
        ("302", redirect),
        (
            "html",
            Move::answer(200, &[("content-type", "text/html")], "<html>"),
        ),
    ] {
        for call in calls() {
            let recorder = Recorder::script(vec![moved.clone(), call.success.clone()]).await;
            let clock = quick_clock(noon());
            let result = call.send(recorder.endpoint(), &clock).await;
            let error = result.expect_err(name);
            assert!(!error.can_retry(), "{name} at {call:?}");
            assert_eq!(recorder.requests().await.len(), 1, "{name} at {call:?}");
        }
    }
}
