//! User tokens for an IAM user's name and password.

use openapi_transport::{Error, Secret, Timestamp};
use reqwest::header::HeaderMap;

use crate::credentials::Credentials;
use crate::iam::{self, types};

/// IAM user, and the project that a token is for.
#[derive(Clone, Debug)]
pub struct User {
    /// Name of the account (domain).
    pub domain: String,
    /// Name of the IAM user.
    pub name: String,
    /// The user's password.
    pub password: Secret,
    /// Name of the project, which is the region id.
    pub project: String,
}

/// User token, with its expiry and project.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Token {
    /// The token, for the header `X-Auth-Token`.
    pub secret: Secret,
    /// Expiry, usually after 24 hours.
    pub expires: Option<Timestamp>,
    /// Id of the project.
    pub project_id: Option<String>,
}

impl From<Token> for Credentials {
    fn from(token: Token) -> Self {
        Self::Token(token.secret)
    }
}

/// Makes a user token: IAM's `KeystoneCreateUserTokenByPassword`. The call is not signed.
///
/// # Errors
/// When name or password is wrong, or the answer has no token. Any other error of the call.
pub async fn create(client: &iam::Client, user: &User) -> Result<Token, Error> {
    let body = types::TokenRequest {
        auth: types::PasswordAuth {
            identity: types::PasswordIdentity {
                methods: vec!["password".to_owned()],
                password: types::PasswordCredentials {
                    user: types::PasswordUser {
                        domain: types::DomainName {
                            name: user.domain.clone(),
                        },
                        name: user.name.clone(),
                        password: user.password.clone(),
                    },
                },
            },
            scope: Some(types::AuthScope {
                domain: None,
                project: Some(types::ScopeReference {
                    id: None,
                    name: Some(user.project.clone()),
                }),
            }),
        },
    };
    let answer = client
        .keystone_create_user_token_by_password()
        .nocatalog("true")
        .body(body)
        .send()
        .await?;
    let secret = subject(answer.headers())?;
    let token = answer.into_inner().token;
    let (expires, project) = token.map_or((None, None), |t| (t.expires_at, t.project));
    Ok(Token {
        secret,
        expires,
        project_id: project.and_then(|project| project.id),
    })
}

/// Returns the token from a header of IAM's answer.
pub(crate) fn subject(headers: &HeaderMap) -> Result<Secret, Error> {
    headers
        .get("x-subject-token")
        .and_then(|value| value.to_str().ok())
        .map(Secret::from)
        .ok_or_else(|| Error::credentials("IAM's answer has no token in X-Subject-Token"))
}
