//! Waits: what is printed meanwhile, and what ends them.

use std::io::Write;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_core::Stream;
use futures_util::StreamExt;
use futures_util::future::{Either, select};
use registry_replication::Clock;

use crate::args::ProgressArgs;
use crate::environment::Terminal;
use crate::signals::{Signal, Signals};
use crate::styled::Styled;
use crate::table;
use crate::terminal::{Messages, escaped};

/// Time between two drawings of live lines.
const FRAME: Duration = Duration::from_millis(200);
/// What a live line begins with while it is awaited.
const SPINNER: [&str; 4] = ["| ", "/ ", "- ", "\\ "];

/// Something that is awaited until its news end.
pub(crate) trait Awaited {
    /// News of it.
    type News;

    /// Takes news in, and returns a line for each change.
    fn take(&mut self, news: Self::News) -> Vec<String>;

    /// Returns the state of everything in one line.
    fn summary(&self) -> String;

    /// Returns the state of each part, after this time.
    fn live(&self, waited: Duration) -> Vec<LiveLine>;
}

/// Line that is drawn again and again.
pub(crate) struct LiveLine {
    /// The text, whose values are escaped when it is drawn.
    pub(crate) text: String,
    /// Whether it may still change.
    pub(crate) is_open: bool,
}

/// Progress of a wait.
pub(crate) enum Feed<'a> {
    Nothing,
    /// A line for each change.
    Lines {
        to: &'a mut dyn Write,
        /// Longest time without a line. Zero stands for any time.
        heartbeat: Duration,
    },
    /// Lines at the end of a terminal.
    Live {
        to: &'a mut dyn Messages,
        terminal: Terminal,
        /// Widths of the lines that are on the terminal.
        drawn: Vec<usize>,
    },
}

impl<'a> Feed<'a> {
    /// Returns the progress that the options ask for. `live` is the terminal, if `to` is one.
    pub(crate) fn of(args: ProgressArgs, live: Option<Terminal>, to: &'a mut dyn Messages) -> Self {
        match live {
            _ if args.quiet => Self::Nothing,
            Some(terminal) => Self::Live {
                to,
                terminal,
                drawn: Vec::new(),
            },
            None => Self::Lines {
                to,
                heartbeat: args.heartbeat,
            },
        }
    }

    fn say(&mut self, line: &str) {
        if let Self::Lines { to, .. } = self {
            // The wait goes on even if its progress cannot be written.
            let _ = writeln!(to, "{}", escaped(line));
        }
    }

    /// Draws the state, or removes it if there are no lines.
    fn draw(&mut self, lines: Vec<LiveLine>, waited: Duration) {
        let Self::Live {
            to,
            terminal,
            drawn,
        } = self
        else {
            return;
        };
        let Terminal {
            columns,
            lines: height,
            ..
        } = terminal.again();
        // A terminal that has become narrower has broken the lines.
        let rows = drawn
            .iter()
            .map(|width| width.div_ceil(columns.max(1)).max(1));
        let rows = rows.sum();
        let frame = waited.as_millis() / FRAME.as_millis();
        let frame = usize::try_from(frame).unwrap_or_default() % SPINNER.len();
        // The last line stays free, so that nothing scrolls.
        let room = height.saturating_sub(2).max(1);
        let rest = lines.len().saturating_sub(room);
        let mut lines = lines;
        if rest > 0 {
            // What may still change tells more.
            lines.sort_by_key(|line| !line.is_open);
            lines.truncate(room);
        }
        let mut shown: Vec<Styled> = Vec::new();
        for line in lines {
            let mark = match line.is_open {
                true => SPINNER.get(frame).copied().unwrap_or("  "),
                false => "  ",
            };
            let text = format!("{mark}{}", escaped(&line.text));
            // The last column stays free: some terminals break the line there.
            shown.push(table::cut(&text, columns.saturating_sub(1), false).into());
        }
        if rest > 0 {
            shown.push(format!("  … {rest} more").into());
        }
        let _ = to.redraw(rows, &shown);
        *drawn = shown.iter().map(Styled::width).collect();
    }
}

/// Waits until the news end, or until a signal.
pub(crate) async fn drive<W: Awaited>(
    awaited: &mut W,
    news: impl Stream<Item = W::News>,
    feed: &mut Feed<'_>,
    signals: &mut Signals,
    clock: &Arc<dyn Clock>,
) -> Option<Signal> {
    let mut news = pin!(news);
    let begun = clock.elapsed();
    let mut told = begun;
    let ended = loop {
        let now = clock.elapsed();
        let waited = now.saturating_sub(begun);
        feed.draw(awaited.live(waited), waited);
        let tick = match feed {
            Feed::Nothing => Duration::MAX,
            Feed::Live { .. } => FRAME,
            Feed::Lines { heartbeat, .. } if heartbeat.is_zero() => Duration::MAX,
            Feed::Lines { heartbeat, .. } => {
                let left = told.saturating_add(*heartbeat).saturating_sub(now);
                match left.is_zero() {
                    true => {
                        let heartbeat = *heartbeat;
                        feed.say(&awaited.summary());
                        told = now;
                        heartbeat
                    }
                    false => left,
                }
            }
        };
        let tick = async {
            match tick {
                Duration::MAX => std::future::pending().await,
                tick => clock.guard(tick).await,
            }
        };
        match select(news.next(), select(pin!(signals.next()), pin!(tick))).await {
            Either::Left((Some(item), _)) => {
                let lines = awaited.take(item);
                if !lines.is_empty() {
                    told = clock.elapsed();
                }
                lines.iter().for_each(|line| feed.say(line));
            }
            Either::Left((None, _)) => break None,
            Either::Right((Either::Left((signal, _)), _)) => break Some(signal),
            Either::Right((Either::Right(_), _)) => {}
        }
    };
    feed.draw(Vec::new(), Duration::ZERO);
    ended
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::environment::Environment;
    use crate::terminal::Screen;

    #[test]
    fn lines_that_a_narrower_terminal_has_broken_are_removed() {
        let mut out = Vec::new();
        let mut screen = Screen::by_line(&mut out);
        let mut feed = Feed::Live {
            to: &mut screen,
            terminal: Environment::default().live(60, 20).live.unwrap(),
            // The second one takes two lines now.
            drawn: vec![60, 61, 0],
        };
        feed.draw(Vec::new(), Duration::ZERO);
        drop(feed);
        let clear = "\x1b[2K\n".repeat(4);
        let drawn = String::from_utf8(out).unwrap();
        assert_eq!(drawn, format!("\x1b[4A\r{clear}\x1b[4A"));
    }
}
