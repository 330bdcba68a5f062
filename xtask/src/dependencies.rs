//! `cargo xtask dependencies`: licences, sources and minimum Rust versions of `Cargo.lock`.
//!
//! The allowed licences are those of `deny.toml`, so that `cargo deny` and this command agree. This
//! command needs no installed tool. It also checks what crates.io shows of each published package.

use std::path::Path;
use std::process::Command;

use serde::Deserialize;

use crate::Error;

/// Output of `cargo metadata`.
#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

/// A package of the workspace or of `Cargo.lock`.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Package {
    name: String,
    version: String,
    license: Option<String>,
    /// The registry. A package of the workspace has no source.
    source: Option<String>,
    rust_version: Option<String>,
    /// Registries that accept the package. An empty list is `publish = false`.
    publish: Option<Vec<String>>,
    description: Option<String>,
    readme: Option<String>,
    keywords: Vec<String>,
    categories: Vec<String>,
}

/// The only accepted source of dependencies.
const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// Runs `dependencies`: prints findings, or a summary. Returns whether there are no findings.
///
/// # Errors
///
/// Unknown arguments, a `deny.toml` without a list of licences, and a failed `cargo metadata`.
pub fn command(root: &Path, words: &[&str]) -> Result<bool, Error> {
    if !words.is_empty() {
        return Err(Error::Usage);
    }
    let path = root.join("deny.toml");
    let text = std::fs::read_to_string(&path).map_err(Error::io(&path))?;
    let allowed = allowed(&text)
        .ok_or_else(|| Error::spec("deny.toml", "no list `allow` of licences; add one"))?;
    let metadata = metadata(root)?;
    let findings = check(&metadata, &allowed);
    for finding in &findings {
        println!("{finding}");
    }
    if findings.is_empty() {
        println!(
            "{} packages: licences, sources and Rust versions are as expected",
            metadata.packages.len()
        );
    } else {
        eprintln!("{} findings", findings.len());
    }
    Ok(findings.is_empty())
}

fn metadata(root: &Path) -> Result<Metadata, Error> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--locked", "--format-version", "1"])
        .current_dir(root)
        .output()
        .map_err(Error::io(root))?;
    if !output.status.success() {
        let why = String::from_utf8_lossy(&output.stderr);
        return Err(Error::spec("Cargo.toml", format!("cargo metadata: {why}")));
    }
    serde_json::from_slice(&output.stdout)
        .map_err(|error| Error::spec("Cargo.toml", format!("cargo metadata: {error}")))
}

fn check(metadata: &Metadata, allowed: &[&str]) -> Vec<String> {
    let mut findings = Vec::new();
    let (ours, foreign): (Vec<_>, Vec<_>) = metadata
        .packages
        .iter()
        .partition(|package| package.source.is_none());
    for package in &foreign {
        let Package { name, version, .. } = package;
        if package.source.as_deref() != Some(CRATES_IO) {
            let source = package.source.as_deref().unwrap_or_default();
            findings.push(format!(
                "{name} {version}: unexpected source {source}; use crates.io"
            ));
        }
        match package.license.as_deref() {
            Some(license) if accepts(license, allowed) => {}
            license => findings.push(format!(
                "{name} {version}: licence {} is not allowed by deny.toml; replace the dependency \
                 or add the licence",
                license.unwrap_or("(missing)")
            )),
        }
    }
    let floor = foreign
        .iter()
        .filter_map(|package| Some((rust(package)?, *package)))
        .max_by_key(|(rust, _)| *rust);
    for package in ours {
        if let Some((floor, dependency)) = floor
            && rust(package).is_none_or(|rust| rust < floor)
        {
            findings.push(format!(
                "{}: rust-version {} is too low; {} {} needs {}",
                package.name,
                package.rust_version.as_deref().unwrap_or("(missing)"),
                dependency.name,
                dependency.version,
                dependency.rust_version.as_deref().unwrap_or_default()
            ));
        }
        findings.extend(unpublishable(package));
    }
    findings
}

/// What crates.io needs or shows and the package lacks.
fn unpublishable(package: &Package) -> Vec<String> {
    if package.publish.as_ref().is_some_and(Vec::is_empty) {
        return Vec::new();
    }
    let keywords = package.keywords.len();
    [
        ("description", package.description.is_some()),
        ("license", package.license.is_some()),
        ("readme", package.readme.is_some()),
        ("keywords (1 to 5)", (1..=5).contains(&keywords)),
        ("categories", !package.categories.is_empty()),
    ]
    .into_iter()
    .filter(|(_, present)| !present)
    .map(|(key, _)| format!("{}: Cargo.toml lacks {key}; add it", package.name))
    .collect()
}

/// Minimum Rust version as numbers, to be compared.
fn rust(package: &Package) -> Option<(u32, u32, u32)> {
    let mut numbers = package
        .rust_version
        .as_deref()?
        .split('.')
        .map(|number| number.parse().ok());
    let major = numbers.next()??;
    let minor = numbers.next().flatten().unwrap_or(0);
    Some((major, minor, numbers.next().flatten().unwrap_or(0)))
}

