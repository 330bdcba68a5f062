//! Target of a command: registries that the command line, variables or the configuration name, or
//! those of the built-in sandbox.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use registry_replication::api::Service;
use registry_replication::{
    Checkup, Clock, Cloud, Context, Descriptor, Error, ImageReference, Registry, Settings,
    SystemClock, Timestamp, clouds, oci, providers, read_file, suggest,
};
use registry_sandbox::{Options, Sandbox};

use crate::args::{TargetArgs, When, flag, quoted, settings_of, settings_of_hosts};
use crate::config::{self, Config, Destination, Named};
use crate::failure::Failure;

/// Registries that a command queries, with the clock that its calls use.
#[derive(Clone)]
pub(crate) struct Target {
    args: TargetArgs,
    config: Arc<Config>,
    chosen: Vec<Chosen>,
    /// Whether the host of an image has chosen the registry.
    is_by_host: bool,
    /// Why the registry of a variable is unknown. An image with a host may not need it.
    unknown: Option<String>,
    sandbox: Option<Arc<Sandbox>>,
    /// The system's clock if absent.
    clock: Option<Arc<dyn Clock>>,
    /// Zone of times without an offset.
    zone: TimeZone,
}

/// Registry that was chosen.
#[derive(Clone, Debug)]
struct Chosen {
    /// Name in the configuration, or name of the provider.
    name: String,
    provider: &'static Descriptor,
    /// Settings of the command line, of the configuration, and of variables, in this order.
    settings: BTreeMap<&'static str, String>,
    destinations: Vec<Destination>,
}

impl Chosen {
    fn new(name: &str, provider: &'static Descriptor, args: &TargetArgs) -> Self {
        let known: Vec<_> = settings_of(provider).map(|(name, _)| name).collect();
        let of_variables = args.variables.iter();
        let of_variables = of_variables.filter(|(name, _)| known.contains(name));
        let settings = of_variables.chain(&args.settings);
        Self {
            name: name.to_owned(),
            provider,
            settings: settings
                .map(|(name, value)| (*name, value.clone()))
                .collect(),
            destinations: Vec::new(),
        }
    }

    fn named(name: &str, named: &Named, args: &TargetArgs) -> Self {
        let mut chosen = Self::new(name, named.provider, args);
        // A sandbox has its own instances and hosts.
        if !args.sandbox {
            for (name, value) in &named.settings {
                if !args.settings.contains_key(name) {
                    chosen.settings.insert(name, value.clone());
                }
            }
        }
        chosen.destinations = named.destinations.clone();
        chosen
    }
}

/// Returns the registries that the options or the configuration name.
fn chosen(args: &TargetArgs, config: &Config) -> Result<Vec<Chosen>, Failure> {
    let mut names: Vec<&str> = match (args.all, args.registries.is_empty()) {
        (true, _) if config.registries.is_empty() => {
            return Err(Failure::Usage(
                "the configuration has no registry; `imgtrack config init` writes one".to_owned(),
            ));
        }
        (true, _) => config.registries.keys().map(String::as_str).collect(),
        (false, false) => args.registries.iter().map(String::as_str).collect(),
        (false, true) => config.registry.as_deref().into_iter().collect(),
    };
    let groups = &config.groups;
    names = names
        .into_iter()
        .flat_map(|name| match groups.get(name) {
            Some(members) => members.iter().map(String::as_str).collect(),
            None => vec![name],
        })
        .collect();
    let mut chosen: Vec<Chosen> = Vec::new();
    for name in names {
        if chosen.iter().any(|known| known.name == name) {
            continue;
        }
        let mut known = providers().iter().copied();
        let one = match config.registries.get(name) {
            Some(named) => Chosen::named(name, named, args),
            None => {
                let Some(provider) = known.find(|provider| provider.name == name) else {
                    return Err(Failure::Usage(config::unknown_registry(name, config)));
                };
                Chosen::new(name, provider, args)
            }
        };
        chosen.push(one);
    }
    if let (2.., Some(setting)) = (chosen.len(), args.settings.keys().next()) {
        return Err(Failure::Usage(format!(
            "--{} applies to one registry, and {} are named; leave it out",
            flag(setting),
            chosen.len()
        )));
    }
    Ok(chosen)
}

