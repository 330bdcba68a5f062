//! Checks of what a call needs: credentials, endpoint, clock and account.
//!
//! Each cloud has its own checks in `providers/*/doctor.rs`. They report through a [`Reporter`].

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context as Wake, Poll};
use std::time::Duration;

use futures_core::Stream;
use futures_core::future::BoxFuture;
use openapi_transport::{
    Caller, Chain, Context, CredentialAttempt, Dialect, Error, ErrorKind, RetryPolicy, SourceError,
    Surroundings, Timestamp,
};
use reqwest::header::{DATE, HeaderMap};
use serde::Serialize;

use crate::connect::Settings;
use crate::provider::Cloud;
use crate::settings::Settings as Common;

/// Seconds of skew from which signatures are refused, and from which a warning is due.
const SKEW_REFUSED: i64 = 15 * 60;
const SKEW_ODD: i64 = 60;

/// Result of one check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Finding {
    /// Name of the cloud.
    pub cloud: &'static str,
    /// Name of the check, such as `credentials`.
    pub check: &'static str,
    /// Outcome of the check.
    pub state: FindingState,
    /// What the check found.
    pub found: String,
    /// Why the connection failed, if it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<&'static str>,
    /// What to do, perhaps in several lines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
}

/// Outcome of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum FindingState {
    /// Calls will work as far as this check tells.
    Ok,
    /// Calls work, but something should be corrected.
    Warning,
    /// Calls will fail.
    Failed,
    /// Not checked, because something is not set.
    Skipped,
}

impl FindingState {
    /// Returns the state as it is serialised, such as `ok`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

impl fmt::Display for FindingState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Connection that [`Cloud::check`] examines.
#[derive(Clone, Debug)]
pub struct Checkup {
    settings: Settings,
    surroundings: Surroundings,
    account_endpoint: Option<String>,
    is_required: bool,
}

impl Checkup {
    /// Creates a checkup of a connection with these settings.
    ///
    /// The checks use `region`, `endpoint`, `project_id` and the access key, as far as they are
    /// set and the cloud has them.
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            surroundings: Surroundings::of_process(),
            account_endpoint: None,
            is_required: false,
        }
    }

    /// Sets the environment variables and files that the checks read. The default is those of the
    /// process.
    #[must_use]
    pub fn surroundings(mut self, surroundings: Surroundings) -> Self {
        self.surroundings = surroundings;
        self
    }

    /// Sets the URL of the service that knows the account, such as STS, instead of the cloud's own.
    #[must_use]
    pub fn account_endpoint(mut self, url: impl Into<String>) -> Self {
        self.account_endpoint = Some(url.into());
        self
    }

    /// Requires credentials. By default, the checks of a cloud without credentials are skipped.
    #[must_use]
    pub fn required(mut self, is_required: bool) -> Self {
        self.is_required = is_required;
        self
    }
}

impl Cloud {
    /// Checks credentials, endpoint, clock and account, and makes one harmless call.
    ///
    /// The checks run as the stream is read. A check that fails is a [`Finding`], not an error.
    ///
    /// ```no_run
    /// use futures_util::StreamExt;
    /// use registry_replication::{Checkup, Settings, clouds};
    ///
    /// # async fn example() {
    /// for cloud in clouds() {
    ///     let mut findings = cloud.check(Checkup::new(Settings::new()));
    ///     while let Some(finding) = findings.next().await {
    ///         println!("{} {}: {}", finding.cloud, finding.check, finding.found);
    ///     }
    /// }
    /// # }
    /// ```
    pub fn check(&self, checkup: Checkup) -> Findings {
        let found = Found::default();
        let reporter = Reporter {
            cloud: self.name,
            checkup,
            found: Arc::clone(&found),
        };
        Findings {
            checks: Some((self.doctor)(reporter)),
            found,
        }
    }
}

/// Checks of a cloud.
pub(crate) type Doctor = fn(Reporter) -> BoxFuture<'static, ()>;

type Found = Arc<Mutex<VecDeque<Finding>>>;

