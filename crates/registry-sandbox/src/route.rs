//! Path templates, matched on the path as it came: split first, decoded after.

use std::collections::BTreeMap;

use hyper::Method;

use crate::encoding;
use crate::spec::Operation;

#[derive(Debug)]
pub(crate) struct Route<T> {
    segments: Vec<Segment>,
    pub(crate) operation: Operation,
    pub(crate) target: T,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Segment {
    /// Before `Parameter`, so that sorted routes try the literal first.
    Literal(String),
    Parameter(String),
}

#[derive(Debug)]
pub(crate) struct Routes<T>(Vec<Route<T>>);

impl<T> Routes<T> {
    pub(crate) fn new(calls: impl IntoIterator<Item = (Operation, T)>) -> Self {
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

    /// The route of a request, and the decoded parameters of its path.
    pub(crate) fn find(
        &self,
        method: &Method,
        path: &str,
    ) -> Option<(&Route<T>, BTreeMap<String, String>)> {
        let raw: Vec<_> = path.split('/').collect();
        self.0
            .iter()
            .filter(|route| route.operation.method == *method)
            .find_map(|route| Some((route, matched(&route.segments, &raw)?)))
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

fn matched(template: &[Segment], raw: &[&str]) -> Option<BTreeMap<String, String>> {
    if template.len() != raw.len() {
        return None;
    }
    let mut parameters = BTreeMap::new();
    for (segment, raw) in template.iter().zip(raw) {
        let text = encoding::decode(raw)?;
        match segment {
            Segment::Literal(literal) if *literal == text => {}
            Segment::Parameter(name) if !text.is_empty() => {
                parameters.insert(name.clone(), text);
            }
            _ => return None,
        }
    }
    Some(parameters)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use crate::spec::Specs;

    #[test]
    fn paths_are_split_before_they_are_decoded() {
        let swr = Specs::read().unwrap().swr;
        let routes = Routes::new(swr.operations.into_iter().map(|operation| (operation, ())));
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
