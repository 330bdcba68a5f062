//! Where a configuration is found.

use std::path::{Path, PathBuf};

use registry_replication::{SourceError, Surroundings, read_file};

use super::Config;
use super::read::{self, Problem};
use crate::failure::Failure;

/// Name of the file.
const NAME: &str = "imgtrack.toml";

/// Files that may be the configuration.
#[derive(Clone, Debug)]
pub(crate) enum Places {
    /// The file that `--config` or `IMGTRACK_CONFIG` names.
    Named(PathBuf),
    /// The first that exists.
    Searched(Vec<PathBuf>),
}

/// Configuration that was found, and its file.
#[derive(Clone, Debug, Default)]
pub(crate) struct Loaded {
    /// File that was read, if there is one.
    pub(crate) path: Option<PathBuf>,
    /// File that a new configuration is written to.
    pub(crate) new_path: Option<PathBuf>,
    /// Files that were looked for.
    pub(crate) searched: Vec<PathBuf>,
    /// Text of the file.
    pub(crate) text: String,
    pub(crate) config: Config,
    /// What is wrong with the file. Then the configuration is empty.
    pub(crate) problems: Vec<Problem>,
}

impl Loaded {
    /// Refuses a configuration that has problems.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        let path = self.path.as_ref().or(self.new_path.as_ref());
        let path = path.map_or(Path::new(NAME), PathBuf::as_path).display();
        let mut problems = self.problems.iter();
        let told = |problem: &Problem| {
            Failure::Usage(match problem.line {
                Some(_) => format!("{path}: {problem}"),
                // It names the file.
                None => format!("configuration: {problem}"),
            })
        };
        match self.problems.len() {
            0 => Ok(()),
            1 => problems.next().map_or(Ok(()), |problem| Err(told(problem))),
            _ => Err(Failure::Several(problems.map(told).collect())),
        }
    }
}

/// Returns where a configuration is looked for.
pub(crate) fn places(named: Option<&Path>, around: &Surroundings) -> Places {
    if let Some(path) = named {
        return Places::Named(path.to_owned());
    }
    let folder = around.variable("XDG_CONFIG_HOME").map(PathBuf::from);
    let folder = folder
        .or_else(|| around.variable("APPDATA").map(PathBuf::from))
        .or_else(|| around.in_home(".config"));
    let user = folder.map(|folder| folder.join("imgtrack").join(NAME));
    let here = PathBuf::from(NAME);
    Places::Searched(std::iter::once(here).chain(user).collect())
}

/// Reads the configuration. A file that exists and cannot be read is a problem; none is not.
pub(crate) async fn load(places: Places) -> Loaded {
    let (paths, is_named) = match places {
        Places::Named(path) => (vec![path], true),
        Places::Searched(paths) => (paths, false),
    };
    let mut loaded = Loaded {
        new_path: paths.first().cloned(),
        searched: paths.clone(),
        ..Loaded::default()
    };
    for path in paths {
        match read_file(&path).await {
            // A link that leads nowhere is an error.
            Err(SourceError::NotSet(_))
                if !is_named && std::fs::symlink_metadata(&path).is_err() =>
            {
                continue;
            }
            Err(error) => {
                loaded.problems.push(Problem::of_file(error.to_string()));
                if matches!(error, SourceError::NotSet(_)) {
                    break;
                }
            }
            Ok(text) => {
                let folder = path.parent().unwrap_or(Path::new(""));
                match read::config(&text, folder) {
                    Ok(config) => loaded.config = config,
                    Err(problems) => loaded.problems = problems,
                }
                loaded.text = text;
            }
        }
        loaded.path = Some(path);
        break;
    }
    loaded
}
