//! The program. What it does is in the library beside it.

use std::process::ExitCode;

fn main() -> ExitCode {
    let (mut out, mut err) = (std::io::stdout().lock(), std::io::stderr().lock());
    ExitCode::from(imgtrack::run(std::env::args_os(), &mut out, &mut err))
}
