//! Memory of one arrival over its looks.
//!
//! One answer proves presence, not absence: listings lag, pages get lost, and services clean records
//! up. So a record that was seen stays known, and a record counts as missing only when several looks
//! agree.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use openapi_transport::{Error, Timestamp};

use super::destination::Destination;
use super::report::{DestinationReport, EvidenceOrigin, Verdict};
use super::sight::{Sight, Work, Works, repository};
use crate::model::{ImageName, TaskRef};

/// How long looks must lack a task before it counts as gone, and how long a listing must have fewer
/// records than its own total before it counts as complete.
const WINDOW: Duration = Duration::from_secs(60);
/// Number of looks in a row that must lack a task before it counts as gone.
const LOOKS: u32 = 3;
/// Number of looks that must agree before a verdict is final.
const AGREEING: u32 = 2;
/// Number of start times that are kept for a task. Registries run a task a few times.
const STARTS: usize = 8;
/// Least seconds between the starts of two runs. The shortest known wait is 16 s.
const BETWEEN_RUNS: i64 = 10;
/// Number of tasks that are remembered although the latest look lacks them.
const REMEMBERED: usize = 10_000;

/// Facts that one arrival has seen so far.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    works: BTreeMap<String, Seen>,
    /// Start of the latest look.
    begun: Option<Duration>,
    /// Whether the latest look has all known works.
    has_all: bool,
    /// Result of the looks at each destination, and how many in a row agree.
    agreeing: BTreeMap<Destination, Agreeing>,
    /// Number of looks in a row that could not read the rules.
    without_rules: u32,
    /// Start of the time in which the listing has fewer records than its total.
    short_since: Option<Duration>,
}

/// Looks in a row with the same result.
#[derive(Debug)]
struct Agreeing {
    verdict: Verdict,
    /// Work of the verdict, and its part.
    work: Option<(EvidenceOrigin, Option<TaskRef>, Option<String>)>,
    digest: Option<String>,
    looks: u32,
    /// Start of the latest of these looks.
    begun: Option<Duration>,
}

#[derive(Debug)]
struct Seen {
    work: Work,
    /// Start of its current state.
    since: Duration,
    /// Start times of its runs.
    starts: BTreeSet<Timestamp>,
    missing: Option<Missing>,
}

/// Looks in a row that lack a task.
#[derive(Clone, Copy, Debug)]
struct Missing {
    since: Duration,
    looks: u32,
}

impl Memory {
    /// Adds the facts of a look that began at `begun`, and returns all known facts about the image. A
    /// look that is added twice counts once.
    ///
    /// # Errors
    /// When the look could not read the tasks of the image.
    pub(crate) fn take(
        &mut self,
        sight: &Sight,
        image: &ImageName,
        begun: Duration,
        now: Duration,
    ) -> Result<Sight, Error> {
        let repository = repository(image);
        let shown = sight.works(image)?;
        let is_new = self.begun.replace(begun) != Some(begun);
        let mut keys = Vec::with_capacity(shown.len());
        for work in shown {
            let key = work.key();
            let work = work.with_plausible_times();
            match self.works.get_mut(&key) {
                Some(seen) => seen.update(&work, now),
                None => {
                    self.works.insert(key.clone(), Seen::new(&work, now));
                }
            }
            keys.push(key);
        }
        for key in &sight.resolved {
            self.works.remove(key);
        }
        let shown: BTreeSet<_> = keys.iter().cloned().collect();
        let lacks = self.miss(&shown, is_new, now);
        let is_short = sight.short.contains(&repository) && self.is_short(now);
        if !sight.short.contains(&repository) {
            self.short_since = None;
        }
        self.has_all = !lacks && !is_short;
        if is_new {
            let could_read = sight.rules(image).is_ok();
            self.without_rules = match could_read {
                true => 0,
                false => self.without_rules.saturating_add(1),
            };
        }
        // In the order of the listing, followed by the works that it lacks.
        let others = self.works.keys().filter(|key| !shown.contains(*key));
        let all = keys.iter().chain(others);
        let works: Works = all
            .filter_map(|key| self.works.get(key))
            .map(|seen| seen.work.clone())
            .collect();
        let rules = sight.rules.get(&repository).cloned();
        let rules = rules.map(|rules| (repository.clone(), rules));
        Ok(Sight {
            rules: rules.into_iter().collect(),
            names: sight.names.clone(),
            works: BTreeMap::from([(repository, Ok(works))]),
            kept_since: sight.kept_since.clone(),
            ..Sight::new(sight.at)
        })
    }

