//! Certificates of hosts, in the folders of docker and podman.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use openapi_transport::{HttpSettings, Secret, Surroundings};

/// Number of files of a host that are read at most.
const MOST_FILES: usize = 64;

/// The longest file that is read.
const MAX_BYTES: u64 = 1 << 20;

/// Certificates of one host.
#[derive(Clone, Debug, Default)]
pub(super) struct Certificates {
    /// PEM texts of authorities that are trusted in addition to those of the system.
    roots: Vec<String>,
    /// Client certificate and its key.
    identity: Option<(String, Secret)>,
}

impl Certificates {
    pub(super) fn add_to(&self, http: HttpSettings) -> HttpSettings {
        let roots = self.roots.iter();
        let http = roots.fold(http, |http, pem| http.root_certificates(pem.as_str()));
        match &self.identity {
            Some((chain, key)) => http.client_certificate(chain.as_str(), key.clone()),
            None => http,
        }
    }

    /// Reads the certificates of a host from the first of these folders that has some.
    ///
    /// # Errors
    /// Which file or folder of the host cannot be read.
    pub(super) fn of_host(folders: &[PathBuf], host: &str) -> Result<Option<Self>, String> {
        for folder in folders {
            let Some(folder) = named(folder, host) else {
                continue;
            };
            let found = Self::read(&folder)?;
            if !found.roots.is_empty() || found.identity.is_some() {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// Reads the folder of a host: authorities in `*.crt`, a client certificate in `NAME.cert` with
    /// its key in `NAME.key`.
    fn read(folder: &Path) -> Result<Self, String> {
        let files = files(folder);
        let files = files.map_err(|error| format!("cannot read {}: {error}", folder.display()))?;
        let mut all = Self::default();
        for file in files {
            if has_extension(&file, "crt") {
                all.roots.push(text(&file)?);
            } else if all.identity.is_none() {
                let chain = text(&file)?;
                let key = text(&file.with_extension("key"))?;
                all.identity = Some((chain, Secret::from(key)));
            }
        }
        Ok(all)
    }
}

/// Returns the folder of a host, whose name may be in capital letters.
fn named(folder: &Path, host: &str) -> Option<PathBuf> {
    // A folder that is missing or belongs to another user is no fault.
    let entries = fs::read_dir(folder).ok()?.flatten();
    let is_host = |entry: &fs::DirEntry| {
        let name = entry.file_name();
        name.to_str()
            .is_some_and(|name| name.eq_ignore_ascii_case(host))
    };
    entries.filter(is_host).map(|entry| entry.path()).min()
}

/// Returns the folders that may have a folder for each host.
pub(super) fn folders(around: &Surroundings) -> Vec<PathBuf> {
    let config = around.variable("XDG_CONFIG_HOME").map(PathBuf::from);
    let config = config.or_else(|| around.in_home(".config"));
    let own = ["containers/certs.d", "docker/certs.d"];
    let own = config
        .iter()
        .flat_map(|config| own.map(|name| config.join(name)));
    let shared = ["/etc/containers/certs.d", "/etc/docker/certs.d"];
    own.chain(shared.map(PathBuf::from)).collect()
}

fn has_extension(file: &Path, extension: &str) -> bool {
    file.extension().is_some_and(|found| found == extension)
}

/// Returns the certificates in a folder, sorted.
fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if has_extension(&path, "crt") || has_extension(&path, "cert") {
            files.push(path);
        }
        if files.len() > MOST_FILES {
            let what = format!("it has more than {MOST_FILES} certificates");
            return Err(io::Error::other(what));
        }
    }
    files.sort();
    Ok(files)
}

/// Reads a file. A pipe or a device, which could block, is refused before it is opened.
fn text(path: &Path) -> Result<String, String> {
    let shown = path.display();
    let read = || {
        if !path.metadata()?.is_file() {
            return Err(io::Error::other("it is not a file"));
        }
        let mut text = String::new();
        let mut file = File::open(path)?.take(MAX_BYTES + 1);
        match file.read_to_string(&mut text)? as u64 > MAX_BYTES {
            true => Err(io::Error::other("it is longer than 1 MiB")),
            false => Ok(text),
        }
    };
    read().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => format!("file {shown} not found"),
        _ => format!("cannot read {shown}: {error}"),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_docker_and_podman_are_read() {
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
        write("docker/certs.d/five.test/a.crt", "docker's");
        std::fs::create_dir_all(home.join("containers/certs.d/five.test")).unwrap();
        std::fs::create_dir_all(home.join("containers/certs.d/empty.test")).unwrap();
        std::fs::create_dir_all(home.join("docker/certs.d/folder.test/a.crt")).unwrap();
        write("docker/certs.d/long.test/a.crt", &"x".repeat((1 << 20) + 1));
        for number in 0..65 {
            write(&format!("docker/certs.d/many.test/{number}.crt"), "");
        }
        let text = home.to_str().unwrap().to_owned();
        let around =
            Surroundings::new(move |name| (name == "XDG_CONFIG_HOME").then(|| text.clone()));
        let folders = folders(&around);
        let all = |host: &str| Certificates::of_host(&folders, host);
        let known = |host: &str| all(host).unwrap().unwrap();
        let problem = |host: &str| all(host).unwrap_err();
        assert_eq!(known("one.test:5000").roots, ["podman's"]);
        assert_eq!(known("two.test").roots, ["first", "second"]);
        let (chain, key) = known("two.test").identity.unwrap();
        assert_eq!((chain.as_str(), key.expose()), ("chain", "hush"));
        assert!(!format!("{:?}", known("two.test")).contains("hush"));
        // A folder without certificates hides no other.
        assert_eq!(known("FIVE.test").roots, ["docker's"]);
        for host in ["empty.test", "six.test", "..", ""] {
            assert!(all(host).unwrap().is_none(), "{host}");
        }
        for (host, says) in [
            ("three.test", "client.key not found"),
            ("four.test", "cannot read "),
            ("folder.test", "a.crt: it is not a file"),
            ("long.test", "a.crt: it is longer than 1 MiB"),
            ("many.test", "more than 64 certificates"),
        ] {
            assert!(problem(host).contains(says), "{}", problem(host));
        }
        std::fs::remove_dir_all(&home).unwrap();
    }
}
