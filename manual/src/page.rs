//! What a page says of a command, in no format.

use clap::{Arg, Command};
use imgtrack::manual;

/// Command and its inner commands.
pub(crate) struct Page {
    pub(crate) command: Command,
    /// Name with those of the outer commands: `imgtrack sandbox push`.
    pub(crate) name: String,
    pub(crate) inner: Vec<Page>,
}

/// Line of a list: a word and its meaning.
pub(crate) struct Entry {
    pub(crate) word: String,
    pub(crate) meaning: String,
}

impl Entry {
    fn new(word: impl Into<String>, meaning: impl Into<String>) -> Self {
        Self {
            word: word.into(),
            meaning: meaning.into(),
        }
    }
}

/// Exit codes of commands whose help has none.
const EXIT_CODES: [(&str, &str); 4] = [
    ("0", "done"),
    (
        "2",
        "invalid usage, or something that the registry does not offer or accept",
    ),
    ("7", "no credentials, or permission denied"),
    ("1", "anything else"),
];

impl Page {
    /// Returns the page of the whole program.
    pub(crate) fn whole() -> Self {
        let mut command = manual::grammar().disable_help_subcommand(true);
        command.build();
        Self::new(command, "imgtrack".to_owned())
    }

    fn new(command: Command, name: String) -> Self {
        let inner = command
            .get_subcommands()
            .filter(|inner| !inner.is_hide_set());
        let inner =
            inner.map(|inner| Self::new(inner.clone(), format!("{name} {}", inner.get_name())));
        Self {
            inner: inner.collect(),
            command,
            name,
        }
    }

    /// Returns this page and those of all inner commands.
    pub(crate) fn with_inner(&self) -> Vec<&Self> {
        let inner = self.inner.iter().flat_map(Self::with_inner);
        std::iter::once(self).chain(inner).collect()
    }

    /// Returns the name of the man page, without its section.
    pub(crate) fn dashed(&self) -> String {
        self.name.replace(' ', "-")
    }

    /// Returns whether this is the whole program.
    pub(crate) fn is_whole(&self) -> bool {
        self.name == "imgtrack"
    }

    /// Returns the first line of the help.
    pub(crate) fn about(&self) -> String {
        self.command
            .get_about()
            .map(ToString::to_string)
            .unwrap_or_default()
    }

    /// Returns what the help says after its first line.
    pub(crate) fn details(&self) -> String {
        let long = self
            .command
            .get_long_about()
            .map(ToString::to_string)
            .unwrap_or_default();
        let about = self.about();
        long.strip_prefix(&about)
            .unwrap_or_default()
            .trim()
            .to_owned()
    }

    /// Returns the forms of the command line, one a line.
    pub(crate) fn usage(&self) -> String {
        let usage = self.command.clone().render_usage().to_string();
        let usage = usage.strip_prefix("Usage: ").unwrap_or(&usage);
        let lines: Vec<_> = usage.lines().map(str::trim).collect();
        lines.join("\n")
    }

    /// Returns command lines, and what they do.
    pub(crate) fn examples(&self) -> Vec<Entry> {
        let name = self
            .name
            .strip_prefix("imgtrack")
            .unwrap_or(&self.name)
            .trim_start();
        let all = manual::examples(name);
        all.map(|(line, about)| Entry::new(line, about)).collect()
    }

    /// Returns the help that follows the options, without exit codes.
    pub(crate) fn notes(&self) -> String {
        let after = self.after();
        let notes = after.split("Exit codes").next().unwrap_or_default();
        notes.trim_end().to_owned()
    }

    fn after(&self) -> String {
        self.command
            .get_after_help()
            .map(ToString::to_string)
            .unwrap_or_default()
    }

    /// Returns the exit codes, and what they mean.
    pub(crate) fn exit_codes(&self) -> Vec<Entry> {
        let after = self.after();
        let Some((_, codes)) = after.split_once("Exit codes") else {
            let codes = EXIT_CODES.iter();
            return codes
                .map(|(code, meaning)| Entry::new(*code, *meaning))
                .collect();
        };
        let codes = codes.lines().skip(1);
        let codes = codes.filter_map(|line| line.trim().split_once("  "));
        codes
            .map(|(code, meaning)| Entry::new(code, meaning))
            .collect()
    }

    /// Returns the environment variables, and what they do.
    pub(crate) fn variables(&self) -> Vec<Entry> {
        let mut all: Vec<Entry> = Vec::new();
        for page in self.with_inner() {
            for argument in page.command.get_arguments() {
                let (Some(variable), Some(long)) = (argument.get_env(), argument.get_long()) else {
                    continue;
                };
                let variable = variable.to_string_lossy();
                if all.iter().all(|known| known.word != variable) {
                    all.push(Entry::new(variable, format!("default of `--{long}`")));
                }
            }
        }
        let others = manual::VARIABLES.iter();
        all.extend(others.map(|(name, meaning)| Entry::new(*name, *meaning)));
        all
    }

    /// Returns the headings of the options, in order. `None` stands for those without one.
    pub(crate) fn headings(&self) -> Vec<Option<&str>> {
        let mut all = Vec::new();
        for argument in self.options() {
            let heading = argument.get_help_heading();
            if !all.contains(&heading) {
                all.push(heading);
            }
        }
        all
    }

    /// Returns the options, in the order of the help.
    pub(crate) fn options(&self) -> Vec<&Arg> {
        let options = self.command.get_opts();
        let flags = self
            .command
            .get_arguments()
            .filter(|argument| !argument.is_positional() && !argument.get_action().takes_values());
        let all = options
            .chain(flags)
            .filter(|argument| !argument.is_hide_set());
        let mut all: Vec<_> = all.collect();
        let order = |argument: &&Arg| {
            let place = self
                .command
                .get_arguments()
                .position(|other| other.get_id() == argument.get_id());
            place.unwrap_or(usize::MAX)
        };
        all.sort_by_key(order);
        all
    }
}

/// Returns the whole help of an argument: paragraphs, values and default.
pub(crate) fn help(argument: &Arg) -> (String, Vec<Entry>) {
    let help = argument.get_long_help().or_else(|| argument.get_help());
    let mut text = help.map(ToString::to_string).unwrap_or_default();
    let defaults: Vec<_> = argument.get_default_values().iter().collect();
    let takes_values = argument.get_action().takes_values();
    if let (true, [default]) = (takes_values, &defaults[..]) {
        text.push_str(&format!(" [default: {}]", default.to_string_lossy()));
    }
    let values = argument.get_possible_values();
    let shows = takes_values && !argument.is_hide_possible_values_set();
    let values = values.iter().filter(|value| shows && !value.is_hide_set());
    let values = values.map(|value| {
        let meaning = value.get_help().map(ToString::to_string);
        Entry::new(value.get_name(), meaning.unwrap_or_default())
    });
    (text, values.collect())
}
