//! Looks of arrivals. A look itself sends nothing: its arrivals ask their destinations.

use std::sync::{Arc, PoisonError};

use futures_core::future::BoxFuture;
use openapi_transport::{Context, Error};

use super::host::Host;
use super::{DESCRIPTOR, OciRegistry};
use crate::arrival::sight::{Look, Sight, SourceTag, Wanted, began};
use crate::arrival::watch::Watch;
use crate::arrival::{Destination, Shows};
use crate::model::ImageName;
use crate::oci;
use crate::provider::Descriptor;

impl Look for OciRegistry {
    fn descriptor(&self) -> &Descriptor {
        &DESCRIPTOR
    }

    fn context(&self) -> &Context {
        &self.context
    }

    fn watch(&self) -> &Watch {
        &self.watch
    }

    fn look(self: Arc<Self>, _: Arc<Wanted>) -> BoxFuture<'static, Result<Sight, Error>> {
        let begun = self.context.clock().elapsed();
        let sight = Sight::new(began(&self.context, begun));
        Box::pin(std::future::ready(Ok(sight)))
    }

    fn source(
        self: Arc<Self>,
        image: ImageName,
    ) -> BoxFuture<'static, Result<Option<SourceTag>, Error>> {
        Box::pin(async move {
            let Some(tag) = image.tag() else {
                return Ok(None);
            };
            let manifest = self
                .hosts
                .client(&self.host)?
                .manifest(&image.path(), tag)
                .await?;
            Ok(manifest.map(|manifest| SourceTag {
                digest: Some(manifest.digest),
                pushed: None,
            }))
        })
    }

    fn shows(&self, destination: &Destination) -> Result<Option<Arc<dyn Shows>>, Error> {
        if destination.is_anywhere() {
            let what = "invalid destination \"*\"; such a registry has no rules, so name a host";
            return Err(Error::configuration(what));
        }
        let client = self.hosts.client(destination.place())?;
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let host = asked.entry(client.endpoint().to_owned());
        let host = host.or_insert_with(|| Arc::new(Host::new(client)));
        Ok(Some(host.clone()))
    }

    fn client(&self) -> Option<oci::Client> {
        self.hosts.client(&self.host).ok()
    }

    fn title(&self, image: &ImageName) -> String {
        format!("{}/{image}", self.host)
    }

    fn own_destination(&self) -> Option<Destination> {
        Some(Destination::new(&*self.host))
    }
}
