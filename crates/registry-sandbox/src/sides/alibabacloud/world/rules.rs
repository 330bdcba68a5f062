//! Coverage and destinations of synchronization rules.

use regex_lite::Regex;

use super::records::SyncRule;

impl SyncRule {
    /// Whether the rule covers this image.
    pub(crate) fn covers(&self, namespace: &str, repository: &str, tag: &str) -> bool {
        let in_scope = match self.sync_scope.as_str() {
            "REPO" => self.local_namespace_name == namespace && self.local_repo_name == repository,
            "NAMESPACE" => {
                self.local_namespace_name == namespace && fits(&self.repo_name_filter, repository)
            }
            _ => {
                fits(&self.namespace_name_filter, namespace)
                    && fits(&self.repo_name_filter, repository)
            }
        };
        in_scope && fits(&self.tag_filter, tag)
    }

    /// Returns the destination's namespace and repository. [default: the source's own]
    pub(crate) fn destination<'a>(
        &'a self,
        namespace: &'a str,
        repository: &'a str,
    ) -> (&'a str, &'a str) {
        let or = |named: &'a str, own: &'a str| if named.is_empty() { own } else { named };
        (
            or(&self.target_namespace_name, namespace),
            or(&self.target_repo_name, repository),
        )
    }

    /// Whether it runs on a push.
    pub(crate) fn runs_on_push(&self) -> bool {
        self.sync_trigger == "PASSIVE"
    }
}

/// Compiles a filter, which must match the whole name. The page does not tell whether a part is
/// enough, but its examples are whole names.
pub(crate) fn pattern(filter: &str) -> Option<Regex> {
    // Compile it alone first, so that its parentheses cannot close the added group.
    Regex::new(filter).ok()?;
    Regex::new(&format!("^(?:{filter})$")).ok()
}

/// Whether a filter matches. An absent filter matches everything.
fn fits(filter: &str, name: &str) -> bool {
    filter.is_empty() || pattern(filter).is_some_and(|pattern| pattern.is_match(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_covers_what_its_scope_and_filters_say() {
        let rule = |scope: &str, namespaces: &str, repositories: &str, tags: &str| SyncRule {
            sync_scope: scope.to_owned(),
            local_namespace_name: "team".to_owned(),
            local_repo_name: if scope == "REPO" { "api" } else { "" }.to_owned(),
            namespace_name_filter: namespaces.to_owned(),
            repo_name_filter: repositories.to_owned(),
            tag_filter: tags.to_owned(),
            ..SyncRule::default()
        };
        let repository = rule("REPO", "", "", ".*");
        let releases = rule("REPO", "", "", r"v\d+");
        let namespace = rule("NAMESPACE", "", "a.*", ".*");
        let instance = rule("INSTANCE", "te.m|web", ".*", ".*");
        let broken = rule("REPO", "", "", "v1)|(.*");
        for (rule, image, covered) in [
            (&repository, ("team", "api", "v1"), true),
            (&repository, ("team", "apis", "v1"), false),
            (&repository, ("web", "api", "v1"), false),
            (&releases, ("team", "api", "v1"), true),
            (&releases, ("team", "api", "v1-rc"), false),
            (&releases, ("team", "api", "rev1"), false),
            (&namespace, ("team", "auth", "v1"), true),
            (&namespace, ("team", "web", "v1"), false),
            (&namespace, ("web", "auth", "v1"), false),
            (&instance, ("team", "api", "v1"), true),
            (&instance, ("web", "api", "v1"), true),
            (&instance, ("website", "api", "v1"), false),
            (&broken, ("team", "api", "v1"), false),
        ] {
            let (namespace, name, tag) = image;
            assert_eq!(
                rule.covers(namespace, name, tag),
                covered,
                "{rule:?} {image:?}"
            );
        }
    }
}
