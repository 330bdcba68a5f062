//! Changes, planned before they are made.

use std::collections::VecDeque;

use openapi_transport::{Call, Context, Error, PreviewedRequest};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::model::{ExecutionRef, TaskRef, TaskState};

/// The calls that a change takes, which can be looked at before they are sent.
///
/// [`Registry::plan_run`](crate::Registry::plan_run) and
/// [`Registry::plan_stop`](crate::Registry::plan_stop) make one; all that they ask the vendor
/// changes nothing.
pub struct Plan {
    context: Context,
    steps: VecDeque<Step>,
    ended: Option<TaskState>,
}

struct Step {
    call: Call,
    read: Box<dyn FnOnce(Value) -> Started + Send + Sync>,
}

/// What a change has started, as far as the vendor's answer names it.
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

    /// With what another call has started.
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

    /// A plan that changes nothing, because its target has ended in this state.
    pub(crate) fn over(context: &Context, state: TaskState) -> Self {
        Self {
            ended: Some(state),
            ..Self::new(context)
        }
    }

    /// The state in which the target had ended, where that is why nothing is to be done.
    pub fn ended(&self) -> Option<&TaskState> {
        self.ended.as_ref()
    }

    /// And this call; `read` reads its answer.
    pub(crate) fn with(
        mut self,
        call: Call,
        read: impl FnOnce(Value) -> Started + Send + Sync + 'static,
    ) -> Self {
        let read = Box::new(read);
        self.steps.push_back(Step { call, read });
        self
    }

    /// URL that the calls go to.
    pub fn endpoint(&self) -> &str {
        self.context.endpoint()
    }

    /// The calls that are still to be sent, in their order.
    pub fn calls(&self) -> impl Iterator<Item = &Call> {
        self.steps.iter().map(|step| &step.call)
    }

    /// The requests as they would leave, signed but without secrets. None is sent.
    ///
    /// # Errors
    /// Why there is nothing to sign with.
    pub async fn shown(&self) -> Result<Vec<PreviewedRequest>, Error> {
        let mut shown = Vec::new();
        for call in self.calls() {
            shown.push(call.shown(&self.context).await?);
        }
        Ok(shown)
    }

    /// Sends the next call; `None` when all are sent. A call that failed is not sent again.
    ///
    /// # Errors
    /// Whatever can go wrong with a call that changes something.
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
    /// Of the first call that fails; the calls behind it are not sent, and what those before it
    /// have started goes on. [`send_next`](Self::send_next) tells what that is.
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
