use std::io::Write;
use std::pin::pin;

use clap::Args;
use registry_replication::ImageReference;
use registry_replication::oci::{
    Client, Diff as Differences, DiffCounts, Match, Platform, TagDiff, TagState,
};

use super::Execute;
use crate::args::{Bound, flag, value};
use crate::failure::Failure;
use crate::output::{Output, Shape};
use crate::session::Session;
use crate::target::Target;
use crate::terminal::escaped;

/// Exit code if the sides differ.
const DIFFERENT: u8 = 6;
/// Exit code if nothing differs, but not everything could be compared.
const INCOMPLETE: u8 = 1;
/// Most tags whose errors are printed.
const MOST_ERRORS: usize = 8;
/// Most tags whose reasons are printed below a table.
const MOST_REASONS: usize = 1_000;

#[derive(Args, Debug)]
pub(crate) struct Diff {
    /// Source: HOST/REPOSITORY, or HOST for all repositories that it lists
    #[arg(value_name = "SOURCE", value_parser = value::word)]
    source: String,
    /// Destination, in the same form
    #[arg(value_name = "DESTINATION", value_parser = value::word)]
    destination: String,
    /// Compare only tags that match a pattern, such as 'v1.*'
    #[arg(long, value_name = "GLOB", value_parser = value::word)]
    tags: Option<String>,
    /// Compare the digest, platforms or config [default: digest]
    #[arg(long = "match", value_name = "WHAT")]
    matching: Option<Match>,
    /// Compare only this platform, such as linux/amd64. Repeatable
    ///
    /// This implies --match platforms.
    #[arg(long, value_name = "PLATFORM")]
    platform: Vec<Platform>,
    /// Require signatures and other artifacts that refer to the image, too
    #[arg(long)]
    with_referrers: bool,
    /// Print tags with the same image, too
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    bound: Bound,
}

/// One side of a comparison.
struct Side {
    registry: Client,
    /// Absent for all repositories.
    repository: Option<String>,
}

impl Side {
    async fn of(text: &str, target: &Target) -> Result<Self, Failure> {
        let Some((host, _)) = text.split_once('/') else {
            let registry = target.destination(text).await?;
            return Ok(Self {
                registry,
                repository: None,
            });
        };
        let named: ImageReference = text.parse().map_err(registry_replication::Error::from)?;
        let named = named.as_docker();
        if let Some(reference) = named.tag().or(named.digest()) {
            return Err(Failure::Usage(format!(
                "invalid repository {text:?}: leave out {reference:?}, or use --tags {reference}"
            )));
        }
        let Some(own) = named.host() else {
            return Err(Failure::Usage(format!(
                "invalid repository {text:?}: {host:?} is not a host; write HOST/{text}"
            )));
        };
        Ok(Self {
            registry: target.destination(own).await?,
            repository: Some(named.path().to_owned()),
        })
    }
}

impl Execute for Diff {
    fn bound(&self) -> Option<Bound> {
        Some(self.bound)
    }

    fn shape(&self) -> Shape {
        Shape::table::<TagDiff>()
    }

