//! Specs of a revision, or of the working tree.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::Error;

/// All specs at one time.
pub(super) struct Revision {
    /// Name for people.
    pub(super) name: String,
    /// Text by path, `specs/CRATE/SERVICE.yaml`.
    pub(super) files: BTreeMap<String, String>,
}

impl Revision {
    /// Reads the specs of the revision `name` from git.
    pub(super) fn of_git(root: &Path, name: &str) -> Result<Self, Error> {
        let commit = format!("{name}^{{commit}}");
        let commit = git(
            root,
            &["rev-parse", "--verify", "--end-of-options", &commit],
        )
        .map_err(|error| match error {
            Error::Git { why, .. } => Error::NoRevision {
                revision: name.to_owned(),
                why,
            },
            error => error,
        })?;
        let commit = commit.trim();
        let mut files = BTreeMap::new();
        // NUL between the names, because git would quote unusual names.
        let listing = git(
            root,
            &["ls-tree", "-r", "-z", "--name-only", commit, "specs/"],
        )?;
        for path in listing.split('\0').filter(|path| is_spec(path)) {
            let text = git(root, &["show", &format!("{commit}:./{path}")])?;
            files.insert(path.to_owned(), text);
        }
        Ok(Self {
            name: format!("`{name}`"),
            files,
        })
    }

    /// Reads the specs of the working tree.
    pub(super) fn working_tree(root: &Path) -> Result<Self, Error> {
        let mut files = BTreeMap::new();
        for folder in entries(&root.join("specs"))? {
            if !folder.is_dir() {
                continue;
            }
            for path in entries(&folder)? {
                let shown = path.strip_prefix(root).unwrap_or(&path);
                let shown = shown.to_string_lossy().replace('\\', "/");
                if is_spec(&shown) {
                    let text = std::fs::read_to_string(&path).map_err(crate::Error::io(&path))?;
                    files.insert(shown, text);
                }
            }
        }
        Ok(Self {
            name: "the working tree".to_owned(),
            files,
        })
    }
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, crate::Error> {
    std::fs::read_dir(folder)
        .and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect())
        .map_err(crate::Error::io(folder))
}

fn is_spec(path: &str) -> bool {
    path.ends_with(".yaml") && path.split('/').count() == 3
}

/// Makes a git command for the folder's own repository, also if a hook of another repository runs.
pub(crate) fn command(root: &Path) -> Command {
    let mut git = Command::new("git");
    git.arg("-C").arg(root);
    for variable in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"] {
        git.env_remove(variable);
    }
    git
}

fn git(root: &Path, words: &[&str]) -> Result<String, Error> {
    let output = command(root).args(words).output().map_err(Error::NoGit)?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(Error::Git {
        command: words.join(" "),
        why: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
    })
}
