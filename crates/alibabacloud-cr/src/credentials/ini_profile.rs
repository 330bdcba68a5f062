//! Section of the SDKs' shared profile file.

use std::path::{Path, PathBuf};

use configparser::ini::Ini;
use openapi_transport::{BoxFuture, Lease, Source, SourceError, Timestamp, read_secret_file};

use super::role::{IdentityToken, Role};
use super::{ChainSettings, Credentials, PROFILE, named_file, no_home};

const FILE: &str = "ALIBABA_CLOUD_CREDENTIALS_FILE";
/// Files below the home directory that the SDKs of Go and of Python read.
const IN_HOME: [&str; 2] = [".alibabacloud/credentials", ".alibabacloud/credentials.ini"];
/// Name under which the parser keeps lines before the first section. No section can have this name.
const NOWHERE: &str = "]";

#[derive(Debug)]
pub(super) struct IniProfile(pub(super) ChainSettings);

impl Source<Credentials> for IniProfile {
    fn name(&self) -> &'static str {
        "profile file"
    }

    fn load(&self, now: Timestamp) -> BoxFuture<'_, Result<Lease<Credentials>, SourceError>> {
        Box::pin(async move {
            let (file, text) = self.open().await?;
            self.read(text, now).await.map_err(|why| {
                let file = file.display();
                SourceError::failed(format!("{file}: {why}"))
            })
        })
    }
}

impl IniProfile {
    async fn open(&self) -> Result<(PathBuf, String), SourceError> {
        let surroundings = &self.0.surroundings;
        if let Some(named) = named_file(surroundings, FILE).await? {
            return Ok(named);
        }
        let [first, second] = IN_HOME.map(|file| surroundings.in_home(file));
        let (first, second) = first.zip(second).ok_or_else(no_home)?;
        match read_secret_file(&first).await {
            Ok(text) => return Ok((first, text)),
            Err(SourceError::NotSet(_)) => {}
            Err(why) => return Err(why),
        }
        match read_secret_file(&second).await {
            Ok(text) => Ok((second, text)),
            Err(SourceError::NotSet(why)) => Err(SourceError::not_set(format!(
                "file {} not found, and {why}",
                first.display()
            ))),
            Err(why) => Err(why),
        }
    }

    async fn read(&self, text: String, now: Timestamp) -> Result<Lease<Credentials>, SourceError> {
        let named = self.0.surroundings.variable(PROFILE);
        let name = named.as_deref().unwrap_or("default");
        let ini = parse(text)?;
        if !ini.sections().iter().any(|section| section == name) {
            return Err(SourceError::failed(format!("section [{name}] not found")));
        }
        let section = Section { ini: &ini, name };
        self.of_section(section, now)
            .await
            .map_err(|why| SourceError::failed(format!("section [{name}]: {why}")))
    }

    async fn of_section(
        &self,
        section: Section<'_>,
        now: Timestamp,
    ) -> Result<Lease<Credentials>, SourceError> {
        let key = || {
            let id = section.needed("access_key_id")?;
            let secret = section.needed("access_key_secret")?;
            Ok::<_, SourceError>(Credentials::new(id, secret))
        };
        let role = || Role {
            arn: section.text("role_arn"),
            session: section.text("role_session_name"),
            policy: section.text("policy"),
            ..Role::default()
        };
        match section.needed("type")?.as_str() {
            "access_key" => Ok(Lease::lasting(key()?)),
            "ram_role_arn" => self.0.assume_role(key()?, &role(), now).await,
            "ecs_ram_role" => {
                let name = section.text("role_name");
                self.0.role_of_instance(name.as_deref()).await
            }
            "oidc_role_arn" => {
                let provider = section.needed("oidc_provider_arn")?;
                let file = section.needed("oidc_token_file_path")?;
                let token = IdentityToken {
                    provider_arn: &provider,
                    file: Path::new(&file),
                };
                self.0.assume_role_with_token(token, &role(), now).await
            }
            kind => Err(SourceError::failed(format!(
                "unsupported type {kind:?}; use access_key, ram_role_arn, ecs_ram_role or \
                 oidc_role_arn"
            ))),
        }
    }
}

/// Section of the file. Section names are case-sensitive and keys are not, as in the vendor's SDKs.
#[derive(Clone, Copy)]
struct Section<'a> {
    ini: &'a Ini,
    name: &'a str,
}

impl Section<'_> {
    fn text(&self, key: &str) -> Option<String> {
        let section = self.ini.get_map_ref().get(self.name)?;
        let (_, value) = section
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(key))?;
        value.clone().filter(|value| !value.is_empty())
    }

    fn needed(&self, key: &str) -> Result<String, SourceError> {
        self.text(key)
            .ok_or_else(|| SourceError::failed(format!("{key} is not set")))
    }
}

fn parse(text: String) -> Result<Ini, SourceError> {
    let mut ini = Ini::new_cs();
    ini.set_default_section(NOWHERE);
    ini.set_comment_symbols(&['#', ';']);
    // A policy may hold semicolons.
    ini.set_inline_comment_symbols(Some(&['#']));
    ini.read(text)
        .map_err(|why| SourceError::failed(format!("invalid INI file: {why}")))?;
    if ini.sections().iter().any(|section| section == NOWHERE) {
        return Err(SourceError::failed(
            "invalid INI file: text before the first [section]",
        ));
    }
    Ok(ini)
}
