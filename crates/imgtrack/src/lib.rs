//! Program `imgtrack`, as a library so that its tests need no process.

#![cfg_attr(
    not(feature = "demo"),
    allow(
        dead_code,
        reason = "the demo uses more of the output than other commands"
    )
)]

mod args;
mod arrivals;
mod cli;
mod commands;
mod complete;
mod config;
mod confirm;
mod deadline;
mod environment;
mod examples;
mod failure;
mod file;
mod filter;
mod following;
mod jobs;
mod logs;
pub mod manual;
mod output;
mod pager;
mod session;
mod signals;
mod styled;
mod table;
mod target;
mod terminal;
mod waiting;
mod watch;

use std::ffi::OsString;
use std::io::Write;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use clap::FromArgMatches;
use futures_util::future::{Either, select};
use registry_replication::{Clock, ImageReference, SystemClock, Timestamp};
use registry_sandbox::Sandbox;

use args::{OutputArgs, with_variables};
use cli::Cli;
use config::{Loaded, Places};
use failure::{Asked, ErrorReport, Failure, TimedOut, asks_for_data};
use output::{Format, Output};
use pager::{Pager, Stop};
use session::Session;
use signals::Signals;
use target::Target;
use terminal::{Messages, Screen, escaped};

use watch::Watched;

pub use environment::Environment;
pub use terminal::write_line;

/// Runs the program with these arguments, the program's name first, and returns its exit code.
///
/// Data goes to `out`, messages to `err`.
pub fn run<I>(words: I, out: &mut dyn Write, err: &mut dyn Write) -> u8
where
    I: IntoIterator<Item = OsString>,
{
    Program::default()
        .environment(Environment::detect())
        .run(words, out, err)
}

/// Returns the names of all commands, in the order of the help.
pub fn commands() -> Vec<String> {
    fn collect(command: &clap::Command, before: &str, all: &mut Vec<String>) {
        for inner in command.get_subcommands() {
            let name = format!("{before}{}", inner.get_name());
            let before = format!("{name} ");
            // Some commands run both alone and with a subcommand.
            if !inner.is_subcommand_required_set() {
                all.push(name);
            }
            collect(inner, &before, all);
        }
    }
    let mut all = Vec::new();
    collect(&cli::grammar(), "", &mut all);
    all
}

/// Program with its environment.
#[derive(Clone, Debug, Default)]
pub struct Program {
    sandbox: Option<Arc<Sandbox>>,
    clock: Option<Arc<dyn Clock>>,
    environment: Environment,
}

/// Runs a command until it ends or is interrupted. The pager goes on then, and shows what there is.
async fn until_interrupted(work: impl Future<Output = Result<u8, Failure>>) -> Result<u8, Failure> {
    let mut signals = Signals::listen(true);
    let signal = pin!(signals.next());
    match select(pin!(work), signal).await {
        Either::Left((done, _)) => done,
        Either::Right((signal, _)) => Ok(signal.exit_code()),
    }
}

/// What each run of a repeated command uses.
struct Round<'w> {
    words: &'w [OsString],
    target: Target,
    loaded: Loaded,
    options: OutputArgs,
    told: &'w Told,
}

/// What an error of a command is told with.
struct Told {
    /// Name of the command.
    command: String,
    target: Option<Target>,
    /// Whether the output is JSON or YAML.
    is_data: bool,
}

impl Told {
    /// Reports an error on stderr, as JSON where the output is data.
    fn report(&self, failed: &Failure, err: &mut dyn Write) {
        if failed.exit_code() == 0 {
            return;
        }
        let target = self.target.as_ref();
        let asked = Asked {
            command: &self.command,
            registry: target.and_then(Target::registry_name),
            region_hint: target.and_then(Target::region_hint),
            target,
        };
        // An error of stderr cannot be reported.
        let _ = match self.is_data {
            true => failed.tell_as_json(&asked, err),
            false => failed.tell_all(&asked, err),
        };
    }
}

impl Program {
    /// Sets the sandbox that `--sandbox` uses. By default, the program starts its own.
    ///
    /// Another thread must serve the sandbox, because [`run`](Self::run) blocks.
    #[must_use]
    pub fn sandbox(mut self, sandbox: Arc<Sandbox>) -> Self {
        self.sandbox = Some(sandbox);
        self
    }

