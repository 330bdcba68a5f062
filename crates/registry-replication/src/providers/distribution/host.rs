//! One registry, and its answers that all arrivals of a look share.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_core::future::BoxFuture;
use futures_util::future::Shared;
use futures_util::{FutureExt, TryStreamExt};
use openapi_transport::{Error, ErrorKind};

use crate::arrival::{Served, Shows};
use crate::oci::Client;

/// Number of tags of one repository above which a look reads the list of tags first.
const MANY: usize = 16;
/// How long a list of tags may stand for an answer about a tag that was missing.
const TRUSTED: Duration = Duration::from_secs(60);

/// Registry at a host.
pub(super) struct Host {
    client: Client,
    answers: Mutex<Answers>,
    missing: Arc<Mutex<Missing>>,
}

/// Repository, and a tag or digest in it.
type Key = (String, String);

/// Times of the last answers that said that something is missing.
type Missing = BTreeMap<Key, Duration>;

/// List of tags that several arrivals wait for. `None` if the repository cannot be listed cheaply.
type Listing = Shared<BoxFuture<'static, Option<Arc<BTreeSet<String>>>>>;

/// Answer that several arrivals wait for.
type Asking = Shared<BoxFuture<'static, Result<Served, Error>>>;

/// Answers for the latest look.
#[derive(Default)]
struct Answers {
    /// Start of the look.
    look: Duration,
    asked: BTreeMap<(Key, bool), Asking>,
    /// Lists of tags, by repository.
    lists: BTreeMap<String, Listing>,
    /// Number of tags that the look before asked about, by repository, if there were many.
    crowded: BTreeMap<String, usize>,
}

impl Answers {
    /// Begins another look.
    fn begin(&mut self, look: Duration) {
        self.look = look;
        self.lists.clear();
        self.crowded.clear();
        for ((repository, _), _) in std::mem::take(&mut self.asked).into_keys() {
            *self.crowded.entry(repository).or_default() += 1;
        }
        self.crowded.retain(|_, count| *count > MANY);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Host {
    pub(super) fn new(client: Client) -> Self {
        Self {
            client,
            answers: Mutex::default(),
            missing: Arc::default(),
        }
    }

    /// Returns the question in the look. The first arrival that has it asks it.
    fn asking(&self, repository: &str, reference: &str, look: Duration, confirms: bool) -> Asking {
        let mut answers = lock(&self.answers);
        let key = (repository.to_owned(), reference.to_owned());
        if answers.look > look {
            // The look is over for the others.
            return self.ask(key, None, confirms);
        }
        if answers.look < look {
            lock(&self.missing).retain(|known, _| {
                let asked = |confirms| answers.asked.contains_key(&(known.clone(), confirms));
                asked(false) || asked(true)
            });
            answers.begin(look);
        }
        if let Some(known) = answers.asked.get(&(key.clone(), confirms)) {
            return known.clone();
        }
        // A digest is in no list of tags.
        let tags = answers.crowded.get(repository).copied();
        let list = tags.filter(|_| !reference.contains(':')).map(|tags| {
            let entry = answers.lists.entry(repository.to_owned());
            entry.or_insert_with(|| self.list(repository, tags)).clone()
        });
        let asking = self.ask(key.clone(), list, confirms);
        answers.asked.insert((key, confirms), asking.clone());
        asking
    }

    /// Asks for a tag or digest. A list that lacks a tag stands for the answer only if the tag was
    /// missing a short time ago, because a list may lag behind or lack a tag for good.
    fn ask(&self, key: Key, list: Option<Listing>, confirms: bool) -> Asking {
        let client = self.client.clone();
        let missing = self.missing.clone();
        let call = async move {
            let clock = client.context().clock().clone();
            let asked = clock.elapsed();
            let since = lock(&missing).get(&key).copied();
            let is_trusted = since.is_some_and(|since| asked.saturating_sub(since) < TRUSTED);
            if let Some(list) = list.filter(|_| is_trusted)
                && list.await.is_some_and(|tags| !tags.contains(&key.1))
            {
                let digest = None;
                return Ok(Served { digest, asked });
            }
            let asked = clock.elapsed();
            let manifest = match confirms {
                true => client.served(&key.0, &key.1).await?,
                false => client.manifest(&key.0, &key.1).await?,
            };
            let digest = manifest.map(|manifest| manifest.digest);
            match digest {
                Some(_) => lock(&missing).remove(&key),
                None => lock(&missing).insert(key, asked),
            };
            Ok(Served { digest, asked })
        };
        call.boxed().shared()
    }

    /// Lists the tags of a repository, if that takes fewer calls than asking for `tags` of them.
    fn list(&self, repository: &str, tags: usize) -> Listing {
        let pages = self.client.tags(repository).by_page();
        let call = async move {
            let mut pages = std::pin::pin!(pages);
            let mut all = BTreeSet::new();
            for _ in 0..=tags / 2 {
                match pages.try_next().await {
                    Ok(Some(page)) => all.extend(page.items),
                    Ok(None) => return Some(Arc::new(all)),
                    Err(error) if error.kind() == ErrorKind::NotFound => {
                        return Some(Arc::default());
                    }
                    Err(_) => return None,
                }
            }
            None
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
        confirms: bool,
    ) -> BoxFuture<'a, Result<Served, Error>> {
        Box::pin(self.asking(repository, reference, look, confirms))
    }
}
