//! Credential chains: sources in order, with renewal ahead of expiry.

use std::fmt::{self, Debug};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{Shared, WeakShared};
use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use crate::dialect::BoxFuture;
use crate::error::Error;

/// Credentials with their expiry.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Lease<C> {
    /// The credentials.
    pub credentials: C,
    /// When they expire; `None` if they do not.
    pub expires: Option<Timestamp>,
}

impl<C> Lease<C> {
    /// Makes a lease that does not expire.
    pub fn lasting(credentials: C) -> Self {
        Self {
            credentials,
            expires: None,
        }
    }

    /// Makes a lease that is valid until `expires`.
    pub fn until(credentials: C, expires: Timestamp) -> Self {
        Self {
            credentials,
            expires: Some(expires),
        }
    }
}

/// Source of credentials.
pub trait Source<C>: Debug + Send + Sync {
    /// Returns a name for people: `environment`, `profile file`.
    fn name(&self) -> &'static str;

    /// Loads credentials at the time `now`.
    fn load(&self, now: Timestamp) -> BoxFuture<'_, Result<Lease<C>, SourceError>>;
}

/// Reason why a source has no credentials. Holds no secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// The source is not set up or does not answer; the text says what is missing.
    #[error("{0}")]
    NotSet(String),
    /// The source is set up and does not work; the text says why.
    #[error("{0}")]
    Failed(String),
}

impl SourceError {
    /// Makes a [`NotSet`](Self::NotSet). Cuts text after 1,000 bytes.
    pub fn not_set(what: impl Into<String>) -> Self {
        Self::NotSet(cut(what.into()))
    }

    /// Makes a [`Failed`](Self::Failed). Cuts text after 1,000 bytes.
    pub fn failed(why: impl Into<String>) -> Self {
        Self::Failed(cut(why.into()))
    }
}

/// The longest reason, in bytes: a reason may name a value of a variable or a file.
const MAX_REASON: usize = 1000;

fn cut(mut text: String) -> String {
    if text.len() > MAX_REASON {
        crate::cut::truncate(&mut text, MAX_REASON);
        text.push('…');
    }
    text
}

/// Outcome of one source of a chain.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CredentialAttempt {
    /// Name of the source.
    pub source: &'static str,
    /// When its credentials expire, or why it has none.
    pub outcome: Result<Option<Timestamp>, SourceError>,
}

/// Chain of credential sources, tried in order.
///
/// The chain keeps the credentials of the first source that has any, and renews them ahead of their
/// expiry: one call renews, while the others use the old ones.
///
/// One source may take 70 seconds, and all of them together 100. Then the chain tries the next
/// source, or returns an error that names the late ones.
pub struct Chain<C> {
    places: Arc<Sources<C>>,
    limits: Limits,
}

#[derive(Clone, Copy)]
struct Limits {
    /// How long before their expiry credentials are renewed.
    ahead: SignedDuration,
    /// Time limit of one source.
    source: Duration,
    /// Time limit of all sources together.
    total: Duration,
}

struct Sources<C> {
    sources: Vec<Arc<dyn Source<C>>>,
    held: Mutex<Option<KeptLease<C>>>,
    /// Loading in progress. All calls that need the credentials poll it, so a call that is no
    /// longer polled does not block others.
    loading: Mutex<Option<WeakShared<Loading<C>>>>,
}

type Loading<C> = BoxFuture<'static, Result<Arc<Lease<C>>, Error>>;

struct KeptLease<C> {
    lease: Arc<Lease<C>>,
    source: usize,
    /// When to load again. After a failed attempt, this is later than `ahead` says.
    due: Option<Timestamp>,
}

impl<C> Clone for KeptLease<C> {
    fn clone(&self) -> Self {
        Self {
            lease: self.lease.clone(),
            source: self.source,
            due: self.due,
        }
    }
}

impl<C> KeptLease<C> {
    fn is_due(&self, now: Timestamp) -> bool {
        self.due.is_some_and(|due| now >= due)
    }
}

/// How long a renewal may delay the call that makes it, while the old credentials are valid.
const RENEWAL: Duration = Duration::from_secs(10);

/// Wait after a failed renewal, while the old credentials are valid.
const AGAIN: SignedDuration = SignedDuration::from_secs(60);

