//! The provider's own checks.

use openapi_transport::SourceError;

use crate::doctor::{FindingState, Reporter};
use crate::oci::Hosts;

/// Checks that the host answers as a registry, and that it accepts the login.
pub(super) async fn examine(reporter: Reporter) {
    let settings = reporter.settings();
    let Some(host) = settings.get("host") else {
        let found = "no host is given; a check needs one";
        reporter.add("call", FindingState::Skipped, found);
        return;
    };
    let hosts = Hosts::of(settings).await.map(|hosts| {
        // Hosts that the settings have may have surroundings of their own.
        match settings.known_hosts() {
            Some(_) => hosts,
            None => hosts.surroundings(reporter.surroundings().clone()),
        }
    });
    let client = match hosts.and_then(|hosts| hosts.client(host)) {
        Ok(client) => client,
        Err(error) => return reporter.failed(&error),
    };
    reporter.add("endpoint", FindingState::Ok, client.endpoint());
    match client.login_origin().await {
        None => reporter.add("credentials", FindingState::Ok, "from the settings"),
        Some(Ok(origin)) => {
            let found = format!("from {origin}");
            reporter.add("credentials", FindingState::Ok, found);
        }
        Some(Err(why)) => {
            let (state, found) = match why {
                SourceError::NotSet(_) => (FindingState::Skipped, "none, so access is anonymous"),
                _ => (
                    FindingState::Failed,
                    "cannot be read, so access is anonymous",
                ),
            };
            reporter.advise("credentials", state, found, why.to_string());
        }
    }
    match client.ping().await {
        Ok(()) => reporter.add("call", FindingState::Ok, "GET /v2/ was answered"),
        Err(error) => reporter.failed(&error),
    }
}
