//! Rate limits and requested waits, which decide when the client may send the next call.

use std::collections::{HashMap, VecDeque};
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::clock::Clock;

/// Rate limit of the calls of one API family.
///
/// By default there is no limit until the service throttles, so that a client is never slower than
/// a plain loop. Then the rate adapts:
/// - It starts at half of the throttled rate and halves with each further refusal.
/// - It grows by a tenth of itself each second. It reaches its old value after 10 seconds, and 30
///   seconds without a refusal remove the limit.
/// - Refusals of calls that were sent before the rate was lowered do not lower it again.
/// - A limit that the service names in its refusal stays.
/// - The rate is never lower than one call in 2 seconds.
///
/// A fixed limit applies from the first call. Below it, the rate adapts in the same way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RateLimit {
    fixed: Option<FixedRate>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct FixedRate {
    per_second: NonZeroU32,
    burst: NonZeroU32,
}

impl RateLimit {
    /// Allows this many calls a second, after a burst of twice as many.
    pub fn per_second(calls: NonZeroU32) -> Self {
        let burst = calls.saturating_mul(NonZeroU32::MIN.saturating_add(1));
        Self {
            fixed: Some(FixedRate {
                per_second: calls,
                burst,
            }),
        }
    }

    /// Sets the size of the burst before a fixed rate applies.
    pub fn burst(mut self, calls: NonZeroU32) -> Self {
        if let Some(fixed) = &mut self.fixed {
            fixed.burst = calls;
        }
        self
    }
}

/// Longest interval between two calls, which is the lowest rate.
const SLOWEST: Duration = Duration::from_secs(2);

/// Seconds without a refusal that remove a lowered rate. It has then reached twice the throttled
/// rate.
const LIFTED: u32 = 30;

/// Time window in which departures are counted to find the rate.
const WINDOW: Duration = Duration::from_secs(1);
const DEPARTURES: usize = 1000;

/// One pace for each API family, by the injected clock.
pub(crate) struct Limiters {
    limit: Option<RateLimit>,
    clock: Arc<dyn Clock>,
    families: Mutex<HashMap<&'static str, Pace>>,
}

impl Limiters {
    pub(crate) fn new(limit: Option<RateLimit>, clock: Arc<dyn Clock>) -> Self {
        Self {
            limit,
            clock,
            families: Mutex::default(),
        }
    }

    fn families(&self) -> MutexGuard<'_, HashMap<&'static str, Pace>> {
        self.families.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns how long a call of `family` must wait. `None` counts the call as sent.
    pub(crate) fn wait(&self, family: &'static str) -> Option<Duration> {
        let limit = self.limit?;
        let now = self.clock.elapsed();
        let mut families = self.families();
        let pace = families.entry(family).or_insert_with(|| Pace::new(limit));
        pace.depart(now)
    }

    /// Records that the service throttled a call of `family` that was sent at `left`. `named` is the
    /// limit that the service named, as the shortest time between two calls.
    pub(crate) fn throttled(&self, family: &'static str, left: Duration, named: Option<Duration>) {
        let Some(limit) = self.limit else { return };
        let now = self.clock.elapsed();
        let mut families = self.families();
        let pace = families.entry(family).or_insert_with(|| Pace::new(limit));
        pace.throttled(now, left, named);
    }
}

/// Pace of one family. An interval is the time between two calls.
#[derive(Debug)]
struct Pace {
    /// The shortest allowed interval; zero means no limit.
    least: Duration,
    burst: u32,
    /// When the next call would leave if calls came evenly.
    next: Duration,
    lowered: Option<Reduction>,
    /// The latest departures, oldest first.
    departures: VecDeque<Duration>,
}

/// Lowered rate.
#[derive(Clone, Copy, Debug)]
struct Reduction {
    at: Duration,
    interval: Duration,
}

impl Pace {
    fn new(limit: RateLimit) -> Self {
        let (least, burst) = match limit.fixed {
            Some(fixed) => (
                Duration::from_secs(1) / fixed.per_second.get(),
                fixed.burst.get(),
            ),
            None => (Duration::ZERO, 1),
        };
        Self {
            least,
            burst,
            next: Duration::ZERO,
            lowered: None,
            departures: VecDeque::new(),
        }
    }

