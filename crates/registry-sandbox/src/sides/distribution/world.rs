//! What the registries hold, and the copies between them.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{MIRRORS, SOURCE};
use crate::course::Course;
use crate::fleet;
use crate::image;
use crate::past::Past;
use crate::plans::{Plans, Work};
use crate::side::{Image, Name};
use crate::world::{
    FLEET_IMAGE_NAMESPACE, FLEET_IMAGE_REPOSITORY, FLEET_TAG_ARRIVED, FLEET_TAG_FAILED,
    FLEET_TAG_RUNNING,
};

/// Tags that are there at the start.
const TAGS: [&str; 3] = [FLEET_TAG_ARRIVED, FLEET_TAG_RUNNING, FLEET_TAG_FAILED];

/// Returns the image that is under a tag at the start.
fn first(tag: &str) -> image::Image {
    let name = format!("{FLEET_IMAGE_NAMESPACE}/{FLEET_IMAGE_REPOSITORY}:{tag}");
    image::of(&name, None)
}

/// All registries by their ids, and the copies under way.
#[derive(Debug, Default)]
pub(super) struct World {
    registries: BTreeMap<&'static str, Held>,
    copies: Vec<Copy>,
}

/// What one registry holds.
#[derive(Debug, Default)]
pub(super) struct Held(BTreeMap<(String, String), Repository>);

/// Digests by tag.
#[derive(Debug, Default)]
pub(super) struct Repository {
    tags: BTreeMap<String, String>,
    /// Digests that tags had before.
    past: Past<String>,
}

/// A copy of one tag to one mirror.
#[derive(Debug)]
struct Copy {
    name: (String, String),
    tag: String,
    to: &'static str,
    course: Course,
}

impl World {
    /// Returns the world of a sandbox that starts at `now`.
    pub(super) fn new(now: Timestamp) -> Self {
        let mut world = Self::default();
        for id in [SOURCE.id()].into_iter().chain(MIRRORS) {
            world.registries.insert(id, Held::default());
        }
        let name = (FLEET_IMAGE_NAMESPACE, FLEET_IMAGE_REPOSITORY);
        let [complete, partial] = MIRRORS;
        for tag in TAGS {
            let digest = fleet::manifest_digest(&first(tag).manifest);
            let ids = match tag {
                FLEET_TAG_ARRIVED => &[SOURCE.id(), complete, partial][..],
                _ => &[SOURCE.id(), complete],
            };
            for id in ids {
                world.put(id, name, tag, digest.clone(), now);
            }
        }
        world
    }

    /// Returns the images that are there at the start.
    pub(super) fn images() -> Vec<image::Image> {
        TAGS.map(first).into()
    }

    pub(super) fn registry(&self, id: &str) -> Option<&Held> {
        self.registries.get(id)
    }

    fn put(
        &mut self,
        id: &str,
        (namespace, name): Name<'_>,
        tag: &str,
        digest: String,
        now: Timestamp,
    ) {
        let Some(held) = self.registries.get_mut(id) else {
            return;
        };
        let key = (namespace.to_owned(), name.to_owned());
        let repository = held.0.entry(key).or_default();
        match repository.tags.insert(tag.to_owned(), digest) {
            Some(was) => repository.past.note(tag, was, now),
            None => repository.past.note_absence(tag, now),
        }
    }

    /// Removes a tag. Returns whether it was there.
    pub(super) fn lose(
        &mut self,
        id: &str,
        (namespace, name): Name<'_>,
        tag: &str,
        now: Timestamp,
    ) -> bool {
        let key = (namespace.to_owned(), name.to_owned());
        let held = self.registries.get_mut(id);
        let Some(repository) = held.and_then(|held| held.0.get_mut(&key)) else {
            return false;
        };
        let Some(was) = repository.tags.remove(tag) else {
            return false;
        };
        repository.past.note(tag, was, now);
        true
    }

    /// Pushes an image to the source, and begins to copy it to the mirrors. Returns the digest.
    pub(super) fn push(
        &mut self,
        image: Image<'_>,
        content: &str,
        plans: &Plans,
        now: Timestamp,
    ) -> String {
        self.settle(now);
        let Image {
            namespace,
            repository: name,
            tag,
        } = image;
        let digest = fleet::manifest_digest(content);
        self.put(SOURCE.id(), (namespace, name), tag, digest.clone(), now);
        let repository = format!("{namespace}/{name}");
        for to in MIRRORS {
            let work = Work {
                repository: &repository,
                tag,
                destination: Some(to),
            };
            self.copies.push(Copy {
                name: (namespace.to_owned(), name.to_owned()),
                tag: tag.to_owned(),
                to,
                course: plans.course(now, &work),
            });
        }
        digest
    }

    /// Lets copies that have ended by `now` take effect, in the order of their ends. An attempt that
    /// began when the source did not have the tag has failed, and the next one may have ended since.
    pub(super) fn settle(&mut self, now: Timestamp) {
        loop {
            let ends = self.copies.iter().enumerate().filter_map(|(index, copy)| {
                let look = copy.course.look(now);
                Some((look.ended.filter(|_| look.is_final)?, index))
            });
            let Some((_, index)) = ends.min() else {
                break;
            };
            let mut copy = self.copies.remove(index);
            let Some((begun, at)) = copy.course.success(now) else {
                continue;
            };
            let (namespace, name) = (copy.name.0.as_str(), copy.name.1.as_str());
            let source = self.registry(SOURCE.id());
            let source = source.and_then(|source| source.repository((namespace, name)));
            let digest = source.and_then(|source| source.tag_at(&copy.tag, begun));
            match digest.cloned() {
                Some(digest) => self.put(copy.to, (namespace, name), &copy.tag, digest, at),
                None => {
                    copy.course.fail_once_more();
                    self.copies.push(copy);
                }
            }
        }
    }
}

impl Held {
    /// Returns the names of all repositories.
    pub(super) fn names(&self) -> impl Iterator<Item = String> {
        let keys = self.0.keys();
        keys.map(|(namespace, name)| format!("{namespace}/{name}"))
    }

    pub(super) fn repository(&self, (namespace, name): Name<'_>) -> Option<&Repository> {
        self.0.get(&(namespace.to_owned(), name.to_owned()))
    }
}

impl Repository {
    /// Returns all tags with their digests.
    pub(super) fn tags(&self) -> impl Iterator<Item = (&str, &str)> + Clone {
        let tags = self.tags.iter();
        tags.map(|(tag, digest)| (tag.as_str(), digest.as_str()))
    }

    /// Returns the digest that the tag had at `time`.
    fn tag_at(&self, tag: &str, time: Timestamp) -> Option<&String> {
        self.past.at(tag, time, self.tags.get(tag))
    }
}
