//! Demonstration of everything, in a sandbox.

mod gate;

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::Arc;

use clap::Args;
use futures_core::Stream;
use futures_util::{StreamExt, TryStreamExt};
use registry_replication::huaweicloud::client::Order;
use registry_replication::huaweicloud::{AccessKey, SwrBasic, SwrEnterprise};
use registry_replication::testing::ManualClock;
use registry_replication::{Clock, Error, Rule, Task, Timestamp, alibabacloud};
use registry_sandbox::{Options, Sandbox, world};
use serde::Serialize;

use super::Execute;
use crate::failure::Failure;
use crate::output::Output;
use crate::session::Session;
use gate::Gate;

/// Number of invented tasks that each table shows, in addition to the example of the vendor.
const SHOWN: usize = 4;

/// 2026-12-05T12:00:00Z, after everything that the fleet has done.
const NOW: Timestamp = Timestamp::constant(1_796_472_000, 0);

#[derive(Args, Debug)]
pub(crate) struct Demo {}

impl Execute for Demo {
    async fn run(self, session: &mut Session<'_>) -> Result<u8, Failure> {
        run(&mut session.output).await?;
        Ok(0)
    }
}

/// Data of the demo, for `--output json`.
#[derive(Serialize)]
struct Shown {
    rules: Vec<Rule>,
    sync_jobs: Vec<Task>,
    replication_tasks: Vec<Task>,
    retention_tasks: Vec<Task>,
    sync_tasks: Vec<Task>,
    replication_execution: Counted,
    deploy_gate: Gate,
}

/// Counts of the tasks of one execution.
#[derive(Serialize)]
struct Counted {
    id: i64,
    pages: usize,
    states: BTreeMap<String, usize>,
}

async fn run(output: &mut Output<'_>) -> Result<(), Failure> {
    let shown = ask().await?;
    output.set_now(NOW);
    if output.is_data() {
        return output.value(&shown);
    }
    let mut story = |line: &str, table: &dyn Fn(&mut Output<'_>) -> Result<(), Failure>| {
        output.say(line)?;
        output.say("")?;
        table(output)?;
        output.say("")
    };
    story(
        "Both clouds are a sandbox inside this program, on loopback; each call below is signed, \
         sent and checked as it would be by the vendor.\n\n\
         Huawei Cloud Basic: these rules copy what is pushed from now on to other regions.",
        &|output| output.records(&shown.rules),
    )?;
    story(
        "Each push that a rule covers becomes a sync job for each destination.",
        &|output| output.records(&shown.sync_jobs),
    )?;
    story(
        "Huawei Cloud Enterprise: an execution of a replication policy has a task for each \
         repository.",
        &|output| output.records(&shown.replication_tasks),
    )?;
    story(
        "A retention policy cleans up: its tasks count the versions they found and kept.",
        &|output| output.records(&shown.retention_tasks),
    )?;
    story(
        "Alibaba Cloud: one synchronization task for each tag and destination, in the same words.",
        &|output| output.records(&shown.sync_tasks),
    )?;
    let all = &shown.replication_execution;
    let states: Vec<String> = all
        .states
        .iter()
        .map(|(state, count)| format!("{count} {state}"))
        .collect();
    output.say(&format!(
        "Execution {} has {} tasks on {} pages: {}.",
        all.id,
        all.states.values().sum::<usize>(),
        all.pages,
        states.join(", ")
    ))?;
    output.say("")?;
    shown.deploy_gate.show(output)
}

