//! From words on the command line to a registry.

use std::sync::Arc;
use std::time::Duration;

use registry_replication::api::Service;
use registry_replication::huaweicloud::{self, AccessKey};
use registry_replication::{
    Clock, Context, ContextBuilder, Error, Registry, SystemClock, Timestamp, alibabacloud, oci,
};
use registry_sandbox::{HuaweicloudAccount, Options, Sandbox, world};

use crate::cli::{Alibabacloud, Common, Enterprise, RegistryName, Since};
use crate::failure::Failure;

/// The clouds, or a sandbox that stands in for them.
pub(crate) struct Connection {
    sandbox: Option<Arc<Sandbox>>,
    /// The system's, unless there is another.
    clock: Option<Arc<dyn Clock>>,
}

/// A builder with what the command line says of place and instance.
macro_rules! told {
    ($self:ident, $builder:expr, $common:expr $(, $set:ident = $value:expr)*) => {{
        let mut builder = $builder.configure($self.by_clock());
        if let Some(region) = &$common.region {
            builder = builder.region(region);
        }
        if let Some(endpoint) = &$common.endpoint {
            builder = builder.endpoint(endpoint);
        }
        $(if let Some(value) = &$value {
            builder = builder.$set(value);
        })*
        builder
    }};
}

impl Connection {
    /// To the clouds, or to a sandbox.
    pub(crate) fn new(sandbox: Option<Arc<Sandbox>>, clock: Option<Arc<dyn Clock>>) -> Self {
        Self { sandbox, clock }
    }

    /// A sandbox within this program, which goes by the program's clock.
    pub(crate) async fn sandbox(clock: Option<Arc<dyn Clock>>) -> Result<Arc<Sandbox>, Failure> {
        let options = Options::default();
        let options = match clock {
            Some(clock) => options.clock(Arc::new(move || clock.now())),
            None => options,
        };
        Ok(Arc::new(Sandbox::start(options).await?))
    }

    /// The sandbox that is asked instead of the clouds.
    pub(crate) fn inside(&self) -> Option<&Sandbox> {
        self.sandbox.as_deref()
    }

    /// The clock that calls and waits go by.
    pub(crate) fn clock(&self) -> Arc<dyn Clock> {
        self.clock.clone().unwrap_or_else(|| Arc::new(SystemClock))
    }

    /// The time, or the time so long ago by the clock that calls go by.
    pub(crate) fn time(&self, since: Since) -> Result<Timestamp, Failure> {
        /// How far this machine's clock may be behind the clock that a time was read from.
        const SKEW: Duration = Duration::from_secs(5 * 60);
        let clock = self.clock.as_ref();
        let now = clock.map_or_else(Timestamp::now, |clock| clock.now());
        match since {
            Since::Time(time) if now.checked_add(SKEW).is_ok_and(|latest| time > latest) => {
                Err(Failure::Usage(format!(
                    "--since: {time} is in the future, and no task would count; it is {now:.0} now"
                )))
            }
            Since::Time(time) => Ok(time),
            Since::Ago(ago) => now
                .checked_sub(ago)
                .map_err(|_| Failure::Usage("--since: there was no time so long ago".to_owned())),
        }
    }

