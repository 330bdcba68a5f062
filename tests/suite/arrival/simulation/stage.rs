//! Stage of a history: a sandbox, a registry with its own rules, and its destinations.

use registry_replication::{Registry, oci};
use registry_sandbox::world::Place;
use serde_json::Value;

use super::super::Trial;
use super::history::History;
use crate::subjects::{Site, Subject};

/// Sandbox with the registry and destinations of a history.
pub(crate) struct Stage {
    pub(crate) trial: Trial,
    pub(crate) of: &'static dyn Subject,
    pub(crate) registry: Box<dyn Registry>,
    pub(crate) destinations: Vec<Destination>,
    site: Site,
}

/// Destination of rules.
pub(crate) struct Destination {
    pub(crate) name: String,
    pub(crate) place: Place,
    pub(crate) proof: oci::Client,
}

impl Stage {
    /// Sets a stage with a rule for each destination.
    pub(crate) async fn set(history: &History) -> Self {
        let stage = Self::bare(history.of, history.overwrites).await;
        for number in 0..stage.destinations.len() {
            if !history.of.is_covered() {
                stage.make_rule(number).await;
            }
        }
        stage
    }

    /// Sets a stage without its own rules.
    pub(crate) async fn bare(of: &'static dyn Subject, overwrites: bool) -> Self {
        let trial = Trial::start().await;
        let registry = trial.registry(of).await;
        let site = Site::new(of, &trial.sandbox, trial.configured(), overwrites);
        let mut destinations = Vec::new();
        for (number, destination) in of.destinations().into_iter().enumerate() {
            destinations.push(Destination {
                name: trial.name(of, number).await,
                proof: trial.oci(of, &destination.place).await,
                place: destination.place,
            });
        }
        let stage = Self {
            trial,
            of,
            registry,
            destinations,
            site,
        };
        // The repository has to be there before it can have a rule.
        stage.push("seed", "seed");
        stage
    }

    /// Returns the name of a repository that only the stage uses.
    pub(crate) fn name(&self) -> String {
        let (namespace, repository) = self.of.repository();
        format!("{namespace}/{repository}")
    }

    pub(crate) fn push(&self, tag: &str, content: &str) -> String {
        let (source, name) = (self.of.source(), self.name());
        self.trial
            .sandbox
            .push(source, &name, tag, content)
            .unwrap()
    }

    pub(crate) async fn make_rule(&self, number: usize) {
        self.make_rule_like(number, |_| {}).await;
    }

    /// Creates a rule for a destination, with a change in the vendor's words. A provider without rules
    /// copies everything.
    pub(crate) async fn make_rule_like(&self, number: usize, change: impl FnOnce(&mut Value)) {
        if !self.of.has_rules() {
            return;
        }
        let mut rule = self.of.rule(&self.site, number);
        change(rule.made());
        self.site.call(rule).await;
    }

    pub(crate) async fn delete_rule(&self, number: usize) {
        self.of.delete_rule(&self.site, number).await;
    }

    /// Copies a tag to a destination, or everything that the rule covers.
    pub(crate) async fn by_hand(&self, tag: &str, number: usize) {
        self.of.by_hand(&self.site, tag, number).await;
    }

    /// Stops an execution or a task, if the provider can.
    pub(crate) async fn stop(&self, work: &str) {
        self.of.stop(&self.site, work).await;
    }
}
