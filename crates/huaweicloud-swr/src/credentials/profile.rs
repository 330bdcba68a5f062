//! Profile file of the vendor's SDKs.

use std::path::{Path, PathBuf};

use configparser::ini::{Ini, IniDefault};
use openapi_transport::{
    BoxFuture, Lease, Secret, Source, SourceError, Surroundings, Timestamp, read_secret_file,
};

use super::federation::Federation;
use super::{AccessKey, ChainSettings, Credentials, pair};

const FILE: &str = "HUAWEICLOUD_SDK_CREDENTIALS_FILE";
/// Path of the default file below the home directory.
const DEFAULT_FILE: &str = ".huaweicloud/credentials";

/// The profile file of the vendor's SDKs: the file that `HUAWEICLOUD_SDK_CREDENTIALS_FILE` names,
/// or `~/.huaweicloud/credentials`.
///
/// The section `[basic]` is for a project (`project_id`). Without it, `[global]` is for the account
/// (`domain_id`). Both have `ak` and `sk`, optionally with `security_token`; or `idp_id` and
/// `id_token_file`, optionally with `iam_endpoint`, which work as in [`Oidc`](super::Oidc).
#[derive(Clone, Debug)]
pub struct Profile {
    surroundings: Surroundings,
    federation: Federation,
}

impl Profile {
    /// Finds the file in the settings' surroundings.
    pub fn new(settings: &ChainSettings) -> Self {
        Self {
            surroundings: settings.surroundings.clone(),
            federation: Federation::new(settings),
        }
    }

    async fn read(&self) -> Result<(PathBuf, String), SourceError> {
        if let Some(file) = self.surroundings.variable(FILE) {
            let file = PathBuf::from(file);
            // The user has named the file, so a missing file is an error.
            let text = read_secret_file(&file)
                .await
                .map_err(|why| SourceError::failed(format!("{FILE}: {why}")))?;
            return Ok((file, text));
        }
        let file = self.surroundings.in_home(DEFAULT_FILE).ok_or_else(|| {
            SourceError::not_set(format!(
                "set {FILE}; there is no home directory to look for {DEFAULT_FILE} in"
            ))
        })?;
        let text = read_secret_file(&file).await?;
        Ok((file, text))
    }

    async fn lease(&self, now: Timestamp) -> Result<Lease<Credentials>, SourceError> {
        let (file, text) = self.read().await?;
        let section = Section::of(&file, &text)?;
        let value = |key: &str| section.value(key);
        let at = |why: SourceError| section.failed(&why.to_string());
        let scoped = |mut key: AccessKey| {
            key.project_id = value("project_id").filter(|_| section.name == BASIC);
            key.domain_id = value("domain_id").filter(|_| section.name == GLOBAL);
            Credentials::from(key)
        };
        if let Some((idp_id, id_token_file)) =
            pair(("idp_id", "id_token_file"), value).map_err(at)?
        {
            let key = self
                .federation
                .key(&idp_id, &id_token_file, value("iam_endpoint"), now);
            let (key, expires) = key.await.map_err(at)?;
            return Ok(Lease::until(scoped(key), expires));
        }
        let Some((id, secret)) = pair(("ak", "sk"), value).map_err(at)? else {
            return Err(section.failed("it has neither ak and sk nor idp_id and id_token_file"));
        };
        let mut key = AccessKey::new(id, secret);
        key.security_token = value("security_token").map(Secret::from);
        Ok(Lease::lasting(scoped(key)))
    }
}

impl Source<Credentials> for Profile {
    fn name(&self) -> &'static str {
        "profile file"
    }

    fn load(&self, now: Timestamp) -> BoxFuture<'_, Result<Lease<Credentials>, SourceError>> {
        Box::pin(self.lease(now))
    }
}

const BASIC: &str = "basic";
const GLOBAL: &str = "global";

/// Section that is used.
struct Section<'a> {
    file: &'a Path,
    name: &'static str,
    ini: Ini,
}

impl<'a> Section<'a> {
    fn of(file: &'a Path, text: &str) -> Result<Self, SourceError> {
        let failed = |why: &str| SourceError::failed(format!("{}: {why}", file.display()));
        let mut form = IniDefault::default();
        // A secret may contain the characters that begin a comment.
        form.enable_inline_comments = false;
        // Some editors begin a file with a byte order mark.
        let text = text.trim_start_matches('\u{feff}');
        let mut ini = Ini::new_from_defaults(form);
        // The parser's error has the line number and the kind of error, and no text of the line.
        let sections = ini.read(text.to_owned()).map_err(|why| failed(&why))?;
        let (name, section) = [BASIC, GLOBAL]
            .into_iter()
            .find_map(|name| Some((name, sections.get(name)?)))
            .ok_or_else(|| failed("it has no section [basic] and no section [global]"))?;
        if section.values().any(Option::is_none) {
            return Err(failed(&format!("[{name}]: a line has no = in it")));
        }
        Ok(Self { file, name, ini })
    }

    /// Returns a value. An empty value counts as missing.
    fn value(&self, key: &str) -> Option<String> {
        self.ini
            .get(self.name, key)
            .filter(|value| !value.is_empty())
    }

    fn failed(&self, why: &str) -> SourceError {
        SourceError::failed(format!("{}: [{}]: {why}", self.file.display(), self.name))
    }
}
