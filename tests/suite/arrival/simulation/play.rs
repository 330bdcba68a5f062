//! Plays a history, and compares all reports with the truth.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::{join, join_all, select};
use futures_util::{StreamExt, TryStreamExt};
use jiff::SignedDuration;
use openapi_transport::testing::Schedule;
use openapi_transport::{Clock, Timestamp};
use registry_replication::{
    Basis, DestinationReport, Feature, Listing, Polling, Report, Task, TaskScope, TaskState,
    Verdict, WaitError,
};
use registry_sandbox::world::Place;
use registry_sandbox::{Outcome, Pace};

use super::Random;
use super::alone::Told;
use super::faults::Faults;
use super::history::{Asked, By, Event, History, TAGS};
use super::stage::Stage;

/// Counts of verdicts and faults, which reveal a simulation without events.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) arrived: usize,
    pub(crate) failed: usize,
    pub(crate) stalled: usize,
    pub(crate) mismatched: usize,
    pub(crate) without_rule: usize,
    pub(crate) without_task: usize,
    pub(crate) out_of_time: usize,
    pub(crate) listed: usize,
    /// Number of disturbed answers.
    pub(crate) faulty: usize,
    pub(crate) requests: u64,
}

impl Tally {
    pub(crate) fn add(&mut self, other: &Self) {
        self.arrived += other.arrived;
        self.failed += other.failed;
        self.stalled += other.stalled;
        self.mismatched += other.mismatched;
        self.without_rule += other.without_rule;
        self.without_task += other.without_task;
        self.out_of_time += other.out_of_time;
        self.listed += other.listed;
        self.faulty += other.faulty;
        self.requests += other.requests;
    }
}