impl Target {
    /// Creates the target that the options name. Settings are checked when they are used.
    ///
    /// With `--sandbox`, `sandbox` is used, or the one that [`start`](Self::start) starts.
    ///
    /// # Errors
    /// When a name is unknown.
    pub(crate) fn new(
        args: TargetArgs,
        config: Config,
        sandbox: Option<Arc<Sandbox>>,
        clock: Option<Arc<dyn Clock>>,
    ) -> Result<Self, Failure> {
        let (chosen, unknown) = match chosen(&args, &config) {
            Ok(chosen) => (chosen, None),
            Err(Failure::Usage(unknown)) if !args.is_named => (Vec::new(), Some(unknown)),
            Err(failure) => return Err(failure),
        };
        Ok(Self {
            chosen,
            is_by_host: false,
            unknown,
            config: Arc::new(config),
            sandbox: sandbox.filter(|_| args.sandbox),
            args,
            clock,
            zone: TimeZone::UTC,
        })
    }

    /// Starts the sandbox if the options want one and no sandbox was passed.
    pub(crate) async fn start(&mut self) -> Result<(), Failure> {
        if self.args.sandbox && self.sandbox.is_none() {
            self.sandbox = Some(start_sandbox(self.clock.clone()).await?);
        }
        Ok(())
    }

    /// Returns a target for each registry, with its name.
    pub(crate) fn each(&self) -> Vec<(String, Self)> {
        let each = self.chosen.iter().map(|chosen| {
            let one = Self {
                chosen: vec![chosen.clone()],
                ..self.clone()
            };
            (chosen.name.clone(), one)
        });
        each.collect()
    }

    /// Returns a target for each registry of the configuration, with its name.
    pub(crate) fn every_configured(&self) -> Vec<(String, Self)> {
        let all = self.config.registries.iter();
        let all = all.map(|(name, named)| {
            let one = Self {
                chosen: vec![Chosen::named(name, named, &self.args)],
                ..self.clone()
            };
            (name.clone(), one)
        });
        all.filter(|_| !self.args.sandbox).collect()
    }

