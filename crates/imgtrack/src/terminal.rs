//! Escaping of text for a terminal.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::Formatter;

use crate::styled::Styled;

/// Beginning of a command in the log of GitHub Actions, `##[error]` for example.
const COMMAND: &str = "##[";

/// Number of bytes that are buffered before they are written.
const BUFFER: usize = 16 * 1024;

/// Writer that lets no control character and no invisible character through.
///
/// Everything that the program prints goes through it. It escapes those characters as `\u{1b}`,
/// except the line breaks and tabs that lay the output out. A value that becomes a part of a line
/// has its line breaks and tabs escaped before, by [`escaped`].
///
/// It buffers its input until it is flushed or the buffer is full, or until the end of a line if it
/// writes by line.
pub(crate) struct Screen<'a> {
    to: &'a mut dyn Write,
    by_line: bool,
    /// Whether [`Screen::write_styled`] writes colours.
    is_colored: bool,
    ready: Vec<u8>,
    /// Beginning of a character whose other bytes have not come yet.
    partial: Vec<u8>,
    /// Number of hash signs at the end of the text so far, in the log of a job.
    hashes: Option<u8>,
}

impl<'a> Screen<'a> {
    /// Makes a writer to `to`.
    pub(crate) fn new(to: &'a mut dyn Write) -> Self {
        Self {
            to,
            by_line: false,
            is_colored: false,
            ready: Vec::new(),
            partial: Vec::new(),
            hashes: None,
        }
    }

    /// Makes a writer that writes each line at once.
    pub(crate) fn by_line(to: &'a mut dyn Write) -> Self {
        Self {
            by_line: true,
            ..Self::new(to)
        }
    }

    /// Writes the tones of styled text as colours, or not.
    pub(crate) fn colored(self, is_colored: bool) -> Self {
        Self { is_colored, ..self }
    }

    /// Lets no command of a log of GitHub Actions begin, or leaves them alone. GitHub runs `##[command]`
    /// wherever it is in a line.
    pub(crate) fn in_log(self, is_log: bool) -> Self {
        Self {
            hashes: is_log.then_some(0),
            ..self
        }
    }

    /// Writes text with its colours. This is the only place that writes escape codes, and the text
    /// itself is escaped like any other.
    pub(crate) fn write_styled(&mut self, text: &Styled) -> io::Result<()> {
        for (tone, span) in text.spans() {
            let style = tone.style();
            let is_colored = self.is_colored && !style.is_plain();
            if is_colored {
                write!(self.ready, "{}", style.render())?;
            }
            self.write_all(span.as_bytes())?;
            if is_colored {
                write!(self.ready, "{}", style.render_reset())?;
            }
        }
        Ok(())
    }

    /// Writes the buffer, and empties it also after an error.
    fn pass_on(&mut self) -> io::Result<()> {
        let passed = self.to.write_all(&self.ready);
        self.ready.clear();
        passed
    }

    /// Adds text that is escaped for a terminal, and escapes commands of a log.
    fn push(&mut self, text: &str) {
        let Some(hashes) = &mut self.hashes else {
            return self.ready.extend_from_slice(text.as_bytes());
        };
        for byte in text.bytes() {
            match (byte, *hashes) {
                (b'[', 2) => self.ready.extend_from_slice(br"\u{5b}"),
                _ => self.ready.push(byte),
            }
            *hashes = match byte {
                b'#' => (*hashes + 1).min(2),
                _ => 0,
            };
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        let mut chunks = bytes.utf8_chunks().peekable();
        while let Some(chunk) = chunks.next() {
            let valid = chunk.valid();
            self.push(&escape(valid, is_layout));
            let rest = chunk.invalid();
            let is_begun =
                std::str::from_utf8(rest).is_err_and(|error| error.error_len().is_none());
            if is_begun && chunks.peek().is_none() {
                self.partial = rest.to_vec();
            } else if !rest.is_empty() {
                self.ready.extend_from_slice(b"\\u{fffd}");
            }
        }
    }
}

impl Write for Screen<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.partial.is_empty() {
            self.take(bytes);
        } else {
            let mut whole = std::mem::take(&mut self.partial);
            whole.extend_from_slice(bytes);
            self.take(&whole);
        }
        if self.ready.len() >= BUFFER || self.by_line && self.ready.ends_with(b"\n") {
            self.pass_on()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.pass_on()?;
        self.to.flush()
    }
}

/// Messages for people: lines, and what only a terminal or the log of a job has.
pub(crate) trait Messages: Write {
    /// Draws lines over the `drawn` lines above the cursor.
    fn redraw(&mut self, drawn: usize, lines: &[Styled]) -> io::Result<()>;

    /// Marks a section of a job's log, which begins or ends here.
    fn section(&mut self, mark: &str, title: &str) -> io::Result<()>;
}

