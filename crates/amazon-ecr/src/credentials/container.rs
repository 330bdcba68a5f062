//! Credentials of a container's role: tasks of ECS, and pods of EKS with Pod Identity.

use std::time::Duration;

use http::Method;
use openapi_transport::{
    Answer, BoxFuture, Lease, Secret, Source, SourceError, Timestamp, plain_request,
    read_secret_file,
};
use reqwest::Url;

use super::{ChainSettings, Credentials, fields};
use crate::profile::expand;

const RELATIVE_URI: &str = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";
const FULL_URI: &str = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
const TOKEN_FILE: &str = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE";
const TOKEN: &str = "AWS_CONTAINER_AUTHORIZATION_TOKEN";

/// Addresses of the agents of ECS and EKS, which may be asked by plain HTTP.
const AGENTS: [&str; 3] = ["169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"];

/// Time limit of a request, which stays on this machine or its network.
const DEADLINE: Duration = Duration::from_secs(3);
/// Requests to an agent that is busy or starting.
const ATTEMPTS: u32 = 3;

#[derive(Debug)]
pub(super) struct Container(pub(super) ChainSettings);

impl Source<Credentials> for Container {
    fn name(&self) -> &'static str {
        "container"
    }

    fn load(&self, _: Timestamp) -> BoxFuture<'_, Result<Lease<Credentials>, SourceError>> {
        Box::pin(self.0.role_of_container())
    }
}

impl ChainSettings {
    /// Returns credentials of the role of this container.
    pub(super) async fn role_of_container(&self) -> Result<Lease<Credentials>, SourceError> {
        let variable = |name| self.surroundings.variable(name);
        let url = match (variable(RELATIVE_URI), variable(FULL_URI)) {
            (Some(path), _) => beside(&self.container, &path)?,
            (None, Some(url)) => allowed(&url)?,
            (None, None) => {
                let why = format!("neither {RELATIVE_URI} nor {FULL_URI} is set");
                return Err(SourceError::not_set(why));
            }
        };
        let token = self.container_token().await?;
        let mut headers = vec![("accept", "application/json")];
        headers.extend(
            token
                .as_ref()
                .map(|token| ("authorization", token.expose())),
        );
        let answer = self.ask_agent(&url, &headers).await?;
        fields::read(&answer).map_err(|why| {
            // The query of a URL may be secret.
            let shown = format!("{}{}", url.origin().ascii_serialization(), url.path());
            SourceError::failed(format!("{shown}: {why}"))
        })
    }

    /// Returns the token that the agent wants to see. Its file comes first, because its text changes.
    async fn container_token(&self) -> Result<Option<Secret>, SourceError> {
        let token = match self.surroundings.variable(TOKEN_FILE) {
            Some(file) => {
                let file = expand(&self.surroundings, &file)?;
                let text = read_secret_file(&file).await;
                Some(text.map_err(|why| SourceError::failed(format!("{TOKEN_FILE}: {why}")))?)
            }
            None => self.surroundings.variable(TOKEN),
        };
        let Some(token) = token else {
            return Ok(None);
        };
        let token = token.trim();
        if token.is_empty() || token.chars().any(char::is_control) {
            return Err(SourceError::failed(
                "invalid authorization token: it is empty or has a line break",
            ));
        }
        Ok(Some(Secret::from(token)))
    }

    async fn ask_agent(
        &self,
        url: &Url,
        headers: &[(&'static str, &str)],
    ) -> Result<Answer, SourceError> {
        let mut attempt = 1;
        loop {
            let answer = plain_request(Method::GET, url.as_str(), headers, DEADLINE).await;
            let passes = match &answer {
                Ok(answer) => answer.status.as_u16() == 429 || answer.status.is_server_error(),
                // The variables name the service, so it is only not there yet.
                Err(SourceError::NotSet(_)) => true,
                Err(_) => false,
            };
            if !passes || attempt == ATTEMPTS {
                return answer.map_err(|why| SourceError::failed(why.to_string()));
            }
            self.clock
                .sleep(Duration::from_millis(100 << attempt))
                .await;
            attempt += 1;
        }
    }
}

/// Returns the URL of a path at the agent.
fn beside(agent: &str, path: &str) -> Result<Url, SourceError> {
    let invalid = || SourceError::failed(format!("invalid {RELATIVE_URI}; expected a path"));
    if !path.starts_with('/') {
        return Err(invalid());
    }
    Url::parse(&format!("{agent}{path}")).map_err(|_| invalid())
}

/// Returns a URL to which a token may go: encrypted, on this machine, or at an agent of the vendor.
fn allowed(url: &str) -> Result<Url, SourceError> {
    let invalid = |why: &str| SourceError::failed(format!("invalid {FULL_URI}: {why}"));
    let url = Url::parse(url).map_err(|_| invalid("expected an http or https URL"))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(invalid("it must not hold a user name or password"));
    }
    let host = url.host_str().unwrap_or_default();
    match url.scheme() {
        "https" => Ok(url),
        "http" if AGENTS.contains(&host) || is_loopback(host) => Ok(url),
        "http" => Err(invalid(
            "plain http goes only to this machine and to the agents of ECS and EKS; use https",
        )),
        _ => Err(invalid("expected an http or https URL")),
    }
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    let address = address.parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_token_goes_to_allowed_hosts_only() {
        for url in [
            "https://agent.example/x",
            "http://localhost:8080/x",
            "http://127.0.0.1:8080/x",
            "http://127.1.2.3/x",
            "http://[::1]/x",
            "http://169.254.170.2/v2/credentials",
            "http://169.254.170.23/v1/credentials",
            "http://[fd00:ec2::23]/v1/credentials",
            "http://[FD00:0EC2::0023]/v1/credentials",
        ] {
            assert!(allowed(url).is_ok(), "{url}");
        }
        for url in [
            "",
            "/v2",
            "ftp://127.0.0.1/",
            "http://agent.example/x",
            "http://169.254.169.254/x",
            "http://169.254.170.23.example/x",
            "http://localhost.example/x",
            "http://127.0.0.1@agent.example/x",
            "http://user:hush@127.0.0.1/x",
            "http://[fd00:ec2::24]/x",
            "http://0.0.0.0/",
        ] {
            let why = allowed(url).unwrap_err().to_string();
            assert!(why.contains(FULL_URI) && !why.contains("hush"), "{why}");
        }
    }

    #[test]
    fn a_path_cannot_change_the_agent() {
        let agent = "http://169.254.170.2";
        for path in [
            "",
            "v2/x",
            "@agent.example/x",
            ":80@agent.example/",
            ".example/x",
        ] {
            assert!(beside(agent, path).is_err(), "{path}");
        }
        for path in ["/v2/x?a=b", "//agent.example/x", "/@agent.example"] {
            let url = beside(agent, path).map(|url| url.host_str().map(str::to_owned));
            assert_eq!(url, Ok(Some("169.254.170.2".to_owned())), "{path}");
        }
    }
}
