//! Changes, planned before they are made.

use std::collections::VecDeque;
use std::time::Duration;

use openapi_transport::{Call, Context, Error, PreviewedRequest, Timestamp};
use reqwest::header::HeaderMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::model::{ExecutionRef, ImageName, ImageRef, TaskRef, TaskState};

/// Calls of a change, which can be shown before they are sent.
///
/// [`Registry::plan_run`](crate::Registry::plan_run) and
/// [`Registry::plan_stop`](crate::Registry::plan_stop) make plans. They send only calls that change
/// nothing.
pub struct Plan {
    context: Context,
    steps: VecDeque<Step>,
    ended: Option<TaskState>,
    /// Tasks that answers have named, and what their calls copy.
    named: Vec<(TaskRef, Vec<Copied>)>,
}

/// An image, and the destination that a call copies it to.
pub(crate) type Copied = (ImageName, ImageRef);

struct Step {
    call: Call,
    /// What the call copies, as far as it is known.
    copies: Vec<Copied>,
    read: Box<Read>,
}

/// Reads what an answer and its headers say was started.
type Read = dyn FnOnce(Value, &HeaderMap) -> Started + Send + Sync;

/// Copy that a call has started, and whose task the vendor's answer does not name.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StartedCopy {
    /// Image, with its tag.
    pub image: ImageName,
    /// Destination, as far as it is known.
    pub destination: ImageRef,
    /// Time before the call was sent, by the service's clock.
    pub since: Timestamp,
}

/// Executions and tasks that a change has started, if the vendor's answer names them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct Started {
    /// Executions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub executions: Vec<ExecutionRef>,
    /// Tasks without an execution.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tasks: Vec<TaskRef>,
    /// Copies whose tasks no answer names. They are not serialised: only a wait needs them.
    #[serde(skip)]
    pub copies: Vec<StartedCopy>,
}

impl Started {
    pub(crate) fn execution(execution: ExecutionRef) -> Self {
        Self {
            executions: vec![execution],
            ..Self::default()
        }
    }

    pub(crate) fn task(task: TaskRef) -> Self {
        Self {
            tasks: vec![task],
            ..Self::default()
        }
    }

    /// Adds what another call has started.
    pub fn and(mut self, other: Self) -> Self {
        self.executions.extend(other.executions);
        self.tasks.extend(other.tasks);
        self.copies.extend(other.copies);
        self
    }
}

impl Plan {
    pub(crate) fn new(context: &Context) -> Self {
        Self {
            context: context.clone(),
            steps: VecDeque::new(),
            ended: None,
            named: Vec::new(),
        }
    }

    /// Makes a plan that changes nothing, because its target has ended in this state.
    pub(crate) fn over(context: &Context, state: TaskState) -> Self {
        Self {
            ended: Some(state),
            ..Self::new(context)
        }
    }

    /// Returns the final state of the target, if the plan has no calls because of it.
    pub fn ended(&self) -> Option<&TaskState> {
        self.ended.as_ref()
    }

    /// Adds a call. `read` reads its answer.
    pub(crate) fn with(
        self,
        call: Call,
        read: impl FnOnce(Value, &HeaderMap) -> Started + Send + Sync + 'static,
    ) -> Self {
        self.with_copies(call, Vec::new(), read)
    }

    /// Adds a call that copies images. `read` reads its answer.
    pub(crate) fn with_copies(
        mut self,
        call: Call,
        copies: Vec<Copied>,
        read: impl FnOnce(Value, &HeaderMap) -> Started + Send + Sync + 'static,
    ) -> Self {
        let read = Box::new(read);
        self.steps.push_back(Step { call, copies, read });
        self
    }

    /// Returns what the calls that were not sent yet copy, as far as it is known.
    pub(crate) fn copies(&self) -> impl Iterator<Item = &Copied> {
        self.steps.iter().flat_map(|step| &step.copies)
    }

