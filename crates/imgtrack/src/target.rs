//! Target of a command: a registry of a provider, or of the built-in sandbox.

use std::sync::Arc;
use std::time::Duration;

use registry_replication::api::Service;
use registry_replication::huaweicloud::{self, AccessKey};
use registry_replication::{
    Clock, Context, ContextBuilder, Error, Registry, SystemClock, Timestamp, alibabacloud, oci,
};
use registry_sandbox::{HuaweicloudAccount, Options, Sandbox, world};

use crate::args::{Since, TargetArgs};
use crate::failure::Failure;
use crate::provider::{Provider, providers};

/// Registry that a command queries, with the clock that its calls use.
pub(crate) struct Target {
    args: TargetArgs,
    sandbox: Option<Arc<Sandbox>>,
    /// The system's clock if absent.
    clock: Option<Arc<dyn Clock>>,
}

/// Applies region and endpoint, and the settings that are named, to a builder.
macro_rules! configured {
    ($self:ident, $builder:expr $(, $set:ident = $name:literal)*) => {{
        let mut builder = $builder.configure($self.by_clock());
        if let Some(region) = $self.setting("region") {
            builder = builder.region(region);
        }
        if let Some(endpoint) = $self.setting("endpoint") {
            builder = builder.endpoint(endpoint);
        }
        $(if let Some(value) = $self.setting($name) {
            builder = builder.$set(value);
        })*
        builder
    }};
}

impl Target {
    /// Creates the target that the options name. The options are checked when they are used.
    ///
    /// With `--sandbox`, `sandbox` is used, or one that is started here and uses `clock`.
    pub(crate) async fn new(
        args: TargetArgs,
        sandbox: Option<Arc<Sandbox>>,
        clock: Option<Arc<dyn Clock>>,
    ) -> Result<Self, Failure> {
        let sandbox = match (args.sandbox, sandbox) {
            (false, _) => None,
            (true, Some(sandbox)) => Some(sandbox),
            (true, None) => Some(start_sandbox(clock.clone()).await?),
        };
        Ok(Self {
            args,
            sandbox,
            clock,
        })
    }

    /// Returns the sandbox, if it is the target.
    pub(crate) fn sandbox(&self) -> Option<&Sandbox> {
        self.sandbox.as_deref()
    }

    /// Returns the clock of calls and waits.
    pub(crate) fn clock(&self) -> Arc<dyn Clock> {
        self.clock.clone().unwrap_or_else(|| Arc::new(SystemClock))
    }

    /// Converts the value of `--since` to a time.
    pub(crate) fn time(&self, since: Since) -> Result<Timestamp, Failure> {
        /// How far this machine's clock may be behind the clock that a time was read from.
        const SKEW: Duration = Duration::from_secs(5 * 60);
        let clock = self.clock.as_ref();
        let now = clock.map_or_else(Timestamp::now, |clock| clock.now());
        match since {
            Since::Time(time) if now.checked_add(SKEW).is_ok_and(|latest| time > latest) => {
                Err(Failure::Usage(format!(
                    "invalid --since: {time} is in the future, so no task would count; the time \
                     is {now:.0}"
                )))
            }
            Since::Time(time) => Ok(time),
            Since::Ago(ago) => now.checked_sub(ago).map_err(|_| {
                Failure::Usage("invalid --since: the age is too large; write 10m".to_owned())
            }),
        }
    }

    /// Returns the options that name this target on a command line.
    pub(crate) fn words(&self) -> String {
        self.args.words()
    }

    /// Returns the name that `--registry` has, if it was given.
    pub(crate) fn name(&self) -> Option<&str> {
        self.args.registry.as_deref()
    }

    /// Returns a setting that was given.
    pub(crate) fn setting(&self, name: &str) -> Option<&str> {
        self.args.setting(name)
    }

