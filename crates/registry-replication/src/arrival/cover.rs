//! Coverage of an image by a rule, with the reasons if the rule does not cover it.

use std::fmt;
use std::ops::Deref;

use globset::{GlobBuilder, GlobSet};
use regex_lite::{Regex, RegexBuilder};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::doublestar;
use crate::model::{FilterOn, FilterSyntax, ImageName, ReplacedParts, Rule, TaskKind};

/// Result of comparing a rule with an image.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Cover {
    /// Mismatches, each a clause of a sentence. Empty if the rule covers the image.
    pub(crate) misfits: Vec<String>,
    /// How far the rule is from covering the image: another tag is nearer than another repository.
    pub(crate) distance: u32,
    /// Filters that this version cannot read. They count as matching.
    pub(crate) unread: Vec<String>,
}

impl Cover {
    pub(crate) fn covers(&self) -> bool {
        self.misfits.is_empty()
    }
}

/// Rule with compiled patterns, for many images.
#[derive(Clone, Debug)]
pub(crate) struct ReadRule {
    rule: Rule,
    /// Patterns of its filters, in their order.
    patterns: Vec<Patterns>,
}

/// Patterns of a filter, one of which must match.
#[derive(Clone, Debug)]
struct Patterns {
    read: Vec<Pattern>,
    /// Whether all of them are readable.
    is_whole: bool,
}

impl ReadRule {
    pub(crate) fn new(rule: Rule) -> Self {
        let mut left = MOST_PATTERNS;
        let filters = rule.filters.iter();
        let patterns = filters.map(|filter| {
            let all = std::iter::once(&filter.pattern).chain(&filter.alternatives);
            let within = all.clone().take(left);
            let read = within.filter_map(|pattern| Pattern::read(pattern, filter.syntax));
            let read: Vec<_> = read.collect();
            let count = 1 + filter.alternatives.len();
            left = left.saturating_sub(count);
            Patterns {
                is_whole: read.len() == count,
                read,
            }
        });
        let patterns = patterns.collect();
        Self { rule, patterns }
    }
}

impl Deref for ReadRule {
    type Target = Rule;

    fn deref(&self) -> &Rule {
        &self.rule
    }
}

/// Largest number of a rule's filters whose patterns are read.
const MOST_PATTERNS: usize = 64;
/// Longest pattern that is read, in bytes.
const LONGEST_PATTERN: usize = 2048;
/// Deepest nesting of braces in a pattern that is read.
const DEEPEST_PATTERN: usize = 16;
/// Largest compiled regular expression, in bytes.
const LARGEST_REGEX: usize = 1 << 18;

/// Pattern of a filter.
///
/// Patterns come from the vendor, so they have bounds. A pattern beyond them counts as unreadable.
#[derive(Clone, Debug)]
enum Pattern {
    Glob(GlobSet),
    Regex(Regex),
    Prefix(String),
}

impl Pattern {
    fn read(pattern: &str, syntax: FilterSyntax) -> Option<Self> {
        if pattern.len() > LONGEST_PATTERN || depth(pattern) > DEEPEST_PATTERN {
            return None;
        }
        Some(match syntax {
            FilterSyntax::Doublestar => {
                let glob = doublestar::glob(pattern).ok()?;
                let mut builder = GlobBuilder::new(&glob);
                let glob = builder
                    .literal_separator(true)
                    .empty_alternates(true)
                    .build();
                // A set of one glob returns an error where a single glob panics.
                Self::Glob(GlobSet::new([glob.ok()?]).ok()?)
            }
            FilterSyntax::Regex => {
                let regex = |pattern: &str| {
                    let mut builder = RegexBuilder::new(pattern);
                    builder.size_limit(LARGEST_REGEX).build().ok()
                };
                // Compile it alone first, so that its parentheses cannot close the added group.
                regex(pattern)?;
                Self::Regex(regex(&format!("^(?:{pattern})$"))?)
            }
            FilterSyntax::Prefix => Self::Prefix(pattern.to_owned()),
            FilterSyntax::Unknown => return None,
        })
    }

    fn fits(&self, text: &str) -> bool {
        match self {
            Self::Glob(glob) => glob.is_match(text),
            Self::Regex(regex) => regex.is_match(text),
            Self::Prefix(prefix) => text.starts_with(prefix),
        }
    }
}

/// Returns the beginning of a pattern, because the vendor decides its length.
fn cut(pattern: &str) -> String {
    const SHOWN: usize = 100;
    match pattern.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &pattern[..end]),
        None => pattern.to_owned(),
    }
}

/// Returns the deepest nesting of braces and parentheses.
fn depth(pattern: &str) -> usize {
    let mut open = 0_usize;
    let depths = pattern.bytes().map(|byte| {
        match byte {
            b'{' | b'(' => open += 1,
            b'}' | b')' => open = open.saturating_sub(1),
            _ => {}
        }
        open
    });
    depths.max().unwrap_or(0)
}