    async fn run(self, session: &mut Session<'_>) -> Result<u8, Failure> {
        let (target, output) = (&session.target, &mut session.output);
        check(target)?;
        let source = Side::of(&self.source, target).await?;
        let destination = Side::of(&self.destination, target).await?;
        let mode = match self.platform.is_empty() {
            true => Match::Digest,
            false => Match::Platforms,
        };
        let mode = self.matching.unwrap_or(mode);
        let mut differences = Differences::new().matching(mode, self.platform);
        if self.with_referrers {
            differences = differences.with_referrers();
        }
        if let Some(pattern) = &self.tags {
            differences = differences.tags(pattern)?;
        }
        let tags = match (&source.repository, &destination.repository) {
            (Some(here), Some(there)) => {
                differences.repositories((&source.registry, here), (&destination.registry, there))
            }
            (None, None) => differences.registries(&source.registry, &destination.registry),
            _ => {
                return Err(Failure::Usage(
                    "one side is a repository and the other a host; write HOST/REPOSITORY for \
                     both, or HOST for both"
                        .to_owned(),
                ));
            }
        };
        let mut tags = pin!(tags);
        let mut counts = DiffCounts::default();
        let mut unknown = Details::new(MOST_ERRORS);
        let mut reasons = Details::new(MOST_REASONS);
        let is_data = output.is_data();
        let mut has_rows = false;
        while let Some(found) = output.next(tags.as_mut()).await? {
            counts.add(found.state);
            if found.state == TagState::Same && !self.all {
                continue;
            }
            if found.state == TagState::Unknown {
                unknown.add(&found);
            }
            if found.detail.is_some() {
                reasons.add(&found);
            }
            has_rows = true;
            match is_data {
                true => output.item(&found)?,
                false => output.row(&found)?,
            }
        }
        if counts == DiffCounts::default() {
            return Err(Failure::Usage(match &self.tags {
                Some(pattern) => format!("no tag matches {pattern:?}, so nothing was compared"),
                None => "neither side has a tag, so nothing was compared".to_owned(),
            }));
        }
        match (is_data, has_rows) {
            (true, _) => output.end()?,
            (false, true) => {
                output.close()?;
                output.say("")?;
            }
            (false, false) => output.rows::<TagDiff>(&[])?,
        }
        // The wide table has a column for them.
        if output.is_table() {
            reasons.say(output)?;
        }
        let more = match counts.unknown {
            0 => String::new(),
            count => format!(", {count} unknown"),
        };
        output.say(&format!(
            "{} same, {} missing, {} different, {} extra{more}",
            counts.same, counts.missing, counts.different, counts.extra
        ))?;
        unknown.warn(session.err)?;
        Ok(match (counts.differs(), counts.unknown) {
            (true, _) => DIFFERENT,
            (false, 0) => 0,
            (false, _) => INCOMPLETE,
        })
    }
}

/// Details of tags: why they differ, or why they cannot be compared.
struct Details {
    most: usize,
    lines: Vec<String>,
    rest: u64,
}

impl Details {
    fn new(most: usize) -> Self {
        Self {
            most,
            lines: Vec::new(),
            rest: 0,
        }
    }

    fn add(&mut self, found: &TagDiff) {
        if self.lines.len() == self.most {
            self.rest += 1;
            return;
        }
        let name = match found.tag.as_str() {
            "" => found.repository.clone(),
            tag => format!("{}:{tag}", found.repository),
        };
        let why = found.detail.as_deref().unwrap_or_default();
        self.lines.push(format!("{name}: {why}"));
    }

    /// Writes the details below a table.
    fn say(self, output: &mut Output<'_>) -> Result<(), Failure> {
        if self.lines.is_empty() {
            return Ok(());
        }
        for line in &self.lines {
            output.say(&escaped(line))?;
        }
        if self.rest > 0 {
            let rest = self.rest;
            output.say(&format!(
                "{rest} more tags have reasons; use -o wide to see them"
            ))?;
        }
        output.say("")
    }

    /// Writes the details as errors.
    fn warn(self, err: &mut dyn Write) -> Result<(), Failure> {
        for line in self.lines {
            writeln!(err, "{}", escaped(&format!("error: cannot compare {line}")))?;
        }
        match self.rest {
            0 => Ok(()),
            rest => Ok(writeln!(err, "{rest} more errors")?),
        }
    }
}

/// Refuses options that a comparison of hosts does not use.
fn check(target: &Target) -> Result<(), Failure> {
    let flag = match target.is_named() {
        true => Some("registry".to_owned()),
        false => target.given_beyond_hosts().map(flag),
    };
    match flag {
        Some(flag) => Err(Failure::Usage(format!(
            "diff compares the hosts that it names; leave out --{flag}"
        ))),
        None => Ok(()),
    }
}
