//! Is this image where it has to be, and if not, why? The program, as a library so that its tests
//! need no process.

mod api;
mod arrival;
mod cli;
mod confirm;
mod connect;
mod deadline;
mod demo;
mod doctor;
mod failure;
mod lag;
mod operate;
mod output;
mod sandbox;
mod table;
mod terminal;

use std::ffi::OsString;
use std::io::Write;
use std::sync::Arc;

use clap::{CommandFactory, FromArgMatches};
use registry_replication::{Clock, SystemClock};
use registry_sandbox::Sandbox;

use cli::{Cli, Command, TaskListing};
use connect::Connection;
use failure::{Failure, TimedOut};
use output::Output;
use terminal::{Screen, escaped};

pub use terminal::write_line;

/// Runs the program with these words, the program's name first, and returns its exit code.
///
/// Data goes to `out`, words about it to `err`.
pub fn run<I>(words: I, out: &mut dyn Write, err: &mut dyn Write) -> u8
where
    I: IntoIterator<Item = OsString>,
{
    Program::default().run(words, out, err)
}

/// The words of every command, such as `tasks of`, in the order of the help.
pub fn commands() -> Vec<String> {
    fn collect(command: &clap::Command, before: &str, all: &mut Vec<String>) {
        for inner in command.get_subcommands() {
            let name = format!("{before}{}", inner.get_name());
            match inner.has_subcommands() {
                true => collect(inner, &format!("{name} "), all),
                false => all.push(name),
            }
        }
    }
    let mut all = Vec::new();
    collect(&Cli::command(), "", &mut all);
    all
}

/// The program, and what it runs by beside its words.
#[derive(Clone, Debug, Default)]
pub struct Program {
    sandbox: Option<Arc<Sandbox>>,
    clock: Option<Arc<dyn Clock>>,
}

impl Program {
    /// What `--sandbox` asks. Unless it is given, the program starts a sandbox of its own.
    ///
    /// The sandbox must be served meanwhile by another thread than the one that calls
    /// [`run`](Self::run), which blocks.
    #[must_use]
    pub fn sandbox(mut self, sandbox: Arc<Sandbox>) -> Self {
        self.sandbox = Some(sandbox);
        self
    }

