//! Repetition of a command: a live page on a terminal, lines of change elsewhere.

use std::collections::BTreeMap;
use std::io::{self, Write};

/// Most lines that are remembered. A line beyond them is written in each round.
const MOST_LINES: usize = 100_000;

/// Where the output of each round goes.
pub(crate) enum Watched {
    /// A terminal with this number of lines.
    Page(Option<usize>),
    /// Lines of the last round, with their counts.
    Lines(BTreeMap<Vec<u8>, usize>),
}

impl Watched {
    /// Writes what a round has printed. The text has been escaped already.
    pub(crate) fn show(&mut self, text: &[u8], out: &mut dyn Write) -> io::Result<()> {
        match self {
            Self::Page(height) => page(text, *height, out),
            Self::Lines(known) => {
                let mut last = std::mem::take(known);
                for line in text.split_inclusive(|byte| *byte == b'\n') {
                    match last.get_mut(line) {
                        Some(count) if *count > 0 => *count -= 1,
                        _ => out.write_all(line)?,
                    }
                    if known.len() < MOST_LINES {
                        *known.entry(line.to_vec()).or_default() += 1;
                    }
                }
                out.flush()
            }
        }
    }
}

/// Writes a page over the last one. Lines that do not fit are counted.
fn page(text: &[u8], height: Option<usize>, out: &mut dyn Write) -> io::Result<()> {
    let lines: Vec<&[u8]> = text.split_inclusive(|byte| *byte == b'\n').collect();
    // The last line of a terminal stays free, so that nothing scrolls.
    let room = height.map_or(usize::MAX, |height| height.saturating_sub(1).max(1));
    let shown = match lines.len() > room {
        true => room.saturating_sub(1),
        false => lines.len(),
    };
    let mut page = b"\x1b[H".to_vec();
    for line in lines.iter().take(shown) {
        page.extend_from_slice(line.strip_suffix(b"\n").unwrap_or(line));
        page.extend_from_slice(b"\x1b[K\n");
    }
    if shown < lines.len() {
        let rest = lines.len() - shown;
        page.extend_from_slice(format!("… {rest} more lines\x1b[K\n").as_bytes());
    }
    page.extend_from_slice(b"\x1b[J");
    out.write_all(&page)?;
    out.flush()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn shown(watched: &mut Watched, text: &str) -> String {
        let mut out = Vec::new();
        watched.show(text.as_bytes(), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn elsewhere_each_line_that_is_new_is_written() {
        let mut watched = Watched::Lines(BTreeMap::new());
        assert_eq!(shown(&mut watched, "HEAD\na 1\nb 1\n"), "HEAD\na 1\nb 1\n");
        assert_eq!(shown(&mut watched, "HEAD\na 1\nb 1\n"), "");
        assert_eq!(shown(&mut watched, "HEAD\na 2\nb 1\nb 1\n"), "a 2\nb 1\n");
        // A line that comes back is new.
        assert_eq!(shown(&mut watched, "HEAD\na 1\n"), "a 1\n");
    }

    #[test]
    fn a_page_is_no_higher_than_the_terminal() {
        let mut watched = Watched::Page(Some(3));
        let whole = "\x1b[Ha\x1b[K\nb\x1b[K\n\x1b[J";
        assert_eq!(shown(&mut watched, "a\nb\n"), whole);
        let cut = "\x1b[Ha\x1b[K\n… 2 more lines\x1b[K\n\x1b[J";
        assert_eq!(shown(&mut watched, "a\nb\nc\n"), cut);
    }
}
