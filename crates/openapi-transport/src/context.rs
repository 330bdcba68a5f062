//! Shared state of the calls of one client.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use reqwest::Url;

use crate::chance::{Chance, SystemChance};
use crate::client;
use crate::clock::{Clock, SystemClock};
use crate::dialect::Dialect;
use crate::error::Error;
use crate::http_settings::HttpSettings;
use crate::pace::{Limiters, RateLimit, Waits};
use crate::policy::{Budget, RetryPolicy};

/// Shared state of the calls of one client: endpoint, dialect, limits and connections.
///
/// Cheap to clone; clones share connections, retry budget, rate limit, the waits that hosts have
/// asked for, and the known skew of the service's clock.
///
/// A host that has asked for a wait (`Retry-After`, up to an hour) gets no call before its end: a
/// call waits if its deadline allows it, and fails at once as
/// [`Throttled`](crate::ErrorKind::Throttled) if not.
#[derive(Clone)]
pub struct Context(Arc<Shared>);

struct Shared {
    settings: ContextBuilder,
    endpoint: Url,
    http: reqwest::Client,
    budget: Budget,
    limiters: Limiters,
    /// The proxy that calls go through, for people.
    proxy: Option<String>,
    /// By how many milliseconds the service's clock is ahead of ours.
    skew: AtomicI64,
    /// The same by the date of the last answer, which has whole seconds.
    dated: AtomicI64,
}

/// Settings of a [`Context`].
#[derive(Clone)]
pub struct ContextBuilder {
    endpoint: String,
    pub(crate) dialect: Arc<dyn Dialect>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) chance: Arc<dyn Chance>,
    http: HttpSettings,
    connect: Duration,
    pub(crate) attempt: Duration,
    pub(crate) deadline: Duration,
    pub(crate) retry: RetryPolicy,
    rate: Option<RateLimit>,
    pub(crate) max_answer: usize,
    plain_http: bool,
    /// Waits that hosts have asked for. Contexts that [`Context::beside`] makes share them.
    waits: Arc<Waits>,
}

impl Context {
    /// Begins a context for calls to `endpoint`, a URL with scheme and host, signed by `dialect`.
    pub fn builder(endpoint: impl Into<String>, dialect: Arc<dyn Dialect>) -> ContextBuilder {
        ContextBuilder {
            endpoint: endpoint.into(),
            dialect,
            clock: Arc::new(SystemClock),
            chance: Arc::new(SystemChance),
            http: HttpSettings::default(),
            connect: Duration::from_secs(5),
            attempt: Duration::from_secs(30),
            deadline: Duration::from_secs(120),
            retry: RetryPolicy::default(),
            rate: Some(RateLimit::default()),
            max_answer: 32 << 20,
            plain_http: false,
            waits: Arc::default(),
        }
    }

    /// Begins a context for another endpoint with the settings of this one: its dialect, clock,
    /// deadlines and limits. It also shares the waits that hosts have asked for. Plain HTTP to other
    /// machines is allowed only if this one uses it.
    pub fn beside(&self, endpoint: impl Into<String>) -> ContextBuilder {
        let settings = self.settings().clone();
        ContextBuilder {
            endpoint: endpoint.into(),
            plain_http: settings.plain_http && self.0.endpoint.scheme() == "http",
            ..settings
        }
    }

    /// Returns the clock.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.0.settings.clock
    }

    /// Returns the endpoint without a slash at its end.
    pub fn endpoint(&self) -> &str {
        self.0.endpoint.as_str().trim_end_matches('/')
    }

    /// Returns the HTTP client that sends the calls.
    pub fn http(&self) -> &reqwest::Client {
        &self.0.http
    }

    /// Returns how far the service's clock is ahead of this machine's, as far as known.
    pub fn clock_skew(&self) -> SignedDuration {
        SignedDuration::from_millis(self.0.skew.load(Ordering::Relaxed))
    }

    /// Returns the time of the service's clock, as the dates of its answers show it, to within two
    /// seconds. Before the first answer, it is the time of this machine.
    pub fn service_time(&self) -> Timestamp {
        let now = self.local_now();
        let ahead = SignedDuration::from_millis(self.0.dated.load(Ordering::Relaxed));
        // The date of an answer has whole seconds, and the answer took some time to arrive.
        match ahead.abs() > SignedDuration::from_secs(2) {
            true => now.checked_add(ahead).unwrap_or(now),
            false => now,
        }
    }

    pub(crate) fn note_service_time(&self, theirs: Timestamp) {
        let ahead = theirs.duration_since(self.local_now()).as_millis();
        let ahead = i64::try_from(ahead).unwrap_or_default();
        self.0.dated.store(ahead, Ordering::Relaxed);
    }

    /// Returns the service's time, for signatures.
    pub(crate) fn now(&self) -> Timestamp {
        let now = self.local_now();
        now.checked_add(self.clock_skew()).unwrap_or(now)
    }

    /// Returns this machine's time.
    pub(crate) fn local_now(&self) -> Timestamp {
        self.0.settings.clock.now()
    }

    pub(crate) fn correct_clock(&self, skew: SignedDuration) {
        let millis = i64::try_from(skew.as_millis()).unwrap_or_default();
        self.0.skew.store(millis, Ordering::Relaxed);
    }

    pub(crate) fn budget(&self) -> &Budget {
        &self.0.budget
    }

    pub(crate) fn limiters(&self) -> &Limiters {
        &self.0.limiters
    }

    pub(crate) fn waits(&self) -> &Waits {
        &self.0.settings.waits
    }

    pub(crate) fn proxy(&self) -> Option<&str> {
        self.0.proxy.as_deref()
    }

    pub(crate) fn settings(&self) -> &ContextBuilder {
        &self.0.settings
    }
}

