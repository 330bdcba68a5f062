//! Certificates of hosts, in the folders of docker and podman.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io;
use std::path::{Path, PathBuf};

use openapi_transport::{
    HttpSettings, Secret, SourceError, Surroundings, read_file, read_secret_file,
};

/// Number of hosts, and of files of a host, that are read at most.
const MANY: usize = 256;

/// Certificates of one host.
#[derive(Clone, Debug, Default)]
pub(super) struct Certificates {
    /// PEM texts of authorities that are trusted in addition to those of the system.
    roots: Vec<String>,
    /// Client certificate and its key.
    identity: Option<(String, Secret)>,
}

/// Certificates by host, or why those of a host cannot be read.
pub(super) type ByHost = BTreeMap<String, Result<Certificates, String>>;

impl Certificates {
    pub(super) fn add_to(&self, http: HttpSettings) -> HttpSettings {
        let roots = self.roots.iter();
        let http = roots.fold(http, |http, pem| http.root_certificates(pem.as_str()));
        match &self.identity {
            Some((chain, key)) => http.client_certificate(chain.as_str(), key.clone()),
            None => http,
        }
    }

    /// Reads the folder of a host: authorities in `*.crt`, a client certificate in `NAME.cert` with
    /// its key in `NAME.key`.
    async fn read(folder: &Path) -> Result<Self, String> {
        let files = entries(folder).await;
        let files = files.map_err(|error| format!("cannot read {}: {error}", folder.display()))?;
        let failed = |error: SourceError| error.to_string();
        let mut all = Self::default();
        for file in files {
            match file.extension().and_then(|extension| extension.to_str()) {
                Some("crt") => all.roots.push(read_file(&file).await.map_err(failed)?),
                Some("cert") if all.identity.is_none() => {
                    let chain = read_file(&file).await.map_err(failed)?;
                    let key = read_secret_file(&file.with_extension("key")).await;
                    all.identity = Some((chain, Secret::from(key.map_err(failed)?)));
                }
                _ => {}
            }
        }
        Ok(all)
    }
}

/// Reads the certificates of all hosts. If several folders have a host, the first one counts.
pub(super) async fn read(around: &Surroundings) -> ByHost {
    let mut all = ByHost::new();
    for folder in folders(around) {
        // A folder that is missing or belongs to another user is no fault.
        for host in entries(&folder).await.unwrap_or_default() {
            let name = host.file_name().and_then(|name| name.to_str());
            let Some(name) = name.map(str::to_ascii_lowercase) else {
                continue;
            };
            if let Entry::Vacant(entry) = all.entry(name) {
                entry.insert(Certificates::read(&host).await);
            }
        }
    }
    all
}

fn folders(around: &Surroundings) -> Vec<PathBuf> {
    let config = around.variable("XDG_CONFIG_HOME").map(PathBuf::from);
    let config = config.or_else(|| around.in_home(".config"));
    let own = ["containers/certs.d", "docker/certs.d"];
    let own = config
        .iter()
        .flat_map(|config| own.map(|name| config.join(name)));
    let shared = ["/etc/containers/certs.d", "/etc/docker/certs.d"];
    own.chain(shared.map(PathBuf::from)).collect()
}

/// Returns what a folder contains, sorted, up to the limit.
async fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let folder = folder.to_owned();
    let listing = tokio::task::spawn_blocking(move || {
        let entries = std::fs::read_dir(folder)?.take(MANY);
        let mut paths: Vec<_> = entries
            .map(|entry| Ok(entry?.path()))
            .collect::<io::Result<_>>()?;
        paths.sort();
        Ok(paths)
    });
    listing.await.map_err(io::Error::other)?
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn folders_of_docker_and_podman_are_read() {
        let home = std::env::temp_dir().join(format!("certificates-{}", std::process::id()));
        let write = |path: &str, text: &str| {
            let path = home.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("containers/certs.d/one.test:5000/ca.crt", "podman's");
        write("docker/certs.d/one.test:5000/ca.crt", "docker's");
        write("docker/certs.d/Two.test/a.crt", "first");
        write("docker/certs.d/Two.test/b.crt", "second");
        write("docker/certs.d/Two.test/client.cert", "chain");
        write("docker/certs.d/Two.test/client.key", "hush");
        write("docker/certs.d/Two.test/README", "other");
        write("docker/certs.d/three.test/client.cert", "no key");
        write("docker/certs.d/four.test", "a file");
        let text = home.to_str().unwrap().to_owned();
        let around =
            Surroundings::new(move |name| (name == "XDG_CONFIG_HOME").then(|| text.clone()));
        let found = read(&around).await;
        std::fs::remove_dir_all(&home).unwrap();
        let known = |host: &str| found[host].as_ref().unwrap();
        assert_eq!(known("one.test:5000").roots, ["podman's"]);
        assert_eq!(known("two.test").roots, ["first", "second"]);
        let (chain, key) = known("two.test").identity.as_ref().unwrap();
        assert_eq!((chain.as_str(), key.expose()), ("chain", "hush"));
        assert!(!format!("{found:?}").contains("hush"));
        let problem = found["three.test"].as_ref().unwrap_err();
        assert!(problem.contains("client.key not found"), "{problem}");
        let problem = found["four.test"].as_ref().unwrap_err();
        assert!(problem.starts_with("cannot read "), "{problem}");
    }
}
