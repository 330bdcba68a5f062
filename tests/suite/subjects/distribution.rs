//! Any OCI registry as a test subject.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use registry_replication::distribution::OciRegistry;
use registry_replication::{Registry, Surroundings, oci};
use registry_sandbox::Sandbox;
use registry_sandbox::world::distribution::{MIRRORS, PASSWORD, SOURCE, USER, registry};
use registry_sandbox::world::{Place, Source};

use super::{Configure, Destination, Ports, Subject};

/// The sandbox's registry that takes pushes, which two mirrors copy.
#[derive(Debug)]
pub(crate) struct Oci;

impl Subject for Oci {
    fn provider(&self) -> &'static str {
        "oci"
    }

    fn client(&self) -> Option<&'static str> {
        None
    }

    /// The host is a host without a server: a sandbox serves these registries at ports of their own.
    fn options(&self) -> Vec<&'static str> {
        let mut options = vec!["--registry", self.provider(), "--sandbox"];
        options.extend(["--host", "registry.test"]);
        options
    }

    fn source(&self) -> Source {
        SOURCE
    }

    fn connect<'a>(
        &'a self,
        sandbox: &'a Sandbox,
        ports: &'a Ports,
        configure: Configure,
    ) -> BoxFuture<'a, Box<dyn Registry>> {
        async move {
            let source = ports.host(sandbox, &Place::from(SOURCE)).await;
            let nowhere = Surroundings::new(|_| None);
            let mut hosts = oci::Hosts::new().surroundings(nowhere).configure(configure);
            // The other mirror is anonymous.
            let mirror = ports.host(sandbox, &registry(MIRRORS[0])).await;
            for host in [&source, &mirror] {
                hosts = hosts.login(host, oci::Login::password(USER, PASSWORD));
            }
            Box::new(OciRegistry::new(source, hosts).unwrap()) as Box<dyn Registry>
        }
        .boxed()
    }

    fn oci<'a>(
        &'a self,
        _: &'a Sandbox,
        _: &'a Place,
        host: &'a str,
    ) -> BoxFuture<'a, oci::Builder> {
        let login = oci::Login::password(USER, PASSWORD);
        std::future::ready(oci::Client::builder(host).login(login)).boxed()
    }

    fn destinations(&self) -> Vec<Destination> {
        let destinations = MIRRORS.into_iter().map(|name| Destination {
            name,
            place: registry(name),
        });
        destinations.collect()
    }

    /// A destination goes by its host, whose port is another in each sandbox.
    fn name<'a>(
        &'a self,
        number: usize,
        sandbox: &'a Sandbox,
        ports: &'a Ports,
    ) -> BoxFuture<'a, String> {
        async move { ports.host(sandbox, &registry(MIRRORS[number])).await }.boxed()
    }

    fn repository(&self) -> (&'static str, &'static str) {
        ("team", "sim")
    }
}
