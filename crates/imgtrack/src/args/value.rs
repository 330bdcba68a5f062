//! Value parsers: invalid values are refused before anything is sent.

use std::time::Duration;

use clap::ValueEnum;
use jiff::{SignedDuration, Span, SpanRelativeTo};
use registry_replication::{Form, ImageReference};

use crate::output::Format;

/// Longest duration: ten years. A longer one has no deadline that can be printed.
const LONGEST: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

/// Parses a word: not empty, without white space and control characters.
pub(crate) fn word(text: &str) -> Result<String, String> {
    let stray = |c: char| c.is_whitespace() || c.is_control();
    if text.is_empty() {
        return Err("it is empty; leave it out or give a value".to_owned());
    }
    match text.chars().find(|c| stray(*c)) {
        None => Ok(text.to_owned()),
        Some(found) => Err(format!(
            "it has {found:?}; remove white space and control characters"
        )),
    }
}

/// Parses an id: a word that is not a path.
pub(crate) fn id(text: &str) -> Result<String, String> {
    let id = word(text)?;
    match id == "." || id == ".." || id.contains(['/', '\\']) {
        true => Err("it is a path; write an id without slashes".to_owned()),
        false => Ok(id),
    }
}

/// Parses a host with an optional port.
pub(crate) fn host(text: &str) -> Result<String, String> {
    if let Some((scheme, _)) = text.split_once("://") {
        return Err(format!("leave out {scheme}://; write HOST or HOST:PORT"));
    }
    let host = word(text)?;
    if host.contains('@') {
        return Err("leave out user and password; write HOST or HOST:PORT".to_owned());
    }
    match host.contains(['/', '\\']) {
        true => Err("it has more than a host; write HOST or HOST:PORT".to_owned()),
        false => Ok(host),
    }
}

/// Parses the value of a setting.
pub(crate) fn of_form(form: Form, text: &str) -> Result<String, String> {
    match form {
        Form::Url => match ImageReference::without_login(text) == text && !text.contains('?') {
            true => word(text),
            // They may have a password or a token, which the program would show.
            false => Err("leave out user, password and query; write https://HOST".to_owned()),
        },
        Form::Host | Form::Hosts => host(text),
        Form::File => match text.is_empty() {
            true => Err("it is empty; leave it out or give a value".to_owned()),
            false => Ok(text.to_owned()),
        },
        _ => id(text),
    }
}

/// Parses the name of an output format.
pub(crate) fn format(text: &str) -> Result<String, String> {
    match Format::from_str(text, false) {
        Ok(_) => Ok(text.to_owned()),
        Err(_) => {
            let all = Format::value_variants().iter();
            let all =
                all.filter_map(|format| Some(format.to_possible_value()?.get_name().to_owned()));
            Err(format!("use one of {}", all.collect::<Vec<_>>().join(", ")))
        }
    }
}

/// Parses the name of a column, in any case.
pub(crate) fn column(text: &str) -> Result<String, String> {
    match text.trim() {
        "" => Err("it is empty; write NAME".to_owned()),
        name => Ok(name.to_lowercase().replace(['_', ' '], "-")),
    }
}

/// Parses a number of records: at least 1.
pub(crate) fn limit(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("it is 0; write 1 or more".to_owned()),
        Ok(limit) => Ok(limit),
        Err(_) => Err("it is not a number such as 20".to_owned()),
    }
}

/// Parses an image or a repository, `[HOST/]NAMESPACE/REPOSITORY[:TAG][@DIGEST]`.
pub(crate) fn image(text: &str) -> Result<String, String> {
    read(text)?;
    Ok(text.to_owned())
}

/// Parses an image, or `-` for those of stdin.
pub(crate) fn image_or_stdin(text: &str) -> Result<String, String> {
    match text {
        "-" => Ok(text.to_owned()),
        text => image(text),
    }
}

/// Parses an image with its tag, its digest or both, `[HOST/]NAMESPACE/REPOSITORY[:TAG][@DIGEST]`.
pub(crate) fn pinned(text: &str) -> Result<String, String> {
    let image = read(text)?;
    match image.tag().or(image.digest()) {
        Some(_) => Ok(text.to_owned()),
        None => Err(format!("it has no tag; write {image}:TAG")),
    }
}

/// Parses the name of an image with a tag.
pub(crate) fn tagged(text: &str) -> Result<String, String> {
    let image = read(text)?;
    match image.tag() {
        Some(_) => Ok(text.to_owned()),
        None => Err(format!(
            "it has no tag; write {}:TAG",
            image.without_digest()
        )),
    }
}