/// Time limit of one source: longer than a command that prompts its user.
const SOURCE: Duration = Duration::from_secs(70);

/// Time limit of all sources: shorter than a call's deadline, so that the error lists the reasons.
const TOTAL: Duration = Duration::from_secs(100);

impl<C: Send + Sync + 'static> Chain<C> {
    /// Makes a chain of these sources, in this order. It renews credentials 15 minutes ahead of
    /// their expiry.
    pub fn new(sources: Vec<Arc<dyn Source<C>>>) -> Self {
        Self {
            places: Arc::new(Sources {
                sources,
                held: Mutex::new(None),
                loading: Mutex::new(None),
            }),
            limits: Limits {
                ahead: SignedDuration::from_mins(15),
                source: SOURCE,
                total: TOTAL,
            },
        }
    }

    /// Sets how long ahead of their expiry credentials are renewed. [default: 15 min]
    pub fn renewed_ahead(mut self, ahead: Duration) -> Self {
        self.limits.ahead = SignedDuration::try_from(ahead).unwrap_or(SignedDuration::MAX);
        self
    }

    /// Limits the time of one source. [default: 70 s]
    pub fn source_deadline(mut self, deadline: Duration) -> Self {
        self.limits.source = deadline;
        self
    }

    /// Limits the time of all sources together. [default: 100 s]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.limits.total = deadline;
        self
    }

    /// Returns credentials that are valid at the time `now`.
    ///
    /// If a call is dropped while it loads credentials, the next call loads them; while old ones are
    /// valid, a call one minute later.
    ///
    /// # Errors
    /// Of kind [`Credentials`](crate::ErrorKind::Credentials) when no source has any; lists the
    /// reason of each, in order.
    pub async fn get(&self, now: Timestamp) -> Result<Arc<Lease<C>>, Error> {
        if let Some(held) = self.places.alive(now) {
            // Due: one call renews, and the others use the old credentials.
            if held.is_due(now) && self.places.put_off(&held, now) {
                return Ok(self.renew(&held, now).await.unwrap_or(held.lease));
            }
            return Ok(held.lease);
        }
        let loading = {
            let mut current = lock(&self.places.loading);
            match current.as_ref().and_then(WeakShared::upgrade) {
                Some(loading) => loading,
                None => {
                    // Loading that has ended meanwhile may have found credentials.
                    if let Some(held) = self.places.alive(now) {
                        return Ok(held.lease);
                    }
                    let loading = self.begin(now);
                    *current = loading.downgrade();
                    loading
                }
            }
        };
        loading.await
    }

    /// Begins loading, without polling it. A dropped future stores nothing.
    fn begin(&self, now: Timestamp) -> Shared<Loading<C>> {
        let (places, limits) = (self.places.clone(), self.limits);
        let loading = async move {
            let outcome = places.load(now, limits).await;
            *lock(&places.loading) = None;
            outcome.map_err(|asked| none(&asked))
        };
        loading.boxed().shared()
    }

    /// Loads again from the source of the current credentials, and from no other: the identity must
    /// not change while they are valid. Returns `None` without newer credentials.
    async fn renew(&self, held: &KeptLease<C>, now: Timestamp) -> Option<Arc<Lease<C>>> {
        let asking = self.places.ask_one(held.source, now, RENEWAL);
        match asking.await {
            Ok(fresh) => Some(self.places.keep(fresh, held.source, now, self.limits)),
            Err(why) => {
                tracing::warn!(
                    source = self.places.sources[held.source].name(),
                    why = %why,
                    "credentials could not be renewed; the old ones are used until they expire"
                );
                None
            }
        }
    }

    /// Drops credentials that the service did not accept, so that the next call loads new ones.
    /// Newer credentials than `used`, which a parallel call may have loaded, stay.
    pub fn forget(&self, used: &Arc<Lease<C>>) {
        let mut held = lock(&self.places.held);
        if held
            .as_ref()
            .is_some_and(|held| Arc::ptr_eq(&held.lease, used))
        {
            *held = None;
        }
    }

    /// Tries the sources in order up to the first that has credentials, and returns the outcome of
    /// each. Keeps nothing.
    pub async fn ask(&self, now: Timestamp) -> Vec<CredentialAttempt> {
        let end = Instant::now() + self.limits.total;
        let mut asked = Vec::new();
        for (index, source) in self.places.sources.iter().enumerate() {
            let outcome = self.places.ask_by(end, index, now, self.limits).await;
            let found = outcome.is_ok();
            asked.push(CredentialAttempt {
                source: source.name(),
                outcome: outcome.map(|lease| lease.expires),
            });
            if found {
                break;
            }
        }
        asked
    }
}

