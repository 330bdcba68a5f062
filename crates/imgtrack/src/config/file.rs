//! Where a configuration is found.

use std::io;
use std::path::{Path, PathBuf};

use registry_replication::Surroundings;

use super::Config;
use super::read::{self, Problem};
use crate::failure::Failure;

/// Name of the file.
const NAME: &str = "imgtrack.toml";
/// Largest file in bytes.
const LARGEST: u64 = 1024 * 1024;

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
    pub(crate) new: Option<PathBuf>,
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
        let path = self.path.as_ref().or(self.new.as_ref());
        let path = path.map_or(Path::new(NAME), PathBuf::as_path).display();
        let mut problems = self.problems.iter();
        let told = |problem: &Problem| {
            let what = match problem.line {
                Some(_) => "",
                None => "configuration ",
            };
            Failure::Usage(format!("{what}{path}: {problem}"))
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
        new: paths.first().cloned(),
        searched: paths.clone(),
        ..Loaded::default()
    };
    for path in paths {
        let read = text(path.clone()).await;
        match read {
            // A link that leads nowhere is an error.
            Err(error)
                if error.kind() == io::ErrorKind::NotFound
                    && !is_named
                    && std::fs::symlink_metadata(&path).is_err() =>
            {
                continue;
            }
            Err(error) => {
                loaded.problems.push(Problem::of_file(error.to_string()));
                if error.kind() == io::ErrorKind::NotFound {
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

/// Reads a text of at most 1 MiB. Another thread reads it, because it may be a silent pipe.
pub(crate) async fn text(path: PathBuf) -> io::Result<String> {
    let read = move || {
        let file = std::fs::metadata(&path)?;
        if !file.is_file() {
            return Err(io::Error::other("it is not a regular file"));
        }
        if file.len() > LARGEST {
            return Err(io::Error::other("it is larger than 1 MiB"));
        }
        let mut text = String::new();
        let file = std::fs::File::open(&path)?;
        io::Read::read_to_string(&mut io::Read::take(file, LARGEST), &mut text)?;
        Ok(text)
    };
    tokio::task::spawn_blocking(read)
        .await
        .map_err(io::Error::other)?
}
