//! Tests of every fault with every kind of call: the number of attempts, the waits, and the result.

use std::sync::Arc;
use std::time::Duration;

use alibabacloud_cr::{Alibabacloud, cr};
use futures_util::TryStreamExt;
use huaweicloud_swr::token::{self, User};
use huaweicloud_swr::{Huaweicloud, iam, swr};
use openapi_transport::testing::ManualClock;
use openapi_transport::{Context, ContextBuilder, Error, ErrorKind, RateLimit, RetryPolicy};
use registry_replication::{Task, alibabacloud, huaweicloud};
use registry_tests::hostile::{Hostile, Reply};
use registry_tests::{Move, NoChance, Recorder, noon, quick_clock};

use crate::huaweicloud::clients::{self, INSTANCE, PROJECT};

/// Kind of call.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Call {
    /// A page of a listing, by GET.
    List,
    /// A page of a listing, by POST.
    ListByPost,
    /// One answer.
    Single,
    /// A call that changes something, and is not signed.
    Write,
    /// A signed call that changes something.
    SignedWrite,
    /// A call of an RPC service that changes something.
    WriteByRpc,
    /// A call that deletes something.
    Delete,
}

impl Call {
    const ALL: [Self; 7] = [
        Self::List,
        Self::ListByPost,
        Self::Single,
        Self::Write,
        Self::SignedWrite,
        Self::WriteByRpc,
        Self::Delete,
    ];

    fn writes(self) -> bool {
        use Call::{Delete, SignedWrite, Write, WriteByRpc};
        matches!(self, Write | SignedWrite | WriteByRpc | Delete)
    }

