//! What a wait reports where the destinations alone decide, held against the truth.

use jiff::SignedDuration;
use openapi_transport::Timestamp;
use registry_replication::{Report, Verdict};
use registry_sandbox::world::Place;

use super::history::{Asked, By};
use super::play::Play;

/// A wait accepts answers of others that are this old: its quickest interval.
const SLACK: SignedDuration = SignedDuration::from_secs(5);

/// What one wait has reported so far.
pub(super) struct Told<'a> {
    asked: &'a Asked,
    /// Start of the wait, and then the times of its reports.
    times: Vec<Timestamp>,
    /// Digest that the last report expected.
    expected: Option<String>,
    /// Number of undisturbed reports in a row while the source had it.
    named: usize,
    /// How many reports in a row each destination has had what is expected, undisturbed.
    ready: Vec<usize>,
    /// Number of disturbed answers by the last report.
    faulty: usize,
}

impl<'a> Told<'a> {
    pub(super) fn begin(asked: &'a Asked, now: Timestamp, faulty: usize) -> Self {
        Self {
            asked,
            times: vec![now],
            expected: None,
            named: 0,
            ready: vec![0; asked.destinations.len()],
            faulty,
        }
    }

    /// The earliest time of the answers of the last two looks.
    fn two_looks(&self) -> Timestamp {
        let earlier = self.times.len().saturating_sub(2);
        self.times[earlier] - SLACK
    }
}

impl Play<'_> {
    /// Holds a report against the truth.
    pub(super) fn hold_alone(&self, told: &mut Told<'_>, digest: &str, report: &Report) {
        let asked = told.asked;
        let stage = &self.stage;
        let (sandbox, name) = (&stage.trial.sandbox, stage.name());
        let source = Place::from(self.history.of.source());
        let context = format!("{asked:?}\nsaid: {report:#?}");
        assert!(
            !report.is_final || report.verdict == Verdict::Arrived,
            "{context}"
        );
        // What the wait has found out by itself.
        let digest = match asked.by {
            By::Source => report.expected.clone(),
            _ => Some(digest.to_owned()),
        };
        for (number, said) in asked.destinations.iter().zip(&report.destinations) {
            let place = &stage.destinations[*number].place;
            let possible = [Verdict::Arrived, Verdict::Pending, Verdict::DigestMismatch];
            assert!(possible.contains(&said.verdict), "{context}");
            let is_arrived = said.verdict == Verdict::Arrived;
            assert!(!said.is_final || is_arrived, "{context}");
            if !is_arrived {
                continue;
            }
            let given = self.faults.given(place, asked.tag, told.two_looks());
            let mut had = given.iter().filter_map(|given| given.had.as_ref());
            let there = match asked.by {
                By::Newest => had.next().is_some(),
                _ => had.any(|had| Some(had) == digest.as_ref()),
            };
            assert!(there, "false arrived: {context}\n{given:#?}");
            if asked.by == By::Source {
                let given = self.faults.given(&source, asked.tag, told.times[0] - SLACK);
                let is_right = given.iter().any(|given| given.had == digest);
                assert!(is_right, "the source never had it: {context}\n{given:#?}");
            }
        }
        let at_source = sandbox.holds(&source, &name, asked.tag);
        let wanted = match asked.by {
            By::Newest => at_source.clone(),
            _ => digest,
        };
        // The source has to name it twice, too.
        let is_named = asked.by != By::Source || at_source == wanted;
        self.hold_liveness(told, report, is_named, |place| {
            wanted.is_some() && sandbox.holds(place, &name, asked.tag) == wanted
        });
        // A report in trouble repeats an earlier one.
        if report.trouble.is_none() {
            told.times.push(stage.trial.now());
        }
        if report.is_final {
            self.log.borrow_mut().tally.arrived += 1;
        }
    }

    /// A wait arrives within two reports that nothing disturbs, once the copies are there. A look that
    /// is shared may be a little older than the copies.
    fn hold_liveness(
        &self,
        told: &mut Told<'_>,
        report: &Report,
        is_named: bool,
        is_there: impl Fn(&Place) -> bool,
    ) {
        let asked = told.asked;
        let faulty = self.faults.faulty();
        let is_undisturbed = faulty == told.faulty && report.trouble.is_none();
        let is_same = told.expected == report.expected;
        let limit = match self.history.asked.len() {
            1 => 2,
            _ => 3,
        };
        let before = if is_same { told.named } else { 0 };
        told.named = match is_undisturbed && is_named {
            _ if before >= limit => before,
            true => before + 1,
            false => 0,
        };
        for (number, ready) in asked.destinations.iter().zip(&mut told.ready) {
            let place = &self.stage.destinations[*number].place;
            let before = if is_same { *ready } else { 0 };
            *ready = match is_undisturbed && told.named > 0 && is_there(place) {
                true => before + 1,
                false => 0,
            };
        }
        told.faulty = faulty;
        told.expected.clone_from(&report.expected);
        let mut ready = told.ready.iter().map(|ready| *ready >= limit);
        let is_due = match asked.any {
            true => ready.any(|ready| ready),
            false => ready.all(|ready| ready),
        };
        assert!(
            !is_due || (report.is_final && report.verdict == Verdict::Arrived),
            "late: {asked:?}\nsaid: {report:#?}"
        );
    }
}
