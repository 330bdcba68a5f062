//! The row of the provider table.

use std::sync::Arc;

use huaweicloud_swr::endpoints;
use openapi_transport::Error;

use super::Builder;
use crate::connect::Settings;
use crate::model::Provider;
use crate::provider::{Descriptor, Offered, Offers, Windows};
use crate::providers::huaweicloud::cloud::{CLOUD, ENDPOINT, REGION, common};
use crate::registry::Registry;

/// The provider's name, as reports and tasks have it.
pub const PROVIDER: Provider = Provider::named("huaweicloud-basic");

/// What the provider is called, needs and offers.
pub static DESCRIPTOR: Descriptor = Descriptor {
    name: "huaweicloud-basic",
    title: "Huawei Cloud Basic",
    about: "Huawei Cloud SWR, Basic edition",
    cloud: &CLOUD,
    settings: &[REGION, ENDPOINT],
    regions: &endpoints::SWR_REGIONS,
    offers: Offers {
        rules: Offered::No("name a repository, namespace/repository"),
        repository_rules: Offered::Yes,
        executions: Offered::No("list the tasks of a repository"),
        all_tasks: Offered::No("list the tasks of a repository"),
        execution_tasks: Offered::No("list those of a repository, namespace/repository"),
        image_tasks: Offered::Yes,
        subtasks: Offered::No("a task is of one tag already"),
        run_rule: Offered::No("name the images to copy"),
        run_images: Offered::Yes,
        trial: Offered::No("it has no retention rules"),
        stop_execution: Offered::No("it ends by itself"),
        stop_task: Offered::No("it ends by itself"),
        logs: Offered::No("it tells the state of a task alone"),
        images: Offered::Yes,
        tag_tasks: false,
        tasks_in_executions: false,
        retention_in_namespaces: false,
        namespaces: true,
        digests: false,
        times: true,
        task_rules: false,
        task_places: true,
    },
    any_host: None,
    windows: Windows::DEFAULT,
    connect: |settings| Box::pin(connect(settings)),
};

async fn connect(settings: Settings) -> Result<Arc<dyn Registry>, Error> {
    let builder = Builder {
        settings: common(&settings),
    };
    Ok(Arc::new(builder.build().await?))
}
