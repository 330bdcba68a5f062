//! The row of the provider table.

use std::sync::Arc;

use alibabacloud_cr::{cr, endpoints, sts};
use openapi_transport::{Context, Error, Secret};

use super::{AlibabaCr, Builder, Credentials};
use crate::api::Service;
use crate::connect::Settings;
use crate::model::Provider;
use crate::provider::{Cloud, Descriptor, Form, Offered, Offers, Setting, Windows};
use crate::registry::Registry;

/// The provider's name, as reports and tasks have it.
pub const PROVIDER: Provider = Provider::named("alibabacloud");

/// What the provider is called, needs and offers.
pub static DESCRIPTOR: Descriptor = Descriptor {
    name: "alibabacloud",
    title: "Alibaba Cloud",
    about: "Alibaba Cloud Container Registry, Enterprise Edition",
    cloud: &CLOUD,
    settings: &[REGION, INSTANCE, ENDPOINT],
    regions: &endpoints::CR_REGIONS,
    offers: Offers {
        rules: Offered::Yes,
        repository_rules: Offered::Yes,
        executions: Offered::No(
            "list the tasks of an image: each names its batch, whose tasks can be listed",
        ),
        all_tasks: Offered::Yes,
        execution_tasks: Offered::Yes,
        image_tasks: Offered::Yes,
        subtasks: Offered::No("a task is of one tag already; GetRepoSyncTask tells its layers"),
        run_rule: Offered::No("name the images to copy"),
        run_images: Offered::Yes,
        trial: Offered::No("it has no retention rules"),
        stop_execution: Offered::No("stop its tasks"),
        stop_task: Offered::Yes,
        logs: Offered::No("a failed task names its issue"),
        images: Offered::Yes,
        tag_tasks: true,
        tasks_in_executions: false,
        retention_in_namespaces: false,
        namespaces: true,
        digests: false,
        times: true,
        task_rules: true,
        task_places: true,
    },
    any_host: None,
    windows: Windows::DEFAULT,
    connect: |settings| Box::pin(connect(settings)),
};

static CLOUD: Cloud = Cloud {
    name: "alibabacloud",
    title: "Alibaba Cloud",
    variables: "ALIBABA_CLOUD_ACCESS_KEY_ID, ALIBABA_CLOUD_ACCESS_KEY_SECRET",
    decoder: None,
    doctor: |reporter| {
        Box::pin(async move {
            super::doctor::examine(reporter).await;
        })
    },
    services: &[
        Service {
            name: "alibabacloud.cr",
            operations: cr::OPERATIONS,
            settings: &[REGION, INSTANCE, ENDPOINT],
            connect: |settings| Box::pin(async move { context(&settings, super::endpoint) }),
            lookup: None,
        },
        Service {
            name: "alibabacloud.sts",
            operations: sts::OPERATIONS,
            settings: &[REGION, ENDPOINT],
            connect: |settings| {
                Box::pin(async move {
                    context(&settings, |common| match &common.endpoint {
                        Some(endpoint) => Ok(endpoint.clone()),
                        None => endpoints::sts(common.region.as_deref()),
                    })
                })
            },
            lookup: None,
        },
    ],
};

const REGION: Setting = Setting::optional("region", "region id").unless("endpoint");
const ENDPOINT: Setting =
    Setting::optional("endpoint", "URL to call instead of the region's endpoint").form(Form::Url);
const INSTANCE: Setting = Setting::required("instance", "instance id").fills("InstanceId");

pub(super) type Common = crate::settings::Settings<Credentials>;

pub(super) fn common(settings: &Settings) -> Common {
    settings.common(|id, secret: Secret| Credentials::new(id, secret))
}

async fn connect(settings: Settings) -> Result<Arc<dyn Registry>, Error> {
    let builder = Builder {
        settings: common(&settings),
        instance: settings.get("instance").map(str::to_owned),
    };
    let registry: AlibabaCr = builder.build().await?;
    Ok(Arc::new(registry))
}

fn context(
    settings: &Settings,
    endpoint: impl FnOnce(&Common) -> Result<String, Error>,
) -> Result<Context, Error> {
    let mut common = common(settings);
    let endpoint = endpoint(&common)?;
    let context = common.begin(endpoint);
    let dialect = super::dialect(&mut common, &context);
    context.dialect(Arc::new(dialect)).build()
}