    /// Returns a setting of the command line that is not about hosts.
    pub(crate) fn given_beyond_hosts(&self) -> Option<&'static str> {
        let of_hosts: Vec<_> = settings_of_hosts().map(|(name, _)| name).collect();
        self.given().find(|name| !of_hosts.contains(name))
    }

    /// Refuses settings that need a registry.
    pub(crate) fn check_given(&self) -> Result<(), Failure> {
        match self.given_beyond_hosts() {
            None => Ok(()),
            Some(setting) => Err(Failure::Usage(format!(
                "--{} needs --registry; use --registry NAME",
                flag(setting)
            ))),
        }
    }

    /// Returns the clock of calls and waits.
    pub(crate) fn clock(&self) -> Arc<dyn Clock> {
        self.clock.clone().unwrap_or_else(|| Arc::new(SystemClock))
    }

    /// Sets the zone of dates and times without an offset.
    pub(crate) fn in_zone(self, zone: TimeZone) -> Self {
        Self { zone, ..self }
    }

    /// Converts the value of `--until` to a time.
    pub(crate) fn until(&self, until: When) -> Result<Timestamp, Failure> {
        let time = until.time(self.clock().now(), &self.zone);
        time.map_err(|problem| Failure::Usage(format!("invalid --until: {problem}")))
    }

    /// Converts the value of `--since` to a time.
    pub(crate) fn time(&self, since: When) -> Result<Timestamp, Failure> {
        /// How far this machine's clock may be behind the clock that a time was read from.
        const SKEW: Duration = Duration::from_secs(5 * 60);
        let now = self.clock().now();
        let time = since.time(now, &self.zone);
        let time = time.map_err(|problem| Failure::Usage(format!("invalid --since: {problem}")))?;
        match now.checked_add(SKEW).is_ok_and(|latest| time > latest) {
            true => Err(Failure::Usage(format!(
                "invalid --since: {time} is in the future, so no task would count; the time is \
                 {now:.0}"
            ))),
            false => Ok(time),
        }
    }

    /// Returns the options that name this target on a command line.
    pub(crate) fn words(&self) -> String {
        // A setting may need the registry that a variable or the configuration has.
        let needs_name = self.args.is_named || self.is_by_host || !self.args.settings.is_empty();
        let name = match (needs_name, &self.chosen[..]) {
            (true, [one]) => Some(one.name.as_str()),
            _ => None,
        };
        self.args.words(name)
    }

    /// Returns a command line that asks this target, to paste into a shell.
    pub(crate) fn command(&self, words: &[&str]) -> String {
        let words = words.iter().map(|word| quoted(word).into_owned());
        let options = Some(self.words()).filter(|words| !words.is_empty());
        let line = std::iter::once("imgtrack".to_owned()).chain(words);
        line.chain(options).collect::<Vec<_>>().join(" ")
    }

    /// Returns the command that checks the login at a host of images.
    pub(crate) fn doctor_at(&self, host: &str) -> Option<String> {
        let mut all = providers().iter();
        let (provider, setting) = all.find_map(|one| Some((one.name, one.any_host?)))?;
        let of_hosts: Vec<_> = settings_of_hosts().map(|(name, _)| name).collect();
        let mut args = self.args.clone();
        args.settings.retain(|name, _| of_hosts.contains(name));
        args.settings.insert(setting, host.to_owned());
        Some(format!("imgtrack doctor {}", args.words(Some(provider))))
    }

    /// Returns the command that checks a registry of the configuration, which may be in a file of its
    /// own.
    pub(crate) fn doctor_of(&self, name: &str, file: Option<&Path>) -> String {
        let args = TargetArgs {
            config: file
                .map(Path::to_owned)
                .or_else(|| self.args.config.clone()),
            ..TargetArgs::default()
        };
        format!("imgtrack doctor {}", args.words(Some(name)))
    }

    /// Returns the name of the registry, if there is one.
    pub(crate) fn registry_name(&self) -> Option<&str> {
        match &self.chosen[..] {
            [one] => Some(&one.name),
            _ => None,
        }
    }

    /// Returns whether the built-in sandbox is asked.
    pub(crate) fn is_sandbox(&self) -> bool {
        self.args.sandbox
    }

    /// Returns whether the command line names a registry.
    pub(crate) fn is_named(&self) -> bool {
        self.args.is_named
    }

    /// Returns whether a provider that any host can be of is named, without a host.
    pub(crate) fn is_at_host_of_image(&self) -> bool {
        let [one] = &self.chosen[..] else {
            return false;
        };
        let setting = one.provider.any_host;
        setting.is_some_and(|setting| !one.settings.contains_key(setting))
    }

    /// Returns whether the command line or a variable names a registry.
    pub(crate) fn is_chosen(&self) -> bool {
        self.args.all || !self.args.registries.is_empty()
    }

    /// Returns whether a registry is named, also by a variable or the configuration.
    pub(crate) fn has_registry(&self) -> bool {
        !self.chosen.is_empty()
    }

    /// Returns the target at the host of an image, if the configuration has one.
    pub(crate) fn configured_at(&self, host: &str) -> Option<Self> {
        let (name, named) = self.config.at_host(host).filter(|_| !self.args.sandbox)?;
        Some(Self {
            is_by_host: true,
            chosen: vec![Chosen::named(name, named, &self.args)],
            ..self.clone()
        })
    }

    /// Returns the target of an image or repository, and its name there. The host of a name selects its
    /// registry, if the configuration has it and the command line names none.
    pub(crate) fn at_image(&self, text: &str) -> (Self, String) {
        let same = || (self.clone(), text.to_owned());
        let Ok(image) = text.parse::<ImageReference>() else {
            return same();
        };
        let configured = image.host().filter(|_| !self.is_named());
        match configured.and_then(|host| self.configured_at(host)) {
            Some(target) => (target, image.without_host().to_string()),
            None => same(),
        }
    }

    /// Returns whether several registries are named.
    pub(crate) fn is_several(&self) -> bool {
        self.chosen.len() > 1
    }

    /// Returns the same target without a registry.
    pub(crate) fn without_registry(&self) -> Self {
        Self {
            chosen: Vec::new(),
            ..self.clone()
        }
    }

    /// Returns the names of the settings that the command line has.
    pub(crate) fn given(&self) -> impl Iterator<Item = &'static str> {
        self.args.settings.keys().copied()
    }

    fn one(&self) -> Result<&Chosen, Failure> {
        match &self.chosen[..] {
            [one] => Ok(one),
            [] => Err(Failure::Usage(self.unknown.clone().unwrap_or_else(|| {
                let names: Vec<_> = self.config.names().collect();
                format!(
                    "missing --registry; use --registry NAME, one of {}",
                    names.join(", ")
                )
            }))),
            several => {
                let names: Vec<_> = several.iter().map(|one| one.name.as_str()).collect();
                let names = names.join(", ");
                Err(Failure::Usage(match self.is_chosen() {
                    true => format!(
                        "this command asks one registry, and {} are named: {names}",
                        several.len()
                    ),
                    false => format!(
                        "this command asks one registry, and the default is a group; use \
                         --registry NAME, one of {names}"
                    ),
                }))
            }
        }
    }

    /// Returns the provider of the registry.
    pub(crate) fn provider(&self) -> Result<&'static Descriptor, Failure> {
        Ok(self.one()?.provider)
    }

    /// Returns the settings of the registry, without those of variables if it has a name.
    pub(crate) fn setting_values(&self) -> BTreeMap<&'static str, String> {
        match &self.chosen[..] {
            [one] => one.settings.clone(),
            _ => self.args.settings.clone(),
        }
    }

    /// Returns whether the command line or a variable has a setting, for any registry.
    pub(crate) fn has_setting(&self, name: &str) -> bool {
        let mut given = [&self.args.settings, &self.args.variables].into_iter();
        given.any(|values| values.contains_key(name))
    }

    /// Returns the destinations that the configuration has for the registry.
    pub(crate) fn destinations(&self) -> &[Destination] {
        match &self.chosen[..] {
            [one] => &one.destinations,
            _ => &[],
        }
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
        for chosen in &self.chosen {
            let provider = chosen.provider;
            for name in self.args.settings.keys() {
                if settings_of(provider).all(|(known, _)| known != *name) {
                    let flag = flag(name);
                    return Err(Failure::Usage(format!(
                        "{} has no setting {flag}; leave out --{flag}",
                        provider.title
                    )));
                }
            }
        }
        Ok(())
    }

    /// Connects to the registry. Invalid and missing settings are refused before any call.
    pub(crate) async fn registry(&self) -> Result<Arc<dyn Registry>, Failure> {
        let chosen = self.one()?;
        self.check()?;
        let provider = chosen.provider;
        let names: Vec<_> = provider.settings.iter().map(|one| one.name).collect();
        let settings = self.settings(Some(chosen), provider.cloud.name, &names);
        Ok(provider.connect(settings.await?).await?)
    }

    /// Connects to the registry at the host of an image, of a provider that any host can be of.
    pub(crate) async fn at_host(&self, host: &str) -> Result<Arc<dyn Registry>, Failure> {
        let mut all = providers().iter();
        let found = all.find_map(|provider| Some((provider, provider.any_host?)));
        let Some((provider, setting)) = found.filter(|_| self.sandbox.is_none()) else {
            return self.registry().await;
        };
        let names: Vec<_> = provider.settings.iter().map(|one| one.name).collect();
        if let Some(other) = self.given().find(|name| !names.contains(name)) {
            let flag = flag(other);
            return Err(Failure::Usage(format!(
                "--{flag} needs --registry; use --registry NAME"
            )));
        }
        let chosen = Chosen::new(provider.name, provider, &self.args);
        let settings = self.settings(Some(&chosen), provider.cloud.name, &names);
        Ok(provider.connect(settings.await?.set(setting, host)).await?)
    }

    /// Returns the registry at a destination.
    pub(crate) async fn destination(&self, host: &str) -> Result<oci::Client, Error> {
        let chosen = match &self.chosen[..] {
            [one] => Some(one),
            _ => None,
        };
        let settings = self.settings(chosen, "", &[]).await?;
        oci::Hosts::of(&settings)
            .await?
            .client(self.real_host(host))
    }

    /// Returns the host that is called for a host in a name: the configuration may have others for a
    /// registry, or its name.
    pub(crate) fn real_host<'h>(&'h self, host: &'h str) -> &'h str {
        if self.args.sandbox {
            return host;
        }
        let named = self.config.registries.get(host);
        let named = named.or_else(|| Some(self.config.at_host(host)?.1));
        named.and_then(Named::own_host).unwrap_or(host)
    }

    /// Returns the settings of these names for a cloud: those of the sandbox, or else those that were
    /// chosen. The command line has priority.
    async fn settings(
        &self,
        chosen: Option<&Chosen>,
        cloud: &str,
        names: &[&str],
    ) -> Result<Settings, Error> {
        let given = chosen.map_or(&self.args.settings, |chosen| &chosen.settings);
        let clock = self.clock.clone();
        let roots = match given.get("ca_file") {
            Some(file) => Some(certificates(file).await?),
            None => None,
        };
        let mut settings = Settings::new().hosts(self.hosts(given).await?);
        settings = settings.configure(move |context| {
            let context = match &clock {
                Some(clock) => context.clock(clock.clone()),
                None => context,
            };
            match &roots {
                Some(pem) => {
                    let http = context.http_set().root_certificates(pem.as_str());
                    context.http(http)
                }
                None => context,
            }
        });
        if let Some(sandbox) = &self.sandbox {
            settings = inside(sandbox, cloud, names, settings);
        }
        let of_hosts: Vec<_> = settings_of_hosts().map(|(name, _)| name).collect();
        let given = given.iter();
        let given = given.filter(|(name, _)| names.contains(name) && !of_hosts.contains(name));
        Ok(given.fold(settings, |settings, (name, value)| {
            settings.set(*name, value)
        }))
    }

    /// Returns the settings of hosts that the configuration and the chosen registry have.
    async fn hosts(&self, given: &BTreeMap<&'static str, String>) -> Result<oci::Hosts, Error> {
        let mut hosts = oci::Hosts::new().with_docker_certificates();
        for named in self.config.registries.values() {
            hosts = plain(hosts, &named.settings);
            if let Some(file) = named.settings.get("ca_file") {
                let pem = certificates(file).await?;
                for host in named.hosts() {
                    hosts = hosts.host_certificates(host, pem.as_str());
                }
            }
        }
        // The file of a registry in the configuration is for its own hosts.
        let args = [&self.args.settings, &self.args.variables];
        if let Some(file) = args.into_iter().find_map(|values| values.get("ca_file")) {
            hosts = hosts.root_certificates(certificates(file).await?);
        }
        Ok(plain(hosts, given))
    }

    /// Refuses a service that the provider's cloud does not have.
    pub(crate) fn check_service(&self, service: &Service) -> Result<(), Failure> {
        if !self.has_registry() {
            return Ok(());
        }
        let provider = self.provider()?;
        match provider.cloud.services.contains(service) {
            true => Ok(()),
            false => Err(Failure::Usage(format!(
                "{service} is not a service of {}; leave out --registry",
                provider.title
            ))),
        }
    }

    /// Returns what the doctor checks of the cloud of the registry, or of a cloud.
    pub(crate) async fn checkup(&self, cloud: &Cloud) -> Result<Checkup, Error> {
        let chosen = self.chosen.first();
        let given = chosen.map_or(&self.args.settings, |chosen| &chosen.settings);
        let names: Vec<_> = ["region", "endpoint", "host"]
            .into_iter()
            .chain(given.keys().copied())
            .collect();
        let settings = self.settings(chosen, cloud.name, &names).await?;
        let checkup = Checkup::new(settings).required(chosen.is_some());
        Ok(match &self.sandbox {
            Some(sandbox) => checkup.account_endpoint(sandbox.endpoint()),
            None => checkup,
        })
    }

    /// Returns a context for calls of a service by their names, and the settings that it was made
    /// from.
    pub(crate) async fn context(&self, service: &Service) -> Result<(Context, Settings), Failure> {
        self.check()?;
        let cloud = clouds().find(|cloud| cloud.services.contains(service));
        let names: Vec<_> = service.settings.iter().map(|one| one.name).collect();
        let of_hosts: Vec<_> = settings_of_hosts().map(|(name, _)| name).collect();
        let is_known = |name: &&str| names.contains(name) || of_hosts.contains(name);
        if let Some(unknown) = self.given().find(|name| !is_known(name)) {
            let flag = flag(unknown);
            return Err(Failure::Usage(format!(
                "{service} has no setting {flag}; leave out --{flag}"
            )));
        }
        let chosen = match self.has_registry() {
            true => Some(self.one()?),
            false => None,
        };
        let settings = self.settings(chosen, cloud.map_or("", |cloud| cloud.name), &names);
        let settings = settings.await?;
        Ok((service.connect(settings.clone()).await?, settings))
    }

    /// Returns a hint if the region of the registry is unknown, and its name is close to another.
    pub(crate) fn region_hint(&self) -> Option<String> {
        let chosen = self.one().ok()?;
        if chosen.settings.contains_key("endpoint") {
            return None;
        }
        let region = chosen.settings.get("region")?;
        let regions = chosen.provider.regions;
        let near = suggest::near(region, regions.iter().copied())?;
        let is_known = regions.contains(&region.as_str());
        (!is_known).then(|| format!("region {region} is not known; did you mean {near}?"))
    }

    /// Returns the command that decodes the encoded reason of an error.
    pub(crate) fn decoder(&self, error: &Error, encoded: &str) -> Option<String> {
        let operation = error.operation();
        let cloud = match &self.chosen[..] {
            [one] => one.provider.cloud,
            _ => cloud_of(operation?)?,
        };
        let decoder = cloud.decoder?;
        if operation == Some(decoder.call) {
            return None;
        }
        let region = self.one().ok().and_then(|one| one.settings.get("region"));
        let place = match (region, self.args.sandbox) {
            (_, true) => "--sandbox".to_owned(),
            (Some(region), false) => format!("--region {}", quoted(region)),
            (None, false) => "--region ID".to_owned(),
        };
        Some(format!(
            "echo '{{\"{}\":\"{encoded}\"}}' | imgtrack api {} --body - {place}",
            decoder.field, decoder.call
        ))
    }
}

