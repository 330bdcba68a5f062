//! Tests of the spans and events of a call: OpenTelemetry's names, and no secret.

use std::io::Write;
use std::sync::{Arc, Mutex};

use insta::assert_snapshot;
use openapi_transport::Context;
use registry_tests::{Move, NoChance, Recorder, noon, quick_clock};
use tracing_subscriber::fmt::MakeWriter;

use crate::subjects::any::{self, Client};

const MARKER: &str = "MARKED-SECRET";

/// Writer that keeps log lines.
#[derive(Clone, Default)]
pub(crate) struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Lines {
    type Writer = Self;
    fn make_writer(&self) -> Self {
        self.clone()
    }
}

/// Makes a second dispatcher, which keeps nothing. With a single dispatcher, a call on another thread
/// decides by its own thread's dispatcher whether events are recorded.
pub(crate) fn second_dispatcher() -> tracing::Dispatch {
    tracing::Dispatch::new(tracing::subscriber::NoSubscriber::default())
}

impl Lines {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

#[tokio::test]
async fn a_call_is_a_span_and_each_attempt_an_event() {
    let lines = Lines::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(lines.clone())
        .with_span_events(tracing_subscriber::fmt::format::FmtSpan::CLOSE)
        .with_ansi(false)
        .without_time()
        .finish();
    let recorder = Recorder::script(vec![
        Move::answer(503, &[("x-request-id", "req-1")], "{}"),
        Move::HangUp,
        Move::answer(200, &[], "[]"),
        Move::answer(403, &[], any::REFUSAL),
    ])
    .await;
    let context = Context::builder(recorder.endpoint(), any::dialect_of(MARKER))
        .clock(quick_clock(noon()))
        .chance(Arc::new(NoChance("n".to_owned())))
        .build()
        .unwrap();
    let client = Client::new(context);
    let call = || {
        client
            .list_image_auto_sync_repos_details()
            .namespace("team")
            .repository("api")
            .send()
    };
    {
        let _second = second_dispatcher();
        let _guard = tracing::subscriber::set_default(subscriber);
        assert!(call().await.is_ok());
        assert!(call().await.is_err());
    }
    let text = lines.text();
    assert!(!text.contains(MARKER), "{text}");
    // Events of lower layers contain ports, pools and times.
    let port = recorder.endpoint().rsplit(':').next().unwrap();
    let ours: Vec<String> = text
        .lines()
        .filter(|line| line.contains("openapi_transport"))
        .map(|line| line.replace(port, "PORT"))
        .map(|line| match line.split_once(" time.busy=") {
            Some((before, _)) => before.to_owned(),
            None => line,
        })
        .collect();
    assert_snapshot!("call", ours.join("\n"));
}
