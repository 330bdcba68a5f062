//! Cells: one value for people, for programs, and for sorting.

use std::cmp::Ordering;

use jiff::tz::TimeZone;
use registry_replication::{TaskState, Timestamp, Verdict};

use super::time;
use crate::styled::Tone;

/// How values are shown to people.
#[derive(Clone, Debug)]
pub(crate) struct View {
    /// Whether there is room for values in full.
    pub(crate) is_wide: bool,
    /// Whether the terminal has an end. Then long values leave room for other columns.
    pub(crate) is_narrow: bool,
    /// Whether times are shown as ages where there is little room.
    pub(crate) has_ages: bool,
    /// The time that ages count from.
    pub(crate) now: Timestamp,
    pub(crate) zone: TimeZone,
}

/// Value of a column.
#[derive(Clone, Debug)]
pub(crate) enum Cell {
    Text(String),
    /// A text that may be long, and a shorter one for a terminal.
    Abridged {
        short: String,
        full: String,
    },
    /// A name whose end tells most, as an image's tag does.
    Name(String),
    /// A word for a state, and a note that a table shows with it.
    State {
        word: String,
        tone: Tone,
        note: String,
    },
    Time(Option<Timestamp>),
    /// Duration in milliseconds.
    Took(Option<i64>),
    /// Duration in milliseconds until now.
    Age(Option<i64>),
    Count(Option<i64>),
    Flag(Option<bool>),
    Digest(Option<String>),
}

/// Text for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) text: String,
    pub(crate) tone: Tone,
    /// Whether a cut leaves the end.
    pub(crate) keeps_end: bool,
}

impl From<String> for Shown {
    fn from(text: String) -> Self {
        Self {
            text,
            tone: Tone::Plain,
            keeps_end: false,
        }
    }
}

impl Cell {
    /// A text, or nothing.
    pub(crate) fn text(text: Option<impl ToString>) -> Self {
        Self::Text(text.map(|text| text.to_string()).unwrap_or_default())
    }

    /// A name, or nothing.
    pub(crate) fn name(name: Option<impl ToString>) -> Self {
        Self::Name(name.map(|name| name.to_string()).unwrap_or_default())
    }

    /// A count that may be larger than any real one.
    pub(crate) fn count(count: u64) -> Self {
        Self::Count(Some(i64::try_from(count).unwrap_or(i64::MAX)))
    }

    /// The state of a task, and a note.
    pub(crate) fn state(state: &TaskState, note: String) -> Self {
        let tone = match state {
            TaskState::Succeeded | TaskState::AlreadyThere => Tone::Good,
            TaskState::Failed | TaskState::TimedOut => Tone::Bad,
            TaskState::Waiting | TaskState::Running => Tone::Busy,
            TaskState::Cancelled => Tone::Doubtful,
            _ => Tone::Plain,
        };
        let word = state.to_string();
        Self::State { word, tone, note }
    }

    /// A verdict on an image.
    pub(crate) fn verdict(verdict: Verdict) -> Self {
        let tone = match verdict {
            Verdict::Arrived => Tone::Good,
            Verdict::Failed | Verdict::DigestMismatch => Tone::Bad,
            Verdict::Pending => Tone::Busy,
            Verdict::Stalled | Verdict::NoTask | Verdict::NoRule => Tone::Doubtful,
            _ => Tone::Plain,
        };
        Self::State {
            word: verdict.to_string(),
            tone,
            note: String::new(),
        }
    }

    /// The time between two times.
    pub(crate) fn between(started: Option<Timestamp>, ended: Option<Timestamp>) -> Self {
        Self::Took(millis(started, ended))
    }

    /// The time since something, when it was asked.
    pub(crate) fn age(since: Option<Timestamp>, asked: Timestamp) -> Self {
        Self::Age(millis(since, Some(asked)))
    }

    /// Returns the text for people.
    pub(crate) fn shown(&self, view: &View) -> Shown {
        match self {
            Self::Text(text) => text.clone().into(),
            Self::Abridged { short, full } => match view.is_narrow && !view.is_wide {
                true => short.clone().into(),
                false => full.clone().into(),
            },
            Self::State { word, tone, note } => Shown {
                text: match view.is_wide {
                    true => word.clone(),
                    false => format!("{word}{note}"),
                },
                tone: *tone,
                keeps_end: false,
            },
            Self::Name(name) => Shown {
                keeps_end: true,
                ..name.clone().into()
            },
            Self::Time(None) => String::new().into(),
            Self::Time(Some(at)) if view.is_wide || !view.has_ages => {
                time::local(*at, &view.zone).into()
            }
            Self::Time(Some(at)) => time::age(*at, view.now, &view.zone).into(),
            Self::Age(_) if !view.has_ages => String::new().into(),
            Self::Took(took) | Self::Age(took) => took.map(time::took).unwrap_or_default().into(),
            Self::Count(count) => number(*count).into(),
            Self::Flag(None) => String::new().into(),
            Self::Flag(Some(true)) => "yes".to_owned().into(),
            Self::Flag(Some(false)) => "no".to_owned().into(),
            Self::Digest(digest) => {
                let digest = digest.as_deref().unwrap_or_default();
                match view.is_wide {
                    true => digest.to_owned(),
                    // As many digits as docker prints.
                    false => digest.chars().take("sha256:".len() + 12).collect(),
                }
                .into()
            }
        }
    }

