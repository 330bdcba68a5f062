//! Profiles of the SDKs' shared files, `~/.aws/config` and `~/.aws/credentials`.

mod ini;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use openapi_transport::{SourceError, Surroundings, read_file, read_secret_file};

pub(crate) use ini::Section;
use ini::Sections;

const CONFIG_FILE: &str = "AWS_CONFIG_FILE";
const CREDENTIALS_FILE: &str = "AWS_SHARED_CREDENTIALS_FILE";
/// Variable with the name of the profile.
const PROFILE: &str = "AWS_PROFILE";
/// Older name of the variable, which the vendor's command-line program still reads.
const DEFAULT_PROFILE: &str = "AWS_DEFAULT_PROFILE";
const DEFAULT: &str = "default";

/// Profiles of both files, and the other sections that they name.
#[derive(Debug, Default)]
pub(crate) struct Profiles {
    profiles: BTreeMap<String, Section>,
    sessions: BTreeMap<String, Section>,
    services: BTreeMap<String, Section>,
    /// Files that do not exist.
    missing: Vec<String>,
}

/// Name of the profile in use, and whether the caller has chosen it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ProfileName {
    pub(crate) name: String,
    pub(crate) is_chosen: bool,
}

impl ProfileName {
    /// Returns `chosen`, or else the name that a variable has. [default: `default`]
    pub(crate) fn find(chosen: Option<&str>, surroundings: &Surroundings) -> Self {
        let chosen = chosen
            .map(str::to_owned)
            .or_else(|| surroundings.variable(PROFILE))
            .or_else(|| surroundings.variable(DEFAULT_PROFILE));
        Self {
            is_chosen: chosen.is_some(),
            name: chosen.unwrap_or_else(|| DEFAULT.to_owned()),
        }
    }
}

impl Profiles {
    /// Reads both files. A file that does not exist counts as empty.
    ///
    /// # Errors
    /// When a file cannot be read or is not an INI file, and when there is no home directory.
    pub(crate) async fn load(surroundings: &Surroundings) -> Result<Self, SourceError> {
        let config = place(surroundings, CONFIG_FILE, "config")?;
        let credentials = place(surroundings, CREDENTIALS_FILE, "credentials")?;
        let mut profiles = Self::default();
        let text = profiles.existing(&config, read_file(&config).await)?;
        profiles.add_config(parse(&config, &text)?);
        let text = profiles.existing(&credentials, read_secret_file(&credentials).await)?;
        // Keys of the file for credentials win.
        for (name, section) in parse(&credentials, &text)? {
            profiles.profiles.entry(name).or_default().merge(section);
        }
        Ok(profiles)
    }

    /// Reads the text of a configuration.
    #[cfg(test)]
    pub(crate) fn read(config: &str) -> Result<Self, SourceError> {
        let mut profiles = Self::default();
        profiles.add_config(ini::parse(config)?);
        Ok(profiles)
    }

    /// Returns a file's text, or an empty one if the file does not exist.
    fn existing(
        &mut self,
        file: &Path,
        text: Result<String, SourceError>,
    ) -> Result<String, SourceError> {
        match text {
            Err(SourceError::NotSet(why)) => {
                self.missing.push(why);
                Ok(String::new())
            }
            // The usual way to turn a file off.
            Err(_) if file == Path::new("/dev/null") => Ok(String::new()),
            text => text,
        }
    }

    fn add_config(&mut self, sections: Sections) {
        for (name, section) in sections {
            let (kind, rest) = name.split_once(' ').unwrap_or((&name, ""));
            // The vendor's command-line program quotes names with blanks.
            let quoted = rest.strip_prefix(['"', '\'']);
            let rest = quoted
                .and_then(|rest| rest.strip_suffix(['"', '\'']))
                .unwrap_or(rest);
            match (kind, rest) {
                ("profile", name) if !name.is_empty() => {
                    // It wins over `[default]`, which comes first in the order of names.
                    self.profiles.insert(name.to_owned(), section);
                }
                (DEFAULT, "") => drop(self.profiles.insert(name, section)),
                ("sso-session", name) => drop(self.sessions.insert(name.to_owned(), section)),
                ("services", name) => drop(self.services.insert(name.to_owned(), section)),
                // Sections of other programs.
                _ => {}
            }
        }
    }

    /// Returns a profile.
    pub(crate) fn get(&self, name: &str) -> Option<&Section> {
        self.profiles.get(name)
    }

    /// Returns a profile that must exist.
    ///
    /// # Errors
    /// [`NotSet`](SourceError::NotSet) when the caller has not chosen it.
    pub(crate) fn find(&self, name: &ProfileName) -> Result<&Section, SourceError> {
        self.get(&name.name).ok_or_else(|| {
            let missing = self.missing.join(", and ");
            match (missing.is_empty(), name.is_chosen) {
                (true, true) => SourceError::failed(format!("profile {:?} not found", name.name)),
                (true, false) => SourceError::not_set(format!("profile {:?} not found", name.name)),
                (false, true) => {
                    SourceError::failed(format!("profile {:?} not found; {missing}", name.name))
                }
                (false, false) => SourceError::not_set(missing),
            }
        })
    }

    /// Returns a session of the single sign-on.
    pub(crate) fn session(&self, name: &str) -> Option<&Section> {
        self.sessions.get(name)
    }

    /// Returns the URL that a profile sets for a service: its own, or the one for all services.
    pub(crate) fn endpoint<'a>(&'a self, profile: &'a Section, service: &str) -> Option<&'a str> {
        let own = profile.text("services").and_then(|name| {
            let services = self.services.get(name)?;
            services.nested(service, "endpoint_url")
        });
        own.or_else(|| profile.text("endpoint_url"))
    }
}

