//! Text with colours, before it meets a terminal.

use anstyle::{AnsiColor, Style};
use unicode_width::UnicodeWidthStr;

/// What a text tells about a state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Tone {
    #[default]
    Plain,
    Good,
    Bad,
    /// Work that goes on.
    Busy,
    /// Something to look at.
    Doubtful,
}

impl Tone {
    /// Returns the colours of the tone.
    pub(crate) fn style(self) -> Style {
        let color = match self {
            Self::Plain => return Style::new(),
            Self::Good => AnsiColor::Green,
            Self::Bad => AnsiColor::Red,
            Self::Busy => AnsiColor::Cyan,
            Self::Doubtful => AnsiColor::Yellow,
        };
        color.on_default()
    }
}

/// Text whose parts have tones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Styled {
    spans: Vec<(Tone, String)>,
}

impl Styled {
    /// Appends a text without colour.
    pub(crate) fn push(&mut self, text: &str) {
        self.push_toned(Tone::Plain, text);
    }

    /// Appends a text of a tone.
    pub(crate) fn push_toned(&mut self, tone: Tone, text: &str) {
        match self.spans.last_mut() {
            Some((last, span)) if *last == tone => span.push_str(text),
            _ if text.is_empty() => {}
            _ => self.spans.push((tone, text.to_owned())),
        }
    }

    /// Returns the number of columns that it takes.
    pub(crate) fn width(&self) -> usize {
        self.spans.iter().map(|(_, text)| text.width()).sum()
    }

    /// Returns the parts in their order.
    pub(crate) fn spans(&self) -> impl Iterator<Item = (Tone, &str)> {
        self.spans.iter().map(|(tone, text)| (*tone, text.as_str()))
    }
}

impl From<String> for Styled {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<&str> for Styled {
    fn from(text: &str) -> Self {
        let mut styled = Self::default();
        styled.push(text);
        styled
    }
}

/// The text without its colours.
impl std::fmt::Display for Styled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.spans().try_for_each(|(_, text)| f.write_str(text))
    }
}