fn read(text: &str) -> Result<ImageReference, String> {
    let image: ImageReference = text.parse().map_err(reason)?;
    Ok(image)
}

/// Returns why a text is not an image; clap prints the value.
fn reason(error: registry_replication::InvalidImage) -> String {
    error.problem().to_owned()
}

/// Parses a digest: `sha256:` and 64 hexadecimal digits.
pub(crate) fn digest(text: &str) -> Result<String, String> {
    // The grammar covers whole references only.
    let image = format!("namespace/repository@{text}").parse::<ImageReference>();
    image.map_err(reason)?;
    Ok(text.to_owned())
}

/// Parses a destination, `PLACE` or `PLACE/NAMESPACE`. Namespaces of some registries have slashes.
pub(crate) fn destination(text: &str) -> Result<String, String> {
    let text = word(text)?;
    if ImageReference::without_login(&text) != text {
        return Err("leave out the login; docker login HOST stores one".to_owned());
    }
    if let Some((scheme, rest)) = text.split_once("://") {
        return Err(format!("leave out {scheme}://; write {rest}"));
    }
    let mut parts = text.split('/');
    if matches!(parts.next(), None | Some("" | "." | "..")) {
        return Err("it has no region, instance or target registry before the slash".to_owned());
    }
    for part in parts {
        if part.is_empty() {
            return Err("it has no namespace after the slash; leave out the slash".to_owned());
        }
        if matches!(part, "." | "..") {
            return Err(format!(
                "{part:?} is not a namespace; write PLACE/NAMESPACE"
            ));
        }
        if part.contains([':', '@']) {
            return Err(
                "it names an image; write PLACE/NAMESPACE, without repository and tag".to_owned(),
            );
        }
    }
    Ok(text)
}

/// Parses a duration of any length: `90s`, `15m`, `1h30m`.
pub(crate) fn any_duration(text: &str) -> Result<Duration, String> {
    // Only a span has days, and only a duration has any number of hours.
    let days = SpanRelativeTo::days_are_24_hours();
    let known = text
        .parse::<SignedDuration>()
        .or_else(|_| text.parse::<Span>()?.to_duration(days));
    let known = known.map_err(|_| "it is not a duration such as 90s, 1h30m or 1d".to_owned())?;
    Duration::try_from(known)
        .map_err(|_| "it is negative; write a duration such as 90s, 1h30m or 1d".to_owned())
}

/// Parses a duration of at most ten years.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let known = any_duration(text)?;
    match known > LONGEST {
        true => Err("it is longer than 10 years; write a duration such as 90s or 1h30m".to_owned()),
        false => Ok(known),
    }
}

/// Parses a duration that is not zero.
pub(crate) fn window(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        Duration::ZERO => Err("it is zero; write a duration such as 90s, 1h30m or 1d".to_owned()),
        window => Ok(window),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_people_write_them() {
        for (text, seconds) in [
            ("0s", Some(0)),
            ("90s", Some(90)),
            ("15m", Some(900)),
            ("1h30m", Some(5400)),
            ("1h 30m", Some(5400)),
            ("PT15M", Some(900)),
            ("1d", Some(86_400)),
            ("1d 1h", Some(90_000)),
            ("2w", Some(14 * 86_400)),
            ("1mo", None),
            ("87600h", Some(10 * 365 * 24 * 3600)),
            ("87601h", None),
            ("99999999999999999h", None),
            ("15", None),
            ("-15m", None),
            ("15m ago", None),
            ("", None),
            ("soon", None),
        ] {
            let found = duration(text).ok();
            assert_eq!(found, seconds.map(Duration::from_secs), "{text}");
        }
        assert!(window("0s").is_err());
    }

    #[test]
    fn destinations_are_a_place_and_perhaps_a_namespace() {
        for (text, fits) in [
            ("cn-north-1", true),
            ("cn-north-1/partners", true),
            ("*", true),
            ("", false),
            (" ", false),
            ("cn-north-1 ", false),
            ("/partners", false),
            ("cn-north-1/", false),
            ("mirror.example/a/b", true),
            ("[::1]:5000/a", true),
            ("mirror.example/a//b", false),
            ("mirror.example/a/../b", false),
            ("https://mirror.example", false),
            ("mirror.example/team/api:v1", false),
            ("..", false),
        ] {
            assert_eq!(destination(text).is_ok(), fits, "{text:?}");
        }
    }
}
