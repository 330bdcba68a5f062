//! Huawei Cloud's Security Token Service: why a call was refused.

use std::sync::Arc;

use huaweicloud_swr::endpoints;
use huaweicloud_swr::sts::{self, types};
use openapi_transport::{Error, Surroundings};

use super::Credentials;
use crate::settings::{Settings, common_settings};

/// The service in one region.
#[derive(Clone, Debug)]
pub struct Service {
    client: sts::Client,
}

/// Settings of a [`Service`].
#[derive(Default)]
pub struct Builder {
    settings: Settings<Credentials>,
}
common_settings!(Builder, Credentials);

impl Builder {
    /// Makes the service. Nothing is sent yet.
    ///
    /// # Errors
    /// When region and endpoint are missing.
    pub async fn build(self) -> Result<Service, Error> {
        let mut settings = self.settings;
        let endpoint =
            settings.endpoint(|region| endpoints::sts_in(&Surroundings::of_process(), region))?;
        let context = settings.begin(endpoint);
        let dialect = Arc::new(super::dialect(&mut settings, &context));
        Ok(Service {
            client: sts::Client::new(context.dialect(dialect).build()?),
        })
    }
}

impl Service {
    /// Begins a service.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// The generated client.
    pub fn client(&self) -> &sts::Client {
        &self.client
    }

    /// Decodes the reason of a refusal with an
    /// [`encoded_authorization_message`](Error::encoded_authorization_message), usually to a JSON
    /// document: `DecodeAuthorizationMessage`. The caller needs the permission to decode.
    ///
    /// # Errors
    /// When the text is empty, longer than 10,240 characters or cannot be decoded, and any other
    /// error of the call.
    pub async fn decode_message(&self, encoded: &str) -> Result<String, Error> {
        let encoded_message = encoded
            .parse()
            .map_err(|why| Error::configuration(format!("encoded message: {why}")))?;
        let answer = self
            .client
            .decode_authorization_message()
            .body(types::DecodeRequest { encoded_message })
            .send()
            .await?
            .into_inner();
        Ok(answer.decoded_message.unwrap_or_default())
    }
}
