//! Validation of hosts, repositories, references and digests.

use openapi_transport::Error;

/// Checks that a text is `HOST` or `HOST:PORT`.
///
/// # Errors
/// When it has more, such as a scheme. The error does not show the text, which could hold a password.
pub(super) fn host(text: &str) -> Result<(), Error> {
    let more = |c: char| matches!(c, '/' | '@' | '?' | '#' | '\\') || c.is_whitespace();
    match text.is_empty() || text.contains(more) {
        true => Err(Error::configuration(
            "invalid registry host; write HOST or HOST:PORT, without https:// and path",
        )),
        false => Ok(()),
    }
}

/// Returns the host of a registry's API. Docker Hub's API has another host than its images.
pub(super) fn api_host(host: &str) -> &str {
    match is_hub(host) {
        true => HUB[0],
        false => host,
    }
}

/// Hosts of Docker Hub, that of its API first.
const HUB: [&str; 3] = ["registry-1.docker.io", "docker.io", "index.docker.io"];

/// Whether a host is Docker Hub.
pub(super) fn is_hub(host: &str) -> bool {
    HUB.iter().any(|hub| host.eq_ignore_ascii_case(hub))
}

/// Whether a host is this machine, by its name or address.
pub(super) fn is_this_machine(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    let address = name.parse::<std::net::IpAddr>();
    name.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

/// Checks the name of a repository: words with slashes between them.
///
/// # Errors
/// When a path or a scope cannot hold it.
pub(super) fn repository(text: &str) -> Result<(), Error> {
    let word = |word: &str| !matches!(word, "" | "." | "..") && word.chars().all(plain);
    match text.split('/').all(word) {
        true => Ok(()),
        false => Err(Error::configuration(format!(
            "invalid repository {text:?}; write namespace/repository"
        ))),
    }
}

/// Checks that a text is a tag or a digest.
///
/// # Errors
/// When it is neither.
pub(super) fn reference(text: &str) -> Result<(), Error> {
    match is_tag(text) || is_digest(text) {
        true => Ok(()),
        false => Err(Error::configuration(format!(
            "{text:?} is neither a tag nor a digest, which looks like sha256:…"
        ))),
    }
}

/// Whether a text is a tag.
pub(super) fn is_tag(text: &str) -> bool {
    let is_fit = text.len() <= 128 && !text.starts_with(['.', '-']) && text.chars().all(plain);
    is_fit && !text.is_empty()
}

/// Checks a digest.
///
/// # Errors
/// When the text is not a digest.
pub(super) fn digest(text: &str) -> Result<(), Error> {
    match is_digest(text) {
        true => Ok(()),
        false => Err(Error::configuration(format!(
            "invalid digest {text:?}; write sha256: and 64 hexadecimal digits"
        ))),
    }
}

fn plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')
}

/// Whether both are digests of the same algorithm.
pub(super) fn same_algorithm(one: &str, other: &str) -> bool {
    let algorithm = |text: &str| {
        text.split_once(':')
            .map(|(algorithm, _)| algorithm.to_owned())
    };
    algorithm(one).is_some_and(|one| Some(one) == algorithm(other))
}

/// Longest digest, in bytes.
const LONGEST_DIGEST: usize = 256;

/// Whether a text is `ALGORITHM:ENCODED`. SHA-256 must have 64 lowercase hexadecimal digits, and
/// SHA-512 must have 128.
pub(super) fn is_digest(text: &str) -> bool {
    let Some((algorithm, encoded)) = text.split_once(':') else {
        return false;
    };
    let hex = |c: char| matches!(c, '0'..='9' | 'a'..='f');
    match algorithm {
        "sha256" => encoded.len() == 64 && encoded.chars().all(hex),
        "sha512" => encoded.len() == 128 && encoded.chars().all(hex),
        _ if text.len() > LONGEST_DIGEST => false,
        _ => {
            let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '=' | '_' | '-');
            let word = |c: char| {
                c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '+' | '.' | '_' | '-')
            };
            !algorithm.is_empty()
                && algorithm.chars().all(word)
                && encoded.len() >= 32
                && encoded.chars().all(known)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_a_path_can_hold() {
        for (text, fits) in [
            ("registry.example", true),
            ("registry.example:443", true),
            ("[::1]:5000", true),
            ("", false),
            ("https://registry.example", false),
            ("user:pass@registry.example", false),
            ("registry.example/team", false),
            ("registry.example?x", false),
            ("registry .example", false),
        ] {
            assert_eq!(host(text).is_ok(), fits, "{text}");
        }
        for (text, is) in [
            ("localhost", true),
            ("localhost:5000", true),
            ("LOCALHOST:5000", true),
            ("127.0.0.1:5000", true),
            ("[::1]:5000", true),
            ("registry.example", false),
            ("localhost.example", false),
            ("10.0.0.1:5000", false),
            ("[fe80::1]:5000", false),
        ] {
            assert_eq!(is_this_machine(text), is, "{text}");
        }
        for (text, fits) in [
            ("api", true),
            ("team/api", true),
            ("team/api/server-1.x__y", true),
            ("", false),
            ("/api", false),
            ("team//api", false),
            ("team/../api", false),
            ("team/./api", false),
            ("team/api:v1", false),
            ("team/a b", false),
            ("team/api?x", false),
            ("team/%2e%2e", false),
        ] {
            assert_eq!(repository(text).is_ok(), fits, "{text}");
        }
        let digest = format!("sha256:{}", "0a".repeat(32));
        for (text, fits) in [
            ("v42", true),
            ("_1.2-rc", true),
            (digest.as_str(), true),
            (&format!("sha512:{}", "0a".repeat(64)), true),
            ("", false),
            (".hidden", false),
            ("-x", false),
            ("v1/x", false),
            ("sha256:0a", false),
            (&digest.to_uppercase(), false),
            (&format!("sha512:{}", "0a".repeat(63)), false),
            (&format!("other:{}", "0a".repeat(100)), true),
            (&format!("other:{}", "0a".repeat(200)), false),
            (&format!("sha256:{}", "0A".repeat(32)), false),
            (&"v".repeat(129), false),
        ] {
            assert_eq!(reference(text).is_ok(), fits, "{text}");
        }
    }
}
