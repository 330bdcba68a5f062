//! The cloud's own checks.

use std::sync::Arc;

use alibabacloud_cr::{Alibabacloud, ChainSettings, endpoints, sts};
use openapi_transport::Error;

use super::Credentials;
use super::descriptor::common;
use crate::doctor::{FindingState, Reporter};

/// Checks credentials, endpoint, clock and account; STS's `GetCallerIdentity` is the call.
pub(super) async fn examine(reporter: Reporter) -> Option<()> {
    let settings = reporter.settings();
    let mut caller = common(settings);
    let context = caller.begin(String::new());
    let chain = || {
        let mut chain = ChainSettings::default()
            .surroundings(reporter.surroundings().clone())
            .clock(context.clock_set())
            .http(context.http_set());
        if let Some(url) = reporter.account_endpoint() {
            chain = chain.sts_endpoint(url);
        }
        Credentials::default_chain(&chain)
    };
    let now = context.clock_set().now();
    let caller = reporter.credentials(caller.caller.take(), chain, now);
    let dialect = Arc::new(Alibabacloud::of(caller.await?));
    reporter.endpoint(common(settings), dialect.clone(), endpoints::cr)?;
    let context = reporter.account(common(settings), dialect, endpoints::sts)?;
    let client = sts::Client::new(context.clone());
    let answer = client.get_caller_identity().send().await;
    let answer = match answer.map_err(Error::from) {
        Ok(answer) => answer,
        Err(error) => {
            reporter.failed(&error);
            return None;
        }
    };
    reporter.clock(answer.headers(), &context);
    let account = answer.account_id.as_deref().unwrap_or("not named");
    reporter.add("account", FindingState::Ok, account);
    reporter.add("call", FindingState::Ok, "GetCallerIdentity was answered");
    Some(())
}
