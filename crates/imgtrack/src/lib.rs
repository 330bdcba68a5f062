//! Is this image where it has to be, and if not, why? The program, as a library so that its tests
//! need no process.

mod api;
mod arrival;
mod cli;
mod confirm;
mod connect;
mod demo;
mod doctor;
mod failure;
mod lag;
mod operate;
mod output;
mod sandbox;
mod table;

use std::ffi::OsString;
use std::io::Write;
use std::sync::Arc;

use clap::{CommandFactory, Parser};
use registry_replication::Clock;
use registry_sandbox::Sandbox;

use cli::{Cli, Command, TaskListing};
use connect::Connection;
use failure::Failure;
use output::Output;

/// Runs the program with these words, the program's name first, and returns its exit code.
///
/// Data goes to `out`, words about it to `err`.
pub fn run<I>(words: I, out: &mut dyn Write, err: &mut dyn Write) -> u8
where
    I: IntoIterator<Item = OsString>,
{
    Program::default().run(words, out, err)
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
        let cli = match Cli::try_parse_from(words) {
            Ok(cli) => cli,
            Err(error) => {
                // Help and version are answers, not errors.
                let (to, code): (&mut dyn Write, _) = if error.use_stderr() {
                    (err, 2)
                } else {
                    (out, 0)
                };
                return match write!(to, "{}", error.render()) {
                    Ok(()) => code,
                    Err(error) => Failure::from(error).exit_code(),
                };
            }
        };
        let decoder = cli.command.decoder();
        let region_hint = cli.command.region_hint();
        match self.execute(cli, out, err) {
            Ok(code) => code,
            Err(failed) => {
                let code = failed.exit_code();
                if code != 0 {
                    // Nobody is left to tell when this fails.
                    let _ = failed.tell(decoder.as_deref(), err);
                    if let Some(hint) = region_hint.filter(|_| failed.is_of_connection()) {
                        let _ = writeln!(err, "  hint: {hint}");
                    }
                }
                code
            }
        }
    }

    /// The exit code of what did as it was asked: some commands find that all is not well.
    fn execute(
        self,
        mut cli: Cli,
        out: &mut dyn Write,
        err: &mut dyn Write,
    ) -> Result<u8, Failure> {
        if let Command::DecodeMessage { message, .. } = &mut cli.command
            && message == "-"
        {
            *message = std::io::read_to_string(std::io::stdin())?;
        }
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        runtime.block_on(async {
            let sandbox = match (cli.command.is_in_sandbox(), self.sandbox) {
                (false, _) => None,
                (true, Some(sandbox)) => Some(sandbox),
                (true, None) => Some(Connection::sandbox(self.clock.clone()).await?),
            };
            let mut output = Output::new(cli.output, out);
            let connection = Connection::new(sandbox, self.clock);
            perform(cli.command, &connection, &mut output, err).await
        })
    }
}

async fn perform(
    command: Command,
    connection: &Connection,
    output: &mut Output<'_>,
    err: &mut dyn Write,
) -> Result<u8, Failure> {
    match command {
        Command::Status { image, asked, to } => {
            return arrival::status(&image, &asked, &to, connection, output).await;
        }
        Command::Wait { args, asked, to } => {
            return arrival::wait(&args, &asked, &to, connection, output, err).await;
        }
        Command::Explain { image, asked, to } => {
            return arrival::explain(&image, &asked, &to, connection, output).await;
        }
        Command::Lag { args, to } => lag::run(&args, &to, connection, output).await,
        Command::Api(args) => api::run(args, connection, output).await,
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "imgtrack", &mut script);
            output.text(&String::from_utf8_lossy(&script))
        }
        Command::Doctor { args } => {
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
        } => operate::rules(repository, registry, limit, &to, connection, output).await,
        Command::Executions { rule, limit, to } => {
            operate::executions(rule, limit, &to, connection, output).await
        }
        Command::Subtasks { task, limit, to } => {
            operate::subtasks(&task, limit, &to, connection, output).await
        }
        Command::Run {
            rule,
            image,
            trial,
            change,
            to,
        } => operate::run(&rule, &image, trial, &change, &to, connection, output).await,
        Command::Stop { what, change, to } => {
            operate::stop(&what, &change, &to, connection, output).await
        }
        Command::DecodeMessage { message, to } => {
            let service = connection.sts(&to).await?;
            output.message(&service.decode_message(message.trim()).await?)
        }
        Command::Tasks { of } => tasks(of, connection, output).await,
    }?;
    Ok(0)
}

async fn tasks(
    of: TaskListing,
    connection: &Connection,
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    match of {
        TaskListing::Of { what, limit, to } => {
            operate::tasks(&what, limit, &to, connection, output).await
        }
        TaskListing::Replication {
            execution,
            limit,
            to,
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
        } => {
            let registry = connection.enterprise(&to).await?;
            let mut tasks = registry.retention_tasks(namespace, policy, execution);
            if let Some(status) = status {
                tasks = tasks.status(status);
            }
            output.listing(tasks.by_item(), limit).await
        }
        TaskListing::SyncJobs {
            repository,
            order,
            limit,
            to,
        } => {
            let registry = connection.basic(&to).await?;
            let repository = operate::image(&registry, &repository).await?;
            let mut jobs = registry.sync_jobs(&repository.to_string());
            if let Some(order) = order {
                jobs = jobs.order(order.into());
            }
            output.listing(jobs.by_item(), limit).await
        }
        TaskListing::SyncTasks {
            image,
            batch,
            limit,
            to,
        } => {
            let registry = connection.alibabacloud(&to).await?;
            let mut tasks = registry.tasks();
            if let Some(image) = image {
                let image = operate::image(&registry, &image).await?;
                tasks = tasks.image(image.to_string());
            }
            if let Some(batch) = batch {
                tasks = tasks.batch(batch);
            }
            output.listing(tasks.by_item(), limit).await
        }
    }
}
