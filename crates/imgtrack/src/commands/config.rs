use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use registry_replication::{Descriptor, SourceError, providers, read_file};
use serde::Serialize;

use super::Execute;
use crate::args::{flag, value};
use crate::config::{self, Config, Destination, Loaded, Named};
use crate::confirm;
use crate::failure::Failure;
use crate::file::{make_folder, write_whole};
use crate::output::{Output, Prompts, Shape};
use crate::session::Session;
use crate::table::{Cell, Column, Row};
use crate::target::Target;
use crate::terminal::escaped;

#[derive(Args, Debug)]
pub(crate) struct Configuration {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Add a registry to the configuration, or write a new one
    ///
    /// The options --registry, --region and so on become the registry's settings. On a terminal, what
    /// is missing is asked for. Secrets are never written.
    Init(Init),
    /// List the registries of the configuration
    List,
    /// Show the configuration as it was read
    Show {
        /// Show this registry only
        name: Option<String>,
    },
    /// Check the configuration, without any call
    Check,
    /// Print the path of the configuration
    Path,
}

#[derive(Args, Debug)]
struct Init {
    /// Name of the registry in the configuration
    #[arg(value_parser = value::word)]
    name: Option<String>,
    /// Host in names of images that selects the registry. Repeatable
    #[arg(long = "image-host", value_name = "HOST", value_parser = value::host)]
    hosts: Vec<String>,
    /// Destination that its images must arrive at, by default. Repeatable
    #[arg(long, value_name = "DESTINATION", value_parser = value::destination)]
    to: Vec<String>,
    /// Host to prove arrivals at a destination at. Repeatable
    #[arg(long, value_name = "DESTINATION=HOST")]
    proof: Vec<String>,
    /// Use the registry if a command names none
    #[arg(long)]
    default: bool,
    /// Write to the user's configuration
    ///
    /// [default: the file that is read, or else imgtrack.toml in the working folder]
    #[arg(long, conflicts_with = "config")]
    user: bool,
}

impl Execute for Configuration {
    fn shape(&self) -> Shape {
        match self.what {
            What::List => Shape::table::<Listed>(),
            _ => Shape::document(),
        }
    }

    async fn run(self, session: &mut Session<'_>) -> Result<u8, Failure> {
        let loaded = &session.loaded;
        let output = &mut session.output;
        match self.what {
            What::Init(init) => init.run(session).await,
            What::List => {
                loaded.check()?;
                found(loaded)?;
                list(&loaded.config, output)
            }
            What::Show { name } => {
                loaded.check()?;
                found(loaded)?;
                show(&loaded.config, name.as_deref(), output)
            }
            What::Check => check(loaded, &session.target, output),
            What::Path => {
                if loaded.path.is_none() {
                    loaded.check()?;
                }
                let path = found(loaded)?;
                output.line(&path.display().to_string())?;
                Ok(0)
            }
        }
    }
}

/// Returns the path of the configuration that was read.
fn found(loaded: &Loaded) -> Result<&Path, Failure> {
    loaded.path.as_deref().ok_or_else(|| {
        let searched = loaded.searched.iter();
        let searched: Vec<_> = searched.map(|path| path.display().to_string()).collect();
        Failure::Usage(format!(
            "there is no configuration; looked for {}; `imgtrack config init` writes one",
            searched.join(" and ")
        ))
    })
}

fn check(loaded: &Loaded, target: &Target, output: &mut Output<'_>) -> Result<u8, Failure> {
    loaded.check()?;
    let path = found(loaded)?.display();
    let missing: Vec<Failure> = loaded
        .config
        .registries
        .iter()
        .flat_map(|(name, named)| missing(name, named, target))
        .map(|what| Failure::Usage(format!("{path}: {what}")))
        .collect();
    if !missing.is_empty() {
        return Err(Failure::Several(missing));
    }
    let (registries, groups) = (loaded.config.registries.len(), loaded.config.groups.len());
    if output.is_data() {
        output.value(&Checked {
            path: path.to_string(),
            registries,
            groups,
        })?;
        return Ok(0);
    }
    let count = |count: usize, one: &str, several: &str| match count {
        1 => format!("1 {one}"),
        _ => format!("{count} {several}"),
    };
    output.say(&escaped(&format!(
        "{path}: {}, {}, nothing wrong",
        count(registries, "registry", "registries"),
        count(groups, "group", "groups")
    )))?;
    Ok(0)
}

/// Returns the settings that a registry needs and that neither its table nor a variable has.
fn missing(name: &str, named: &Named, target: &Target) -> Vec<String> {
    let has = |setting: &str| named.settings.contains_key(setting) || target.has_setting(setting);
    let missing = named.provider.missing(has);
    let missing = missing.map(|setting| {
        let other = setting.unless.map(|other| format!(" or {other}"));
        format!(
            "registries.{name}: {0}{1} is missing; add {0}, the {2}",
            setting.name,
            other.unwrap_or_default(),
            setting.about
        )
    });
    missing.collect()
}

