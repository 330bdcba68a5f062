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
/// News that are taken in before timers and signals get their turn.
const AT_ONCE: u32 = 32;

/// Something that is awaited until its news end.
pub(crate) trait Awaited {
    /// News of it.
    type News;

    /// Takes news in, and returns a line for each change.
    fn take(&mut self, news: Self::News) -> Vec<String>;

    /// Returns the state of everything in one line, after this time.
    fn summary(&self, waited: Duration) -> String;

    /// Returns the state of each part, after this time.
    fn live(&self, waited: Duration) -> Vec<LiveLine<'_>>;
}

/// Line that is drawn again and again.
pub(crate) struct LiveLine<'a> {
    /// Makes the text, whose values are escaped when it is drawn. Only lines that fit are made.
    pub(crate) text: Box<dyn Fn() -> String + 'a>,
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

    /// Whether lines are drawn in place.
    pub(crate) fn is_live(&self) -> bool {
        matches!(self, Self::Live { .. })
    }

    fn say(&mut self, line: &str) {
        if let Self::Lines { to, .. } = self {
            // The wait goes on even if its progress cannot be written.
            let _ = writeln!(to, "{}", escaped(line));
        }
    }

    /// Draws the state, or removes it if there are no lines.
    fn draw(&mut self, lines: Vec<LiveLine<'_>>, waited: Duration) {
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
            let text = format!("{mark}{}", escaped(&(line.text)()));
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
///
/// The work for each item does not depend on how much is awaited. Signals and timers come first, because
/// news of many images may be ready all the time.
pub(crate) async fn drive<W: Awaited>(
    awaited: &mut W,
    news: impl Stream<Item = W::News>,
    feed: &mut Feed<'_>,
    signals: &mut Signals,
    clock: &Arc<dyn Clock>,
) -> Option<Signal> {
    let mut news = pin!(news);
    let begun = clock.elapsed();
    let (mut told, mut frame) = (begun, begun);
    let mut taken = 0_u32;
    let ended = loop {
        let now = clock.elapsed();
        let tick = match feed {
            Feed::Nothing => Duration::MAX,
            Feed::Live { .. } if now < frame => frame.saturating_sub(now),
            Feed::Live { .. } => {
                let waited = now.saturating_sub(begun);
                feed.draw(awaited.live(waited), waited);
                // A slow terminal gets fewer frames.
                frame = clock.elapsed().saturating_add(FRAME);
                FRAME
            }
            Feed::Lines { heartbeat, .. } if heartbeat.is_zero() => Duration::MAX,
            Feed::Lines { heartbeat, .. } => {
                let left = told.saturating_add(*heartbeat).saturating_sub(now);
                match left.is_zero() {
                    true => {
                        let heartbeat = *heartbeat;
                        feed.say(&awaited.summary(now.saturating_sub(begun)));
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
        let (signal, tick) = (pin!(signals.next()), pin!(tick));
        match select(select(signal, tick), news.next()).await {
            Either::Left((Either::Left((signal, _)), _)) => break Some(signal),
            Either::Left((Either::Right(_), _)) => {}
            Either::Right((None, _)) => break None,
            Either::Right((Some(item), _)) => {
                let lines = awaited.take(item);
                if !lines.is_empty() {
                    told = clock.elapsed();
                }
                lines.iter().for_each(|line| feed.say(line));
                taken = (taken + 1) % AT_ONCE;
                if taken == 0 {
                    // The runtime looks at signals and timers only while nothing is ready.
                    tokio::task::yield_now().await;
                }
            }
        }
    };
    feed.draw(Vec::new(), Duration::ZERO);
    ended
}

#[cfg(all(test, feature = "demo"))]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::cell::Cell;
    use std::future::poll_fn;
    use std::task::Poll;

    use futures_util::stream;

    use super::*;
    use crate::environment::Environment;
    use crate::terminal::Screen;

    /// Counts how often it is asked for lines.
    #[derive(Default)]
    struct Many {
        drawn: Cell<usize>,
        taken: usize,
    }

    impl Awaited for Many {
        type News = usize;

        fn take(&mut self, _: usize) -> Vec<String> {
            self.taken += 1;
            Vec::new()
        }

        fn summary(&self, waited: Duration) -> String {
            format!("{waited:?}")
        }

        fn live(&self, _: Duration) -> Vec<LiveLine<'_>> {
            self.drawn.set(self.drawn.get() + 1);
            let line = || LiveLine {
                text: Box::new(|| "line".to_owned()),
                is_open: true,
            };
            (0..3).map(|_| line()).collect()
        }
    }

    /// Drives many news, all of them ready. Returns what was asked, and how often others had a turn.
    async fn driven(feed: &mut Feed<'_>, signals: &mut Signals) -> (Many, Option<Signal>, usize) {
        // It stands still.
        let clock: Arc<dyn Clock> = Arc::new(registry_replication::testing::ManualClock::at(
            "2026-12-05T12:00:00Z".parse().unwrap(),
        ));
        let mut many = Many::default();
        let news = stream::iter(0..10_000_usize);
        let mut turns = 0;
        let ended = {
            let work = drive(&mut many, news, feed, signals, &clock);
            let others = poll_fn(|_| {
                turns += 1;
                Poll::<()>::Pending
            });
            match select(pin!(work), pin!(others)).await {
                Either::Left((ended, _)) => ended,
                Either::Right(_) => unreachable!("the others do not end"),
            }
        };
        (many, ended, turns)
    }

    #[tokio::test]
    async fn lines_are_made_for_frames_and_not_for_each_news() {
        let mut signals = Signals::listen(false);
        let mut out = Vec::new();
        let mut screen = Screen::by_line(&mut out);
        let mut live = Feed::Live {
            to: &mut screen,
            terminal: Environment::default().live(60, 20).live.unwrap(),
            drawn: Vec::new(),
        };
        let (many, ended, _) = driven(&mut live, &mut signals).await;
        assert_eq!((many.taken, many.drawn.get(), ended), (10_000, 1, None));
        let mut out = Vec::new();
        let mut lines = Feed::Lines {
            to: &mut out,
            heartbeat: Duration::from_secs(60),
        };
        let (many, _, turns) = driven(&mut lines, &mut signals).await;
        assert_eq!((many.taken, many.drawn.get()), (10_000, 0));
        // Otherwise the runtime would see no signal and no timer meanwhile.
        assert!(turns > 100, "{turns}");
    }

    #[tokio::test]
    async fn a_heartbeat_has_its_own_time() {
        let manual =
            registry_replication::testing::ManualClock::at("2026-12-05T12:00:00Z".parse().unwrap());
        let clock: Arc<dyn Clock> = Arc::new(manual.clone());
        // The last poll is 61 seconds ago when the second item comes.
        let news = stream::iter(0..2_usize).inspect(|_| manual.advance(Duration::from_secs(61)));
        let mut out = Vec::new();
        let mut feed = Feed::Lines {
            to: &mut out,
            heartbeat: Duration::from_secs(60),
        };
        let mut signals = Signals::listen(false);
        let mut many = Many::default();
        drive(&mut many, news, &mut feed, &mut signals, &clock).await;
        assert_eq!(String::from_utf8(out).unwrap(), "61s\n122s\n");
    }

    #[tokio::test]
    async fn a_signal_comes_before_news() {
        let mut signals = Signals::received(Signal::Terminate);
        let (many, ended, _) = driven(&mut Feed::Nothing, &mut signals).await;
        assert_eq!((many.taken, ended), (0, Some(Signal::Terminate)));
    }

    #[test]
    fn only_lines_that_fit_are_made() {
        let made = Cell::new(0);
        let mut out = Vec::new();
        let mut screen = Screen::by_line(&mut out);
        let mut feed = Feed::Live {
            to: &mut screen,
            terminal: Environment::default().live(60, 5).live.unwrap(),
            drawn: Vec::new(),
        };
        let line = || LiveLine {
            text: Box::new(|| {
                made.set(made.get() + 1);
                String::new()
            }),
            is_open: true,
        };
        feed.draw((0..1_000).map(|_| line()).collect(), Duration::ZERO);
        assert_eq!(made.get(), 3);
    }

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
