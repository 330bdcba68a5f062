//! Has it arrived? On all three registries, against the sandbox, by a clock that is moved by hand.

mod explained;
mod shared;
mod simulation;
mod stored;
mod trouble;
mod verdicts;

use std::sync::Arc;
use std::time::Duration;

use openapi_transport::testing::{ManualClock, Schedule};
use openapi_transport::{Clock, ContextBuilder, Timestamp};
use registry_replication::{Registry, Report, alibabacloud, huaweicloud, oci};
use registry_sandbox::world::Place;
use registry_sandbox::{Options, RegistryEndpoint, Sandbox, world};

use crate::clients;

/// After everything that the sandbox's fleet has done.
pub(crate) fn start() -> Timestamp {
    "2026-12-05T12:00:00Z".parse().unwrap()
}

pub(crate) const ALL: [world::Source; 3] = [
    world::Source::HuaweicloudEnterprise,
    world::Source::HuaweicloudBasic,
    world::Source::Alibabacloud,
];

/// A sandbox whose time stands still while anybody is at work.
pub(crate) struct Trial {
    pub(crate) sandbox: Arc<Sandbox>,
    pub(crate) clock: ManualClock,
}

impl Trial {
    pub(crate) async fn start() -> Self {
        let clock = ManualClock::at(start());
        let read = clock.clone();
        let options = Options::default().clock(Arc::new(move || read.now()));
        let sandbox = Arc::new(Sandbox::start(options).await.unwrap());
        Self { sandbox, clock }
    }

    pub(crate) fn configured(
        &self,
    ) -> impl FnOnce(ContextBuilder) -> ContextBuilder + Send + 'static + use<> {
        let clock = self.clock.clone();
        move |context| context.rate_limit(None).clock(Arc::new(clock))
    }

    /// The registry that pushes go to.
    pub(crate) async fn registry(&self, of: world::Source) -> Box<dyn Registry> {
        let key = clients::sandbox_key(&self.sandbox);
        match of {
            world::Source::HuaweicloudEnterprise => {
                let account = &self.sandbox.accounts().huaweicloud_swr;
                let registry = huaweicloud::SwrEnterprise::builder()
                    .endpoint(&account.endpoint)
                    .project_id(&account.project_id)
                    .instance(&account.instance_id)
                    .credentials(key)
                    .configure(self.configured());
                Box::new(registry.build().await.unwrap())
            }
            world::Source::HuaweicloudBasic => {
                let registry = huaweicloud::SwrBasic::builder()
                    .endpoint(self.sandbox.endpoint())
                    .region(world::HUAWEICLOUD_REGION)
                    .credentials(key)
                    .configure(self.configured());
                Box::new(registry.build().await.unwrap())
            }
            world::Source::Alibabacloud => {
                let registry = alibabacloud::AlibabaCr::builder()
                    .endpoint(self.sandbox.endpoint())
                    .instance(world::FLEET_ALIBABACLOUD_INSTANCE_ID)
                    .credentials(clients::sandbox_alibaba_key(&self.sandbox))
                    .configure(self.configured());
                Box::new(registry.build().await.unwrap())
            }
            _ => unreachable!("three registries"),
        }
    }

    /// The registry of a place itself, and what serves it.
    pub(crate) async fn own_side(&self, place: &Place) -> (RegistryEndpoint, oci::Client) {
        let served = self.sandbox.registry(place).await.unwrap();
        let login = match place {
            Place::Alibabacloud(_) => oci::Login::password(
                world::ALIBABACLOUD_ACCESS_KEY_ID,
                world::ALIBABACLOUD_ACCESS_KEY_SECRET,
            ),
            Place::HuaweicloudBasic(region) => {
                let logins = huaweicloud::SwrBasic::builder()
                    .endpoint(self.sandbox.endpoint())
                    .region(region)
                    .credentials(clients::sandbox_key(&self.sandbox))
                    .build()
                    .await
                    .unwrap();
                let registry = oci::Client::builder(served.host())
                    .login_from(logins.logins())
                    .configure(self.configured());
                return (served, registry.build().unwrap());
            }
            _ => oci::Login::password(world::HUAWEICLOUD_ACCESS_KEY, world::HUAWEICLOUD_SECRET_KEY),
        };
        let registry = oci::Client::builder(served.host()).login(login);
        let registry = registry.configure(self.configured()).build().unwrap();
        (served, registry)
    }

    /// Runs what waits for nothing but the clock, to its end.
    pub(crate) async fn run<F: IntoFuture>(&self, work: F) -> F::Output {
        self.clock.run(work, || 1, Schedule::default()).await
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

/// A place that the fleet's rules copy `team/api` to.
pub(crate) fn there(of: world::Source) -> &'static str {
    match of {
        world::Source::HuaweicloudEnterprise => world::HUAWEICLOUD_TARGET_REGION,
        world::Source::HuaweicloudBasic => world::FLEET_BASIC_REGIONS[0],
        _ => world::FLEET_ALIBABACLOUD_REGIONS[0],
    }
}

/// What `decide` calls the same place.
pub(crate) fn decided(of: world::Source) -> Option<&'static str> {
    match of {
        world::Source::HuaweicloudEnterprise => None,
        _ => Some(there(of)),
    }
}

pub(crate) const QUARTER: Duration = Duration::from_secs(15 * 60);

/// The report in short: verdict, and that of each destination with the kinds of its reasons.
pub(crate) fn short(report: &Report) -> String {
    let destinations = report.destinations.iter().map(|destination| {
        let reasons = destination.reasons.iter().map(|reason| {
            let kind = serde_json::to_value(reason.kind).unwrap();
            kind.as_str().unwrap().to_owned()
        });
        let reasons: Vec<_> = reasons.collect();
        format!(
            "{} {} [{}]",
            destination.destination,
            destination.verdict,
            reasons.join(" ")
        )
    });
    destinations.collect::<Vec<_>>().join("; ")
}
