use std::collections::BTreeMap;

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};

use registry_replication::{Cloud, Descriptor, Error, Form, Setting, clouds, providers, suggest};

use super::value;

/// Options that name a registry: one for each setting of each provider in the table.
#[derive(Clone, Debug, Default)]
pub(crate) struct TargetArgs {
    /// Name of the provider.
    pub(crate) registry: Option<String>,
    /// Settings that were given, by their names.
    pub(crate) settings: BTreeMap<&'static str, String>,
    /// Whether the built-in sandbox is used.
    pub(crate) sandbox: bool,
}

/// Help heading of the options.
const HEADING: &str = "Registry";

/// Returns the settings of all providers, each name once.
fn all_settings() -> impl Iterator<Item = &'static Setting> {
    let mut all: Vec<&'static Setting> = Vec::new();
    for setting in providers().iter().flat_map(|provider| provider.settings) {
        if all.iter().all(|known| known.name != setting.name) {
            all.push(setting);
        }
    }
    all.into_iter()
}

/// Returns the option of a setting, without its dashes.
pub(crate) fn flag(setting: &str) -> String {
    setting.replace('_', "-")
}

/// Returns the option of a setting with the name of its value, such as `--region ID`.
pub(crate) fn with_value(setting: &str) -> String {
    let known = all_settings().find(|known| known.name == setting);
    let value = known.map_or("ID", |known| value_name(known.form));
    format!("--{} {value}", flag(setting))
}

fn value_name(form: Form) -> &'static str {
    match form {
        Form::Url => "URL",
        Form::Host | Form::Hosts => "HOST",
        Form::File => "FILE",
        _ => "ID",
    }
}

fn capitalized(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().into_iter().flat_map(char::to_uppercase);
    first.chain(chars.clone()).collect()
}

impl Args for TargetArgs {
    fn augment_args(command: Command) -> Command {
        let names = PossibleValuesParser::new(providers().iter().map(|provider| provider.name));
        let option =
            |name: &'static str| Arg::new(name).long(name).global(true).help_heading(HEADING);
        let registry = option("registry")
            .value_name("NAME")
            .value_parser(names)
            .help("Registry to query");
        let settings = all_settings().map(|setting| {
            let option = option(setting.name)
                .long(flag(setting.name))
                .value_name(value_name(setting.form))
                .help(capitalized(setting.about));
            match setting.form {
                Form::Url => option.value_parser(value::word),
                Form::Host => option.value_parser(value::host),
                Form::Hosts => option
                    .value_parser(value::host)
                    .value_delimiter(',')
                    .action(ArgAction::Append),
                Form::File => option,
                _ => option.value_parser(value::id),
            }
        });
        let sandbox = option("sandbox")
            .action(ArgAction::SetTrue)
            .help("Use the built-in sandbox instead of the cloud");
        command.arg(registry).args(settings).arg(sandbox)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for TargetArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let text = |name| {
            let values: Vec<_> = matches.get_many::<String>(name)?.cloned().collect();
            Some(values.join(","))
        };
        let settings = all_settings();
        Ok(Self {
            registry: text("registry"),
            settings: settings
                .filter_map(|setting| Some((setting.name, text(setting.name)?)))
                .collect(),
            sandbox: matches.get_flag("sandbox"),
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl TargetArgs {
    /// Returns the provider that `--registry` names.
    pub(crate) fn provider(&self) -> Option<&'static Descriptor> {
        let named = self.registry.as_deref();
        let mut known = providers().iter().copied();
        known.find(|provider| Some(provider.name) == named)
    }

    /// Returns a setting that was given.
    pub(crate) fn setting(&self, name: &str) -> Option<&str> {
        self.settings.get(name).map(String::as_str)
    }

    /// Returns the options that name the target on a command line.
    pub(crate) fn words(&self) -> String {
        let mut words = Vec::new();
        if let Some(name) = &self.registry {
            words.push(format!("--registry {name}"));
        }
        for setting in all_settings() {
            if let Some(value) = self.setting(setting.name) {
                words.push(format!("--{} {value}", flag(setting.name)));
            }
        }
        if self.sandbox {
            words.push("--sandbox".to_owned());
        }
        words.join(" ")
    }

    /// Returns a hint if the region that was given is unknown, and its name is close to another.
    pub(crate) fn region_hint(&self) -> Option<String> {
        let region = self.setting("region")?;
        if self.setting("endpoint").is_some() {
            return None;
        }
        let regions = self.provider()?.regions;
        let near = suggest::near(region, regions.iter().copied())?;
        let is_known = regions.contains(&region);
        (!is_known).then(|| format!("region {region} is not known; did you mean {near}?"))
    }

    /// Returns the command that decodes the encoded reason of an error.
    pub(crate) fn decoder(&self, error: &Error, encoded: &str) -> Option<String> {
        let operation = error.operation();
        let cloud = match self.provider() {
            Some(provider) => provider.cloud,
            None => cloud_of(operation?)?,
        };
        let decoder = cloud.decoder?;
        if operation == Some(decoder.call) {
            return None;
        }
        let place = match (self.setting("region"), self.sandbox) {
            (_, true) => "--sandbox".to_owned(),
            (Some(region), false) => format!("--region {region}"),
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
