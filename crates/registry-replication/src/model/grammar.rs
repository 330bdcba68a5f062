//! Grammar of image names, from the OCI distribution specification.
//!
//! It applies to the user's input only. Names in a vendor's answers are accepted unchanged.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::str::FromStr;

/// Longest path of a repository.
const LONGEST_PATH: usize = 255;

/// Longest tag.
const LONGEST_TAG: usize = 128;

/// Longest part of an invalid text that an error quotes, in characters.
const LONGEST_SHOWN: usize = 120;

/// A full reference to an image: `[HOST[:PORT]/]PATH[:TAG][@DIGEST]`.
///
/// The first part of a path is a host where docker reads it as a host: it has a dot or a port, or
/// it is `localhost`. A path of two parts, such as `my.team/api`, has no host, because the registries
/// of this crate need a namespace.
///
/// ```
/// use registry_replication::ImageReference;
/// let image: ImageReference = "registry.example:5000/team/api:v42".parse().unwrap();
/// assert_eq!(image.host(), Some("registry.example:5000"));
/// assert_eq!(image.path(), "team/api");
/// assert_eq!(image.tag(), Some("v42"));
/// assert!("team/api:v1+build.5".parse::<ImageReference>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ImageReference {
    host: Option<String>,
    path: String,
    tag: Option<String>,
    digest: Option<String>,
}

/// Reason why a text is not a reference to an image.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid image {image}: {problem}")]
pub struct InvalidImage {
    /// The text, quoted, escaped and cut.
    image: String,
    /// Problem and its fix.
    problem: String,
}

impl InvalidImage {
    pub(crate) fn new(image: &str, problem: impl Into<String>) -> Self {
        Self {
            image: quoted(&ImageReference::without_login(image)),
            problem: problem.into(),
        }
    }

    /// Returns the problem and its fix, without the text.
    pub fn problem(&self) -> &str {
        &self.problem
    }
}

impl ImageReference {
    /// Returns the host with its port.
    pub fn host(&self) -> Option<&str> {
        self.host.as_deref()
    }

    /// Returns the repository's path, without a host.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns the tag.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// Returns the digest, `sha256:…`.
    pub fn digest(&self) -> Option<&str> {
        self.digest.as_deref()
    }

    /// Reads a path of two parts as docker does: the first part is a host if it has a dot. An image
    /// of Docker Hub without a namespace is in `library`.
    ///
    /// ```
    /// use registry_replication::ImageReference;
    /// let image: ImageReference = "registry.example/api:v42".parse().unwrap();
    /// assert_eq!(image.host(), None);
    /// let image = image.as_docker();
    /// assert_eq!((image.host(), image.path()), (Some("registry.example"), "api"));
    /// ```
    #[must_use]
    pub fn as_docker(mut self) -> Self {
        let parts = self.path.split_once('/');
        if let (None, Some((first, rest))) = (&self.host, parts)
            && first.contains('.')
            && host_problem(first).is_none()
        {
            (self.host, self.path) = (Some(first.to_owned()), rest.to_owned());
        }
        if self.host.as_deref() == Some("docker.io") && !self.path.contains('/') {
            self.path = format!("library/{}", self.path);
        }
        self
    }

    /// Masks a login before the host of a text that may be a reference, as in `user:password@host/path`. A
    /// reference has no login, but users paste URLs.
    ///
    /// ```
    /// use registry_replication::ImageReference;
    /// let text = "https://me:secret@registry.example/team/api";
    /// assert_eq!(ImageReference::without_login(text), "https://***@registry.example/team/api");
    /// let text = "team/api:v42@sha256:0123";
    /// assert_eq!(ImageReference::without_login(text), text);
    /// ```
    #[must_use]
    pub fn without_login(text: &str) -> Cow<'_, str> {
        match login(text) {
            Some(login) => {
                let (before, after) = (&text[..login.start], &text[login.end..]);
                Cow::Owned(format!("{before}***{after}"))
            }
            None => Cow::Borrowed(text),
        }
    }

    /// Removes the digest.
    #[must_use]
    pub fn without_digest(mut self) -> Self {
        self.digest = None;
        self
    }

    /// Removes the host.
    #[must_use]
    pub fn without_host(mut self) -> Self {
        self.host = None;
        self
    }
}