    /// Returns the current interval, and how many calls may be sent at once.
    fn now(&mut self, now: Duration) -> (Duration, u32) {
        let Some(lowered) = self.lowered else {
            return (self.least, self.burst);
        };
        let seconds = now.saturating_sub(lowered.at).as_secs();
        let seconds = u32::try_from(seconds).unwrap_or(LIFTED).min(LIFTED);
        let interval = lowered.interval * 10 / (10 + seconds);
        if seconds == LIFTED || interval <= self.least {
            self.lowered = None;
            return (self.least, self.burst);
        }
        (interval, 1)
    }

    fn depart(&mut self, now: Duration) -> Option<Duration> {
        let (interval, burst) = self.now(now);
        let due = self.next.max(now);
        let early = due - now;
        let allowed = interval * (burst - 1);
        if early > allowed {
            return Some(early - allowed);
        }
        self.next = due + interval;
        self.departures.push_back(now);
        while self.departures.len() > DEPARTURES
            || (self.departures.front()).is_some_and(|first| now.saturating_sub(*first) >= WINDOW)
        {
            self.departures.pop_front();
        }
        None
    }

    fn throttled(&mut self, now: Duration, left: Duration, named: Option<Duration>) {
        if let Some(named) = named {
            self.least = self.least.max(named.min(SLOWEST));
        }
        if self.lowered.is_some_and(|lowered| left < lowered.at) {
            return;
        }
        let (interval, _) = self.now(now);
        let interval = match interval.is_zero() {
            false => interval,
            true => {
                let recent = self.departures.iter();
                let recent = recent
                    .filter(|at| now.saturating_sub(**at) < WINDOW)
                    .count();
                // A few calls say little about the rate, and must not wait for seconds.
                WINDOW / u32::try_from(recent).unwrap_or(u32::MAX).max(10)
            }
        };
        let interval = (interval * 2).max(self.least).min(SLOWEST);
        self.lowered = Some(Reduction { at: now, interval });
        self.next = now + interval;
    }
}

/// The longest wait that a service may ask for. A longer one is shortened to this.
pub(crate) const LONGEST_WAIT: Duration = Duration::from_secs(60 * 60);

/// Number of hosts that are remembered at the same time.
const HOSTS: usize = 64;

/// Hosts that have asked for a wait, with its end by the injected clock.
#[derive(Debug, Default)]
pub(crate) struct Waits {
    hosts: Mutex<HashMap<String, Duration>>,
}

impl Waits {
    fn hosts(&self) -> MutexGuard<'_, HashMap<String, Duration>> {
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the rest of the wait that a host has asked for.
    pub(crate) fn left(&self, host: &str, now: Duration) -> Option<Duration> {
        let mut hosts = self.hosts();
        let left = hosts.get(host)?.saturating_sub(now);
        if left.is_zero() {
            hosts.remove(host);
            return None;
        }
        Some(left)
    }