impl ContextBuilder {
    /// Replaces the dialect, which signs calls and reads answers.
    pub fn dialect(mut self, dialect: Arc<dyn Dialect>) -> Self {
        self.dialect = dialect;
        self
    }

    /// Replaces the endpoint.
    pub fn endpoint(mut self, endpoint: impl Into<String>) -> Self {
        self.endpoint = endpoint.into();
        self
    }

    /// Returns the clock that is set, for calls that a dialect makes itself.
    pub fn clock_set(&self) -> Arc<dyn Clock> {
        self.clock.clone()
    }

    /// Returns the chance that is set, for calls that a dialect makes itself.
    pub fn chance_set(&self) -> Arc<dyn Chance> {
        self.chance.clone()
    }

    /// Sets the clock. [default: the machine's clock]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        // The waits end by the clock.
        self.waits = Arc::default();
        self
    }

    /// Sets the source of chance. [default: the operating system]
    pub fn chance(mut self, chance: Arc<dyn Chance>) -> Self {
        self.chance = chance;
        self
    }

    /// Sets how connections are made: proxy, certificates, or a client of the caller's own.
    ///
    /// Contexts that [`Context::beside`] makes have the same settings.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// use openapi_transport::{Context, HttpSettings, Proxy};
    ///
    /// # fn example(dialect: Arc<dyn openapi_transport::Dialect>) -> Result<(), openapi_transport::Error> {
    /// # let company_ca = String::new();
    /// let http = HttpSettings::default()
    ///     .proxy(Proxy::new("http://proxy.example:3128"))
    ///     .root_certificates(company_ca);
    /// let context = Context::builder("https://registry.example", dialect)
    ///     .http(http)
    ///     .build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn http(mut self, settings: HttpSettings) -> Self {
        self.http = settings;
        self
    }

    /// Returns the HTTP settings, for calls that a dialect makes itself.
    pub fn http_set(&self) -> HttpSettings {
        self.http.clone()
    }

    /// Limits the time to connect. [default: 5 s]
    pub fn connect_deadline(mut self, deadline: Duration) -> Self {
        self.connect = deadline;
        self
    }

    /// Limits the time of one attempt, from connecting to the last byte. [default: 30 s]
    pub fn attempt_deadline(mut self, deadline: Duration) -> Self {
        self.attempt = deadline;
        self
    }

    /// Limits the time of a call, with all attempts and the waits between them. [default: 2 min]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Sets when and how often calls are retried.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// Limits the rate of calls of each API family. The default adapts to a service that throttles.
    /// `None` removes the limit.
    pub fn rate_limit(mut self, limit: impl Into<Option<RateLimit>>) -> Self {
        self.rate = limit.into();
        self
    }

    /// Limits the bytes of an answer after decompression. [default: 32 MiB]
    pub fn max_answer_bytes(mut self, bytes: usize) -> Self {
        self.max_answer = bytes;
        self
    }

    /// Allows plain HTTP to other machines. Machines on the way can then read tokens and answers.
    pub fn allow_plain_http(mut self) -> Self {
        self.plain_http = true;
        self
    }

    /// Builds the context.
    ///
    /// # Errors
    /// - The endpoint is not a valid URL, has more than scheme, host, port and path, or uses plain
    ///   HTTP to another machine.
    /// - The certificates of the system, or of `SSL_CERT_FILE` or `SSL_CERT_DIR`, cannot be read.
    /// - The [HTTP settings](Self::http) have an invalid proxy or an invalid certificate.
    pub fn build(self) -> Result<Context, Error> {
        // The error does not show the endpoint, which could hold a password or a token.
        let endpoint = Url::parse(&self.endpoint).map_err(|error| {
            Error::configuration(format!(
                "invalid endpoint: {error}; use a URL such as https://HOST"
            ))
        })?;
        let unfit = |why: &str| {
            let host = endpoint.host_str().unwrap_or_default();
            Error::configuration(format!("endpoint {}://{host}: {why}", endpoint.scheme()))
        };
        if !endpoint.has_host() {
            return Err(unfit("has no host"));
        }
        if !endpoint.username().is_empty() || endpoint.password().is_some() {
            return Err(unfit("must not hold a user name or password"));
        }
        if endpoint.query().is_some() || endpoint.fragment().is_some() {
            return Err(unfit("must not have a query or fragment"));
        }
        match endpoint.scheme() {
            "https" => {}
            "http" if self.plain_http || client::is_loopback(&endpoint) => {}
            "http" => return Err(unfit("plain http goes only to this machine; use https")),
            _ => return Err(unfit("must begin with https://")),
        }
        let (http, proxy) = client::new(&endpoint, self.connect, &self.http)?;
        Ok(Context(Arc::new(Shared {
            budget: Budget::full(),
            limiters: Limiters::new(self.rate, self.clock.clone()),
            proxy,
            skew: AtomicI64::new(0),
            dated: AtomicI64::new(0),
            settings: self,
            endpoint,
            http,
        })))
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("endpoint", &self.endpoint())
            .field("dialect", &self.0.settings.dialect)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for ContextBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The endpoint is unchecked here and could hold a password.
        f.debug_struct("ContextBuilder")
            .field("dialect", &self.dialect)
            .finish_non_exhaustive()
    }
}