    /// Sets the clock of calls and waits. The default is the system's clock. The demo has its own.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Sets the terminal, the time zone and the variables. The default is no terminal, UTC, and no
    /// configuration unless `--config` names one.
    #[must_use]
    pub fn environment(mut self, environment: Environment) -> Self {
        self.environment = environment;
        self
    }

    /// Runs the program, as [`run`] does.
    pub fn run<I>(self, words: I, out: &mut dyn Write, err: &mut dyn Write) -> u8
    where
        I: IntoIterator<Item = OsString>,
    {
        let mut err = Screen::by_line(err)
            .colored(self.environment.color)
            .in_log(self.environment.is_github());
        let words: Vec<OsString> = words.into_iter().collect();
        if let Some(around) = &self.environment.surroundings
            && let Some(shell) = complete::shell(around)
        {
            // A shell shows no errors of completions.
            let answer = complete::answer(&shell, &words, around);
            let told = answer.and_then(|answer| out.write_all(&answer));
            return u8::from(told.is_err());
        }
        let (name, cli) = match self.parse(&words) {
            Ok(parsed) => parsed,
            Err(error) => {
                let text = sanitized(&error, &words);
                if error.use_stderr() && asks_for_data(&words) {
                    return match ErrorReport::usage(&text).write(&mut err) {
                        Ok(()) => 2,
                        Err(error) => Failure::from(error).exit_code(),
                    };
                }
                // Help and version are answers, not errors.
                let (told, code) = match error.use_stderr() {
                    true => (write_all(&mut err, &text), 2),
                    false => (write_all(&mut Screen::new(out), &text), 0),
                };
                return match told {
                    Ok(()) => code,
                    Err(error) => Failure::from(error).exit_code(),
                };
            }
        };
        if let Some(around) = &self.environment.surroundings {
            logs::start(&cli.logs, around);
        }
        let mut told = Told {
            command: name.clone(),
            target: None,
            is_data: cli.output.format().is_data(),
        };
        let code = match self.execute(&words, (name, cli), out, &mut err, &mut told) {
            Ok(code) => code,
            Err(failed) => {
                told.report(&failed, &mut err);
                failed.exit_code()
            }
        };
        let _ = err.flush();
        code
    }

