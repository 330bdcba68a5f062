//! Path templates, which are matched on the undecoded path: it is split first and decoded after that.

use std::collections::BTreeMap;

use hyper::Method;

use crate::encoding;
use crate::spec::Operation;

#[derive(Debug)]
pub(crate) struct Route<T> {
    segments: Vec<Segment>,
    pub(crate) operation: &'static Operation,
    pub(crate) target: T,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Segment {
    /// Literal text. It is before `Parameter`, so that sorted routes try the literal first.
    Literal(String),
    Parameter(String),
}

#[derive(Debug)]
pub(crate) struct Routes<T>(Vec<Route<T>>);

impl<T> Routes<T> {
    pub(crate) fn new(calls: impl IntoIterator<Item = (&'static Operation, T)>) -> Self {
        let mut routes: Vec<_> = calls
            .into_iter()
            .map(|(operation, target)| Route {
                segments: operation.path.split('/').map(segment).collect(),
                operation,
                target,
            })
            .collect();
        routes.sort_by(|a, b| a.segments.cmp(&b.segments));
        Self(routes)
    }

    /// Finds the route of a request, and the decoded parameters of its path.
    pub(crate) fn find(
        &self,
        method: &Method,
        path: &str,
    ) -> Option<(&Route<T>, BTreeMap<String, String>)> {
        let sent: Vec<_> = path.split('/').map(encoding::decode).collect();
        self.0
            .iter()
            .filter(|route| route.operation.method == *method)
            .find_map(|route| Some((route, matched(&route.segments, &sent)?)))
    }
}

fn segment(text: &str) -> Segment {
    match text
        .strip_prefix('{')
        .and_then(|inner| inner.strip_suffix('}'))
    {
        Some(name) => Segment::Parameter(name.to_owned()),
        None => Segment::Literal(text.to_owned()),
    }
}

/// Matches a template. `sent` are the decoded segments of the path, `None` for invalid UTF-8.
fn matched(template: &[Segment], sent: &[Option<String>]) -> Option<BTreeMap<String, String>> {
    if template.len() != sent.len() {
        return None;
    }
    let pairs = || template.iter().zip(sent);
    let fits = pairs().all(|(segment, text)| match (segment, text) {
        (Segment::Literal(literal), Some(text)) => literal == text,
        (Segment::Parameter(_), Some(text)) => !text.is_empty(),
        (_, None) => false,
    });
    let parameters = pairs().filter_map(|(segment, text)| match segment {
        Segment::Parameter(name) => Some((name.clone(), text.clone()?)),
        Segment::Literal(_) => None,
    });
    fits.then(|| parameters.collect())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use crate::spec;

    #[test]
    fn paths_are_split_before_they_are_decoded() {
        let spec = spec::with("ShowSyncJob");
        let routes = Routes::new(spec.operations.iter().map(|operation| (operation, ())));
        let repository = |path: &str| {
            let (route, parameters) = routes.find(&Method::GET, path)?;
            assert_eq!(route.operation.id, "ListImageAutoSyncReposDetails");
            parameters.get("repository").cloned()
        };
        for (path, expected) in [
            (
                "/v2/manage/namespaces/test/repos/app/sync_repo",
                Some("app"),
            ),
            (
                "/v2/manage/namespaces/test/repos/a%2Fb/sync_repo",
                Some("a/b"),
            ),
            (
                "/v2/manage/namespaces/test/repos/a%252Fb/sync_repo",
                Some("a%2Fb"),
            ),
            (
                "/v2/manage/namespaces/test/repos/a$b/sync_repo",
                Some("a$b"),
            ),
            ("/v2/manage/namespaces/test/repos/a/b/sync_repo", None),
            ("/v2/manage/namespaces/test/repos//sync_repo", None),
            ("/v2/manage/namespaces/test/repos/%FF/sync_repo", None),
            ("/v2/manage/namespaces/test/repos/app/sync_repo/", None),
        ] {
            assert_eq!(repository(path).as_deref(), expected, "{path}");
        }
        let path = "/v2/manage/namespaces/test/repos/app/sync_repo";
        assert!(routes.find(&Method::PUT, path).is_none());
    }
}
