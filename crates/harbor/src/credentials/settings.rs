//! Settings of the chain.

use std::sync::Arc;

use openapi_transport::{Source, Surroundings};

use super::Credentials;
use super::cli_config::HarborCli;
use super::environment::Environment;

/// Settings of [`Credentials::default_chain`]: the Harbor to call, and what the sources read.
#[derive(Clone, Debug)]
pub struct ChainSettings {
    pub(super) endpoint: String,
    pub(super) surroundings: Surroundings,
}

impl ChainSettings {
    /// Makes settings for the Harbor at this URL, with the variables and files of this process.
    pub fn new(endpoint: impl Into<String>) -> Self {
        Self {
            endpoint: endpoint.into(),
            surroundings: Surroundings::of_process(),
        }
    }

    /// Sets the variables and the home directory.
    pub fn surroundings(mut self, surroundings: Surroundings) -> Self {
        self.surroundings = surroundings;
        self
    }

    /// Returns the sources of the default chain, for a chain with more of them.
    pub fn sources(&self) -> Vec<Arc<dyn Source<Credentials>>> {
        vec![
            Arc::new(Environment(self.clone())),
            Arc::new(HarborCli(self.clone())),
        ]
    }
}