    /// Returns the text for programs: times in UTC, durations in seconds.
    pub(crate) fn exact(&self) -> String {
        match self {
            Self::Text(text) | Self::Name(text) | Self::Abridged { full: text, .. } => text.clone(),
            Self::State { word, .. } => word.clone(),
            Self::Time(at) => at.map(|at| at.to_string()).unwrap_or_default(),
            Self::Took(None) | Self::Age(None) => String::new(),
            Self::Took(Some(took)) | Self::Age(Some(took)) => match (took / 1000, took % 1000) {
                (seconds, 0) => seconds.to_string(),
                (seconds, millis) => format!("{seconds}.{:03}", millis.abs()),
            },
            Self::Count(count) => number(*count),
            Self::Flag(flag) => flag.map(|flag| flag.to_string()).unwrap_or_default(),
            Self::Digest(digest) => digest.clone().unwrap_or_default(),
        }
    }

    /// Returns the order of two values of one column. Absent values come last.
    pub(crate) fn order(&self, other: &Self) -> Ordering {
        let absent = |cell: &Self| cell.exact().is_empty();
        absent(self)
            .cmp(&absent(other))
            .then_with(|| match (self, other) {
                (Self::Time(one), Self::Time(other)) => one.cmp(other),
                (Self::Took(one), Self::Took(other)) | (Self::Age(one), Self::Age(other)) => {
                    one.cmp(other)
                }
                (Self::Count(one), Self::Count(other)) => one.cmp(other),
                _ => natural(&self.exact(), &other.exact()),
            })
    }
}

fn millis(started: Option<Timestamp>, ended: Option<Timestamp>) -> Option<i64> {
    Some(ended?.as_millisecond() - started?.as_millisecond())
}

fn number(count: Option<i64>) -> String {
    count.map(|count| count.to_string()).unwrap_or_default()
}

/// Compares texts, and numbers inside of them by their value: `83/200` before `83/1927`.
fn natural(one: &str, other: &str) -> Ordering {
    let (mut one, mut other) = (one, other);
    loop {
        let digits = |text: &str| {
            text.find(|c: char| !c.is_ascii_digit())
                .unwrap_or(text.len())
        };
        let (mine, theirs) = (digits(one), digits(other));
        let order = match (mine, theirs) {
            (0, _) | (_, 0) => {
                let (mut here, mut there) = (one.chars(), other.chars());
                match (here.next(), there.next()) {
                    (None, None) => return Ordering::Equal,
                    (first, second) if first == second => {
                        (one, other) = (here.as_str(), there.as_str());
                        continue;
                    }
                    (first, second) => return first.cmp(&second),
                }
            }
            _ => {
                let number = |text: &str| text.trim_start_matches('0').to_owned();
                let (here, there) = (number(&one[..mine]), number(&other[..theirs]));
                let order = here.len().cmp(&there.len()).then_with(|| here.cmp(&there));
                (one, other) = (&one[mine..], &other[theirs..]);
                order
            }
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_value_has_a_form_for_each_reader() {
        let view = |is_wide| View {
            has_ages: true,
            is_narrow: true,
            is_wide,
            now: "2026-12-05T12:00:00Z".parse().unwrap(),
            zone: TimeZone::fixed(jiff::tz::offset(8)),
        };
        let at = Some("2026-12-05T11:58:00Z".parse().unwrap());
        let failed = Cell::state(&TaskState::Failed, ": no space".to_owned());
        let digest = format!("sha256:{}", "0123456789".repeat(7));
        for (cell, table, wide, exact) in [
            (
                Cell::Time(at),
                "2m ago",
                "2026-12-05 19:58:00+08:00",
                "2026-12-05T11:58:00Z",
            ),
            (Cell::Took(Some(48_512)), "49s", "49s", "48.512"),
            (Cell::Took(Some(120_000)), "2m 0s", "2m 0s", "120"),
            (Cell::Count(Some(0)), "0", "0", "0"),
            (Cell::Flag(Some(false)), "no", "no", "false"),
            (failed, "failed: no space", "failed", "failed"),
            (
                Cell::Digest(Some(digest.clone())),
                &digest[..19],
                &digest,
                &digest,
            ),
            (Cell::Time(None), "", "", ""),
            (
                Cell::Abridged {
                    short: "a…".to_owned(),
                    full: "abc".to_owned(),
                },
                "a…",
                "abc",
                "abc",
            ),
        ] {
            assert_eq!(cell.shown(&view(false)).text, table);
            assert_eq!(cell.shown(&view(true)).text, wide);
            assert_eq!(cell.exact(), exact);
        }
    }

    #[test]
    fn values_are_sorted_by_what_they_mean() {
        let text = |text: &str| Cell::Text(text.to_owned());
        let took = |took| Cell::Took(took);
        for (smaller, larger) in [
            (text("83/200"), text("83/1927")),
            (text("v9"), text("v10")),
            (text("a"), text("b")),
            (text("a"), text("a1")),
            (text("9"), text("a")),
            (text("a"), text("")),
            (took(Some(900)), took(Some(10_000))),
            (took(Some(10_000)), took(None)),
        ] {
            assert_eq!(
                smaller.order(&larger),
                Ordering::Less,
                "{smaller:?} {larger:?}"
            );
            assert_eq!(
                larger.order(&smaller),
                Ordering::Greater,
                "{smaller:?} {larger:?}"
            );
            assert_eq!(larger.order(&larger), Ordering::Equal);
        }
    }
}