/// Returns the cloud that has a call of this name, if it is the only one.
fn cloud_of(operation: &str) -> Option<&'static Cloud> {
    let mut clouds = clouds().filter(|cloud| {
        let mut calls = cloud.services.iter().flat_map(|service| service.operations);
        calls.any(|call| call.name == operation)
    });
    clouds.next().filter(|_| clouds.next().is_none())
}

/// Adds the hosts that are called without TLS.
fn plain(hosts: oci::Hosts, settings: &BTreeMap<&'static str, String>) -> oci::Hosts {
    let plain = settings.get("plain_http").map_or("", String::as_str);
    let plain = plain.split(',').filter(|host| !host.is_empty());
    plain.fold(hosts, oci::Hosts::plain_http)
}

async fn certificates(file: &str) -> Result<String, Error> {
    let pem = read_file(file.as_ref()).await;
    pem.map_err(|error| Error::configuration(format!("certificates: {error}")))
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn target(args: TargetArgs) -> Target {
        Target::new(args, Config::default(), None, None).unwrap()
    }

    #[test]
    fn a_command_names_its_target_in_the_words_of_a_shell() {
        let provider = providers()[0].name;
        let setting = providers()[0].settings[0].name;
        let mut args = TargetArgs {
            registries: vec![provider.to_owned()],
            config: Some("it's here/imgtrack.toml".into()),
            ..TargetArgs::default()
        };
        args.settings.insert(setting, "a b".to_owned());
        let option = format!("--{}", flag(setting));
        let target = target(args);
        let line = target.command(&["tasks", "a$b"]);
        assert_eq!(
            shlex::split(&line).unwrap(),
            [
                "imgtrack",
                "tasks",
                "a$b",
                // A variable has named it.
                "--registry",
                provider,
                &option,
                "a b",
                "--config",
                "it's here/imgtrack.toml",
            ]
        );
        let doctor = target.doctor_of("prod", None);
        let doctor = shlex::split(&doctor).unwrap();
        assert_eq!(doctor[1..4], ["doctor", "--registry", "prod"]);
        assert_eq!(doctor[4..], ["--config", "it's here/imgtrack.toml"]);
    }

    #[test]
    fn a_command_without_options_has_no_blank_at_its_end() {
        let target = target(TargetArgs::default());
        assert_eq!(target.command(&["doctor"]), "imgtrack doctor");
    }

    #[test]
    fn a_login_is_checked_with_the_settings_of_its_host() {
        let mut settings = settings_of_hosts().map(|(name, _)| name);
        let own = settings.next().unwrap();
        let mut args = TargetArgs::default();
        args.settings.insert(own, "x".to_owned());
        args.settings.insert("region", "elsewhere".to_owned());
        let line = target(args).doctor_at("registry.test:5000").unwrap();
        assert!(line.contains(&format!(" --{} x", flag(own))), "{line}");
        assert!(line.contains(" --host registry.test:5000"), "{line}");
        assert!(!line.contains("elsewhere"), "{line}");
    }
}
