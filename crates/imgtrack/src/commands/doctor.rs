use clap::Args;
use futures_util::StreamExt;
use registry_replication::{Cloud, Finding, FindingState, clouds};

use super::Execute;
use crate::args::{Bound, flag};
use crate::failure::Failure;
use crate::output::Output;
use crate::session::Session;
use crate::styled::Styled;
use crate::table::Table;

#[derive(Args, Debug)]
pub(crate) struct Doctor {
    #[command(flatten)]
    bound: Bound,
}

impl Execute for Doctor {
    fn bound(&self) -> Option<Bound> {
        Some(self.bound)
    }

    /// Returns 1 if a check has failed.
    async fn run(self, session: &mut Session<'_>) -> Result<u8, Failure> {
        let (target, output) = (&session.target, &mut session.output);
        target.check()?;
        let clouds: Vec<&Cloud> = match (target.name(), target.given().next()) {
            (Some(_), _) => vec![target.provider()?.cloud],
            (None, None) => clouds().collect(),
            (None, Some(setting)) => {
                return Err(Failure::Usage(format!(
                    "--{} needs --registry; use --registry NAME",
                    flag(setting)
                )));
            }
        };
        let mut found = Vec::new();
        for cloud in clouds {
            let mut findings = cloud.check(target.checkup(cloud));
            while let Some(finding) = findings.next().await {
                found.push(finding);
                hold(&found, output)?;
            }
        }
        output.close()?;
        let has_failed = found.iter().any(|one| one.state == FindingState::Failed);
        Ok(u8::from(has_failed))
    }
}

/// Keeps the findings so far, which are written even if the time is up before the end.
fn hold(found: &[Finding], output: &mut Output<'_>) -> Result<(), Failure> {
    if output.is_data() {
        return output.hold_list(found);
    }
    output.hold(table(found));
    Ok(())
}

/// Formats findings as a table, with the advice below each line.
fn table(findings: &[Finding]) -> Styled {
    let mut table = Table::new(&["CLOUD", "CHECK", "STATE", "FOUND"]);
    for finding in findings {
        table.add_row([
            finding.cloud,
            finding.check,
            finding.state.as_str(),
            &finding.found,
        ]);
        let advice = finding.advice.as_deref().unwrap_or_default();
        for (number, line) in advice.lines().enumerate() {
            let mark = if number == 0 { "→" } else { "  " };
            table.add_row(["", "", "", &format!("{mark} {line}")]);
        }
    }
    table.finish()
}
