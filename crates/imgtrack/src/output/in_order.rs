//! Several streams, one after the other, which are read at the same time.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_core::stream::BoxStream;

/// Most items of a stream that wait until those before it have ended.
const AHEAD: usize = 1_000;

/// Items of all streams, in the order of the streams. A later stream is read ahead.
pub(super) struct InOrder<'s, T> {
    streams: VecDeque<Ahead<'s, T>>,
}

struct Ahead<'s, T> {
    /// Absent after its end.
    stream: Option<BoxStream<'s, T>>,
    items: VecDeque<T>,
}

impl<'s, T> InOrder<'s, T> {
    pub(super) fn new(streams: impl IntoIterator<Item = BoxStream<'s, T>>) -> Self {
        let streams = streams.into_iter().map(|stream| Ahead {
            stream: Some(stream),
            items: VecDeque::new(),
        });
        Self {
            streams: streams.collect(),
        }
    }
}

impl<T> Ahead<'_, T> {
    /// Reads what is there.
    fn read(&mut self, wake: &mut Context<'_>) {
        while self.items.len() < AHEAD {
            let Some(stream) = &mut self.stream else {
                return;
            };
            match stream.as_mut().poll_next(wake) {
                Poll::Ready(Some(item)) => self.items.push_back(item),
                Poll::Ready(None) => self.stream = None,
                Poll::Pending => return,
            }
        }
    }
}

// Items are never pinned.
impl<T> Unpin for InOrder<'_, T> {}

impl<T> Stream for InOrder<'_, T> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, wake: &mut Context<'_>) -> Poll<Option<T>> {
        for ahead in &mut self.streams {
            ahead.read(wake);
        }
        while let Some(first) = self.streams.front_mut() {
            if let Some(item) = first.items.pop_front() {
                return Poll::Ready(Some(item));
            }
            if first.stream.is_some() {
                return Poll::Pending;
            }
            self.streams.pop_front();
        }
        Poll::Ready(None)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::{FutureExt, StreamExt, stream};

    use super::*;

    #[test]
    fn later_streams_are_read_ahead_and_wait() {
        let slow = stream::iter([1, 2]).chain(stream::once(async {
            // Pending once, so that others are read before it.
            let mut is_late = true;
            std::future::poll_fn(move |wake| match std::mem::take(&mut is_late) {
                true => {
                    wake.waker().wake_by_ref();
                    Poll::Pending
                }
                false => Poll::Ready(3),
            })
            .await
        }));
        let many = stream::iter(10..5_000);
        let all = InOrder::new([slow.boxed(), many.boxed(), stream::empty().boxed()]);
        let mut all = Box::pin(all.collect::<Vec<_>>());
        let all = loop {
            if let Some(all) = all.as_mut().now_or_never() {
                break all;
            }
        };
        let expected: Vec<i32> = (1..4).chain(10..5_000).collect();
        assert_eq!(all, expected);
    }
}