impl FromStr for ImageReference {
    type Err = InvalidImage;

    fn from_str(text: &str) -> Result<Self, InvalidImage> {
        let fail = |problem: String| InvalidImage::new(text, problem);
        stray(text).map_or(Ok(()), |problem| Err(fail(problem)))?;
        if login(text).is_some() {
            return Err(fail(LOGIN.to_owned()));
        }
        if let Some((scheme, _)) = text.split_once("://") {
            return Err(fail(format!("leave out \"{scheme}://\"")));
        }
        let (name, digest) = match text.split_once('@') {
            Some((name, digest)) => (name, Some(digest)),
            None => (text, None),
        };
        // A colon before the last slash belongs to a port.
        let last = name.rfind('/').map_or(0, |slash| slash + 1);
        let (path, tag) = match name[last..].split_once(':') {
            Some((word, tag)) => (&name[..last + word.len()], Some(tag)),
            None => (name, None),
        };
        let (host, path) = match path.split_once('/') {
            Some((first, rest)) if is_host(first, rest) => (Some(first), rest),
            _ => (None, path),
        };
        if let Some(host) = host {
            host_problem(host).map_or(Ok(()), |problem| Err(fail(problem)))?;
        }
        path_problem(path).map_or(Ok(()), |problem| Err(fail(problem)))?;
        if let Some(tag) = tag {
            tag_problem(tag).map_or(Ok(()), |problem| Err(fail(problem)))?;
        }
        if let Some(digest) = digest {
            digest_problem(digest).map_or(Ok(()), |problem| Err(fail(problem)))?;
        }
        Ok(Self {
            host: host.map(str::to_owned),
            path: path.to_owned(),
            tag: tag.map(str::to_owned),
            digest: digest.map(str::to_owned),
        })
    }
}

impl fmt::Display for ImageReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(host) = &self.host {
            write!(f, "{host}/")?;
        }
        f.write_str(&self.path)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        match &self.digest {
            Some(digest) => write!(f, "@{digest}"),
            None => Ok(()),
        }
    }
}

/// What to do about a login in a name.
const LOGIN: &str = "leave out the login before the host; docker login HOST stores one";

/// Finds a login before a host. Passwords may have an `@`, too.
fn login(text: &str) -> Option<Range<usize>> {
    let scheme = text.find("://").map(|at| at + "://".len());
    let start = scheme.unwrap_or(0);
    let is_digest = |text: &str| {
        let parts = text.split_once(':');
        parts.is_some_and(|(name, value)| {
            let is_hex = value.len() >= 32 && value.bytes().all(|byte| byte.is_ascii_hexdigit());
            name.starts_with("sha") || is_hex
        })
    };
    let name = match text[start..].rsplit_once('@') {
        Some((name, digest)) if is_digest(digest) => name,
        _ => &text[start..],
    };
    let (login, host) = name.rsplit_once('@')?;
    let user = login.split(':').next()?;
    let has_password = user.len() < login.len();
    let is_host = host.contains('/') || has_password;
    let is_login = scheme.is_some() || (is_host && !user.contains('/'));
    is_login.then(|| start..start + login.len())
}

/// Whether docker reads the first part of a path as a host.
fn is_host(first: &str, rest: &str) -> bool {
    let has_port = first.contains(':');
    let is_local = first.eq_ignore_ascii_case("localhost");
    has_port || is_local || (first.contains('.') && rest.contains('/'))
}

/// Quotes and escapes a text, and cuts a long one.
pub(crate) fn quoted(text: &str) -> String {
    match text.char_indices().nth(LONGEST_SHOWN) {
        Some((end, _)) => format!("{:?}…", &text[..end]),
        None => format!("{text:?}"),
    }
}