/// Configuration in which nothing is wrong.
#[derive(Serialize)]
struct Checked {
    path: String,
    registries: usize,
    groups: usize,
}

/// Registry, as `config list -o json` prints it.
#[derive(Serialize)]
struct Listed {
    name: String,
    provider: &'static str,
    settings: BTreeMap<&'static str, String>,
    hosts: Vec<String>,
    destinations: Vec<Destination>,
    groups: Vec<String>,
    is_default: bool,
}

fn listed(config: &Config, name: &str, named: &Named) -> Listed {
    let groups = config.groups.iter();
    let groups = groups.filter(|(_, members)| members.iter().any(|member| member == name));
    Listed {
        name: name.to_owned(),
        provider: named.provider.name,
        settings: named.settings.clone(),
        hosts: named.hosts().map(str::to_owned).collect(),
        destinations: named.destinations.clone(),
        groups: groups.map(|(name, _)| name.clone()).collect(),
        is_default: config.registry.as_deref() == Some(name),
    }
}

fn list(config: &Config, output: &mut Output<'_>) -> Result<u8, Failure> {
    let all = config.registries.iter();
    let all: Vec<_> = all
        .map(|(name, named)| listed(config, name, named))
        .collect();
    if output.is_data() {
        output.list(&all)?;
        return Ok(0);
    }
    if all.is_empty() {
        output.say("no registries")?;
    }
    output.rows(&all)?;
    Ok(0)
}

impl Row for Listed {
    const COLUMNS: &'static [Column<Self>] = &[
        Column::new("registry", |one: &Self| {
            Cell::Text(match one.is_default {
                true => format!("{} (default)", one.name),
                false => one.name.clone(),
            })
        }),
        Column::new("provider", |one: &Self| Cell::Text(one.provider.to_owned())),
        Column::new("settings", |one: &Self| {
            let settings = one.settings.iter();
            let settings = settings.map(|(name, value)| format!("{name}={value}"));
            Cell::Text(settings.collect::<Vec<_>>().join(" "))
        })
        .rank(3),
        Column::new("hosts", |one: &Self| Cell::Text(one.hosts.join(" "))).rank(2),
        Column::new("destinations", |one: &Self| {
            let all: Vec<_> = one.destinations.iter().map(|one| &*one.name).collect();
            Cell::Text(all.join(" "))
        })
        .rank(1),
        Column::new("groups", |one: &Self| Cell::Text(one.groups.join(" "))).rank(4),
    ];
}

fn show(config: &Config, name: Option<&str>, output: &mut Output<'_>) -> Result<u8, Failure> {
    let shown: Vec<(&String, &Named)> = match name {
        None => config.registries.iter().collect(),
        Some(name) => match config.registries.get_key_value(name) {
            Some(one) => vec![one],
            None => return Err(Failure::Usage(config::unknown_registry(name, config))),
        },
    };
    if output.is_data() {
        let all = shown
            .iter()
            .map(|(name, named)| listed(config, name, named));
        output.list(&all.collect::<Vec<_>>())?;
        return Ok(0);
    }
    let text = match name {
        None => config::whole(config),
        Some(_) => shown
            .iter()
            .map(|(name, named)| config::registry_text(name, named))
            .collect(),
    };
    output.text(&text)?;
    Ok(0)
}

