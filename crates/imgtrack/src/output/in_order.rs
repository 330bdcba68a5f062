//! Several streams, one after the other, which are read at the same time.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_core::stream::BoxStream;

/// Most items of a stream that wait until those before it have ended.
const AHEAD: usize = 1_000;

/// Records of all streams, in the order of the streams. A later stream is read ahead.
///
/// After the limit, each stream that has not answered yet is read up to its first record or error. So a
/// stream that fails is told, however few records are wanted.
pub(super) struct InOrder<'s, L, T, E> {
    streams: VecDeque<Ahead<'s, L, T, E>>,
    /// Number of records that are still wanted.
    left: usize,
}

/// Record or error, with a label.
type Item<L, T, E> = (L, Result<T, E>);

struct Ahead<'s, L, T, E> {
    /// Absent after its end.
    stream: Option<BoxStream<'s, Item<L, T, E>>>,
    items: VecDeque<Item<L, T, E>>,
    /// Whether an item or the end was read.
    has_answered: bool,
}

impl<'s, L, T, E> InOrder<'s, L, T, E> {
    pub(super) fn new(
        streams: impl IntoIterator<Item = BoxStream<'s, Item<L, T, E>>>,
        most: usize,
    ) -> Self {
        let streams = streams.into_iter().map(|stream| Ahead {
            stream: Some(stream),
            items: VecDeque::new(),
            has_answered: false,
        });
        Self {
            streams: streams.collect(),
            left: most,
        }
    }
}

impl<L, T, E> Ahead<'_, L, T, E> {
    /// Reads what is there, or only the first item.
    fn read(&mut self, is_first_enough: bool, wake: &mut Context<'_>) {
        while self.items.len() < AHEAD && !(is_first_enough && self.has_answered) {
            let Some(stream) = &mut self.stream else {
                return;
            };
            match stream.as_mut().poll_next(wake) {
                Poll::Ready(Some(item)) => self.items.push_back(item),
                Poll::Ready(None) => self.stream = None,
                Poll::Pending => return,
            }
            self.has_answered = true;
        }
    }
}

// Items are never pinned.
impl<L, T, E> Unpin for InOrder<'_, L, T, E> {}

impl<L, T, E> Stream for InOrder<'_, L, T, E> {
    type Item = Item<L, T, E>;

    fn poll_next(mut self: Pin<&mut Self>, wake: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let all = &mut *self;
        for ahead in &mut all.streams {
            ahead.read(all.left == 0, wake);
        }
        while let Some(first) = all.streams.front_mut() {
            while let Some(item) = first.items.pop_front() {
                match (&item.1, all.left) {
                    (Ok(_), 0) => {}
                    (Ok(_), _) => {
                        all.left -= 1;
                        return Poll::Ready(Some(item));
                    }
                    (Err(_), _) => return Poll::Ready(Some(item)),
                }
            }
            let is_enough = all.left == 0 && first.has_answered;
            if first.stream.is_some() && !is_enough {
                return Poll::Pending;
            }
            all.streams.pop_front();
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
        let labelled = |item| ((), Ok::<_, ()>(item));
        let streams = [
            slow.map(labelled).boxed(),
            many.map(labelled).boxed(),
            stream::empty().boxed(),
        ];
        let all = InOrder::new(streams, usize::MAX).filter_map(async |(_, item)| item.ok());
        let mut all = Box::pin(all.collect::<Vec<_>>());
        let all = loop {
            if let Some(all) = all.as_mut().now_or_never() {
                break all;
            }
        };
        let expected: Vec<i32> = (1..4).chain(10..5_000).collect();
        assert_eq!(all, expected);
    }

    #[test]
    fn after_the_limit_each_stream_is_read_up_to_its_first_item() {
        let mut polls = 0;
        let many = stream::iter(0..).map(Ok::<_, &str>);
        // It fails after the limit is reached.
        let mut is_late = true;
        let late = stream::once(std::future::poll_fn(move |wake| {
            match std::mem::take(&mut is_late) {
                true => {
                    wake.waker().wake_by_ref();
                    Poll::Pending
                }
                false => Poll::Ready(Err("late")),
            }
        }));
        let streams = [
            many.map(|item| ("many", item)).boxed(),
            late.map(|item| ("late", item)).boxed(),
            stream::iter([("more", Ok(7)), ("more", Err("known"))]).boxed(),
        ];
        let mut all = Box::pin(InOrder::new(streams, 2).collect::<Vec<_>>());
        let all = loop {
            polls += 1;
            assert!(polls < 10, "it does not end");
            if let Some(all) = all.as_mut().now_or_never() {
                break all;
            }
        };
        let expected = [
            ("many", Ok(0)),
            ("many", Ok(1)),
            ("late", Err("late")),
            ("more", Err("known")),
        ];
        assert_eq!(all, expected);
    }
}