impl<C: Send + Sync + 'static> Sources<C> {
    /// Claims the renewal of `held`; returns `false` if another call has claimed it. The claim is
    /// stored first, so that after a dropped call the next one does not repeat the wait.
    fn put_off(&self, held: &KeptLease<C>, now: Timestamp) -> bool {
        let mut current = lock(&self.held);
        match current.as_mut() {
            Some(current) if Arc::ptr_eq(&current.lease, &held.lease) && current.is_due(now) => {
                current.due = Some(now + AGAIN);
                true
            }
            _ => false,
        }
    }

    /// Tries the source that had credentials the last time, then the others in order. Keeps the
    /// credentials.
    async fn load(
        &self,
        now: Timestamp,
        limits: Limits,
    ) -> Result<Arc<Lease<C>>, Vec<CredentialAttempt>> {
        let end = Instant::now() + limits.total;
        let first = lock(&self.held).as_ref().map(|held| held.source);
        let others = (0..self.sources.len()).filter(|index| Some(*index) != first);
        let mut asked = Vec::new();
        for index in first.into_iter().chain(others) {
            match self.ask_by(end, index, now, limits).await {
                Ok(lease) => return Ok(self.keep(lease, index, now, limits)),
                Err(why) => asked.push((index, why)),
            }
        }
        asked.sort_by_key(|(index, _)| *index);
        let asked = asked.into_iter().map(|(index, why)| CredentialAttempt {
            source: self.sources[index].name(),
            outcome: Err(why),
        });
        Err(asked.collect())
    }

    /// Tries one source, within its own time limit and before `end`.
    async fn ask_by(
        &self,
        end: Instant,
        index: usize,
        now: Timestamp,
        limits: Limits,
    ) -> Result<Lease<C>, SourceError> {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            let total = limits.total.as_secs();
            let why = format!("skipped: earlier sources used up the {total} s for all");
            return Err(SourceError::failed(why));
        }
        self.ask_one(index, now, limits.source.min(left)).await
    }

    async fn ask_one(
        &self,
        index: usize,
        now: Timestamp,
        time: Duration,
    ) -> Result<Lease<C>, SourceError> {
        let asking = tokio::time::timeout(time, self.sources[index].load(now)).await;
        let late = |_| SourceError::failed(format!("no answer within {} s", time.as_secs()));
        let lease = asking.map_err(late)??;
        match lease.expires {
            Some(end) if end <= now => Err(SourceError::failed(format!(
                "its credentials ended at {end}"
            ))),
            _ => Ok(lease),
        }
    }

    fn keep(
        &self,
        lease: Lease<C>,
        source: usize,
        now: Timestamp,
        limits: Limits,
    ) -> Arc<Lease<C>> {
        let due = lease.expires.map(|end| {
            let due = end.checked_sub(limits.ahead).unwrap_or(Timestamp::MIN);
            // A lease shorter than `ahead` is renewed now and then, not at each call.
            due.max(now + AGAIN)
        });
        let lease = Arc::new(lease);
        let held = KeptLease {
            lease: lease.clone(),
            source,
            due,
        };
        *lock(&self.held) = Some(held);
        lease
    }

    fn alive(&self, now: Timestamp) -> Option<KeptLease<C>> {
        let held = lock(&self.held).clone();
        held.filter(|held| held.lease.expires.is_none_or(|end| now < end))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<C> Debug for Chain<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self
            .places
            .sources
            .iter()
            .map(|source| source.name())
            .collect();
        f.debug_tuple("Chain").field(&names).finish()
    }
}

