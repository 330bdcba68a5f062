use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use registry_replication::alibabacloud::client as alibabacloud;
use registry_replication::huaweicloud::client as huaweicloud;
use registry_replication::huaweicloud::client::iam::ResponseValue;
use registry_replication::{
    Chain, Context, CredentialAttempt, Error, ErrorKind, RetryPolicy, SourceError, Surroundings,
    Timestamp,
};
use registry_sandbox::{Sandbox, world};
use serde::Serialize;

use super::Execute;
use crate::args::Bound;
use crate::failure::Failure;
use crate::output::Output;
use crate::session::Session;
use crate::table::Table;

#[derive(Args, Debug)]
pub(crate) struct Doctor {
    #[command(flatten)]
    bound: Bound,
}

/// Result of one check.
#[derive(Debug, Serialize)]
struct Finding {
    cloud: &'static str,
    check: &'static str,
    state: State,
    found: String,
    /// Why the connection failed, if it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<&'static str>,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum State {
    Ok,
    Warning,
    Failed,
    Skipped,
}

impl State {
    fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

/// Seconds of skew from which signatures are refused, and from which a warning is due.
const SKEW_REFUSED: i64 = 15 * 60;
const SKEW_ODD: i64 = 60;

impl Execute for Doctor {
    fn bound(&self) -> Option<Bound> {
        Some(self.bound)
    }

    /// Returns 1 if a check has failed.
    async fn run(self, session: &mut Session<'_>) -> Result<u8, Failure> {
        let (target, output) = (&session.target, &mut session.output);
        target.check()?;
        let wanted = target.name().map(str::to_owned);
        let region = target.setting("region").map(str::to_owned);
        if wanted.is_none() && region.is_some() {
            return Err(Failure::Usage(
                "--region needs --registry; use --registry NAME".to_owned(),
            ));
        }
        let sandbox = target.sandbox();
        let surroundings = match sandbox {
            Some(sandbox) => inside(sandbox),
            None => Surroundings::of_process(),
        };
        let is_wanted = |cloud: &str| {
            let wanted = wanted.as_deref();
            wanted.is_none_or(|name| name.starts_with(cloud))
        };
        let mut findings = Findings {
            cloud: "huaweicloud",
            wanted: wanted.is_some(),
            list: Vec::new(),
            output,
        };
        if is_wanted("huaweicloud") {
            let region = match sandbox {
                Some(_) => Some(world::HUAWEICLOUD_REGION.to_owned()),
                None => region.clone(),
            };
            huawei(&mut findings, region.as_deref(), &surroundings).await;
        }
        if is_wanted("alibabacloud") {
            findings.cloud = "alibabacloud";
            let endpoint = sandbox.map(Sandbox::endpoint);
            alibaba(&mut findings, region.as_deref(), endpoint, &surroundings).await;
        }
        findings.hold()?;
        let mut found = findings.list.iter();
        let is_well = found.all(|finding| finding.state != State::Failed);
        output.close()?;
        Ok(if is_well { 0 } else { 1 })
    }
}

/// Returns variables that lead to the sandbox.
fn inside(sandbox: &Sandbox) -> Surroundings {
    let accounts = sandbox.accounts().clone();
    let endpoint = sandbox.endpoint();
    Surroundings::new(move |name| {
        let (huawei, alibaba) = (&accounts.huaweicloud_swr, &accounts.alibabacloud_cr);
        let value = match name {
            "HUAWEICLOUD_SDK_AK" => &huawei.access_key,
            "HUAWEICLOUD_SDK_SK" => &huawei.secret_key,
            "HUAWEICLOUD_SDK_IAM_ENDPOINT" | "HUAWEICLOUD_SDK_REGION_SWR_CN_NORTH_4" => &endpoint,
            "ALIBABA_CLOUD_ACCESS_KEY_ID" => &alibaba.access_key_id,
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET" => &alibaba.access_key_secret,
            _ => return None,
        };
        Some(value.clone())
    })
}

struct Findings<'a, 'o> {
    cloud: &'static str,
    /// Whether the cloud was named, so that it needs credentials.
    wanted: bool,
    list: Vec<Finding>,
    output: &'a mut Output<'o>,
}

impl Findings<'_, '_> {
    /// Keeps the findings so far, which are written even if the time is up before the end.
    fn hold(&mut self) -> Result<(), Failure> {
        if self.output.is_json() {
            return self.output.hold_json(&self.list);
        }
        self.output.hold(findings(&self.list));
        Ok(())
    }

