//! Target of a command: a registry of a provider, or of the built-in sandbox.

use std::sync::Arc;
use std::time::Duration;

use registry_replication::api::Service;
use registry_replication::{
    Checkup, Clock, Cloud, Context, Descriptor, Error, Registry, Settings, SystemClock, Timestamp,
    clouds, oci, providers,
};
use registry_sandbox::{Options, Sandbox};

use crate::args::{Since, TargetArgs, flag};
use crate::failure::Failure;

/// Registry that a command queries, with the clock that its calls use.
pub(crate) struct Target {
    args: TargetArgs,
    sandbox: Option<Arc<Sandbox>>,
    /// The system's clock if absent.
    clock: Option<Arc<dyn Clock>>,
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

    /// Returns whether `--registry` names a provider that any host can be of, without a host.
    pub(crate) fn is_at_host_of_image(&self) -> bool {
        let setting = self.args.provider().and_then(|provider| provider.any_host);
        setting.is_some_and(|setting| self.given().all(|name| name != setting))
    }

    /// Returns the names of the settings that were given.
    pub(crate) fn given(&self) -> impl Iterator<Item = &'static str> {
        self.args.settings.keys().copied()
    }

    /// Returns the provider that `--registry` names.
    pub(crate) fn provider(&self) -> Result<&'static Descriptor, Failure> {
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
            if self.args.sandbox && self.args.setting(name).is_some() {
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
                let flag = flag(name);
                return Err(Failure::Usage(format!(
                    "{} has no setting {flag}; leave out --{flag}",
                    provider.title
                )));
            }
        }
        Ok(())
    }

    /// Connects to the registry. Invalid and missing settings are refused before any call.
    pub(crate) async fn registry(&self) -> Result<Arc<dyn Registry>, Failure> {
        let provider = self.provider()?;
        self.check()?;
        let names: Vec<_> = provider.settings.iter().map(|one| one.name).collect();
        let settings = self.settings(provider.cloud.name, &names);
        Ok(provider.connect(settings).await?)
    }

    /// Connects to the registry at the host of an image, of a provider that any host can be of.
    pub(crate) async fn at_host(&self, host: &str) -> Result<Arc<dyn Registry>, Failure> {
        let mut all = providers().iter();
        let found = all.find_map(|provider| Some((provider, provider.any_host?)));
        let Some((provider, setting)) = found.filter(|_| self.sandbox.is_none()) else {
            self.provider()?;
            return self.registry().await;
        };
        let names: Vec<_> = provider.settings.iter().map(|one| one.name).collect();
        if let Some(other) = self.given().find(|name| !names.contains(name)) {
            let flag = flag(other);
            return Err(Failure::Usage(format!(
                "--{flag} needs --registry; use --registry NAME"
            )));
        }
        let settings = self.settings(provider.cloud.name, &names);
        Ok(provider.connect(settings.set(setting, host)).await?)
    }

    /// Returns the registry at a destination.
    pub(crate) async fn destination(&self, host: &str) -> Result<oci::Client, Error> {
        let settings = self.settings("", &["plain_http", "ca_file"]);
        oci::Hosts::of(&settings).await?.client(host)
    }

    /// Returns the settings of these names for a cloud: those of the command line, and else those of
    /// the sandbox.
    fn settings(&self, cloud: &str, names: &[&str]) -> Settings {
        let clock = self.clock.clone();
        let mut settings = Settings::new().configure(move |context| match &clock {
            Some(clock) => context.clock(clock.clone()),
            None => context,
        });
        if let Some(sandbox) = &self.sandbox {
            settings = inside(sandbox, cloud, names, settings);
        }
        let given = self.args.settings.iter();
        let given = given.filter(|(name, _)| names.contains(name));
        given.fold(settings, |settings, (name, value)| {
            settings.set(*name, value)
        })
    }

    /// Refuses a service that the provider's cloud does not have.
    pub(crate) fn check_service(&self, service: &Service) -> Result<(), Failure> {
        let provider = self.args.provider();
        match provider.filter(|provider| !provider.cloud.services.contains(service)) {
            None => Ok(()),
            Some(provider) => Err(Failure::Usage(format!(
                "{service} is not a service of {}; leave out --registry",
                provider.title
            ))),
        }
    }

    /// Returns what the doctor checks in a cloud.
    pub(crate) fn checkup(&self, cloud: &Cloud) -> Checkup {
        let names: Vec<_> = ["region", "endpoint"]
            .into_iter()
            .chain(self.given())
            .collect();
        let checkup = Checkup::new(self.settings(cloud.name, &names));
        let checkup = checkup.required(self.name().is_some());
        match &self.sandbox {
            Some(sandbox) => checkup.account_endpoint(sandbox.endpoint()),
            None => checkup,
        }
    }

    /// Returns a context for calls of a service by their names, and the settings that it was made
    /// from.
    pub(crate) async fn context(&self, service: &Service) -> Result<(Context, Settings), Failure> {
        self.check()?;
        let cloud = clouds().find(|cloud| cloud.services.contains(service));
        let names: Vec<_> = service.settings.iter().map(|one| one.name).collect();
        if let Some(unknown) = self.given().find(|name| !names.contains(name)) {
            let flag = flag(unknown);
            return Err(Failure::Usage(format!(
                "{service} has no setting {flag}; leave out --{flag}"
            )));
        }
        let settings = self.settings(cloud.map_or("", |cloud| cloud.name), &names);
        Ok((service.connect(settings.clone()).await?, settings))
    }
}

/// Adds the settings and the access key of the sandbox for a cloud.
fn inside(sandbox: &Sandbox, cloud: &str, names: &[&str], settings: Settings) -> Settings {
    let Some(own) = sandbox.settings(cloud) else {
        return settings;
    };
    let secret = own.access_key_secret.as_str();
    let settings = settings.access_key(&own.access_key_id, secret);
    let values = own.values.into_iter();
    let values = values.filter(|(name, _)| names.contains(name));
    values.fold(settings, |settings, (name, value)| {
        settings.set(name, value)
    })
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
