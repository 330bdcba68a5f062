//! Examples of every command, which its help begins with.
//!
//! `prod` stands for a registry of the configuration. A test runs every example against the sandbox.

use clap::Command;

/// Command line, and what it does.
pub(crate) type Example = (&'static str, &'static str);

/// Returns the examples of a command, such as `sandbox push`. The name of the program itself is empty.
pub(crate) fn of(command: &str) -> &'static [Example] {
    let found = EXAMPLES.iter().find(|(name, _)| *name == command);
    found.map_or(&[], |(_, examples)| examples)
}

/// Adds the examples to the help of a command and of its inner commands.
pub(crate) fn with_examples(command: Command) -> Command {
    added(command, "")
}

fn added(command: Command, name: &str) -> Command {
    let command = command.mut_subcommands(|inner| {
        let name = format!("{name} {}", inner.get_name());
        added(inner, name.trim_start())
    });
    match of(name) {
        [] => command,
        examples => command.help_template(template(examples)),
    }
}

/// Returns clap's own template, with examples before the arguments and options.
fn template(examples: &[Example]) -> String {
    let lines = examples
        .iter()
        .map(|(line, about)| format!("  # {about}\n  {line}\n"));
    let lines: String = lines.collect();
    format!(
        "{{before-help}}{{about-with-newline}}\n{{usage-heading}} {{usage}}\n\nExamples:\n{lines}\n\
         {{all-args}}{{after-help}}"
    )
}

