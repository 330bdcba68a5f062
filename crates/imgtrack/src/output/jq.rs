//! Filters of JSON output in the language jq.

use std::fmt;

use jaq_core::data::JustLut;
use jaq_core::load::{Arena, File, Loader};
use jaq_core::{Compiler, Ctx, Filter, Vars, unwrap_valr};
use jaq_json::{Val, read};
use serde::de::IgnoredAny;

use crate::failure::Failure;
use crate::terminal::{cut, hidden_as_json};

/// Formats of jq that the library does not have.
const FORMATS: &str = r#"
def @tsv: map(
  if . == null then ""
  elif type == "string"
  then split("\\") | join("\\\\") | split("\t") | join("\\t") | split("\n") | join("\\n")
    | split("\r") | join("\\r")
  else tostring end) | join("\t");
def @csv: map(
  if . == null then ""
  elif type == "string" then "\"" + (split("\"") | join("\"\"")) + "\""
  else tostring end) | join(",");
"#;

/// Compiled expression.
pub(crate) struct Jq {
    filter: Filter<JustLut<Val>>,
}

impl fmt::Debug for Jq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Jq")
    }
}

/// Parses the value of `--jq`.
pub(crate) fn expression(text: &str) -> Result<String, String> {
    Jq::new(text)?;
    Ok(text.to_owned())
}

impl Jq {
    /// Compiles an expression.
    pub(crate) fn new(text: &str) -> Result<Self, String> {
        let arena = Arena::default();
        let own = jaq_core::defs()
            .chain(jaq_std::defs())
            .chain(jaq_json::defs())
            .chain(jaq_core::load::parse(FORMATS, |parser| parser.defs()).unwrap_or_default());
        let program = File {
            code: text,
            path: (),
        };
        let modules = Loader::new(own).load(&arena, program);
        let modules = modules.map_err(|errors| {
            let file = errors.into_iter().next();
            match file.map(|(_, error)| error) {
                Some(jaq_core::load::Error::Lex(all)) => {
                    let found = all
                        .first()
                        .map(|(expected, at)| unfit(format!("expected {}", expected.as_str()), at));
                    found.unwrap_or_default()
                }
                Some(jaq_core::load::Error::Parse(all)) => {
                    let found = all
                        .first()
                        .map(|(expected, at)| unfit(format!("expected {}", expected.as_str()), at));
                    found.unwrap_or_default()
                }
                _ => "it imports a module; remove include and import".to_owned(),
            }
        })?;
        let functions = jaq_core::funs()
            .chain(jaq_std::funs())
            .chain(jaq_json::funs());
        let compiled = Compiler::default().with_funs(functions).compile(modules);
        let filter = compiled.map_err(|errors| {
            let mut all = errors.into_iter().flat_map(|(_, errors)| errors);
            let found = all
                .next()
                .map(|(name, what)| format!("undefined {} {name:?}", what.as_str()));
            found.unwrap_or_default()
        })?;
        Ok(Self { filter })
    }

    /// Applies the expression to a JSON text. Each result is a line; texts are written as they are.
    pub(crate) fn apply(&self, json: &str) -> Result<String, Failure> {
        let input = read::parse_single(json.as_bytes());
        let input = input.map_err(|error| failed(&error))?;
        let context = Ctx::<JustLut<Val>>::new(&self.filter.lut, Vars::new([]));
        let mut lines = String::new();
        for result in self.filter.id.run((context, input)).map(unwrap_valr) {
            match result.map_err(|error| failed(&error))? {
                Val::TStr(text) | Val::BStr(text) => {
                    lines.push_str(&String::from_utf8_lossy(&text))
                }
                value => lines.push_str(&hidden_as_json(&value.to_string())),
            }
            lines.push('\n');
        }
        Ok(lines)
    }
}

/// Describes an error of syntax with the text that it begins at.
fn unfit(what: String, at: &str) -> String {
    match at.chars().take(20).collect::<String>() {
        at if at.is_empty() => format!("{what} at the end"),
        at => format!("{what} at {at:?}"),
    }
}

fn failed(error: &dyn fmt::Display) -> Failure {
    let error = without_documents(&error.to_string());
    Failure::Filter(format!("--jq cannot be applied to this output: {error}"))
}

/// Names the kind of each array, object and long text in a message, instead of its JSON.
fn without_documents(message: &str) -> String {
    const LONGEST_TEXT: usize = 40;
    const LONGEST: usize = 400;
    let mut short = String::new();
    let mut rest = message;
    while let Some(begin) = rest.find(['[', '{', '"']) {
        let (before, value) = rest.split_at(begin);
        short.push_str(before);
        let mut values = serde_json::Deserializer::from_str(value).into_iter::<IgnoredAny>();
        let is_value = matches!(values.next(), Some(Ok(_)));
        let end = match is_value {
            true => values.byte_offset(),
            false => 1,
        };
        let (value, after) = value.split_at(end);
        short.push_str(match (is_value, value.as_bytes().first()) {
            (true, Some(b'[')) => "an array",
            (true, Some(b'{')) => "an object",
            (true, _) if value.chars().count() > LONGEST_TEXT => "a text",
            _ => value,
        });
        rest = after;
    }
    short.push_str(rest);
    // A value that is not JSON stays, so the whole is bounded, too.
    cut(&short, LONGEST).into_owned()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_raw_and_other_values_json() {
        let json = r#"[{"id":"1","n":2,"t":"2026-11-27T14:40:00Z"},{"id":"b\nc","n":null}]"#;
        for (expression, lines) in [
            (".[].id", "1\nb\nc\n"),
            (
                ".[0]",
                "{\"id\":\"1\",\"n\":2,\"t\":\"2026-11-27T14:40:00Z\"}\n",
            ),
            ("map(.n)", "[2,null]\n"),
            ("length", "2\n"),
            (".[] | select(.n == 2) | .t | fromdate", "1795790400\n"),
            (".[] | [.id, .n] | @csv", "\"1\",2\n\"b\nc\",\n"),
            (".[] | [.id, .n] | @tsv", "1\t2\nb\\nc\t\n"),
            ("[[\"a\\\"b\"]] | .[] | @csv", "\"a\"\"b\"\n"),
            ("map(select(.id | test(\"^[0-9]+$\"))) | length", "1\n"),
        ] {
            assert_eq!(
                Jq::new(expression).unwrap().apply(json).unwrap(),
                lines,
                "{expression}"
            );
        }
    }

    #[test]
    fn mistakes_are_named() {
        for (expression, named) in [
            (".[", "expected"),
            (".a | foo", "undefined filter \"foo\""),
            ("\"", "expected"),
            ("", "expected"),
        ] {
            let error = Jq::new(expression).unwrap_err();
            assert!(error.contains(named), "{expression}: {error}");
        }
        let error = Jq::new(".a").unwrap().apply("[1]").unwrap_err();
        assert!(error.to_string().contains("--jq"), "{error}");
        let many = format!("[{}]", ["{\"id\":[1,{}]}"; 50].join(","));
        let error = Jq::new(".verdict").unwrap().apply(&many).unwrap_err();
        let says = "cannot index an array with \"verdict\"";
        assert!(error.to_string().ends_with(says), "{error}");
    }
}
