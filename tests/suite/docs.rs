//! Tests of the documentation: its table of registries, its commands, and their output.

use std::path::{Path, PathBuf};

use registry_replication::{Descriptor, Feature, Offered, providers};

use crate::program::run;

/// Returns the root of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Returns the pages for users, with their paths below the root.
fn pages() -> Vec<(String, String)> {
    let root = root();
    let mut found = vec![root.join("README.md"), root.join("CONTRIBUTING.md")];
    for folder in ["docs/src", "docs/src/registries", "docs/src/reference"] {
        let entries = std::fs::read_dir(root.join(folder)).unwrap();
        found.extend(entries.map(|entry| entry.unwrap().path()));
    }
    for entry in std::fs::read_dir(root.join("crates")).unwrap() {
        found.push(entry.unwrap().path().join("README.md"));
    }
    found.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    found.sort();
    found
        .into_iter()
        .map(|path| {
            let name = path.strip_prefix(&root).unwrap().display().to_string();
            (name, std::fs::read_to_string(&path).unwrap())
        })
        .collect()
}

/// Returns the fenced blocks of a page: language and text.
fn blocks(page: &str) -> Vec<(&str, String)> {
    let mut all = Vec::new();
    let mut open: Option<(&str, String)> = None;
    for line in page.lines() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(language), None) => open = Some((language, String::new())),
            (Some(_), Some(_)) => all.extend(open.take()),
            (None, Some((_, text))) => {
                text.push_str(line);
                text.push('\n');
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block is not closed");
    all
}

/// Returns the words of each imgtrack command in shell text.
fn calls(text: &str) -> Vec<Vec<String>> {
    let joined = text.replace("\\\n", " ");
    joined
        .lines()
        .map(|line| line.strip_prefix("$ ").unwrap_or(line))
        .filter(|line| line.starts_with("imgtrack "))
        .map(|line| {
            // A comment ends the line.
            let words = shlex::split(line).unwrap_or_default().into_iter();
            words
                .skip(1)
                .take_while(|word| !matches!(&**word, "&&" | "||" | "|" | ">"))
                .map(|word| word.trim_end_matches(';').to_owned())
                .map(|word| match word.contains('$') {
                    // A variable of the example that holds an image.
                    true => word
                        .replace(['$', '{', '}'], "")
                        .replace("image@digest", "a/b:c"),
                    false => word,
                })
                .collect()
        })
        .collect()
}

#[test]
fn every_command_in_the_documentation_parses() {
    let mut seen = 0;
    for (name, text) in pages() {
        for (language, block) in blocks(&text) {
            if !matches!(language, "sh" | "console") {
                continue;
            }
            for words in calls(&block) {
                // Help is printed once all words before it are valid.
                let words: Vec<&str> = words.iter().map(String::as_str).collect();
                let (code, _, err) = run(&[&words[..], &["--help"]].concat());
                assert_eq!(code, 0, "{name}: imgtrack {}\n{err}", words.join(" "));
                seen += 1;
            }
        }
    }
    assert!(seen > 20, "only {seen} commands");
}

/// Whether a printed text matches a page, in which a line `…` means any lines.
fn fits(shown: &str, printed: &str) -> bool {
    let mut lines = printed.lines();
    let mut skips = false;
    for line in shown.lines() {
        if line == "…" {
            skips = true;
        } else if skips {
            if !lines.any(|printed| printed == line) {
                return false;
            }
            skips = false;
        } else if lines.next() != Some(line) {
            return false;
        }
    }
    skips || lines.next().is_none()
}

#[test]
fn consoles_show_what_is_printed() {
    let mut seen = 0;
    for (name, text) in pages() {
        for (_, block) in blocks(&text)
            .iter()
            .filter(|(language, _)| *language == "console")
        {
            for part in block.split("$ ").filter(|part| !part.is_empty()) {
                let (line, shown) = part.split_once('\n').unwrap();
                let words = calls(line).remove(0);
                let words: Vec<&str> = words.iter().map(String::as_str).collect();
                let (_, out, err) = run(&words);
                let printed = format!("{out}{err}");
                assert!(fits(shown, &printed), "{name}: {line}\n{printed}");
                seen += 1;
            }
        }
    }
    assert!(seen > 5, "only {seen} consoles");
}