fn parse(file: &Path, text: &str) -> Result<Sections, SourceError> {
    ini::parse(text).map_err(|why| SourceError::failed(format!("{}: {why}", file.display())))
}

/// Returns the path of a file: the one that the variable names, or the one below `~/.aws`.
fn place(surroundings: &Surroundings, variable: &str, file: &str) -> Result<PathBuf, SourceError> {
    match surroundings.variable(variable) {
        Some(path) => expand(surroundings, &path),
        None => in_home(surroundings, &format!(".aws/{file}")),
    }
}

/// Returns a path, with the home directory in place of a `~` at its beginning.
pub(crate) fn expand(surroundings: &Surroundings, path: &str) -> Result<PathBuf, SourceError> {
    match path.strip_prefix("~/") {
        Some(rest) => in_home(surroundings, rest),
        None => Ok(PathBuf::from(path)),
    }
}

/// Returns the path of a file below the home directory.
pub(crate) fn in_home(surroundings: &Surroundings, file: &str) -> Result<PathBuf, SourceError> {
    surroundings.in_home(file).ok_or_else(|| {
        SourceError::not_set("there is no home directory: neither HOME nor USERPROFILE is set")
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn surroundings(home: &Path, variables: &'static [(&str, &str)]) -> Surroundings {
        let home = home.to_str().unwrap().to_owned();
        Surroundings::new(move |name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            let found = found.map(|(_, value)| (*value).to_owned());
            found.or_else(|| (name == "HOME").then(|| home.clone()))
        })
    }

    fn home(config: &str, credentials: &str) -> tempfile::TempDir {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir(home.path().join(".aws")).unwrap();
        for (file, text) in [("config", config), ("credentials", credentials)] {
            if !text.is_empty() {
                std::fs::write(home.path().join(".aws").join(file), text).unwrap();
            }
        }
        home
    }

    #[tokio::test]
    async fn both_files_make_one_profile() {
        let home = home(
            "[default]\nregion = a\n[profile default]\nregion = b\noutput = json\n\
             [profile x]\nregion = c\nservices = s\n[y]\nregion = d\n\
             [sso-session s]\nsso_region = e\n[services s]\necr =\n  endpoint_url = http://own\n\
             [preview]\nx = y\n[profile \"a b\"]\nregion = i\n",
            "[x]\nregion = f\naws_access_key_id = AKIA\n[z]\nregion = g\n[profile q]\nregion = h\n",
        );
        let profiles = Profiles::load(&surroundings(home.path(), &[]))
            .await
            .unwrap();
        let region = |name| {
            profiles
                .get(name)
                .and_then(|profile| profile.text("region"))
        };
        assert_eq!(region("default"), Some("b"));
        assert_eq!(region("x"), Some("f"), "the file for credentials wins");
        assert_eq!(
            region("y"),
            None,
            "a section without `profile` in the configuration"
        );
        assert_eq!(region("a b"), Some("i"));
        assert_eq!(region("z"), Some("g"));
        assert_eq!(region("q"), None);
        let x = profiles.get("x").unwrap();
        assert_eq!(x.text("aws_access_key_id"), Some("AKIA"));
        assert_eq!(profiles.endpoint(x, "ecr"), Some("http://own"));
        assert_eq!(profiles.endpoint(x, "sts"), None);
        assert_eq!(profiles.session("s").unwrap().text("sso_region"), Some("e"));
    }

    #[tokio::test]
    async fn files_may_be_missing_off_or_elsewhere() {
        let empty = home("", "");
        let here = surroundings(empty.path(), &[]);
        let profiles = Profiles::load(&here).await.unwrap();
        let find = |name: &str, is_chosen| {
            let name = ProfileName {
                name: name.to_owned(),
                is_chosen,
            };
            let why = profiles.find(&name).unwrap_err();
            let shown = why
                .to_string()
                .replace(empty.path().to_str().unwrap(), "HOME");
            (matches!(why, SourceError::NotSet(_)), shown)
        };
        let both = "file HOME/.aws/config not found, and file HOME/.aws/credentials not found";
        assert_eq!(find("default", false), (true, both.to_owned()));
        assert_eq!(
            find("x", true),
            (false, format!("profile \"x\" not found; {both}"))
        );

        std::fs::write(empty.path().join("own"), "[profile x]\nregion = a\n").unwrap();
        const OWN: &[(&str, &str)] = &[
            ("AWS_CONFIG_FILE", "~/own"),
            ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
            ("AWS_PROFILE", "x"),
        ];
        let own = surroundings(empty.path(), OWN);
        let name = ProfileName::find(None, &own);
        assert_eq!((name.name.as_str(), name.is_chosen), ("x", true));
        let profiles = Profiles::load(&own).await.unwrap();
        assert_eq!(profiles.find(&name).unwrap().text("region"), Some("a"));
        assert_eq!(ProfileName::find(Some("y"), &own).name, "y");
        assert!(!ProfileName::find(None, &here).is_chosen);
    }

    #[tokio::test]
    async fn a_broken_file_is_an_error_that_does_not_show_its_text() {
        let home = home("", "[x]\nhush\n");
        let why = Profiles::load(&surroundings(home.path(), &[]))
            .await
            .unwrap_err();
        assert!(matches!(why, SourceError::Failed(_)), "{why}");
        let says = why.to_string();
        assert!(
            says.ends_with("credentials: line 2: neither a [section] nor NAME = VALUE"),
            "{says}"
        );
    }
}
