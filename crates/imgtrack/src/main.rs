//! The program. What it does is in the library beside it.

use std::process::ExitCode;

fn main() -> ExitCode {
    // Warnings only: what the program itself has to say, it says by its errors.
    tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::WARN)
        .with_writer(std::io::stderr)
        .init();
    let (mut out, mut err) = (std::io::stdout().lock(), std::io::stderr().lock());
    ExitCode::from(imgtrack::run(std::env::args_os(), &mut out, &mut err))
}
