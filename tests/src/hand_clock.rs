//! A clock that is moved by hand, and only while everybody sleeps.

use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use openapi_transport::{BoxFuture, Clock, Timestamp};

/// A clock that stands still until it is moved. Who sleeps by it wakes up when it has come there.
#[derive(Clone, Debug)]
pub struct HandClock {
    start: Timestamp,
    hands: Arc<Mutex<Hands>>,
}

#[derive(Debug, Default)]
struct Hands {
    elapsed: Duration,
    next: u64,
    /// By the time of waking up.
    sleepers: BTreeMap<(Duration, u64), Waker>,
    /// Timers that bound work in flight, by the time at which they end. They do not move the clock.
    guards: BTreeMap<(Duration, u64), Waker>,
}

impl HandClock {
    /// A clock that stands at `start`.
    pub fn at(start: Timestamp) -> Self {
        Self {
            start,
            hands: Arc::default(),
        }
    }

    fn hands(&self) -> MutexGuard<'_, Hands> {
        self.hands.lock().unwrap()
    }

    /// How many sleep by it.
    pub fn sleepers(&self) -> usize {
        self.hands().sleepers.len()
    }

    /// How many timers bound work in flight by it.
    pub fn guards(&self) -> usize {
        self.hands().guards.len()
    }

    /// Moves it on, and wakes up who has slept long enough.
    pub fn advance(&self, duration: Duration) {
        let to = self.hands().elapsed + duration;
        self.move_to(to);
    }

    fn move_to(&self, to: Duration) {
        let mut hands = self.hands();
        hands.elapsed = hands.elapsed.max(to);
        let from = (to + Duration::from_nanos(1), 0);
        let later = hands.sleepers.split_off(&from);
        let mut awake = std::mem::replace(&mut hands.sleepers, later);
        let later = hands.guards.split_off(&from);
        awake.append(&mut std::mem::replace(&mut hands.guards, later));
        drop(hands);
        awake.into_values().for_each(Waker::wake);
    }

    /// Runs `work` to its end, and moves the clock whenever `live` sleep by it: to what is to happen
    /// next, or to the next who wakes up.
    pub async fn run<F: IntoFuture>(
        &self,
        work: F,
        live: impl Fn() -> usize,
        mut story: Story<'_>,
    ) -> F::Output {
        let mut work = pin!(work.into_future());
        poll_fn(|cx| {
            loop {
                if let Poll::Ready(output) = work.as_mut().poll(cx) {
                    return Poll::Ready(output);
                }
                if self.sleepers() < live().max(1) {
                    return Poll::Pending;
                }
                let wakes = self.hands().next_end();
                let Some(wakes) = wakes else {
                    return Poll::Pending;
                };
                match story.0.first_key_value().map(|((at, _), _)| *at) {
                    Some(at) if at <= wakes => {
                        self.move_to(at);
                        if let Some((_, event)) = story.0.pop_first() {
                            event();
                        }
                    }
                    _ => self.move_to(wakes),
                }
            }
        })
        .await
    }
}

/// What happens, and when, by the time that has passed.
#[derive(Default)]
pub struct Story<'a>(BTreeMap<(Duration, usize), Box<dyn FnOnce() + 'a>>);

impl<'a> Story<'a> {
    /// With this, after `seconds`.
    pub fn then(mut self, seconds: u64, event: impl FnOnce() + 'a) -> Self {
        let order = self.0.len();
        let at = (Duration::from_secs(seconds), order);
        self.0.insert(at, Box::new(event));
        self
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        self.start + self.elapsed()
    }

    fn elapsed(&self) -> Duration {
        self.hands().elapsed
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.timer(duration, false)
    }

    fn guard(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.timer(duration, true)
    }
}

impl HandClock {
    fn timer(&self, duration: Duration, is_guard: bool) -> BoxFuture<'static, ()> {
        let until = self.elapsed().saturating_add(duration);
        Box::pin(Timer {
            clock: self.clone(),
            until,
            is_guard,
            key: None,
        })
    }
}

impl Hands {
    /// When the next timer ends.
    fn next_end(&self) -> Option<Duration> {
        let all = self.sleepers.keys().chain(self.guards.keys());
        all.map(|(at, _)| *at).min()
    }

    fn timers(&mut self, is_guard: bool) -> &mut BTreeMap<(Duration, u64), Waker> {
        match is_guard {
            true => &mut self.guards,
            false => &mut self.sleepers,
        }
    }
}

struct Timer {
    clock: HandClock,
    until: Duration,
    is_guard: bool,
    key: Option<(Duration, u64)>,
}

impl Future for Timer {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let clock = self.clock.clone();
        let mut hands = clock.hands();
        if hands.elapsed >= self.until {
            return Poll::Ready(());
        }
        let until = self.until;
        let key = *self.key.get_or_insert_with(|| {
            hands.next += 1;
            (until, hands.next)
        });
        hands.timers(self.is_guard).insert(key, cx.waker().clone());
        Poll::Pending
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            self.clock.hands().timers(self.is_guard).remove(&key);
        }
    }
}
