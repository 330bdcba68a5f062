//! Is this image where it has to be, and if not, why? The program, as a library so that its tests
//! need no process.

mod api;
mod cli;
mod confirm;
mod connect;
mod demo;
mod doctor;
mod failure;
mod operate;
mod output;
mod sandbox;
mod table;

use std::ffi::OsString;
use std::io::Write;

use clap::{CommandFactory, Parser};

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
    let (failed, decoder) = match Cli::try_parse_from(words) {
        Ok(cli) => {
            let decoder = cli.command.decoder();
            match execute(cli, out) {
                Ok(well) => return if well { 0 } else { 1 },
                Err(failure) => (failure, decoder),
            }
        }
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
    let code = failed.exit_code();
    if code != 0 {
        // Nobody is left to tell when this fails.
        let _ = write!(err, "{failed}");
        if let Some(hint) = failed.hint(decoder.as_deref()) {
            let _ = writeln!(err, "  hint: {hint}");
        }
    }
    code
}

/// Whether all is well; only the doctor may find that it is not.
fn execute(mut cli: Cli, out: &mut dyn Write) -> Result<bool, Failure> {
    if let Command::DecodeMessage { message, .. } = &mut cli.command
        && message == "-"
    {
        *message = std::io::read_to_string(std::io::stdin())?;
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let mut output = Output::new(cli.output, out);
    runtime.block_on(async {
        match cli.command {
            Command::Api(args) => api::run(args, &mut output).await,
            Command::Completions { shell } => {
                let mut script = Vec::new();
                clap_complete::generate(shell, &mut Cli::command(), "imgtrack", &mut script);
                output.text(&String::from_utf8_lossy(&script))
            }
            Command::Doctor { args } => return doctor::run(args, &mut output).await,
            Command::Demo => demo::run(&mut output).await,
            Command::Sandbox { listen } => sandbox::run(listen, &mut output).await,
            Command::Rules {
                repository,
                registry,
                limit,
                to,
            } => operate::rules(repository, registry, limit, &to, &mut output).await,
            Command::Executions { rule, limit, to } => {
                operate::executions(rule, limit, &to, &mut output).await
            }
            Command::Subtasks { task, limit, to } => {
                operate::subtasks(&task, limit, &to, &mut output).await
            }
            Command::Run {
                rule,
                image,
                trial,
                change,
                to,
            } => operate::run(&rule, &image, trial, &change, &to, &mut output).await,
            Command::Stop { what, change, to } => {
                operate::stop(&what, &change, &to, &mut output).await
            }
            Command::DecodeMessage { message, to } => {
                let connection = Connection::new(to.sandbox).await?;
                let service = connection.sts(&to).await?;
                output.message(&service.decode_message(message.trim()).await?)
            }
            Command::Tasks { of } => tasks(of, &mut output).await,
        }
        .map(|()| true)
    })
}

async fn tasks(of: TaskListing, output: &mut Output<'_>) -> Result<(), Failure> {
    match of {
        TaskListing::Of { what, limit, to } => operate::tasks(&what, limit, &to, output).await,
        TaskListing::Replication {
            execution,
            limit,
            to,
        } => {
            let connection = Connection::new(to.common.sandbox).await?;
            let registry = connection.enterprise(&to).await?;
            let tasks = registry.replication_tasks(execution).by_item();
            output.tasks(tasks, limit).await
        }
        TaskListing::Retention {
            namespace,
            policy,
            execution,
            status,
            limit,
            to,
        } => {
            let connection = Connection::new(to.common.sandbox).await?;
            let registry = connection.enterprise(&to).await?;
            let mut tasks = registry.retention_tasks(namespace, policy, execution);
            if let Some(status) = status {
                tasks = tasks.status(status);
            }
            output.tasks(tasks.by_item(), limit).await
        }
        TaskListing::SyncJobs {
            repository,
            order,
            limit,
            to,
        } => {
            let connection = Connection::new(to.sandbox).await?;
            let registry = connection.basic(&to).await?;
            let mut jobs = registry.sync_jobs(&repository);
            if let Some(order) = order {
                jobs = jobs.order(order.into());
            }
            output.tasks(jobs.by_item(), limit).await
        }
        TaskListing::SyncTasks {
            image,
            batch,
            limit,
            to,
        } => {
            let connection = Connection::new(to.common.sandbox).await?;
            let registry = connection.alibabacloud(&to).await?;
            let mut tasks = registry.tasks();
            if let Some(image) = image {
                tasks = tasks.image(image);
            }
            if let Some(batch) = batch {
                tasks = tasks.batch(batch);
            }
            output.tasks(tasks.by_item(), limit).await
        }
    }
}
