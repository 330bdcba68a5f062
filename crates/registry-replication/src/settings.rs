//! Settings that the builders of all registries share.

use std::sync::Arc;

use openapi_transport::{
    Answer, BoxFuture, Caller, Context, ContextBuilder, Dialect, Error, Operation, Reading, Stamp,
    UsedCredentials,
};

/// Endpoint and credentials of a registry.
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
    /// Returns the endpoint that is set, or the region's.
    pub(crate) fn endpoint(
        &self,
        of_region: impl FnOnce(&str) -> Result<String, Error>,
    ) -> Result<String, Error> {
        match (&self.endpoint, &self.region) {
            (Some(endpoint), _) => Ok(endpoint.clone()),
            (None, Some(region)) => of_region(region),
            (None, None) => Err(Error::missing_setting(&["region", "endpoint"])),
        }
    }

    /// Begins a context with the caller's configuration. The builder must still set the dialect,
    /// whose own calls use the same clock.
    pub(crate) fn begin(&mut self, endpoint: String) -> ContextBuilder {
        let context = Context::builder(endpoint, Arc::new(Unset));
        match self.configure.take() {
            Some(configure) => configure(context),
            None => context,
        }
    }
}

/// Placeholder dialect of an unfinished context.
#[derive(Debug)]
pub(crate) struct Unset;

impl Dialect for Unset {
    fn sign<'a>(
        &'a self,
        _: &'a mut reqwest::Request,
        _: &'a Operation,
        _: &'a Stamp,
    ) -> BoxFuture<'a, Result<UsedCredentials, Error>> {
        let error = Error::configuration("the context has no provider");
        Box::pin(std::future::ready(Err(error)))
    }

    fn read(&self, _: &Answer) -> Reading {
        Reading::default()
    }
}

/// Adds the common settings to a builder with a field `settings`.
macro_rules! common_settings {
    ($builder:ident, $credentials:ty) => {
        impl $builder {
            /// Sets the region id, which selects the endpoint.
            pub fn region(mut self, region: impl Into<String>) -> Self {
                self.settings.region = Some(region.into());
                self
            }

            /// Sets the URL to call instead of the region's own.
            pub fn endpoint(mut self, endpoint: impl Into<String>) -> Self {
                self.settings.endpoint = Some(endpoint.into());
                self
            }

            /// Sets the credentials. [default: the vendor's own chain of sources, the credentials'
            /// `default_chain`]
            pub fn credentials(mut self, credentials: impl Into<$credentials>) -> Self {
                let fixed = openapi_transport::Caller::Fixed(credentials.into());
                self.settings.caller = Some(fixed);
                self
            }

            /// Sets the credentials by a chain of sources, which renews them before their expiry.
            pub fn chain(
                mut self,
                chain: std::sync::Arc<openapi_transport::Chain<$credentials>>,
            ) -> Self {
                self.settings.caller = Some(openapi_transport::Caller::Chain(chain));
                self
            }

            /// Changes deadlines, limits, clock and other options. They also apply to the lookup of
            /// a project. The default chain's calls use the same clock.
            pub fn configure(
                mut self,
                configure: impl FnOnce(
                    openapi_transport::ContextBuilder,
                ) -> openapi_transport::ContextBuilder
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
