//! Lines of a provider in the tables that list all providers.
//!
//! Files are changed as text, so that order and comments stay. Each change has an anchor that must be
//! in the file. A missing anchor is an error that names the line to add.

use super::name::Name;

/// A file with tables of providers, and its changes.
pub(super) struct Table {
    pub(super) file: &'static str,
    changes: &'static [Change],
}

/// A change of a file. Its text has places for names.
enum Change {
    /// A line in a section. The section begins with the first line that starts with this text, and ends
    /// before the next empty line. Without a text, the whole file is the section.
    Line(&'static str, Place, &'static str),
    /// An element at the end of the list that this text opens.
    Element(&'static str, &'static str),
}

/// Where a line goes in its section.
enum Place {
    /// After the last line that contains this text.
    After(&'static str),
    /// Before the first line that contains this text.
    Before(&'static str),
}

use Change::{Element, Line};
use Place::{After, Before};

/// All tables. The manifest of the workspace is the last one, because it makes the crate a member.
pub(super) const TABLES: &[Table] = &[
    Table {
        file: "crates/registry-replication/Cargo.toml",
        changes: &[
            Element("all-providers = [", "\"{{vendor}}\""),
            Line(
                "[features]",
                After(" = [\"dep:"),
                "{{vendor}} = [\"dep:{{name}}\"]",
            ),
            Line(
                "[dependencies]",
                After(" = { workspace = true, optional = true }"),
                "{{name}} = { workspace = true, optional = true }",
            ),
        ],
    },
    Table {
        file: "crates/registry-replication/src/providers/mod.rs",
        changes: &[Line(
            "providers! {",
            After("::DESCRIPTOR],"),
            "    \"{{vendor}}\": {{module}} [{{module}}::DESCRIPTOR],",
        )],
    },
    Table {
        file: "crates/registry-sandbox/src/sides/mod.rs",
        changes: &[
            Line("pub mod ", After("pub mod "), "pub mod {{module}};"),
            Element("const SIDES: &[&Definition] = &[", "&{{module}}::SIDE"),
        ],
    },
    Table {
        file: "crates/imgtrack/Cargo.toml",
        changes: &[
            Element("all-providers = [", "\"{{vendor}}\""),
            Line(
                "[features]",
                After(" = [\"registry-replication/"),
                "{{vendor}} = [\"registry-replication/{{vendor}}\"]",
            ),
        ],
    },
    Table {
        file: "tests/Cargo.toml",
        changes: &[Line(
            "[dependencies]",
            Before("openapi-transport"),
            "{{name}}.workspace = true",
        )],
    },
    Table {
        file: "tests/suite/subjects/mod.rs",
        changes: &[
            Line(
                "pub(crate) mod ",
                After("pub(crate) mod "),
                "pub(crate) mod {{module}};",
            ),
            Element(
                "const SUBJECTS: &[&dyn Subject] = &[",
                "&{{module}}::{{provider}}",
            ),
        ],
    },
    Table {
        file: "tests/data/provider-names.txt",
        changes: &[
            Line("", After("word "), "word {{vendor}}"),
            Line(
                "",
                Before("folder crates/registry-replication/"),
                "folder crates/{{name}}",
            ),
            Line(
                "",
                After("folder crates/registry-replication/src/providers/"),
                "folder crates/registry-replication/src/providers/{{module}}",
            ),
            Line(
                "",
                After("folder crates/registry-sandbox/src/sides/"),
                "folder crates/registry-sandbox/src/sides/{{module}}",
            ),
            Line(
                "",
                After("folder tests/suite/subjects/"),
                "folder tests/suite/subjects/{{module}}",
            ),
        ],
    },
    Table {
        file: "README.md",
        changes: &[Line(
            "| registry |",
            After("| [`"),
            "| [`{{vendor}}`](docs/src/registries/{{vendor}}.md) | {{title}} | rules, tasks, tasks of an \
             image | no | no |",
        )],
    },
    Table {
        file: "docs/src/SUMMARY.md",
        changes: &[Line(
            "",
            After("](registries/"),
            "- [{{title}}](registries/{{vendor}}.md)",
        )],
    },
    Table {
        file: "Cargo.toml",
        changes: &[
            Line(
                "members = [",
                Before("\"crates/registry-replication\""),
                "    \"crates/{{name}}\",",
            ),
            Line(
                "[workspace.dependencies]",
                Before("registry-replication = "),
                "{{name}} = { {{version}}path = \"crates/{{name}}\" }",
            ),
        ],
    },
];

impl Table {
    /// Returns the file with the provider in it.
    ///
    /// # Errors
    /// When the file does not have an anchor. Says what to add manually.
    pub(super) fn with(&self, text: &str, name: &Name) -> Result<String, String> {
        let mut text = text.to_owned();
        for change in self.changes {
            text = change.made(&text, name)?;
        }
        Ok(text)
    }
}

impl Change {
    fn made(&self, text: &str, name: &Name) -> Result<String, String> {
        match self {
            Line(section, place, line) => {
                // Published packages depend on a version, and not only on a path.
                let version = text.lines().find(|line| line.starts_with("version = "));
                let version = version.map(|version| format!("{version}, "));
                let line = line.replace("{{version}}", &version.unwrap_or_default());
                let line = name.fill(&line);
                let missing = || format!("no line {place} in {section:?}; add {line:?} manually");
                let index = place.find(text, section).ok_or_else(missing)?;
                let mut lines: Vec<&str> = text.lines().collect();
                lines.insert(index, &line);
                Ok(lines.join("\n") + "\n")
            }
            Element(list, element) => {
                let element = name.fill(element);
                let missing = || format!("no list {list:?}; add {element} manually");
                let end = end_of(text, list).ok_or_else(missing)?;
                let (before, rest) = text.split_at_checked(end).ok_or_else(missing)?;
                let (elements, after) = rest.split_once(']').ok_or_else(missing)?;
                let own = elements.trim_end().trim_end_matches(',');
                let own = match (own.trim().is_empty(), elements.contains('\n')) {
                    (true, _) => element,
                    (false, false) => format!("{own}, {element}"),
                    (false, true) => format!("{own},\n    {element},\n"),
                };
                Ok(format!("{before}{own}]{after}"))
            }
        }
    }
}

/// Returns where the first occurrence of `wanted` ends. White space counts in neither text, because a
/// long line may be broken anywhere.
fn end_of(text: &str, wanted: &str) -> Option<usize> {
    let starts = text.char_indices().map(|(start, _)| start);
    let mut ends = starts.filter_map(|start| {
        let mut wanted = wanted.chars().filter(|c| !c.is_whitespace()).peekable();
        let own = text.get(start..)?.char_indices();
        for (at, found) in own.filter(|(_, c)| !c.is_whitespace()) {
            wanted.next_if_eq(&found)?;
            if wanted.peek().is_none() {
                return Some(start + at + found.len_utf8());
            }
        }
        None
    });
    ends.next()
}

impl Place {
    /// Returns the index of a new line.
    fn find(&self, text: &str, section: &str) -> Option<usize> {
        let lines: Vec<&str> = text.lines().collect();
        let begin = match section {
            "" => 0,
            section => lines.iter().position(|line| line.starts_with(section))?,
        };
        let own = lines.iter().enumerate().skip(begin);
        let mut own = own.take_while(|(_, line)| section.is_empty() || !line.trim().is_empty());
        match self {
            After(anchor) => {
                let fits = own.filter(|(_, line)| line.contains(anchor));
                fits.last().map(|(index, _)| index + 1)
            }
            Before(anchor) => own
                .find(|(_, line)| line.contains(anchor))
                .map(|(index, _)| index),
        }
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            After(anchor) | Before(anchor) => write!(f, "with {anchor:?}"),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const TEXT: &str = "\
version = \"0.1.0\"
one = []
two = [\"a\"]
three = [
    \"a\",
]

[first]
a = 1
b = 1

[second]
a = 1
";

    fn with(changes: &'static [Change]) -> Result<String, String> {
        let name = Name::new("somecloud-cr", None).unwrap();
        Table { file: "", changes }.with(TEXT, &name)
    }

    #[test]
    fn lines_and_elements_have_their_places() {
        let text = with(&[
            Line("[first]", After(" = 1"), "last = {{{version}}1}"),
            Line("[second]", Before("a = "), "{{vendor}} = 1"),
            Line("", After(" = 1"), "end = 1"),
            Element("one = [", "1"),
            Element("two = [", "\"{{module}}\""),
            Element("three = [", "\"{{provider}}\""),
        ]);
        let expected = "\
version = \"0.1.0\"
one = [1]
two = [\"a\", \"somecloud\"]
three = [
    \"a\",
    \"Somecloud\",
]

[first]
a = 1
b = 1
last = {version = \"0.1.0\", 1}

[second]
somecloud = 1
a = 1
end = 1
";
        assert_eq!(text.unwrap(), expected);
    }

    #[test]
    fn a_missing_anchor_is_named_with_what_to_add() {
        for (changes, error) in [
            (
                &[Line("[first]", After("c = "), "d = 1")] as &[_],
                "no line with \"c = \" in \"[first]\"; add \"d = 1\" manually",
            ),
            (
                &[Line("[third]", Before("a"), "d = 1")],
                "no line with \"a\" in \"[third]\"; add \"d = 1\" manually",
            ),
            (
                &[Element("four = [", "\"{{name}}\"")],
                "no list \"four = [\"; add \"somecloud-cr\" manually",
            ),
        ] {
            assert_eq!(with(changes), Err(error.to_owned()));
        }
    }
}