    /// Returns the provider that `--registry` names.
    pub(crate) fn provider(&self) -> Result<&'static Provider, Failure> {
        self.args.provider().ok_or_else(|| {
            let names: Vec<&str> = providers().iter().map(|provider| provider.name).collect();
            Failure::Usage(format!(
                "missing --registry; use --registry NAME, one of {}",
                names.join(", ")
            ))
        })
    }

    /// Refuses options that exclude each other, and settings that the provider does not have.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        for name in ["region", "endpoint"] {
            if self.args.sandbox && self.setting(name).is_some() {
                return Err(Failure::Usage(format!(
                    "--{name} cannot be used with --sandbox; leave one of them out"
                )));
            }
        }
        let Some(provider) = self.args.provider() else {
            return Ok(());
        };
        for name in self.args.settings.keys() {
            if provider.settings.iter().all(|known| known.name != *name) {
                return Err(Failure::Usage(format!(
                    "{} has no setting {name}; leave out --{name}",
                    provider.title
                )));
            }
        }
        Ok(())
    }

    /// Connects to the registry. Invalid and missing settings are refused before any call.
    pub(crate) async fn registry(&self) -> Result<Box<dyn Registry>, Failure> {
        let provider = self.provider()?;
        self.check()?;
        Ok(match provider.name {
            "huaweicloud-enterprise" => Box::new(self.enterprise().await?),
            "huaweicloud-basic" => Box::new(self.basic().await?),
            _ => Box::new(self.alibabacloud().await?),
        })
    }

    /// Returns the registry at a destination.
    pub(crate) fn destination(&self, host: &str) -> Result<oci::Client, Error> {
        let builder = oci::Client::builder(host).docker_config();
        builder.configure(self.by_clock()).build()
    }

    fn by_clock(&self) -> impl FnOnce(ContextBuilder) -> ContextBuilder + Send + 'static + use<> {
        let clock = self.clock.clone();
        |context| match clock {
            Some(clock) => context.clock(clock),
            None => context,
        }
    }

    fn huaweicloud(&self) -> Option<&HuaweicloudAccount> {
        let sandbox = self.sandbox.as_ref()?;
        Some(&sandbox.accounts().huaweicloud_swr)
    }

    async fn basic(&self) -> Result<huaweicloud::SwrBasic, Error> {
        let mut builder = huaweicloud::SwrBasic::builder();
        if let Some(account) = self.huaweicloud() {
            builder = builder
                .region(world::HUAWEICLOUD_REGION)
                .endpoint(&account.endpoint)
                .credentials(key(account));
        }
        configured!(self, builder).build().await
    }

    async fn enterprise(&self) -> Result<huaweicloud::SwrEnterprise, Error> {
        let mut builder = huaweicloud::SwrEnterprise::builder();
        if let Some(account) = self.huaweicloud() {
            builder = builder
                .endpoint(&account.endpoint)
                .project_id(&account.project_id)
                .instance(&account.instance_id)
                .credentials(key(account));
        }
        configured!(
            self,
            builder,
            project_id = "project-id",
            instance = "instance"
        )
        .build()
        .await
    }

    pub(crate) async fn alibabacloud(&self) -> Result<alibabacloud::AlibabaCr, Error> {
        let mut builder = alibabacloud::AlibabaCr::builder();
        if let Some(sandbox) = &self.sandbox {
            let account = &sandbox.accounts().alibabacloud_cr;
            builder = builder
                .endpoint(&account.endpoint)
                .instance(&account.instance_id)
                .credentials(alibaba_key(sandbox));
        }
        configured!(self, builder, instance = "instance")
            .build()
            .await
    }

    /// Returns a context for calls of a service by their names.
    pub(crate) async fn context(&self, service: Service) -> Result<Context, Failure> {
        self.check()?;
        Ok(match service {
            Service::AlibabacloudCr | Service::AlibabacloudSts => {
                let mut builder = alibabacloud::Connection::builder();
                if let Some(sandbox) = &self.sandbox {
                    builder = builder
                        .endpoint(sandbox.endpoint())
                        .credentials(alibaba_key(sandbox));
                }
                configured!(self, builder).build(service).await?
            }
            _ => self.huaweicloud_connection().build(service).await?,
        })
    }

    fn huaweicloud_connection(&self) -> huaweicloud::Connection {
        let mut builder = huaweicloud::Connection::builder();
        if let Some(account) = self.huaweicloud() {
            builder = builder
                .region(world::HUAWEICLOUD_REGION)
                .endpoint(&account.endpoint)
                .credentials(key(account));
        }
        configured!(self, builder)
    }

    /// Returns the id of the project that calls go to.
    pub(crate) async fn project_id(&self) -> Result<String, Error> {
        match (self.setting("project-id"), self.huaweicloud()) {
            (Some(id), _) => Ok(id.to_owned()),
            (None, Some(account)) => Ok(account.project_id.clone()),
            (None, None) => self.huaweicloud_connection().project_id().await,
        }
    }

    /// Returns the id of the instance that calls go to, by the vendor's name of the parameter.
    pub(crate) fn instance(&self, parameter: &str) -> Option<String> {
        let sandbox = || {
            let accounts = self.sandbox.as_ref()?.accounts();
            Some(match parameter {
                "InstanceId" => accounts.alibabacloud_cr.instance_id.clone(),
                _ => accounts.huaweicloud_swr.instance_id.clone(),
            })
        };
        let given = self.setting("instance").map(str::to_owned);
        given.or_else(sandbox)
    }
}

/// Starts a sandbox inside this program, which uses the program's clock.
async fn start_sandbox(clock: Option<Arc<dyn Clock>>) -> Result<Arc<Sandbox>, Failure> {
    let options = Options::default();
    let options = match clock {
        Some(clock) => options.clock(Arc::new(move || clock.now())),
        None => options,
    };
    Ok(Arc::new(Sandbox::start(options).await?))
}

fn key(account: &HuaweicloudAccount) -> AccessKey {
    AccessKey::new(&account.access_key, account.secret_key.as_str())
}

fn alibaba_key(sandbox: &Sandbox) -> alibabacloud::Credentials {
    let account = &sandbox.accounts().alibabacloud_cr;
    alibabacloud::Credentials::new(&account.access_key_id, account.access_key_secret.as_str())
}