#[test]
fn lines_left_out_fit_any_lines_and_others_do_not() {
    assert!(fits("a\n…\nc\n", "a\nb\nc\n"));
    assert!(fits("a\n…\n", "a\nb\nc\n"));
    assert!(!fits("a\n", "a\nb\n"));
    assert!(!fits("a\n…\nd\n", "a\nb\nc\n"));
    assert!(!fits("a\nb\n", "a\n"));
}

#[test]
fn the_readme_has_a_row_for_each_registry() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let (_, table) = readme.split_once("| registry |").unwrap();
    let rows: Vec<&str> = table
        .lines()
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .collect();
    let expected: Vec<String> = providers().iter().map(|one| row(one)).collect();
    assert_eq!(rows, expected, "the table is\n{}", expected.join("\n"));
}

fn row(provider: &Descriptor) -> String {
    let cell = |features: &[(Feature, &'static str)]| {
        let offered = features
            .iter()
            .filter(|(feature, _)| provider.offers.offered(*feature) == Offered::Yes);
        let words: Vec<&str> = offered.map(|(_, word)| *word).collect();
        match words.is_empty() {
            true => "no".to_owned(),
            false => words.join(", "),
        }
    };
    let listings = cell(&[
        (Feature::Rules, "rules"),
        (Feature::RepositoryRules, "rules of a repository"),
        (Feature::Executions, "executions"),
        (Feature::AllTasks, "tasks"),
        (Feature::ExecutionTasks, "tasks of an execution"),
        (Feature::ImageTasks, "tasks of an image"),
        (Feature::Subtasks, "subtasks"),
        (Feature::Images, "images"),
    ]);
    let run = cell(&[
        (Feature::RunRule, "whole rule"),
        (Feature::RunImages, "named images"),
        (Feature::Trial, "dry run of retention"),
    ]);
    let stop = cell(&[
        (Feature::StopExecution, "execution"),
        (Feature::StopTask, "task"),
    ]);
    let page = format!("docs/src/registries/{}.md", provider.name);
    assert!(root().join(&page).exists(), "{page} is missing");
    format!(
        "| [`{}`]({page}) | {} | {listings} | {run} | {stop} |",
        provider.name, provider.about
    )
}

#[test]
fn the_readme_is_short() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let lines = readme.lines().count();
    assert!(lines <= 150, "{lines} lines");
}

#[test]
fn links_between_pages_lead_somewhere() {
    for (name, text) in pages() {
        let folder = root().join(&name);
        let folder = folder.parent().unwrap();
        for target in text.split("](").skip(1) {
            let (target, _) = target.split_once(')').unwrap();
            let path = target.split('#').next().unwrap();
            if !path.is_empty() && !path.contains("://") {
                assert!(folder.join(path).exists(), "{name}: {target}");
            }
        }
    }
}

#[test]
fn pages_with_rust_are_compiled() {
    let lib = std::fs::read_to_string(root().join("tests/src/lib.rs")).unwrap();
    for (name, text) in pages() {
        let has_rust = blocks(&text)
            .iter()
            .any(|(language, _)| language.starts_with("rust"));
        let is_compiled = lib.contains(&format!("include_str!(\"../../{name}\")"));
        assert_eq!(
            has_rust, is_compiled,
            "{name}: see the end of tests/src/lib.rs"
        );
    }
}

#[test]
fn the_summary_names_every_page() {
    let summary = std::fs::read_to_string(root().join("docs/src/SUMMARY.md")).unwrap();
    for (name, _) in pages() {
        if let Some(page) = name
            .strip_prefix("docs/src/")
            .filter(|page| *page != "SUMMARY.md")
        {
            assert!(summary.contains(&format!("({page})")), "{page}");
        }
    }
}
