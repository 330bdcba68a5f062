//! What is known of the command line that a shell completes.

use std::ffi::OsString;
use std::time::Duration;

use clap::FromArgMatches;
use registry_replication::Surroundings;

use super::seen::{self, Found};
use crate::args::{TargetArgs, with_variables};
use crate::cli;
use crate::config::{self, Config};
use crate::target::Target;

/// Longest time to read files. A shell waits for the answer.
const LONGEST: Duration = Duration::from_millis(200);

/// What is known of a command line.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Names of the commands, such as `sandbox push`.
    pub(super) command: String,
    /// Call of `api`.
    pub(super) operation: Option<String>,
    pub(super) config: Config,
    /// Destinations that the configuration has for the named registries.
    pub(super) destinations: Vec<String>,
    /// What listings of these registries have shown.
    pub(super) found: Found,
}

impl Known {
    /// Reads the words before the one that is completed. What cannot be read is left out.
    pub(super) fn read(words: &[OsString], around: &Surroundings) -> Self {
        let mut known = Self::default();
        let grammar = with_variables(cli::grammar(), around).ignore_errors(true);
        let Ok(matches) = grammar.try_get_matches_from(words) else {
            return known;
        };
        let mut names = Vec::new();
        let mut innermost = &matches;
        while let Some((name, inner)) = innermost.subcommand() {
            names.push(name.to_owned());
            innermost = inner;
        }
        known.command = names.join(" ");
        let operation = innermost.try_get_one::<String>("operation");
        known.operation = operation.ok().flatten().cloned();
        // Arguments have no values if the parser gave up early.
        let is_whole = matches.value_source("sandbox").is_some();
        if let Some(args) = is_whole
            .then(|| TargetArgs::from_arg_matches(&matches).ok())
            .flatten()
        {
            known.read_files(args, around);
        }
        known
    }

    /// Reads the configuration, and what listings have noted.
    fn read_files(&mut self, args: TargetArgs, around: &Surroundings) {
        let places = config::places(args.config.as_deref(), around);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let Ok(runtime) = runtime else {
            return;
        };
        runtime.block_on(async {
            let read = async {
                self.config = config::load(places).await.config;
                let Ok(target) = Target::new(args, self.config.clone(), None, None) else {
                    return;
                };
                for (_, one) in target.each() {
                    let destinations = one.destinations().iter();
                    self.destinations
                        .extend(destinations.map(|one| one.name.clone()));
                    self.found.add(seen::read(&one, around).await);
                }
            };
            let _ = tokio::time::timeout(LONGEST, read).await;
        });
        // A file may be silent.
        runtime.shutdown_background();
    }
}
