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
        /// Columns and lines of the terminal.
        size: (usize, usize),
        drawn: usize,
    },
}

impl<'a> Feed<'a> {
    /// Returns the progress that the options ask for. `live` is the size of the terminal, if `to` is
    /// one.
    pub(crate) fn of(
        args: ProgressArgs,
        live: Option<(usize, usize)>,
        to: &'a mut dyn Messages,
    ) -> Self {
        match live {
            _ if args.quiet => Self::Nothing,
            Some(size) => Self::Live { to, size, drawn: 0 },
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
        let Self::Live { to, size, drawn } = self else {
            return;
        };
        let (columns, height) = *size;
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
        let _ = to.redraw(*drawn, &shown);
        *drawn = shown.len();
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
