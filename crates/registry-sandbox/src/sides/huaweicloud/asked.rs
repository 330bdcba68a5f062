//! Request of SWR, which is checked by the spec of its operation.

use hyper::header::CONTENT_RANGE;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use super::Context;
use super::errors::{
    Code, Refusal, SWR_DENIED, SWR_INVALID_BODY, SWR_INVALID_PARAMETER, SWR_NO_PROJECT,
};
use super::listing::PROJECTS;
use super::sts;
use crate::body;
use crate::encoding;
use crate::message::Reply;
use crate::parameters::{Parameters, page};
use crate::plans::Plans;
use crate::spec::Operation;

/// Edition of a request. The editions have different forms of refusals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Edition {
    Enterprise,
    Basic,
}

impl Edition {
    pub(super) fn of(operation: &Operation) -> Self {
        match operation.path.split('/').nth(2) {
            Some("manage") => Self::Basic,
            _ => Self::Enterprise,
        }
    }

    pub(super) fn refusal(self, code: Code, message: impl Into<String>) -> Refusal {
        match self {
            Self::Enterprise => Refusal::enterprise(code, message),
            Self::Basic => Refusal::basic(code, message),
        }
    }
}

/// Request in the form for handlers.
pub(super) struct Asked<'a> {
    operation: &'a Operation,
    edition: Edition,
    parameters: Parameters<'a>,
    /// Body. Null if the operation takes no body.
    pub(super) body: Value,
    pub(super) plans: &'a Plans,
    pub(super) now: Timestamp,
}

impl<'a> Asked<'a> {
    /// Refuses requests that the spec does not allow, and projects of other accounts.
    pub(super) fn check(
        context: &Context<'a>,
        plans: &'a Plans,
        now: Timestamp,
    ) -> Result<Self, Refusal> {
        let operation = context.operation;
        let edition = Edition::of(operation);
        for name in ["repository", "repository_name"] {
            // The gateway decodes the path before it routes, so %2F adds a segment.
            let sent = context.given.get(name);
            let in_path = operation.path.contains(&format!("{{{name}}}"));
            if in_path && sent.is_some_and(|sent| sent.contains('/')) {
                return Err(Refusal::no_such_api());
            }
        }
        if operation.path.contains("{project_id}") {
            check_project(context, edition)?;
        }
        let parameters = context.parameters(|violation| {
            edition.refusal(SWR_INVALID_PARAMETER, violation.to_string())
        })?;
        let body = match &operation.body {
            None => Value::Null,
            Some(schema) => body::read(schema, &context.request.body)
                .map_err(|reason| edition.refusal(SWR_INVALID_BODY, reason))?,
        };
        Ok(Self {
            operation,
            edition,
            parameters,
            body,
            plans,
            now,
        })
    }

