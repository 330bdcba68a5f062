//! One registry, and its answers that all arrivals of a look share.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_core::future::BoxFuture;
use futures_util::FutureExt;
use futures_util::future::Shared;
use openapi_transport::Error;

use crate::arrival::{Served, Shows};
use crate::oci::Client;

/// Registry at a host.
pub(super) struct Host {
    client: Client,
    answers: Mutex<Answers>,
}

/// Answer that several arrivals wait for.
type Asking = Shared<BoxFuture<'static, Result<Served, Error>>>;

/// Answers for the latest look.
#[derive(Default)]
struct Answers {
    /// Start of the look.
    look: Duration,
    /// By repository and reference.
    asked: BTreeMap<(String, String), Asking>,
}

impl Host {
    pub(super) fn new(client: Client) -> Self {
        Self {
            client,
            answers: Mutex::default(),
        }
    }

    fn answers(&self) -> MutexGuard<'_, Answers> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the question in the look. The first arrival that has it asks it.
    fn asking(&self, repository: &str, reference: &str, look: Duration) -> Asking {
        let mut answers = self.answers();
        let key = (repository.to_owned(), reference.to_owned());
        if answers.look > look {
            // The look is over for the others.
            return self.ask(key);
        }
        if answers.look < look {
            answers.look = look;
            answers.asked.clear();
        }
        let entry = answers.asked.entry(key.clone());
        entry.or_insert_with(|| self.ask(key)).clone()
    }

    fn ask(&self, (repository, reference): (String, String)) -> Asking {
        let client = self.client.clone();
        let call = async move {
            let asked = client.context().clock().elapsed();
            let manifest = client.manifest(&repository, &reference).await?;
            let digest = manifest.map(|manifest| manifest.digest);
            Ok(Served { digest, asked })
        };
        call.boxed().shared()
    }
}

impl Shows for Host {
    fn client(&self) -> &Client {
        &self.client
    }

    fn shows<'a>(
        &'a self,
        repository: &'a str,
        reference: &'a str,
        look: Duration,
    ) -> BoxFuture<'a, Result<Served, Error>> {
        Box::pin(self.asking(repository, reference, look))
    }
}
