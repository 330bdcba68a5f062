//! `imgtrack doctor`: what would become of a call, and what to do about it.

use std::sync::Arc;
use std::time::Duration;

use registry_replication::alibabacloud::client as alibabacloud;
use registry_replication::huaweicloud::client as huaweicloud;
use registry_replication::huaweicloud::client::iam::ResponseValue;
use registry_replication::{
    Chain, Context, CredentialAttempt, Error, ErrorKind, RetryPolicy, Surroundings, Timestamp,
    Unavailable,
};
use registry_sandbox::{Sandbox, world};
use serde::Serialize;

use crate::cli::DoctorArgs;
use crate::failure::Failure;
use crate::output::Output;
use crate::table;

/// One thing that was looked at.
#[derive(Debug, Serialize)]
pub(crate) struct Finding {
    pub(crate) cloud: &'static str,
    pub(crate) check: &'static str,
    pub(crate) state: State,
    pub(crate) found: String,
    /// Why the connection failed, where that is what failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) fault: Option<&'static str>,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) advice: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum State {
    Ok,
    Warning,
    Failed,
    Skipped,
}

impl State {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

/// Beyond this a signature's date is refused; long before it, somebody should know.
const SKEW_REFUSED: i64 = 15 * 60;
const SKEW_ODD: i64 = 60;

/// Looks at both clouds. Whether nothing failed.
pub(crate) async fn run(
    args: DoctorArgs,
    sandbox: Option<&Sandbox>,
    output: &mut Output<'_>,
) -> Result<bool, Failure> {
    let surroundings = match sandbox {
        Some(sandbox) => inside(sandbox),
        None => Surroundings::of_process(),
    };
    let region = match sandbox {
        Some(_) => Some(world::HUAWEICLOUD_REGION.to_owned()),
        None => args.huaweicloud_region,
    };
    let mut findings = Findings {
        cloud: "huaweicloud",
        list: Vec::new(),
        output,
    };
    huawei(&mut findings, region.as_deref(), &surroundings).await;
    findings.cloud = "alibabacloud";
    let endpoint = sandbox.map(Sandbox::endpoint);
    let region = args.alibabacloud_region;
    alibaba(&mut findings, region.as_deref(), endpoint, &surroundings).await;

    findings.hold()?;
    let mut found = findings.list.iter();
    let well = found.all(|finding| finding.state != State::Failed);
    output.close()?;
    Ok(well)
}

/// Variables that lead to the sandbox.
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
    list: Vec<Finding>,
    output: &'a mut Output<'o>,
}

impl Findings<'_, '_> {
    /// Keeps what was found so far, which is written even if the time is up before the end.
    fn hold(&mut self) -> Result<(), Failure> {
        if self.output.is_json() {
            return self.output.hold_json(&self.list);
        }
        self.output.hold(table::findings(&self.list));
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
        // The end of the command holds it again, and tells what is wrong with that.
        let _ = self.hold();
    }

    /// Which credentials would be used, and from where. Whether there are any. For a cloud that is
    /// not `wanted`, having none is no failure.
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
                let advice = format!("mend or remove what comes first: {}", broken.join("; "));
                self.add("credentials", State::Warning, found, Some(advice));
            }
            None => {
                let reasons: Vec<String> = asked.iter().filter_map(reason).collect();
                let advice = format!(
                    "set up one of these (the README says how):\n{}",
                    reasons.join("\n")
                );
                let state = match wanted || !broken.is_empty() {
                    true => State::Failed,
                    false => State::Skipped,
                };
                self.add("credentials", state, "none".to_owned(), Some(advice));
                return false;
            }
        }
        true
    }

    /// The registry's endpoint, under the rules that a call to it would meet.
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
                // What is wrong with the certificates is no matter of the endpoint.
                let advice = match found.starts_with("SSL_CERT_") {
                    true => None,
                    false => Some("use a valid region, or correct the variable that overrides it"),
                };
                self.add("endpoint", State::Failed, found, advice.map(str::to_owned));
            }
        }
        fits
    }

    /// The service's clock, as told by the date of its answer.
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
        let found = format!("the service's is {} s {side}", skew.abs());
        let advice = Some("set this machine's clock; a time service keeps it right".to_owned());
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
                "the host is reachable and does not answer: retry, or check the proxies and \
                 firewalls on the way"
            }
            (None, ErrorKind::Throttled) => "retry later",
            // The text of the error says what to correct.
            (None, ErrorKind::Invalid) => "correct the setting that the line names",
            (None, _) => match error.status() {
                Some(403) => "allow the key to make this call; other calls may be allowed already",
                Some(400..=404) => {
                    "check that the key is correct, enabled, and belongs to this account"
                }
                _ => "retry later; the vendor's support asks for the request id",
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
        Err(Unavailable::NotSet(_)) | Ok(_) => None,
        Err(_) => reason(asked),
    }
}

/// Why a source has no credentials, on one line.
fn reason(asked: &CredentialAttempt) -> Option<String> {
    let why = asked.outcome.as_ref().err()?;
    Some(format!("{}: {why}", asked.source).replace(['\n', '\r'], " "))
}

/// A date as HTTP writes it.
fn http_date(text: &str) -> Option<Timestamp> {
    Timestamp::strptime("%a, %d %b %Y %H:%M:%S %z", text.replace("GMT", "+0000")).ok()
}

/// A context for one look: it does not wait long for what does not work.
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
        let advice = "give --huaweicloud-region to look further".to_owned();
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
                    let advice = "is the region right? Or give --project-id".to_owned();
                    findings.add("project", State::Failed, found, Some(advice));
                }
                (None, several) => {
                    let found = format!("several are named {region}: {}", several.join(", "));
                    let advice = "give one of them as --project-id".to_owned();
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
            let advice = "give --alibabacloud-region to look further".to_owned();
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