/// Stream of findings, returned by [`Cloud::check`].
#[must_use = "the checks run as the stream is read"]
pub struct Findings {
    /// `None` once all checks are done.
    checks: Option<BoxFuture<'static, ()>>,
    found: Found,
}

impl Findings {
    fn take(&self) -> Option<Finding> {
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        found.pop_front()
    }
}

impl Stream for Findings {
    type Item = Finding;

    fn poll_next(mut self: Pin<&mut Self>, wake: &mut Wake<'_>) -> Poll<Option<Finding>> {
        if let Some(finding) = self.take() {
            return Poll::Ready(Some(finding));
        }
        let polled = self
            .checks
            .as_mut()
            .map(|checks| checks.as_mut().poll(wake));
        if polled.is_some_and(|polled| polled.is_ready()) {
            self.checks = None;
        }
        match (self.take(), &self.checks) {
            (None, Some(_)) => Poll::Pending,
            (finding, _) => Poll::Ready(finding),
        }
    }
}

impl fmt::Debug for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Findings").finish_non_exhaustive()
    }
}

/// Connection under examination, and the checks that all clouds share.
///
/// A check that returns `None` has reported why the checks after it cannot be made.
pub(crate) struct Reporter {
    cloud: &'static str,
    checkup: Checkup,
    found: Found,
}

impl Reporter {
    pub(crate) fn settings(&self) -> &Settings {
        &self.checkup.settings
    }

    pub(crate) fn surroundings(&self) -> &Surroundings {
        &self.checkup.surroundings
    }

    /// Returns the URL of the service that knows the account, if it is not the cloud's own.
    pub(crate) fn account_endpoint(&self) -> Option<&str> {
        self.checkup.account_endpoint.as_deref()
    }

    pub(crate) fn add(&self, check: &'static str, state: FindingState, found: impl Into<String>) {
        self.report(check, state, found.into(), None, None);
    }

    pub(crate) fn advise(
        &self,
        check: &'static str,
        state: FindingState,
        found: impl Into<String>,
        advice: impl Into<String>,
    ) {
        self.report(check, state, found.into(), None, Some(advice.into()));
    }

    fn report(
        &self,
        check: &'static str,
        state: FindingState,
        found: String,
        fault: Option<&'static str>,
        advice: Option<String>,
    ) {
        let mut all = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        all.push_back(Finding {
            cloud: self.cloud,
            check,
            state,
            found,
            fault,
            advice,
        });
    }

    /// Checks which source has credentials, and returns the caller that they make.
    ///
    /// `fixed` is the caller of the settings, which `chain` replaces if the settings have no caller.
    pub(crate) async fn credentials<C>(
        &self,
        fixed: Option<Caller<C>>,
        chain: impl FnOnce() -> Chain<C>,
        now: Timestamp,
    ) -> Option<Caller<C>>
    where
        C: Send + Sync + 'static,
    {
        const CHECK: &str = "credentials";
        if let Some(caller) = fixed {
            self.add(CHECK, FindingState::Ok, "from the settings");
            return Some(caller);
        }
        let chain = chain();
        let asked = chain.ask(now).await;
        let broken: Vec<String> = asked.iter().filter_map(broken).collect();
        let found = asked.iter().find_map(|asked| match &asked.outcome {
            Ok(Some(end)) => Some(format!("from {}, good until {end}", asked.source)),
            Ok(None) => Some(format!("from {}", asked.source)),
            Err(_) => None,
        });
        match found {
            Some(found) if broken.is_empty() => self.add(CHECK, FindingState::Ok, found),
            Some(found) => self.advise(
                CHECK,
                FindingState::Warning,
                found,
                format!(
                    "fix or remove the sources that fail first: {}",
                    broken.join("; ")
                ),
            ),
            None => {
                let reasons: Vec<String> = asked.iter().filter_map(reason).collect();
                let state = match self.checkup.is_required || !broken.is_empty() {
                    true => FindingState::Failed,
                    false => FindingState::Skipped,
                };
                let advice = format!("set up one of these sources:\n{}", reasons.join("\n"));
                self.advise(CHECK, state, "none", advice);
                return None;
            }
        }
        Some(Caller::Chain(Arc::new(chain)))
    }

