//! Tests of the registries' true state, of losses, and of the answers after them.

use super::Trial;
use super::subjects::{Subject, subjects};
use crate::Pace;
use crate::world::{self, Place, Source};

pub(super) const IMAGE: &str = "team/api";

impl Trial {
    pub(super) fn pushed(&self, to: Source, content: &str) -> String {
        self.sandbox.push(to, IMAGE, "r1", content).unwrap()
    }

    pub(super) fn held(&self, place: &Place) -> Option<String> {
        self.sandbox.holds(place, IMAGE, "r1")
    }

    pub(super) fn lost(&self, place: &Place) -> bool {
        self.sandbox.forget(place, IMAGE, "r1")
    }
}

#[tokio::test]
async fn the_truth_is_told_of_every_place() {
    for of in subjects() {
        let (source, destination) = (of.source(), of.destination());
        let trial = Trial::start().await;
        let own = Place::from(source);
        assert_eq!(trial.held(&own), None);
        let digest = trial.pushed(source, "one");
        assert_eq!(trial.held(&own).as_ref(), Some(&digest), "{own}");
        trial.seconds(6);
        assert_eq!(trial.held(&destination), None, "{destination}");
        trial.seconds(1);
        assert_eq!(trial.held(&destination), Some(digest), "{destination}");
        for (repository, tag) in [("team/none", "r1"), (IMAGE, "r9"), ("api", "r1")] {
            assert_eq!(trial.sandbox.holds(&destination, repository, tag), None);
            assert!(!trial.sandbox.forget(&destination, repository, tag));
        }
    }
    let trial = Trial::start().await;
    for nowhere in subjects().map(Subject::nowhere) {
        assert_eq!(trial.held(&nowhere), None);
        assert!(!trial.lost(&nowhere));
    }
    // Images that existed from the start.
    for place in subjects().flat_map(|of| [of.source().into(), of.stocked()]) {
        let held = trial.sandbox.holds(&place, IMAGE, world::FLEET_TAG_ARRIVED);
        assert!(held.is_some(), "{place}");
    }
}

#[tokio::test]
async fn what_is_lost_comes_back_with_the_next_copy() {
    for of in subjects() {
        let (source, destination) = (of.source(), of.destination());
        let trial = Trial::start().await;
        let digest = trial.pushed(source, "one");
        trial.seconds(7);
        assert!(trial.lost(&destination), "{destination}");
        assert!(!trial.lost(&destination), "twice");
        assert_eq!(trial.held(&destination), None);
        trial.seconds(999);
        assert_eq!(trial.held(&destination), None, "by itself it stays away");
        trial.pushed(source, "one");
        trial.seconds(7);
        assert_eq!(trial.held(&destination), Some(digest), "{destination}");
    }
}

#[tokio::test]
async fn an_attempt_that_finds_nothing_fails() {
    // Seconds after the push at which the source loses the image and gets another one; states by
    // seconds; and the content that has arrived in the end.
    for (lost, again, looks, arrives) in [
        // Before the attempt begins, for good.
        (1, None, vec![(6, "run"), (7, "fail"), (9999, "fail")], None),
        // The next attempt finds another image.
        (
            1,
            Some(12),
            vec![(7, "fail"), (17, "run"), (22, "done")],
            Some("two"),
        ),
        // It existed again when the attempt began.
        (1, Some(2), vec![(7, "done")], Some("two")),
        // The attempt had begun.
        (3, None, vec![(6, "run"), (7, "done")], Some("one")),
    ] {
        for of in subjects() {
            let (source, destination) = (of.source(), of.destination());
            let trial = Trial::start().await;
            // A registry with waits of its own uses these.
            trial.sandbox.set_pace(Pace::USUAL);
            let one = trial.pushed(source, "one");
            trial.seconds(lost);
            assert!(trial.lost(&Place::from(source)));
            let mut passed = lost;
            let mut two = None;
            if let Some(at) = again {
                trial.seconds(at - passed);
                passed = at;
                // So that only the first task copies it there.
                of.stop_rules(&trial).await;
                two = Some(trial.pushed(source, "two"));
            }
            for (at, state) in &looks {
                if *at < passed {
                    continue;
                }
                trial.seconds(at - passed);
                passed = *at;
                let newest = of.newest(&trial).await;
                let words: &[_] = match *state {
                    "run" => &["running", "inprogress", "synchronizing"],
                    "fail" => &["failed", "error"],
                    _ => &["success", "succeed"],
                };
                assert!(
                    words.contains(&newest.as_str()),
                    "{destination}: {newest} at {at}"
                );
            }
            let expected = match arrives {
                Some("one") => Some(one),
                Some(_) => two,
                None => None,
            };
            assert_eq!(trial.held(&destination), expected, "{destination}");
        }
    }
}
