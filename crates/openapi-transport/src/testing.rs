//! A clock for tests.

use std::collections::BTreeMap;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::clock::Clock;
use crate::dialect::BoxFuture;

/// Clock that moves only when a test moves it. Clones share one time.
///
/// It works in one of three ways:
/// - It stands still until [`advance`](Self::advance) or [`advance_to`](Self::advance_to) moves it.
///   Sleepers wake up when it reaches their time.
/// - With [`auto_advance`](Self::auto_advance), a sleep moves it to the end of the sleep at once, so
///   that code which waits for hours takes no time.
/// - [`run`](Self::run) drives one future and moves the clock to the next event whenever all parts
///   of the future sleep. Use it where several tasks wait at the same time.
///
/// [`Clock::guard`] bounds work in flight and never moves the clock by itself.
///
/// ```
/// use std::time::Duration;
/// use openapi_transport::Clock;
/// use openapi_transport::testing::{ManualClock, Schedule};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let clock = ManualClock::at("2026-11-22T12:00:00Z".parse().unwrap());
/// let schedule = Schedule::default().then(Duration::from_secs(30), || println!("half time"));
/// clock.run(clock.sleep(Duration::from_secs(60)), || 1, schedule).await;
/// assert_eq!(clock.now().to_string(), "2026-11-22T12:01:00Z");
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct ManualClock(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    start: Timestamp,
    /// Corrections of the time of day, which timers do not notice.
    correction: SignedDuration,
    elapsed: Duration,
    auto_advance: bool,
    sleeps: Vec<Duration>,
    last_key: u64,
    /// Sleepers by the time at which they wake up.
    sleepers: BTreeMap<(Duration, u64), Waker>,
    /// Timers that bound work in flight, by the time at which they end.
    guards: BTreeMap<(Duration, u64), Waker>,
}

impl ManualClock {
    /// Makes a clock that stands still at `start`.
    pub fn at(start: Timestamp) -> Self {
        Self(Arc::new(Mutex::new(State {
            start,
            correction: SignedDuration::ZERO,
            elapsed: Duration::ZERO,
            auto_advance: false,
            sleeps: Vec::new(),
            last_key: 0,
            sleepers: BTreeMap::new(),
            guards: BTreeMap::new(),
        })))
    }

    /// Lets each sleep move the clock to the end of the sleep at once.
    ///
    /// Guards then never end: sleeps that happen at the same time add up, so the clock says nothing
    /// about how long work in flight takes.
    #[must_use]
    pub fn auto_advance(self) -> Self {
        self.state().auto_advance = true;
        self
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the number of tasks that sleep.
    pub fn sleepers(&self) -> usize {
        self.state().sleepers.len()
    }

    /// Returns the number of timers that bound work in flight.
    pub fn guards(&self) -> usize {
        self.state().guards.len()
    }

    /// Returns the length of every sleep so far, in the order in which they began.
    pub fn sleeps(&self) -> Vec<Duration> {
        self.state().sleeps.clone()
    }

    /// Moves the clock on by `duration` and wakes up the sleepers whose time has come.
    pub fn advance(&self, duration: Duration) {
        let to = self.elapsed().saturating_add(duration);
        self.move_to(to);
    }

    /// Moves the clock on to the time of day `now`; does nothing if that is in the past.
    pub fn advance_to(&self, now: Timestamp) {
        let ahead = now.duration_since(self.now());
        self.advance(Duration::try_from(ahead).unwrap_or_default());
    }

    /// Sets the time of day to `now`, as a correction of the machine's clock does. It may go back.
    /// Timers and [`Clock::elapsed`] do not notice.
    pub fn set(&self, now: Timestamp) {
        let ahead = now.duration_since(self.now());
        let mut state = self.state();
        state.correction = state.correction.saturating_add(ahead);
    }

    /// Returns a function that tells the time of day, for test doubles that do not know [`Clock`].
    pub fn time_source(&self) -> Arc<dyn Fn() -> Timestamp + Send + Sync> {
        let clock = self.clone();
        Arc::new(move || clock.now())
    }

    fn move_to(&self, to: Duration) {
        let mut state = self.state();
        state.elapsed = state.elapsed.max(to);
        let from = (to.saturating_add(Duration::from_nanos(1)), 0);
        let later = state.sleepers.split_off(&from);
        let mut awake = std::mem::replace(&mut state.sleepers, later);
        let later = state.guards.split_off(&from);
        awake.append(&mut std::mem::replace(&mut state.guards, later));
        drop(state);
        awake.into_values().for_each(Waker::wake);
    }

    /// Runs `work` to its end. Whenever `live()` tasks sleep (at least one), moves the clock to the
    /// next event of `schedule` or to the next timer that ends, whichever is earlier.
    pub async fn run<F: IntoFuture>(
        &self,
        work: F,
        live: impl Fn() -> usize,
        mut schedule: Schedule<'_>,
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
                let wakes = self.state().next_end();
                let Some(wakes) = wakes else {
                    return Poll::Pending;
                };
                match schedule.0.first_key_value().map(|((at, _), _)| *at) {
                    Some(at) if at <= wakes => {
                        self.move_to(at);
                        if let Some((_, event)) = schedule.0.pop_first() {
                            event();
                        }
                    }
                    _ => self.move_to(wakes),
                }
            }
        })
        .await
    }

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

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        let state = self.state();
        let ahead = SignedDuration::try_from(state.elapsed).unwrap_or(SignedDuration::MAX);
        let ahead = ahead.saturating_add(state.correction);
        let end = match ahead.is_negative() {
            true => Timestamp::MIN,
            false => Timestamp::MAX,
        };
        state.start.checked_add(ahead).unwrap_or(end)
    }

    fn elapsed(&self) -> Duration {
        self.state().elapsed
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        let auto_advance = {
            let mut state = self.state();
            state.sleeps.push(duration);
            state.auto_advance
        };
        if auto_advance {
            self.advance(duration);
            return Box::pin(std::future::ready(()));
        }
        self.timer(duration, false)
    }

    fn guard(&self, duration: Duration) -> BoxFuture<'static, ()> {
        if self.state().auto_advance {
            return Box::pin(std::future::pending());
        }
        self.timer(duration, true)
    }
}

