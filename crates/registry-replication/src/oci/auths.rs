//! Logins in one configuration of docker or podman.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use openapi_transport::Secret;
use serde_json::{Map, Value};

use super::login::Login;

/// Docker Hub's key in the files, and its name for credential helpers.
const DOCKER_HUB: &str = "https://index.docker.io/v1/";

/// Docker Hub's host, for comparing all of its names.
const DOCKER_HUB_HOST: &str = "docker.io";

/// Base64 decoder that also accepts missing padding, which occurs in some files.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Returns a host in the form for comparison: in lower case, and one name for Docker Hub.
pub(super) fn normalized(host: &str) -> String {
    match host.to_ascii_lowercase().as_str() {
        "index.docker.io" | "registry-1.docker.io" | DOCKER_HUB_HOST => DOCKER_HUB_HOST.to_owned(),
        other => other.to_owned(),
    }
}

/// Returns the name of a registry for credential helpers.
pub(super) fn server(host: &str) -> &str {
    match normalized(host) == DOCKER_HUB_HOST {
        true => DOCKER_HUB,
        false => host,
    }
}

/// Configuration, `config.json` or `auth.json`.
#[derive(Debug)]
pub(super) struct Config(Map<String, Value>);

/// Entries of a configuration for a registry. The helper comes before the login.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Helper to run: the registry's own, else the one for all registries.
    pub(super) helper: Option<String>,
    /// Login of the most specific key that has a login.
    pub(super) login: Option<Login>,
    /// Reasons why matching keys have no usable login.
    pub(super) unusable: Vec<String>,
}

impl Config {
    /// Reads a configuration. An empty file is an empty configuration.
    ///
    /// # Errors
    /// Why the text is invalid, without any part of it.
    pub(super) fn read(text: &str) -> Result<Self, &'static str> {
        // Some editors begin a file with a byte order mark.
        let text = text.trim_start_matches('\u{feff}').trim();
        if text.is_empty() {
            return Ok(Self(Map::new()));
        }
        match serde_json::from_str(text) {
            Ok(Value::Object(config)) => Ok(Self(config)),
            Ok(Value::Null) => Ok(Self(Map::new())),
            Ok(_) => Err("is not a JSON object"),
            Err(_) => Err("is not JSON"),
        }
    }

    /// Finds the entries for a repository, or for the registry as a whole.
    pub(super) fn find(&self, host: &str, repository: Option<&str>) -> Found {
        let mut found = Found {
            helper: self.helper(host),
            ..Found::default()
        };
        let auths = match self.0.get("auths") {
            Some(Value::Object(auths)) => auths,
            None | Some(Value::Null) => return found,
            Some(_) => {
                found.unusable.push("auths is not an object".to_owned());
                return found;
            }
        };
        let mut matching: Vec<_> = auths
            .iter()
            .filter_map(|(key, entry)| Some((Key::of(key).rank(host, repository)?, key, entry)))
            .collect();
        matching.sort_by_key(|(rank, _, _)| std::cmp::Reverse(*rank));
        for (_, key, entry) in matching {
            match login(entry) {
                Ok(None) => {}
                Ok(Some(login)) => {
                    found.login = Some(login);
                    break;
                }
                Err(why) => found.unusable.push(format!("{key:?}: {why}")),
            }
        }
        found
    }

    fn helper(&self, host: &str) -> Option<String> {
        let name = |value: &Value| {
            let name = value.as_str().filter(|name| !name.is_empty());
            name.map(str::to_owned)
        };
        let own = self.0.get("credHelpers").and_then(Value::as_object);
        let own = own.into_iter().flatten().find_map(|(key, helper)| {
            let rank = Key::of(key).rank(host, None);
            rank.and_then(|_| name(helper))
        });
        own.or_else(|| self.0.get("credsStore").and_then(name))
    }

    /// Returns the namespaces of a registry that have their own key.
    pub(super) fn scopes(&self, host: &str) -> Vec<String> {
        let auths = self.0.get("auths").and_then(Value::as_object);
        let keys = auths.into_iter().flatten().map(|(key, _)| Key::of(key));
        keys.filter(|key| key.host == normalized(host) && !key.path.is_empty())
            .map(|key| key.path.to_owned())
            .collect()
    }
}

/// Key of `auths`: a host, optionally as a URL, optionally with a namespace.
#[derive(Debug)]
struct Key<'a> {
    host: String,
    path: &'a str,
    is_url: bool,
}

impl<'a> Key<'a> {
    fn of(text: &'a str) -> Self {
        let url = ["https://", "http://"]
            .into_iter()
            .find_map(|scheme| text.strip_prefix(scheme));
        let rest = url.unwrap_or(text);
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        let path = path.trim_matches('/');
        Self {
            host: normalized(host),
            // Path of the registry's API, in any version.
            path: match path {
                "v1" | "v2" => "",
                path => path,
            },
            is_url: url.is_some(),
        }
    }

    /// Returns how well the key matches: the longest namespace is best, then the host. As in docker,
    /// the host of a URL matches with any path.
    fn rank(&self, host: &str, repository: Option<&str>) -> Option<usize> {
        if self.host != normalized(host) {
            return None;
        }
        if self.path.is_empty() {
            return Some(1);
        }
        let rest = repository.and_then(|repository| repository.strip_prefix(self.path));
        match rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/')) {
            true => Some(1 + self.path.len()),
            false => self.is_url.then_some(0),
        }
    }
}

