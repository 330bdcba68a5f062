//! Rules of a schema for one text or number.

use std::sync::{Arc, OnceLock};

use regex_lite::Regex;
use serde_json::Value;

/// Rule of a parameter's schema for its text.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    kind: Kind,
    minimum: Option<i64>,
    maximum: Option<i64>,
    shortest: Option<u64>,
    longest: Option<u64>,
    choices: Vec<String>,
    pattern: Option<Arc<Pattern>>,
    default: Option<Value>,
}

/// Regular expression, which is compiled at its first use.
#[derive(Debug)]
struct Pattern {
    text: String,
    compiled: OnceLock<Option<Regex>>,
}

impl Pattern {
    fn new(text: &str) -> Arc<Self> {
        Arc::new(Self {
            text: text.to_owned(),
            compiled: OnceLock::new(),
        })
    }

    /// Returns the compiled expression, or `None` if the text is invalid.
    fn regex(&self) -> Option<&Regex> {
        let compiled = self.compiled.get_or_init(|| Regex::new(&self.text).ok());
        compiled.as_ref()
    }

    /// Whether the pattern matches. An invalid pattern matches nothing; a test compiles all patterns.
    fn is_match(&self, text: &str) -> bool {
        self.regex().is_some_and(|regex| regex.is_match(text))
    }
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Text,
    Integer,
    Boolean,
}

impl Rule {
    pub(crate) fn read(schema: &Value) -> Result<Self, String> {
        let pattern = schema.get("pattern").and_then(Value::as_str);
        let choices = schema.get("enum").and_then(Value::as_array);
        Ok(Self {
            kind: match schema.get("type").and_then(Value::as_str) {
                Some("integer") => Kind::Integer,
                Some("boolean") => Kind::Boolean,
                Some("string") => Kind::Text,
                other => return Err(format!("type {other:?} is not one a parameter can have")),
            },
            minimum: schema.get("minimum").and_then(Value::as_i64),
            maximum: schema.get("maximum").and_then(Value::as_i64),
            shortest: schema.get("minLength").and_then(Value::as_u64),
            longest: schema.get("maxLength").and_then(Value::as_u64),
            choices: choices
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect(),
            pattern: pattern.map(Pattern::new),
            default: schema.get("default").cloned(),
        })
    }

    /// Whether the pattern, if there is one, is a valid regular expression.
    #[cfg(test)]
    pub(crate) fn compiles(&self) -> bool {
        let pattern = self.pattern.as_ref();
        pattern.is_none_or(|pattern| pattern.regex().is_some())
    }

    pub(crate) fn is_boolean(&self) -> bool {
        matches!(self.kind, Kind::Boolean)
    }

    /// Returns the schema's default, if it is a number.
    pub(crate) fn default_integer(&self) -> Option<i64> {
        self.default.as_ref()?.as_i64()
    }

    /// Returns the schema's default, if it is a truth value.
    pub(crate) fn default_boolean(&self) -> Option<bool> {
        self.default.as_ref()?.as_bool()
    }

    /// Checks a text. The error names the expected form.
    pub(crate) fn check(&self, text: &str) -> Result<(), String> {
        match self.kind {
            Kind::Text => self.check_text(text),
            Kind::Integer => self.check_integer(text),
            Kind::Boolean => boolean(text)
                .map(|_| ())
                .ok_or_else(|| "must be true or false".to_owned()),
        }
    }

    fn check_integer(&self, text: &str) -> Result<(), String> {
        let number = integer(text).ok_or("must be an integer")?;
        if let Some(minimum) = self.minimum.filter(|minimum| number < *minimum) {
            return Err(format!("must be at least {minimum}"));
        }
        if let Some(maximum) = self.maximum.filter(|maximum| number > *maximum) {
            return Err(format!("must be at most {maximum}"));
        }
        Ok(())
    }

    fn check_text(&self, text: &str) -> Result<(), String> {
        let length = text.chars().count() as u64;
        if let Some(shortest) = self.shortest.filter(|shortest| length < *shortest) {
            return Err(format!("must have at least {shortest} characters"));
        }
        if let Some(longest) = self.longest.filter(|longest| length > *longest) {
            return Err(format!("must have at most {longest} characters"));
        }
        if !self.choices.is_empty() && !self.choices.iter().any(|choice| choice == text) {
            return Err(format!("must be one of {}", self.choices.join(", ")));
        }
        match &self.pattern {
            Some(pattern) if !pattern.is_match(text) => Err(format!("must match {}", pattern.text)),
            _ => Ok(()),
        }
    }
}

/// Reads an integer in plain decimal digits. Unlike `parse`, it accepts no `+`.
pub(crate) fn integer(text: &str) -> Option<i64> {
    text.parse().ok().filter(|_| !text.starts_with('+'))
}

/// Reads `true` or `false`, in lower case.
pub(crate) fn boolean(text: &str) -> Option<bool> {
    text.parse().ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn text_is_held_to_its_schema() {
        let limit = json!({"type": "integer", "minimum": 1, "maximum": 100});
        let state = json!({"type": "string", "enum": ["Failed", "Stopped"]});
        let name = json!({"type": "string", "minLength": 2, "maxLength": 3, "pattern": "^[a-z]+$"});
        for (schema, text, allowed) in [
            (&limit, "1", true),
            (&limit, "100", true),
            (&limit, "0", false),
            (&limit, "101", false),
            (&limit, "+7", false),
            (&limit, "7.0", false),
            (&limit, "", false),
            (&limit, "99999999999999999999", false),
            (&state, "Failed", true),
            (&state, "failed", false),
            (&name, "ab", true),
            (&name, "a", false),
            (&name, "abcd", false),
            (&name, "aB", false),
            (&json!({"type": "boolean"}), "true", true),
            (&json!({"type": "boolean"}), "True", false),
        ] {
            let rule = Rule::read(schema).unwrap();
            assert_eq!(rule.check(text).is_ok(), allowed, "{schema} {text}");
        }
    }
}
