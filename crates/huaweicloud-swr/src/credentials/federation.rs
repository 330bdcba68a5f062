//! Temporary keys for the ID token of an OpenID Connect provider.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use openapi_transport::{
    BoxFuture, Clock, Context, Error, ErrorKind, HttpSettings, Lease, Secret, Source, SourceError,
    Surroundings, Timestamp, read_secret_file,
};

use super::{AccessKey, ChainSettings, Credentials, environment, pair, temporary, until};
use crate::iam::{self, types};
use crate::{Huaweicloud, endpoints};

const IDP_ID: &str = "HUAWEICLOUD_SDK_IDP_ID";
const ID_TOKEN_FILE: &str = "HUAWEICLOUD_SDK_ID_TOKEN_FILE";

/// Requested lifetime of a key in seconds: 6 hours, as in the vendor's SDKs.
const DURATION: i64 = 6 * 60 * 60;

/// Limit of an answer, in bytes. IAM sends less.
const MAX_ANSWER: usize = 1 << 20;

/// OpenID Connect provider as a source. `HUAWEICLOUD_SDK_IDP_ID` names the provider, and
/// `HUAWEICLOUD_SDK_ID_TOKEN_FILE` names the file with the current ID token.
///
/// IAM exchanges the ID token for a token, and that for an access key that is valid for 6 hours.
/// The source reads the file each time.
#[derive(Clone, Debug)]
pub struct Oidc {
    surroundings: Surroundings,
    federation: Federation,
}

impl Oidc {
    /// Reads the variables of the settings' surroundings, and calls the IAM that they name.
    pub fn new(settings: &ChainSettings) -> Self {
        Self {
            surroundings: settings.surroundings.clone(),
            federation: Federation::new(settings),
        }
    }
}

impl Source<Credentials> for Oidc {
    fn name(&self) -> &'static str {
        "OpenID Connect"
    }

    fn load(&self, now: Timestamp) -> BoxFuture<'_, Result<Lease<Credentials>, SourceError>> {
        Box::pin(async move {
            let variable = |name: &str| self.surroundings.variable(name);
            let Some((idp_id, file)) = pair((IDP_ID, ID_TOKEN_FILE), variable)? else {
                return Err(SourceError::not_set(format!(
                    "set {IDP_ID} and {ID_TOKEN_FILE}"
                )));
            };
            let (key, expires) = self.federation.key(&idp_id, &file, None, now).await?;
            Ok(until((environment::scoped(key, variable), expires)))
        })
    }
}

/// Exchange of an ID token for a key at IAM.
#[derive(Clone, Debug)]
pub(super) struct Federation {
    surroundings: Surroundings,
    region: Option<String>,
    clock: Arc<dyn Clock>,
    http: HttpSettings,
}

impl Federation {
    pub(super) fn new(settings: &ChainSettings) -> Self {
        Self {
            surroundings: settings.surroundings.clone(),
            region: settings.region.clone(),
            clock: settings.clock.clone(),
            http: settings.http.clone(),
        }
    }

    /// Makes a key. `endpoint` takes precedence over the environment and the region.
    pub(super) async fn key(
        &self,
        idp_id: &str,
        id_token_file: &str,
        endpoint: Option<String>,
        now: Timestamp,
    ) -> Result<(AccessKey, Timestamp), SourceError> {
        let id_token = id_token(Path::new(id_token_file)).await?;
        let answer = self.exchange(idp_id, id_token, endpoint).await;
        let answer = answer.map_err(|error| SourceError::failed(error.to_string()))?;
        temporary(answer.credential, now)
            .map_err(|why| SourceError::failed(format!("CreateTemporaryAccessKeyByToken: {why}")))
    }

    async fn exchange(
        &self,
        idp_id: &str,
        id_token: Secret,
        endpoint: Option<String>,
    ) -> Result<types::TemporaryKeyAnswer, Error> {
        let endpoint = match endpoint {
            Some(endpoint) => endpoint,
            None => endpoints::iam_in(&self.surroundings, self.region.as_deref())?,
        };
        let client = |provider: Huaweicloud| {
            Context::builder(&endpoint, Arc::new(provider))
                .clock(self.clock.clone())
                .http(self.http.clone())
                .attempt_deadline(Duration::from_secs(5))
                .deadline(Duration::from_secs(10))
                .max_answer_bytes(MAX_ANSWER)
                .build()
                .map(iam::Client::new)
        };
        let answer = client(Huaweicloud::anonymous())?
            .create_token_with_id_token()
            .x_idp_id(idp_id)
            .body(types::IdTokenRequest {
                auth: types::IdTokenAuth {
                    id_token: types::IdToken { id: id_token },
                    scope: None,
                },
            })
            .send()
            .await?;
        let token = crate::token::subject(answer.headers())?;
        let answer = client(Huaweicloud::new(Credentials::Token(token)))?
            .create_temporary_access_key_by_token()
            .body(types::TemporaryKeyRequest {
                auth: types::TemporaryKeyAuth {
                    identity: types::TokenIdentity {
                        methods: vec!["token".to_owned()],
                        token: Some(types::IdentityToken {
                            duration_seconds: Some(DURATION),
                            id: None,
                        }),
                    },
                },
            })
            .send()
            .await
            .map_err(|error| match Error::from(error) {
                // Its text may quote the undecodable value, which may be the secret.
                error if error.kind() == ErrorKind::Undecodable => Error::credentials(
                    "CreateTemporaryAccessKeyByToken: the answer is not the JSON of a key",
                ),
                error => error,
            })?;
        Ok(answer.into_inner())
    }
}

async fn id_token(file: &Path) -> Result<Secret, SourceError> {
    // The user has named the file, so a missing file is an error.
    let text = read_secret_file(file)
        .await
        .map_err(|why| SourceError::failed(format!("ID token: {why}")))?;
    match text.trim() {
        "" => Err(SourceError::failed(format!(
            "ID token: the file {} is empty",
            file.display()
        ))),
        token => Ok(Secret::from(token)),
    }
}
