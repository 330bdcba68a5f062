//! The row of the provider table.

use std::sync::Arc;
use std::time::Duration;

use openapi_transport::Error;

use super::OciRegistry;
use crate::connect::Settings;
use crate::model::Provider;
use crate::oci::Hosts;
use crate::provider::{Cloud, Descriptor, Form, Offered, Offers, Setting, Windows};
use crate::registry::Registry;

/// The provider's name, as reports have it.
pub const PROVIDER: Provider = Provider::named("oci");

const NO_WORK: Offered = Offered::No("it has neither rules nor tasks; ask for an arrival");

/// What the provider is called, needs and offers.
pub static DESCRIPTOR: Descriptor = Descriptor {
    name: "oci",
    title: "an OCI registry",
    about: "any registry that serves the OCI distribution API",
    cloud: &CLOUD,
    settings: &[HOST, PLAIN_HTTP, CA_FILE],
    regions: &[],
    offers: Offers {
        rules: NO_WORK,
        repository_rules: NO_WORK,
        executions: NO_WORK,
        all_tasks: NO_WORK,
        execution_tasks: NO_WORK,
        image_tasks: NO_WORK,
        subtasks: NO_WORK,
        run_rule: NO_WORK,
        run_images: NO_WORK,
        trial: NO_WORK,
        stop_execution: NO_WORK,
        stop_task: NO_WORK,
        logs: NO_WORK,
        images: NO_WORK,
        tag_tasks: false,
        tasks_in_executions: false,
        retention_in_namespaces: false,
        namespaces: false,
        digests: true,
        times: false,
        task_rules: false,
        task_places: false,
    },
    any_host: Some(HOST.name),
    windows: Windows {
        settle: Duration::ZERO,
        runs: None,
        stall: Duration::MAX,
        task: Duration::MAX,
    },
    connect: |settings| Box::pin(connect(settings)),
};

static CLOUD: Cloud = Cloud {
    name: "oci",
    title: "OCI registries",
    variables: "DOCKER_AUTH_CONFIG",
    decoder: None,
    doctor: |reporter| Box::pin(super::doctor::examine(reporter)),
    services: &[],
};

const HOST: Setting = Setting::required(
    "host",
    "host of the registry, such as registry.example:5000",
)
.form(Form::Host);
const PLAIN_HTTP: Setting =
    Setting::optional("plain_http", "host that is called without TLS. Repeatable")
        .form(Form::Hosts);

const CA_FILE: Setting = Setting::optional(
    "ca_file",
    "PEM file with certificates to trust in addition to those of the system",
)
.form(Form::File);

async fn connect(settings: Settings) -> Result<Arc<dyn Registry>, Error> {
    let Some(host) = settings.get("host") else {
        return Err(Error::missing_setting(&[HOST.name]));
    };
    Ok(Arc::new(OciRegistry::new(
        host,
        Hosts::of(&settings).await?,
    )?))
}