/// Events by the time at which they happen, for [`ManualClock::run`].
#[derive(Default)]
pub struct Schedule<'a>(BTreeMap<(Duration, usize), Box<dyn FnOnce() + 'a>>);

impl<'a> Schedule<'a> {
    /// Adds an event that happens when the clock has run for `after` in total.
    #[must_use]
    pub fn then(mut self, after: Duration, event: impl FnOnce() + 'a) -> Self {
        let order = self.0.len();
        self.0.insert((after, order), Box::new(event));
        self
    }
}

impl fmt::Debug for Schedule<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let times = self.0.keys().map(|(at, _)| at);
        f.debug_tuple("Schedule")
            .field(&times.collect::<Vec<_>>())
            .finish()
    }
}

impl State {
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
    clock: ManualClock,
    until: Duration,
    is_guard: bool,
    key: Option<(Duration, u64)>,
}

impl Future for Timer {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let clock = self.clock.clone();
        let mut state = clock.state();
        if state.elapsed >= self.until {
            return Poll::Ready(());
        }
        let until = self.until;
        let key = *self.key.get_or_insert_with(|| {
            state.last_key += 1;
            (until, state.last_key)
        });
        state.timers(self.is_guard).insert(key, cx.waker().clone());
        Poll::Pending
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            self.clock.state().timers(self.is_guard).remove(&key);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn noon() -> ManualClock {
        ManualClock::at("2026-11-22T12:00:00Z".parse().unwrap())
    }

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn a_sleeper_wakes_up_when_the_clock_reaches_its_time() {
        let clock = noon();
        let mut sleep = clock.sleep(MINUTE);
        assert!((&mut sleep).now_or_never().is_none());
        clock.advance(MINUTE / 2);
        assert!((&mut sleep).now_or_never().is_none());
        assert_eq!(clock.sleepers(), 1);
        clock.advance_to("2026-11-22T12:01:00Z".parse().unwrap());
        assert!(sleep.now_or_never().is_some());
        assert_eq!(clock.sleepers(), 0);
    }

    #[test]
    fn auto_advance_ends_sleeps_at_once_and_no_guard() {
        let clock = noon().auto_advance();
        assert!(clock.sleep(MINUTE).now_or_never().is_some());
        assert!(clock.guard(MINUTE / 2).now_or_never().is_none());
        assert_eq!(clock.elapsed(), MINUTE);
        assert_eq!(clock.sleeps(), [MINUTE]);
    }

    #[test]
    fn a_correction_moves_the_time_of_day_alone() {
        let clock = noon();
        let time = clock.time_source();
        clock.set("2026-11-22T11:00:00Z".parse().unwrap());
        clock.advance(MINUTE);
        assert_eq!(time().to_string(), "2026-11-22T11:01:00Z");
        assert_eq!(clock.elapsed(), MINUTE);
    }

    #[test]
    fn a_guard_moves_no_clock_by_itself() {
        let clock = noon();
        let work = clock.run(clock.guard(MINUTE), || 1, Schedule::default());
        assert!(work.now_or_never().is_none());
        assert_eq!(clock.elapsed(), Duration::ZERO);
    }
}
