//! As whom a registry is asked.

use registry_transport::{BoxFuture, Lease, Secret, Source, Timestamp, Unavailable};

/// As whom a registry is asked.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub enum Login {
    /// As nobody, who sees public images.
    #[default]
    Anonymous,
    /// With a user name and a password; the vendors' login tokens are such passwords.
    Password {
        /// The user name.
        user: String,
        /// The password.
        password: Secret,
    },
    /// With a token that the registry's token service takes in place of a password; docker calls
    /// it identity token.
    IdentityToken(Secret),
}

impl Login {
    /// With a user name and a password.
    pub fn password(user: impl Into<String>, password: impl Into<Secret>) -> Self {
        Self::Password {
            user: user.into(),
            password: password.into(),
        }
    }

    /// What nothing may show.
    pub(super) fn secret(&self) -> Option<&Secret> {
        match self {
            Self::Anonymous => None,
            Self::Password { password, .. } => Some(password),
            Self::IdentityToken(token) => Some(token),
        }
    }
}

/// What a source says, or nobody, where the source is not set up. One that is and does not work
/// stays an error.
#[derive(Debug)]
pub(super) struct OrNobody<S>(pub(super) S);

impl<S: Source<Login>> Source<Login> for OrNobody<S> {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn load(&self, now: Timestamp) -> BoxFuture<'_, Result<Lease<Login>, Unavailable>> {
        Box::pin(async move {
            match self.0.load(now).await {
                Err(Unavailable::NotSet(_)) => Ok(Lease::lasting(Login::Anonymous)),
                other => other,
            }
        })
    }
}
