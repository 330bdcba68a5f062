//! Plans of changes: preview and confirmation.

use registry_replication::Plan;
use registry_replication::api::PreviewedRequest;
use serde_json::{Value, json};

use crate::args::Change;
use crate::confirm;
use crate::failure::Failure;
use crate::output::Output;
use crate::terminal::json_line;

/// Writes the requests that a plan would send.
pub(super) async fn preview(plan: &Plan, output: &mut Output<'_>) -> Result<(), Failure> {
    let shown = plan.shown().await?;
    let calls = plan.calls().zip(shown);
    if output.is_data() {
        let requests = calls.map(|(call, shown)| {
            let mut request = request(shown);
            request["operation"] = Value::from(call.operation().name);
            request
        });
        return output.list(&requests.collect::<Vec<_>>());
    }
    for (call, shown) in calls {
        output.line(call.operation().name)?;
        output.line(&format!("  {} {}", shown.method, shown.url))?;
        if let Some(body) = &shown.body {
            output.line(&format!("  {}", json_line(body)?))?;
        }
    }
    output.line("dry run: nothing was changed")
}

/// Returns a request as JSON.
pub(super) fn request(shown: PreviewedRequest) -> Value {
    json!({
        "method": shown.method,
        "url": shown.url,
        "headers": shown.headers.into_iter().collect::<std::collections::BTreeMap<_, _>>(),
        "body": shown.body,
    })
}

/// Asks for confirmation of a plan, unless `--yes` is given. `subject` describes the change, a fact on
/// each line, and is awaited only for a prompt.
pub(super) async fn confirm(
    plan: &Plan,
    subject: impl Future<Output = String>,
    change: &Change,
    output: &Output<'_>,
) -> Result<(), Failure> {
    if change.yes {
        return Ok(());
    }
    let subject = subject.await;
    let mut names: Vec<_> = plan.calls().map(|call| call.operation().name).collect();
    let count = names.len();
    names.dedup();
    let what = match count {
        1 => format!("{} changes the registry", names.join(", ")),
        _ => format!("{} ({count} calls) changes the registry", names.join(", ")),
    };
    let what = format!("{subject}\n{what} ({})", plan.endpoint());
    confirm::ask(&what, change.yes, output.prompts())
}
