//! Rules and destinations that listings have shown, in files of the user's cache folder.

use std::collections::BTreeMap;
use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use registry_replication::{Rule, Surroundings, Timestamp, read_file};
use serde::{Deserialize, Serialize};

use crate::file::{check_regular, make_folder, write_whole};
use crate::target::Target;

/// Time after which an entry is forgotten, in seconds.
const FORGOTTEN: i64 = 30 * 24 * 3600;
/// Largest file, in bytes.
const LARGEST: u64 = 1024 * 1024;
/// Most rules and most destinations of a registry.
const MOST: usize = 500;

/// Rules and destinations of a registry.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub(super) struct Found {
    pub(super) rules: BTreeMap<String, Entry>,
    pub(super) destinations: BTreeMap<String, Entry>,
}

/// Value that a listing has shown.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub(super) struct Entry {
    /// Description.
    pub(super) about: String,
    /// When it was last shown, in seconds since 1970.
    seen: i64,
}

impl Found {
    /// Adds the values of another listing, which is newer.
    pub(super) fn add(&mut self, other: Self) {
        self.rules.extend(other.rules);
        self.destinations.extend(other.destinations);
    }

    fn note(&mut self, rule: &Rule) {
        let entry = |about: String| Entry { about, seen: 0 };
        let to = &rule.destination;
        let places = [&to.region, &to.instance, &to.registry, &to.registry_name];
        for place in places.into_iter().flatten() {
            self.destinations
                .insert(place.clone(), entry(String::new()));
        }
        if let Some(reference) = rule.reference() {
            let covers = [&rule.source.namespace, &rule.source.repository];
            let covers: Vec<_> = covers.into_iter().flatten().map(String::as_str).collect();
            let about = [rule.name.clone().unwrap_or_default(), covers.join("/")];
            let about: Vec<_> = about.into_iter().filter(|text| !text.is_empty()).collect();
            self.rules
                .insert(reference.to_string(), entry(about.join(": ")));
        }
    }

    /// Sets the time of all entries.
    fn seen(&mut self, now: i64) {
        let all = self
            .rules
            .values_mut()
            .chain(self.destinations.values_mut());
        all.for_each(|entry| entry.seen = now);
    }

    /// Removes old entries, and the oldest of too many.
    fn prune(&mut self, now: i64) {
        for entries in [&mut self.rules, &mut self.destinations] {
            let mut times: Vec<_> = entries.values().map(|entry| entry.seen).collect();
            times.sort_unstable_by(|a, b| b.cmp(a));
            let oldest = times
                .get(MOST)
                .map_or(i64::MIN, |time| time.saturating_add(1));
            let oldest = oldest.max(now.saturating_sub(FORGOTTEN));
            entries.retain(|_, entry| entry.seen >= oldest);
            while entries.len() > MOST {
                entries.pop_last();
            }
        }
    }
}

/// What the listings of a command show, by the name of the file.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen(Arc<Mutex<BTreeMap<String, Found>>>);

impl Seen {
    /// Returns a function that notes rules of a registry.
    pub(crate) fn of(&self, target: &Target) -> impl Fn(&Rule) + Send + Sync + use<> {
        let (all, file) = (Arc::clone(&self.0), file(target));
        move |rule| {
            let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
            all.entry(file.clone()).or_default().note(rule);
        }
    }

    /// Adds what was noted to the files of a folder. Completions do without what cannot be written.
    ///
    /// This does not await: the listing is complete, and its time limit must not make an error of it.
    pub(crate) fn save(&self, folder: &Path, now: Timestamp) {
        let all = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        for (file, mut new) in all {
            let path = folder.join(file);
            if check_regular(&path).is_err() {
                continue;
            }
            new.seen(now.as_second());
            let mut text = String::new();
            let read =
                File::open(&path).and_then(|file| file.take(LARGEST).read_to_string(&mut text));
            let mut found = decoded(read.ok().map(|_| text));
            found.add(new);
            found.prune(now.as_second());
            if let Ok(text) = serde_json::to_string(&found) {
                let _ = make_folder(&path).and_then(|()| write_whole(&path, &text));
            }
        }
    }
}

/// Reads a file. What cannot be read counts as nothing.
async fn noted(path: &Path) -> Found {
    decoded(read_file(path).await.ok())
}

fn decoded(text: Option<String>) -> Found {
    let found = text.and_then(|text| serde_json::from_str(&text).ok());
    found.unwrap_or_default()
}

/// Returns the folder of the files, unless the user's folder is unknown.
pub(crate) fn folder(around: &Surroundings) -> Option<PathBuf> {
    let folder = around.variable("XDG_CACHE_HOME").map(PathBuf::from);
    let folder = folder
        .or_else(|| around.variable("LOCALAPPDATA").map(PathBuf::from))
        .or_else(|| around.in_home(".cache"));
    folder.map(|folder| folder.join("imgtrack").join("completions"))
}

/// Reads what listings of a registry have shown.
pub(super) async fn read(target: &Target, around: &Surroundings) -> Found {
    let Some(folder) = folder(around) else {
        return Found::default();
    };
    noted(&folder.join(file(target))).await
}

/// Returns the name of a registry's file.
fn file(target: &Target) -> String {
    let name = target.registry_name().unwrap_or_default();
    let plain = name
        .chars()
        .map(|c| match c.is_ascii_alphanumeric() || c == '-' {
            true => c,
            false => '_',
        });
    let mut hash = DefaultHasher::new();
    (name, target.setting_values(), target.is_sandbox()).hash(&mut hash);
    format!("{}-{:016x}.json", plain.collect::<String>(), hash.finish())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn what_is_not_a_regular_file_stays_as_it_is() {
        use std::os::unix::fs::FileTypeExt;
        let folder = tempfile::tempdir().unwrap();
        let now: Timestamp = "2026-12-05T12:00:00Z".parse().unwrap();
        let pipe = folder.path().join("pipe.json");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        let seen = Seen::default();
        let all = ["pipe.json", "file.json"].map(|file| (file.to_owned(), Found::default()));
        seen.0.lock().unwrap().extend(all);
        seen.save(folder.path(), now);
        let kind = std::fs::metadata(&pipe).unwrap().file_type();
        assert!(kind.is_fifo());
        assert!(folder.path().join("file.json").is_file());
    }

    #[test]
    fn old_entries_and_too_many_are_removed() {
        let entry = |seen| Entry {
            about: String::new(),
            seen,
        };
        let mut found = Found::default();
        found.rules.insert("new".to_owned(), entry(FORGOTTEN));
        found.rules.insert("old".to_owned(), entry(-1));
        for number in 0..2 * MOST {
            found.destinations.insert(format!("{number:05}"), entry(7));
        }
        found.prune(FORGOTTEN);
        assert_eq!(found.rules.keys().collect::<Vec<_>>(), ["new"]);
        assert!(found.destinations.len() <= MOST);
    }
}
