//! Completions: how executions and tasks end.
//!
//! - `read` reads what the registry shows of the work in one poll.
//! - `memory` keeps what polls have shown, and judges it. It sends no calls.
//! - `wait` polls until the verdict is final or the deadline has passed.

mod memory;
mod read;
mod report;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
mod wait;

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::BoxStream;

use crate::arrival::Polling;
use crate::model::{ExecutionRef, TaskRef};
use crate::plan::{Started, StartedCopy};
use crate::registry::Registry;
pub(crate) use read::is_failed;
pub use report::{CompletionError, CompletionReport, CompletionVerdict};

/// Work of a registry whose end can be awaited.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RunningWork {
    /// An execution, with all of its tasks.
    Execution(ExecutionRef),
    /// A task.
    Task(TaskRef),
    /// A copy whose task no answer names: the tasks of its image to its destination that were created
    /// after the call.
    Copy(StartedCopy),
}

impl Started {
    /// Returns the work that was started, to wait for its end: each execution, each task and each copy
    /// without a named task.
    ///
    /// ```
    /// use registry_replication::{Completion, Error, Registry, RuleRef, RunOptions};
    ///
    /// # async fn example(registry: std::sync::Arc<dyn Registry>, rule: RuleRef) -> Result<(), Error> {
    /// let started = registry.run(&rule, &RunOptions::default()).await?;
    /// let completion = Completion::new(registry, started.work());
    /// # Ok(())
    /// # }
    /// ```
    pub fn work(&self) -> Vec<RunningWork> {
        let executions = self.executions.iter().cloned().map(RunningWork::Execution);
        let tasks = self.tasks.iter().cloned().map(RunningWork::Task);
        let mut work: Vec<_> = executions.chain(tasks).collect();
        let mut copies: Vec<&StartedCopy> = Vec::new();
        for copy in &self.copies {
            let is_same = |known: &&StartedCopy| {
                known.image == copy.image && known.destination == copy.destination
            };
            if !copies.iter().any(is_same) {
                copies.push(copy);
            }
        }
        work.extend(copies.into_iter().cloned().map(RunningWork::Copy));
        work
    }
}

/// Question how work of a registry ends.
///
/// The work has ended when two polls in a row show the same: every task has ended, the execution has
/// ended, and all tasks that the execution counts are listed. A failed task counts as ended after the
/// [settle window](Self::settle_window), because registries retry. A task that was seen once stays known.
/// Each copy needs a task of its own, which was created after its call and names its destination. Without
/// work, the verdict is `no-task`.
///
/// A poll lists the tasks of each execution, and looks up its record where the provider has executions.
///
/// ```no_run
/// use std::sync::Arc;
/// use std::time::Duration;
///
/// use futures_util::TryStreamExt;
/// use registry_replication::{Completion, CompletionError, Registry, RunningWork};
///
/// # async fn example(registry: Arc<dyn Registry>) -> Result<(), CompletionError> {
/// let work = RunningWork::Execution("83".parse().unwrap());
/// let completion = Completion::new(registry, [work]);
/// let mut reports = completion.wait(Duration::from_secs(900));
/// while let Some(report) = reports.try_next().await? {
///     println!("{} after {} polls", report.verdict, report.polls);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use = "a completion asks nothing until it is awaited"]
pub struct Completion {
    registry: Arc<dyn Registry>,
    work: Vec<RunningWork>,
    settle: Duration,
    appear: Duration,
    trouble: Duration,
    polling: Polling,
}

impl Completion {
    /// Begins the question. No call is sent.
    pub fn new(registry: Arc<dyn Registry>, work: impl IntoIterator<Item = RunningWork>) -> Self {
        let windows = registry.descriptor().windows;
        Self {
            registry,
            work: work.into_iter().collect(),
            settle: windows.settle,
            appear: windows.task,
            trouble: Duration::from_secs(60),
            polling: Polling::default(),
        }
    }

    /// Sets how long a task must stay failed until the failure is final. [default: the provider's own]
    pub fn settle_window(mut self, window: Duration) -> Self {
        self.settle = window;
        self
    }

    /// Sets how long the registry may take to show the work. [default: the provider's own, usually
    /// 60 s]
    pub fn task_window(mut self, window: Duration) -> Self {
        self.appear = window;
        self
    }

    /// Sets how long a wait survives answers that a retry usually does not change. [default: 60 s]
    ///
    /// See [`Arrival::trouble_window`](crate::Arrival::trouble_window).
    pub fn trouble_window(mut self, window: Duration) -> Self {
        self.trouble = window;
        self
    }

    /// Sets how often a wait polls.
    pub fn polling(mut self, polling: Polling) -> Self {
        self.polling = polling;
        self
    }

    /// Waits for the end of the work, at most until `deadline` has passed. Yields a report for each
    /// poll. The last report is final, unless an error is last.
    ///
    /// # Errors
    /// The stream's error tells why the end is not known.
    pub fn wait(
        &self,
        deadline: Duration,
    ) -> BoxStream<'static, Result<CompletionReport, CompletionError>> {
        wait::reports(self.clone(), deadline).fuse().boxed()
    }
}

impl std::fmt::Debug for Completion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Completion")
            .field("work", &self.work)
            .finish_non_exhaustive()
    }
}
