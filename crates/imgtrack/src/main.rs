//! Program `imgtrack`; see the library of this package.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::{self, Write};
use std::process::ExitCode;

fn main() -> ExitCode {
    // Warnings only: the program reports its own errors.
    tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::WARN)
        .with_writer(|| Lines)
        .init();
    std::panic::set_hook(Box::new(|panic| {
        // `payload_as_str` needs Rust 1.91.
        let payload = panic.payload();
        let what = payload.downcast_ref::<&str>().copied();
        let what = what.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
        let what = what.unwrap_or("no message");
        let place = panic.location().map(ToString::to_string);
        let place = place.unwrap_or_default();
        let _ = Lines.write(format!("panicked at {place}: {what}").as_bytes());
        let trace = Backtrace::capture();
        if trace.status() == BacktraceStatus::Captured {
            let trace = trace.to_string();
            trace.lines().for_each(|line| {
                let _ = Lines.write(line.as_bytes());
            });
        }
    }));
    // Neither is locked, so that threads can log warnings.
    let (mut out, mut err) = (io::stdout(), io::stderr());
    ExitCode::from(imgtrack::run(std::env::args_os(), &mut out, &mut err))
}

/// Writer of whole lines to stderr.
struct Lines;

impl Write for Lines {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        imgtrack::write_line(&mut io::stderr(), text)?;
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
