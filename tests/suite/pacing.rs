//! Tests of deadlines, budgets, rates and waits that a service asks for.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use openapi_transport::testing::ManualClock;
use openapi_transport::{Context, ContextBuilder, Error, ErrorKind, RateLimit, RetryPolicy};
use registry_tests::hostile::{Hostile, Reply};
use registry_tests::{Recorder, noon, quick_clock};

use crate::retries::{configure, millis};
use crate::subjects::any::{self, Client};

fn build(context: ContextBuilder) -> Client {
    Client::new(context.build().unwrap())
}

fn context(recorder: &Recorder, clock: &Arc<ManualClock>) -> ContextBuilder {
    configure(clock)(Context::builder(recorder.endpoint(), any::dialect()))
}

async fn rules(client: &Client) -> Result<(), Error> {
    client
        .list_image_auto_sync_repos_details()
        .namespace("team")
        .repository("api")
        .send()
        .await?;
    Ok(())
}

#[tokio::test]
async fn the_deadline_ends_it_before_the_attempts_do() {
    let recorder = Recorder::start(503, &[("retry-after", "40")], "").await;
    let clock = quick_clock(noon());
    let settings = context(&recorder, &clock).deadline(Duration::from_secs(100));
    let error = rules(&build(settings)).await.unwrap_err();
    assert_eq!(error.attempts(), 3);
    assert_eq!(error.status(), Some(503));
    assert_eq!(error.retry_after(), Some(Duration::from_secs(40)));
    assert_eq!(millis(&clock.sleeps()), [40_000, 40_000]);
}

#[tokio::test]
async fn an_outage_is_not_doubled() {
    let recorder = Recorder::start(503, &[], "").await;
    let clock = quick_clock(noon());
    let client = build(context(&recorder, &clock));
    for _ in 0..50 {
        assert!(rules(&client).await.is_err());
    }
    // 50 first attempts, and the 20 retries of the budget.
    assert_eq!(recorder.requests().await.len(), 70);
}

#[tokio::test]
async fn calls_of_a_family_wait_for_their_turn() {
    let recorder = Recorder::start(200, &[], "[]").await;
    let clock = quick_clock(noon());
    let two = NonZeroU32::new(2).unwrap();
    let limit = RateLimit::per_second(two).burst(two);
    let settings = context(&recorder, &clock).rate_limit(limit);
    let client = build(settings);
    for _ in 0..5 {
        rules(&client).await.unwrap();
    }
    assert_eq!(millis(&clock.sleeps()), [500, 500, 500]);

    let hurried = context(&recorder, &clock)
        .rate_limit(RateLimit::per_second(two).burst(NonZeroU32::MIN))
        .deadline(Duration::from_millis(100));
    let client = build(hurried);
    rules(&client).await.unwrap();
    let error = rules(&client).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Deadline);
    assert_eq!(error.attempts(), 0);
}

#[tokio::test]
async fn one_attempt_if_that_is_the_policy() {
    let recorder = Recorder::start(503, &[], "").await;
    let clock = quick_clock(noon());
    let settings = context(&recorder, &clock).retry(RetryPolicy::never());
    let error = rules(&build(settings)).await.unwrap_err();
    assert_eq!(error.attempts(), 1);
    assert_eq!(recorder.requests().await.len(), 1);
}

/// Makes a client of a server, by `clock`.
fn client_of(
    server: &Hostile,
    clock: &Arc<ManualClock>,
    more: impl FnOnce(ContextBuilder) -> ContextBuilder,
) -> Client {
    let context = configure(clock)(Context::builder(server.endpoint(), any::dialect()));
    Client::new(more(context).build().unwrap())
}

