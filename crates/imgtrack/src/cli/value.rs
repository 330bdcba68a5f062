//! Values of the command line that are refused before anything is sent.

use std::time::Duration;

use jiff::SignedDuration;
use registry_replication::huaweicloud::client::swr::values::TaskStatus;
use registry_replication::{ImageName, ImageReference, suggest};

/// Longest duration, ten years. The deadline of anything longer could not be told.
const LONGEST: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

/// A word: not empty, without white space and control characters.
pub(crate) fn word(text: &str) -> Result<String, String> {
    let stray = |c: char| c.is_whitespace() || c.is_control();
    if text.is_empty() {
        return Err("it is empty; leave out the option or give a value".to_owned());
    }
    match text.chars().find(|c| stray(*c)) {
        None => Ok(text.to_owned()),
        Some(found) => Err(format!(
            "it has {found:?}; remove white space and control characters"
        )),
    }
}

/// An id: a word that is not a path.
pub(crate) fn id(text: &str) -> Result<String, String> {
    let id = word(text)?;
    match id == "." || id == ".." || id.contains(['/', '\\']) {
        true => Err("it is a path; write an id without slashes".to_owned()),
        false => Ok(id),
    }
}

/// A number of records: at least 1.
pub(crate) fn limit(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("it is 0, and nothing would be listed; write 1 or more".to_owned()),
        Ok(limit) => Ok(limit),
        Err(_) => Err("it is not a number such as 20".to_owned()),
    }
}

/// A number that the vendor gave as an id: at least 1.
pub(crate) fn number(text: &str) -> Result<i64, String> {
    let number = text.parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| "it is not an id such as 83".to_owned())
}

/// An image or a repository, `[HOST/]NAMESPACE/REPOSITORY[:TAG][@DIGEST]`.
pub(crate) fn image(text: &str) -> Result<String, String> {
    read(text)?;
    Ok(text.to_owned())
}

/// An image with its tag, `[HOST/]NAMESPACE/REPOSITORY:TAG[@DIGEST]`.
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
    ImageName::of(&image).map_err(reason)?;
    Ok(image)
}

/// Why it is not an image; clap names the value.
fn reason(error: registry_replication::InvalidImage) -> String {
    error.problem().to_owned()
}

/// A digest, `sha256:` and 64 hexadecimal digits.
pub(crate) fn digest(text: &str) -> Result<String, String> {
    // The grammar is that of whole references.
    let image = format!("namespace/repository@{text}").parse::<ImageReference>();
    image.map_err(reason)?;
    Ok(text.to_owned())
}

/// A namespace: the first part of a repository's path.
pub(crate) fn namespace(text: &str) -> Result<String, String> {
    let name = id(text)?;
    let image = format!("{name}/repository").parse::<ImageReference>();
    image.map_err(reason)?;
    Ok(name)
}

/// A state in the word of Huawei Cloud. A word that is not known may be newer than this program; a
/// typo of a known word is not.
pub(crate) fn status(text: &str) -> Result<String, String> {
    let known = TaskStatus::KNOWN;
    match suggest::near(text, known.iter().copied()) {
        Some(near) if !known.contains(&text) => Err(format!("did you mean {near}?")),
        _ => word(text),
    }
}

/// A destination, `PLACE` or `PLACE/NAMESPACE`.
pub(crate) fn destination(text: &str) -> Result<String, String> {
    let text = word(text)?;
    let parts: Vec<&str> = text.split('/').collect();
    match parts.as_slice() {
        [place] | [place, _] if place.is_empty() || matches!(*place, "." | "..") => {
            Err("it has no region, instance or target registry before the slash".to_owned())
        }
        [_] => Ok(text),
        [_, ""] => Err("it has no namespace behind the slash; leave out the slash".to_owned()),
        [_, _] => Ok(text),
        _ => Err("it has more than one slash; write PLACE or PLACE/NAMESPACE".to_owned()),
    }
}

/// A duration as people write it, of any length: `90s`, `15m`, `1h30m`.
pub(crate) fn any_duration(text: &str) -> Result<Duration, String> {
    let known = text.parse::<SignedDuration>();
    let known = known.map_err(|_| "it is not a duration such as 90s, 15m or 1h30m".to_owned())?;
    Duration::try_from(known)
        .map_err(|_| "it is negative; write a duration such as 90s, 15m or 1h30m".to_owned())
}

/// A duration of at most ten years.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let known = any_duration(text)?;
    match known > LONGEST {
        true => Err("it is longer than 10 years; write a duration such as 90s or 1h30m".to_owned()),
        false => Ok(known),
    }
}

/// A duration that is not zero.
pub(crate) fn window(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        Duration::ZERO => Err("it is zero; write a duration such as 90s, 15m or 1h30m".to_owned()),
        window => Ok(window),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_written_as_people_do() {
        for (text, seconds) in [
            ("0s", Some(0)),
            ("90s", Some(90)),
            ("15m", Some(900)),
            ("1h30m", Some(5400)),
            ("1h 30m", Some(5400)),
            ("PT15M", Some(900)),
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
            ("cn-north-1/team/api", false),
            ("..", false),
        ] {
            assert_eq!(destination(text).is_ok(), fits, "{text:?}");
        }
    }
}