    /// Adds the calls of another plan of the same registry.
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.steps.extend(other.steps);
        self
    }

    /// Returns the URL of the calls.
    pub fn endpoint(&self) -> &str {
        self.context.endpoint()
    }

    /// Returns the time by the service's clock, no later than it is there.
    pub fn time(&self) -> Timestamp {
        // The service's time is known to within two seconds.
        let now = self.context.service_time();
        now.checked_sub(Duration::from_secs(2)).unwrap_or(now)
    }

    /// Returns the calls that were not sent yet, in their order.
    pub fn calls(&self) -> impl Iterator<Item = &Call> {
        self.steps.iter().map(|step| &step.call)
    }

    /// Returns the requests as the client would send them, signed but without secrets. Sends no
    /// request.
    ///
    /// # Errors
    /// When there are no credentials for the signature.
    pub async fn shown(&self) -> Result<Vec<PreviewedRequest>, Error> {
        let mut shown = Vec::new();
        for call in self.calls() {
            shown.push(call.shown(&self.context).await?);
        }
        Ok(shown)
    }

    /// Sends the next call. Returns `None` after the last call. Does not send a failed call again.
    ///
    /// # Errors
    /// Any error of the call.
    pub async fn send_next(&mut self) -> Result<Option<Started>, Error> {
        let Some(step) = self.steps.pop_front() else {
            return Ok(None);
        };
        let since = self.time();
        let (answer, headers) = step.call.answer(&self.context).await?;
        let started = (step.read)(answer, &headers);
        Ok(Some(self.completed(started, step.copies, since)))
    }

    /// Adds the copies whose tasks the answer does not name. A task that an earlier answer has named for
    /// another copy is not the task of this copy.
    fn completed(
        &mut self,
        mut started: Started,
        copies: Vec<Copied>,
        since: Timestamp,
    ) -> Started {
        let is_named = |task: &TaskRef| self.named.iter().any(|(named, _)| named == task);
        let is_of_others = |task: &TaskRef| {
            let mut named = self.named.iter();
            named.any(|(named, of)| named == task && *of != copies)
        };
        let names_none = started.tasks.is_empty() && started.executions.is_empty();
        if names_none || started.tasks.iter().any(is_of_others) {
            let unnamed = copies.iter().cloned();
            let unnamed = unnamed.map(|(image, destination)| StartedCopy {
                image,
                destination,
                since,
            });
            started.copies.extend(unnamed);
        }
        started.tasks.retain(|task| !is_named(task));
        let tasks = started.tasks.iter().cloned();
        self.named.extend(tasks.map(|task| (task, copies.clone())));
        started
    }

    /// Sends the calls one after the other.
    ///
    /// # Errors
    /// The error of the first call that fails. The calls after it are not sent, and executions and
    /// tasks of the calls before it keep running. [`send_next`](Self::send_next) returns them.
    pub async fn send(mut self) -> Result<Started, Error> {
        let mut all = Started::default();
        while let Some(started) = self.send_next().await? {
            all = all.and(started);
        }
        Ok(all)
    }
}

impl std::fmt::Debug for Plan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.calls()).finish()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::settings::Unset;

    #[test]
    fn a_copy_without_a_task_of_its_own_is_followed_by_its_image() {
        let context = Context::builder("https://registry.invalid", Arc::new(Unset));
        let mut plan = Plan::new(&context.build().unwrap());
        let since = "2026-12-05T12:00:00Z".parse().unwrap();
        let mut answered = |image: &str, started: Started| {
            let copies = vec![(image.parse().unwrap(), ImageRef::default())];
            plan.completed(started, copies, since)
        };
        let named = || Started::task(TaskRef::new("9"));
        let all = answered("team/api:v1", named())
            .and(answered("team/api:v2", Started::default()))
            // An answer that names the task of another copy, or of the same copy.
            .and(answered("team/api:v3", named()))
            .and(answered("team/api:v1", named()));
        assert_eq!(all.tasks, [TaskRef::new("9")]);
        let images: Vec<String> = all.copies.iter().map(|one| one.image.to_string()).collect();
        assert_eq!(images, ["team/api:v2", "team/api:v3"]);
    }
}