/// Log of events that justify or contradict verdicts.
#[derive(Default)]
pub(super) struct Log {
    /// Pushes: time, tag and digest.
    pushes: Vec<(Timestamp, &'static str, String)>,
    /// Tags that destinations have lost.
    lost: BTreeSet<(usize, &'static str)>,
    purged: bool,
    /// Reports with the verdict "failed".
    failed: Vec<DestinationReport>,
    pub(super) tally: Tally,
}

pub(super) struct Play<'a> {
    pub(super) stage: Stage,
    pub(super) faults: Arc<Faults>,
    pub(super) history: &'a History,
    pub(super) log: RefCell<Log>,
    /// Number of running tasks: the one that plays events, and the waits.
    live: Cell<usize>,
}

pub(crate) async fn play(history: &History) -> Tally {
    let stage = Stage::set(history).await;
    let faults = Faults::begin(history.seed, history.of, &stage);
    let play = Play {
        stage,
        faults,
        history,
        log: RefCell::default(),
        live: Cell::new(1 + history.asked.len()),
    };
    let waits = join_all(history.asked.iter().map(|asked| play.ask(asked)));
    let all = join(play.happen(), waits);
    let clock = play.stage.trial.clock.clone();
    // Waits that share a question share its pauses, too. Then fewer tasks sleep than are running.
    let is_stuck = Cell::new(false);
    let live = || match is_stuck.take() {
        true => 1,
        false => play.live.get(),
    };
    let pauses = play.notice_pauses(&is_stuck);
    let all = select(Box::pin(all), Box::pin(pauses));
    clock.run(all, live, Schedule::default()).await;
    play.log.borrow_mut().tally.faulty = play.faults.end();
    // By then, the registry has made all its retries.
    clock.advance(Duration::from_secs(3 * 3600));
    if history.of.has_rules() {
        play.see_failures_through().await;
        play.list().await;
    }
    let mut tally = play.log.into_inner().tally;
    tally.requests = play.stage.trial.sandbox.requests();
    tally
}

impl Play<'_> {
    /// Sets `is_stuck` when time stands still and no request is answered.
    async fn notice_pauses(&self, is_stuck: &Cell<bool>) {
        let trial = &self.stage.trial;
        if self.history.of.has_rules() {
            // Calls of a look that all waits drive are not repeated here.
            return std::future::pending().await;
        }
        let mut before = None;
        loop {
            let now = Some((trial.clock.elapsed(), trial.sandbox.requests()));
            is_stuck.set(now == before);
            before = now;
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }

    async fn until(&self, second: u64) {
        let clock = &self.stage.trial.clock;
        let passed = clock.elapsed();
        clock
            .sleep(Duration::from_secs(second).saturating_sub(passed))
            .await;
    }

    async fn happen(&self) {
        for moment in &self.history.moments {
            self.until(moment.at).await;
            // The player of events sees undisturbed answers.
            self.faults.set(false);
            self.let_happen(&moment.event).await;
            self.note_truth();
            self.faults.set(true);
        }
        self.live.set(self.live.get() - 1);
    }

    /// Lets faults show later what registries have now.
    fn note_truth(&self) {
        let destinations = self.stage.destinations.iter();
        let places = destinations.map(|destination| destination.place.clone());
        let source = Place::from(self.history.of.source());
        for place in places.chain([source]) {
            TAGS.iter().for_each(|tag| self.faults.note(&place, tag));
        }
    }

    async fn let_happen(&self, event: &Event) {
        let (stage, sandbox) = (&self.stage, &self.stage.trial.sandbox);
        let (of, name) = (self.history.of, stage.name());
        let source = of.source();
        let seconds = |seconds: u64| SignedDuration::from_secs(i64::try_from(seconds).unwrap());
        match event {
            Event::Push { tag, content } => {
                let digest = stage.push(tag, &format!("content {content}"));
                let now = stage.trial.now();
                self.log.borrow_mut().pushes.push((now, tag, digest));
            }
            Event::Decide {
                tag,
                destination,
                outcome,
            } => {
                let destination = destination.and_then(|number| of.decided(number));
                sandbox.decide(&name, Some(tag), destination, *outcome);
            }
            Event::Pace {
                waits,
                runs,
                pause,
                lag,
            } => {
                let pace = Pace::new(seconds(*waits), seconds(*runs), seconds(*pause));
                sandbox.set_pace(pace.with_lag(seconds(*lag)));
            }
            Event::Lose { tag, destination } => {
                let place = &stage.destinations[*destination].place;
                if sandbox.forget(place, &name, tag) {
                    self.log.borrow_mut().lost.insert((*destination, tag));
                }
            }
            Event::Delete { tag } => {
                sandbox.forget(&Place::from(of.source()), &name, tag);
            }
            Event::Purge { records } => {
                let mut due = 0..*records;
                let purged = sandbox.purge_tasks(source, |record| {
                    record.repository == name && due.next().is_some()
                });
                self.log.borrow_mut().purged |= purged > 0;
            }
            Event::Rule { destination, made } => match made {
                true => stage.make_rule(*destination).await,
                false => {
                    stage.delete_rule(*destination).await;
                    // This deletes its executions, too.
                    let gone = of.descriptor().has(Feature::Executions);
                    self.log.borrow_mut().purged |= gone;
                }
            },
            Event::ByHand { tag, destination } => stage.by_hand(tag, *destination).await,
            Event::Stop if !of.has_rules() => {}
            Event::Stop => {
                for work in self.at_work().await {
                    stage.stop(&work).await;
                }
            }
        }
    }

    /// Returns the ids of work that can be stopped.
    async fn at_work(&self) -> Vec<String> {
        let registry = &self.stage.registry;
        if self.history.of.descriptor().has(Feature::Executions) {
            let executions: Vec<_> = all(registry.executions_of(None)).await;
            let own = executions.into_iter().filter(|one| !one.state.is_final());
            return own.map(|one| one.id).collect();
        }
        let image = self.stage.name().parse().unwrap();
        let tasks = all(registry.tasks_of(&TaskScope::Image(image))).await;
        let own = tasks.into_iter().filter(|task| !task.state.is_final());
        own.map(|task| task.id).collect()
    }

    async fn ask(&self, asked: &Asked) {
        self.until(asked.at).await;
        let stage = &self.stage;
        let source = Place::from(self.history.of.source());
        let name = stage.name();
        let sandbox = &stage.trial.sandbox;
        // An image that was never pushed must not be called arrived, either.
        let digest = sandbox.holds(&source, &name, asked.tag);
        let digest = digest.unwrap_or_else(|| format!("sha256:{}", "0".repeat(64)));
        let since = {
            let log = self.log.borrow();
            let mut pushes = log.pushes.iter().rev();
            let last = pushes.find(|(_, tag, _)| *tag == asked.tag);
            last.map_or_else(|| stage.trial.now(), |(at, ..)| *at)
        };
        let seconds = Duration::from_secs;
        let mut arrival = stage
            .registry
            .arrival(&format!("{name}:{}", asked.tag))
            .polling(Polling::new(seconds(5), seconds(60)));
        for number in &asked.destinations {
            let destination = &stage.destinations[*number];
            arrival = arrival.to(&*destination.name);
            if asked.proof {
                arrival = arrival.proof(&*destination.name, destination.proof.clone());
            }
        }
        arrival = match asked.by {
            By::Digest => arrival.digest(&digest),
            By::Since => arrival.since(since),
            By::Source => arrival,
            By::Newest => arrival.newest(),
        };
        if asked.any {
            arrival = arrival.any();
        }
        let mut wait = arrival.wait(seconds(asked.deadline));
        let begun = stage.trial.clock.elapsed();
        let mut told = Told::begin(asked, stage.trial.now(), self.faults.faulty());
        while let Some(item) = wait.next().await {
            match item {
                Ok(report) if !self.history.of.has_rules() => {
                    self.hold_alone(&mut told, &digest, &report);
                }
                Ok(report) => self.hold(asked, &digest, since, &report),
                Err(WaitError::NotArrived(report)) if !self.history.of.has_rules() => {
                    panic!("{asked:?}: nothing is final without rules: {report:#?}")
                }
                Err(WaitError::Call { error, .. }) => panic!("{asked:?}: {error}"),
                Err(WaitError::DeadlinePassed { .. }) => {
                    let took = stage.trial.clock.elapsed() - begun;
                    assert!(took >= seconds(asked.deadline), "{asked:?} {took:?}");
                    assert!(took <= seconds(asked.deadline + 1), "{asked:?} {took:?}");
                    self.log.borrow_mut().tally.out_of_time += 1;
                }
                Err(_) => {}
            }
        }
        self.live.set(self.live.get() - 1);
    }

    /// Compares a report with the truth.
    fn hold(&self, asked: &Asked, digest: &str, since: Timestamp, report: &Report) {
        let stage = &self.stage;
        let mut log = self.log.borrow_mut();
        // The digest that the wait has looked up itself.
        let digest = match asked.by {
            By::Source => report.expected.as_deref().unwrap_or(digest),
            _ => digest,
        };
        let by_digest = matches!(asked.by, By::Digest | By::Source);
        for (number, said) in asked.destinations.iter().zip(&report.destinations) {
            let place = &stage.destinations[*number].place;
            let held = stage.trial.sandbox.holds(place, &stage.name(), asked.tag);
            let lost = log.lost.contains(&(*number, asked.tag));
            let context = format!("{asked:?}\nheld: {held:?}\nsaid: {said:#?}");
            match said.verdict {
                Verdict::Arrived => {
                    let there = match asked.by {
                        By::Digest | By::Source => held.as_deref() == Some(digest),
                        By::Since => log.pushes.iter().any(|(at, tag, pushed)| {
                            let counts = *at >= since || log.is_last_before(*at, since, tag);
                            *tag == asked.tag && counts && Some(pushed) == held.as_ref()
                        }),
                        By::Newest => held.is_some(),
                    };
                    // Without a proof, the wait cannot know what the destination has lost since.
                    // Without overwriting, it cannot know either which image took the tag before the
                    // remaining records; the report says so.
                    let kept = log.purged && said.rests_on == Some(Basis::FirstCopy);
                    let unknown = !asked.proof && (lost || kept);
                    assert!(there || unknown, "false arrived: {context}");
                }
                Verdict::Failed => {
                    // If an image was pushed twice, tasks without digests do not tell that an older
                    // task has copied it before.
                    let mut pushes = log.pushes.iter();
                    let again = |(_, tag, pushed): &&_| *tag == asked.tag && pushed == digest;
                    let twice = pushes.by_ref().filter(again).count() > 1
                        && !self.history.of.descriptor().offers.digests;
                    if by_digest && !log.purged && (asked.proof || !twice) {
                        assert_ne!(held.as_deref(), Some(digest), "false failed: {context}");
                    }
                    log.failed.push(said.clone());
                }
                // The digest that is reported for the destination, not for the source.
                Verdict::DigestMismatch if by_digest && said.digest.is_some() => {
                    let there = held.as_deref() == Some(digest);
                    let unknown = !asked.proof && (lost || log.purged);
                    assert!(!there || unknown, "false mismatch: {context}");
                }
                _ => {}
            }
            if report.is_final {
                let tally = &mut log.tally;
                *match said.verdict {
                    Verdict::Arrived => &mut tally.arrived,
                    Verdict::Failed => &mut tally.failed,
                    Verdict::Stalled => &mut tally.stalled,
                    Verdict::DigestMismatch => &mut tally.mismatched,
                    Verdict::NoRule => &mut tally.without_rule,
                    Verdict::NoTask => &mut tally.without_task,
                    _ => continue,
                } += 1;
            }
        }
    }

    /// Checks that every reported failure is permanent.
    async fn see_failures_through(&self) {
        let failed = std::mem::take(&mut self.log.borrow_mut().failed);
        for said in failed {
            let evidence = said.evidence.as_ref().unwrap();
            let registry = &self.stage.registry;
            let state = match (&evidence.execution, &evidence.subtask) {
                (Some(_), Some(subtask)) => {
                    let subtasks = registry
                        .subtasks_of(evidence.task.as_ref().unwrap())
                        .by_item();
                    let subtasks: Vec<_> = subtasks.try_collect().await.unwrap_or_default();
                    let mut own = subtasks.into_iter().filter(|one| one.id == *subtask);
                    own.next().map(|one| one.state)
                }
                (execution, _) => {
                    let scope = match execution {
                        Some(execution) => TaskScope::Execution(execution.clone()),
                        None => TaskScope::Image(self.stage.name().parse().unwrap()),
                    };
                    let tasks = registry.tasks_of(&scope).by_item();
                    let tasks: Vec<Task> = tasks.try_collect().await.unwrap_or_default();
                    let mut own = tasks.into_iter();
                    let own = own.find(|task| task.reference() == *evidence.task.as_ref().unwrap());
                    own.map(|task| task.state)
                }
            };
            // A removed record no longer has a state.
            let Some(state) = state else { continue };
            let for_good = [TaskState::Failed, TaskState::Cancelled, TaskState::TimedOut];
            assert!(for_good.contains(&state), "false failed: {state} {said:#?}");
        }
    }

    /// Lists tasks while others come and go.
    async fn list(&self) {
        let stage = &self.stage;
        let source = self.history.of.source();
        stage.trial.sandbox.set_pace(Pace::USUAL);
        for number in 0..self.history.records {
            stage.push(&format!("x{number}"), "content");
        }
        for tag in TAGS {
            stage
                .trial
                .sandbox
                .decide(&stage.name(), Some(tag), None, Outcome::Succeeds);
        }
        stage.trial.clock.advance(Duration::from_secs(600));
        let before = self.ids(100).await;
        let sandbox = Arc::downgrade(&stage.trial.sandbox);
        let random = Mutex::new(Random(self.history.seed));
        let name = stage.name();
        stage.trial.sandbox.on_request(move |_| {
            let Some(sandbox) = sandbox.upgrade() else {
                return;
            };
            let mut random = random.lock().unwrap();
            for _ in 0..random.below(3) {
                let tag = format!("y{}", random.below(1000));
                sandbox.push(source, &name, &tag, "content").unwrap();
            }
            let skip = random.below(60);
            let mut passed = 0;
            let mut due = 0..random.below(4);
            sandbox.purge_tasks(source, |record| {
                passed += 1;
                record.repository == name && passed > skip && due.next().is_some()
            });
        });
        let listed = self.ids(self.history.page_size).await;
        stage.trial.sandbox.on_request(|_| {});
        let after: BTreeSet<_> = self.ids(100).await.into_iter().collect();
        let throughout: BTreeSet<_> = before.into_iter().filter(|id| after.contains(id)).collect();
        let once: BTreeSet<_> = listed.iter().cloned().collect();
        assert_eq!(once.len(), listed.len(), "a record came twice: {listed:?}");
        let missed: Vec<_> = throughout.difference(&once).collect();
        assert!(missed.is_empty(), "lost: {missed:?}");
        self.log.borrow_mut().tally.listed += listed.len();
    }

    /// Returns the ids of the executions, or else of the tasks of the repository.
    async fn ids(&self, page_size: u32) -> Vec<String> {
        let registry = &self.stage.registry;
        if self.history.of.descriptor().has(Feature::Executions) {
            let executions = all(registry.executions_of(None).page_size(page_size)).await;
            return executions.into_iter().map(|one| one.id).collect();
        }
        let image = self.stage.name().parse().unwrap();
        let tasks = registry.tasks_of(&TaskScope::Image(image));
        let tasks = all(tasks.page_size(page_size)).await;
        tasks.into_iter().map(|task| task.id).collect()
    }
}

impl Log {
    /// Whether a push is the last one of the tag before a time.
    fn is_last_before(&self, at: Timestamp, since: Timestamp, tag: &str) -> bool {
        let before = self.pushes.iter();
        let before = before.filter(|(pushed, other, _)| *other == tag && *pushed <= since);
        before.map(|(pushed, ..)| *pushed).max() == Some(at)
    }
}

async fn all<T: Send + 'static>(listing: Listing<T>) -> Vec<T> {
    listing.by_item().try_collect().await.unwrap()
}
