//! Harbor's own checks.

use std::sync::Arc;

use ::harbor::harbor as api;
use ::harbor::harbor::values::{HealthStatus, RegistryStatus};
use ::harbor::{ChainSettings, Harbor};
use openapi_transport::Error;

use super::Credentials;
use super::descriptor::common;
use super::hindrances::{known_error, version};
use crate::doctor::{FindingState, Reporter};

/// Checks URL, credentials, version, health, the permissions to replicate, and the registries; the calls are
/// `getSystemInfo`, `getHealth`, `listReplicationPolicies` and `listRegistries`.
pub(super) async fn examine(reporter: Reporter) -> Option<()> {
    let settings = reporter.settings();
    let around = reporter.surroundings();
    let found = common(settings).await;
    let mut caller = match found {
        Ok(common) => common,
        Err(error) => {
            reporter.failed(&error);
            return None;
        }
    };
    let endpoint = match super::endpoint(caller.endpoint.clone(), around).await {
        Ok(endpoint) => endpoint,
        Err(error) => {
            let state = match reporter.is_required() {
                true => FindingState::Failed,
                false => FindingState::Skipped,
            };
            let advice = "set endpoint, or HARBOR_URL";
            reporter.advise("endpoint", state, error.to_string(), advice);
            return None;
        }
    };
    let context = caller.begin(String::new());
    let now = context.clock_set().now();
    let chain = || {
        let chain = ChainSettings::new(&endpoint).surroundings(around.clone());
        Credentials::default_chain(&chain)
    };
    let found = reporter.credentials(caller.caller.take(), chain, now);
    let dialect = Arc::new(Harbor::of(found.await?));
    let mut own = common(settings).await.ok()?;
    own.endpoint = Some(endpoint);
    let context = match crate::doctor::context_of(own, dialect) {
        Ok(context) => {
            reporter.add("endpoint", FindingState::Ok, context.endpoint());
            context
        }
        Err(error) => {
            reporter.failed(&error);
            return None;
        }
    };
    let client = api::Client::new(context.clone());
    let answer = client.get_system_info().send().await.map_err(Error::from);
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => {
            reporter.failed(&error);
            return None;
        }
    };
    reporter.clock(answer.headers(), &context);
    let info = answer.into_inner();
    const VERSION: &str = "version";
    match version(&info) {
        // Harbor names it only to a caller who is logged in.
        None => reporter.advise(
            VERSION,
            FindingState::Failed,
            "not named, because Harbor does not know the login",
            "check user name and password; a wrong login makes the caller anonymous",
        ),
        Some(version) => match known_error(version) {
            Some(error) => {
                let found = format!("{version}, which has a known error");
                reporter.advise(VERSION, FindingState::Warning, found, error);
            }
            None => reporter.add(VERSION, FindingState::Ok, version),
        },
    }
    if info.read_only == Some(true) {
        reporter.advise(
            "read-only",
            FindingState::Warning,
            "Harbor accepts no changes and starts no replication",
            "wait until an administrator ends that",
        );
    }
    health(&reporter, &client).await;
    registries(&reporter, &client).await;
    permissions(&reporter, &client).await
}

async fn health(reporter: &Reporter, client: &api::Client) {
    let Ok(answer) = client.get_health().send().await else {
        return;
    };
    let health = answer.into_inner();
    let is_ill = |status: &Option<HealthStatus>| *status == Some(HealthStatus::Unhealthy);
    let ill = health.components.iter().filter(|one| is_ill(&one.status));
    let ill: Vec<&str> = ill.filter_map(|one| one.name.as_deref()).collect();
    match ill.is_empty() {
        true => reporter.add("health", FindingState::Ok, "all components are healthy"),
        false => reporter.advise(
            "health",
            FindingState::Warning,
            format!("not healthy: {}", ill.join(", ")),
            "ask the administrator of Harbor; without the job service, nothing is copied",
        ),
    }
}

async fn permissions(reporter: &Reporter, client: &api::Client) -> Option<()> {
    let answer = client
        .list_replication_policies()
        .page_size(1_u32)
        .send()
        .await;
    match answer.map_err(Error::from) {
        Ok(_) => {
            reporter.add(
                "call",
                FindingState::Ok,
                "listReplicationPolicies was answered",
            );
            Some(())
        }
        Err(error) if matches!(error.status(), Some(401 | 403)) => {
            reporter.advise(
                "call",
                FindingState::Failed,
                error.to_string(),
                "use an administrator, or a robot account of the system with the permissions to list \
                 and read replications and replication policies",
            );
            None
        }
        Err(error) => {
            reporter.failed(&error);
            None
        }
    }
}

async fn registries(reporter: &Reporter, client: &api::Client) {
    let Ok(answer) = client.list_registries().page_size(100_u32).send().await else {
        return;
    };
    let all = answer.into_inner();
    let is_ill = |status: &Option<RegistryStatus>| *status == Some(RegistryStatus::Unhealthy);
    let ill = all.iter().filter(|one| is_ill(&one.status));
    let ill: Vec<&str> = ill.filter_map(|one| one.name.as_deref()).collect();
    match ill.is_empty() {
        true => {
            let found = format!("Harbor reaches all of the first {}", all.len());
            reporter.add("registries", FindingState::Ok, found);
        }
        false => reporter.advise(
            "registries",
            FindingState::Warning,
            format!("Harbor does not reach {}", ill.join(", ")),
            "check their URLs and credentials in Harbor",
        ),
    }
}
