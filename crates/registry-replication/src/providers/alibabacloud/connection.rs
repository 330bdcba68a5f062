//! A context for calls by name.

use std::sync::Arc;

use alibabacloud_cr::endpoints;
use openapi_transport::{Context, Error};

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
        let endpoint = match service {
            Service::AlibabacloudCr => super::endpoint(&settings)?,
            Service::AlibabacloudSts => match &settings.endpoint {
                Some(endpoint) => endpoint.clone(),
                None => endpoints::sts(settings.region.as_deref())?,
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
}
