//! `cargo xtask new-provider NAME [--title TEXT]`: writes the skeleton of a provider.
//!
//! The skeleton is a provider that works: a spec, a client crate, a folder of the facade, a side of
//! the sandbox, a test subject, a page of the user guide, and its lines in the tables. `name` checks
//! the name, `tables` has the lines, `skeleton/` has the files. `docs/src/adding-a-provider.md`
//! describes what follows, and `tests/new-provider.sh` runs the commands of that page.

mod name;
mod tables;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use self::name::Name;
use self::tables::TABLES;

/// Reason why no provider was created. Nothing is left behind.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("{0}; use `cargo xtask new-provider NAME [--title TEXT]`")]
    Usage(String),
    #[error("invalid provider name {name:?}: {why}; use a name such as somecloud-cr")]
    BadName { name: String, why: String },
    #[error(
        "invalid title {0:?}; use letters, digits, spaces and - . ( ), beginning with a letter"
    )]
    BadTitle(String),
    #[error("{name} is taken: {by}; choose another name, or remove that first")]
    Taken { name: String, by: String },
    #[error("{file}: {why}")]
    Table { file: &'static str, why: String },
    #[error(transparent)]
    Files(#[from] crate::Error),
}

/// Files of a provider: their paths, and their texts with placeholders for names.
macro_rules! skeleton {
    ($($path:literal: $file:literal,)+) => {
        [$(($path, include_str!(concat!("skeleton/", $file)))),+]
    };
}

/// All files of a provider.
const SKELETON: &[(&str, &str)] = &skeleton! {
    "specs/{{name}}/{{service}}.yaml": "spec.yaml",
    "crates/{{name}}/Cargo.toml": "client/Cargo.toml.txt",
    "crates/{{name}}/README.md": "client/README.md.txt",
    "crates/{{name}}/src/lib.rs": "client/lib.rs.txt",
    "crates/{{name}}/src/credentials.rs": "client/credentials.rs.txt",
    "crates/{{name}}/src/dialect.rs": "client/dialect.rs.txt",
    "crates/{{name}}/src/endpoints.rs": "client/endpoints.rs.txt",
    "crates/{{name}}/src/refusal.rs": "client/refusal.rs.txt",
    "crates/{{name}}/src/signer.rs": "client/signer.rs.txt",
    "crates/{{name}}/tests/calls.rs": "client/calls.rs.txt",
    "crates/registry-replication/src/providers/{{module}}/mod.rs": "facade/mod.rs.txt",
    "crates/registry-replication/src/providers/{{module}}/descriptor.rs": "facade/descriptor.rs.txt",
    "crates/registry-replication/src/providers/{{module}}/doctor.rs": "facade/doctor.rs.txt",
    "crates/registry-replication/src/providers/{{module}}/look.rs": "facade/look.rs.txt",
    "crates/registry-replication/src/providers/{{module}}/operate.rs": "facade/operate.rs.txt",
    "crates/registry-replication/src/providers/{{module}}/rules.rs": "facade/rules.rs.txt",
    "crates/registry-replication/src/providers/{{module}}/tasks.rs": "facade/tasks.rs.txt",
    "crates/registry-sandbox/src/sides/{{module}}/mod.rs": "sandbox/mod.rs.txt",
    "crates/registry-sandbox/src/sides/{{module}}/names.rs": "sandbox/names.rs.txt",
    "crates/registry-sandbox/src/sides/{{module}}/side.rs": "sandbox/side.rs.txt",
    "crates/registry-sandbox/src/sides/{{module}}/world.rs": "sandbox/world.rs.txt",
    "tests/suite/subjects/{{module}}.rs": "tests/subject.rs.txt",
    "docs/src/registries/{{vendor}}.md": "page.md.txt",
};

/// Licences of the workspace, which each published crate has.
const LICENCES: [&str; 2] = ["LICENSE-APACHE", "LICENSE-MIT"];

/// Folders and files that must not exist yet.
const ROOM: [&str; 8] = [
    "crates/{{name}}",
    "specs/{{name}}",
    "crates/registry-replication/src/providers/{{module}}",
    "crates/registry-replication/src/{{module}}",
    "crates/registry-replication/src/{{module}}.rs",
    "crates/registry-sandbox/src/sides/{{module}}",
    "crates/registry-sandbox/src/{{module}}.rs",
    "docs/src/registries/{{vendor}}.md",
];

/// Runs the command and prints what was written and what is next.
pub fn main(root: &Path, words: &[&str]) -> ExitCode {
    match run(root, words) {
        Ok(text) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(root: &Path, words: &[&str]) -> Result<String, Error> {
    let (name, title) = match words {
        [name] => (*name, None),
        [name, "--title", title] | ["--title", title, name] => (*name, Some(*title)),
        [] => return Err(Error::Usage("missing name".to_owned())),
        _ => {
            return Err(Error::Usage(format!(
                "expected one name, found {:?}",
                words.join(" ")
            )));
        }
    };
    let name = Name::new(name, title)?;
    let layout = Layout::new(root, &name)?;
    layout.write(root)?;
    Ok(layout.summary(&name))
}

/// Everything that is to be written.
struct Layout {
    /// New files.
    files: Vec<(String, String)>,
    /// Files with tables, before and after the change.
    tables: Vec<(&'static str, String, String)>,
}

impl Layout {
    /// Checks that the name is free, and reads what is to be changed.
    fn new(root: &Path, name: &Name) -> Result<Self, Error> {
        let taken = |by: String| Error::Taken {
            name: name.name.clone(),
            by,
        };
        for path in ROOM {
            let path = name.fill(path);
            if root.join(&path).symlink_metadata().is_ok() {
                return Err(taken(format!("{path} exists")));
            }
        }
        let read = |file: &str| {
            let path = root.join(file);
            std::fs::read_to_string(&path).map_err(crate::Error::io(&path))
        };
        let lock = read("Cargo.lock").unwrap_or_default();
        let package = format!("name = \"{}\"", name.name);
        if lock.lines().any(|line| line == package) {
            return Err(taken("Cargo.lock has a package of that name".to_owned()));
        }
        let mut tables = Vec::new();
        for table in TABLES {
            let text = read(table.file)?;
            if has_key(&text, &name.name) || has_key(&text, &name.vendor) {
                return Err(taken(format!("{} has it", table.file)));
            }
            let changed = table.with(&text, name).map_err(|why| Error::Table {
                file: table.file,
                why,
            })?;
            tables.push((table.file, text, changed));
        }
        let files = SKELETON.iter();
        let files = files.map(|(path, text)| (name.fill(path), name.fill(text)));
        let licences = LICENCES.iter().filter_map(|licence| {
            let path = format!("crates/{}/{licence}", name.name);
            Some((path, read(licence).ok()?))
        });
        Ok(Self {
            files: files.chain(licences).collect(),
            tables,
        })
    }

    /// Writes the files, and the tables last. On an error, removes and restores what it wrote.
    fn write(&self, root: &Path) -> Result<(), Error> {
        let mut undo = Undo::default();
        for (path, text) in &self.files {
            let path = root.join(path);
            let written = undo.create(&path, text);
            written.map_err(crate::Error::io(&path))?;
        }
        for (path, before, after) in &self.tables {
            let path = root.join(path);
            undo.tables.push((path.clone(), before.clone()));
            std::fs::write(&path, after).map_err(crate::Error::io(&path))?;
        }
        undo.is_done = true;
        Ok(())
    }

    fn summary(&self, name: &Name) -> String {
        let mut text = String::new();
        for (path, _) in &self.files {
            text.push_str(&format!("wrote {path}\n"));
        }
        for (path, ..) in &self.tables {
            text.push_str(&format!("changed {path}\n"));
        }
        text.push_str(&name.fill(NEXT));
        text
    }
}

/// Whether a manifest has this key.
fn has_key(text: &str, key: &str) -> bool {
    text.lines().any(|line| {
        let own = line.split(['=', '.']).next().map(str::trim);
        line.contains('=') && own == Some(key)
    })
}

/// What was written. Dropped before it is done, it removes that again.
#[derive(Default)]
struct Undo {
    files: Vec<PathBuf>,
    folders: Vec<PathBuf>,
    tables: Vec<(PathBuf, String)>,
    is_done: bool,
}

impl Undo {
    /// Writes a new file and the folders that it needs.
    fn create(&mut self, path: &Path, text: &str) -> std::io::Result<()> {
        let folders = path.ancestors().skip(1);
        let missing: Vec<_> = folders.take_while(|folder| !folder.exists()).collect();
        for folder in missing.into_iter().rev() {
            std::fs::create_dir(folder)?;
            self.folders.push(folder.to_owned());
        }
        self.files.push(path.to_owned());
        std::fs::write(path, text)
    }
}

impl Drop for Undo {
    fn drop(&mut self) {
        if self.is_done {
            return;
        }
        // The error that led here is the one to report.
        for (path, text) in &self.tables {
            let _ = std::fs::write(path, text);
        }
        for path in &self.files {
            let _ = std::fs::remove_file(path);
        }
        for folder in self.folders.iter().rev() {
            let _ = std::fs::remove_dir(folder);
        }
    }
}

const NEXT: &str = "
The provider is invented, and works. Generate its client, and try it:

  cargo xtask generate
  cargo fmt --all
  cargo test -p {{name}}
  ARRIVAL_PROVIDER={{vendor}} cargo test -p registry-tests --test suite simulation

Next, as docs/src/adding-a-provider.md describes:

  1. specs/{{name}}/{{service}}.yaml: the vendor's facts
  2. cargo xtask lint, then cargo xtask generate
  3. crates/{{name}}/src: the vendor's signature, errors, credentials and endpoints
  4. crates/registry-replication/src/providers/{{module}}: the mapping into the model
  5. crates/registry-sandbox/src/sides/{{module}}: what the vendor's service does
  6. tests/suite/subjects/{{module}}.rs, and the snapshots of tests/suite
";