    /// Checks the endpoint of the registry by the rules of a call.
    pub(crate) fn endpoint<C: Send + Sync + 'static>(
        &self,
        common: Common<C>,
        dialect: Arc<dyn Dialect>,
        of_region: impl FnOnce(&str) -> Result<String, Error>,
    ) -> Option<()> {
        const CHECK: &str = "endpoint";
        if common.endpoint.is_none() && common.region.is_none() {
            let advice = "set region to check further";
            self.advise(CHECK, FindingState::Skipped, "no region", advice);
            return None;
        }
        let url = common.endpoint(of_region);
        match url.and_then(|url| context(common, url, dialect)) {
            Ok(context) => {
                self.add(CHECK, FindingState::Ok, context.endpoint());
                Some(())
            }
            Err(error) => {
                let found = error.to_string();
                // Invalid certificates have nothing to do with the endpoint.
                match found.starts_with("SSL_CERT_") {
                    true => self.add(CHECK, FindingState::Failed, found),
                    false => self.advise(
                        CHECK,
                        FindingState::Failed,
                        found,
                        "use a valid region, or correct the variable that overrides it",
                    ),
                }
                None
            }
        }
    }

    /// Returns a context for a call to the service that knows the account. `own` is the cloud's.
    pub(crate) fn account<C: Send + Sync + 'static>(
        &self,
        common: Common<C>,
        dialect: Arc<dyn Dialect>,
        own: impl FnOnce(Option<&str>) -> Result<String, Error>,
    ) -> Option<Context> {
        let url = match (self.account_endpoint(), &common.endpoint) {
            (Some(url), _) => Ok(url.to_owned()),
            // The keys may be for this endpoint alone.
            (None, Some(_)) => {
                let found = "no call, because only the registry's endpoint is set";
                self.add("call", FindingState::Skipped, found);
                return None;
            }
            (None, None) => own(common.region.as_deref()),
        };
        match url.and_then(|url| context(common, url, dialect)) {
            Ok(context) => Some(context),
            Err(error) => {
                self.failed(&error);
                None
            }
        }
    }

    /// Whether credentials are required.
    pub(crate) fn is_required(&self) -> bool {
        self.checkup.is_required
    }

    /// Compares clocks, by the date of an answer.
    pub(crate) fn clock(&self, headers: &HeaderMap, context: &Context) {
        const CHECK: &str = "clock";
        let corrected = context.clock_skew().as_secs();
        let date = headers.get(DATE).and_then(|date| date.to_str().ok());
        let skew = match date.and_then(http_date) {
            _ if corrected != 0 => corrected,
            Some(theirs) => theirs.as_second() - context.clock().now().as_second(),
            None => return self.add(CHECK, FindingState::Skipped, "the answer has no date"),
        };
        let side = if skew < 0 { "behind" } else { "ahead" };
        let found = format!("the service is {} s {side}", skew.abs());
        let state = match skew.abs() {
            SKEW_REFUSED.. => FindingState::Failed,
            SKEW_ODD.. => FindingState::Warning,
            _ => return self.add(CHECK, FindingState::Ok, found),
        };
        let advice = "correct this machine's clock, with NTP for example";
        self.advise(CHECK, state, found, advice);
    }

    /// Reports that the call failed.
    pub(crate) fn failed(&self, error: &Error) {
        let fault = error.connection();
        let advice = match (&fault, error.kind()) {
            (Some(fault), _) => fault.fix(),
            (None, ErrorKind::Credentials) => "see the line above",
            (None, ErrorKind::Transport | ErrorKind::Deadline) => {
                "the host is reachable but does not answer; retry, or check proxies and firewalls"
            }
            (None, ErrorKind::Throttled) => "retry later",
            // The text of the error says what to correct.
            (None, ErrorKind::Invalid) => "correct the setting that the error names",
            (None, _) => match error.status() {
                Some(403) => "allow the key to make this call; other calls may be allowed already",
                Some(400..=404) => {
                    "check that the key is correct, enabled, and belongs to this account"
                }
                _ => "retry later; give the request id to the vendor's support",
            },
        };
        let fault = fault.as_ref().map(|fault| fault.as_str());
        let (found, advice) = (error.to_string(), Some(advice.to_owned()));
        self.report("call", FindingState::Failed, found, fault, advice);
    }
}