    fn add(&mut self, check: &'static str, state: State, found: String, advice: Option<String>) {
        self.list.push(Finding {
            cloud: self.cloud,
            check,
            state,
            found,
            fault: None,
            advice,
        });
        // The end of the command does this again, and reports an error.
        let _ = self.hold();
    }

    /// Checks which source has credentials, and returns whether one has.
    ///
    /// A cloud that is not `wanted` may have no credentials.
    async fn credentials<C>(&mut self, chain: &Chain<C>, wanted: bool) -> bool
    where
        C: Send + Sync + 'static,
    {
        let asked = chain.ask(Timestamp::now()).await;
        let broken: Vec<String> = asked.iter().filter_map(broken).collect();
        let found = asked.iter().find_map(|asked| match &asked.outcome {
            Ok(Some(end)) => Some(format!("from {}, good until {end}", asked.source)),
            Ok(None) => Some(format!("from {}", asked.source)),
            Err(_) => None,
        });
        match found {
            Some(found) if broken.is_empty() => self.add("credentials", State::Ok, found, None),
            Some(found) => {
                let advice = format!(
                    "fix or remove the sources that fail first: {}",
                    broken.join("; ")
                );
                self.add("credentials", State::Warning, found, Some(advice));
            }
            None => {
                let reasons: Vec<String> = asked.iter().filter_map(reason).collect();
                let advice = format!(
                    "set up one of these sources (see the README):\n{}",
                    reasons.join("\n")
                );
                let state = match wanted || self.wanted || !broken.is_empty() {
                    true => State::Failed,
                    false => State::Skipped,
                };
                self.add("credentials", state, "none".to_owned(), Some(advice));
                return false;
            }
        }
        true
    }

    /// Checks the endpoint of the registry by the rules of a call.
    fn endpoint(
        &mut self,
        url: Result<String, Error>,
        provider: Arc<dyn registry_replication::Dialect>,
    ) -> bool {
        let context = url.and_then(|url| context(&url, provider));
        let fits = context.is_ok();
        match context {
            Ok(context) => self.add("endpoint", State::Ok, context.endpoint().to_owned(), None),
            Err(error) => {
                let found = error.to_string();
                // Invalid certificates have nothing to do with the endpoint.
                let advice = match found.starts_with("SSL_CERT_") {
                    true => None,
                    false => Some("use a valid region, or correct the variable that overrides it"),
                };
                self.add("endpoint", State::Failed, found, advice.map(str::to_owned));
            }
        }
        fits
    }

    /// Compares clocks, by the date of an answer.
    fn clock<T>(&mut self, answer: &ResponseValue<T>, context: &Context) {
        let told = context.clock_skew().as_secs();
        let date = answer.headers().get("date");
        let theirs = date.and_then(|date| http_date(date.to_str().ok()?));
        let skew = match theirs {
            _ if told != 0 => told,
            Some(theirs) => theirs.as_second() - Timestamp::now().as_second(),
            None => {
                let found = "the answer has no date".to_owned();
                return self.add("clock", State::Skipped, found, None);
            }
        };
        let side = if skew < 0 { "behind" } else { "ahead" };
        let found = format!("the service is {} s {side}", skew.abs());
        let advice = Some("correct this machine's clock, with NTP for example".to_owned());
        match skew.abs() {
            SKEW_REFUSED.. => self.add("clock", State::Failed, found, advice),
            SKEW_ODD.. => self.add("clock", State::Warning, found, advice),
            _ => self.add("clock", State::Ok, found, None),
        }
    }

