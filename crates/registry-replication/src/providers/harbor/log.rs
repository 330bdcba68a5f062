//! Logs of replication tasks, which name the tags that a task copies and what became of each.
//!
//! A run overwrites the log of the run before from its start. So the end of a longer earlier run may
//! follow: from where times step back.

use std::collections::BTreeMap;

use openapi_transport::Timestamp;

/// Most tags that are read from a log.
const MOST_TAGS: usize = 10_000;
/// Longest message of a failure that is kept, in letters.
const LONGEST: usize = 500;
/// What a line says of a tag that the rule does not overwrite.
const KEEPS: &str = "\"override\" is set to false";
/// Start of the last error of a failed task, which gives no reason. The error before it does.
const NO_REASON: &str = "got error during the whole transfer period";

/// What the log of a task's last run tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Log {
    /// What became of each tag. A digest stands for an artifact without a tag.
    pub(super) tags: BTreeMap<String, Option<TagEnd>>,
    /// When the work on each tag began.
    pub(super) begun: BTreeMap<String, Timestamp>,
    /// URL of the destination.
    pub(super) destination: Option<String>,
    /// Whether lines after an end may be missing, because times step back.
    pub(super) is_cut: bool,
    /// Whether these are all tags of the task. A large log lacks its beginning.
    pub(super) names_all: bool,
    /// Whether the last line of a run is there, so that no tag without an outcome gets one.
    pub(super) is_whole: bool,
    /// The last message of a failure.
    pub(super) failure: Option<String>,
}

/// End of the work on a tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TagEnd {
    pub(super) outcome: Outcome,
    /// Time of the line. A task goes on with its other tags.
    pub(super) at: Timestamp,
}

/// What became of a tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It was copied.
    Copied,
    /// The destination had the same image under the tag.
    There,
    /// The destination had another image under the tag, and the rule does not overwrite.
    Kept,
}

/// Names by which lines refer to the images of a task.
#[derive(Clone, Copy, Debug)]
pub(super) struct Names<'a> {
    /// Path of the repository at the source.
    pub(super) source: &'a str,
    /// Path of the repository at the destination.
    pub(super) destination: &'a str,
}

impl Log {
    /// Reads the log of a task of these repositories. Lines about others are ignored.
    pub(super) fn read(text: &str, names: Names<'_>) -> Self {
        let mut log = Self::default();
        let mut last: Option<Timestamp> = None;
        // The tag that the lines are about. After an error, they may quote a text of the destination.
        let mut current = None;
        for line in text.lines() {
            let Some(Line {
                time,
                is_error,
                message,
            }) = Line::read(line)
            else {
                continue;
            };
            if last.is_some_and(|last| time < last) {
                log.is_cut = true;
                break;
            }
            last = Some(time);
            if is_error {
                current = None;
            }
            if is_error && (log.failure.is_none() || !message.starts_with(NO_REASON)) {
                log.failure = Some(message.chars().take(LONGEST).collect());
            }
            log.is_whole |= message.starts_with(NO_REASON);
            log.take(message, names, time, &mut current);
        }
        log
    }

    /// Makes a log that names tags without an outcome.
    pub(super) fn of_tags(tags: Vec<String>) -> Self {
        let mut log = Self {
            names_all: !tags.is_empty() && tags.len() < MOST_TAGS,
            ..Self::default()
        };
        tags.iter().for_each(|tag| log.add(tag, None));
        log
    }

