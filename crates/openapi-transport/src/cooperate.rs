//! Turns of calls that one task polls together.

use std::future::poll_fn;
use std::task::{Poll, ready};

use tokio::task::coop::{has_budget_remaining, poll_proceed};

/// Lets timers and signals have their turn if the task has worked for long without a pause.
///
/// Futures such as `join_all` poll all their members before they return to the runtime. Without this,
/// a task that makes thousands of calls at once would sign and send all of them before a deadline has
/// its turn.
///
/// ```
/// # use openapi_transport::cooperate;
/// # async fn example(answers: Vec<Vec<u8>>) {
/// for answer in answers {
///     cooperate().await;
///     // Decode the answer.
/// #   drop(answer);
/// }
/// # }
/// ```
pub async fn cooperate() {
    poll_fn(|cx| {
        if !has_budget_remaining() {
            // Tokio alone would wake the future after the poll of the task, and so `join_all` would
            // still poll all members in each turn. It returns early if members wake themselves.
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        ready!(poll_proceed(cx)).made_progress();
        Poll::Ready(())
    })
    .await;
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::pin::pin;

    use futures_util::future::join_all;

    use super::*;

    #[tokio::test]
    async fn members_of_a_crowd_take_turns() {
        const MANY: usize = 10_000;
        let (begun, polls) = (Cell::new(0_usize), Cell::new(0_usize));
        let crowd = (0..MANY).map(|_| async {
            polls.set(polls.get() + 1);
            cooperate().await;
            begun.set(begun.get() + 1);
        });
        let mut crowd = pin!(join_all(crowd));
        let mut most = 0;
        poll_fn(|cx| {
            let before = (begun.get(), polls.get());
            let polled = crowd.as_mut().poll(cx).map(drop);
            most = most.max(begun.get() - before.0).max(polls.get() - before.1);
            polled
        })
        .await;
        assert_eq!(begun.get(), MANY);
        // Tokio gives a task 128 units of budget, and two members notice that it is used up.
        assert!(most <= 130, "{most} members in one turn");
    }
}