fn none(asked: &[CredentialAttempt]) -> Error {
    let reasons: Vec<String> = asked
        .iter()
        .filter_map(|asked| {
            let why = asked.outcome.as_ref().err()?;
            Some(format!("{}: {why}", asked.source))
        })
        .collect();
    Error::credentials(format!(
        "no credentials found; sources in order: {}",
        reasons.join("; ")
    ))
}

/// The longest value of a variable that holds a key or a token, in bytes. A header cannot hold more.
const MAX_VALUE: usize = 64 << 10;

/// Checks that a header can hold a variable's value.
///
/// # Errors
/// When it is longer than 64 KiB; names the variable, and does not show the value.
pub fn check_variable(name: &str, value: &str) -> Result<(), SourceError> {
    match value.len() {
        0..=MAX_VALUE => Ok(()),
        long => Err(SourceError::failed(format!(
            "{name} is {long} bytes long; at most {MAX_VALUE} are accepted"
        ))),
    }
}

/// Variables and home directory that sources read.
#[derive(Clone)]
pub struct Surroundings(Arc<Variable>);

type Variable = dyn Fn(&str) -> Option<String> + Send + Sync;

impl Surroundings {
    /// Returns those of this process.
    pub fn of_process() -> Self {
        Self::new(|name| std::env::var(name).ok())
    }

    /// Makes surroundings whose variables `variable` returns. The home directory is `HOME` or
    /// `USERPROFILE`.
    pub fn new(variable: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Self {
        Self(Arc::new(variable))
    }

    /// Returns a variable. An empty variable counts as not set.
    pub fn variable(&self, name: &str) -> Option<String> {
        (self.0)(name).filter(|value| !value.is_empty())
    }

    /// Whether a variable is `true` or `1`.
    pub fn is_true(&self, name: &str) -> bool {
        self.variable(name)
            .is_some_and(|value| value == "1" || value.eq_ignore_ascii_case("true"))
    }

    /// Returns the path of a file below the home directory.
    pub fn in_home(&self, file: &str) -> Option<PathBuf> {
        let home = self
            .variable("HOME")
            .or_else(|| self.variable("USERPROFILE"))?;
        Some(Path::new(&home).join(file))
    }
}

impl Debug for Surroundings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Surroundings")
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::collections::VecDeque;
    use tokio::sync::Notify;

    type Script = Mutex<VecDeque<Result<Lease<u32>, SourceError>>>;

