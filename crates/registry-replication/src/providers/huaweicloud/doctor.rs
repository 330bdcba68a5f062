//! The cloud's own checks.

use std::sync::Arc;

use huaweicloud_swr::{ChainSettings, Huaweicloud, endpoints, iam};
use openapi_transport::Error;

use super::Credentials;
use super::cloud::{PROJECT, common};
use crate::doctor::{FindingState, Reporter};

/// Checks credentials, endpoint, clock and project; IAM's `KeystoneListProjects` is the call.
pub(super) async fn examine(reporter: Reporter) -> Option<()> {
    let settings = reporter.settings();
    let surroundings = reporter.surroundings();
    let mut caller = common(settings);
    let context = caller.begin(String::new());
    let now = context.clock_set().now();
    let chain = || {
        let mut chain = ChainSettings::of_process()
            .surroundings(surroundings.clone())
            .clock(context.clock_set())
            .http(context.http_set());
        if let Some(region) = &caller.region {
            chain = chain.region(region);
        }
        Credentials::default_chain(&chain)
    };
    let caller = reporter.credentials(caller.caller.take(), chain, now);
    let dialect = Arc::new(Huaweicloud::of(caller.await?));
    reporter.endpoint(common(settings), dialect.clone(), |region| {
        endpoints::swr_in(surroundings, region)
    })?;
    let Some(region) = settings.get("region") else {
        let advice = "set region to check further";
        reporter.advise("project", FindingState::Skipped, "no region", advice);
        return None;
    };
    let context = reporter.account(common(settings), dialect.clone(), |region| {
        endpoints::iam_in(surroundings, region)
    })?;
    let client = iam::Client::new(context.clone());
    let answer = client.keystone_list_projects().name(region).send().await;
    let answer = match answer.map_err(Error::from) {
        Ok(answer) => answer,
        Err(error) => {
            reporter.failed(&error);
            return None;
        }
    };
    reporter.clock(answer.headers(), &context);
    let ids = answer.projects.iter();
    let ids: Vec<&str> = ids.filter_map(|project| project.id.as_deref()).collect();
    let credentials = dialect.credentials(now).await.ok();
    let named = credentials.as_ref().and_then(|one| one.project_id());
    project(&reporter, region, settings.get(PROJECT.name), named, &ids);
    reporter.add(
        "call",
        FindingState::Ok,
        "KeystoneListProjects was answered",
    );
    Some(())
}

/// Reports which project calls will name: the one that is set, the one of the credentials, or the
/// only one of the region's name.
fn project(
    reporter: &Reporter,
    region: &str,
    set: Option<&str>,
    named: Option<&str>,
    ids: &[&str],
) {
    const CHECK: &str = "project";
    match (set, named, ids) {
        (Some(id), _, _) => reporter.add(CHECK, FindingState::Ok, format!("{id}, which is set")),
        (None, Some(id), _) => {
            let found = format!("{id}, which comes with the credentials");
            reporter.add(CHECK, FindingState::Ok, found);
        }
        (None, None, [id]) => {
            reporter.add(CHECK, FindingState::Ok, format!("{region} is {id}"));
        }
        (None, None, []) => reporter.advise(
            CHECK,
            FindingState::Failed,
            format!("the account has no project named {region}"),
            "check the region, or set project_id",
        ),
        (None, None, several) => reporter.advise(
            CHECK,
            FindingState::Warning,
            format!(
                "several projects are named {region}: {}",
                several.join(", ")
            ),
            "set project_id to one of them",
        ),
    }
}
