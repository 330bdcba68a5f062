use std::cell::RefCell;

use clap::Args;
use futures_util::{StreamExt, future};
use registry_replication::{Cloud, Error, Finding, FindingState, clouds};
use serde::Serialize;
use unicode_width::UnicodeWidthStr;

use super::Execute;
use crate::args::Bound;
use crate::failure::Failure;
use crate::output::{Output, Shape, wrapped};
use crate::session::Session;
use crate::styled::Styled;
use crate::table::{self, Cell, Column, Table};
use crate::target::Target;
use crate::terminal::escaped;

#[derive(Args, Debug)]
pub(crate) struct Doctor {
    #[command(flatten)]
    bound: Bound,
}

/// Result of one check.
#[derive(Clone, Serialize)]
struct Row {
    /// Name of the registry, if several are checked.
    #[serde(skip_serializing_if = "Option::is_none")]
    registry: Option<String>,
    #[serde(flatten)]
    check: Check,
}

impl Execute for Doctor {
    fn shape(&self) -> Shape {
        Shape::checks::<Row>()
    }

    fn bound(&self) -> Option<Bound> {
        Some(self.bound)
    }

    /// Returns 1 if a check has failed.
    async fn run(self, session: &mut Session<'_>) -> Result<u8, Failure> {
        let (target, output) = (&session.target, &mut session.output);
        target.check()?;
        let registries = match target.is_chosen() {
            true => target.each(),
            false => target.every_configured(),
        };
        let clouds: Vec<&Cloud> = match registries.is_empty() {
            true => {
                target.check_given()?;
                clouds().collect()
            }
            false => Vec::new(),
        };
        let rows = Rows::new(registries.len() + clouds.len(), output);
        let clouds = clouds.into_iter().enumerate().map(async |(at, cloud)| {
            of_cloud(cloud, target, &mut |finding| {
                rows.add(at, None, finding.into())
            })
            .await
        });
        let is_one = registries.len() == 1;
        let registries = registries
            .iter()
            .enumerate()
            .map(async |(at, (name, target))| {
                let name = (!is_one).then_some(name.as_str());
                of_registry(target, &mut |check| rows.add(at, name, check)).await
            });
        let (of_clouds, of_registries) =
            future::join(future::join_all(clouds), future::join_all(registries)).await;
        let has_failed = rows.has_failed();
        output.close()?;
        of_clouds
            .into_iter()
            .chain(of_registries)
            .collect::<Result<(), _>>()?;
        Ok(u8::from(has_failed))
    }
}

impl table::Row for Row {
    const COLUMNS: &'static [Column<Self>] = &[
        Column::new("registry", |row: &Self| Cell::text(row.registry.as_ref())),
        Column::new("cloud", |row: &Self| Cell::text(Some(row.check.cloud))),
        Column::new("check", |row: &Self| Cell::Text(row.check.check.clone())),
        Column::new("state", |row: &Self| Cell::text(Some(row.check.state))),
        Column::new("found", |row: &Self| Cell::Text(row.check.found.clone())),
        Column::new("advice", |row: &Self| Cell::text(row.check.advice.as_ref())),
    ];
}

/// Check, as its row has it.
#[derive(Clone, Serialize)]
struct Check {
    cloud: &'static str,
    check: String,
    state: FindingState,
    found: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<String>,
}

impl From<Finding> for Check {
    fn from(finding: Finding) -> Self {
        Self {
            cloud: finding.cloud,
            check: finding.check.to_owned(),
            state: finding.state,
            found: finding.found,
            fault: finding.fault,
            advice: finding.advice,
        }
    }
}

impl Check {
    /// Makes the result of a call.
    fn of_call(cloud: &'static str, check: String, answer: Result<String, Error>) -> Self {
        let (state, found, fault, advice) = match answer {
            Ok(found) => (FindingState::Ok, found, None, None),
            Err(error) => {
                let fault = error.connection();
                let advice = fault.map(|fault| fault.fix().to_owned());
                let fault = fault.map(|fault| fault.as_str());
                (FindingState::Failed, error.to_string(), fault, advice)
            }
        };
        Self {
            cloud,
            check,
            state,
            found,
            fault,
            advice,
        }
    }
}

/// Checks a cloud.
async fn of_cloud(
    cloud: &Cloud,
    target: &Target,
    add: &mut dyn FnMut(Finding) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut findings = cloud.check(target.checkup(cloud).await?);
    while let Some(finding) = findings.next().await {
        add(finding)?;
    }
    Ok(())
}

