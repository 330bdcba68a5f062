//! What the builders of all registries have in common.

use std::sync::Arc;

use registry_transport::{Caller, Context, ContextBuilder, Error, Provider};

/// Where to call, and as whom.
pub(crate) struct Settings<C> {
    pub(crate) region: Option<String>,
    pub(crate) endpoint: Option<String>,
    pub(crate) caller: Option<Caller<C>>,
    pub(crate) configure: Option<Configure>,
}

pub(crate) type Configure = Box<dyn FnOnce(ContextBuilder) -> ContextBuilder + Send>;

impl<C> Default for Settings<C> {
    fn default() -> Self {
        Self {
            region: None,
            endpoint: None,
            caller: None,
            configure: None,
        }
    }
}

impl<C: Send + Sync + 'static> Settings<C> {
    /// The endpoint that was set, or the region's.
    pub(crate) fn endpoint(
        &self,
        of_region: impl FnOnce(&str) -> Result<String, Error>,
    ) -> Result<String, Error> {
        match (&self.endpoint, &self.region) {
            (Some(endpoint), _) => Ok(endpoint.clone()),
            (None, Some(region)) => of_region(region),
            (None, None) => Err(Error::configuration("neither region nor endpoint is set")),
        }
    }

    pub(crate) fn connect(
        self,
        endpoint: String,
        provider: Arc<dyn Provider>,
    ) -> Result<Context, Error> {
        let context = Context::builder(endpoint, provider);
        match self.configure {
            Some(configure) => configure(context),
            None => context,
        }
        .build()
    }
}

/// Gives a builder with a field `settings` what every registry can be told.
macro_rules! common_settings {
    ($builder:ident, $credentials:ty) => {
        impl $builder {
            /// Region id. It says where the endpoint is.
            pub fn region(mut self, region: impl Into<String>) -> Self {
                self.settings.region = Some(region.into());
                self
            }

            /// URL to call instead of the region's own.
            pub fn endpoint(mut self, endpoint: impl Into<String>) -> Self {
                self.settings.endpoint = Some(endpoint.into());
                self
            }

            /// Who calls. Unless said otherwise, the vendor's own chain of sources is asked: the
            /// credentials' `default_chain`.
            pub fn credentials(mut self, credentials: impl Into<$credentials>) -> Self {
                let fixed = registry_transport::Caller::Fixed(credentials.into());
                self.settings.caller = Some(fixed);
                self
            }

            /// Who calls, from a chain of sources; what it gives is renewed ahead of its end.
            pub fn chain(
                mut self,
                chain: std::sync::Arc<registry_transport::Chain<$credentials>>,
            ) -> Self {
                self.settings.caller = Some(registry_transport::Caller::Chain(chain));
                self
            }

            /// Changes deadlines, limits and the like.
            pub fn configure(
                mut self,
                configure: impl FnOnce(
                    registry_transport::ContextBuilder,
                ) -> registry_transport::ContextBuilder
                + Send
                + 'static,
            ) -> Self {
                self.settings.configure = Some(Box::new(configure));
                self
            }
        }
    };
}
pub(crate) use common_settings;
