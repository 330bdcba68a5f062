//! Changes, planned before they are made.

use std::collections::VecDeque;
use std::time::Duration;

use openapi_transport::{Call, Context, Error, PreviewedRequest, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::model::{ExecutionRef, TaskRef, TaskState};

/// Calls of a change, which can be shown before they are sent.
///
/// [`Registry::plan_run`](crate::Registry::plan_run) and
/// [`Registry::plan_stop`](crate::Registry::plan_stop) make plans. They send only calls that change
/// nothing.
pub struct Plan {
    context: Context,
    steps: VecDeque<Step>,
    ended: Option<TaskState>,
}

struct Step {
    call: Call,
    read: Box<dyn FnOnce(Value) -> Started + Send + Sync>,
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
}

impl Started {
    pub(crate) fn execution(execution: ExecutionRef) -> Self {
        Self {
            executions: vec![execution],
            tasks: Vec::new(),
        }
    }

    pub(crate) fn task(task: TaskRef) -> Self {
        Self {
            executions: Vec::new(),
            tasks: vec![task],
        }
    }

    /// Adds the executions and tasks of another call.
    pub fn and(mut self, other: Self) -> Self {
        self.executions.extend(other.executions);
        self.tasks.extend(other.tasks);
        self
    }
}

impl Plan {
    pub(crate) fn new(context: &Context) -> Self {
        Self {
            context: context.clone(),
            steps: VecDeque::new(),
            ended: None,
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
        mut self,
        call: Call,
        read: impl FnOnce(Value) -> Started + Send + Sync + 'static,
    ) -> Self {
        let read = Box::new(read);
        self.steps.push_back(Step { call, read });
        self
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
        let answer = step.call.send(&self.context).await?;
        Ok(Some((step.read)(answer)))
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