/// Checks a registry: its cloud, the registry itself, and the hosts of its destinations.
async fn of_registry(
    target: &Target,
    add: &mut dyn FnMut(Check) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let cloud = target.provider()?.cloud;
    let mut has_failed = false;
    of_cloud(cloud, target, &mut |finding| {
        has_failed |= finding.state == FindingState::Failed;
        add(finding.into())
    })
    .await?;
    // What is wrong with the cloud is wrong with the registry, too.
    if !has_failed {
        let hosts = match target.registry().await {
            Ok(registry) => registry.hosts().await,
            Err(Failure::Registry(error)) => Err(error),
            Err(other) => return Err(other),
        };
        let hosts = hosts.map(|hosts| match hosts.is_empty() {
            true => "connected".to_owned(),
            false => hosts.join(", "),
        });
        add(Check::of_call(cloud.name, "registry".to_owned(), hosts))?;
    }
    let shows_work = target.provider()?.shows_work();
    for destination in target.destinations() {
        // Where nothing shows work, the destination itself is asked.
        let own = destination.name.split('/').next().filter(|_| !shows_work);
        let Some(host) = destination.proof.as_deref().or(own) else {
            continue;
        };
        let answer = match target.destination(host).await {
            Ok(client) => client.ping().await,
            Err(error) => Err(error),
        };
        let answer = answer.map(|()| format!("{host} was asked"));
        let check = format!("destination {}", destination.name);
        add(Check::of_call(cloud.name, check, answer))?;
    }
    Ok(())
}

/// Heads of the table.
const HEADS: [&str; 5] = ["REGISTRY", "CLOUD", "CHECK", "STATE", "FOUND"];

/// Results of checks that run side by side, in the order of their registries.
struct Rows<'a, 'o> {
    found: RefCell<Vec<Vec<Row>>>,
    output: RefCell<&'a mut Output<'o>>,
}

impl<'a, 'o> Rows<'a, 'o> {
    fn new(count: usize, output: &'a mut Output<'o>) -> Self {
        Self {
            found: RefCell::new(vec![Vec::new(); count]),
            output: RefCell::new(output),
        }
    }

    /// Adds a result. Results so far are written even if the time is up before the end.
    fn add(&self, at: usize, registry: Option<&str>, check: Check) -> Result<(), Failure> {
        let mut found = self.found.borrow_mut();
        if let Some(rows) = found.get_mut(at) {
            rows.push(Row {
                registry: registry.map(str::to_owned),
                check,
            });
        }
        let all = found.concat();
        let mut output = self.output.borrow_mut();
        let is_whole = output.is_for_people() && !output.has_columns();
        match (output.is_data(), is_whole) {
            (true, _) => output.hold_list(&all),
            (false, true) => {
                let width = output.terminal();
                output.hold(table(&all, width));
                Ok(())
            }
            (false, false) => output.hold_rows(&all),
        }
    }

    fn has_failed(self) -> bool {
        let found = self.found.into_inner();
        let mut all = found.iter().flatten();
        all.any(|row| row.check.state == FindingState::Failed)
    }
}

/// Least width of the last column. On a narrower terminal, its lines are wider than the terminal.
const LEAST: usize = 20;

/// Formats results as a table, with the advice below each line. The last column has sentences, which
/// break between words.
fn table(rows: &[Row], width: Option<usize>) -> Styled {
    let mut table = Table::new(&HEADS).compact();
    let left = width.map(|width| width.saturating_sub(before_found(rows)).max(LEAST));
    let lines = |text: &str| -> Vec<String> {
        let text = match left {
            Some(left) => wrapped(text, left),
            None => text.to_owned(),
        };
        text.lines().map(str::to_owned).collect()
    };
    for row in rows {
        let check = &row.check;
        let mut found = lines(&escaped(&check.found)).into_iter();
        table.add_row([
            row.registry.as_deref().unwrap_or_default(),
            check.cloud,
            &check.check,
            check.state.as_str(),
            found.next().as_deref().unwrap_or_default(),
        ]);
        let advice = check.advice.as_deref().unwrap_or_default();
        let advice = advice.lines().enumerate().flat_map(|(number, line)| {
            let mark = if number == 0 { "→" } else { "  " };
            lines(&format!("{mark} {line}"))
        });
        for line in found.chain(advice) {
            table.add_row(["", "", "", "", &line]);
        }
    }
    table.finish()
}

/// Returns the width of the columns before the last one.
fn before_found(rows: &[Row]) -> usize {
    const GAP: usize = 2;
    let cells = |row: &Row| {
        let check = &row.check;
        let registry = row.registry.as_deref().unwrap_or_default();
        let cells = [registry, check.cloud, &check.check, check.state.as_str()];
        cells.map(UnicodeWidthStr::width)
    };
    let widest = |number: usize| rows.iter().map(|row| cells(row)[number]).max();
    let columns = HEADS.iter().take(4).enumerate();
    let widths = columns.map(|(number, head)| match widest(number) {
        None | Some(0) => 0,
        Some(width) => width.max(head.width()) + GAP,
    });
    widths.sum()
}
