//! Syntax of the SDKs' shared files: INI with nested blocks.
//!
//! ```text
//! [profile build]        # a section
//! region = eu-west-1     ; a property
//! s3 =
//!   addressing_style = path
//! ```
//!
//! A line that is indented deeper than the property before it continues its value. Properties of a
//! section may themselves be indented, because the vendor's command-line program accepts that.

use std::collections::BTreeMap;

use openapi_transport::SourceError;

/// Section of a file, by its whole name.
pub(super) type Sections = BTreeMap<String, Section>;

/// Properties of a section. Names are in lower case. Where a file repeats one, the last counts.
#[derive(Clone, Default)]
pub(crate) struct Section(BTreeMap<String, String>);

impl Section {
    /// Returns a property. An empty one counts as not set.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        let value = self.0.get(name).map(String::as_str);
        value.filter(|value| !value.trim().is_empty())
    }

    /// Returns a property of the nested block `block`.
    pub(crate) fn nested(&self, block: &str, name: &str) -> Option<&str> {
        let block = self.0.get(block)?.strip_prefix('\n')?;
        let mut found = block.lines().filter_map(property);
        found
            .rfind(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
            .filter(|value| !value.is_empty())
    }

    /// Adds the properties of another section, which win over those of this one.
    pub(super) fn merge(&mut self, other: Self) {
        self.0.extend(other.0);
    }
}

/// Shows the names alone, because values may be secrets.
impl std::fmt::Debug for Section {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// Reads a file.
///
/// # Errors
/// The number of the first line that is no section, property, continuation or comment. No error
/// shows the line, which may hold a secret.
pub(super) fn parse(text: &str) -> Result<Sections, SourceError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = Reader::default();
    for (index, line) in text.lines().enumerate() {
        reader
            .read(line.trim_end())
            .map_err(|why| SourceError::failed(format!("line {}: {why}", index + 1)))?;
    }
    Ok(reader.sections)
}

/// State between two lines.
#[derive(Default)]
struct Reader {
    sections: Sections,
    /// Name of the current section.
    section: Option<String>,
    /// Name and indent of the current property.
    property: Option<(String, usize)>,
}

impl Reader {
    fn read(&mut self, line: &str) -> Result<(), &'static str> {
        let text = line.trim_start();
        if text.is_empty() || line.starts_with(['#', ';']) {
            return Ok(());
        }
        let indent = line.len() - text.len();
        if let Some((name, of_property)) = &self.property
            && indent > *of_property
        {
            let value = self
                .section
                .as_ref()
                .and_then(|section| self.sections.get_mut(section)?.0.get_mut(name));
            if let Some(value) = value {
                value.push('\n');
                value.push_str(text);
            }
            return Ok(());
        }
        match text.strip_prefix('[') {
            Some(name) => self.begin_section(name),
            // An indented comment without a property before it.
            None if text.starts_with(['#', ';']) => Ok(()),
            None => self.begin_property(text, indent),
        }
    }

    fn begin_section(&mut self, rest: &str) -> Result<(), &'static str> {
        let (name, rest) = rest.split_once(']').ok_or("a section without a ]")?;
        let rest = rest.trim_start();
        if !rest.is_empty() && !rest.starts_with(['#', ';']) {
            return Err("text after the ] of a section");
        }
        let words: Vec<&str> = name.split_whitespace().collect();
        let name = words.join(" ");
        self.sections.entry(name.clone()).or_default();
        self.section = Some(name);
        self.property = None;
        Ok(())
    }

    fn begin_property(&mut self, text: &str, indent: usize) -> Result<(), &'static str> {
        let (name, value) = property(text).ok_or("neither a [section] nor NAME = VALUE")?;
        let section = self.section.as_ref();
        let section = section.and_then(|section| self.sections.get_mut(section));
        let section = section.ok_or("a property before the first [section]")?;
        let name = name.to_ascii_lowercase();
        section.0.insert(name.clone(), value.to_owned());
        self.property = Some((name, indent));
        Ok(())
    }
}

