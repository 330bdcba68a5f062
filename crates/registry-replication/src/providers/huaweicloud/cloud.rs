//! The cloud's services and settings, which both editions share.

use std::sync::Arc;

use huaweicloud_swr::{AccessKey, endpoints, iam, sts, swr};
use openapi_transport::{BoxFuture, Context, Error, Secret, Surroundings};

use super::Credentials;
use crate::api::Service;
use crate::connect::Settings;
use crate::provider::{Cloud, Decoder, Form, Setting};

pub(super) static CLOUD: Cloud = Cloud {
    name: "huaweicloud",
    title: "Huawei Cloud",
    variables: "HUAWEICLOUD_SDK_AK, HUAWEICLOUD_SDK_SK (or CLOUD_SDK_AK, CLOUD_SDK_SK)",
    decoder: Some(Decoder {
        call: "DecodeAuthorizationMessage",
        field: "encoded_message",
    }),
    doctor: |reporter| {
        Box::pin(async move {
            super::doctor::examine(reporter).await;
        })
    },
    services: &[
        Service {
            name: "huaweicloud.swr",
            operations: swr::OPERATIONS,
            settings: &[REGION, INSTANCE, PROJECT, ENDPOINT],
            connect: |settings| Box::pin(async move { context(&settings, super::endpoint) }),
            lookup: Some(lookup),
        },
        Service {
            name: "huaweicloud.iam",
            operations: iam::OPERATIONS,
            settings: &[REGION, ENDPOINT],
            connect: |settings| {
                Box::pin(async move {
                    context(&settings, |common| match &common.endpoint {
                        Some(endpoint) => Ok(endpoint.clone()),
                        None => {
                            endpoints::iam_in(&Surroundings::of_process(), common.region.as_deref())
                        }
                    })
                })
            },
            lookup: None,
        },
        Service {
            name: "huaweicloud.sts",
            operations: sts::OPERATIONS,
            settings: &[REGION, ENDPOINT],
            connect: |settings| {
                Box::pin(async move {
                    context(&settings, |common| {
                        common.endpoint(|region| {
                            endpoints::sts_in(&Surroundings::of_process(), region)
                        })
                    })
                })
            },
            lookup: None,
        },
    ],
};

pub(super) const REGION: Setting = Setting::optional("region", "region id").unless("endpoint");
pub(super) const ENDPOINT: Setting =
    Setting::optional("endpoint", "URL to call instead of the region's endpoint").form(Form::Url);
pub(super) const PROJECT: Setting = Setting::optional(
    "project_id",
    "project id [default: from the credentials, or by the region]",
)
.fills("project_id");
pub(super) const INSTANCE: Setting =
    Setting::required("instance", "instance id").fills("instance_id");

pub(super) type Common = crate::settings::Settings<Credentials>;

pub(super) fn common(settings: &Settings) -> Common {
    settings.common(|id, secret: Secret| AccessKey::new(id, secret).into())
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

/// Looks up the project that the caller has in the region: as the credentials name it, or as IAM's
/// `KeystoneListProjects` does.
fn lookup(
    settings: Settings,
    name: &'static str,
) -> BoxFuture<'static, Result<Option<String>, Error>> {
    Box::pin(async move {
        if name != PROJECT.name {
            return Ok(None);
        }
        if settings.get(ENDPOINT.name).is_some() {
            // IAM is at another endpoint, and the keys may be for this one alone.
            return Err(Error::configuration(
                "the project id is not looked up where an endpoint is given; set project_id",
            ));
        }
        let mut common = common(&settings);
        // The lookup has an endpoint of its own.
        let context = common.begin(String::new());
        let dialect = super::dialect(&mut common, &context);
        let id = super::project_id(common.region, None, context, &dialect).await?;
        Ok(Some(id))
    })
}
