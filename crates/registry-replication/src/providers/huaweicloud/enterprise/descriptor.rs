//! The row of the provider table.

use std::sync::Arc;
use std::time::Duration;

use huaweicloud_swr::endpoints;
use openapi_transport::Error;

use super::Builder;
use crate::connect::Settings;
use crate::model::Provider;
use crate::provider::{Descriptor, Offered, Offers, Windows};
use crate::providers::huaweicloud::cloud::{CLOUD, ENDPOINT, INSTANCE, PROJECT, REGION, common};
use crate::registry::Registry;

/// The provider's name, as reports and tasks have it.
pub const PROVIDER: Provider = Provider::named("huaweicloud-enterprise");

/// What the provider is called, needs and offers.
pub static DESCRIPTOR: Descriptor = Descriptor {
    name: "huaweicloud-enterprise",
    title: "Huawei Cloud Enterprise",
    about: "Huawei Cloud SWR, Enterprise edition",
    cloud: &CLOUD,
    settings: &[REGION, INSTANCE, PROJECT, ENDPOINT],
    regions: &endpoints::SWR_REGIONS,
    offers: Offers {
        rules: Offered::Yes,
        repository_rules: Offered::No("list all rules, whose filters say what they cover"),
        executions: Offered::Yes,
        all_tasks: Offered::No("list the tasks of an execution"),
        execution_tasks: Offered::Yes,
        image_tasks: Offered::No("list those of an execution, such as 83 or library/7/113"),
        subtasks: Offered::Yes,
        run_rule: Offered::Yes,
        run_images: Offered::No("leave out the images: the rule runs for all that it covers"),
        trial: Offered::Yes,
        stop_execution: Offered::Yes,
        stop_task: Offered::No("stop its execution, which stops all of its tasks"),
        logs: Offered::No("a subtask says why it failed"),
        images: Offered::Yes,
        tag_tasks: false,
        tasks_in_executions: true,
        retention_in_namespaces: true,
        namespaces: true,
        digests: true,
        times: true,
        task_rules: false,
        task_places: false,
    },
    // Harbor, which the Enterprise edition is built on, runs a task three times at most. It waits
    // 16 to 74 s after the first failure and 31 to 118 s after the second one, plus queueing, and
    // the task shows as failed meanwhile; each run has a start time of its own (read in Harbor
    // 2.15.2 and goharbor/work).
    any_host: None,
    windows: Windows {
        settle: Duration::from_secs(150),
        runs: Some(3),
        ..Windows::DEFAULT
    },
    connect: |settings| Box::pin(connect(settings)),
};

async fn connect(settings: Settings) -> Result<Arc<dyn Registry>, Error> {
    let value = |name| settings.get(name).map(str::to_owned);
    let builder = Builder {
        settings: common(&settings),
        project_id: value("project_id"),
        iam_endpoint: None,
        instance: value("instance"),
    };
    Ok(Arc::new(builder.build().await?))
}
