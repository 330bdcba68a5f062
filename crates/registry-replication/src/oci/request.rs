//! Requests to a registry, with authentication and redirects.

use std::sync::atomic::Ordering;

use openapi_transport::{Answer, Error, Operation, send};

use super::access::{Shown, Target};
use super::login::basic_secrets;
use super::wire::{GET, HEAD, PING, accept};
use super::{Client, redirect, token};

impl Client {
    /// Sends a request for a path below `/v2/`, and authenticates as the registry requires. If the
    /// registry refuses `HEAD`, the answer may be one to `GET`.
    pub(super) async fn ask(
        &self,
        operation: &'static Operation,
        target: &Target,
        path: &str,
    ) -> Result<(Answer, &'static Operation), Error> {
        let url = format!("{}/v2/{path}", self.context.endpoint());
        // Once to learn the challenge, and once to renew a rejected token or login.
        let mut again = 2;
        let (shown, error) = loop {
            let shown = self.access.show(&self.context, target).await;
            let shown = shown.map_err(token::refused)?;
            let Failed { error, redirected } = match self.send(operation, &url, &shown).await {
                Ok(answer) => return Ok((answer, operation)),
                Err(failed) => failed,
            };
            // The login is not for a host that the registry redirects to.
            if error.status() != Some(401) || again == 0 || redirected {
                break (shown, error);
            }
            again -= 1;
            let base = match path.is_empty() {
                true => None,
                false => self.challenge(&error, &shown).await,
            };
            let challenge = base.clone().unwrap_or_else(|| error.clone());
            let refused = self
                .access
                .refused(&self.context, target, &shown, challenge);
            match (refused.await, base) {
                (Ok(()), _) => {}
                // The refusal of the base says nothing about this request.
                (Err(refused), Some(base)) if refused.status() == base.status() => {
                    break (shown, error);
                }
                (Err(error), _) => break (shown, error),
            }
        };
        let error = match error.status() {
            // An answer to `HEAD` has no body, and the reason is in the body.
            Some(status) if operation.id == HEAD.id && is_mute(status) => {
                match self.send(&GET, &url, &shown).await {
                    Ok(answer) => {
                        self.manners.is_get_only.store(true, Ordering::Relaxed);
                        return Ok((answer, &GET));
                    }
                    Err(said) if said.error.status().is_some() => said.error,
                    Err(_) => error,
                }
            }
            _ => error,
        };
        let error = match error.status() {
            // Registries send a code. A server with TLS answers this to a request without.
            Some(400) if self.endpoint().starts_with("http://") && error.code().is_none() => {
                error.with_note("this port may expect TLS")
            }
            _ => error,
        };
        Err(self.access.explain(&self.context, target, error).await)
    }

    /// Returns the refusal of `/v2/`, if the registry sends its challenge only there.
    async fn challenge(&self, refused: &Error, shown: &Shown) -> Option<Error> {
        if !refused.challenges().is_empty() || !matches!(shown, Shown::Nothing) {
            return None;
        }
        let url = format!("{}/v2/", self.context.endpoint());
        let failed = self.send(&PING, &url, shown).await.err()?;
        let is_challenge = !failed.redirected && !failed.error.challenges().is_empty();
        is_challenge.then_some(failed.error)
    }

    /// Sends one request, and follows its redirects.
    async fn send(
        &self,
        operation: &'static Operation,
        url: &str,
        shown: &Shown,
    ) -> Result<Answer, Failed> {
        let http = self.context.http();
        let request = match operation.method == "HEAD" {
            true => http.head(url),
            false => http.get(url),
        };
        let (request, secrets) = match shown {
            Shown::Nothing => (request, Vec::new()),
            Shown::Password { user, password, .. } => (
                request.basic_auth(user, Some(password.expose())),
                basic_secrets(user, password),
            ),
            Shown::Token { text, .. } => (request.bearer_auth(text.expose()), vec![text.clone()]),
        };
        let hidden = |error: Error| secrets.iter().fold(error, Error::without);
        let request = request
            .header("accept", accept(operation))
            .build()
            .map_err(|_| {
                Error::credentials("the login or token has characters that a header cannot hold")
            })?;
        let error = match send(&self.context, operation, request).await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        match error.redirect() {
            None => Err(hidden(error).into()),
            // The target is needed as it is.
            Some(_) => redirect::follow(&self.access, &self.context, operation, url, error)
                .await
                .map_err(|error| Failed {
                    error: hidden(error),
                    redirected: true,
                }),
        }
    }
}

/// Failed request.
struct Failed {
    error: Error,
    /// Whether it failed at another host than the registry's.
    redirected: bool,
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self {
            error,
            redirected: false,
        }
    }
}

/// Whether a status is a refusal that only the answer to `GET` may explain.
fn is_mute(status: u16) -> bool {
    matches!(status, 400..=499) && !matches!(status, 404 | 405 | 408 | 425 | 429)
}