    /// Remembers that a host asks for a wait. A shorter one does not end a longer one.
    pub(crate) fn ask(&self, host: &str, now: Duration, wait: Duration) {
        let until = now.saturating_add(wait.min(LONGEST_WAIT));
        let mut hosts = self.hosts();
        if hosts.len() >= HOSTS && !hosts.contains_key(host) {
            hosts.retain(|_, until| *until > now);
            let soonest = hosts.iter().min_by_key(|(_, until)| **until);
            if let Some(soonest) = soonest.map(|(host, _)| host.clone())
                && hosts.len() >= HOSTS
            {
                hosts.remove(&soonest);
            }
        }
        let known = hosts.entry(host.to_owned()).or_default();
        *known = until.max(*known);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// Counts the calls in a second, if each is sent as soon as it may, and at most one in `trip`.
    fn in_a_second(pace: &mut Pace, from: Duration, trip: Duration) -> u32 {
        let (mut now, mut count) = (from, 0);
        while now < from + Duration::from_secs(1) {
            match pace.depart(now) {
                Some(wait) => now += wait,
                None => {
                    count += 1;
                    now += trip;
                }
            }
        }
        count
    }

    #[test]
    fn there_is_no_limit_before_the_first_refusal() {
        let mut pace = Pace::new(RateLimit::default());
        assert_eq!(in_a_second(&mut pace, Duration::ZERO, 20 * MS), 50);
        assert!((0..10_000).all(|_| pace.depart(Duration::from_secs(2)).is_none()));
        assert!(pace.departures.len() <= DEPARTURES);
    }

    #[test]
    fn a_refusal_halves_the_rate_and_time_brings_it_back() {
        let mut pace = Pace::new(RateLimit::default());
        assert_eq!(in_a_second(&mut pace, Duration::ZERO, 20 * MS), 50);
        let at = 990 * MS;
        pace.throttled(at, 980 * MS, None);
        // The next call waits, too.
        assert_eq!(pace.depart(at), Some(40 * MS));
        // Another refusal of the same burst changes nothing.
        pace.throttled(at, 970 * MS, None);
        assert_eq!(pace.now(at).0, 40 * MS);
        for (after, rate) in [(0, 25.0), (5, 37.5), (10, 50.0), (20, 75.0)] {
            let interval = pace.now(at + Duration::from_secs(after)).0.as_secs_f64();
            assert!((1.0 / interval - rate).abs() < 0.1, "{after}: {interval}");
        }
        let lifted = at + Duration::from_secs(30);
        assert_eq!(pace.now(lifted).0, Duration::ZERO);
    }

    #[test]
    fn refusals_that_do_not_end_slow_down_to_one_call_in_two_seconds() {
        let mut pace = Pace::new(RateLimit::default());
        let mut now = Duration::ZERO;
        let mut waits = Vec::new();
        for _ in 0..6 {
            assert!(pace.depart(now).is_none());
            pace.throttled(now, now, None);
            let wait = pace.depart(now).unwrap();
            waits.push(wait.as_millis());
            now += wait;
        }
        // It grows by a tenth for each whole second that passes.
        assert_eq!(waits, [200, 400, 800, 1600, 2000, 2000]);
    }

    #[test]
    fn a_limit_that_the_service_names_is_kept() {
        let mut pace = Pace::new(RateLimit::default());
        pace.throttled(Duration::ZERO, Duration::ZERO, Some(100 * MS));
        assert_eq!(pace.now(Duration::ZERO).0, 200 * MS);
        let later = Duration::from_secs(3600);
        assert_eq!(pace.now(later).0, 100 * MS);
        assert_eq!(in_a_second(&mut pace, later, MS), 10);
    }

    #[test]
    fn a_fixed_limit_holds_from_the_first_call_after_its_burst() {
        let three = NonZeroU32::new(3).unwrap();
        let mut pace = Pace::new(RateLimit::per_second(three));
        assert_eq!(in_a_second(&mut pace, Duration::ZERO, MS), 6 + 3);
        assert_eq!(
            in_a_second(&mut pace, Duration::from_secs(1), MS),
            3,
            "an interval that is not a whole number of nanoseconds"
        );
        pace.throttled(Duration::from_secs(2), Duration::from_secs(2), None);
        let slow = pace.now(Duration::from_secs(2));
        assert_eq!(slow, (Duration::from_secs(1) / 3 * 2, 1));
        let (interval, burst) = pace.now(Duration::from_secs(20));
        assert_eq!((interval, burst), (Duration::from_secs(1) / 3, 6));
    }

    #[test]
    fn a_wait_is_remembered_for_its_host_and_no_longer_than_an_hour() {
        let waits = Waits::default();
        let second = Duration::from_secs;
        waits.ask("a:443", second(10), second(60));
        waits.ask("a:443", second(11), second(1));
        assert_eq!(waits.left("a:443", second(11)), Some(second(59)));
        assert_eq!(waits.left("b:443", second(11)), None);
        assert_eq!(waits.left("a:443", second(70)), None);
        waits.ask("a:443", second(0), Duration::MAX);
        assert_eq!(waits.left("a:443", second(0)), Some(LONGEST_WAIT));
        for host in 0..1000 {
            waits.ask(&format!("{host}:443"), second(0), second(host + 1));
        }
        assert!(waits.hosts().len() <= HOSTS);
        assert_eq!(waits.left("a:443", second(0)), Some(LONGEST_WAIT));
    }
}