impl Rule {
    /// Returns the path at the destination of a rule that says how many parts it replaces; `None` for
    /// other rules, and for an image whose path has too few parts.
    pub(crate) fn replaced_path(&self, image: &ImageName) -> Option<String> {
        let namespace = self.destination.namespace.as_ref()?;
        self.replaces?.replace(&image.path(), namespace)
    }

    /// Whether the rule copies this image, by its source and filters. A filter that this version
    /// cannot read counts as matching. Sends no calls.
    ///
    /// Patterns with `*` and `?` follow doublestar: `*` stops at a slash, `**` does not. Regular
    /// expressions must match the whole text. Unreadable are patterns of more than 2048 bytes,
    /// patterns with more than 16 levels of braces, and all filters after a rule's first 64.
    pub fn covers(&self, image: &ImageName) -> bool {
        ReadRule::new(self.clone()).covers(image)
    }

    /// Returns whether the rule copies this image, with the reasons. Sends no calls.
    ///
    /// Compares as [`covers`](Self::covers) does. A filter that this version cannot read makes the
    /// result unknown, and so does a filter on tags if the image has no tag.
    ///
    /// ```no_run
    /// # fn example(rule: &registry_replication::Rule) {
    /// let image = "team/api:v42".parse().unwrap();
    /// let coverage = rule.coverage(&image);
    /// println!("{}: {}", coverage.covered, coverage.reasons.join("; "));
    /// # }
    /// ```
    pub fn coverage(&self, image: &ImageName) -> Coverage {
        ReadRule::new(self.clone()).coverage(image)
    }
}

/// Whether a rule covers an image, with the reasons if it does not, or if that is unknown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct Coverage {
    /// Whether the rule covers the image.
    pub covered: Covered,
    /// Reasons, each a clause about the rule. Empty if it covers the image.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
}

/// Whether a rule covers an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Covered {
    /// It does.
    Yes,
    /// It does not.
    No,
    /// It depends on something that is not known, such as a filter that this version cannot read.
    Unknown,
}

impl Covered {
    /// Returns the serialised word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Covered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl ReadRule {
    /// Whether the rule copies this image.
    pub(crate) fn covers(&self, image: &ImageName) -> bool {
        self.kind == TaskKind::Replication && cover(self, image).covers()
    }

    /// Returns whether the rule copies this image, with the reasons: see [`Rule::coverage`].
    pub(crate) fn coverage(&self, image: &ImageName) -> Coverage {
        if self.kind != TaskKind::Replication {
            return Coverage {
                covered: Covered::No,
                reasons: vec!["it is a retention rule, which copies nothing".to_owned()],
            };
        }
        let found = cover(self, image);
        if !found.covers() {
            return Coverage {
                covered: Covered::No,
                reasons: found.misfits,
            };
        }
        let unread = found.unread.iter();
        let unread =
            unread.map(|filter| format!("this version cannot read its filter on {filter}"));
        let mut reasons: Vec<String> = unread.collect();
        let on_tags = self.filters.iter().any(|filter| filter.on == FilterOn::Tag);
        if on_tags && image.tag().is_none() {
            reasons.push("it has a filter on tags, and the image has no tag".to_owned());
        }
        Coverage {
            covered: match reasons.is_empty() {
                true => Covered::Yes,
                false => Covered::Unknown,
            },
            reasons,
        }
    }
}

