//! `cargo xtask prose`: the English of help, errors, doc comments and Markdown.
//!
//! `PHRASES` lists phrases that readers stumble over, each with its replacement. The first line of
//! a doc comment must also stand alone, because rustdoc's index shows nothing else. Code is not
//! checked: neither fenced blocks nor text in backticks. Generated files are not checked either.

use std::fmt;
use std::path::Path;

use regex_lite::Regex;

use crate::Error;

mod source;

use source::{Kind, Passage};

/// Phrases to avoid, as regular expressions, and their replacements.
const PHRASES: &[(&str, &str)] = &[
    (r"may be said", "\"Repeatable\" or \"use --flag\""),
    (
        r"(unless|if not|till) (it is |they are )?(said|told)( otherwise)?|said otherwise",
        "\"[default: …]\"",
    ),
    (r"so (it|he|that) is unless", "\"[default: …]\""),
    (
        r"(is|are|was|were) none",
        "\"invalid X\", \"missing\" or \"there is no X\"",
    ),
    (r"whoever|whosoever", "the actor, such as \"the caller\""),
    (r"nobody", "the actor, or \"anonymous\""),
    (r"mend(s|ed|ing)?", "\"fix\""),
    (r"by hand", "\"manual\", \"manually\" or \"hand-written\""),
    (r"but for", "\"except for\""),
    (r"beside", "\"next to\" or \"in addition\""),
    (
        r"(lean|leans|leaned|leaning) on",
        "\"depend on\" or \"need\"",
    ),
    (r"a slip|slips", "\"typo\" or \"mistake\""),
    (r"going on", "\"progress\" or \"running\""),
    (r"(is|are|was|were|be) held against", "\"compare with\""),
    (r"(is|are|was|were|be) passed over", "\"skip\""),
    (r"as whom", "\"the credentials\" or \"the login\""),
    (r"and its kin", "the names, or \"and similar\""),
    (r"so to (say|speak)", "nothing"),
];

/// First words of a doc comment that cannot stand alone.
const FIRST_WORDS: &[&str] = &["And", "As", "But", "Of", "Or", "So", "Who", "Whom", "Whose"];

/// A phrase to replace.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Finding {
    file: String,
    line: usize,
    what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.what)
    }
}

/// Runs `prose [PATH…]`: prints findings, or a summary. Returns whether there are no findings.
///
/// Without a path, all files are checked.
///
/// # Errors
///
/// Unknown options, and files that cannot be read.
pub fn command(root: &Path, paths: &[&str]) -> Result<bool, Error> {
    if paths.iter().any(|word| word.starts_with('-')) {
        return Err(Error::Usage);
    }
    let checker = Checker::new()?;
    let mut findings = Vec::new();
    let mut checked = 0;
    for file in files(root)? {
        if !paths.is_empty() && !paths.iter().any(|path| is_below(&file, path)) {
            continue;
        }
        let path = root.join(&file);
        let text = std::fs::read_to_string(&path).map_err(Error::io(&path))?;
        checked += 1;
        findings.extend(checker.check(&file, &text));
    }
    for finding in &findings {
        println!("{finding}");
    }
    if findings.is_empty() {
        println!("{checked} files: no phrase to replace");
    } else {
        eprintln!("{} findings", findings.len());
    }
    Ok(findings.is_empty())
}

/// Whether a file is the one at a path, or in the folder there.
fn is_below(file: &str, path: &str) -> bool {
    let path = path.trim_start_matches("./").trim_end_matches('/');
    file.strip_prefix(path)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Compiled [`PHRASES`].
struct Checker(Vec<(Regex, &'static str)>);

impl Checker {
    fn new() -> Result<Self, Error> {
        let phrases = PHRASES.iter().map(|(pattern, instead)| {
            let regex = Regex::new(&format!(r"(?i)\b({pattern})\b"))
                .map_err(|error| Error::spec("xtask/src/prose/mod.rs", error.to_string()))?;
            Ok((regex, *instead))
        });
        phrases.collect::<Result<_, _>>().map(Self)
    }

    fn check(&self, file: &str, text: &str) -> Vec<Finding> {
        let mut findings = Vec::new();
        for passage in source::passages(file, text) {
            let mut add = |line, what| {
                findings.push(Finding {
                    file: file.to_owned(),
                    line,
                    what,
                });
            };
            for (regex, instead) in &self.0 {
                for found in regex.find_iter(&passage.text) {
                    let line = passage.line(found.start());
                    add(line, format!("{:?}: write {instead}", found.as_str()));
                }
            }
            if passage.kind == Kind::Doc
                && let Some(word) = dependent(&passage)
            {
                let line = passage.line(0);
                add(
                    line,
                    format!(
                        "a doc comment begins with {word:?}: begin with a noun phrase or a \
                         third-person verb"
                    ),
                );
            }
        }
        findings
    }
}

/// First word of a doc comment if it cannot begin a sentence that stands alone.
fn dependent(passage: &Passage) -> Option<&str> {
    let word = passage.text.split_whitespace().next()?;
    let lower = word.starts_with(|first: char| first.is_ascii_lowercase())
        // Names such as imgtrack, iOS or a.b are written as they are.
        && word.chars().all(|c| c.is_ascii_lowercase() || c == ',')
        && !["imgtrack", "progenitor", "git", "docker", "podman", "rustls"].contains(&word);
    (lower || FIRST_WORDS.contains(&word)).then_some(word)
}

/// Folders that hold no hand-written text.
const SKIPPED: &[&str] = &["generated", "target", "data", "node_modules"];

/// Files to check: hand-written Rust, Markdown and snapshots of help, below the workspace.
fn files(root: &Path) -> Result<Vec<String>, Error> {
    let mut found = Vec::new();
    let mut folders = vec![String::new()];
    while let Some(folder) = folders.pop() {
        for path in crate::spec::entries(&root.join(&folder))? {
            let name = crate::spec::name(&path);
            let below = match folder.as_str() {
                "" => name.clone(),
                _ => format!("{folder}/{name}"),
            };
            if path.is_dir() {
                if !name.starts_with('.') && !SKIPPED.contains(&name.as_str()) {
                    folders.push(below);
                }
            } else if below != "xtask/src/prose/mod.rs" && source::is_checked(&below) {
                found.push(below);
            }
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests;
