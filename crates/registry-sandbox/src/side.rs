//! Interface between the sandbox and one cloud.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use crate::accounts::{Account, Settings};
use crate::clock::Clock;
use crate::hook::Hook;
use crate::image;
use crate::message::{Answer, Reply, Request};
use crate::place::{Found, Place, Record, Source};
use crate::plans::Plans;
use crate::push::PushError;
use crate::sandbox::Options;
use crate::secrets::Secrets;
use crate::sides::SIDES;
use crate::spec::SpecError;

/// Static facts about a cloud.
pub(crate) struct Definition {
    /// Name of the cloud, such as `somecloud`.
    pub(crate) cloud: &'static str,
    pub(crate) registries: &'static [Registry],
    /// Returns the account of a sandbox. Absent if nothing is called at its endpoint.
    pub(crate) account: Option<fn(&Site<'_>) -> Account>,
    /// Returns environment variables that lead the cloud's clients to a sandbox.
    pub(crate) variables: fn(&Site<'_>) -> Vec<(&'static str, String)>,
    /// Whether the cloud accepts the request's signature, if `secret` is the caller's.
    pub(crate) verify: fn(request: &Request, secret: &str) -> bool,
    pub(crate) start: fn(&Surroundings<'_>) -> Result<Box<dyn Side>, SpecError>,
}

/// A kind of registry that a cloud offers.
pub(crate) struct Registry {
    /// Provider, and the registry that takes pushes.
    pub(crate) source: Source,
    /// Returns how clients log in to the own port of the registry with this id.
    pub(crate) access: fn(id: &str) -> Access,
    /// Returns the settings for a sandbox. Absent if nothing is called at its endpoint: then they are
    /// the host and the login of the source's own port.
    pub(crate) settings: Option<fn(&Site<'_>) -> Settings>,
}

/// Endpoint and secrets of a sandbox.
#[derive(Clone, Copy)]
pub(crate) struct Site<'a> {
    pub(crate) endpoint: &'a str,
    pub(crate) secrets: &'a Secrets,
}

/// How clients log in to a registry's own port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// A password with every request.
    Password,
    /// A token, which the registry issues for a password.
    Token,
    /// No login.
    Anonymous,
}

/// Shared state that a cloud gets from the sandbox.
pub(crate) struct Surroundings<'a> {
    pub(crate) options: &'a Options,
    pub(crate) clock: Clock,
    pub(crate) plans: Arc<Plans>,
    pub(crate) hook: Arc<Hook>,
    pub(crate) secrets: Arc<Secrets>,
    /// Endpoint of the sandbox.
    pub(crate) endpoint: &'a str,
}

/// An image: namespace, repository and tag.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Image<'a> {
    pub(crate) namespace: &'a str,
    pub(crate) repository: &'a str,
    pub(crate) tag: &'a str,
}

/// A repository: namespace and name.
pub(crate) type Name<'a> = (&'a str, &'a str);

/// One cloud of the sandbox, with all its registries. A [`Place`] or the name of a provider selects
/// one.
pub(crate) trait Side: Send + Sync {
    /// Whether a request is for this cloud.
    fn claims(&self, request: &Request) -> bool;

    /// Answers a request.
    fn answer(&self, request: &Request) -> Answer;

    /// Answers a request at the own port of a registry, if its own API has the path there.
    fn answer_at(&self, _: &Place, _: &Request) -> Option<Answer> {
        None
    }

    /// Returns the reply to a request whose body exceeds the sandbox's limit.
    fn too_large(&self, request: &Request) -> Reply;

    /// Whether there is such a registry.
    fn has(&self, place: &Place, now: Timestamp) -> bool;

    /// Returns the ids of the provider's registries.
    fn places(&self, provider: &str, now: Timestamp) -> Vec<String>;

    /// Returns the repositories (`namespace/repository`) of a registry.
    fn repositories(&self, place: &Place, now: Timestamp) -> BTreeSet<String>;

    /// Returns the tags of a repository with their digests, or `None` if it does not exist.
    fn tags(
        &self,
        place: &Place,
        name: Name<'_>,
        now: Timestamp,
    ) -> Option<BTreeMap<String, String>>;

    /// Looks up a tag or digest.
    fn find(&self, place: &Place, name: Name<'_>, reference: &str, now: Timestamp) -> Found;

    /// Removes a tag. Returns whether it was there.
    fn forget(&self, place: &Place, name: Name<'_>, tag: &str, now: Timestamp) -> bool;

    /// Pushes an image to the provider's source, and runs the rules that run on a push. Returns the
    /// digest.
    fn push(
        &self,
        provider: &str,
        image: Image<'_>,
        content: &str,
        now: Timestamp,
    ) -> Result<String, PushError>;

    /// Returns the images that are there at the start, if clients read their manifests. A text that is
    /// pushed to such a side becomes an image, too.
    fn images(&self) -> Option<Vec<image::Image>> {
        None
    }

    /// Returns records of work at the provider's source that has ended.
    fn ended(&self, provider: &str, now: Timestamp) -> Vec<Record>;

    /// Removes records of ended work by their ids.
    fn purge(&self, provider: &str, ids: &BTreeSet<String>, now: Timestamp);

    /// Returns a user and a password that the registry admits.
    fn login(&self, place: &Place) -> (String, String);

    /// Whether the registry admits a user with this password.
    fn admits(&self, place: &Place, user: &str, password: &str, now: Timestamp) -> bool;
}

/// Returns the kind of registry of a provider, and its cloud.
pub(crate) fn registry(provider: &str) -> Option<(&'static Definition, &'static Registry)> {
    let mut all = SIDES
        .iter()
        .flat_map(|side| side.registries.iter().map(|registry| (*side, registry)));
    all.find(|(_, registry)| registry.source.provider() == provider)
}

/// Returns the cloud of this name, or of the provider of this name.
pub(crate) fn definition(name: &str) -> Option<&'static Definition> {
    let cloud = SIDES.iter().find(|side| side.cloud == name).copied();
    cloud.or_else(|| registry(name).map(|(side, _)| side))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique() {
        let clouds: BTreeSet<_> = SIDES.iter().map(|side| side.cloud).collect();
        assert_eq!(clouds.len(), SIDES.len());
        let registries = || SIDES.iter().flat_map(|side| side.registries);
        let providers: BTreeSet<_> = registries().map(|one| one.source.provider()).collect();
        assert_eq!(providers.len(), registries().count());
    }
}
