//! Huawei Cloud SWR.
//!
//! Its two editions are two registries: [`enterprise`] has instances, policies and executions,
//! [`basic`] has organizations, automatic sync and sync jobs. [`sts`] says why a call was refused.
//! [`client`] is what they are made of.

pub mod basic;
pub mod enterprise;
pub mod sts;

/// The generated clients and what goes with them.
pub use huaweicloud_swr as client;
pub use huaweicloud_swr::{AccessKey, Credentials};

use std::sync::Arc;

use huaweicloud_swr::{Huaweicloud, endpoints, swr};
use registry_transport::Error;

use crate::settings::Settings;

/// What the registries of both editions have in common.
struct Connected {
    client: swr::Client,
    region: Option<String>,
    project_id: Option<String>,
}

fn connect(
    mut settings: Settings<Credentials>,
    project_id: Option<String>,
) -> Result<Connected, Error> {
    let endpoint = settings.endpoint(endpoints::swr)?;
    let region = settings.region.clone();
    let mut credentials = match settings.credentials.take() {
        Some(credentials) => credentials,
        None => Credentials::from_env()?,
    };
    let project_id = project_id.or_else(|| credentials.project_id().map(str::to_owned));
    if let (Credentials::AccessKey(key), Some(id)) = (&credentials, &project_id) {
        credentials = key.clone().project_id(id).into();
    }
    let provider = Arc::new(Huaweicloud::new(credentials));
    Ok(Connected {
        client: swr::Client::new(settings.connect(endpoint, provider)?),
        region,
        project_id,
    })
}