/// Identifiers of `allow = [ … ]` in the section `[licenses]` of `deny.toml`.
fn allowed(text: &str) -> Option<Vec<&str>> {
    let (_, section) = text.split_once("\n[licenses]\n")?;
    let section = section.split("\n[").next()?;
    let (_, list) = section.split_once("\nallow = [\n")?;
    let (list, _) = list.split_once("\n]")?;
    list.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| line.strip_prefix('"')?.strip_suffix("\","))
        .collect()
}

/// Whether an SPDX expression can be fulfilled with these licences. `/` is an old `OR`.
fn accepts(expression: &str, allowed: &[&str]) -> bool {
    let text = expression
        .replace('(', " ( ")
        .replace(')', " ) ")
        .replace('/', " OR ");
    let mut words = text.split_whitespace().peekable();
    let accepted = any(&mut words, allowed);
    accepted == Some(true) && words.next().is_none()
}

type Words<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

/// Reads alternatives. `None` is an invalid expression.
fn any(words: &mut Words<'_>, allowed: &[&str]) -> Option<bool> {
    let mut accepted = all(words, allowed)?;
    while words.next_if_eq(&"OR").is_some() {
        accepted |= all(words, allowed)?;
    }
    Some(accepted)
}

fn all(words: &mut Words<'_>, allowed: &[&str]) -> Option<bool> {
    let mut accepted = term(words, allowed)?;
    while words.next_if_eq(&"AND").is_some() {
        accepted &= term(words, allowed)?;
    }
    Some(accepted)
}

fn term(words: &mut Words<'_>, allowed: &[&str]) -> Option<bool> {
    if words.next_if_eq(&"(").is_some() {
        let accepted = any(words, allowed)?;
        words.next_if_eq(&")")?;
        return Some(accepted);
    }
    let mut license = words
        .next()
        .filter(|word| !["AND", "OR", "WITH", ")"].contains(word))?
        .to_owned();
    if words.next_if_eq(&"WITH").is_some() {
        license = format!("{license} WITH {}", words.next()?);
    }
    Some(allowed.contains(&license.as_str()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const ALLOWED: [&str; 3] = ["MIT", "Apache-2.0", "BSD-3-Clause"];

    #[test]
    fn expressions() {
        for (expression, accepted) in [
            ("MIT", true),
            ("MIT OR GPL-3.0-only", true),
            ("GPL-3.0-only/MIT", true),
            ("GPL-3.0-only", false),
            ("MIT AND GPL-3.0-only", false),
            ("(GPL-3.0-only OR MIT) AND BSD-3-Clause", true),
            ("GPL-3.0-only OR MIT AND BSD-3-Clause", true),
            ("Apache-2.0 WITH LLVM-exception", false),
            ("Apache-2.0 WITH LLVM-exception OR MIT", true),
            ("", false),
            ("MIT OR", false),
            ("(MIT", false),
            ("MIT)", false),
        ] {
            assert_eq!(accepts(expression, &ALLOWED), accepted, "{expression}");
        }
    }

    #[test]
    fn the_list_is_that_of_the_section_licenses() {
        let text = "[bans]\nallow = [\n    \"no\",\n]\n\n[licenses]\nversion = 2\nallow = [\n    \
                    # data\n    \"MIT\",\n    \"ISC\",\n]\n\n[sources]\n";
        assert_eq!(allowed(text), Some(vec!["MIT", "ISC"]));
        assert_eq!(allowed("[licenses]\nversion = 2\n"), None);
    }

    fn package(json: serde_json::Value) -> Package {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn findings_name_package_and_fix() {
        let metadata = Metadata {
            packages: vec![
                package(serde_json::json!({
                    "name": "ours", "version": "0.1.0", "rust_version": "1.85", "license": "MIT",
                    "publish": [],
                })),
                package(serde_json::json!({
                    "name": "shown", "version": "0.1.0", "rust_version": "1.89", "license": "MIT",
                    "description": "x", "readme": "README.md", "categories": ["x"],
                })),
                package(serde_json::json!({
                    "name": "newest", "version": "1.0.0", "rust_version": "1.89.0",
                    "license": "MIT", "source": CRATES_IO,
                })),
                package(serde_json::json!({
                    "name": "copyleft", "version": "2.0.0", "license": "GPL-3.0-only",
                    "source": "git+https://git.example/copyleft",
                })),
            ],
        };
        assert_eq!(
            check(&metadata, &ALLOWED),
            [
                "copyleft 2.0.0: unexpected source git+https://git.example/copyleft; use crates.io",
                "copyleft 2.0.0: licence GPL-3.0-only is not allowed by deny.toml; replace the \
                 dependency or add the licence",
                "ours: rust-version 1.85 is too low; newest 1.0.0 needs 1.89.0",
                "shown: Cargo.toml lacks keywords (1 to 5); add it",
            ]
        );
    }
}
