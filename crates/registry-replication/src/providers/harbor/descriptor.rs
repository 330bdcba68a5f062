//! The row of the provider table.

use std::sync::Arc;
use std::time::Duration;

use ::harbor::harbor as api;
use openapi_transport::{Context, Error, HttpSettings, Secret, Surroundings, read_file};

use super::{Builder, Credentials, Login, allowing, dialect, endpoint};
use crate::api::Service;
use crate::connect::Settings;
use crate::model::Provider;
use crate::oci;
use crate::provider::{Cloud, Descriptor, Form, Offered, Offers, Setting, Windows};
use crate::registry::Registry;

/// The provider's name, as reports and tasks have it.
pub const PROVIDER: Provider = Provider::named("harbor");

/// What the provider is called, needs and offers.
pub static DESCRIPTOR: Descriptor = Descriptor {
    name: "harbor",
    title: "Harbor",
    about: "Harbor, the open-source registry, 2.5 and later",
    cloud: &CLOUD,
    settings: &[ENDPOINT, PLAIN_HTTP, CA_FILE],
    regions: &[],
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
        logs: Offered::Yes,
        images: Offered::Yes,
        tag_tasks: false,
        tasks_in_executions: true,
        retention_in_namespaces: true,
        namespaces: true,
        digests: false,
        times: true,
        task_rules: false,
        task_places: false,
    },
    any_host: None,
    // Harbor runs a task three times at most. It waits 16 to 74 s after the first failure and 31 to 118 s
    // after the second one, plus queueing, and the task shows as failed meanwhile. Each run has a start time
    // of its own (read in Harbor 2.15.2 and goharbor/work).
    windows: Windows {
        settle: Duration::from_secs(180),
        runs: Some(3),
        // A task shows no progress, and Harbor takes it for lost after a day.
        stall: Duration::from_secs(24 * 60 * 60),
        ..Windows::DEFAULT
    },
    connect: |settings| Box::pin(connect(settings)),
};

pub(super) static CLOUD: Cloud = Cloud {
    name: "harbor",
    title: "Harbor",
    variables: "HARBOR_USERNAME, HARBOR_PASSWORD",
    decoder: None,
    doctor: |reporter| {
        Box::pin(async move {
            super::doctor::examine(reporter).await;
        })
    },
    services: &[Service {
        name: "harbor.harbor",
        operations: api::OPERATIONS,
        settings: &[ENDPOINT, PLAIN_HTTP, CA_FILE],
        connect: |settings| Box::pin(async move { context(&settings).await }),
        lookup: None,
    }],
};

const ENDPOINT: Setting = Setting::optional(
    "endpoint",
    "URL of Harbor [default: HARBOR_URL, or that of harbor-cli]",
)
.form(Form::Url);
const PLAIN_HTTP: Setting =
    Setting::optional("plain_http", "host that is called without TLS. Repeatable")
        .form(Form::Hosts);
const CA_FILE: Setting = Setting::optional(
    "ca_file",
    "PEM file with certificates to trust in addition to those of the system",
)
.form(Form::File);

pub(super) type Common = crate::settings::Settings<Credentials>;

/// Returns the common settings. Certificates to trust, and hosts without TLS, apply to its context.
pub(super) async fn common(settings: &Settings) -> Result<Common, Error> {
    let mut common = settings.common(|user, password: Secret| Login::new(user, password).into());
    let roots = match settings.get(CA_FILE.name) {
        Some(file) => {
            let pem = read_file(file.as_ref()).await;
            Some(pem.map_err(|error| Error::configuration(error.to_string()))?)
        }
        None => None,
    };
    let url = endpoint(common.endpoint.clone(), &Surroundings::of_process()).await;
    let is_plain = match url {
        Ok(url) => oci::Hosts::of(settings).await?.is_plain(&url),
        // The error shows when the registry is made.
        Err(_) => false,
    };
    let configure = common.configure.take();
    common.configure = Some(Box::new(move |context| {
        let context = match configure {
            Some(configure) => configure(context),
            None => context,
        };
        let http = context.http_set();
        let http = roots
            .into_iter()
            .fold(http, HttpSettings::root_certificates);
        allowing(context.http(http), is_plain)
    }));
    Ok(common)
}

async fn connect(settings: Settings) -> Result<Arc<dyn Registry>, Error> {
    let builder = Builder {
        settings: common(&settings).await?,
    };
    Ok(Arc::new(builder.build().await?))
}

async fn context(settings: &Settings) -> Result<Context, Error> {
    let mut common = common(settings).await?;
    let around = Surroundings::of_process();
    let endpoint = endpoint(common.endpoint.clone(), &around).await?;
    let context = common.begin(endpoint.clone());
    let dialect = dialect(common.caller.take(), &endpoint, &around);
    context.dialect(Arc::new(dialect)).build()
}