    #[derive(Debug)]
    struct Scripted(&'static str, Script, Option<Arc<Notify>>);

    impl Source<u32> for Scripted {
        fn name(&self) -> &'static str {
            self.0
        }
        fn load(&self, _: Timestamp) -> BoxFuture<'_, Result<Lease<u32>, SourceError>> {
            Box::pin(async {
                if let Some(gate) = &self.2 {
                    gate.notified().await;
                }
                let mut script = self.1.lock().unwrap();
                script
                    .pop_front()
                    .unwrap_or_else(|| Err(SourceError::failed("dried up")))
            })
        }
    }

    fn source(
        name: &'static str,
        script: impl IntoIterator<Item = Result<Lease<u32>, SourceError>>,
    ) -> Arc<dyn Source<u32>> {
        Arc::new(Scripted(
            name,
            Mutex::new(script.into_iter().collect()),
            None,
        ))
    }

    fn at(minutes: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes)
    }

    async fn value(chain: &Chain<u32>, minutes: i64) -> u32 {
        chain.get(at(minutes)).await.unwrap().credentials
    }

    #[tokio::test]
    async fn one_that_fails_lets_the_next_try() {
        let chain = Chain::new(vec![
            source("first", [Err(SourceError::not_set("FIRST is not set"))]),
            source("second", [Err(SourceError::failed("no answer"))]),
            source("third", [Ok(Lease::lasting(3))]),
        ]);
        assert_eq!(value(&chain, 0).await, 3);
        assert_eq!(value(&chain, 1_000_000).await, 3, "kept");
    }

    #[tokio::test]
    async fn when_none_answers_each_is_listed_in_order() {
        let chain = Chain::new(vec![
            source("first", [Err(SourceError::not_set("FIRST is not set"))]),
            source("second", [Err(SourceError::failed("no answer"))]),
        ]);
        let error = chain.get(at(0)).await.unwrap_err();
        assert_eq!(error.kind(), crate::ErrorKind::Credentials);
        assert_eq!(
            error.to_string(),
            "no credentials found; sources in order: first: FIRST is not set; second: no answer"
        );
    }

    #[tokio::test]
    async fn they_are_renewed_ahead_of_their_end_and_the_old_serve_if_that_fails() {
        let chain = Chain::new(vec![source(
            "only",
            [
                Ok(Lease::until(1, at(60))),
                Err(SourceError::failed("not now")),
                Ok(Lease::until(2, at(120))),
            ],
        )]);
        for (minutes, expected) in [(0, 1), (44, 1), (45, 1), (45, 1), (46, 2), (100, 2)] {
            assert_eq!(value(&chain, minutes).await, expected, "at {minutes}");
        }
        let error = chain.get(at(121)).await.unwrap_err();
        assert!(error.to_string().contains("dried up"), "{error}");
    }

    #[tokio::test]
    async fn one_renews_while_the_others_go_on() {
        let gate = Arc::new(Notify::new());
        let script = [Ok(Lease::until(1, at(60))), Ok(Lease::until(2, at(120)))];
        let gated = Scripted("gated", Mutex::new(script.into()), Some(gate.clone()));
        let chain = Arc::new(Chain::new(vec![Arc::new(gated) as Arc<dyn Source<u32>>]));
        gate.notify_one();
        assert_eq!(value(&chain, 0).await, 1);

        let renewing = tokio::spawn({
            let chain = chain.clone();
            async move { value(&chain, 50).await }
        });
        tokio::task::yield_now().await;
        assert_eq!(value(&chain, 50).await, 1, "the old serve meanwhile");
        gate.notify_one();
        assert_eq!(renewing.await.unwrap(), 2);
        assert_eq!(value(&chain, 50).await, 2);
    }

    #[tokio::test]
    async fn a_renewal_that_is_dropped_holds_nobody_up() {
        let gate = Arc::new(Notify::new());
        let script = [Ok(Lease::until(1, at(60))), Ok(Lease::until(2, at(120)))];
        let gated = Scripted("gated", Mutex::new(script.into()), Some(gate.clone()));
        let chain = Chain::new(vec![Arc::new(gated) as Arc<dyn Source<u32>>]);
        gate.notify_one();
        value(&chain, 0).await;
        tokio::select! {
            biased;
            _ = chain.get(at(50)) => panic!("the gate is closed"),
            () = std::future::ready(()) => {}
        }
        // It serves the next calls, too: they do not wait one after the other.
        assert_eq!(value(&chain, 50).await, 1);
        gate.notify_one();
        assert_eq!(value(&chain, 51).await, 2);
    }

    #[tokio::test]
    async fn while_credentials_hold_nobody_becomes_somebody_else() {
        let chain = Chain::new(vec![
            source(
                "first",
                [
                    Ok(Lease::until(1, at(60))),
                    Err(SourceError::failed("busy")),
                ],
            ),
            source("second", [Ok(Lease::lasting(2))]),
        ]);
        for (minutes, expected) in [(0, 1), (50, 1), (59, 1), (60, 2)] {
            assert_eq!(value(&chain, minutes).await, expected, "at {minutes}");
        }
    }

    #[tokio::test]
    async fn credentials_that_have_ended_are_none() {
        let chain = Chain::new(vec![
            source("stale", [Ok(Lease::until(1, at(0)))]),
            source("good", [Ok(Lease::lasting(2))]),
        ]);
        assert_eq!(value(&chain, 0).await, 2);
        let alone = Chain::new(vec![source("stale", [Ok(Lease::until(1, at(0)))])]);
        let error = alone.get(at(5)).await.unwrap_err().to_string();
        assert!(error.contains("ended at 1970-01-01T00:00:00Z"), "{error}");
    }

    #[tokio::test]
    async fn those_who_waited_share_the_failure() {
        let gate = Arc::new(Notify::new());
        let gated = Scripted("gated", Mutex::default(), Some(gate.clone()));
        let chain = Arc::new(Chain::new(vec![Arc::new(gated) as Arc<dyn Source<u32>>]));
        let waiting: Vec<_> = (0..3)
            .map(|_| {
                let chain = chain.clone();
                tokio::spawn(async move { chain.get(at(0)).await.map(|lease| lease.credentials) })
            })
            .collect();
        tokio::task::yield_now().await;
        // Opens once: a second asking would wait for good.
        gate.notify_one();
        for call in waiting {
            assert!(call.await.unwrap().is_err());
        }
    }

    #[tokio::test]
    async fn what_was_given_up_while_its_renewal_failed_stays_given_up() {
        let gate = Arc::new(Notify::new());
        let script = [
            Ok(Lease::until(1, at(60))),
            Err(SourceError::failed("busy")),
            Ok(Lease::until(2, at(120))),
        ];
        let gated = Scripted("gated", Mutex::new(script.into()), Some(gate.clone()));
        let chain = Arc::new(Chain::new(vec![Arc::new(gated) as Arc<dyn Source<u32>>]));
        gate.notify_one();
        let old = chain.get(at(0)).await.unwrap();
        let renewing = tokio::spawn({
            let chain = chain.clone();
            async move { value(&chain, 50).await }
        });
        tokio::task::yield_now().await;
        chain.forget(&old);
        gate.notify_one();
        assert_eq!(renewing.await.unwrap(), 1);
        gate.notify_one();
        assert_eq!(value(&chain, 50).await, 2);
    }

    #[tokio::test]
    async fn what_was_refused_is_forgotten_once() {
        let chain = Chain::new(vec![source(
            "only",
            [1, 2, 3].map(|n| Ok(Lease::lasting(n))),
        )]);
        let used = chain.get(at(0)).await.unwrap();
        chain.forget(&used);
        assert_eq!(value(&chain, 0).await, 2);
        chain.forget(&used);
        assert_eq!(
            value(&chain, 0).await,
            2,
            "a call in parallel got new ones already"
        );
    }

    /// Never answers.
    #[derive(Debug)]
    struct Hangs;

    impl Source<u32> for Hangs {
        fn name(&self) -> &'static str {
            "hanging"
        }
        fn load(&self, _: Timestamp) -> BoxFuture<'_, Result<Lease<u32>, SourceError>> {
            Box::pin(std::future::pending())
        }
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_hangs_lets_the_next_try() {
        let good = source("good", [Ok(Lease::lasting(2))]);
        let chain = Chain::new(vec![Arc::new(Hangs), good.clone()]);
        let begun = Instant::now();
        assert_eq!(value(&chain, 0).await, 2);
        assert_eq!(begun.elapsed().as_secs(), SOURCE.as_secs());

        let chain = Chain::new(vec![Arc::new(Hangs), Arc::new(Hangs), good])
            .source_deadline(Duration::from_secs(7))
            .deadline(Duration::from_secs(10));
        let asked = chain.ask(at(0)).await;
        let error = chain.get(at(0)).await.unwrap_err().to_string();
        assert_eq!(
            error,
            "no credentials found; sources in order: hanging: no answer within 7 s; \
             hanging: no answer within 3 s; \
             good: skipped: earlier sources used up the 10 s for all"
        );
        assert_eq!(asked.len(), 3);
        assert_eq!(begun.elapsed().as_secs(), SOURCE.as_secs() + 20);
    }

    #[tokio::test]
    async fn a_call_that_is_not_polled_any_more_holds_up_no_other() {
        let gate = Arc::new(Notify::new());
        let gated = Scripted(
            "gated",
            Mutex::new([Ok(Lease::lasting(1))].into()),
            Some(gate.clone()),
        );
        let chain = Chain::new(vec![Arc::new(gated) as Arc<dyn Source<u32>>]);
        let mut first = Box::pin(chain.get(at(0)));
        tokio::select! {
            biased;
            _ = &mut first => panic!("the gate is closed"),
            () = std::future::ready(()) => {}
        }
        gate.notify_one();
        assert_eq!(value(&chain, 0).await, 1);
        assert_eq!(first.await.unwrap().credentials, 1);
    }

    #[test]
    fn a_reason_is_no_longer_than_a_person_reads() {
        let long = SourceError::failed("ü".repeat(100_000)).to_string();
        assert!(long.len() < 1010 && long.ends_with("ü…"), "{long}");
    }
}