/// Returns the name and the value of a property, without a comment at its end. Such a comment begins
/// after a blank, so that a value may have a `#`.
fn property(text: &str) -> Option<(&str, &str)> {
    let (name, value) = text.split_once('=')?;
    let name = name.trim();
    let blank = |at: usize| value[..at].ends_with([' ', '\t']);
    let mut comments = value.match_indices(['#', ';']);
    let end = comments.find(|(at, _)| blank(*at)).map(|(at, _)| at);
    let value = end.map_or(value, |at| &value[..at]).trim();
    (!name.is_empty()).then_some((name, value))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    use proptest::prelude::*;

    fn shown(text: &str) -> String {
        match parse(text) {
            Ok(sections) => {
                let shown = sections
                    .iter()
                    .map(|(name, section)| format!("[{name}]{:?}", section.0));
                shown.collect::<Vec<_>>().join(" ")
            }
            Err(why) => why.to_string(),
        }
    }

    #[test]
    fn files_are_read_as_the_sdks_read_them() {
        for (text, expected) in [
            ("", ""),
            ("# c\n; c\n\n  \n", ""),
            ("[default]", "[default]{}"),
            ("[default]\na=b", r#"[default]{"a": "b"}"#),
            ("\u{feff}[default]\r\nA = b\r\n", r#"[default]{"a": "b"}"#),
            (
                "[ profile \t x ] # c\na = b c",
                r#"[profile x]{"a": "b c"}"#,
            ),
            ("[x];c", "[x]{}"),
            ("[x]\na = b=c == ", r#"[x]{"a": "b=c =="}"#),
            // A comment at the end of a line begins after a blank.
            (
                "[x]\na = b#c;d # e\nf = g ; h",
                r#"[x]{"a": "b#c;d", "f": "g"}"#,
            ),
            ("[x]\na = # b\n[y]", r#"[x]{"a": ""} [y]{}"#),
            // The last of two counts, in one section or in two.
            (
                "[x]\na=1\na=2\n[y]\n[x]\nb=3",
                r#"[x]{"a": "2", "b": "3"} [y]{}"#,
            ),
            (
                "[x]\na =\n  b = c\n  d = e # f\ng = h",
                r#"[x]{"a": "\nb = c\nd = e # f", "g": "h"}"#,
            ),
            ("[x]\na = b\n  c\n\n  d", r#"[x]{"a": "b\nc\nd"}"#),
            (
                "[x]\n  a = b\n  c = d\n    e",
                r#"[x]{"a": "b", "c": "d\ne"}"#,
            ),
            ("[x]\n  # c\na = b", r#"[x]{"a": "b"}"#),
            ("[x]\na =\n  [y]\nb = c", r#"[x]{"a": "\n[y]", "b": "c"}"#),
            ("a = b", "line 1: a property before the first [section]"),
            ("[x", "line 1: a section without a ]"),
            ("[x] y", "line 1: text after the ] of a section"),
            (
                "[x]\n\nhush",
                "line 3: neither a [section] nor NAME = VALUE",
            ),
            (
                "[x]\n= hush",
                "line 2: neither a [section] nor NAME = VALUE",
            ),
        ] {
            assert_eq!(shown(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_nested_block_has_properties() {
        let text =
            "[x]\nECR =\n  Endpoint_URL = http://a # c\n  empty =\n  word\nplain = http://b\n";
        let sections = parse(text).unwrap();
        let section = &sections["x"];
        assert_eq!(section.nested("ecr", "endpoint_url"), Some("http://a"));
        assert_eq!(section.nested("ecr", "empty"), None);
        assert_eq!(section.nested("ecr", "word"), None);
        assert_eq!(section.nested("plain", "http"), None);
        assert_eq!(
            section.text("ecr").map(str::trim_start),
            Some("Endpoint_URL = http://a # c\nempty =\nword")
        );
        assert!(!format!("{section:?}").contains("http"), "{section:?}");
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2048, failure_persistence: None, ..Default::default() })]

        #[test]
        fn any_text_is_read_or_refused(text in prop_oneof![any::<String>(), "[\\[\\]=#; \t\nabé]{0,60}"]) {
            if let Err(why) = parse(&text) {
                prop_assert!(why.to_string().len() < 80, "{why}");
            }
        }

        #[test]
        fn what_is_written_is_read(
            pairs in prop::collection::btree_map("[a-z_]{1,12}", "[A-Za-z0-9/+=#;]{1,40}", 1..8),
            indent in "[ \t]{0,3}",
        ) {
            let mut text = "[profile x]\n".to_owned();
            for (name, value) in &pairs {
                text.push_str(&format!("{indent}{name} ={value}\n"));
            }
            let sections = parse(&text).unwrap();
            for (name, value) in &pairs {
                prop_assert_eq!(sections["profile x"].text(name), Some(value.as_str()));
            }
        }
    }
}