static EXAMPLES: &[(&str, &[Example])] = &[
    (
        "",
        &[
            (
                "imgtrack demo",
                "Show everything in the built-in sandbox, without an account",
            ),
            (
                "imgtrack wait registry.example/team/api:v42 --to mirror.example --timeout 10m",
                "Wait until a mirror has an image",
            ),
            (
                "imgtrack explain team/api:v42 --registry prod",
                "Explain why an image has not arrived",
            ),
        ],
    ),
    (
        "demo",
        &[(
            "imgtrack demo",
            "Show rules, tasks, a deploy gate and an explanation",
        )],
    ),
    (
        "status",
        &[
            (
                "imgtrack status team/api:v42 --registry prod",
                "Check whether an image is wherever the rules copy it",
            ),
            (
                "imgtrack status mirror.example/team/api:v42 --from registry.example/team/api:v42",
                "Compare a mirror with its source",
            ),
        ],
    ),
    (
        "wait",
        &[
            (
                "imgtrack wait registry.example/team/api:v42 --timeout 10m",
                "Wait until any registry has an image",
            ),
            (
                "imgtrack wait registry.example/team/api:v42 --to mirror.example --timeout 10m",
                "Wait until a mirror has the same image",
            ),
            (
                "imgtrack wait team/api:v42 team/web:v7 --timeout 15m --registry prod",
                "Wait for two images, at every destination of their rules",
            ),
        ],
    ),
    (
        "explain",
        &[
            (
                "imgtrack explain team/api:v42 --registry prod",
                "Explain every destination of an image",
            ),
            (
                "imgtrack explain team/api:v42 --to backup --registry prod",
                "Explain why an image is not at one destination",
            ),
        ],
    ),
    (
        "diff",
        &[
            (
                "imgtrack diff registry.example/team/api mirror.example/team/api",
                "List the tags that a mirror does not have, or has with another image",
            ),
            (
                "imgtrack diff registry.example mirror.example --tags 'v1.*'",
                "Compare some tags of all repositories",
            ),
        ],
    ),
    (
        "lag",
        &[
            (
                "imgtrack lag team/api --registry prod",
                "Measure how long the copies of a repository take",
            ),
            (
                "imgtrack lag --rule 12 --since 24h --registry prod",
                "Measure the copies of a rule since yesterday",
            ),
        ],
    ),
    (
        "tasks",
        &[
            (
                "imgtrack tasks 83 --registry prod",
                "List the tasks of an execution",
            ),
            (
                "imgtrack tasks team/api --state failed --since 24h --registry prod",
                "List what failed to copy from a repository since yesterday",
            ),
        ],
    ),
    (
        "tasks log",
        &[(
            "imgtrack tasks log 83/1927 --registry prod",
            "Print the log of a task",
        )],
    ),
    (
        "rules",
        &[
            ("imgtrack rules --registry prod", "List all rules"),
            (
                "imgtrack rules team/api --jq '.[].destination' --registry prod",
                "Print where a repository is copied to, as JSON",
            ),
        ],
    ),
    (
        "rules matches",
        &[
            (
                "imgtrack rules matches 21 --registry prod",
                "List the images that a rule covers",
            ),
            (
                "imgtrack rules matches 21 team/api:v42 web/shop:v7 --registry prod",
                "Check whether a rule covers two images",
            ),
        ],
    ),
    (
        "executions",
        &[
            (
                "imgtrack executions --state failed --limit 10 --registry prod",
                "List failed executions",
            ),
            (
                "imgtrack executions 12 --registry prod",
                "List the executions of a rule",
            ),
        ],
    ),
    (
        "subtasks",
        &[(
            "imgtrack subtasks 83/1927 --registry prod",
            "List the tags that a task copies",
        )],
    ),
    (
        "run",
        &[
            (
                "imgtrack run 12 --dry-run --registry prod",
                "Show the requests that would run a rule",
            ),
            (
                "imgtrack run 101 --image team/api:v42 --yes --registry prod",
                "Copy one image now, without a prompt",
            ),
            (
                "imgtrack run --failed team/api --wait --yes --registry prod",
                "Repeat the failed copies of a repository, and wait for their end",
            ),
        ],
    ),
    (
        "stop",
        &[(
            "imgtrack stop 83 --dry-run --registry prod",
            "Show the requests that would stop an execution",
        )],
    ),
    (
        "doctor",
        &[
            (
                "imgtrack doctor",
                "Check every registry of the configuration",
            ),
            ("imgtrack doctor --registry prod", "Check one registry"),
        ],
    ),
    (
        "config",
        &[(
            "imgtrack config init",
            "Write a configuration, with answers to questions",
        )],
    ),
    (
        "config init",
        &[
            ("imgtrack config init", "Answer questions"),
            (
                "imgtrack config init mirror --registry oci --host mirror.example",
                "Add a registry",
            ),
        ],
    ),
    (
        "config list",
        &[("imgtrack config list", "List registries with their hosts")],
    ),
    (
        "config show",
        &[("imgtrack config show prod", "Show one registry")],
    ),
    (
        "config check",
        &[(
            "imgtrack config check --config imgtrack.toml",
            "Check a file before it is committed",
        )],
    ),
    (
        "config path",
        &[("imgtrack config path", "Print which file is used")],
    ),
    (
        "api",
        &[
            ("imgtrack api", "List all calls"),
            (
                "imgtrack api ListRepoSyncTask --describe",
                "Show the parameters of a call",
            ),
        ],
    ),
    (
        "schema",
        &[("imgtrack schema task", "Print the schema of a task")],
    ),
    (
        "completions",
        &[("imgtrack completions bash", "Print the script for bash")],
    ),
    (
        "sandbox",
        &[
            (
                "imgtrack sandbox --port-file port --env",
                "Run it for tests: variables on stdout, the port in a file",
            ),
            (
                "imgtrack sandbox --fault '*=status:503~0.1'",
                "Let a tenth of all calls fail",
            ),
        ],
    ),
    (
        "sandbox places",
        &[("imgtrack sandbox places", "List all places")],
    ),
    (
        "sandbox push",
        &[("imgtrack sandbox push oci team/api:v77", "Push a new image")],
    ),
    (
        "sandbox fail",
        &[(
            "imgtrack sandbox fail team/api:v77 --first 2",
            "Let the first two copies of an image fail",
        )],
    ),
    (
        "sandbox stall",
        &[(
            "imgtrack sandbox stall team/api",
            "Let the copies of a repository never end",
        )],
    ),
    (
        "sandbox succeed",
        &[(
            "imgtrack sandbox succeed team/api",
            "Let the copies of a repository succeed again",
        )],
    ),
    (
        "sandbox lose",
        &[(
            "imgtrack sandbox lose oci/mirror-1 team/api:v77",
            "Remove an image from a mirror",
        )],
    ),
    (
        "sandbox holds",
        &[(
            "imgtrack sandbox holds oci/mirror-1 team/api:v77",
            "Print the digest that a mirror has",
        )],
    ),
    (
        "sandbox clock",
        &[(
            "imgtrack sandbox clock +10m",
            "Move the clock by 10 minutes",
        )],
    ),
    (
        "sandbox fault",
        &[
            (
                "imgtrack sandbox fault '*=hang*2'",
                "Let the next two calls get no answer",
            ),
            ("imgtrack sandbox fault --clear", "Remove all rules"),
        ],
    ),
];
