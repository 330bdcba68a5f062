//! The verdict: from what a look has shown to what can be said of a destination. Nothing is asked
//! here, and nothing waits.

mod target;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

use std::time::Duration;

use openapi_transport::{Error, Timestamp};

use crate::arrival::cover::ReadRule;
use crate::arrival::destination::Destination;
use crate::arrival::explain;
use crate::arrival::report::{DestinationReport, Verdict};
use crate::arrival::sight::{Settling, Sight, SourceTag, Work, WorkTag};
use crate::model::{ImageName, ImageRef, Rule};
use target::Judging;

/// What is asked of a destination.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    pub(crate) image: ImageName,
    pub(crate) digest: Option<String>,
    pub(crate) since: Option<Timestamp>,
    /// Whether the source has no image to expect a digest of.
    pub(crate) is_absent: bool,
    /// When something that failed is final.
    pub(crate) settle: Settling,
    /// How long something may go without getting on.
    pub(crate) stall: Duration,
    /// How long a task may take to come up.
    pub(crate) task: Duration,
}

/// What is known beside the sight.
#[derive(Clone, Copy)]
pub(crate) struct Known<'a> {
    pub(crate) sight: &'a Sight,
    /// What the source has under the tag, if that was looked up: after the sight was taken.
    pub(crate) source: Option<Option<&'a SourceTag>>,
    /// For how long one has waited.
    pub(crate) waited: Duration,
    /// For how long a work has been seen unchanged.
    pub(crate) unchanged: &'a dyn Fn(&Work) -> Duration,
    /// How many runs of a work have been seen.
    pub(crate) runs: &'a dyn Fn(&Work) -> usize,
}

/// A verdict, and whether it would be another if the source were looked up.
#[derive(Debug)]
pub(crate) struct Judged {
    pub(crate) report: DestinationReport,
    pub(crate) needs_source: bool,
}

/// One place that rules or tasks lead to.
struct Target<'a> {
    end: ImageRef,
    rules: Vec<&'a ReadRule>,
}

/// Judges one destination.
pub(crate) fn judge(
    question: &Question,
    destination: &Destination,
    known: Known<'_>,
) -> Result<Judged, Error> {
    let sight = known.sight;
    let mut works = sight.works(&question.image)?;
    works.retain(|work| destination.is(&work.destination, &sight.names));
    let rules = match sight.rules(&question.image) {
        Ok(rules) => rules,
        // Tasks say enough where there are any.
        Err(error) if works.is_empty() => return Err(error.clone()),
        Err(_) => &[],
    };
    let mut targets: Vec<Target<'_>> = Vec::new();
    for rule in leading(rules, &question.image, destination, sight) {
        let end = end(rule, &question.image);
        match targets.iter_mut().find(|target| target.end == end) {
            Some(target) => target.rules.push(rule),
            None => targets.push(Target {
                end,
                rules: vec![rule],
            }),
        }
    }
    if targets.is_empty() {
        for work in &works {
            let is_new = |target: &Target<'_>| !agree(&target.end, &work.destination);
            if targets.iter().all(is_new) {
                targets.push(Target {
                    end: work.destination.clone(),
                    rules: Vec::new(),
                });
            }
        }
    }
    let judged = targets.iter().map(|target| {
        let own = works.iter().copied();
        let own = own.filter(|work| agree(&target.end, &work.destination));
        let (unnamed, own) = own.partition(|work| work.tag == WorkTag::Unnamed);
        Judging {
            question,
            destination,
            known,
            target,
            works: own,
            unnamed,
        }
        .judged()
    });
    // An image that comes to two places there is there when it is at both.
    let worst = judged.max_by_key(|judged| judged.report.verdict);
    Ok(worst.unwrap_or_else(|| {
        let reasons = explain::no_rule(rules, &question.image, destination, sight);
        Judged {
            report: DestinationReport {
                reasons,
                ..DestinationReport::new(destination, Verdict::NoRule, true)
            },
            needs_source: false,
        }
    }))
}

/// The rules that copy the image there.
pub(crate) fn leading<'a>(
    rules: &'a [ReadRule],
    image: &ImageName,
    destination: &Destination,
    sight: &Sight,
) -> Vec<&'a ReadRule> {
    let rules = rules.iter();
    rules
        .filter(|rule| destination.is(&end(rule, image), &sight.names))
        .filter(|rule| rule.covers(image))
        .collect()
}

/// Where a rule copies an image to. Namespace and repository are the image's own unless the rule
/// says otherwise.
pub(crate) fn end(rule: &Rule, image: &ImageName) -> ImageRef {
    let or = |named: &Option<String>, own: &str| {
        let own = Some(own).filter(|own| !own.is_empty());
        named.clone().or_else(|| own.map(str::to_owned))
    };
    ImageRef {
        namespace: or(&rule.destination.namespace, image.namespace()),
        repository: or(&rule.destination.repository, image.repository()),
        ..rule.destination.clone()
    }
}

/// Whether two ends can be the same place: what both name is the same.
fn agree(one: &ImageRef, other: &ImageRef) -> bool {
    let pairs = [
        (&one.region, &other.region),
        (&one.instance, &other.instance),
        (&one.registry, &other.registry),
        (&one.namespace, &other.namespace),
        (&one.repository, &other.repository),
    ];
    let mut pairs = pairs.into_iter();
    pairs.all(|(one, other)| one.is_none() || other.is_none() || one == other)
}
