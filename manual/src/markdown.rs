//! Reference pages of the user guide.

use std::fmt::Write;

use clap::Arg;

use crate::page::{Entry, Page, help};

/// First line of a page.
const NOTE: &str =
    "<!-- `cargo xtask manual` writes this page. Change the help of the program instead. -->\n\n";
/// Headings of the options that every command has. The page of the program describes them.
const COMMON: [&str; 2] = ["Output", "Registry"];

/// Returns the page of the program: commands, common options, variables and exit codes.
pub(crate) fn overview(whole: &Page) -> String {
    let mut text = format!("{NOTE}# imgtrack\n\n{}\n", whole.about());
    usage(&mut text, "##", whole);
    examples(&mut text, "##", whole);
    text.push_str("\n## Commands\n\n| command | purpose |\n|---|---|\n");
    for page in whole.with_inner() {
        let Some(name) = page.name.strip_prefix("imgtrack ") else {
            continue;
        };
        let top = name.split(' ').next().unwrap_or(name);
        let anchor = match name.contains(' ') {
            true => format!("#imgtrack-{}", name.replace(' ', "-")),
            false => String::new(),
        };
        row(
            &mut text,
            &format!("[`{name}`]({top}.md{anchor})"),
            &escaped(&page.about()),
        );
    }
    for heading in COMMON {
        let _ = write!(
            text,
            "\n## {heading}\n\nEvery command has these options.\n\n"
        );
        table(&mut text, "option", &of_heading(whole, Some(heading)));
    }
    text.push_str("\n## Credentials\n\n");
    for line in whole.notes().lines() {
        let line = match line.strip_prefix("  ") {
            Some(item) => format!(
                "- {}",
                item.split_whitespace().collect::<Vec<_>>().join(" ")
            ),
            None => format!("\n{line}\n"),
        };
        let _ = writeln!(text, "{}", escaped(&line));
    }
    entries(
        &mut text,
        "\n## Environment variables",
        "variable",
        &whole.variables(),
    );
    entries(
        &mut text,
        "\n## Exit codes",
        "exit code",
        &whole.exit_codes(),
    );
    while text.contains("\n\n\n") {
        text = text.replace("\n\n\n", "\n\n");
    }
    text
}

/// Returns the page of a command and its inner commands.
pub(crate) fn command(page: &Page) -> String {
    let mut text = NOTE.to_owned();
    section(&mut text, "#", page);
    for inner in &page.inner {
        text.push('\n');
        section(&mut text, "##", inner);
    }
    text
}

fn section(text: &mut String, level: &str, page: &Page) {
    let _ = write!(
        text,
        "{level} {}\n\n{}\n",
        page.name,
        escaped(&page.about())
    );
    let details = page.details();
    if !details.is_empty() {
        let _ = write!(text, "\n{}\n", escaped(&details));
    }
    let deeper = format!("{level}#");
    usage(text, &deeper, page);
    examples(text, &deeper, page);
    let positionals: Vec<_> = page.command.get_positionals().collect();
    if !positionals.is_empty() {
        let _ = write!(text, "\n{deeper} Arguments\n\n");
        table(text, "argument", &positionals);
    }
    for heading in page.headings() {
        if heading.is_some_and(|heading| COMMON.contains(&heading)) {
            continue;
        }
        let _ = write!(text, "\n{deeper} {}\n\n", heading.unwrap_or("Options"));
        table(text, "option", &of_heading(page, heading));
    }
    let _ = write!(
        text,
        "\nThe options [of the output](imgtrack.md#output) and [of the registry](imgtrack.md#registry) \
         apply, too.\n"
    );
    if page.inner.is_empty() || !page.command.is_subcommand_required_set() {
        entries(
            text,
            &format!("\n{deeper} Exit codes"),
            "exit code",
            &page.exit_codes(),
        );
    }
}

fn usage(text: &mut String, level: &str, page: &Page) {
    let _ = write!(text, "\n{level} Usage\n\n```text\n{}\n```\n", page.usage());
}

fn examples(text: &mut String, level: &str, page: &Page) {
    let examples = page.examples();
    if examples.is_empty() {
        return;
    }
    let _ = write!(text, "\n{level} Examples\n\n```sh\n");
    for example in examples {
        let _ = writeln!(text, "# {}\n{}", example.meaning, example.word);
    }
    text.push_str("```\n");
}

fn of_heading<'p>(page: &'p Page, heading: Option<&str>) -> Vec<&'p Arg> {
    let options = page.options().into_iter();
    options
        .filter(|argument| argument.get_help_heading() == heading)
        .collect()
}

fn table(text: &mut String, what: &str, arguments: &[&Arg]) {
    let _ = write!(text, "| {what} | meaning |\n|---|---|\n");
    for argument in arguments {
        let (mut meaning, values) = help(argument);
        let paragraphs = meaning.split("\n\n");
        let paragraphs = paragraphs.map(|one| one.split_whitespace().collect::<Vec<_>>().join(" "));
        meaning = escaped(&paragraphs.collect::<Vec<_>>().join("\n\n")).replace("\n\n", "<br>");
        let mut words = Vec::new();
        for value in values {
            let meaning = match value.meaning.is_empty() {
                true => String::new(),
                false => format!(" ({})", escaped(&value.meaning)),
            };
            words.push(format!("`{}`{meaning}", value.word));
        }
        if !words.is_empty() {
            let _ = write!(meaning, "<br>Values: {}", words.join(", "));
        }
        row(text, &format!("`{}`", signature(argument)), &meaning);
    }
}

/// Returns an argument as it is written: `-o, --output <FORMAT>`.
fn signature(argument: &Arg) -> String {
    if argument.is_positional() {
        return argument.to_string();
    }
    match (argument.get_short(), argument.get_long()) {
        (Some(short), Some(_)) => format!("-{short}, {argument}"),
        _ => argument.to_string(),
    }
}

fn entries(text: &mut String, heading: &str, what: &str, entries: &[Entry]) {
    let _ = write!(text, "{heading}\n\n| {what} | meaning |\n|---|---|\n");
    for entry in entries {
        row(text, &format!("`{}`", entry.word), &escaped(&entry.meaning));
    }
}

fn row(text: &mut String, first: &str, second: &str) {
    let _ = writeln!(text, "| {first} | {second} |");
}

/// Escapes what Markdown would format, outside of backticks.
fn escaped(text: &str) -> String {
    let mut is_code = false;
    let mut escaped = String::new();
    for c in text.chars() {
        match c {
            '`' => is_code = !is_code,
            '|' => escaped.push('\\'),
            '*' | '<' | '_' | '~' if !is_code => escaped.push('\\'),
            _ => {}
        }
        escaped.push(c);
    }
    escaped
}
