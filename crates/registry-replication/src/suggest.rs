//! "Did you mean": the known name that is nearest to a name that a user typed.

use openapi_transport::{Error, ErrorKind};

/// Returns the known name that is nearest to the typed name, if it is near enough for a typo.
///
/// Case does not count. A known name is its own nearest name.
///
/// ```
/// use registry_replication::suggest;
/// let known = ["cn-north-1", "cn-north-4", "cn-east-3"];
/// assert_eq!(suggest::near("cn-nroth-4", known), Some("cn-north-4"));
/// assert_eq!(suggest::near("eu-west-101", known), None);
/// ```
pub fn near<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    /// Longest text that is compared. A longer one is not a typo, and would take long.
    const LONGEST: usize = 255;
    if typed.is_empty() || typed.len() > LONGEST {
        return None;
    }
    let typed = typed.to_lowercase();
    let length = typed.chars().count();
    let near = known.into_iter().filter_map(|name| {
        let longer = name.chars().count().max(length);
        // The lengths alone exclude most names.
        let most = (longer / 3).clamp(1, 4);
        if name.len() > LONGEST || name.chars().count().abs_diff(length) > most {
            return None;
        }
        let distance = strsim::osa_distance(&typed, &name.to_lowercase());
        (distance <= most).then_some((distance, name))
    });
    // If several names are equally near, take the first in the alphabet.
    near.min().map(|(_, name)| name)
}

/// Returns the question that ends an error: `; did you mean X?`, or nothing.
pub(crate) fn question<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    match near(typed, known) {
        Some(name) => format!("; did you mean {name}?"),
        None => String::new(),
    }
}

/// Adds the nearest region to the error for an invalid region.
pub(crate) fn region<T>(
    result: Result<T, Error>,
    typed: &str,
    known: &'static [&'static str],
) -> Result<T, Error> {
    let question = || question(typed, known.iter().copied());
    result.map_err(|error| match (error.kind(), question()) {
        (ErrorKind::Invalid, question) if !question.is_empty() => {
            Error::configuration(format!("{error}{question}"))
        }
        _ => error,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typos_are_near_and_other_names_are_not() {
        let known = [
            "cn-north-1",
            "cn-north-4",
            "cn-hangzhou",
            "ap-southeast-1",
            "backup",
            "team/api",
        ];
        for (typed, name) in [
            ("cn-north-4", Some("cn-north-4")),
            ("CN-NORTH-4", Some("cn-north-4")),
            ("cn-nroth-4", Some("cn-north-4")),
            ("cn-north4", Some("cn-north-4")),
            ("cn_north_4", Some("cn-north-4")),
            ("cn-north-9", Some("cn-north-1")),
            ("cn-hanzhou", Some("cn-hangzhou")),
            ("hangzhou", Some("cn-hangzhou")),
            ("bakcup", Some("backup")),
            ("team/apo", Some("team/api")),
            ("team/web-frontend", None),
            ("prod", None),
            ("", None),
        ] {
            assert_eq!(near(typed, known), name, "{typed}");
        }
        assert_eq!(near(&"c".repeat(10_000), known), None);
        assert_eq!(question("bakcup", known), "; did you mean backup?");
        assert_eq!(question("prod", known), "");
    }
}
