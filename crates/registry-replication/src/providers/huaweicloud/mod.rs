//! Huawei Cloud SWR.
//!
//! Its two editions are two registries: [`enterprise`] has instances, policies and executions,
//! [`basic`] has organizations, automatic sync and sync jobs. [`sts`] says why a call was refused.
//! [`client`] is what they are made of.

pub mod basic;
mod cloud;
mod doctor;
pub mod enterprise;
mod login;
pub mod sts;

/// The generated clients and what goes with them.
pub use huaweicloud_swr as client;
pub use huaweicloud_swr::{AccessKey, Credentials};

pub use basic::SwrBasic;
pub use enterprise::SwrEnterprise;
pub use login::Logins;

use std::sync::Arc;

use huaweicloud_swr::{ChainSettings, Huaweicloud, Projects, endpoints, iam, swr};
use openapi_transport::{Caller, ContextBuilder, Dialect, Error, Surroundings};

use crate::settings::Settings;
use crate::suggest;

/// A dialect for the caller that is set. The default is the vendor's own chain, by the clock of
/// the `context`.
fn dialect(settings: &mut Settings<Credentials>, context: &ContextBuilder) -> Huaweicloud {
    Huaweicloud::of(settings.caller.take().unwrap_or_else(|| {
        let mut chain = ChainSettings::of_process()
            .clock(context.clock_set())
            .http(context.http_set());
        if let Some(region) = &settings.region {
            chain = chain.region(region);
        }
        Caller::Chain(Arc::new(Credentials::default_chain(&chain)))
    }))
}

fn endpoint(settings: &Settings<Credentials>) -> Result<String, Error> {
    settings.endpoint(|region| {
        let endpoint = endpoints::swr_in(&Surroundings::of_process(), region);
        suggest::region(endpoint, region, &endpoints::SWR_REGIONS)
    })
}

fn client(context: ContextBuilder, provider: impl Dialect + 'static) -> Result<swr::Client, Error> {
    let context = context.dialect(Arc::new(provider)).build()?;
    Ok(swr::Client::new(context))
}

/// Id of the project that the caller has in the region: the credentials name it, or IAM does.
/// `context` has the settings of the call to IAM, but not its endpoint.
async fn project_id(
    region: Option<String>,
    iam_endpoint: Option<String>,
    context: ContextBuilder,
    provider: &Huaweicloud,
) -> Result<String, Error> {
    let credentials = provider.credentials(context.clock_set().now()).await?;
    if let Some(id) = credentials.project_id() {
        return Ok(id.to_owned());
    }
    let Some(region) = region else {
        return Err(Error::configuration(
            "neither project id nor region is set; the project id can be looked up by the region",
        ));
    };
    let endpoint = match iam_endpoint {
        Some(endpoint) => endpoint,
        None => endpoints::iam_in(&Surroundings::of_process(), Some(&region))?,
    };
    let context = context
        .endpoint(endpoint)
        .dialect(Arc::new(provider.clone()));
    let client = iam::Client::new(context.build()?);
    let id = Projects::new().id(&client, &credentials, &region).await;
    suggest::region(id, &region, &endpoints::SWR_REGIONS)
}
