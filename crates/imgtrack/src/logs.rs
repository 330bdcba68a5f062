//! Log of the process, on stderr.

use std::io::{self, Write};

use registry_replication::Surroundings;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::{Layer, Registry};

use crate::args::{LogArgs, LogFormat};
use crate::terminal;

/// Crates whose events are logged.
const OURS: [&str; 3] = ["imgtrack", "registry_replication", "openapi_transport"];

/// Starts the log of this process. A log that has started stays as it is.
pub(crate) fn start(args: &LogArgs, around: &Surroundings) {
    let filter = match around
        .variable("RUST_LOG")
        .map(|text| text.parse::<Targets>())
    {
        Some(Ok(filter)) => filter,
        Some(Err(error)) => {
            let line =
                format!("invalid RUST_LOG: {error}; write such as registry_replication=debug");
            // An error of stderr cannot be reported.
            let _ = terminal::write_line(&mut io::stderr(), line.as_bytes());
            of_count(args.verbose)
        }
        None => of_count(args.verbose),
    };
    let layer = tracing_subscriber::fmt::layer()
        .with_ansi(false)
        .with_writer(Lines::default);
    let layer: Box<dyn Layer<Registry> + Send + Sync> = match args.log_format {
        LogFormat::Text if args.verbose == 0 => layer.boxed(),
        LogFormat::Text => layer.with_span_events(FmtSpan::CLOSE).boxed(),
        LogFormat::Json => {
            let layer = layer.json().with_span_events(FmtSpan::CLOSE);
            layer.flatten_event(true).boxed()
        }
    };
    let log = tracing_subscriber::registry().with(layer.with_filter(filter));
    // A program that embeds this one may have its own log.
    let _ = tracing::subscriber::set_global_default(log);
}

/// Returns whether more than warnings is logged.
pub(crate) fn is_on(args: &LogArgs, around: Option<&Surroundings>) -> bool {
    let is_set = |around: &Surroundings| around.variable("RUST_LOG").is_some();
    args.verbose > 0 || around.is_some_and(is_set)
}

/// Returns what is logged with this number of `-v`.
fn of_count(count: u8) -> Targets {
    let level = match count {
        0 => LevelFilter::WARN,
        1 => LevelFilter::INFO,
        2 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    let others = match count {
        0..=2 => LevelFilter::WARN,
        _ => LevelFilter::DEBUG,
    };
    let ours = OURS.map(|name| (name, level));
    Targets::new().with_default(others).with_targets(ours)
}

/// Writer of one event to stderr, as a whole line.
#[derive(Default)]
struct Lines(Vec<u8>);

impl Write for Lines {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.0.extend_from_slice(text);
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        if !self.0.is_empty() {
            // An error of stderr cannot be reported.
            let text = String::from_utf8_lossy(&self.0);
            let text = match text.starts_with('{') {
                true => terminal::hidden_as_json(text.trim_end()).into(),
                false => text,
            };
            let _ = terminal::write_line(&mut io::stderr(), text.as_bytes());
        }
    }
}