    /// Runs a command, and returns its exit code. Keeps in `told` what errors need.
    fn execute(
        self,
        words: &[OsString],
        (name, cli): (String, Cli),
        out: &mut dyn Write,
        err: &mut dyn Messages,
        told: &mut Told,
    ) -> Result<u8, Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let is_paged = cli.command.is_listing() && cli.command.watch().is_none() && !cli.no_pager;
        let around = self.environment.surroundings.as_ref();
        let around = around.filter(|_| is_paged && self.environment.height.is_some());
        let timeout = cli.command.timeout();
        let mut pager = around.and_then(|around| {
            let clock = self.clock.clone();
            let clock = clock.unwrap_or_else(|| Arc::new(SystemClock));
            Pager::start(around, timeout, clock)
        });
        let has_pager = pager.is_some();
        let out = match &mut pager {
            Some(pager) => pager as &mut dyn Write,
            None => out,
        };
        let done = runtime.block_on(async {
            let loaded = self.configuration(&cli).await;
            if !cli.command.works_on_configuration() {
                loaded.check()?;
            }
            let mut options = cli.output;
            options.set_default(loaded.config.output);
            told.is_data = options.format().is_data();
            let clock = self.clock.as_ref();
            let now = clock.map_or_else(Timestamp::now, |clock| clock.now());
            let config = loaded.config.clone();
            let mut target =
                Target::new(cli.target, config, self.sandbox.clone(), self.clock.clone())?;
            target = target.in_zone(self.environment.zone.clone());
            told.target = Some(target.clone());
            target.start().await?;
            if let Some(interval) = cli.command.watch() {
                let round = Round {
                    words,
                    target,
                    loaded,
                    options,
                    told,
                };
                return self.watch(round, interval, out, err).await;
            }
            let mut environment = self.environment.clone();
            if logs::is_on(&cli.logs, environment.surroundings.as_ref()) {
                // Lines of the log would break live lines.
                environment.live = None;
            }
            let mut session = Session {
                target,
                loaded,
                output: Output::new(&options, &self.environment, now, out)?,
                options,
                err,
                environment,
            };
            let work = cli.command.run(name, &mut session);
            let done = match has_pager {
                true => until_interrupted(work).await,
                false => work.await,
            };
            // The output is completed before an error is reported.
            let closed = session.output.close();
            let code = done?;
            closed.map(|()| code)
        });
        // A thread may still look up a name or read a silent file.
        runtime.shutdown_background();
        match pager.and_then(Pager::finish) {
            Some(Stop::Signal(signal)) => Ok(signal.exit_code()),
            Some(Stop::Late) => Err(Failure::TimedOut(TimedOut {
                command: told.command.clone(),
                timeout: timeout.unwrap_or_default(),
                is_verdict: false,
                changes: false,
            })),
            None => done,
        }
    }

    /// Runs a command again and again. An error of the first run ends it, and later ones are reported.
    async fn watch(
        &self,
        round: Round<'_>,
        interval: Duration,
        out: &mut dyn Write,
        err: &mut dyn Messages,
    ) -> Result<u8, Failure> {
        if matches!(round.options.format(), Format::Json | Format::Yaml) {
            return Err(Failure::Usage(
                "--watch needs lines; use -o table, wide, csv, name or jsonl".to_owned(),
            ));
        }
        let clock = round.target.clock();
        let mut watched = match self.environment.height {
            Some(_) => Watched::Page(None),
            None => Watched::Lines(Default::default()),
        };
        let mut is_first = true;
        loop {
            let environment = self.environment.again();
            if let Watched::Page(height) = &mut watched {
                *height = environment.height;
            }
            let (name, cli) = self
                .parse(round.words)
                .map_err(|error| Failure::Usage(error.to_string()))?;
            let mut text = Vec::new();
            let mut session = Session {
                output: Output::new(&round.options, &environment, clock.now(), &mut text)?
                    .with_ages(environment.height.is_some()),
                target: round.target.clone(),
                loaded: round.loaded.clone(),
                options: round.options.clone(),
                err: &mut *err,
                environment,
            };
            let done = cli.command.run(name, &mut session).await;
            let closed = session.output.close();
            if let Err(failed) = done.and(closed.map(|()| 0)) {
                if is_first || matches!(failed, Failure::Usage(_)) {
                    return Err(failed);
                }
                round.told.report(&failed, err);
            } else {
                watched.show(&text, out)?;
            }
            is_first = false;
            clock.sleep(interval).await;
        }
    }

    /// Reads the configuration.
    async fn configuration(&self, cli: &Cli) -> Loaded {
        let named = cli.target.config.as_deref();
        match (&self.environment.surroundings, named) {
            (Some(around), named) => config::load(config::places(named, around)).await,
            (None, Some(named)) => config::load(Places::Named(named.to_owned())).await,
            (None, None) => Loaded::default(),
        }
    }

    /// Parses the arguments, and returns the command's name with them.
    fn parse(&self, words: &[OsString]) -> Result<(String, Cli), clap::Error> {
        let mut command = match &self.environment.surroundings {
            Some(around) => with_variables(cli::grammar(), around),
            None => cli::grammar(),
        };
        let mut matches = command.try_get_matches_from_mut(words)?;
        let named = std::iter::successors(matches.subcommand(), |(_, inner)| inner.subcommand());
        let names: Vec<_> = named.map(|(name, _)| name).collect();
        let name = names.join(" ");
        let cli = Cli::from_arg_matches_mut(&mut matches);
        Ok((name, cli.map_err(|error| error.format(&mut command))?))
    }
}

/// Renders an error of clap, with logins of the arguments masked, and line breaks and tabs escaped.
fn sanitized(error: &clap::Error, words: &[OsString]) -> String {
    let mut text = error.render().to_string();
    for word in words {
        let word = word.to_string_lossy();
        let value = word.split_once('=').map(|(_, value)| value);
        for part in [Some(&*word), value].into_iter().flatten() {
            let mut masked = ImageReference::without_login(part);
            // A query may have a token.
            if part.contains("://")
                && let Some((before, _)) = masked.split_once('?')
            {
                masked = format!("{before}?***").into();
            }
            if masked != part || part.contains(['\n', '\t']) {
                text = text.replace(part, &escaped(&masked));
            }
        }
    }
    text
}

fn write_all(to: &mut Screen<'_>, text: &str) -> std::io::Result<()> {
    to.write_all(text.as_bytes())?;
    to.flush()
}