impl Messages for Screen<'_> {
    fn redraw(&mut self, drawn: usize, lines: &[Styled]) -> io::Result<()> {
        if drawn > 0 {
            // Moves the cursor up.
            write!(self.ready, "\x1b[{drawn}A\r")?;
        }
        let by_line = std::mem::take(&mut self.by_line);
        let written: io::Result<()> = lines.iter().try_for_each(|line| {
            self.write_styled(line)?;
            self.ready.extend_from_slice(b"\x1b[K\n");
            Ok(())
        });
        self.by_line = by_line;
        written?;
        // Line by line: some terminals keep a screen that is cleared as a whole in their history.
        let rest = drawn.saturating_sub(lines.len());
        if rest > 0 {
            let clear = b"\x1b[2K\n".repeat(rest);
            self.ready.extend_from_slice(&clear);
            write!(self.ready, "\x1b[{rest}A")?;
        }
        self.flush()
    }

    fn section(&mut self, mark: &str, title: &str) -> io::Result<()> {
        write!(self.ready, "\x1b[0K{}\r\x1b[0K", escaped(mark))?;
        writeln!(self, "{}", escaped(title))?;
        self.flush()
    }
}

/// Writes a complete text, such as a warning, as one line without control characters. No command of a job's
/// log begins in it.
///
/// # Errors
///
/// Those of `to`.
pub fn write_line(to: &mut dyn Write, text: &[u8]) -> io::Result<()> {
    let text = String::from_utf8_lossy(text);
    let text = escaped(text.trim_end_matches('\n'));
    to.write_all(format!("{}\n", without_commands(&text)).as_bytes())
}

/// Whether a character is part of the layout: a line break or a tab.
fn is_layout(character: char) -> bool {
    matches!(character, '\n' | '\t')
}

/// Escapes a text as a part of a line: every character that moves the cursor or is invisible, also
/// line breaks and tabs.
pub(crate) fn escaped(text: &str) -> Cow<'_, str> {
    escape(text, |_| false)
}

/// Escapes a text that goes to the log of GitHub Actions: no command begins in it.
pub(crate) fn without_commands(text: &str) -> String {
    text.replace(COMMAND, "##\\u{5b}")
}

fn escape(text: &str, stays: fn(char) -> bool) -> Cow<'_, str> {
    let is_unfit = |character: char| is_hidden(character) && !stays(character);
    let Some(first) = text.find(is_unfit) else {
        return Cow::Borrowed(text);
    };
    let (fit, rest) = text.split_at(first);
    let mut escaped = String::with_capacity(text.len() + 16);
    escaped.push_str(fit);
    for character in rest.chars() {
        match character {
            _ if !is_unfit(character) => escaped.push(character),
            '\n' => escaped.push_str("\\n"),
            '\r' => escaped.push_str("\\r"),
            '\t' => escaped.push_str("\\t"),
            _ => escaped.extend(character.escape_unicode()),
        }
    }
    Cow::Owned(escaped)
}

/// Whether a character controls a terminal, is invisible, or replaces invalid bytes.
fn is_hidden(character: char) -> bool {
    match character {
        ' '..='~' => false,
        _ if character.is_control() => true,
        ..'\u{ad}' => false,
        _ => {
            let code = u32::from(character);
            // The last two codes of each plane are not characters.
            let is_none = code & 0xfffe == 0xfffe;
            is_none
                || HIDDEN
                    .iter()
                    .any(|(first, last)| (*first..=*last).contains(&code))
        }
    }
}

/// Unicode's format characters (Cf), its separators of lines and paragraphs (Zl, Zp), its default
/// ignorable characters, the replacement character, and codes that are not characters.
const HIDDEN: [(u32, u32); 27] = [
    (0x00ad, 0x00ad),
    (0x034f, 0x034f),
    (0x0600, 0x0605),
    (0x061c, 0x061c),
    (0x06dd, 0x06dd),
    (0x070f, 0x070f),
    (0x0890, 0x0891),
    (0x08e2, 0x08e2),
    (0x115f, 0x1160),
    (0x17b4, 0x17b5),
    (0x180b, 0x180f),
    (0x200b, 0x200f),
    (0x2028, 0x202e),
    (0x2060, 0x206f),
    (0x3164, 0x3164),
    (0xfdd0, 0xfdef),
    (0xfe00, 0xfe0f),
    (0xfeff, 0xfeff),
    (0xffa0, 0xffa0),
    (0xfff0, 0xfffb),
    (0xfffd, 0xfffd),
    (0x1_10bd, 0x1_10bd),
    (0x1_10cd, 0x1_10cd),
    (0x1_3430, 0x1_343f),
    (0x1_bca0, 0x1_bca3),
    (0x1_d173, 0x1_d17a),
    (0xe_0000, 0xe_0fff),
];