/// Compares `rule` with `image`. Ignores filters on tags if the image has no tag.
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
    let full = image.path();
    let replaces = rule
        .replaces
        .filter(|_| rule.destination.namespace.is_some());
    if let (Some(ReplacedParts::First(count)), None) = (replaces, rule.replaced_path(image)) {
        cover.misfits.push(format!(
            "it replaces {count} parts of the path, and {full:?} does not have more"
        ));
        cover.distance += 1;
    }
    for (filter, read) in rule.filters.iter().zip(&rule.patterns) {
        let (what, text) = match &filter.on {
            FilterOn::Name => ("names", Some(full.as_str())),
            FilterOn::Namespace => ("namespaces", Some(image.namespace())),
            FilterOn::Repository => ("repositories", Some(image.repository())),
            FilterOn::Tag => match image.tag() {
                Some(tag) => ("tags", Some(tag)),
                None => continue,
            },
            FilterOn::Label => ("labels", None),
            FilterOn::Unknown(word) => (word.as_str(), None),
        };
        let pattern = &filter.pattern;
        let misfits = cover.misfits.len();
        let fits = |text: &str| read.read.iter().any(|pattern| pattern.fits(text));
        match text.filter(|text| read.is_whole || fits(text)) {
            Some(text) if fits(text) != filter.excludes => {}
            Some(text) if filter.excludes => cover.misfits.push(format!(
                "its filter on {what} excludes {:?}, which matches {text:?}",
                cut(pattern)
            )),
            Some(text) => cover.misfits.push(format!(
                "its filter on {what}, {:?}, does not match {text:?}",
                cut(pattern)
            )),
            None => cover.unread.push(format!("{what} {:?}", cut(pattern))),
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
    use crate::model::{ImageRef, Provider, RuleFilter};

    fn rule(filters: &[(FilterOn, &str, FilterSyntax)]) -> Rule {
        let filters = filters.iter().cloned();
        Rule {
            filters: filters
                .map(|(on, pattern, syntax)| RuleFilter::new(on, pattern, syntax))
                .collect(),
            ..Rule::new(
                Provider::named("somecloud"),
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
            (FilterOn::Tag, "v[!4]2", Doublestar, true),
            (FilterOn::Tag, "v[^4]2", Doublestar, false),
            (FilterOn::Tag, "v42{,-rc}", Doublestar, true),
            (FilterOn::Tag, "v42}", Doublestar, false),
        ] {
            let rule = rule(&[(on, pattern, syntax)]);
            let image = "team/api:v42".parse().unwrap();
            assert_eq!(rule.covers(&image), covered, "{pattern}");
        }
    }

    #[test]
    fn a_pattern_beyond_the_bounds_is_unread_and_costs_little() {
        use FilterSyntax::{Doublestar, Regex};
        let nested = |open: &str, close: &str, depth: usize| {
            format!("{}a{}", open.repeat(depth), close.repeat(depth))
        };
        let image = "team/api:v42".parse().unwrap();
        for (pattern, syntax, is_read) in [
            (nested("{", "}", 300), Doublestar, false),
            (nested("{a,", "}", 300), Doublestar, false),
            (nested("{a,", "}", 16), Doublestar, true),
            ("?".repeat(1 << 20), Doublestar, false),
            ("?".repeat(2048), Doublestar, true),
            ("[!a]".repeat(512), Doublestar, true),
            ("[!a-z]*{?,[!b]}".repeat(136), Doublestar, true),
            ("*a".repeat(1000), Doublestar, true),
            ("{".repeat(2000), Doublestar, false),
            ("[".repeat(2000), Doublestar, false),
            ("\\".repeat(1999), Doublestar, false),
            (nested("(", ")", 300), Regex, false),
            (nested("(", ")*", 16), Regex, true),
            (".".repeat(1 << 20), Regex, false),
            ("(a{1000}){1000}".to_owned(), Regex, false),
            ("(a*)*".repeat(100), Regex, true),
            ("(".repeat(2000), Regex, false),
        ] {
            let rule = rule(&[(FilterOn::Tag, &pattern, syntax)]);
            let found = cover(&ReadRule::new(rule), &image);
            let name: String = pattern.chars().take(20).collect();
            assert_eq!(found.unread.is_empty(), is_read, "{name}");
            assert_eq!(found.misfits.is_empty(), !is_read, "{name}");
        }
        let filters = vec![(FilterOn::Tag, "v42", Doublestar); 65];
        let found = cover(&ReadRule::new(rule(&filters)), &image);
        assert_eq!(found.unread.len(), 1);
    }

    #[test]
    fn what_cannot_be_known_is_not_covered() {
        let unknown = FilterOn::Unknown("label".to_owned());
        let syntax = FilterSyntax::Doublestar;
        for (filters, image, covered, reason) in [
            (vec![], "team/api:v42", Covered::Yes, None),
            (
                vec![(FilterOn::Tag, "v*", syntax)],
                "team/api",
                Covered::Unknown,
                Some("it has a filter on tags, and the image has no tag"),
            ),
            (
                vec![(unknown.clone(), "gold", syntax)],
                "team/api:v42",
                Covered::Unknown,
                Some(r#"this version cannot read its filter on label "gold""#),
            ),
            (
                vec![(unknown, "gold", syntax), (FilterOn::Tag, "r*", syntax)],
                "team/api:v42",
                Covered::No,
                Some(r#"its filter on tags, "r*", does not match "v42""#),
            ),
        ] {
            let coverage = rule(&filters).coverage(&image.parse().unwrap());
            assert_eq!(coverage.covered, covered, "{filters:?}");
            assert_eq!(coverage.reasons.first().map(String::as_str), reason);
        }
        let mut retention = rule(&[]);
        retention.kind = TaskKind::Retention;
        let coverage = retention.coverage(&"team/api:v42".parse().unwrap());
        assert_eq!(coverage.covered, Covered::No);
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
                    r#"its filter on tags, "release-*", does not match "v42""#.to_owned(),
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
            [r#"its filter on tags excludes "v*", which matches "v42""#]
        );
        let repository = "team/api".parse().unwrap();
        assert!(
            all.covers(&repository),
            "of a repository, tags do not count"
        );
    }
}
