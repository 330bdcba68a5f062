//! Whether a rule covers an image, and if not, what of it does not fit.

use std::ops::Deref;

use globset::{GlobBuilder, GlobMatcher};
use regex_lite::Regex;

use crate::model::{FilterOn, FilterSyntax, ImageName, Rule, RuleFilter, TaskKind};

/// How a rule stands to an image.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Cover {
    /// What does not fit, each a clause of a sentence. Empty if the rule covers the image.
    pub(crate) misfits: Vec<String>,
    /// How far the rule is from covering the image: another tag is nearer than another repository.
    pub(crate) distance: u32,
    /// Filters that cannot be read here; they are taken to fit.
    pub(crate) unread: Vec<String>,
}

impl Cover {
    pub(crate) fn covers(&self) -> bool {
        self.misfits.is_empty()
    }
}

/// A rule whose patterns are read once, for many images.
#[derive(Clone, Debug)]
pub(crate) struct ReadRule {
    rule: Rule,
    /// Those of its filters, in their order; none where one cannot be read.
    patterns: Vec<Option<Pattern>>,
}

impl ReadRule {
    pub(crate) fn new(rule: Rule) -> Self {
        let patterns = rule.filters.iter().map(Pattern::read).collect();
        Self { rule, patterns }
    }
}

impl Deref for ReadRule {
    type Target = Rule;

    fn deref(&self) -> &Rule {
        &self.rule
    }
}

/// The pattern of a filter.
#[derive(Clone, Debug)]
enum Pattern {
    Glob(GlobMatcher),
    Regex(Regex),
}

impl Pattern {
    fn read(filter: &RuleFilter) -> Option<Self> {
        let pattern = &filter.pattern;
        Some(match filter.syntax {
            FilterSyntax::Doublestar => {
                let glob = GlobBuilder::new(pattern).literal_separator(true).build();
                Self::Glob(glob.ok()?.compile_matcher())
            }
            FilterSyntax::Regex => {
                // By itself first, so that no parenthesis of the pattern's closes ours.
                Regex::new(pattern).ok()?;
                Self::Regex(Regex::new(&format!("^(?:{pattern})$")).ok()?)
            }
        })
    }

    fn fits(&self, text: &str) -> bool {
        match self {
            Self::Glob(glob) => glob.is_match(text),
            Self::Regex(regex) => regex.is_match(text),
        }
    }
}

impl Rule {
    /// Whether the rule copies this image, by its source and filters. A filter that this version
    /// cannot read is taken to fit. Nothing is asked of the vendor.
    ///
    /// Patterns with `*` and `?` follow Harbor: `*` stops at a slash, `**` does not. Regular
    /// expressions, which Alibaba's rules have, must fit from end to end.
    pub fn covers(&self, image: &ImageName) -> bool {
        ReadRule::new(self.clone()).covers(image)
    }
}

impl ReadRule {
    /// Whether the rule copies this image.
    pub(crate) fn covers(&self, image: &ImageName) -> bool {
        self.kind == TaskKind::Replication && cover(self, image).covers()
    }
}