async fn ask() -> Result<Shown, Failure> {
    let clock = ManualClock::at(NOW).auto_advance();
    let options = Options::default().clock(clock.time_source());
    let sandbox = Arc::new(Sandbox::start(options).await?);
    let clock: Arc<dyn Clock> = Arc::new(clock);
    let by_clock = || {
        let clock = clock.clone();
        |context: registry_replication::ContextBuilder| context.clock(clock)
    };
    let account = &world::huaweicloud::account(sandbox.endpoint());
    let key = || AccessKey::new(&account.access_key, account.secret_key.as_str());
    let basic = SwrBasic::builder()
        .region(world::huaweicloud::REGION)
        .endpoint(&account.endpoint)
        .credentials(key())
        .configure(by_clock())
        .build()
        .await?;
    let enterprise = SwrEnterprise::builder()
        .endpoint(&account.endpoint)
        .project_id(&account.project_id)
        .instance(&account.instance_id)
        .credentials(key())
        .configure(by_clock())
        .build()
        .await?;
    let account = &world::alibabacloud::account(sandbox.endpoint());
    let alibabacloud = async |instance: &str| {
        let secret = account.access_key_secret.as_str();
        alibabacloud::AlibabaCr::builder()
            .endpoint(&account.endpoint)
            .instance(instance)
            .credentials(alibabacloud::Credentials::new(
                &account.access_key_id,
                secret,
            ))
            .configure(by_clock())
            .build()
            .await
    };
    let repository = |namespace: &str, name: &str| format!("{namespace}/{name}");
    let of_the_page = |name| repository(world::huaweicloud::EXAMPLE_BASIC_NAMESPACE, name);
    let of_the_fleet = repository(
        world::huaweicloud::FLEET_BASIC_NAMESPACE,
        world::huaweicloud::FLEET_BASIC_REPOSITORY,
    );

    let mut rules = basic
        .rules(&of_the_page(
            world::huaweicloud::EXAMPLE_BASIC_RULE_REPOSITORY,
        ))
        .all()
        .await?;
    rules.extend(basic.rules(&of_the_fleet).all().await?);

    let example = of_the_page(world::huaweicloud::EXAMPLE_BASIC_JOB_REPOSITORY);
    let example = basic.sync_jobs(&example, None);
    let mut sync_jobs = first(example.by_item(), None).await?;
    let fleet = basic
        .sync_jobs(&of_the_fleet, Some(Order::Descending))
        .page_size(10);
    sync_jobs.extend(first(fleet.by_item(), Some(SHOWN)).await?);

    let example = enterprise.replication_tasks(world::huaweicloud::EXAMPLE_REPLICATION_EXECUTION);
    let mut replication_tasks = first(example.by_item(), None).await?;
    let fleet = enterprise.replication_tasks(world::huaweicloud::FLEET_REPLICATION_EXECUTION);
    let mut all = Counted {
        id: world::huaweicloud::FLEET_REPLICATION_EXECUTION,
        pages: 0,
        states: BTreeMap::new(),
    };
    let mut pages = pin!(fleet.by_page());
    while let Some(page) = pages.try_next().await? {
        if all.pages == 0 {
            replication_tasks.extend(page.items.iter().take(SHOWN).cloned());
        }
        all.pages += 1;
        for task in page.items {
            *all.states.entry(task.state.to_string()).or_insert(0) += 1;
        }
    }

    let example = enterprise.retention_tasks(
        world::huaweicloud::EXAMPLE_RETENTION_NAMESPACE,
        world::huaweicloud::EXAMPLE_RETENTION_POLICY,
        world::huaweicloud::EXAMPLE_RETENTION_EXECUTION,
        None,
    );
    let mut retention_tasks = first(example.by_item(), None).await?;
    let fleet = enterprise.retention_tasks(
        world::huaweicloud::FLEET_RETENTION_NAMESPACE,
        world::huaweicloud::FLEET_RETENTION_POLICY,
        world::huaweicloud::FLEET_RETENTION_EXECUTION,
        None,
    );
    retention_tasks.extend(first(fleet.page_size(10).by_item(), Some(SHOWN)).await?);

    let registry = alibabacloud(world::alibabacloud::INSTANCE_ID).await?;
    let mut sync_tasks = first(registry.tasks(Default::default()).by_item(), None).await?;
    let registry = alibabacloud(world::alibabacloud::FLEET_INSTANCE_ID).await?;
    let fleet = registry.tasks(Default::default()).page_size(10);
    sync_tasks.extend(first(fleet.by_item(), Some(SHOWN)).await?);

    let deploy_gate = gate::ask(&basic, &sandbox, &clock).await?;

    Ok(Shown {
        rules,
        sync_jobs,
        replication_tasks,
        retention_tasks,
        sync_tasks,
        replication_execution: all,
        deploy_gate,
    })
}

/// Returns the first items of a stream, or all items.
async fn first<T>(
    items: impl Stream<Item = Result<T, Error>>,
    limit: Option<usize>,
) -> Result<Vec<T>, Error> {
    items.take(limit.unwrap_or(usize::MAX)).try_collect().await
}
