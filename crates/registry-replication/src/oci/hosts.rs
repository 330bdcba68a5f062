//! Clients of several registries, by their hosts.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use openapi_transport::{ContextBuilder, Error, HttpSettings, Surroundings, read_file};
use reqwest::Url;

use super::certificates::{self, Certificates};
use super::login::Login;
use super::names;
use super::{Client, DockerConfig};
use crate::connect::Settings;

/// Settings of registries by their hosts, and a [`Client`] for each.
///
/// Without a [`login`](Self::login), a client takes the logins of docker and podman.
///
/// ```
/// use registry_replication::oci::Hosts;
///
/// # fn example() -> Result<(), registry_replication::Error> {
/// let hosts = Hosts::new().plain_http("registry.test:5000");
/// let registry = hosts.client("registry.test:5000")?;
/// assert_eq!(registry.endpoint(), "http://registry.test:5000");
/// # Ok(())
/// # }
/// # example().unwrap();
/// ```
#[derive(Clone, Default)]
pub struct Hosts {
    plain_http: BTreeSet<String>,
    logins: BTreeMap<String, Login>,
    surroundings: Option<Surroundings>,
    roots: Vec<String>,
    roots_of: BTreeMap<String, Vec<String>>,
    /// Folders that may have certificates of hosts.
    certificates: Vec<PathBuf>,
    configure: Option<Configure>,
    /// Clients that were made. Clones of these settings share them.
    clients: Arc<Mutex<BTreeMap<String, Client>>>,
}

type Configure = Arc<dyn Fn(ContextBuilder) -> ContextBuilder + Send + Sync>;