    fn take(
        &mut self,
        message: &str,
        names: Names<'_>,
        at: Timestamp,
        current: &mut Option<String>,
    ) {
        let end = |log: &mut Self, tag: &str, outcome| {
            if current.as_deref() == Some(tag) {
                log.add(tag, Some(TagEnd { outcome, at }));
            }
        };
        if let Some(rest) = message.strip_prefix("copying ") {
            let Some(begun) = after(rest, names.source) else {
                return;
            };
            match begun.strip_prefix('[') {
                Some(list) => {
                    let Some((list, _)) = list.split_once("](") else {
                        return;
                    };
                    for tag in list.split(',').filter(|tag| !tag.is_empty()) {
                        self.add(tag, None);
                    }
                    self.names_all = !list.is_empty() && self.tags.len() < MOST_TAGS;
                }
                None => {
                    if let Some((tag, _)) = begun.split_once('(') {
                        self.add(tag, None);
                        if self.tags.contains_key(tag) {
                            self.begun.insert(tag.to_owned(), at);
                            *current = Some(tag.to_owned());
                        }
                    }
                }
            }
        } else if let Some(rest) = message.strip_prefix("client for destination registry [") {
            let url = rest
                .split_once("URL: ")
                .and_then(|(_, rest)| rest.split_once(','));
            self.destination = url.map(|(url, _)| url.chars().take(LONGEST).collect());
        } else if let Some(rest) = message.strip_prefix("copy ") {
            let tag = after(rest, names.source).and_then(|rest| rest.split_once('('));
            if let Some((tag, rest)) = tag
                && rest.trim_end().ends_with(" completed")
            {
                // The task as a whole completes, too, with all of its tags in brackets.
                match tag.starts_with('[') {
                    true => self.is_whole = true,
                    false => end(self, tag, Outcome::Copied),
                }
            }
        } else if let Some(rest) = message.strip_prefix("the artifact ") {
            let tag = after(rest, names.destination);
            let tag = tag.and_then(|rest| rest.split_once(" already exists on the destination"));
            if let Some((tag, _)) = tag {
                end(self, tag, Outcome::There);
            }
        } else if let Some(rest) = message.strip_prefix("the same name artifact ") {
            let tag = after(rest, names.destination);
            let tag = tag.and_then(|rest| rest.split_once(" exists on the destination"));
            // Where the rule overwrites, the same line says that the copy continues.
            if let Some((tag, rest)) = tag
                && rest.contains(KEEPS)
            {
                end(self, tag, Outcome::Kept);
            }
        }
    }

    fn add(&mut self, tag: &str, ended: Option<TagEnd>) {
        if let Some(known) = self.tags.get_mut(tag) {
            *known = ended.or(*known);
        } else if self.tags.len() < MOST_TAGS {
            self.tags.insert(tag.to_owned(), ended);
        }
    }
}

/// Returns what follows `REPOSITORY:`.
fn after<'a>(text: &'a str, repository: &str) -> Option<&'a str> {
    text.strip_prefix(repository)?.strip_prefix(':')
}

/// A line with a prefix: `2026-07-01T10:00:00Z [INFO] [/path:12]: message`.
struct Line<'a> {
    time: Timestamp,
    is_error: bool,
    message: &'a str,
}