/// How `rule` stands to `image`; of an image without a tag, tags are not looked at.
pub(crate) fn cover(rule: &ReadRule, image: &ImageName) -> Cover {
    let mut cover = Cover::default();
    let named = [
        ("namespace", &rule.source.namespace, image.namespace()),
        ("repository", &rule.source.repository, image.repository()),
    ];
    for (what, of_rule, of_image) in named {
        if let Some(own) = of_rule.as_ref().filter(|own| *own != of_image) {
            cover
                .misfits
                .push(format!("its {what} is {own:?}, not {of_image:?}"));
            cover.distance += 2;
        }
    }
    let full = format!("{}/{}", image.namespace(), image.repository());
    for (filter, read) in rule.filters.iter().zip(&rule.patterns) {
        let (what, text) = match &filter.on {
            FilterOn::Name => ("names", Some(full.as_str())),
            FilterOn::Namespace => ("namespaces", Some(image.namespace())),
            FilterOn::Repository => ("repositories", Some(image.repository())),
            FilterOn::Tag => match image.tag() {
                Some(tag) => ("tags", Some(tag)),
                None => continue,
            },
            FilterOn::Unknown(word) => (word.as_str(), None),
        };
        let pattern = &filter.pattern;
        let misfits = cover.misfits.len();
        match text.zip(read.as_ref()) {
            Some((text, read)) if read.fits(text) != filter.excludes => {}
            Some((text, _)) if filter.excludes => cover.misfits.push(format!(
                "its filter on {what} leaves out {pattern:?}, which is what {text:?} is"
            )),
            Some((text, _)) => cover.misfits.push(format!(
                "its filter on {what}, {pattern:?}, does not fit {text:?}"
            )),
            None => cover.unread.push(format!("{what} {pattern:?}")),
        }
        if cover.misfits.len() > misfits {
            cover.distance += if filter.on == FilterOn::Tag { 1 } else { 2 };
        }
    }
    cover
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::model::{ImageRef, Provider};

    fn rule(filters: &[(FilterOn, &str, FilterSyntax)]) -> Rule {
        let filters = filters.iter().cloned();
        Rule {
            filters: filters
                .map(|(on, pattern, syntax)| RuleFilter::new(on, pattern, syntax))
                .collect(),
            ..Rule::new(
                Provider::HuaweicloudEnterprise,
                TaskKind::Replication,
                Some(12),
            )
        }
    }

    #[test]
    fn patterns() {
        use FilterSyntax::{Doublestar, Regex};
        for (on, pattern, syntax, covered) in [
            (FilterOn::Name, "team/api", Doublestar, true),
            (FilterOn::Name, "team/*", Doublestar, true),
            (FilterOn::Name, "team/**", Doublestar, true),
            (FilterOn::Name, "**", Doublestar, true),
            (FilterOn::Name, "**/api", Doublestar, true),
            (FilterOn::Name, "*", Doublestar, false),
            (FilterOn::Name, "te?m/{api,web}", Doublestar, true),
            (FilterOn::Name, "te?m/{web,job}", Doublestar, false),
            (FilterOn::Tag, "v4*", Doublestar, true),
            (FilterOn::Tag, "release-*", Doublestar, false),
            (FilterOn::Tag, r"v\d+", Regex, true),
            (FilterOn::Tag, r"\d+", Regex, false),
            (FilterOn::Tag, "v1|v42", Regex, true),
            (FilterOn::Namespace, "te.m", Regex, true),
            (FilterOn::Repository, "ap", Regex, false),
        ] {
            let rule = rule(&[(on, pattern, syntax)]);
            let image = "team/api:v42".parse().unwrap();
            assert_eq!(rule.covers(&image), covered, "{pattern}");
        }
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let image = "team/api:v42".parse().unwrap();
        let mut all = rule(&[
            (FilterOn::Tag, "release-*", FilterSyntax::Doublestar),
            (FilterOn::Name, "team/[", FilterSyntax::Doublestar),
            (
                FilterOn::Unknown("label".to_owned()),
                "gold",
                FilterSyntax::Doublestar,
            ),
        ]);
        all.source = ImageRef::of_repository("web/api");
        assert_eq!(
            cover(&ReadRule::new(all.clone()), &image),
            Cover {
                misfits: vec![
                    r#"its namespace is "web", not "team""#.to_owned(),
                    r#"its filter on tags, "release-*", does not fit "v42""#.to_owned(),
                ],
                distance: 3,
                unread: vec![r#"names "team/[""#.to_owned(), r#"label "gold""#.to_owned()],
            }
        );
        all.filters[0].excludes = true;
        all.source = ImageRef::default();
        assert!(all.covers(&image), "what it leaves out is another tag");
        all.filters[0].pattern = "v*".to_owned();
        assert_eq!(
            cover(&ReadRule::new(all.clone()), &image).misfits,
            [r#"its filter on tags leaves out "v*", which is what "v42" is"#]
        );
        let repository = "team/api".parse().unwrap();
        assert!(
            all.covers(&repository),
            "of a repository, tags do not count"
        );
    }
}