    fn by_clock(&self) -> impl FnOnce(ContextBuilder) -> ContextBuilder + Send + 'static + use<> {
        let clock = self.clock.clone();
        |context| match clock {
            Some(clock) => context.clock(clock),
            None => context,
        }
    }

    /// The registry of a destination, asked as docker would.
    pub(crate) fn destination(&self, host: &str) -> Result<oci::Client, Error> {
        let builder = oci::Client::builder(host).docker_config();
        builder.configure(self.by_clock()).build()
    }

    fn huaweicloud(&self) -> Option<&HuaweicloudAccount> {
        let sandbox = self.sandbox.as_ref()?;
        Some(&sandbox.accounts().huaweicloud_swr)
    }

    pub(crate) async fn basic(&self, to: &Common) -> Result<huaweicloud::SwrBasic, Error> {
        let mut builder = huaweicloud::SwrBasic::builder();
        if let Some(account) = self.huaweicloud() {
            builder = builder
                .region(world::HUAWEICLOUD_REGION)
                .endpoint(&account.endpoint)
                .credentials(key(account));
        }
        told!(self, builder, to).build().await
    }

    pub(crate) async fn sts(&self, to: &Common) -> Result<huaweicloud::sts::Service, Error> {
        let mut builder = huaweicloud::sts::Service::builder();
        if let Some(account) = self.huaweicloud() {
            builder = builder
                .endpoint(&account.endpoint)
                .credentials(key(account));
        }
        told!(self, builder, to).build().await
    }

    pub(crate) async fn enterprise(
        &self,
        to: &Enterprise,
    ) -> Result<huaweicloud::SwrEnterprise, Error> {
        let mut builder = huaweicloud::SwrEnterprise::builder();
        if let Some(account) = self.huaweicloud() {
            builder = builder
                .endpoint(&account.endpoint)
                .project_id(&account.project_id)
                .instance(&account.instance_id)
                .credentials(key(account));
        }
        told!(
            self,
            builder,
            to.common,
            project_id = to.project_id,
            instance = to.instance
        )
        .build()
        .await
    }

    /// A context for calls of a service by their names.
    pub(crate) async fn context(
        &self,
        service: Service,
        to: &Enterprise,
    ) -> Result<Context, Error> {
        let common = &to.common;
        match service {
            Service::AlibabacloudCr | Service::AlibabacloudSts => {
                let mut builder = alibabacloud::Connection::builder();
                if let Some(sandbox) = &self.sandbox {
                    builder = builder
                        .endpoint(sandbox.endpoint())
                        .credentials(alibaba_key(sandbox));
                }
                told!(self, builder, common).build(service).await
            }
            _ => self.huaweicloud_connection(common).build(service).await,
        }
    }

    fn huaweicloud_connection(&self, common: &Common) -> huaweicloud::Connection {
        let mut builder = huaweicloud::Connection::builder();
        if let Some(account) = self.huaweicloud() {
            builder = builder
                .region(world::HUAWEICLOUD_REGION)
                .endpoint(&account.endpoint)
                .credentials(key(account));
        }
        told!(self, builder, common)
    }

    /// Id of the project that calls go to: as it was said, or as it is found out.
    pub(crate) async fn project_id(&self, to: &Enterprise) -> Result<String, Error> {
        match (&to.project_id, self.huaweicloud()) {
            (Some(id), _) => Ok(id.clone()),
            (None, Some(account)) => Ok(account.project_id.clone()),
            (None, None) => self.huaweicloud_connection(&to.common).project_id().await,
        }
    }

    /// Id of the instance that calls go to, by the vendor's name of the parameter.
    pub(crate) fn instance(&self, to: &Enterprise, parameter: &str) -> Option<String> {
        let sandbox = || {
            let accounts = self.sandbox.as_ref()?.accounts();
            Some(match parameter {
                "InstanceId" => accounts.alibabacloud_cr.instance_id.clone(),
                _ => accounts.huaweicloud_swr.instance_id.clone(),
            })
        };
        to.instance.clone().or_else(sandbox)
    }

    /// A registry of any vendor.
    pub(crate) async fn registry(
        &self,
        name: RegistryName,
        to: &Enterprise,
    ) -> Result<Box<dyn Registry>, Error> {
        Ok(match name {
            RegistryName::HuaweicloudEnterprise => Box::new(self.enterprise(to).await?),
            RegistryName::HuaweicloudBasic => {
                by_no_project(to)?;
                superfluous(
                    &to.instance,
                    "Huawei Cloud Basic has no instances; leave out --instance",
                )?;
                Box::new(self.basic(&to.common).await?)
            }
            RegistryName::Alibabacloud => Box::new(self.alibabacloud_at(to).await?),
        })
    }

    /// That of Alibaba Cloud, by the words of any vendor.
    pub(crate) async fn alibabacloud_at(
        &self,
        to: &Enterprise,
    ) -> Result<alibabacloud::AlibabaCr, Error> {
        by_no_project(to)?;
        self.of_instance(&to.common, &to.instance).await
    }

    pub(crate) async fn alibabacloud(
        &self,
        to: &Alibabacloud,
    ) -> Result<alibabacloud::AlibabaCr, Error> {
        self.of_instance(&to.common, &to.instance).await
    }

    async fn of_instance(
        &self,
        common: &Common,
        instance: &Option<String>,
    ) -> Result<alibabacloud::AlibabaCr, Error> {
        let mut builder = alibabacloud::AlibabaCr::builder();
        if let Some(sandbox) = &self.sandbox {
            let account = &sandbox.accounts().alibabacloud_cr;
            builder = builder
                .endpoint(&account.endpoint)
                .instance(&account.instance_id)
                .credentials(alibaba_key(sandbox));
        }
        told!(self, builder, common, instance = *instance)
            .build()
            .await
    }
}

fn superfluous(option: &Option<String>, words: &str) -> Result<(), Error> {
    match option {
        None => Ok(()),
        Some(_) => Err(Error::configuration(words)),
    }
}

fn by_no_project(to: &Enterprise) -> Result<(), Error> {
    superfluous(
        &to.project_id,
        "only Huawei Cloud Enterprise is asked by project; leave out --project-id",
    )
}

fn key(account: &HuaweicloudAccount) -> AccessKey {
    AccessKey::new(&account.access_key, account.secret_key.as_str())
}

fn alibaba_key(sandbox: &Sandbox) -> alibabacloud::Credentials {
    let account = &sandbox.accounts().alibabacloud_cr;
    alibabacloud::Credentials::new(&account.access_key_id, account.access_key_secret.as_str())
}
