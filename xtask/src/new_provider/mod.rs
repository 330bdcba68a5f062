//! `cargo xtask new-provider NAME [--title TEXT]`: creates the first files of a provider: a spec with
//! one operation, and a crate with its client, which signs with a token and reads errors.
//!
//! `name` validates names, `manifest` edits the workspace's `Cargo.toml`, and `skeleton/` has the
//! files. `docs/src/adding-a-provider.md` describes all steps.

mod manifest;
mod name;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use self::name::Name;

/// Reason why no provider was created. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("{0}; use `cargo xtask new-provider NAME [--title TEXT]`")]
    Usage(String),
    #[error("invalid provider name {name:?}: {why}; use a name such as examplecloud-cr")]
    BadName { name: String, why: String },
    #[error(
        "invalid title {0:?}; use letters, digits, spaces and - . ( ), beginning with a letter"
    )]
    BadTitle(String),
    #[error("{name} is taken: {by}; choose another name, or remove that first")]
    Taken { name: String, by: String },
    #[error("Cargo.toml: {0}; fix the file, or add the crate manually")]
    Manifest(String),
    #[error(transparent)]
    Files(#[from] crate::Error),
}

/// Files of a provider: their paths, and their texts with placeholders for names.
const SKELETON: [(&str, &str); 10] = [
    (
        "specs/{{name}}/{{service}}.yaml",
        include_str!("skeleton/spec.yaml"),
    ),
    (
        "crates/{{name}}/Cargo.toml",
        include_str!("skeleton/Cargo.toml.txt"),
    ),
    (
        "crates/{{name}}/README.md",
        include_str!("skeleton/README.md.txt"),
    ),
    (
        "crates/{{name}}/src/lib.rs",
        include_str!("skeleton/lib.rs.txt"),
    ),
    (
        "crates/{{name}}/src/credentials.rs",
        include_str!("skeleton/credentials.rs.txt"),
    ),
    (
        "crates/{{name}}/src/endpoints.rs",
        include_str!("skeleton/endpoints.rs.txt"),
    ),
    (
        "crates/{{name}}/src/signer.rs",
        include_str!("skeleton/signer.rs.txt"),
    ),
    (
        "crates/{{name}}/src/provider.rs",
        include_str!("skeleton/provider.rs.txt"),
    ),
    (
        "crates/{{name}}/src/refusal.rs",
        include_str!("skeleton/refusal.rs.txt"),
    ),
    (
        "crates/{{name}}/tests/calls.rs",
        include_str!("skeleton/calls.rs.txt"),
    ),
];

/// Runs the command. Prints the written files and the next steps.
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
        [] => return Err(Error::Usage("a name is missing".to_owned())),
        _ => {
            return Err(Error::Usage(format!(
                "{:?} are not one name",
                words.join(" ")
            )));
        }
    };
    let name = Name::new(name, title)?;
    let lay_out = LayOut::of(root, &name)?;
    lay_out.write(root)?;
    Ok(lay_out.tell(&name))
}

/// Files to write.
struct LayOut {
    files: Vec<(String, String)>,
    /// Manifests to which the crate is added.
    manifests: Vec<(&'static str, String)>,
}

/// Manifest of the package whose generated calls use every client.
const TESTS: &str = "tests/Cargo.toml";

impl LayOut {
    /// Checks that no file exists yet, and reads the files to change.
    fn of(root: &Path, name: &Name) -> Result<Self, Error> {
        let taken = |by: String| Error::Taken {
            name: name.name.clone(),
            by,
        };
        for folder in ["crates", "specs"] {
            let folder = format!("{folder}/{}", name.name);
            if root.join(&folder).symlink_metadata().is_ok() {
                return Err(taken(format!("{folder} exists")));
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
        let manifest = read("Cargo.toml")?;
        if manifest::mentions(&manifest, &name.name) {
            return Err(taken("Cargo.toml has it".to_owned()));
        }
        let manifest = manifest::with(&manifest, &name.name).map_err(Error::Manifest)?;
        let mut manifests = vec![("Cargo.toml", manifest)];
        if root.join(TESTS).is_file() {
            let tests = manifest::with_dependency(&read(TESTS)?, &name.name);
            manifests.insert(0, (TESTS, tests.map_err(Error::Manifest)?));
        }
        let files = SKELETON.map(|(path, text)| (name.fill(path), name.fill(text)));
        Ok(Self {
            files: files.into(),
            manifests,
        })
    }

    /// Writes the folders, and then the manifests. After an error, removes the written files.
    fn write(&self, root: &Path) -> Result<(), Error> {
        let mut written: Vec<PathBuf> = Vec::new();
        let all = self.files.iter().map(|(path, text)| (path.as_str(), text));
        for (path, text) in all {
            let path = root.join(path);
            let made = path.parent().map_or(Ok(()), std::fs::create_dir_all);
            if let Err(error) = made.and_then(|()| std::fs::write(&path, text)) {
                for path in written.iter().rev() {
                    // Report the first error only.
                    let _ = std::fs::remove_file(path);
                    for folder in path.ancestors().skip(1).take(2) {
                        let _ = std::fs::remove_dir(folder);
                    }
                }
                return Err(crate::Error::io(&path)(error).into());
            }
            written.push(path);
        }
        for (path, text) in &self.manifests {
            let path = root.join(path);
            std::fs::write(&path, text).map_err(crate::Error::io(&path))?;
        }
        Ok(())
    }

    fn tell(&self, name: &Name) -> String {
        let mut text = String::new();
        for (path, _) in &self.files {
            text.push_str(&format!("wrote {path}\n"));
        }
        for (path, _) in self.manifests.iter().rev() {
            text.push_str(&format!("changed {path}\n"));
        }
        text.push_str(&name.fill(NEXT));
        text
    }
}

const NEXT: &str = "
It has a working client with one invented operation:

  cargo xtask generate
  cargo fmt -p {{name}}
  cargo test -p {{name}}

Next steps, from docs/src/adding-a-provider.md:

  1. specs/{{name}}/{{service}}.yaml: the vendor's facts in place of ListRepositories
  2. cargo xtask lint, then cargo xtask generate
  3. crates/{{name}}/src: the vendor's signature, errors, credentials and endpoints
  4. the facade's folder, the sandbox's folder, and the snapshots in tests/suite
";
