//! Destinations of images.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::ImageRef;

/// Names of target registries by id, the usual one first.
pub(crate) type Names = BTreeMap<String, Vec<String>>;

/// Destination of an image: a region, an instance or a target registry, and optionally a namespace.
///
/// The place is a region id, an instance id, or the id, name or host of a target registry; `*` is any
/// place. A namespace tells two rules apart that copy to the same place.
///
/// ```
/// use registry_replication::Destination;
/// let destination = Destination::from("cn-north-1/partners");
/// assert_eq!(destination, Destination::new("cn-north-1").namespace("partners"));
/// assert_eq!(destination.to_string(), "cn-north-1/partners");
/// ```
#[derive(
    Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Destination {
    place: String,
    namespace: Option<String>,
}

impl Destination {
    /// A region, an instance or a target registry.
    pub fn new(place: impl Into<String>) -> Self {
        Self {
            place: place.into(),
            namespace: None,
        }
    }

    /// Restricts the destination to one namespace.
    pub fn namespace(mut self, name: impl Into<String>) -> Self {
        self.namespace = Some(name.into());
        self
    }

    /// Returns the destination for all places, for when neither the caller nor a rule names one.
    pub(crate) fn anywhere() -> Self {
        Self::new("*")
    }

    pub(crate) fn is_anywhere(&self) -> bool {
        self.place == "*"
    }

    pub(crate) fn place(&self) -> &str {
        &self.place
    }

    pub(crate) fn own_namespace(&self) -> Option<&str> {
        self.namespace.as_deref()
    }

    /// Whether `end` is at this destination.
    pub(crate) fn is(&self, end: &ImageRef, names: &Names) -> bool {
        let own_names = end.registry.as_ref().and_then(|id| names.get(id));
        let mut known = [&end.region, &end.instance, &end.registry].into_iter();
        let here = self.is_anywhere()
            || known.any(|known| known.as_deref() == Some(&self.place))
            || own_names.is_some_and(|names| names.contains(&self.place));
        let holds = |namespace: &String| is_in(end, namespace);
        here && self.namespace.as_ref().is_none_or(holds)
    }
}

/// Whether an end is in a namespace, whose name may have slashes.
fn is_in(end: &ImageRef, namespace: &str) -> bool {
    let parts = end.namespace.iter().chain(&end.repository);
    let path = parts.map(String::as_str).collect::<Vec<_>>().join("/");
    let rest = path.strip_prefix(namespace);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

impl From<&str> for Destination {
    /// Reads `PLACE` or `PLACE/NAMESPACE`.
    fn from(text: &str) -> Self {
        match text.split_once('/') {
            Some((place, namespace)) => Self::new(place).namespace(namespace),
            None => Self::new(text),
        }
    }
}

impl From<String> for Destination {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<Destination> for String {
    fn from(destination: Destination) -> Self {
        destination.to_string()
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.namespace {
            Some(namespace) => write!(f, "{}/{namespace}", self.place),
            None => f.write_str(&self.place),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_destination_goes_by_any_name_of_its_place() {
        let end = ImageRef {
            region: Some("cn-east-3".to_owned()),
            instance: Some("i-2".to_owned()),
            registry: Some("3".to_owned()),
            namespace: Some("team".to_owned()),
            repository: Some("backup/api".to_owned()),
            ..ImageRef::default()
        };
        let names = ["backup", "backup.example"].map(str::to_owned);
        let names = Names::from([("3".to_owned(), names.into())]);
        for (text, here) in [
            ("cn-east-3", true),
            ("i-2", true),
            ("3", true),
            ("backup", true),
            ("backup.example", true),
            ("cn-east-3/team", true),
            ("cn-east-3/team/backup", true),
            ("cn-east-3/te", false),
            ("cn-east-3/other", false),
            ("cn-east-2", false),
            ("team", false),
            ("", false),
            ("*", true),
            ("*/other", false),
        ] {
            assert_eq!(Destination::from(text).is(&end, &names), here, "{text}");
        }
    }
}