/// JSON layout for people, indented inside of its context.
///
/// Hidden characters are escaped as `\u001b`, so that the text stays the same JSON. So are commands of a
/// log.
pub(crate) struct Layout {
    indent: usize,
    has_value: bool,
}

impl Layout {
    fn at(indent: usize) -> Self {
        Self {
            indent,
            has_value: false,
        }
    }

    fn new_line<W: ?Sized + Write>(&self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b"\n")?;
        (0..self.indent).try_for_each(|_| writer.write_all(b"  "))
    }

    fn open<W: ?Sized + Write>(&mut self, writer: &mut W, with: &[u8]) -> io::Result<()> {
        self.indent += 1;
        self.has_value = false;
        writer.write_all(with)
    }

    fn close<W: ?Sized + Write>(&mut self, writer: &mut W, with: &[u8]) -> io::Result<()> {
        self.indent = self.indent.saturating_sub(1);
        if self.has_value {
            self.new_line(writer)?;
        }
        writer.write_all(with)
    }

    fn next<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if !first {
            writer.write_all(b",")?;
        }
        self.new_line(writer)
    }
}

impl Formatter for Layout {
    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.open(writer, b"[")
    }

    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.close(writer, b"]")
    }

    fn begin_array_value<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        self.next(writer, first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.has_value = true;
        Ok(())
    }

    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.open(writer, b"{")
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.close(writer, b"}")
    }

    fn begin_object_key<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        self.next(writer, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.has_value = true;
        Ok(())
    }

    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        write_fragment(writer, fragment)
    }
}

/// JSON on one line, with hidden characters escaped.
struct Compact;

impl Formatter for Compact {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        write_fragment(writer, fragment)
    }
}

fn write_fragment<W: ?Sized + Write>(writer: &mut W, fragment: &str) -> io::Result<()> {
    for (number, part) in fragment.split(COMMAND).enumerate() {
        if number > 0 {
            writer.write_all(br"##\u005b")?;
        }
        write_visible(writer, part)?;
    }
    Ok(())
}

fn write_visible<W: ?Sized + Write>(writer: &mut W, fragment: &str) -> io::Result<()> {
    let mut rest = fragment;
    while let Some(at) = rest.find(is_hidden) {
        let (fit, unfit) = rest.split_at(at);
        writer.write_all(fit.as_bytes())?;
        let mut characters = unfit.chars();
        if let Some(hidden) = characters.next() {
            for unit in hidden.encode_utf16(&mut [0; 2]) {
                write!(writer, "\\u{unit:04x}")?;
            }
        }
        rest = characters.as_str();
    }
    writer.write_all(rest.as_bytes())
}

/// Writes a value as JSON, indented by `indent` levels.
pub(crate) fn write_json(
    writer: &mut dyn Write,
    indent: usize,
    value: &impl Serialize,
) -> serde_json::Result<()> {
    value.serialize(&mut serde_json::Serializer::with_formatter(
        writer,
        Layout::at(indent),
    ))
}

