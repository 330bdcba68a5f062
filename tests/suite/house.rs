//! Shared code names no provider.
//!
//! `tests/data/provider-names.txt` holds the words, the folders that belong to one provider, and
//! the shared files that may name providers with the reason.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

const RULES: &str = include_str!("../data/provider-names.txt");

/// Folders with hand-written code. `*` stands for one folder name.
const CODE: [&str; 8] = [
    "crates/*/src",
    "crates/*/tests",
    "crates/*/examples",
    "xtask/src",
    "manual/src",
    "tests/src",
    "tests/suite",
    "tests/examples",
];

/// Returns the lines of the rules that start with this key, without it.
fn rules(key: &str) -> impl Iterator<Item = &'static str> {
    let lines = RULES.lines().map(str::trim);
    lines.filter_map(move |line| line.strip_prefix(key)?.strip_prefix(' '))
}

/// Adds all Rust files below a folder except generated ones.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let is_generated = path.ends_with("generated");
        if path.is_dir() && !is_generated {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// Returns all hand-written Rust files of the workspace, by their paths in the repository.
fn files() -> BTreeMap<String, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut found = Vec::new();
    for folder in CODE {
        match folder.split_once('*') {
            Some((parent, rest)) => {
                for entry in std::fs::read_dir(root.join(parent)).unwrap() {
                    let folder = entry.unwrap().path().join(rest.trim_start_matches('/'));
                    if folder.is_dir() {
                        collect(&folder, &mut found);
                    }
                }
            }
            None => collect(&root.join(folder), &mut found),
        }
    }
    for entry in std::fs::read_dir(root.join("tests")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    let files = found.into_iter().map(|path| {
        let name = path.strip_prefix(root).unwrap();
        let name = name.to_str().unwrap().replace('\\', "/");
        (name, std::fs::read_to_string(path).unwrap())
    });
    files.collect()
}

/// Counts the lines that name a provider outside of comments.
fn count(text: &str, words: &[&str]) -> usize {
    let lines = text.lines().map(str::trim_start);
    let code = lines.filter(|line| !line.starts_with("//"));
    let code = code.map(str::to_lowercase);
    let named = code.filter(|line| words.iter().any(|word| line.contains(word)));
    named.count()
}

#[test]
fn shared_code_names_no_provider() {
    let words: Vec<_> = rules("word").collect();
    let folders: Vec<_> = rules("folder").collect();
    let mut allowed: BTreeMap<_, _> = rules("allow")
        .map(|line| line.split_once(' ').expect("a path and a reason"))
        .collect();
    let files = files();
    assert!(!words.is_empty() && files.len() > 100, "{}", files.len());
    for folder in &folders {
        let mut names = files.keys();
        let is_used = names.any(|name| is_within(name, folder));
        assert!(is_used, "folder {folder} has no code; remove its line");
    }
    let mut faults = String::new();
    let (mut shared, mut lines) = (0, 0);
    for (name, text) in &files {
        if folders.iter().any(|folder| is_within(name, folder)) {
            continue;
        }
        let named = count(text, &words);
        if named == 0 {
            continue;
        }
        shared += 1;
        lines += named;
        if allowed.remove(name.as_str()).is_none() {
            writeln!(faults, "{name}: {named} lines name a provider").unwrap();
        }
    }
    for name in allowed.keys() {
        writeln!(faults, "{name}: names no provider; remove it from the list").unwrap();
    }
    #[allow(clippy::print_stdout, reason = "shown with --nocapture")]
    {
        println!("shared files that name a provider: {shared}, in {lines} lines");
    }
    assert!(
        faults.is_empty(),
        "move what differs between providers to their folders, or list the file with a reason in \
         tests/data/provider-names.txt:\n{faults}"
    );
}

/// Whether a file is in a folder, is its module file, or is a file whose name begins so.
fn is_within(name: &str, folder: &str) -> bool {
    let rest = name.strip_prefix(folder);
    rest.is_some_and(|rest| rest.starts_with(['/', '_']) || rest == ".rs")
}

#[test]
fn names_of_providers_are_found_outside_of_comments() {
    let text = "/// Of Acme.\nuse acmecloud::Client; // why\n    // acme\nlet x = \"ACME\";\n";
    assert_eq!(count(text, &["acme"]), 2);
    assert!(is_within("suite/acme/x.rs", "suite/acme"));
    assert!(is_within("suite/acme.rs", "suite/acme"));
    assert!(is_within("suite/acme_rules.rs", "suite/acme"));
    assert!(!is_within("suite/acmes/x.rs", "suite/acme"));
}