impl Init {
    async fn run(self, session: &mut Session<'_>) -> Result<u8, Failure> {
        let (loaded, target) = (&session.loaded, &session.target);
        let path = self.path(loaded)?;
        let is_new = loaded.path.as_ref() != Some(&path);
        let old = match is_new {
            true => match read_file(&path).await {
                Ok(text) => text,
                Err(SourceError::NotSet(_)) => String::new(),
                Err(error) => return Err(Failure::Usage(error.to_string())),
            },
            false => {
                loaded.check()?;
                loaded.text.clone()
            }
        };
        let prompts = session.output.prompts().clone();
        let provider = match target.is_chosen() {
            true => target.provider()?,
            false => {
                let names: Vec<_> = providers().iter().map(|one| one.name).collect();
                let names = names.join(", ");
                let known = |name: &str| {
                    let mut all = providers().iter().copied();
                    let found = all.find(|one| one.name == name);
                    found.ok_or_else(|| config::unknown_provider(name))
                };
                let answer = confirm::question(&format!("Provider ({names})"), &prompts, known)?;
                answer.ok_or_else(|| {
                    Failure::Usage(format!(
                        "missing --registry; use --registry PROVIDER, one of {names}"
                    ))
                })?
            }
        };
        let named = self.named(provider, target, &prompts)?;
        let name = match self.name {
            Some(name) => name,
            None => {
                let what = "Name of the registry in the configuration";
                let free = |name: &str| {
                    let invalid = |why| format!("invalid name {name:?}: {why}");
                    config::registry_name(name).map_err(invalid)?;
                    match loaded.config.registries.contains_key(name) && !is_new {
                        true => Err(format!(
                            "[registries.{name}] exists already; use another name"
                        )),
                        false => Ok(name.to_owned()),
                    }
                };
                confirm::question(what, &prompts, free)?
                    .ok_or_else(|| Failure::Usage("missing NAME of the registry".to_owned()))?
            }
        };
        config::registry_name(&name)
            .map_err(|why| Failure::Usage(format!("invalid name {name:?}: {why}")))?;
        if loaded.config.registries.contains_key(&name) && !is_new {
            return Err(Failure::Usage(format!(
                "{} has [registries.{name}] already; change it there",
                path.display()
            )));
        }
        let mut text = old;
        if self.default {
            if text.contains("[defaults]") {
                return Err(Failure::Usage(format!(
                    "{} has [defaults] already; set registry = {name:?} there",
                    path.display()
                )));
            }
            text = format!("[defaults]\nregistry = \"{name}\"\n\n{text}");
        }
        let gap = match text.is_empty() || text.ends_with("\n\n") {
            true => "",
            false if text.ends_with('\n') => "\n",
            false => "\n\n",
        };
        let text = format!("{text}{gap}{}", config::registry_text(&name, &named));
        let folder = path.parent().unwrap_or(Path::new(""));
        if let Err(problems) = config::read(&text, folder) {
            let problems = problems.iter().map(|one| Failure::Usage(one.to_string()));
            return Err(Failure::Several(problems.collect()));
        }
        make_folder(&path)
            .and_then(|()| write_whole(&path, &text))
            .map_err(|error| Failure::Usage(format!("cannot write {}: {error}", path.display())))?;
        let output = &mut session.output;
        output.say(&escaped(&format!(
            "wrote [registries.{name}] to {}",
            path.display()
        )))?;
        // Another file is read where there is one.
        let is_hidden = is_new && loaded.path.is_some();
        let next = session
            .target
            .doctor_of(&name, Some(&*path).filter(|_| is_hidden));
        output.say(&escaped(&format!("next: {next}")))?;
        Ok(0)
    }

    /// Returns the file to write.
    fn path(&self, loaded: &Loaded) -> Result<PathBuf, Failure> {
        match (self.user, &loaded.path) {
            (true, _) => loaded.searched.get(1).cloned().ok_or_else(|| {
                Failure::Usage("the user's configuration folder is not known; use --config".into())
            }),
            (false, Some(path)) => Ok(path.clone()),
            (false, None) => Ok(loaded
                .new_path
                .clone()
                .unwrap_or_else(|| "imgtrack.toml".into())),
        }
    }

    /// Returns the registry that the options name. Required settings that are missing are asked for.
    fn named(
        &self,
        provider: &'static Descriptor,
        target: &Target,
        prompts: &Prompts,
    ) -> Result<Named, Failure> {
        target.check()?;
        let mut settings = target.setting_values();
        let is_required = |name: &str| {
            let mut required = provider.settings.iter().filter(|one| one.required);
            required.any(|one| one.name == name)
        };
        // A table without a required setting is invalid, also if a variable has it.
        let has = |name: &str| {
            settings.contains_key(name) || !is_required(name) && target.has_setting(name)
        };
        let missing: Vec<_> = provider.missing(has).collect();
        for setting in missing {
            let valid = |answer: &str| {
                let invalid = |why| format!("invalid {} {answer:?}: {why}", setting.name);
                value::of_form(setting.form, answer).map_err(invalid)
            };
            let what = format!("{} ({})", setting.name, setting.about);
            let answer = confirm::question(&what, prompts, valid)?.ok_or_else(|| {
                let other = setting.unless.map(|other| format!(" or --{}", flag(other)));
                Failure::Usage(format!(
                    "missing --{}{}, the {}",
                    flag(setting.name),
                    other.unwrap_or_default(),
                    setting.about
                ))
            })?;
            settings.insert(setting.name, answer);
        }
        let mut destinations: Vec<_> = self
            .to
            .iter()
            .cloned()
            .map(|name| Destination { name, proof: None })
            .collect();
        for proof in &self.proof {
            let invalid = || Failure::Usage("invalid --proof; write DESTINATION=HOST".to_owned());
            let (name, host) = proof.split_once('=').ok_or_else(invalid)?;
            let host = Some(value::host(host).map_err(|_| invalid())?);
            match destinations.iter_mut().find(|known| known.name == name) {
                Some(known) => known.proof = host,
                None => destinations.push(Destination {
                    name: name.to_owned(),
                    proof: host,
                }),
            }
        }
        Ok(Named {
            provider,
            settings,
            hosts: self.hosts.clone(),
            destinations,
        })
    }
}
