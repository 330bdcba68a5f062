//! Places that copies go to, compared field by field.

use std::fmt;

use crate::model::{ImageRef, Task};

/// Where a copy goes. A field that is not known is absent.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    region: Option<String>,
    instance: Option<String>,
    registry: Option<String>,
    namespace: Option<String>,
    repository: Option<String>,
    tag: Option<String>,
}

/// Result of a comparison of two places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    /// All fields are equal.
    Same,
    /// One of them lacks a field, and the fields that both have are equal.
    Doubtful,
    /// A field that both have differs.
    Different,
}

impl Place {
    /// Returns the place that a tag of the source is copied to.
    pub(crate) fn of(end: &ImageRef, tag: Option<&str>) -> Self {
        let tags: Vec<&str> = end.tags().collect();
        let own = match tags.as_slice() {
            [only] => Some(*only),
            several => tag.filter(|tag| several.contains(tag)),
        };
        Self {
            region: end.region.clone(),
            instance: end.instance.clone(),
            registry: end.registry.clone(),
            namespace: end.namespace.clone(),
            repository: end.repository.clone(),
            tag: own.map(str::to_owned),
        }
    }

    /// Returns the place that a task copies a tag of its source to.
    pub(crate) fn of_task(task: &Task, tag: Option<&str>) -> Self {
        let end = task.destination.as_ref();
        end.map(|end| Self::of(end, tag)).unwrap_or_default()
    }

    fn fields(&self) -> [&Option<String>; 6] {
        [
            &self.region,
            &self.instance,
            &self.registry,
            &self.namespace,
            &self.repository,
            &self.tag,
        ]
    }

    /// Compares two places.
    pub(crate) fn compare(&self, other: &Self) -> Comparison {
        let pairs = || self.fields().into_iter().zip(other.fields());
        let differ = |(one, other): (&Option<String>, &Option<String>)| {
            one.is_some() && other.is_some() && one != other
        };
        match (self == other, pairs().any(differ)) {
            (true, _) => Comparison::Same,
            (false, true) => Comparison::Different,
            (false, false) => Comparison::Doubtful,
        }
    }

    /// Whether this place has all that is known of the other. A field that it lacks proves nothing.
    pub(crate) fn confirms(&self, other: &Self) -> bool {
        let mut pairs = self.fields().into_iter().zip(other.fields());
        pairs.all(|(own, other)| other.is_none() || own == other)
    }

    /// Returns the number of known fields.
    pub(crate) fn known(&self) -> usize {
        self.fields().iter().filter(|field| field.is_some()).count()
    }
}

impl fmt::Display for Place {
    /// Writes all known fields: `us-west-2 instance-1: team/api:v1`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let outside = [&self.region, &self.instance, &self.registry];
        let outside: Vec<&str> = outside.into_iter().flatten().map(String::as_str).collect();
        if !outside.is_empty() {
            write!(f, "{}: ", outside.join(" "))?;
        }
        if let Some(namespace) = &self.namespace {
            write!(f, "{namespace}/")?;
        }
        f.write_str(self.repository.as_deref().unwrap_or("?"))?;
        write!(f, ":{}", self.tag.as_deref().unwrap_or("?"))
    }
}

/// Returns the path of a source, `namespace/repository`, if its repository is known.
pub(crate) fn path(source: &ImageRef) -> Option<String> {
    let repository = source.repository.as_ref()?;
    Some(match &source.namespace {
        Some(namespace) => format!("{namespace}/{repository}"),
        None => repository.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(region: Option<&str>, tag: &str) -> Place {
        let end = ImageRef {
            region: region.map(str::to_owned),
            repository: Some("api".to_owned()),
            ..ImageRef::default()
        };
        Place::of(&end.with_tag(Some(tag.to_owned())), None)
    }

    #[test]
    fn a_field_that_is_not_known_proves_nothing() {
        let known = place(Some("us-west-2"), "v1");
        for (other, comparison, confirms) in [
            (place(Some("us-west-2"), "v1"), Comparison::Same, true),
            (place(None, "v1"), Comparison::Doubtful, false),
            (place(Some("us-west-1"), "v1"), Comparison::Different, false),
            (
                place(Some("us-west-2"), "v1-prod"),
                Comparison::Different,
                false,
            ),
            (place(None, "v1-prod"), Comparison::Different, false),
        ] {
            assert_eq!(known.compare(&other), comparison, "{other}");
            assert_eq!(other.compare(&known), comparison, "{other}");
            assert_eq!(other.confirms(&known), confirms, "{other}");
        }
    }
}