    fn success(self) -> Move {
        match self {
            // A listing that is empty is followed by a look-up.
            Self::List | Self::ListByPost => {
                Move::answer(200, &[], r#"{"tasks":[{"id":1}],"total":1}"#)
            }
            Self::Single => Move::answer(200, &[], r#"[{"id": 1}]"#),
            Self::Write => Move::answer(201, &[("x-subject-token", "MII")], "{}"),
            Self::SignedWrite => Move::answer(202, &[], r#"{"id": 84}"#),
            Self::WriteByRpc => Move::answer(200, &[], r#"{"SyncTaskId": "rst-1"}"#),
            Self::Delete => Move::answer(204, &[], ""),
        }
    }

    async fn send(self, endpoint: &str, clock: &Arc<ManualClock>) -> Result<(), Error> {
        let configure = configure(clock);
        match self {
            Self::List => huaweicloud::SwrEnterprise::builder()
                .endpoint(endpoint)
                .project_id(PROJECT)
                .instance(INSTANCE)
                .credentials(clients::key())
                .configure(configure)
                .build()
                .await?
                .replication_tasks(83)
                .by_item()
                .try_collect::<Vec<Task>>()
                .await
                .map(drop),
            Self::ListByPost => alibabacloud::AlibabaCr::builder()
                .endpoint(endpoint)
                .instance("cri-1")
                .credentials(crate::alibabacloud::clients::key())
                .configure(configure)
                .build()
                .await?
                .tasks(alibabacloud::TaskQuery::default())
                .by_item()
                .try_collect::<Vec<Task>>()
                .await
                .map(drop),
            Self::Single => huaweicloud::SwrBasic::builder()
                .endpoint(endpoint)
                .credentials(clients::key())
                .configure(configure)
                .build()
                .await?
                .rules("team/api")
                .all()
                .await
                .map(drop),
            Self::Write => {
                let provider = Arc::new(Huaweicloud::new(clients::key()));
                let context = configure(Context::builder(endpoint, provider)).build()?;
                let user = User {
                    domain: "d".to_owned(),
                    name: "n".to_owned(),
                    password: "p".into(),
                    project: "cn-north-4".to_owned(),
                };
                token::create(&iam::Client::new(context), &user)
                    .await
                    .map(drop)
            }
            Self::SignedWrite | Self::Delete => {
                let provider = Arc::new(Huaweicloud::new(clients::key()));
                let context = configure(Context::builder(endpoint, provider)).build()?;
                let client = swr::Client::new(context);
                if self == Self::Delete {
                    let call = client.delete_instance_replication_policy();
                    call.project_id(PROJECT)
                        .instance_id(INSTANCE)
                        .policy_id(12)
                        .send()
                        .await?;
                } else {
                    let call = client.execute_instance_replication_policy();
                    let body = swr::types::StartReplicationInput { policy_id: 12 };
                    call.project_id(PROJECT)
                        .instance_id(INSTANCE)
                        .body(body)
                        .send()
                        .await?;
                }
                Ok(())
            }
            Self::WriteByRpc => {
                let provider = Arc::new(Alibabacloud::new(crate::alibabacloud::clients::key()));
                let context = configure(Context::builder(endpoint, provider)).build()?;
                let client = cr::Client::new(context);
                let call = client.create_repo_sync_task_by_rule();
                let call = call
                    .instance_id("cri-1")
                    .repo_id("crr-1")
                    .sync_rule_id("crsr-1");
                call.tag("v1").send().await?;
                Ok(())
            }
        }
    }
}

/// Sets chance to 0.5, so that backoffs are 100, 200 and 400 ms.
fn configure(clock: &Arc<ManualClock>) -> impl FnOnce(ContextBuilder) -> ContextBuilder + use<> {
    let clock = clock.clone();
    |context| {
        context
            .clock(clock)
            .chance(Arc::new(NoChance("n".to_owned())))
            .rate_limit(None)
    }
}

fn millis(durations: &[Duration]) -> Vec<u128> {
    durations.iter().map(Duration::as_millis).collect()
}

/// Fault, the wait after its first occurrence, and the error if it stays.
struct Fault {
    name: &'static str,
    moved: Move,
    waits: u128,
    kind: ErrorKind,
    status: Option<u16>,
    code: Option<&'static str>,
}

fn faults() -> Vec<Fault> {
    use ErrorKind::{Service, Throttled, Transport};
    let answer = |name, status, headers: &[(&str, &str)], body: &str, waits, kind, code| Fault {
        name,
        moved: Move::answer(status, headers, body),
        waits,
        kind,
        status: Some(status),
        code,
    };
    let huawei = r#"{"error_code":"APIGW.0308","error_msg":"slow down"}"#;
    let alibaba = |code: &str| format!(r#"{{"RequestId":"1","Code":"{code}","Message":"m"}}"#);
    let broken = |name, moved| Fault {
        name,
        moved,
        waits: 100,
        kind: Transport,
        status: None,
        code: None,
    };
    vec![
        answer("429", 429, &[], huawei, 100, Throttled, None),
        answer(
            "429, Retry-After: 7",
            429,
            &[("retry-after", "7")],
            huawei,
            7_000,
            Throttled,
            None,
        ),
        answer(
            "503, Retry-After as a date",
            503,
            &[("retry-after", "Sun, 22 Nov 2026 12:00:30 GMT")],
            "",
            30_000,
            Service,
            None,
        ),
        answer("500", 500, &[], "", 100, Service, None),
        answer(
            "502 of a gateway",
            502,
            &[("content-type", "text/html")],
            "<html>",
            100,
            Service,
            None,
        ),
        answer("503", 503, &[], "", 100, Service, None),
        answer("504", 504, &[], "", 100, Service, None),
        answer("408", 408, &[], "", 100, Service, None),
        answer("425", 425, &[], "", 100, Service, None),
        answer("520", 520, &[], "", 100, Service, None),
        answer("521", 521, &[], "", 100, Service, None),
        answer("522", 522, &[], "", 100, Service, None),
        answer("523", 523, &[], "", 100, Service, None),
        answer("524", 524, &[], "", 100, Service, None),
        answer("529", 529, &[], "", 100, Service, None),
        answer(
            "Throttling.User",
            400,
            &[],
            &alibaba("Throttling.User"),
            100,
            Throttled,
            Some("Throttling.User"),
        ),
        answer(
            "ServiceUnavailable",
            400,
            &[],
            &alibaba("ServiceUnavailable"),
            100,
            Throttled,
            Some("ServiceUnavailable"),
        ),
        answer(
            "Rejected.Throttling",
            400,
            &[],
            &alibaba("Rejected.Throttling"),
            100,
            Throttled,
            Some("Rejected.Throttling"),
        ),
        answer(
            "x-acs-retry-after",
            400,
            &[("x-acs-retry-after", "2500")],
            &alibaba("Busy"),
            2_500,
            Throttled,
            Some("Busy"),
        ),
        broken("dropped connection", Move::HangUp),
        broken("body cut short", Move::BreakOff),
    ]
}

/// Whether the error has the form of the call's vendor. Huawei's errors have other fields.
fn fits(fault: &Fault, call: Call) -> bool {
    fault.code.is_none() || matches!(call, Call::ListByPost | Call::WriteByRpc)
}

#[tokio::test]
async fn a_fault_that_passes_is_got_over_unless_the_call_writes() {
    for fault in faults() {
        for call in Call::ALL.into_iter().filter(|call| fits(&fault, *call)) {
            let here = format!("{} at {call:?}", fault.name);
            let recorder = Recorder::script(vec![fault.moved.clone(), call.success()]).await;
            let clock = quick_clock(noon());
            let result = call.send(recorder.endpoint(), &clock).await;
            let sent = recorder.requests().await.len();
            if call.writes() {
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
}

#[tokio::test]
async fn a_fault_that_stays_ends_after_four_attempts() {
    for fault in faults() {
        for call in Call::ALL.into_iter().filter(|call| fits(&fault, *call)) {
            let here = format!("{} at {call:?}", fault.name);
            let recorder = Recorder::script(vec![fault.moved.clone()]).await;
            let clock = quick_clock(noon());
            let error = call
                .send(recorder.endpoint(), &clock)
                .await
                .expect_err(&here);
            let attempts = if call.writes() { 1 } else { 4 };
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
            let slept = if call.writes() { vec![] } else { waits };
            assert_eq!(millis(&clock.sleeps()), slept, "{here}");
            if attempts > 1 {
                let says = format!(", after {attempts} attempts");
                assert!(error.to_string().ends_with(&says), "{here}: {error}");
            }
        }
    }
}

#[tokio::test]
async fn what_never_arrived_is_sent_again_even_if_it_writes() {
    for call in Call::ALL {
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
        for call in Call::ALL {
            let recorder = Recorder::script(vec![moved.clone(), call.success()]).await;
            let clock = quick_clock(noon());
            let result = call.send(recorder.endpoint(), &clock).await;
            let error = result.expect_err(name);
            assert!(!error.can_retry(), "{name} at {call:?}");
            assert_eq!(recorder.requests().await.len(), 1, "{name} at {call:?}");
        }
    }
}

fn rules_of(recorder: &Recorder, context: ContextBuilder) -> huaweicloud_swr::swr::Client {
    assert!(!recorder.endpoint().is_empty());
    huaweicloud_swr::swr::Client::new(context.build().unwrap())
}

fn context(recorder: &Recorder, clock: &Arc<ManualClock>) -> ContextBuilder {
    let provider = Arc::new(Huaweicloud::new(clients::key()));
    configure(clock)(Context::builder(recorder.endpoint(), provider))
}

async fn rules(client: &huaweicloud_swr::swr::Client) -> Result<(), Error> {
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
    let error = rules(&rules_of(&recorder, settings)).await.unwrap_err();
    assert_eq!(error.attempts(), 3);
    assert_eq!(error.status(), Some(503));
    assert_eq!(error.retry_after(), Some(Duration::from_secs(40)));
    assert_eq!(millis(&clock.sleeps()), [40_000, 40_000]);
}

#[tokio::test]
async fn an_outage_is_not_doubled() {
    let recorder = Recorder::start(503, &[], "").await;
    let clock = quick_clock(noon());
    let client = rules_of(&recorder, context(&recorder, &clock));
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
    let two = std::num::NonZeroU32::new(2).unwrap();
    let limit = RateLimit::per_second(two).burst(two);
    let settings = context(&recorder, &clock).rate_limit(limit);
    let client = rules_of(&recorder, settings);
    for _ in 0..5 {
        rules(&client).await.unwrap();
    }
    assert_eq!(millis(&clock.sleeps()), [500, 500, 500]);

    let hurried = context(&recorder, &clock)
        .rate_limit(RateLimit::per_second(two).burst(std::num::NonZeroU32::MIN))
        .deadline(Duration::from_millis(100));
    let client = rules_of(&recorder, hurried);
    rules(&client).await.unwrap();
    let error = rules(&client).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Deadline);
    assert_eq!(error.attempts(), 0);
}

#[tokio::test]
async fn each_attempt_has_a_date_of_its_own() {
    let recorder = Recorder::script(vec![
        Move::answer(503, &[("retry-after", "5")], ""),
        Move::answer(200, &[], "[]"),
    ])
    .await;
    let clock = quick_clock(noon());
    let client = rules_of(&recorder, context(&recorder, &clock));
    rules(&client).await.unwrap();
    let dates: Vec<String> = recorder
        .requests()
        .await
        .iter()
        .filter_map(|request| {
            request
                .lines()
                .find_map(|line| line.strip_prefix("x-sdk-date: "))
        })
        .map(str::to_owned)
        .collect();
    assert_eq!(dates, ["20261122T120000Z", "20261122T120005Z"]);
}

#[tokio::test]
async fn one_attempt_if_that_is_the_policy() {
    let recorder = Recorder::start(503, &[], "").await;
    let clock = quick_clock(noon());
    let settings = context(&recorder, &clock).retry(RetryPolicy::never());
    let error = rules(&rules_of(&recorder, settings)).await.unwrap_err();
    assert_eq!(error.attempts(), 1);
    assert_eq!(recorder.requests().await.len(), 1);
}

/// Makes a client of a server with these replies, by `clock`.
fn client_of(
    server: &Hostile,
    clock: &Arc<ManualClock>,
    more: impl FnOnce(ContextBuilder) -> ContextBuilder,
) -> huaweicloud_swr::swr::Client {
    let provider = Arc::new(Huaweicloud::new(clients::key()));
    let context = configure(clock)(Context::builder(server.endpoint(), provider));
    huaweicloud_swr::swr::Client::new(more(context).build().unwrap())
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
    let call = call.project_id(PROJECT).instance_id(INSTANCE).policy_id(12);
    call.send().await.unwrap_err();
    assert_eq!(server.count(), 2);
    assert_eq!(millis(&clock.sleeps()), [60_000]);
}

#[tokio::test]
async fn a_service_that_throttles_slows_calls_down_and_no_other_does() {
    let throttles = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let told = throttles.clone();
    let server = Hostile::start(move |_| {
        match told.swap(false, std::sync::atomic::Ordering::Relaxed) {
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

    throttles.store(true, std::sync::atomic::Ordering::Relaxed);
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

#[tokio::test]
async fn the_project_lookup_goes_by_the_settings_of_the_registry() {
    let mut fails = 1;
    let server = Hostile::start(move |request| match request.path() {
        "/v3/projects" if fails > 0 => {
            fails -= 1;
            Reply::answer(503, &[], "")
        }
        "/v3/projects" => Reply::json(r#"{"projects":[{"id":"p-1","name":"cn-north-4"}]}"#),
        _ => Reply::json(r#"{"tasks":[{"id":1}],"total":1}"#),
    })
    .await;
    let clock = quick_clock(noon());
    let key = || huaweicloud::AccessKey::new("AK", "SK");
    let builder = huaweicloud::SwrEnterprise::builder()
        .region("cn-north-4")
        .endpoint(server.endpoint())
        .iam_endpoint(server.endpoint())
        .instance(INSTANCE)
        .credentials(key())
        .configure(configure(&clock));
    let registry = builder.build().await.unwrap();
    registry
        .replication_tasks(83)
        .by_item()
        .try_collect::<Vec<Task>>()
        .await
        .unwrap();
    // The injected clock has waited, and has dated the request.
    assert_eq!(millis(&clock.sleeps()), [100]);
    let requests = server.requests();
    assert_eq!(requests[0].header("x-sdk-date"), Some("20261122T120000Z"));
    assert!(requests[2].path().contains("/p-1/"), "{requests:?}");

    // The call's deadline ends it.
    let server = Hostile::start(|_| Reply::Hang).await;
    let begun = std::time::Instant::now();
    let late = huaweicloud::SwrEnterprise::builder()
        .region("cn-north-4")
        .endpoint(server.endpoint())
        .iam_endpoint(server.endpoint())
        .instance(INSTANCE)
        .credentials(key())
        .configure(|context| context.deadline(Duration::from_millis(100)))
        .build()
        .await
        .unwrap_err();
    assert_eq!(late.kind(), ErrorKind::Deadline, "{late}");
    assert!(begun.elapsed() < Duration::from_secs(2));
}