impl Hosts {
    /// Makes settings without a value.
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes settings from those of a connection: its [hosts](Settings::hosts), `plain_http` with hosts
    /// that are called without TLS, separated by commas, the `ca_file` with certificates to trust, and
    /// the access key as the login for the `host`. Without hosts, the certificates of docker and podman
    /// count, too.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn of(settings: &Settings) -> Result<Self, Error> {
        let mut hosts = match settings.known_hosts() {
            Some(hosts) => hosts.clone(),
            None => Self::new().with_docker_certificates(),
        };
        if let Some(file) = settings.get("ca_file") {
            let pem = read_file(file.as_ref()).await;
            let pem = pem.map_err(|error| Error::configuration(error.to_string()))?;
            hosts = hosts.root_certificates(pem);
        }
        let plain = settings.get("plain_http").unwrap_or_default().split(',');
        for host in plain.map(str::trim).filter(|host| !host.is_empty()) {
            hosts = hosts.plain_http(host);
        }
        if let (Some(host), Some((id, secret))) = (settings.get("host"), settings.key()) {
            hosts = hosts.login(host, Login::password(id, secret.clone()));
        }
        Ok(match settings.configured() {
            Some(configure) => hosts.configure(move |context| configure(context)),
            None => hosts,
        })
    }

    /// Calls a host without TLS. Machines on the way can read passwords and tokens. This machine is
    /// called without TLS unless it has [certificates](Self::with_docker_certificates), or there are
    /// [roots](Self::root_certificates). Repeatable.
    #[must_use]
    pub fn plain_http(mut self, host: impl Into<String>) -> Self {
        self.plain_http.insert(key(&host.into()));
        self.unshared()
    }

    /// Whether the host of a URL is [called without TLS](Self::plain_http).
    pub(crate) fn is_plain(&self, url: &str) -> bool {
        let url: Option<Url> = url.parse().ok();
        let Some((url, host)) = url.as_ref().and_then(|url| Some((url, url.host_str()?))) else {
            return false;
        };
        let with_port = url.port().map(|port| format!("{host}:{port}"));
        let mut names = with_port.into_iter().chain([host.to_owned()]);
        names.any(|name| self.plain_http.contains(&key(&name)))
    }

    /// Sets the login for a host. Repeatable.
    #[must_use]
    pub fn login(mut self, host: impl Into<String>, login: Login) -> Self {
        self.logins.insert(key(&host.into()), login);
        self.unshared()
    }

    /// Sets the variables by which the logins of docker and podman are found.
    /// [default: those of the process]
    #[must_use]
    pub fn surroundings(mut self, surroundings: Surroundings) -> Self {
        self.surroundings = Some(surroundings);
        self.unshared()
    }

    /// Trusts the certificates in this PEM text for every host, in addition to those of the system.
    /// Repeatable.
    #[must_use]
    pub fn root_certificates(mut self, pem: impl Into<String>) -> Self {
        self.roots.push(pem.into());
        self.unshared()
    }

    /// Trusts the certificates in this PEM text for one host, in addition to those of the system.
    /// Repeatable.
    #[must_use]
    pub fn host_certificates(mut self, host: impl Into<String>, pem: impl Into<String>) -> Self {
        let roots = self.roots_of.entry(key(&host.into())).or_default();
        roots.push(pem.into());
        self.unshared()
    }

    /// Uses the certificates that docker and podman keep for hosts. The first of these folders counts
    /// that has certificates in a folder `HOST` or `HOST:PORT`:
    ///
    /// 1. `containers/certs.d` in the folder that `XDG_CONFIG_HOME` names, or in `~/.config`,
    /// 2. `docker/certs.d` in the same folder,
    /// 3. `/etc/containers/certs.d`,
    /// 4. `/etc/docker/certs.d`.
    ///
    /// `*.crt` are authorities, and `NAME.cert` is a client certificate with its key in `NAME.key`.
    /// [`client`](Self::client) reads those of its host alone: at most 64 files of 1 MiB, and neither
    /// pipes nor devices. A file that cannot be read is its error, except for a host without TLS.
    #[must_use]
    pub fn with_docker_certificates(mut self) -> Self {
        let around = match &self.surroundings {
            Some(around) => around.clone(),
            None => Surroundings::of_process(),
        };
        self.certificates = certificates::folders(&around);
        self.unshared()
    }

    /// Changes deadlines, limits, clock and other options of every client.
    #[must_use]
    pub fn configure(
        mut self,
        configure: impl Fn(ContextBuilder) -> ContextBuilder + Send + Sync + 'static,
    ) -> Self {
        self.configure = Some(Arc::new(configure));
        self.unshared()
    }

    /// Forgets the clients of the settings before a change.
    fn unshared(mut self) -> Self {
        self.clients = Arc::default();
        self
    }

    /// Returns the client of a host. All calls for one host share a client. Sends nothing.
    ///
    /// # Errors
    /// Those of [`Builder::build`](super::Builder::build).
    pub fn client(&self, host: &str) -> Result<Client, Error> {
        let key = key(host);
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(&key) {
            return Ok(client.clone());
        }
        let mut builder = Client::builder(host);
        builder = match (self.logins.get(&key), &self.surroundings) {
            (Some(login), _) => builder.login(login.clone()),
            (None, Some(around)) => {
                builder.docker_config_from(DockerConfig::new(host, around.clone()))
            }
            (None, None) => builder.docker_config(),
        };
        let found = match self.plain_http.contains(&key) {
            true => {
                builder = builder.tls(false);
                None
            }
            false => {
                Certificates::of_host(&self.certificates, host).map_err(Error::configuration)?
            }
        };
        let own = self.roots_of.get(&key).into_iter().flatten();
        let roots: Vec<String> = self.roots.iter().chain(own).cloned().collect();
        // Certificates to trust have no use without TLS.
        let is_plain = self.plain_http.contains(&key);
        if found.is_some() || (!roots.is_empty() && !is_plain) {
            builder = builder.tls(true);
        }
        let configure = self.configure.clone();
        builder = builder.configure(move |context| {
            let context = match configure {
                Some(configure) => configure(context),
                None => context,
            };
            let roots = roots.into_iter();
            let http = roots.fold(context.http_set(), HttpSettings::root_certificates);
            context.http(match found {
                Some(certificates) => certificates.add_to(http),
                None => http,
            })
        });
        let client = builder.build()?;
        clients.insert(key, client.clone());
        Ok(client)
    }
}

/// Returns a host in the form for comparison.
fn key(host: &str) -> String {
    let host = host.to_ascii_lowercase();
    names::api_host(&host).to_owned()
}

impl fmt::Debug for Hosts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hosts")
            .field("plain_http", &self.plain_http)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_plain_if_its_own_host_is_named() {
        let hosts = Hosts::new()
            .plain_http("registry.example:8080")
            .plain_http("other.example");
        for (url, is_plain) in [
            ("http://registry.example:8080", true),
            ("http://registry.example:8081", false),
            ("http://registry.example", false),
            ("http://other.example", true),
            ("http://other.example:8080/path", true),
            ("http://third.example", false),
            ("http://third.example/other.example", false),
            ("http://other.example@third.example", false),
            ("other.example", false),
        ] {
            assert_eq!(hosts.is_plain(url), is_plain, "{url}");
        }
    }
}