fn broken(asked: &CredentialAttempt) -> Option<String> {
    match &asked.outcome {
        Err(SourceError::NotSet(_)) | Ok(_) => None,
        Err(_) => reason(asked),
    }
}

/// Returns why a source has no credentials, on one line.
fn reason(asked: &CredentialAttempt) -> Option<String> {
    let why = asked.outcome.as_ref().err()?;
    Some(format!("{}: {why}", asked.source).replace(['\n', '\r'], " "))
}

/// Parses an HTTP date.
fn http_date(text: &str) -> Option<Timestamp> {
    Timestamp::strptime("%a, %d %b %Y %H:%M:%S %z", text.replace("GMT", "+0000")).ok()
}

/// Creates a context for calls to the endpoint that is set.
///
/// # Errors
/// When the endpoint is missing or invalid.
pub(crate) fn context_of<C: Send + Sync + 'static>(
    common: Common<C>,
    dialect: Arc<dyn Dialect>,
) -> Result<Context, Error> {
    let endpoint = common.endpoint(|_| Err(Error::missing_setting(&["endpoint"])))?;
    context(common, endpoint, dialect)
}

/// Creates a context that gives up early.
fn context<C: Send + Sync + 'static>(
    mut common: Common<C>,
    endpoint: String,
    dialect: Arc<dyn Dialect>,
) -> Result<Context, Error> {
    let context = common.begin(endpoint).dialect(dialect);
    let context = context.retry(RetryPolicy::default().attempts(2));
    context.deadline(Duration::from_secs(20)).build()
}

#[cfg(test)]
mod tests {
    use futures_util::{FutureExt, StreamExt};

    use super::*;
    use crate::provider::clouds;

    fn checks(settings: Settings) -> Vec<Vec<(&'static str, FindingState)>> {
        // Others have no keys, or no other service that would get them.
        let has_regions = |cloud: &&Cloud| {
            let mut settings = cloud.services.iter().flat_map(|service| service.settings);
            settings.any(|setting| setting.name == "region")
        };
        let all = clouds().filter(has_regions);
        let all = all.map(|cloud| {
            let checkup = Checkup::new(settings.clone()).required(true);
            let checkup = checkup.surroundings(Surroundings::new(|_| None));
            let findings: Vec<Finding> = cloud.check(checkup).collect().now_or_never()?;
            Some(findings.iter().map(|one| (one.check, one.state)).collect())
        });
        all.map(|found| found.unwrap_or_default()).collect()
    }

    #[test]
    fn a_key_for_one_endpoint_is_not_sent_elsewhere() {
        let settings = Settings::new().access_key("AK", "SK");
        let here = settings.clone().set("region", "r-1");
        let here = here.set("endpoint", "https://registry.example");
        let found = [
            ("credentials", FindingState::Ok),
            ("endpoint", FindingState::Ok),
            ("call", FindingState::Skipped),
        ];
        for cloud in checks(here) {
            assert_eq!(cloud, found);
        }
        let found = [
            ("credentials", FindingState::Ok),
            ("endpoint", FindingState::Skipped),
        ];
        for cloud in checks(settings) {
            assert_eq!(cloud, found);
        }
    }

    #[test]
    fn dates_of_answers_are_read() {
        let read = http_date("Sat, 28 Nov 2026 03:12:51 GMT");
        assert_eq!(read, Some(Timestamp::constant(1_795_835_571, 0)));
        assert_eq!(http_date("yesterday"), None);
    }
}