/// Returns a value as JSON on one line.
pub(crate) fn json_line(value: &impl Serialize) -> serde_json::Result<String> {
    let mut bytes = Vec::new();
    value.serialize(&mut serde_json::Serializer::with_formatter(
        &mut bytes, Compact,
    ))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Returns a JSON text with hidden characters escaped as JSON does. They are inside strings.
pub(crate) fn hidden_as_json(json: &str) -> String {
    let mut bytes = Vec::new();
    // A vector takes all bytes.
    let _ = write_fragment(&mut bytes, json);
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Returns whether a text of several lines has a hidden character or a command of a log.
pub(crate) fn needs_escapes(text: &str) -> bool {
    text.contains(COMMAND) || text.contains(|character| is_hidden(character) && character != '\n')
}

/// Cuts a text to this many characters, and appends the number of removed characters.
pub(crate) fn cut(text: &str, most: usize) -> Cow<'_, str> {
    let Some((end, _)) = text.char_indices().nth(most) else {
        return Cow::Borrowed(text);
    };
    let (begin, rest) = text.split_at(end);
    let mut cut = begin.to_owned();
    let _ = write!(cut, "… ({} more characters)", rest.chars().count());
    Cow::Owned(cut)
}

/// Returns whether a service's text is safe to paste into a shell, as encoded reasons and ids are.
pub(crate) fn is_word(text: &str) -> bool {
    const LONGEST: usize = 64 * 1024;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=_-.".contains(&byte);
    text.len() <= LONGEST && !text.starts_with('-') && text.bytes().all(is_plain)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn shown(pieces: &[&[u8]]) -> String {
        let mut out = Vec::new();
        let mut screen = Screen::new(&mut out);
        for piece in pieces {
            screen.write_all(piece).unwrap();
        }
        screen.flush().unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn hidden_characters_are_escaped() {
        for (text, in_a_line, on_the_screen) in [
            ("team/api:v1", "team/api:v1", "team/api:v1"),
            ("多阶段 é — ✓ 🚀", "多阶段 é — ✓ 🚀", "多阶段 é — ✓ 🚀"),
            ("a\\b", "a\\b", "a\\b"),
            ("\u{1b}[2J", "\\u{1b}[2J", "\\u{1b}[2J"),
            ("a\nb\tc", "a\\nb\\tc", "a\nb\tc"),
            ("a\r\0\u{7}", "a\\r\\u{0}\\u{7}", "a\\r\\u{0}\\u{7}"),
            ("\u{7f}\u{9b}", "\\u{7f}\\u{9b}", "\\u{7f}\\u{9b}"),
            (
                "\u{2028}\u{2029}",
                "\\u{2028}\\u{2029}",
                "\\u{2028}\\u{2029}",
            ),
            (
                "\u{202e}\u{2066}",
                "\\u{202e}\\u{2066}",
                "\\u{202e}\\u{2066}",
            ),
            (
                "\u{200b}\u{feff}",
                "\\u{200b}\\u{feff}",
                "\\u{200b}\\u{feff}",
            ),
            ("\u{ad}\u{fffd}", "\\u{ad}\\u{fffd}", "\\u{ad}\\u{fffd}"),
            ("\u{e0041}", "\\u{e0041}", "\\u{e0041}"),
            ("\u{1fffe}", "\\u{1fffe}", "\\u{1fffe}"),
        ] {
            assert_eq!(escaped(text), in_a_line, "{text:?}");
            assert_eq!(shown(&[text.as_bytes()]), on_the_screen, "{text:?}");
            let json = json_line(&text).unwrap();
            assert_eq!(
                serde_json::from_str::<String>(&json).unwrap(),
                text,
                "{json}"
            );
            assert!(!json.chars().any(is_hidden), "{json:?}");
        }
    }

    #[test]
    fn no_command_begins_in_the_log_of_a_job() {
        for pieces in [
            &["a ##[error]b ###[group]"][..],
            &["a #", "#", "[error]b ###", "[group]"],
        ] {
            let in_log = |is_log| {
                let mut out = Vec::new();
                let mut screen = Screen::new(&mut out).in_log(is_log);
                for piece in pieces {
                    screen.write_all(piece.as_bytes()).unwrap();
                }
                screen.flush().unwrap();
                String::from_utf8(out).unwrap()
            };
            assert_eq!(in_log(true), "a ##\\u{5b}error]b ###\\u{5b}group]");
            assert_eq!(in_log(false), "a ##[error]b ###[group]");
        }
        let text = "##[error] # [x] ##[";
        let json = json_line(&text).unwrap();
        assert!(!json.contains("##["), "{json}");
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
    }

    #[test]
    fn a_line_of_the_log_has_no_command() {
        for (text, line) in [
            ("INFO x: ##[error]y\n", "INFO x: ##\\u{5b}error]y\n"),
            ("a\n##[group]", "a\\n##\\u{5b}group]\n"),
            (
                "{\"text\":\"##\\u005berror]\"}",
                "{\"text\":\"##\\u005berror]\"}\n",
            ),
        ] {
            let mut out = Vec::new();
            write_line(&mut out, text.as_bytes()).unwrap();
            assert_eq!(String::from_utf8(out).unwrap(), line);
        }
    }

    #[test]
    fn characters_may_come_in_pieces() {
        let text = "a🚀\u{202e}é";
        for at in 0..=text.len() {
            let (one, other) = text.as_bytes().split_at(at);
            assert_eq!(shown(&[one, other]), "a🚀\\u{202e}é", "{at}");
        }
        let bytes: Vec<&[u8]> = text.as_bytes().chunks(1).collect();
        assert_eq!(shown(&bytes), "a🚀\\u{202e}é");
        assert_eq!(
            shown(&[b"a\xffb", b"\xc3(", b"\xf0\x9f"]),
            "a\\u{fffd}b\\u{fffd}("
        );
    }

    #[test]
    fn json_is_laid_out_as_serde_json_does() {
        let value = serde_json::json!({
            "empty": [], "none": {}, "list": [1, [2], { "a": null }], "text": "a\"b\n",
        });
        let mut bytes = Vec::new();
        write_json(&mut bytes, 0, &value).unwrap();
        let expected = serde_json::to_string_pretty(&value).unwrap();
        assert_eq!(String::from_utf8(bytes).unwrap(), expected);
    }

    #[test]
    fn a_text_that_is_cut_says_so() {
        assert_eq!(cut("short", 5), "short");
        assert_eq!(cut("löng text", 4), "löng… (5 more characters)");
    }
}
