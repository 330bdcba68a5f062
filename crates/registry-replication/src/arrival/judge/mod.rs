//! Verdict on a destination, from the facts of a look. Pure functions: they send no calls and do
//! not wait.

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

/// Question about a destination.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    pub(crate) image: ImageName,
    pub(crate) digest: Option<String>,
    pub(crate) since: Option<Timestamp>,
    /// Whether the source does not have the image, so that no digest is expected.
    pub(crate) is_absent: bool,
    /// When a failure is final.
    pub(crate) settle: Settling,
    /// How long a work may make no progress.
    pub(crate) stall: Duration,
    /// How long a rule may take to create a task.
    pub(crate) task: Duration,
    /// Whether the registry has rules or tasks. If not, the destinations' own answers decide.
    pub(crate) shows_work: bool,
}

/// Known facts in addition to the sight.
#[derive(Clone, Copy)]
pub(crate) struct Known<'a> {
    pub(crate) sight: &'a Sight,
    /// Tag of the source, if it was looked up after the sight.
    pub(crate) source: Option<Option<&'a SourceTag>>,
    /// How long the arrival has waited.
    pub(crate) waited: Duration,
    /// How long the looks have shown a work unchanged.
    pub(crate) unchanged: &'a dyn Fn(&Work) -> Duration,
    /// How many runs of a work the looks have shown.
    pub(crate) runs: &'a dyn Fn(&Work) -> usize,
}

/// Verdict, and whether the source's answer could change it.
#[derive(Debug)]
pub(crate) struct Judged {
    pub(crate) report: DestinationReport,
    pub(crate) needs_source: bool,
}

/// Destination of rules or tasks.
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
    if !question.shows_work {
        let report = DestinationReport {
            place: Some(named(destination, &question.image)),
            ..DestinationReport::new(destination, Verdict::Pending, false)
        };
        return Ok(report.into());
    }
    let sight = known.sight;
    let mut works = sight.works(&question.image)?;
    works.retain(|work| destination.is(&work.destination, &sight.names));
    let rules = match sight.rules(&question.image) {
        Ok(rules) => rules,
        // If there are tasks, they are enough, unless they do not show what they copy.
        Err(error) if works.iter().all(|work| work.tag == WorkTag::Unnamed) => {
            return Err(error.clone());
        }
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
        let (removing, copying): (Vec<_>, Vec<_>) = own.partition(|work| work.removes);
        let copying = copying.into_iter();
        let (unnamed, own) = copying.partition(|work| work.tag == WorkTag::Unnamed);
        Judging {
            question,
            destination,
            known,
            target,
            works: own,
            unnamed,
            removing,
        }
        .judged()
    });
    // If a destination has several places, the image must be at all of them.
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

/// Returns the rules that copy the image to a destination.
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

/// Returns the end that a rule copies an image to. If the rule does not name a namespace or
/// repository, it keeps the image's own.
pub(crate) fn end(rule: &Rule, image: &ImageName) -> ImageRef {
    if let Some(path) = rule.replaced_path(image) {
        let ImageRef {
            namespace,
            repository,
            ..
        } = ImageRef::of_repository(&path);
        return ImageRef {
            namespace,
            repository,
            ..rule.destination.clone()
        };
    }
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

/// Returns the end that a destination names, where no rule does.
fn named(destination: &Destination, image: &ImageName) -> ImageRef {
    let known = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let namespace = destination.own_namespace().unwrap_or(image.namespace());
    ImageRef {
        registry: known(destination.place()),
        namespace: known(namespace),
        repository: known(image.repository()),
        ..ImageRef::default()
    }
}

/// Whether two ends can be the same place: they agree on all that both name.
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