/// Finds input that the user did not intend: nothing, white space, control characters, variables.
pub(crate) fn stray(text: &str) -> Option<String> {
    if text.is_empty() {
        return Some("it is empty; write NAMESPACE/REPOSITORY:TAG".to_owned());
    }
    if let Some(begin) = text.find("${").or_else(|| text.find("{{"))
        && let Some(length) = text[begin..].find('}')
    {
        let close = if text[begin..].starts_with("{{") {
            "}}"
        } else {
            "}"
        };
        let end = text[begin..].find(close).map_or(length, |at| at) + begin + close.len();
        let variable = text.get(begin..end).unwrap_or_default();
        return Some(format!(
            "the variable {} was not replaced; check the quotes in the shell or the pipeline",
            quoted(variable)
        ));
    }
    let stray = |c: char| c.is_whitespace() || c.is_control();
    let (at, found) = text.char_indices().find(|(_, c)| stray(*c))?;
    let name = match found {
        '\r' => "a carriage return",
        '\n' => "a line break",
        ' ' => "a blank",
        '\t' => "a tab",
        c if c.is_whitespace() => "white space",
        _ => "a control character",
    };
    let place = if text[at..].chars().all(stray) {
        "ends with"
    } else if at == 0 {
        "begins with"
    } else {
        "has"
    };
    Some(format!("it {place} {name}; remove it"))
}

fn host_problem(host: &str) -> Option<String> {
    let address = host.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    let (name, port) = match (address, host.rsplit_once(':')) {
        (Some((address, "")), _) => (address, None),
        (Some((address, rest)), _) => (address, Some(rest.strip_prefix(':').unwrap_or_default())),
        (None, Some((name, port))) => (name, Some(port)),
        (None, None) => (host, None),
    };
    let is_address = |name: &str| name.parse::<std::net::Ipv6Addr>().is_ok();
    let part = |part: &str| {
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '-';
        !part.is_empty() && part.chars().all(fits) && !part.starts_with('-') && !part.ends_with('-')
    };
    let is_name = match address {
        Some(_) => is_address(name),
        None => name.split('.').all(part),
    };
    let fits = is_name
        && port.is_none_or(|port| {
            !port.is_empty() && port.len() <= 5 && port.bytes().all(|b| b.is_ascii_digit())
        });
    (!fits).then(|| {
        format!(
            "the host {} is invalid; write HOST or HOST:PORT",
            quoted(host)
        )
    })
}

fn path_problem(path: &str) -> Option<String> {
    if path.chars().any(|c| c.is_ascii_uppercase()) {
        return Some(format!(
            "a repository has lower-case letters only; write {}",
            quoted(&path.to_ascii_lowercase())
        ));
    }
    if path.len() > LONGEST_PATH {
        return Some(format!(
            "the repository has {} characters; at most {LONGEST_PATH} are allowed",
            path.len()
        ));
    }
    path.split('/')
        .find_map(|part| word_problem(part, "repository"))
}

/// Returns the problem of one part of a path, such as a namespace.
pub(crate) fn word_problem(word: &str, what: &str) -> Option<String> {
    if word.is_empty() {
        return Some(format!(
            "the {what} has an empty part; remove the extra slash"
        ));
    }
    let fits = |c: char| matches!(c, 'a'..='z' | '0'..='9' | '.' | '_' | '-');
    if let Some(unfit) = word.chars().find(|c| !fits(*c)) {
        return Some(format!(
            "the {what} part {} has {unfit:?}; use lower-case letters, digits, \".\", \"_\" and \
             \"-\"",
            quoted(word)
        ));
    }
    let is_separator = |c: char| matches!(c, '.' | '_' | '-');
    if word.starts_with(is_separator) || word.ends_with(is_separator) {
        return Some(format!(
            "the {what} part {} begins or ends with a separator; use a letter or a digit there",
            quoted(word)
        ));
    }
    // Between letters and digits: one ".", one or two "_", or any number of "-".
    let mut separators = word.split(|c: char| !is_separator(c));
    let fits = |run: &str| matches!(run, "" | "." | "_" | "__") || run.bytes().all(|b| b == b'-');
    separators.find(|run| !fits(run)).map(|run| {
        format!(
            "the {what} part {} has {run:?}; use one separator",
            quoted(word)
        )
    })
}

