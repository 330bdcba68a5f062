//! A context for calls by name.

use std::sync::Arc;

use huaweicloud_swr::endpoints;
use openapi_transport::{Context, Error, Surroundings};

use super::Credentials;
use crate::api::Service;
use crate::settings::{Settings, common_settings};

/// Where calls by name go, and as whom: see [`api`](crate::api).
#[derive(Default)]
pub struct Connection {
    settings: Settings<Credentials>,
}
common_settings!(Connection, Credentials);

impl Connection {
    /// Begins one.
    pub fn builder() -> Self {
        Self::default()
    }

    /// Makes the context for calls of `service`. Nothing is sent yet.
    ///
    /// # Errors
    /// When region and endpoint are missing, or the service is another vendor's.
    pub async fn build(self, service: Service) -> Result<Context, Error> {
        let mut settings = self.settings;
        let around = Surroundings::of_process();
        let endpoint = match service {
            Service::HuaweicloudSwr => super::endpoint(&settings)?,
            Service::HuaweicloudSts => {
                settings.endpoint(|region| endpoints::sts_in(&around, region))?
            }
            Service::HuaweicloudIam => match &settings.endpoint {
                Some(endpoint) => endpoint.clone(),
                None => endpoints::iam_in(&around, settings.region.as_deref())?,
            },
            other => {
                return Err(Error::configuration(format!(
                    "{other} is not of this cloud"
                )));
            }
        };
        let context = settings.begin(endpoint);
        let provider = super::provider(&mut settings, &context);
        context.dialect(Arc::new(provider)).build()
    }

    /// Id of the project that the caller has in the region, which calls of the Enterprise edition
    /// have in their path: as the credentials name it, or as IAM's `KeystoneListProjects` says.
    ///
    /// # Errors
    /// When it cannot be found out, and whatever can go wrong with a call.
    pub async fn project_id(self) -> Result<String, Error> {
        let mut settings = self.settings;
        // The lookup has an endpoint of its own.
        let context = settings.begin(String::new());
        let provider = super::provider(&mut settings, &context);
        super::project_id(settings.region, None, context, &provider).await
    }
}