    /// Counts looks that lack known works, and forgets works that are gone. Returns whether this look
    /// lacks a work that may still exist.
    fn miss(&mut self, shown: &BTreeSet<String>, is_new: bool, now: Duration) -> bool {
        let mut lacks = false;
        let mut is_gone = Vec::new();
        for (key, seen) in &mut self.works {
            if shown.contains(key) {
                seen.missing = None;
                continue;
            }
            let missing = seen.missing.get_or_insert(Missing {
                since: now,
                looks: 0,
            });
            missing.looks += u32::from(is_new);
            let settled = missing.looks >= LOOKS && now.saturating_sub(missing.since) >= WINDOW;
            match settled {
                // The result of an ended work stays true after its record is cleaned up.
                true if seen.work.state.is_final() => {}
                true => is_gone.push(key.clone()),
                false => lacks = true,
            }
        }
        for key in &is_gone {
            self.works.remove(key);
        }
        let mut surplus = self.works.len().saturating_sub(shown.len() + REMEMBERED);
        self.works.retain(|key, _| {
            let is_surplus = surplus > 0 && !shown.contains(key);
            surplus -= usize::from(is_surplus);
            !is_surplus
        });
        lacks
    }

    /// Whether a listing with fewer records than its total may still show the rest.
    fn is_short(&mut self, now: Duration) -> bool {
        let since = *self.short_since.get_or_insert(now);
        now.saturating_sub(since) < WINDOW
    }

    /// Stores the result of the latest look at a destination. Returns whether looks in a row agree on
    /// it. A look that lacks known works does not count.
    pub(crate) fn agrees(
        &mut self,
        report: &DestinationReport,
        sight: &Sight,
        image: &ImageName,
    ) -> bool {
        let work = report.evidence.as_ref().map(|evidence| {
            let (task, subtask) = (evidence.task.clone(), evidence.subtask.clone());
            (evidence.origin, task, subtask)
        });
        let known = self.agreeing.remove(&report.destination);
        let same = known.filter(|known| {
            let digest = &report.digest;
            known.verdict == report.verdict && known.work == work && known.digest == *digest
        });
        let mut agreeing = same.unwrap_or_else(|| Agreeing {
            verdict: report.verdict,
            work,
            digest: report.digest.clone(),
            looks: 0,
            begun: None,
        });
        if self.has_all && agreeing.begun != self.begun {
            agreeing.begun = self.begun;
            agreeing.looks = agreeing.looks.saturating_add(1);
        }
        let looks = agreeing.looks;
        self.agreeing.insert(report.destination.clone(), agreeing);
        let rules = match sight.rules.get(&repository(image)) {
            Some(Ok(rules)) => rules.agreed,
            Some(Err(_)) => self.without_rules >= AGREEING,
            None => true,
        };
        rules && looks >= AGREEING
    }

    /// Returns how long the looks have shown a work in its state.
    pub(crate) fn unchanged(&self, work: &Work, now: Duration) -> Duration {
        let seen = self.works.get(&work.key());
        seen.map_or(Duration::ZERO, |seen| now.saturating_sub(seen.since))
    }

    /// Returns how many runs of a work the looks have shown. Close start times are one run that the
    /// service rounds or writes twice.
    pub(crate) fn runs(&self, work: &Work) -> usize {
        let Some(seen) = self.works.get(&work.key()) else {
            return 0;
        };
        let mut last: Option<Timestamp> = None;
        let is_run = |start: &&Timestamp| {
            let passed = last.map(|last| start.duration_since(last).as_secs());
            let is_run = passed.is_none_or(|passed| passed >= BETWEEN_RUNS);
            if is_run {
                last = Some(**start);
            }
            is_run
        };
        seen.starts.iter().filter(is_run).count()
    }
}

impl Seen {
    fn new(work: &Work, now: Duration) -> Self {
        Self {
            starts: work.started.into_iter().collect(),
            work: work.clone(),
            since: now,
            missing: None,
        }
    }