#[tokio::test]
async fn a_host_that_asks_for_a_wait_gets_no_call_before_its_end() {
    for (value, asked) in [
        ("3600", 3600),
        ("Sun, 22 Nov 2026 12:45:00 GMT", 45 * 60),
        // No longer than an hour.
        ("86400", 3600),
        ("18446744073709551615", 3600),
    ] {
        let server = Hostile::start(move |_| Reply::answer(429, &[("retry-after", value)], "{}"));
        let server = server.await;
        let clock = quick_clock(noon());
        let client = client_of(&server, &clock, |context| {
            context.retry(RetryPolicy::never())
        });
        let first = rules(&client).await.unwrap_err();
        assert_eq!(first.kind(), ErrorKind::Throttled);
        assert_eq!(first.retry_after(), Some(Duration::from_secs(asked)));

        // As 14 looks in 25 seconds: none of them is sent, by none of the clones.
        for look in 1..=14 {
            clock.advance(Duration::from_secs(2));
            let error = rules(&client.clone()).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Throttled, "{error}");
            assert_eq!(error.attempts(), 0, "{error}");
            let left = asked - 2 * look;
            assert_eq!(error.retry_after(), Some(Duration::from_secs(left)));
            let says = format!(
                "not sent: {} asked for a wait, of which {left} s remain",
                server.host()
            );
            assert!(error.to_string().contains(&says), "{error}");
            assert!(error.can_retry());
        }
        assert_eq!(server.count(), 1, "{value}");

        // Another client knows nothing of it.
        let other = client_of(&server, &clock, |context| context);
        assert!(rules(&other).await.is_err());
        assert_eq!(server.count(), 2);

        // After its end there are calls again.
        clock.advance(Duration::from_secs(asked - 28));
        let error = rules(&client).await.unwrap_err();
        assert_eq!((server.count(), error.attempts()), (3, 1), "{error}");
    }
}

#[tokio::test]
async fn a_wait_that_the_deadline_allows_is_waited_for() {
    let mut first = true;
    let server = Hostile::start(move |_| match std::mem::take(&mut first) {
        true => Reply::answer(503, &[("retry-after", "100")], ""),
        false => Reply::json("[]"),
    })
    .await;
    let clock = quick_clock(noon());
    let client = client_of(&server, &clock, |context| {
        context.retry(RetryPolicy::never())
    });
    assert!(rules(&client).await.is_err());
    clock.advance(Duration::from_secs(40));
    // A write waits like a read, and is sent once.
    let call = client.delete_instance_replication_policy();
    let call = call.project_id("p").instance_id("i").policy_id(12);
    call.send().await.unwrap_err();
    assert_eq!(server.count(), 2);
    assert_eq!(millis(&clock.sleeps()), [60_000]);
}

#[tokio::test]
async fn a_service_that_throttles_slows_calls_down_and_no_other_does() {
    let throttles = Arc::new(AtomicBool::new(false));
    let told = throttles.clone();
    let server = Hostile::start(move |_| {
        match told.swap(false, Ordering::Relaxed) {
            true => Reply::answer(
                429,
                &[],
                r#"{"error_code":"APIGW.0308","error_msg":"The throttling threshold has been reached: policy user over ratelimit,limit:4,time:1 second"}"#,
            ),
            false => Reply::json("[]"),
        }
    })
    .await;
    let clock = quick_clock(noon());
    let limit = RateLimit::default();
    let client = client_of(&server, &clock, |context| {
        context.rate_limit(limit).retry(RetryPolicy::never())
    });
    for _ in 0..200 {
        rules(&client).await.unwrap();
    }
    assert!(clock.sleeps().is_empty(), "a limit before any refusal");

    throttles.store(true, Ordering::Relaxed);
    assert_eq!(
        rules(&client).await.unwrap_err().kind(),
        ErrorKind::Throttled
    );
    for _ in 0..2 {
        rules(&client).await.unwrap();
    }
    // It begins at half of the named rate.
    assert_eq!(millis(&clock.sleeps()), [500, 500]);
    // 30 seconds without a refusal remove the learnt limit, but not the named one.
    clock.advance(Duration::from_secs(31));
    for _ in 0..2 {
        rules(&client).await.unwrap();
    }
    assert_eq!(millis(&clock.sleeps())[2..], [250]);
}
