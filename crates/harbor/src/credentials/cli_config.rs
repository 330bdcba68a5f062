//! Configuration of harbor-cli, the vendor's program.

use std::path::{Path, PathBuf};

use openapi_transport::{
    BoxFuture, Lease, Source, SourceError, Surroundings, Timestamp, read_secret_file,
};
use serde::Deserialize;

use super::password::Key;
use super::{ChainSettings, Credentials, Login};
use crate::endpoints;

/// Variable with the path of the file.
const FILE: &str = "HARBOR_CLI_CONFIG";

/// File below the folder of configurations.
const DEFAULT_FILE: &str = "harbor-cli/config.yaml";

/// Configuration of harbor-cli, with the file that it is from.
#[derive(Debug)]
pub(crate) struct CliConfig {
    file: PathBuf,
    content: Content,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Content {
    #[serde(rename = "current-credential-name")]
    current: Option<String>,
    credentials: Option<Vec<Entry>>,
}

/// Login of one Harbor. Its password is encrypted.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Entry {
    name: Option<String>,
    username: Option<String>,
    password: Option<String>,
    serveraddress: Option<String>,
}

// The password does not belong into a debug output, even though it is encrypted.
impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Entry").field("name", &self.name).finish()
    }
}

impl Entry {
    fn name(&self) -> &str {
        self.name.as_deref().unwrap_or_default()
    }

    /// Returns the URL, unless it is invalid.
    fn url(&self) -> Option<String> {
        endpoints::check(self.serveraddress.as_deref()?).ok()
    }
}

impl CliConfig {
    /// Reads the file.
    pub(crate) async fn read(surroundings: &Surroundings) -> Result<Self, SourceError> {
        let (file, text) = match surroundings.variable(FILE) {
            Some(file) => {
                let file = PathBuf::from(file);
                // The user has named the file, so a missing file is an error.
                let text = read_secret_file(&file).await;
                let text = text.map_err(|why| SourceError::failed(format!("{FILE}: {why}")))?;
                (file, text)
            }
            None => {
                let file = default_file(surroundings).ok_or_else(|| {
                    SourceError::not_set(format!(
                        "set {FILE}; there is no home directory to look for {DEFAULT_FILE} in"
                    ))
                })?;
                let text = read_secret_file(&file).await?;
                (file, text)
            }
        };
        Self::parse(file, &text)
    }

    fn parse(file: PathBuf, text: &str) -> Result<Self, SourceError> {
        match serde_saphyr::from_str::<Option<Content>>(text) {
            Ok(content) => Ok(Self {
                file,
                content: content.unwrap_or_default(),
            }),
            // The parser's error quotes the file.
            Err(_) => Err(SourceError::failed(format!(
                "{}: invalid configuration of harbor-cli: expected YAML with credentials",
                file.display()
            ))),
        }
    }

    /// Returns the URL of the current credential.
    pub(crate) fn current_url(&self) -> Result<String, SourceError> {
        let current = self
            .current()
            .ok_or_else(|| self.not_set("it has no current credential; run `harbor login`"))?;
        current.url().ok_or_else(|| {
            let name = current.name();
            self.failed(&format!("credential {name:?} has no valid serveraddress"))
        })
    }

    fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.content.credentials.iter().flatten()
    }

    fn current(&self) -> Option<&Entry> {
        let name = self.content.current.as_deref()?;
        self.entries().find(|entry| entry.name() == name)
    }

    /// Returns the credential for a Harbor: the current one if it is for it, or else the first.
    fn of(&self, endpoint: &str) -> Option<&Entry> {
        let fits = |entry: &&Entry| {
            entry
                .url()
                .is_some_and(|url| endpoints::is_same(&url, endpoint))
        };
        let first = || self.entries().find(fits);
        self.current().filter(fits).or_else(first)
    }

    fn failed(&self, why: &str) -> SourceError {
        SourceError::failed(format!("{}: {why}", self.file.display()))
    }

    fn not_set(&self, what: &str) -> SourceError {
        SourceError::not_set(format!("{}: {what}", self.file.display()))
    }
}

fn default_file(surroundings: &Surroundings) -> Option<PathBuf> {
    match surroundings.variable("XDG_CONFIG_HOME") {
        Some(folder) => Some(Path::new(&folder).join(DEFAULT_FILE)),
        None => Some(surroundings.in_home(".config")?.join(DEFAULT_FILE)),
    }
}

/// Source of the login that harbor-cli has for a Harbor.
#[derive(Debug)]
pub(super) struct HarborCli(pub(super) ChainSettings);

impl Source<Credentials> for HarborCli {
    fn name(&self) -> &'static str {
        "harbor-cli"
    }

    fn load(&self, _: Timestamp) -> BoxFuture<'_, Result<Lease<Credentials>, SourceError>> {
        Box::pin(self.lease())
    }
}

impl HarborCli {
    async fn lease(&self) -> Result<Lease<Credentials>, SourceError> {
        let ChainSettings {
            endpoint,
            surroundings,
        } = &self.0;
        let config = CliConfig::read(surroundings).await?;
        let entry = config
            .of(endpoint)
            .ok_or_else(|| config.not_set(&format!("it has no credential for {endpoint}")))?;
        let name = entry.name();
        let within = |why: &str| config.failed(&format!("credential {name:?}: {why}"));
        let (Some(user), Some(password)) = (&entry.username, &entry.password) else {
            return Err(within("it lacks one of username and password"));
        };
        let key = Key::find(surroundings).await;
        let key = key.map_err(|why| within(&why.to_string()))?;
        let password = key
            .decrypt(password)
            .map_err(|why| within(&format!("cannot decrypt the password: {why}")))?;
        Ok(Lease::lasting(Login::new(user, password).into()))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const TEXT: &str = "\
configurations: {}
credentials:
    - name: admin@registry-example
      username: admin
      password: first
      serveraddress: https://registry.example
    - name: robot@registry-example
      username: robot$copy
      password: second
      serveraddress: https://registry.example/
    - name: admin@other-example
      username: admin
      password: third
      serveraddress: https://other.example
current-credential-name: robot@registry-example
";

    fn config(text: &str) -> CliConfig {
        CliConfig::parse("config.yaml".into(), text).unwrap()
    }

    #[test]
    fn a_login_is_for_its_own_server() {
        let user = |config: &CliConfig, endpoint: &str| {
            let entry = config.of(endpoint);
            entry.map(|entry| entry.username.clone().unwrap())
        };
        let found = config(TEXT);
        let (ours, other) = ("https://registry.example", "https://other.example");
        assert_eq!(user(&found, ours).as_deref(), Some("robot$copy"), "current");
        assert_eq!(user(&found, other).as_deref(), Some("admin"));
        assert_eq!(user(&found, "https://third.example"), None);
        assert_eq!(user(&found, "http://registry.example"), None);
        assert_eq!(found.current_url().unwrap(), ours);
    }

    #[test]
    fn a_file_without_a_login_says_so_and_shows_nothing() {
        for text in ["", "credentials: []\n", "current-credential-name: gone\n"] {
            let why = config(text).current_url().unwrap_err();
            let expected = "config.yaml: it has no current credential; run `harbor login`";
            assert_eq!(why, SourceError::not_set(expected), "{text}");
        }
        let error = CliConfig::parse("config.yaml".into(), "credentials: hush").unwrap_err();
        assert!(!error.to_string().contains("hush"), "{error}");
        assert!(!format!("{:?}", config(TEXT)).contains("second"));
    }
}
