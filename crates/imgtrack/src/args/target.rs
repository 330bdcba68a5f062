use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::PathBuf;

use clap::builder::{PossibleValue, TypedValueParser};
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};

use registry_replication::{Descriptor, Form, Setting, Surroundings, providers};

use super::value;

/// Options that name registries: one for each setting of each provider in the table.
#[derive(Clone, Debug, Default)]
pub(crate) struct TargetArgs {
    /// Names of registries, groups or providers.
    pub(crate) registries: Vec<String>,
    /// Whether the names are on the command line, and not in a variable.
    pub(crate) is_named: bool,
    /// Whether all registries of the configuration are meant.
    pub(crate) all: bool,
    /// Settings on the command line, by their names.
    pub(crate) settings: BTreeMap<&'static str, String>,
    /// Settings in variables.
    pub(crate) variables: BTreeMap<&'static str, String>,
    /// File of the configuration.
    pub(crate) config: Option<PathBuf>,
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

/// Returns the settings of registries that any connection can be given, such as certificates.
pub(crate) fn settings_of_hosts() -> impl Iterator<Item = (&'static str, Form)> {
    let any = providers()
        .iter()
        .find(|provider| provider.any_host.is_some());
    let settings = any.into_iter().flat_map(|provider| {
        let settings = provider.settings.iter();
        settings.filter(|setting| Some(setting.name) != provider.any_host)
    });
    settings.map(|setting| (setting.name, setting.form))
}

/// Returns the settings that a registry of a provider can be given.
pub(crate) fn settings_of(
    provider: &'static Descriptor,
) -> impl Iterator<Item = (&'static str, Form)> {
    let own = provider
        .settings
        .iter()
        .map(|setting| (setting.name, setting.form));
    let is_own = |name| provider.settings.iter().any(|setting| setting.name == name);
    own.chain(settings_of_hosts().filter(move |(name, _)| !is_own(*name)))
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

/// Returns the variable that sets an option.
pub(crate) fn variable(option: &str) -> String {
    format!("IMGTRACK_{}", option.to_uppercase().replace('-', "_"))
}

/// Makes variables set the options that name a registry and a configuration.
pub(crate) fn with_variables(command: Command, around: &Surroundings) -> Command {
    command.mut_args(|arg| {
        let is_of_variable = arg.get_help_heading() == Some(HEADING)
            && matches!(arg.get_action(), ArgAction::Set | ArgAction::Append);
        // An empty variable is not set.
        let name = arg.get_long().map(variable);
        let name = name.filter(|name| around.variable(name).is_some());
        match (is_of_variable, name) {
            (true, Some(name)) => arg.env(name).hide_env(true),
            _ => arg,
        }
    })
}

fn capitalized(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().into_iter().flat_map(char::to_uppercase);
    first.chain(chars.clone()).collect()
}

/// Value parser that accepts any name, and offers those of providers to completion.
#[derive(Clone)]
struct Names;

impl TypedValueParser for Names {
    type Value = String;

    fn parse_ref(
        &self,
        command: &Command,
        argument: Option<&Arg>,
        value: &OsStr,
    ) -> Result<String, clap::Error> {
        TypedValueParser::parse_ref(&value::word, command, argument, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        let names = providers()
            .iter()
            .map(|provider| PossibleValue::new(provider.name));
        Some(Box::new(names))
    }
}

/// Value parser of a setting. What may be a password is not repeated in its errors.
#[derive(Clone)]
struct OfForm(Form);

impl TypedValueParser for OfForm {
    type Value = String;

    fn parse_ref(
        &self,
        command: &Command,
        argument: Option<&Arg>,
        value: &OsStr,
    ) -> Result<String, clap::Error> {
        let form = self.0;
        let parse = move |text: &str| value::of_form(form, text);
        let parsed = TypedValueParser::parse_ref(&parse, command, argument, value);
        let text = value.to_string_lossy();
        match parsed {
            Err(_) if text.contains('@') => {
                let why = value::of_form(form, &text).err().unwrap_or_default();
                let option = argument.and_then(Arg::get_long).unwrap_or_default();
                let what = format!("invalid --{option}: {why}\n");
                let error = clap::Error::raw(clap::error::ErrorKind::ValueValidation, what);
                Err(error.with_cmd(command))
            }
            other => other,
        }
    }
}

impl Args for TargetArgs {
    fn augment_args(command: Command) -> Command {
        let option =
            |name: &'static str| Arg::new(name).long(name).global(true).help_heading(HEADING);
        let registry = option("registry")
            .value_name("NAME")
            .value_parser(Names)
            .value_delimiter(',')
            .action(ArgAction::Append)
            .help("Registry to query: a provider, or a name in the configuration. Repeatable");
        let all = option("all-registries")
            .action(ArgAction::SetTrue)
            .conflicts_with("registry")
            .help("Query every registry of the configuration");
        let settings = all_settings().map(|setting| {
            let option = option(setting.name)
                .long(flag(setting.name))
                .value_name(value_name(setting.form))
                .help(capitalized(setting.about));
            let form = setting.form;
            let option = option.value_parser(OfForm(form));
            match form {
                Form::Hosts => option.value_delimiter(',').action(ArgAction::Append),
                _ => option,
            }
        });
        let config = option("config")
            .value_name("FILE")
            .value_parser(clap::value_parser!(PathBuf))
            .help("Configuration [default: imgtrack.toml here or in the user's folder]");
        let sandbox = option("sandbox")
            .action(ArgAction::SetTrue)
            .help("Use the built-in sandbox instead of the cloud");
        command
            .arg(registry)
            .arg(all)
            .args(settings)
            .arg(config)
            .arg(sandbox)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for TargetArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let text = |name, source| {
            if matches.value_source(name) != Some(source) {
                return None;
            }
            let values: Vec<_> = matches.get_many::<String>(name)?.cloned().collect();
            Some(values.join(","))
        };
        let settings = |source| {
            let settings = all_settings();
            settings.filter_map(move |setting| Some((setting.name, text(setting.name, source)?)))
        };
        let registries = matches.get_many::<String>("registry");
        Ok(Self {
            registries: registries.into_iter().flatten().cloned().collect(),
            is_named: matches.value_source("registry") == Some(ValueSource::CommandLine)
                || matches.get_flag("all-registries"),
            all: matches.get_flag("all-registries"),
            settings: settings(ValueSource::CommandLine).collect(),
            variables: settings(ValueSource::EnvVariable).collect(),
            config: matches.get_one("config").cloned(),
            sandbox: matches.get_flag("sandbox"),
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl TargetArgs {
    /// Returns a setting on the command line.
    pub(crate) fn setting(&self, name: &str) -> Option<&str> {
        self.settings.get(name).map(String::as_str)
    }

    /// Returns the options that name a registry on a command line.
    pub(crate) fn words(&self, registry: Option<&str>) -> String {
        let mut words = Vec::new();
        if let Some(name) = registry {
            words.push(format!("--registry {}", quoted(name)));
        }
        for setting in all_settings() {
            if let Some(value) = self.setting(setting.name) {
                words.push(format!("--{} {}", flag(setting.name), quoted(value)));
            }
        }
        if let Some(file) = &self.config {
            words.push(format!("--config {}", quoted(&file.to_string_lossy())));
        }
        if self.sandbox {
            words.push("--sandbox".to_owned());
        }
        words.join(" ")
    }
}

/// Quotes a word for a shell if it needs that.
pub(crate) fn quoted(word: &str) -> Cow<'_, str> {
    // No argument of a process has a NUL.
    shlex::try_quote(word).unwrap_or(Cow::Borrowed(word))
}