    pub(super) fn given(&self, name: &str) -> Option<&'a str> {
        self.parameters.text(name)
    }

    /// Returns a parameter that the spec requires.
    pub(super) fn text(&self, name: &str) -> &'a str {
        self.given(name).unwrap_or_default()
    }

    pub(super) fn integer(&self, name: &str) -> Option<i64> {
        self.parameters.integer(name)
    }

    /// Returns an id that the spec requires.
    pub(super) fn id(&self, name: &str) -> i64 {
        self.integer(name).unwrap_or_default()
    }

    pub(super) fn boolean(&self, name: &str) -> Option<bool> {
        self.parameters.boolean(name)
    }

    /// Returns the repository's name. Each edition has its own encoding of a slash.
    pub(super) fn repository(&self) -> String {
        match self.edition {
            Edition::Basic => self.text("repository").replace('$', "/"),
            Edition::Enterprise => {
                let sent = self.text("repository_name");
                encoding::decode(sent).unwrap_or_else(|| sent.to_owned())
            }
        }
    }

    /// Returns a text of the body.
    pub(super) fn field(&self, name: &str) -> &str {
        self.body[name].as_str().unwrap_or_default()
    }

    pub(super) fn refusal(&self, code: Code, message: impl Into<String>) -> Refusal {
        self.edition.refusal(code, message)
    }

    pub(super) fn invalid(&self, message: impl Into<String>) -> Refusal {
        self.refusal(SWR_INVALID_PARAMETER, message)
    }

    /// Makes a success with the status of the spec.
    pub(super) fn done(&self, body: Value) -> Reply {
        Reply::new(self.operation.success, body)
    }

    /// Makes a success without a body.
    pub(super) fn nothing(&self) -> Reply {
        self.done(Value::Null)
    }

    /// Makes the page of `records` for offset and limit, in the list `items`, with the total.
    pub(super) fn page<T: Serialize>(&self, items: &str, records: &[T]) -> Reply {
        self.page_of(items, records, |record| json!(record))
    }

    /// Makes a page of rows. `shown` makes the records of that page only.
    pub(super) fn page_of<T>(&self, items: &str, rows: &[T], shown: impl Fn(&T) -> Value) -> Reply {
        let offset = self.integer("offset").unwrap_or(0);
        let limit = self.integer("limit").unwrap_or(10);
        let records: Vec<_> = page(rows, offset, limit).iter().map(shown).collect();
        self.done(json!({"total": rows.len(), items: records}))
    }

    /// Returns the records of a page, and the header with its position.
    pub(super) fn ranged(
        &self,
        records: &[Value],
        offset: i64,
        limit: i64,
    ) -> (Vec<Value>, String) {
        let shown = page(records, offset, limit).to_vec();
        let range = format!("{offset}-{}/{}", shown.len(), records.len());
        (shown, range)
    }

    /// Makes a list whose total is in a header. `shown` makes the records of the rows.
    pub(super) fn list<T>(
        &self,
        rows: &[T],
        (offset, limit): (i64, i64),
        shown: impl Fn(&T) -> Value,
    ) -> Reply {
        let records: Vec<_> = page(rows, offset, limit).iter().map(shown).collect();
        let range = format!("{offset}-{}/{}", records.len(), rows.len());
        self.done(Value::from(records)).with(CONTENT_RANGE, range)
    }
}

fn check_project(context: &Context<'_>, edition: Edition) -> Result<(), Refusal> {
    let project = context.given.get("project_id").map(String::as_str);
    if project.is_some_and(|project| PROJECTS.contains(&project)) {
        return Ok(());
    }
    if edition == Edition::Basic {
        // The form of this answer is invented, because the page of quotas, its only call, has no example.
        let message = "the project is not one of this account";
        return Err(Refusal::basic(SWR_NO_PROJECT, message));
    }
    let action = action(&context.operation.id);
    let reason = json!({
        "allowed": false,
        "action": action,
        "project_id": project,
        "reason": "the project is not one of this account",
    });
    Err(Refusal::Enterprise {
        code: SWR_DENIED,
        message: format!("no permission for {action}"),
        encoded: Some(sts::encode(&reason)),
    })
}

/// Returns the permission's action for a call. It is derived from the call's name, except for calls
/// whose documented action differs.
fn action(operation: &str) -> String {
    let action = match operation {
        "ListInstanceReplicationPolicyExecTasks" => "listReplicationTasks".to_owned(),
        "ListInstanceRetentionPolicyExecTasks" => "listRetentionTasks".to_owned(),
        other => {
            let mut letters = other.replacen("Instance", "", 1);
            if let Some(first) = letters.get_mut(..1) {
                first.make_ascii_lowercase();
            }
            letters
        }
    };
    format!("swr:instance:{action}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions() {
        for (operation, expected) in [
            (
                "ListInstanceReplicationPolicyExecTasks",
                "swr:instance:listReplicationTasks",
            ),
            (
                "CreateInstanceReplicationPolicy",
                "swr:instance:createReplicationPolicy",
            ),
        ] {
            assert_eq!(action(operation), expected);
        }
    }
}
