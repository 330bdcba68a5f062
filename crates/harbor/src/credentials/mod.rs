//! Credentials of Harbor, and their sources.

mod cli_config;
mod environment;
mod id_token;
mod password;
mod settings;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use openapi_transport::{Chain, Error, Secret};

pub(crate) use cli_config::CliConfig;
pub use settings::ChainSettings;

/// Credentials of a caller.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Credentials {
    /// User name and password, of a user, a robot account or the administrator.
    Login(Login),
    /// ID token of the OIDC provider, for a Harbor whose users authenticate with OIDC.
    IdToken(Secret),
}

/// User name and password.
///
/// A robot account's user name has its prefix: `robot$copy` for one of the system, and
/// `robot$team+copy` for one of the project `team`.
///
/// Where users authenticate with OIDC, the CLI secret of a user is no password of the API. Harbor
/// accepts it for images alone.
#[derive(Clone, Debug)]
pub struct Login {
    pub(crate) user: String,
    pub(crate) password: Secret,
}

impl Login {
    /// Makes a login of a user name and a password, or of a robot account's name and secret.
    pub fn new(user: impl Into<String>, password: impl Into<Secret>) -> Self {
        Self {
            user: user.into(),
            password: password.into(),
        }
    }
}

impl From<Login> for Credentials {
    fn from(login: Login) -> Self {
        Self::Login(login)
    }
}

impl Credentials {
    /// Reads the environment: `HARBOR_USERNAME` and `HARBOR_PASSWORD`, or `HARBOR_ID_TOKEN`.
    ///
    /// # Errors
    /// When neither is complete. Names the missing variables.
    pub fn from_env() -> Result<Self, Error> {
        Self::from_variables(|name| std::env::var(name).ok())
    }

    /// Reads the variables of [`from_env`](Self::from_env) with the function `variable`.
    ///
    /// # Errors
    /// When neither is complete. Names the missing variables.
    pub fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Result<Self, Error> {
        let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
        environment::read(variable)
            .map_err(|why| Error::credentials(format!("no credentials for Harbor: {why}")))
    }

    /// Makes a chain of these sources. It keeps the first one that has credentials for the Harbor of
    /// the settings, and never sends a login of another Harbor.
    ///
    /// 1. **environment**: `HARBOR_USERNAME` and `HARBOR_PASSWORD`, or `HARBOR_ID_TOKEN`. If
    ///    `HARBOR_URL` is set, they are for that URL alone.
    /// 2. **harbor-cli**: the configuration of the vendor's program, in the file that
    ///    `HARBOR_CLI_CONFIG` names, or `~/.config/harbor-cli/config.yaml`. Its passwords are encrypted
    ///    with the key in `HARBOR_ENCRYPTION_KEY` or in `~/.harbor/keyring`. The chain does not read
    ///    the system's keyring.
    pub fn default_chain(settings: &ChainSettings) -> Chain<Self> {
        Chain::new(settings.sources())
    }

    /// Returns the user name, which is not secret. A token has none.
    pub fn user(&self) -> Option<&str> {
        match self {
            Self::Login(login) => Some(&login.user),
            Self::IdToken(_) => None,
        }
    }

    /// Returns the value of `Authorization`.
    ///
    /// # Errors
    /// When the user name has a colon, which would end it.
    pub(crate) fn header(&self) -> Result<String, Error> {
        match self {
            Self::IdToken(token) => Ok(format!("Bearer {}", token.expose())),
            Self::Login(Login { user, .. }) if user.contains(':') => Err(Error::credentials(
                format!("invalid user name {user:?}: it has a colon; check user name and password"),
            )),
            Self::Login(Login { user, password }) => {
                let login = STANDARD.encode(format!("{user}:{}", password.expose()));
                Ok(format!("Basic {login}"))
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_header_has_the_login_or_the_token() {
        let robot = Credentials::from(Login::new("robot$copy", "hush"));
        assert_eq!(robot.header().unwrap(), "Basic cm9ib3QkY29weTpodXNo");
        let token = Credentials::IdToken("hush".into());
        assert_eq!(token.header().unwrap(), "Bearer hush");
        let error = Credentials::from(Login::new("admin:hush", "secret"));
        let error = error.header().unwrap_err().to_string();
        assert!(error.contains("it has a colon") && !error.contains("secret"));
        assert!(!format!("{robot:?} {token:?}").contains("hush"));
    }
}
