//! Events about polls, for logs.

use std::collections::BTreeMap;

use openapi_transport::Error;

use super::report::{Report, Verdict};

/// Verdicts that have been logged, by destination.
#[derive(Debug, Default)]
pub(super) struct Logged(BTreeMap<String, Verdict>);

impl Logged {
    /// Logs a poll, and the verdicts that have changed.
    pub(super) fn polled(&mut self, report: &Report) {
        tracing::debug!(
            image = %report.image,
            verdict = %report.verdict,
            is_final = report.is_final,
            polls = report.polls,
            "polled"
        );
        for one in &report.destinations {
            let place = one.destination.to_string();
            if self.0.insert(place, one.verdict) == Some(one.verdict) {
                continue;
            }
            let reason = one.reasons.first();
            let reason = reason.filter(|_| one.verdict != Verdict::Arrived);
            tracing::info!(
                image = %report.image,
                destination = %one.destination,
                verdict = %one.verdict,
                reason = reason.map(tracing::field::display),
                "verdict"
            );
        }
    }
}

/// Logs a poll that has failed.
pub(super) fn failed(image: &dyn std::fmt::Display, error: &Error) {
    tracing::info!(%image, %error, "a poll failed");
}
