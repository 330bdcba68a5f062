//! `cargo xtask manual`: man pages and reference pages of the program.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::{Error, write};

/// Package that prints the pages. It is not a dependency, so that the specs can change while the program
/// does not compile.
const PACKAGE: &str = "imgtrack-manual";

/// Runs `manual [--check]`: writes the pages, or compares them with the checked-in files.
///
/// Returns whether all checked-in files are up to date, which is always true after writing.
///
/// # Errors
///
/// Unknown arguments, a program that does not compile, and a file that cannot be read or written.
pub fn command(root: &Path, words: &[&str]) -> Result<bool, Error> {
    let check = match words {
        [] => false,
        ["--check"] => true,
        _ => return Err(Error::Usage),
    };
    let mut differences = String::new();
    for (folder, files) in folders(pages(root)?) {
        match check {
            true => differences += &write::compare(&root.join(&folder), &folder, &files)?,
            false => write::write(&root.join(&folder), &files)?,
        }
    }
    print!("{differences}");
    if !differences.is_empty() {
        eprintln!("manuals are stale: run `cargo xtask manual` and commit the result");
    }
    Ok(differences.is_empty())
}

/// Returns all pages, by their paths in the workspace.
fn pages(root: &Path) -> Result<BTreeMap<String, String>, Error> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let ran = Command::new(cargo)
        .args(["run", "--quiet", "--package", PACKAGE])
        .current_dir(root)
        .stderr(Stdio::inherit())
        .output()
        .map_err(Error::io(Path::new("cargo")))?;
    let pages = serde_json::from_slice(&ran.stdout).ok();
    let pages = pages.filter(|_| ran.status.success());
    pages.ok_or_else(|| Error::spec(PACKAGE, "it has failed; the reason is above"))
}

/// Files, by name.
type Files = Vec<(String, String)>;

/// Returns the files of each folder.
fn folders(pages: BTreeMap<String, String>) -> BTreeMap<String, Files> {
    let mut folders: BTreeMap<String, Files> = BTreeMap::new();
    for (path, text) in pages {
        let (folder, name) = path.rsplit_once('/').unwrap_or((".", &path));
        let files = folders.entry(folder.to_owned()).or_default();
        files.push((name.to_owned(), text));
    }
    folders
}
