//! Waits: what is printed meanwhile, and what ends it.

use std::future::pending;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_core::Stream;
use futures_util::future::{Either, select};
use futures_util::{FutureExt, StreamExt};
use registry_replication::Clock;

use crate::signals::{Signal, Signals};

/// Something that is awaited until its news end.
pub(crate) trait Awaited {
    /// News of it.
    type News;

    /// Takes news in, and returns a line for each change.
    fn take(&mut self, news: Self::News) -> Vec<String>;

    /// Returns the state of everything in one line.
    fn summary(&self) -> String;
}

/// Lines about a wait.
pub(crate) struct Feed<'a> {
    write: &'a mut dyn FnMut(&str),
    /// Longest time without a line. Zero stands for any time.
    heartbeat: Duration,
    is_quiet: bool,
}

impl<'a> Feed<'a> {
    /// A line for each change, and one whenever nothing has changed for `heartbeat`, unless that is
    /// zero.
    pub(crate) fn lines(heartbeat: Duration, write: &'a mut dyn FnMut(&str)) -> Self {
        Self {
            write,
            heartbeat,
            is_quiet: false,
        }
    }

    /// The same, or no lines.
    pub(crate) fn quiet(self, is_quiet: bool) -> Self {
        Self { is_quiet, ..self }
    }

    fn say(&mut self, line: &str) {
        if !self.is_quiet {
            (self.write)(line);
        }
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
    let mut told = clock.elapsed();
    loop {
        let quiet = clock.elapsed().saturating_sub(told);
        let is_due = feed.heartbeat > Duration::ZERO && quiet >= feed.heartbeat;
        if is_due {
            feed.say(&awaited.summary());
            told = clock.elapsed();
        }
        let tick = match feed.heartbeat {
            Duration::ZERO => pending().boxed(),
            heartbeat => clock.guard((told + heartbeat).saturating_sub(clock.elapsed())),
        };
        let stop = pin!(signals.next());
        match select(news.next(), select(stop, tick)).await {
            Either::Left((Some(item), _)) => {
                let lines = awaited.take(item);
                if !lines.is_empty() {
                    told = clock.elapsed();
                }
                lines.iter().for_each(|line| feed.say(line));
            }
            Either::Left((None, _)) => return None,
            Either::Right((Either::Left((signal, _)), _)) => return Some(signal),
            Either::Right((Either::Right(_), _)) => {}
        }
    }
}