    /// The clock that calls and waits go by; the system's unless another is given. The demo has its
    /// own.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// As [`run`].
    pub fn run<I>(self, words: I, out: &mut dyn Write, err: &mut dyn Write) -> u8
    where
        I: IntoIterator<Item = OsString>,
    {
        let mut err = Screen::by_line(err);
        let words: Vec<OsString> = words.into_iter().collect();
        let (name, cli) = match parse(&words) {
            Ok(parsed) => parsed,
            Err(error) => {
                let text = sanitized(&error, &words);
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
        let decoder = cli.command.decoder();
        let region_hint = cli.command.region_hint();
        let code = match self.execute(name, cli, out, &mut err) {
            Ok(code) => code,
            Err(failed) => {
                let code = failed.exit_code();
                if code != 0 {
                    // Nobody is left to tell when this fails.
                    let _ = failed.tell(decoder.as_deref(), &mut err);
                    if let Some(hint) = region_hint.filter(|_| failed.is_of_connection()) {
                        let _ = writeln!(err, "  hint: {}", escaped(&hint));
                    }
                }
                code
            }
        };
        let _ = err.flush();
        code
    }

    /// The exit code of what did as it was asked: some commands find that all is not well.
    fn execute(
        self,
        name: String,
        cli: Cli,
        out: &mut dyn Write,
        err: &mut dyn Write,
    ) -> Result<u8, Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let limit = cli.command.look().map(|look| TimedOut {
            command: name,
            timeout: look.timeout,
            is_verdict: cli.command.is_verdict(),
            changes: cli.command.changes(),
        });
        let done = runtime.block_on(async {
            let sandbox = match (cli.command.is_in_sandbox(), self.sandbox) {
                (false, _) => None,
                (true, Some(sandbox)) => Some(sandbox),
                (true, None) => Some(Connection::sandbox(self.clock.clone()).await?),
            };
            let clock = self.clock.clone().unwrap_or_else(|| Arc::new(SystemClock));
            let mut output = Output::new(cli.output, out);
            let prompts = output.prompts().clone();
            let connection = Connection::new(sandbox, self.clock);
            let work = perform(cli.command, &connection, &mut output, err);
            let done = deadline::within(limit, &*clock, &prompts, work).await;
            // What was begun is completed before an error is told.
            let closed = output.close();
            let code = done?;
            closed.map(|()| code)
        });
        // A thread may still look a name up or read a file that stays silent.
        runtime.shutdown_background();
        done
    }
}

/// The command's words, such as `tasks of`, and all that is said with them.
fn parse(words: &[OsString]) -> Result<(String, Cli), clap::Error> {
    let mut command = Cli::command();
    let mut matches = command.try_get_matches_from_mut(words)?;
    let named = std::iter::successors(matches.subcommand(), |(_, inner)| inner.subcommand());
    let names: Vec<_> = named.map(|(name, _)| name).collect();
    let name = names.join(" ");
    let cli = Cli::from_arg_matches_mut(&mut matches);
    Ok((name, cli.map_err(|error| error.format(&mut command))?))
}

/// What clap says, with the line breaks and tabs escaped that come from the words.
fn sanitized(error: &clap::Error, words: &[OsString]) -> String {
    let mut text = error.render().to_string();
    for word in words {
        let word = word.to_string_lossy();
        let value = word.split_once('=').map(|(_, value)| value);
        for part in [Some(&*word), value].into_iter().flatten() {
            if part.contains(['\n', '\t']) {
                text = text.replace(part, &escaped(part));
            }
        }
    }
    text
}

fn write_all(to: &mut Screen<'_>, text: &str) -> std::io::Result<()> {
    to.write_all(text.as_bytes())?;
    to.flush()
}

async fn perform(
    command: Command,
    connection: &Connection,
    output: &mut Output<'_>,
    err: &mut dyn Write,
) -> Result<u8, Failure> {
    match command {
        Command::Status {
            image, asked, to, ..
        } => {
            return arrival::status(&image, &asked, &to, connection, output).await;
        }
        Command::Wait { args, asked, to } => {
            return arrival::wait(&args, &asked, &to, connection, output, err).await;
        }
        Command::Explain {
            image, asked, to, ..
        } => {
            return arrival::explain(&image, &asked, &to, connection, output).await;
        }
        Command::Lag { args, to, .. } => lag::run(&args, &to, connection, output).await,
        Command::Api(args) => api::run(args, connection, output).await,
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "imgtrack", &mut script);
            output.text(&String::from_utf8_lossy(&script))
        }
        Command::Doctor { args, .. } => {
            let well = doctor::run(args, connection.inside(), output).await?;
            return Ok(if well { 0 } else { 1 });
        }
        Command::Demo => demo::run(output).await,
        Command::Sandbox { listen } => sandbox::run(listen, output).await,
        Command::Rules {
            repository,
            registry,
            limit,
            to,
            ..
        } => operate::rules(repository, registry, limit, &to, connection, output).await,
        Command::Executions {
            rule, limit, to, ..
        } => operate::executions(rule, limit, &to, connection, output).await,
        Command::Subtasks {
            task, limit, to, ..
        } => operate::subtasks(&task, limit, &to, connection, output).await,
        Command::Run {
            rule,
            image,
            trial,
            change,
            to,
            ..
        } => operate::run(&rule, &image, trial, &change, &to, connection, output).await,
        Command::Stop {
            what, change, to, ..
        } => operate::stop(&what, &change, &to, connection, output).await,
        Command::DecodeMessage { message, to, .. } => {
            let message = match message.as_str() {
                "-" => stdin().await?,
                _ => message,
            };
            let service = connection.sts(&to).await?;
            output.message(&service.decode_message(message.trim()).await?)
        }
        Command::Tasks { of } => tasks(of, connection, output).await,
    }?;
    Ok(0)
}

/// Reads stdin to its end. It may stay silent, so another thread waits for it.
async fn stdin() -> Result<String, Failure> {
    let read = || std::io::read_to_string(std::io::stdin());
    let read = tokio::task::spawn_blocking(read).await;
    Ok(read.map_err(std::io::Error::other)??)
}

async fn tasks(
    of: TaskListing,
    connection: &Connection,
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    match of {
        TaskListing::Of {
            what, limit, to, ..
        } => operate::tasks(&what, limit, &to, connection, output).await,
        TaskListing::Replication {
            execution,
            limit,
            to,
            ..
        } => {
            let registry = connection.enterprise(&to).await?;
            let tasks = registry.replication_tasks(execution).by_item();
            output.listing(tasks, limit).await
        }
        TaskListing::Retention {
            namespace,
            policy,
            execution,
            status,
            limit,
            to,
            ..
        } => {
            let registry = connection.enterprise(&to).await?;
            let status = status.map(Into::into);
            let tasks = registry.retention_tasks(namespace, policy, execution, status);
            output.listing(tasks.by_item(), limit).await
        }
        TaskListing::SyncJobs {
            repository,
            order,
            limit,
            to,
            ..
        } => {
            let registry = connection.basic(&to).await?;
            let repository = operate::image(&registry, &repository).await?;
            let jobs = registry.sync_jobs(&repository.to_string(), order.map(Into::into));
            output.listing(jobs.by_item(), limit).await
        }
        TaskListing::SyncTasks {
            image,
            batch,
            limit,
            to,
            ..
        } => {
            let registry = connection.alibabacloud(&to).await?;
            let mut query = registry_replication::alibabacloud::TaskQuery::default();
            if let Some(image) = image {
                query = query.image(operate::image(&registry, &image).await?.to_string());
            }
            if let Some(batch) = batch {
                query = query.batch(batch);
            }
            output.listing(registry.tasks(query).by_item(), limit).await
        }
    }
}