impl<'a> Line<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let (time, rest) = text.split_once(' ')?;
        let time = time.parse().ok()?;
        let (level, rest) = rest.strip_prefix('[')?.split_once(']')?;
        let (_, message) = rest.split_once("]: ")?;
        Some(Self {
            time,
            is_error: level == "ERROR",
            message,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: Names<'_> = Names {
        source: "library/api",
        destination: "copies/api",
    };

    fn line(second: u32, level: &str, message: &str) -> String {
        format!(
            "2026-07-01T10:00:{second:02}Z [{level}] [/transfer/image/transfer.go:125]: {message}\n"
        )
    }

    fn tags(log: &Log) -> Vec<(&str, Option<Outcome>)> {
        log.tags
            .iter()
            .map(|(tag, ended)| (&**tag, ended.map(|ended| ended.outcome)))
            .collect()
    }

    #[test]
    fn each_tag_has_its_outcome() {
        let text = [
            line(
                1,
                "INFO",
                "copying library/api:[v1,v2,v3,v4](source registry) to copies/api:[v1,v2,v3,v4](destination registry)...",
            ),
            line(
                2,
                "INFO",
                "copying library/api:v1(source registry) to copies/api:v1(destination registry)...",
            ),
            line(
                3,
                "INFO",
                "copy library/api:v1(source registry) to copies/api:v1(destination registry) completed",
            ),
            line(
                3,
                "INFO",
                "copy library/api:[v1](source registry) to copies/api:[v1](destination registry) completed",
            ),
            line(
                3,
                "INFO",
                "copying library/api:v2(source registry) to copies/api:v2(destination registry)...",
            ),
            line(
                3,
                "WARNING",
                "the artifact copies/api:v2 already exists on the destination registry, skip",
            ),
            line(
                4,
                "INFO",
                "copying library/api:v3(source registry) to copies/api:v3(destination registry)...",
            ),
            line(
                4,
                "WARNING",
                "the same name artifact copies/api:v3 exists on the destination registry, but the \"override\" is set to false, skip",
            ),
            line(
                5,
                "ERROR",
                "failed to push manifest copies/api:v4: http status code: 412",
            ),
        ];
        let log = Log::read(&text.concat(), NAMES);
        assert!(log.names_all && log.is_whole);
        assert_eq!(
            tags(&log),
            [
                ("v1", Some(Outcome::Copied)),
                ("v2", Some(Outcome::There)),
                ("v3", Some(Outcome::Kept)),
                ("v4", None),
            ]
        );
        let failure = "failed to push manifest copies/api:v4: http status code: 412";
        assert_eq!(log.failure.as_deref(), Some(failure));
    }

    #[test]
    fn a_tag_that_is_overwritten_is_copied() {
        let text = [
            line(
                1,
                "INFO",
                "copying library/api:v1(source registry) to copies/api:v1(destination registry)...",
            ),
            line(
                1,
                "WARNING",
                "the same name artifact copies/api:v1 exists on the destination registry, but the \"override\" is set to true, continue...",
            ),
            line(
                2,
                "INFO",
                "copy library/api:v1(source registry) to copies/api:v1(destination registry) completed",
            ),
        ];
        for (lines, outcome) in [(2, None), (3, Some(Outcome::Copied))] {
            let log = Log::read(&text[..lines].concat(), NAMES);
            let outcomes = tags(&log).first().and_then(|(_, outcome)| *outcome);
            assert_eq!(outcomes, outcome, "{lines}");
        }
    }

    #[test]
    fn lines_in_a_text_of_the_destination_tell_no_end() {
        let done =
            "copy library/api:v1(source registry) to copies/api:v1(destination registry) completed";
        let there = "the artifact copies/api:v1 already exists on the destination registry, skip";
        for forged in [done, there] {
            let text = [
                line(
                    1,
                    "INFO",
                    "copying library/api:v1(source registry) to copies/api:v1(destination registry)...",
                ),
                line(2, "ERROR", "http status code: 500, body: nothing"),
                line(2, "INFO", forged),
            ];
            let log = Log::read(&text.concat(), NAMES);
            assert_eq!(tags(&log), [("v1", None)], "{forged}");
        }
    }

    #[test]
    fn the_reason_of_a_failure_is_kept() {
        let generic = "got error during the whole transfer period, mark the job failure";
        let reason = "failed to pull the blob: 403 Forbidden";
        for (messages, failure) in [
            (vec![reason, generic], reason),
            (vec![generic], generic),
            (vec![reason, "timeout", generic], "timeout"),
        ] {
            let lines = messages.iter().map(|message| line(1, "ERROR", message));
            let log = Log::read(&lines.collect::<String>(), NAMES);
            assert_eq!(log.failure.as_deref(), Some(failure));
        }
    }

    #[test]
    fn the_rest_of_an_earlier_run_does_not_count() {
        let begun =
            "copying library/api:[v1](source registry) to copies/api:[v1](destination registry)...";
        let earlier = line(
            1,
            "INFO",
            "copy library/api:v1(source registry) to copies/api:v1(destination registry) completed",
        );
        let text = format!(
            "{}O] [/x:1]: half a line\n{earlier}",
            line(30, "INFO", begun)
        );
        let log = Log::read(&text, NAMES);
        assert_eq!(tags(&log), [("v1", None)]);
    }

    #[test]
    fn lines_about_other_repositories_and_odd_lines_tell_nothing() {
        let other = line(
            1,
            "INFO",
            "copy library/api2:v1(source registry) to copies/api2:v1(destination registry) completed",
        );
        for text in [
            other.as_str(),
            "",
            "copying library/api:[v1](source registry) to copies/api:[v1](destination registry)...",
            "2026-07-01T10:00:00Z [INFO",
            "2026-07-01T10:00:00Z [INFO] [/x:1]: copying library/api:[v1",
            "2026-07-01T10:00:00Z [INFO] [/x:1]: copy library/api:v1(source registry) failed",
        ] {
            let log = Log::read(text, NAMES);
            assert!(
                log.tags.values().all(Option::is_none) && !log.names_all,
                "{text}"
            );
        }
    }
}