/// Reads the login of one entry. Returns `None` for an empty entry, which docker writes in addition
/// to a helper.
///
/// # Errors
/// Why the login cannot be used.
fn login(entry: &Value) -> Result<Option<Login>, &'static str> {
    let entry = match entry {
        Value::Null => return Ok(None),
        Value::Object(entry) => entry,
        _ => return Err("is not an object"),
    };
    let text = |name: &str| {
        let text = entry.get(name)?.as_str();
        text.filter(|text| !text.is_empty())
    };
    if let Some(token) = text("identitytoken") {
        return Ok(Some(Login::IdentityToken(Secret::from(token))));
    }
    let pair = text("username").zip(text("password"));
    match (text("auth").map(decoded), pair) {
        (Some(Some((user, password))), _) => Ok(Some(Login::password(user, password))),
        (_, Some((user, password))) => Ok(Some(Login::password(user, password))),
        (Some(None), None) => Err("auth cannot be decoded"),
        (None, None) if text("registrytoken").is_some() => Err("registrytoken is not supported"),
        (None, None) if text("username").is_some() => Err("has a username without a password"),
        (None, None) => Ok(None),
    }
}

fn decoded(auth: &str) -> Option<(String, String)> {
    let bytes = BASE64.decode(auth.trim()).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (user, password) = text.split_once(':')?;
    let password = password.trim_end_matches('\0');
    let is_whole = !user.is_empty() && !password.is_empty();
    is_whole.then(|| (user.to_owned(), password.to_owned()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn user(config: &str, host: &str, repository: Option<&str>) -> String {
        let found = Config::read(config).unwrap().find(host, repository);
        match found.login {
            Some(Login::Password { user, .. }) => user,
            Some(other) => format!("{other:?}"),
            None => format!("none {:?}", found.unusable),
        }
    }

    #[test]
    fn the_most_specific_key_wins() {
        let entry = |user: &str| format!(r#"{{"username":"{user}","password":"p"}}"#);
        let all = format!(
            r#"{{"auths":{{"registry.example":{},"registry.example/team":{},
                "registry.example/team/api":{},"other.example":null}}}}"#,
            entry("host"),
            entry("team"),
            entry("api")
        );
        for (repository, expected) in [
            (None, "host"),
            (Some("web"), "host"),
            (Some("teams/api"), "host"),
            (Some("team"), "team"),
            (Some("team/web"), "team"),
            (Some("team/api"), "api"),
            (Some("team/api/x"), "api"),
            (Some("team/apis"), "team"),
        ] {
            let found = user(&all, "registry.example", repository);
            assert_eq!(found, expected, "{repository:?}");
        }
        // The login of a namespace is for no other namespace.
        let team = format!(
            r#"{{"auths":{{"registry.example/team":{}}}}}"#,
            entry("team")
        );
        for repository in [None, Some("web"), Some("teams")] {
            let found = user(&team, "registry.example", repository);
            assert_eq!(found, "none []", "{repository:?}");
        }
        let config = Config::read(&all).unwrap();
        assert_eq!(config.scopes("registry.example"), ["team", "team/api"]);
        assert!(config.scopes("other.example").is_empty());
    }

    #[test]
    fn keys_match_as_docker_writes_them() {
        let hub = ["docker.io", "index.docker.io", "registry-1.docker.io"];
        for (key, hosts, matches) in [
            (
                "registry.example",
                &["registry.example", "Registry.Example"][..],
                true,
            ),
            ("https://registry.example", &["registry.example"], true),
            ("http://registry.example/", &["registry.example"], true),
            ("registry.example/", &["registry.example"], true),
            ("https://registry.example/v1/", &["registry.example"], true),
            ("registry.example/v2", &["registry.example"], true),
            (
                "https://registry.example/a/path/",
                &["registry.example"],
                true,
            ),
            ("registry.example/a/path", &["registry.example"], false),
            ("registry.example:8443", &["registry.example"], false),
            ("registry.example", &["registry.example:8443"], false),
            ("https://index.docker.io/v1/", &hub, true),
            ("docker.io", &hub, true),
            ("https://registry-1.docker.io/v2/", &hub, true),
            ("https://index.docker.io/v1/", &["docker.io.example"], false),
            ("", &["registry.example"], false),
            ("/", &["registry.example"], false),
        ] {
            let config = format!(r#"{{"auths":{{"{key}":{{"username":"u","password":"p"}}}}}}"#);
            for host in hosts {
                let found = user(&config, host, Some("team/api")) == "u";
                assert_eq!(found, matches, "{key} {host}");
            }
        }
        assert_eq!(server("docker.io"), DOCKER_HUB);
        assert_eq!(server("registry.example:1"), "registry.example:1");
    }

    #[test]
    fn what_is_no_configuration_says_so_and_shows_nothing() {
        for (text, expected) in [
            ("", None),
            (" \n", None),
            ("\u{feff}{}", None),
            ("null", None),
            ("[]", Some("is not a JSON object")),
            ("\"hush\"", Some("is not a JSON object")),
            ("hush", Some("is not JSON")),
            (&"[".repeat(200_000), Some("is not JSON")),
            (&r#"{"auths":"#.repeat(100_000), Some("is not JSON")),
        ] {
            assert_eq!(Config::read(text).err(), expected);
        }
    }
}
