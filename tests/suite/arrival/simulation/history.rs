//! Histories: events, and waits for their effects. A history depends on its seed only.

use registry_sandbox::Outcome;

use super::Random;
use crate::subjects::Subject;

/// Name of a tag.
pub(crate) type Tag = &'static str;

pub(crate) const TAGS: [Tag; 3] = ["v1", "v2", "latest"];

/// Events and waits, by time.
#[derive(Debug)]
pub(crate) struct History {
    pub(crate) of: &'static dyn Subject,
    pub(crate) seed: u64,
    /// Whether rules overwrite an existing tag at the destination.
    pub(crate) overwrites: bool,
    /// Moments, by time.
    pub(crate) moments: Vec<Moment>,
    pub(crate) asked: Vec<Asked>,
    /// Page size of the listings at the end, during which this number of records come and go.
    pub(crate) records: u64,
    pub(crate) page_size: u32,
}

/// Event or wait after a number of seconds.
#[derive(Debug)]
pub(crate) struct Moment {
    pub(crate) at: u64,
    pub(crate) event: Event,
}

/// Event of a history. Destinations are named by their number.
#[derive(Debug)]
pub(crate) enum Event {
    /// Content is pushed under the tag, perhaps the same as before.
    Push { tag: &'static str, content: u64 },
    /// The outcome of future work on the tag changes.
    Decide {
        tag: &'static str,
        destination: Option<usize>,
        outcome: Outcome,
    },
    /// The durations of future work change, in seconds.
    Pace {
        waits: u64,
        runs: u64,
        pause: u64,
        lag: u64,
    },
    /// A destination loses the tag.
    Lose {
        tag: &'static str,
        destination: usize,
    },
    /// The tag is deleted at the source.
    Delete { tag: &'static str },
    /// Old records are removed.
    Purge { records: u64 },
    /// The rule for the destination is deleted, and created again after a while.
    Rule { destination: usize, made: bool },
    /// The tag is copied on request.
    ByHand {
        tag: &'static str,
        destination: usize,
    },
    /// Running work is stopped.
    Stop,
}

/// Wait of a history.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) at: u64,
    pub(crate) tag: &'static str,
    pub(crate) by: By,
    pub(crate) destinations: Vec<usize>,
    pub(crate) any: bool,
    pub(crate) proof: bool,
    pub(crate) deadline: u64,
}

/// Condition of a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    /// The digest that the source has under the tag when the wait begins.
    Digest,
    /// The time of the last push of the tag.
    Since,
    /// The digest that the source has, which the wait itself looks up.
    Source,
    /// The newest task.
    Newest,
}

/// Longest history, in seconds.
pub(crate) const END: u64 = 900;

impl History {
    pub(crate) fn new(of: &'static dyn Subject, seed: u64) -> Self {
        let mut random = Random(seed ^ ((of.number() as u64 + 1) << 32));
        let overwrites = random.percent(70);
        let mut moments = Vec::new();
        for _ in 0..random.within(6..=16) {
            let at = random.below(END / 2);
            moments.push(Moment {
                at,
                event: event(&mut random, of),
            });
        }
        for tag in TAGS {
            moments.push(Moment {
                at: random.below(60),
                event: Event::Push { tag, content: 0 },
            });
        }
        moments.sort_by_key(|moment| moment.at);
        let asked = (0..random.within(1..=3)).map(|_| asked(&mut random, of));
        let asked = asked.collect();
        Self {
            of,
            seed,
            overwrites,
            moments,
            asked,
            records: random.within(10..=60),
            page_size: u32::try_from(random.within(16..=40)).unwrap(),
        }
    }
}

impl Random {
    fn tag(&mut self) -> Tag {
        self.one::<Tag>(&TAGS)
    }
}

fn event(random: &mut Random, of: &'static dyn Subject) -> Event {
    let tag = random.tag();
    let count = of.destinations().len() as u64;
    let destination = usize::try_from(random.below(count)).unwrap();
    match random.below(100) {
        0..=34 => Event::Push {
            tag,
            content: random.below(5),
        },
        35..=54 => Event::Decide {
            tag,
            destination: random.percent(50).then_some(destination),
            outcome: match random.below(10) {
                0 => Outcome::Succeeds,
                1..=4 => Outcome::FailsFirst(u32::try_from(random.within(1..=3)).unwrap()),
                5..=8 => Outcome::Fails,
                _ => Outcome::Stalls,
            },
        },
        55..=64 => Event::Pace {
            waits: random.below(20),
            runs: random.within(1..=60),
            // At most as long as failures take to settle.
            pause: random.within(1..=of.longest_pause()),
            lag: random.below(120),
        },
        65..=71 => Event::Lose { tag, destination },
        72..=74 => Event::Delete { tag },
        75..=79 => Event::Purge {
            records: random.within(1..=10),
        },
        80..=86 => Event::Rule {
            destination,
            made: random.percent(50),
        },
        87..=95 => Event::ByHand { tag, destination },
        _ => Event::Stop,
    }
}

fn asked(random: &mut Random, of: &'static dyn Subject) -> Asked {
    let count = of.destinations().len();
    let mut all: Vec<_> = (0..count).filter(|_| random.percent(60)).collect();
    if all.is_empty() {
        all.push(usize::try_from(random.below(count as u64)).unwrap());
    }
    let at = random.within(30..=END / 2);
    let tag = random.tag();
    let by = *random.one(&[
        By::Digest,
        By::Source,
        By::Source,
        By::Since,
        By::Since,
        By::Newest,
    ]);
    Asked {
        at,
        tag,
        by: match by {
            // Without tasks, there is no time to compare.
            By::Since if !of.has_rules() => By::Digest,
            by => by,
        },
        destinations: all,
        any: random.percent(20),
        proof: random.percent(30),
        deadline: random.within(60..=1800),
    }
}