    fn update(&mut self, work: &Work, now: Duration) {
        if self.starts.len() < STARTS {
            self.starts.extend(work.started);
        }
        // A success does not change. An answer with another state is older.
        if self.work.succeeded() && !work.succeeded() {
            return;
        }
        let is_same = self.work.state == work.state && self.work.changed == work.changed;
        if !is_same {
            self.since = now;
        }
        let known = std::mem::replace(&mut self.work, work.clone());
        // The rule may be missing in this look, unless the work itself shows what it did.
        self.work.keeps |= known.keeps && self.work.overwrites.is_none();
        self.work.digest = self.work.digest.take().or(known.digest);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::arrival::read::Agreed;
    use crate::arrival::sight::{Rules, WorkOrigin, WorkTag};
    use crate::model::{ImageRef, TaskRef, TaskState};

    fn work(id: &str, state: TaskState) -> Work {
        Work {
            state,
            ..Work::new(
                WorkOrigin::Task(TaskRef::new(id)),
                WorkTag::Named("v1".to_owned()),
                ImageRef::of_repository("team/api"),
            )
        }
    }

    fn image() -> ImageName {
        "team/api:v1".parse().unwrap()
    }

    fn sight(works: Vec<Work>, is_short: bool) -> Sight {
        let name = repository(&image());
        let rules = Agreed {
            value: Rules::default(),
            agreed: true,
        };
        Sight {
            rules: BTreeMap::from([(name.clone(), Ok(rules))]),
            works: BTreeMap::from([(name.clone(), Ok(works.into_iter().collect()))]),
            short: is_short.then_some(name).into_iter().collect(),
            ..Sight::new(Timestamp::UNIX_EPOCH)
        }
    }

    /// Returns the known tasks after each look, two seconds apart, and whether the looks agree on a
    /// verdict about the first task.
    fn looks(all: Vec<(Vec<Work>, bool)>) -> Vec<(String, bool)> {
        let mut memory = Memory::default();
        let looks = all.into_iter().enumerate();
        let known = looks.map(|(number, (works, is_short))| {
            let begun = Duration::from_secs(2 * number as u64);
            let sight = sight(works, is_short);
            let view = memory.take(&sight, &image(), begun, begun).unwrap();
            let tasks = view.works(&image()).unwrap();
            let texts = tasks
                .iter()
                .map(|work| format!("{} {}", work.task().unwrap(), work.state));
            let report = DestinationReport {
                // The state takes the place of the verdict.
                digest: tasks
                    .first()
                    .map(|work| format!("{} {}", work.task().unwrap(), work.state)),
                ..DestinationReport::new(&Destination::from("x"), Verdict::Arrived, true)
            };
            let texts: Vec<_> = texts.collect();
            let agrees = memory.agrees(&report, &view, &image());
            // The same look does not count twice.
            assert_eq!(memory.agrees(&report, &view, &image()), agrees);
            (texts.join(", "), agrees)
        });
        known.collect()
    }

    #[test]
    fn absence_counts_when_looks_agree_on_it() {
        use TaskState::{Failed, Running, Succeeded};
        let (old, new) = (work("1", Succeeded), work("2", Running));
        let both = || vec![new.clone(), old.clone()];
        let whole = |works| (works, false);
        for (name, shown, last, agrees) in [
            (
                "one look",
                vec![whole(vec![old.clone()])],
                "1 succeeded",
                false,
            ),
            (
                "two looks",
                vec![whole(vec![old.clone()]), whole(vec![old.clone()])],
                "1 succeeded",
                true,
            ),
            (
                "the first look lacks the newest",
                vec![whole(vec![old.clone()]), whole(both())],
                "2 running, 1 succeeded",
                false,
            ),
            (
                "a later look lacks the newest",
                vec![whole(both()), whole(vec![old.clone()])],
                "1 succeeded, 2 running",
                false,
            ),
            (
                "nothing twice, and less than the service counts",
                vec![(vec![], true), (vec![], true)],
                "",
                false,
            ),
            (
                "a success that an older answer shows as running",
                vec![
                    whole(vec![work("2", Succeeded)]),
                    whole(vec![work("2", Running)]),
                ],
                "2 succeeded",
                true,
            ),
            (
                "an end that one look has shown",
                vec![
                    whole(vec![work("2", Running)]),
                    whole(vec![work("2", Running)]),
                    whole(vec![work("2", Succeeded)]),
                ],
                "2 succeeded",
                false,
            ),
            (
                "an end that two looks have shown",
                vec![
                    whole(vec![work("2", Running)]),
                    whole(vec![work("2", Succeeded)]),
                    whole(vec![work("2", Succeeded)]),
                ],
                "2 succeeded",
                true,
            ),
            (
                "a failure that runs again",
                vec![
                    whole(vec![work("2", Failed)]),
                    whole(vec![work("2", Running)]),
                ],
                "2 running",
                false,
            ),
        ] {
            let known = looks(shown);
            assert_eq!(*known.last().unwrap(), (last.to_owned(), agrees), "{name}");
        }
    }

    #[test]
    fn what_was_seen_is_forgotten_when_looks_have_lacked_it_for_a_window() {
        let known = |looks_without: usize, state: TaskState| {
            let seen = (vec![work("1", state)], false);
            let without = std::iter::repeat_n((Vec::new(), false), looks_without);
            let all = std::iter::once(seen).chain(without).collect();
            looks(all).last().unwrap().clone()
        };
        // A look each two seconds: the first without it after 2 s, and the window after that.
        let running = |looks| known(looks, TaskState::Running);
        assert_eq!(running(1), ("1 running".to_owned(), false));
        assert_eq!(running(30), ("1 running".to_owned(), false));
        assert_eq!(running(31), (String::new(), false));
        assert_eq!(running(32), (String::new(), true));
        let done = known(40, TaskState::Succeeded);
        assert_eq!(done, ("1 succeeded".to_owned(), true));
    }

    #[test]
    fn a_listing_that_stays_short_counts_as_whole_after_a_window() {
        let short = |looks_before: usize| {
            let shown = (vec![work("1", TaskState::Succeeded)], true);
            let all = std::iter::repeat_n(shown, looks_before).collect();
            looks(all).last().unwrap().1
        };
        assert!(!short(31));
        assert!(short(32));
    }

    #[test]
    fn runs_are_told_apart_by_their_start() {
        let mut memory = Memory::default();
        for second in [5, 5, 6, 60, 200, 60, 61] {
            let started = Some(Timestamp::from_second(1_800_000_000 + second).unwrap());
            let work = Work {
                started,
                ..work("1", TaskState::Failed)
            };
            let begun = Duration::from_secs(second as u64);
            let sight = sight(vec![work], false);
            memory.take(&sight, &image(), begun, begun).unwrap();
        }
        assert_eq!(memory.runs(&work("1", TaskState::Failed)), 3);
    }
}