/// Returns the problem of a tag.
pub(crate) fn tag_problem(tag: &str) -> Option<String> {
    if tag.is_empty() {
        return Some("the tag is empty; write a tag after the colon".to_owned());
    }
    let count = tag.chars().count();
    if count > LONGEST_TAG {
        return Some(format!(
            "the tag has {count} characters; at most {LONGEST_TAG} are allowed"
        ));
    }
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if let Some(unfit) = tag.chars().find(|c| !fits(*c)) {
        let fix = match unfit {
            '+' => format!("; Helm pushes it as {}", quoted(&tag.replace('+', "_"))),
            _ => String::new(),
        };
        return Some(format!(
            "the tag {} has {unfit:?}; use letters, digits, \".\", \"_\" and \"-\"{fix}",
            quoted(tag)
        ));
    }
    tag.starts_with(['.', '-']).then(|| {
        format!(
            "the tag {} begins with a separator; begin with a letter, a digit or \"_\"",
            quoted(tag)
        )
    })
}

/// Returns the problem of a digest.
pub(crate) fn digest_problem(digest: &str) -> Option<String> {
    let problem = |what: &str| {
        Some(format!(
            "the digest {} {what}; write sha256: and 64 hexadecimal digits in lower case",
            quoted(digest)
        ))
    };
    if digest.is_empty() {
        return problem("is empty");
    }
    let Some((algorithm, encoded)) = digest.split_once(':') else {
        return problem("has no algorithm");
    };
    let hex = |c: char| matches!(c, '0'..='9' | 'a'..='f');
    let length = match algorithm {
        "sha256" => 64,
        "sha512" => 128,
        _ => return problem("has an unknown algorithm"),
    };
    if !encoded.chars().all(hex) {
        return problem("has other characters");
    }
    match encoded.len() == length {
        true => None,
        false => problem(&format!("has {} digits", encoded.len())),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_refused_and_masked() {
        let digest = format!("sha256:{}", "0".repeat(64));
        for (text, shown) in [
            (
                "me:hunter2@a.example/team/api:v1",
                "***@a.example/team/api:v1",
            ),
            (
                "https://me:hunter2@a.example/team/api",
                "https://***@a.example/team/api",
            ),
            ("me:hun/ter2@x@a.example:5000/api", "***@a.example:5000/api"),
            ("token@a.example/team/api", "***@a.example/team/api"),
            ("me:hunter2@a", "***@a"),
            (
                &format!("me:hunter2@a.example/api@{digest}"),
                &format!("***@a.example/api@{digest}"),
            ),
        ] {
            assert_eq!(ImageReference::without_login(text), shown);
            let error = text.parse::<ImageReference>().unwrap_err().to_string();
            assert!(error.contains("leave out the login"), "{error}");
            assert!(
                !error.contains("hunter2") && !error.contains("ter2"),
                "{error}"
            );
        }
        for text in [
            "a.example:5000/team/api:v1",
            "team/api:v1@latest",
            "team/api@sha256:12",
            "@",
        ] {
            assert_eq!(ImageReference::without_login(text), text);
        }
    }

    #[test]
    fn references_of_the_oci_grammar_are_read_and_written() {
        let digest = format!("sha256:{}", "0a".repeat(32));
        let pinned = format!("team/api:v42@{digest}");
        let only = format!("registry.example/team/api@{digest}");
        for (text, host, path, tag) in [
            ("api", None, "api", None),
            ("team/api", None, "team/api", None),
            ("team/api:v42", None, "team/api", Some("v42")),
            ("team/a/b:_1", None, "team/a/b", Some("_1")),
            ("my.team/api:v1", None, "my.team/api", Some("v1")),
            ("a__b/c-d--e.f:V1", None, "a__b/c-d--e.f", Some("V1")),
            (
                "registry.example/team/api:v42",
                Some("registry.example"),
                "team/api",
                Some("v42"),
            ),
            (
                "localhost:5000/api:v1",
                Some("localhost:5000"),
                "api",
                Some("v1"),
            ),
            ("localhost/team/api", Some("localhost"), "team/api", None),
            ("LOCALHOST/api:v1", Some("LOCALHOST"), "api", Some("v1")),
            ("[::1]:5000/api:v1", Some("[::1]:5000"), "api", Some("v1")),
            ("[fd00::7]/team/api", Some("[fd00::7]"), "team/api", None),
            ("team/api:5000", None, "team/api", Some("5000")),
            (&pinned, None, "team/api", Some("v42")),
            (&only, Some("registry.example"), "team/api", None),
        ] {
            let image: ImageReference = text.parse().unwrap();
            assert_eq!(image.host(), host, "{text}");
            assert_eq!(image.path(), path, "{text}");
            assert_eq!(image.tag(), tag, "{text}");
            assert_eq!(image.to_string(), text);
            let has_digest = text.contains('@');
            assert_eq!(image.digest(), has_digest.then_some(digest.as_str()));
        }
    }

    #[test]
    fn what_is_wrong_with_a_reference_is_named() {
        let long = format!("team/api:{}", "v".repeat(200));
        let deep = format!("team/{}", "a".repeat(260));
        for (text, says) in [
            ("", "it is empty"),
            ("team/api:v1+build.5", "Helm pushes it as \"v1_build.5\""),
            ("team/api:v42\r", "it ends with a carriage return"),
            ("team/api:v42\r\n", "it ends with a carriage return"),
            ("team/api:v42 ", "it ends with a blank"),
            (" team/api:v42", "it begins with a blank"),
            ("team/a pi:v42", "it has a blank"),
            ("team/api:v4\u{1b}[2m", "it has a control character"),
            (
                "team/api:${TAG}",
                "the variable \"${TAG}\" was not replaced",
            ),
            ("team/api:{{ tag }}", "the variable \"{{ tag }}\""),
            ("team/api:$TAG", "has '$'"),
            (&long, "the tag has 200 characters; at most 128"),
            (&deep, "has 265 characters; at most 255"),
            ("team/api:", "the tag is empty"),
            ("team/api:.v1", "begins with a separator"),
            ("team/api:-v1", "begins with a separator"),
            ("team/api:v1:v2", "has ':'"),
            ("team/api:v\u{f6}", "has 'ö'"),
            ("Team/api:v1", "write \"team/api\""),
            ("team//api:v1", "extra slash"),
            ("/api:v1", "extra slash"),
            ("team/:v1", "extra slash"),
            ("team/../api:v1", "begins or ends with a separator"),
            ("team/-api", "begins or ends with a separator"),
            ("team/a..b", "has \"..\"; use one separator"),
            ("team/a___b", "has \"___\""),
            ("team/a%2fb", "has '%'"),
            (
                "https://registry.example/team/api",
                "leave out \"https://\"",
            ),
            (
                "reg_istry.example/team/api",
                "the host \"reg_istry.example\"",
            ),
            ("registry.example:x/team/api", "write HOST or HOST:PORT"),
            ("team/api@", "the digest \"\" is empty"),
            ("team/api@v42", "has no algorithm"),
            ("team/api@md5:0a", "has an unknown algorithm"),
            ("team/api@sha256:0A", "has other characters"),
            ("team/api@sha256:0a", "has 2 digits"),
        ] {
            let error = text.parse::<ImageReference>().unwrap_err().to_string();
            assert!(error.contains(says), "{text:?}: {error}");
            assert!(error.len() < 600, "{text:?}: {error}");
            assert!(!error.contains(char::is_control), "{error:?}");
        }
    }
}
