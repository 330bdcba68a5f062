//! Program `imgtrack`; see the library of this package.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io;
use std::process::ExitCode;

fn main() -> ExitCode {
    std::panic::set_hook(Box::new(|panic| {
        // `payload_as_str` needs Rust 1.91.
        let payload = panic.payload();
        let what = payload.downcast_ref::<&str>().copied();
        let what = what.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
        let what = what.unwrap_or("no message");
        let place = panic.location().map(ToString::to_string);
        let place = place.unwrap_or_default();
        line(&format!("panicked at {place}: {what}"));
        let trace = Backtrace::capture();
        if trace.status() == BacktraceStatus::Captured {
            let trace = trace.to_string();
            trace.lines().for_each(line);
        }
    }));
    // Neither is locked, so that threads can log warnings.
    let (mut out, mut err) = (io::stdout(), io::stderr());
    ExitCode::from(imgtrack::run(std::env::args_os(), &mut out, &mut err))
}

/// Writes a line to stderr.
fn line(text: &str) {
    // An error of stderr cannot be reported.
    let _ = imgtrack::write_line(&mut io::stderr(), text.as_bytes());
}