    fn failed(&mut self, error: &Error) {
        let advice = match (error.connection(), error.kind()) {
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
        let found = error.to_string();
        self.add("call", State::Failed, found, Some(advice.to_owned()));
        if let (Some(fault), Some(finding)) = (error.connection(), self.list.last_mut()) {
            finding.fault = Some(fault.as_str());
        }
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

/// Creates a context that gives up early.
fn context(
    endpoint: &str,
    provider: Arc<dyn registry_replication::Dialect>,
) -> Result<Context, Error> {
    Context::builder(endpoint, provider)
        .retry(RetryPolicy::default().attempts(2))
        .deadline(Duration::from_secs(20))
        .build()
}

async fn huawei(
    findings: &mut Findings<'_, '_>,
    region: Option<&str>,
    surroundings: &Surroundings,
) {
    let mut settings = huaweicloud::ChainSettings::of_process().surroundings(surroundings.clone());
    if let Some(region) = region {
        settings = settings.region(region);
    }
    let chain = Arc::new(huaweicloud::Credentials::default_chain(&settings));
    if !findings.credentials(&chain, region.is_some()).await {
        return;
    }
    let Some(region) = region else {
        let advice = "use --registry NAME --region ID to check further".to_owned();
        return findings.add(
            "endpoint",
            State::Skipped,
            "no region".to_owned(),
            Some(advice),
        );
    };
    let provider = Arc::new(huaweicloud::Huaweicloud::with_chain(chain.clone()));
    let registry = huaweicloud::endpoints::swr_in(surroundings, region);
    if !findings.endpoint(registry, provider.clone()) {
        return;
    }
    let made = huaweicloud::endpoints::iam_in(surroundings, Some(region))
        .and_then(|endpoint| context(&endpoint, provider));
    let context = match made {
        Ok(context) => context,
        Err(error) => return findings.failed(&error),
    };
    let client = huaweicloud::iam::Client::new(context.clone());
    let answer = client.keystone_list_projects().name(region).send().await;
    match answer.map_err(Error::from) {
        Err(error) => findings.failed(&error),
        Ok(answer) => {
            findings.clock(&answer, &context);
            let ids: Vec<&str> = answer
                .projects
                .iter()
                .filter_map(|project| project.id.as_deref())
                .collect();
            let named = chain.get(Timestamp::now()).await.ok();
            let named = named
                .as_ref()
                .and_then(|lease| lease.credentials.project_id());
            match (named, ids.as_slice()) {
                (Some(id), _) => {
                    let found = format!("{id}, which comes with the credentials");
                    findings.add("project", State::Ok, found, None);
                }
                (None, [id]) => {
                    findings.add("project", State::Ok, format!("{region} is {id}"), None)
                }
                (None, []) => {
                    let found = format!("the account has no project named {region}");
                    let advice = "check the region, or use --project-id".to_owned();
                    findings.add("project", State::Failed, found, Some(advice));
                }
                (None, several) => {
                    let found = format!(
                        "several projects are named {region}: {}",
                        several.join(", ")
                    );
                    let advice = "use one of them with --project-id".to_owned();
                    findings.add("project", State::Warning, found, Some(advice));
                }
            }
            let found = "KeystoneListProjects was answered".to_owned();
            findings.add("call", State::Ok, found, None);
        }
    }
}

async fn alibaba(
    findings: &mut Findings<'_, '_>,
    region: Option<&str>,
    sandbox: Option<String>,
    surroundings: &Surroundings,
) {
    let mut settings = alibabacloud::ChainSettings::default().surroundings(surroundings.clone());
    if let Some(endpoint) = &sandbox {
        settings = settings.sts_endpoint(endpoint);
    }
    let chain = Arc::new(alibabacloud::Credentials::default_chain(&settings));
    if !findings
        .credentials(&chain, region.or(sandbox.as_deref()).is_some())
        .await
    {
        return;
    }
    let registry = match (&sandbox, region) {
        (Some(endpoint), _) => Ok(endpoint.clone()),
        (None, Some(region)) => alibabacloud::endpoints::cr(region),
        (None, None) => {
            let advice = "use --registry NAME --region ID to check further".to_owned();
            return findings.add(
                "endpoint",
                State::Skipped,
                "no region".to_owned(),
                Some(advice),
            );
        }
    };
    let provider = Arc::new(alibabacloud::Alibabacloud::with_chain(chain));
    if !findings.endpoint(registry, provider.clone()) {
        return;
    }
    let made = sandbox
        .map_or_else(|| alibabacloud::endpoints::sts(region), Ok)
        .and_then(|endpoint| context(&endpoint, provider));
    let context = match made {
        Ok(context) => context,
        Err(error) => return findings.failed(&error),
    };
    let client = alibabacloud::sts::Client::new(context.clone());
    match client
        .get_caller_identity()
        .send()
        .await
        .map_err(Error::from)
    {
        Err(error) => findings.failed(&error),
        Ok(answer) => {
            findings.clock(&answer, &context);
            let account = answer.account_id.as_deref().unwrap_or("not named");
            findings.add("account", State::Ok, account.to_owned(), None);
            let found = "GetCallerIdentity was answered".to_owned();
            findings.add("call", State::Ok, found, None);
        }
    }
}

/// Formats findings as a table, with the advice below each line.
fn findings(findings: &[Finding]) -> String {
    let mut table = Table::new(&["CLOUD", "CHECK", "STATE", "FOUND"]);
    for finding in findings {
        table.add_row([
            finding.cloud,
            finding.check,
            finding.state.as_str(),
            &finding.found,
        ]);
        let advice = finding.advice.as_deref().unwrap_or_default();
        for (number, line) in advice.lines().enumerate() {
            let mark = if number == 0 { "→" } else { "  " };
            table.add_row(["", "", "", &format!("{mark} {line}")]);
        }
    }
    table.finish()
}
