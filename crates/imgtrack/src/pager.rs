//! Pager for long listings on a terminal, as git has it.

use std::io::{self, Write};
use std::process::{Child, ChildStdin, Command, Stdio};

use registry_replication::Surroundings;

/// Pager without a variable that names one.
const DEFAULT: &str = "less";

/// Program that shows text page by page, and reads it from this writer.
#[derive(Debug)]
pub(crate) struct Pager {
    child: Child,
    /// Absent after the end of the text.
    text: Option<ChildStdin>,
}

impl Pager {
    /// Starts the pager that `IMGTRACK_PAGER` or `PAGER` names, or else `less`. Returns `None` if it
    /// cannot be started, or if it is `cat`.
    pub(crate) fn start(around: &Surroundings) -> Option<Self> {
        let named = around.variable("IMGTRACK_PAGER");
        let named = named.or_else(|| around.variable("PAGER"));
        let mut command = match named.as_deref().map(str::trim) {
            Some("cat" | "") => return None,
            Some(named) if cfg!(unix) => {
                let mut shell = Command::new("sh");
                shell.args(["-c", named]);
                shell
            }
            Some(named) => Command::new(named),
            None => Command::new(DEFAULT),
        };
        // Colours are shown, and text that fits the screen is not paged.
        for (name, value) in [("LESS", "FRX"), ("LV", "-c")] {
            if around.variable(name).is_none() {
                command.env(name, value);
            }
        }
        let mut child = command.stdin(Stdio::piped()).spawn().ok()?;
        let text = child.stdin.take();
        Some(Self { child, text })
    }

    /// Ends the text, and waits until the reader has left the pager.
    pub(crate) fn finish(mut self) {
        self.text = None;
        // Its exit code says nothing about the command.
        let _ = self.child.wait();
    }
}

impl Write for Pager {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.text {
            Some(text) => text.write(bytes),
            None => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.text {
            Some(text) => text.flush(),
            None => Ok(()),
        }
    }
}
