//! Filters of JSON output in the language jq.
//!
//! An expression is a program that may not end, or that may call itself without end. So it runs in a
//! [worker](super::worker).

use std::cell::{Cell, RefCell};
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jaq_core::data::HasLut;
use jaq_core::load::{Arena, File, Loader};
use jaq_core::{Compiler, Ctx, DataT, Lut, Vars, unwrap_valr};
use jaq_json::{Val, read};
use serde::de::IgnoredAny;

use super::worker::{Stopped, Watched, Worker};
use crate::failure::Failure;
use crate::terminal::{cut, hidden_as_json};

/// Time for filtering after the command's time: a wait that has ended at its deadline still shows what it
/// knows.
const OVERTIME: Duration = Duration::from_millis(500);

/// Longest text of an error, in characters.
const LONGEST: usize = 400;

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
    text: String,
    filter: Arc<Filter>,
    /// Absent before the first filtering.
    worker: RefCell<Option<Worker<String, Result<String, String>>>>,
    /// End of the command's time.
    end: Cell<Option<Instant>>,
    /// What is left of the time after it.
    overtime: Cell<Duration>,
}

type Filter = jaq_core::Filter<Watching>;

/// The interpreter's data, which has it watched.
struct Watching;

impl DataT for Watching {
    type V<'a> = Val;
    type Data<'a> = Data<'a>;
}

#[derive(Clone)]
struct Data<'a> {
    table: &'a Lut<Watching>,
    watched: Watched,
}

impl<'a> HasLut<'a, Watching> for Data<'a> {
    /// The interpreter calls this in each of its steps, and has no limit of its own.
    fn lut(&self) -> &'a Lut<Watching> {
        self.watched.step();
        self.table
    }
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
        let code = text.to_owned();
        let compiling = Worker::start(|code: String, _| compiled(&code));
        let compiled = compiling.and_then(|mut compiling| compiling.answer(code, None));
        let filter = compiled.unwrap_or_else(|stopped| Err(stopped.to_string()))?;
        Ok(Self {
            text: text.to_owned(),
            filter: Arc::new(filter),
            worker: RefCell::default(),
            end: Cell::default(),
            overtime: Cell::new(OVERTIME),
        })
    }

    /// Bounds the time of all filtering.
    pub(crate) fn limit(&self, time: Duration) {
        self.end.set(Instant::now().checked_add(time));
    }

    /// Applies the expression to a JSON text. Each result is a line; texts are written as they are.
    pub(crate) fn apply(&self, json: String) -> Result<String, Failure> {
        let stopped = |stopped: Stopped| {
            let text = cut(&self.text, LONGEST);
            Failure::Filter(format!("cannot apply --jq {text:?}: {stopped}"))
        };
        let mut worker = self.worker.borrow_mut();
        let worker = match &mut *worker {
            Some(worker) => worker,
            none => {
                let filter = Arc::clone(&self.filter);
                let filtering = move |json: String, watched| filtered(&filter, &json, watched);
                none.insert(Worker::start(filtering).map_err(stopped)?)
            }
        };
        let begun = Instant::now();
        let overtime = self.overtime.get();
        let end = self.end.get().map(|end| end.max(begun));
        let answer = worker.answer(json, end.map(|end| end.max(begun + overtime)));
        let over = end.map(|end| Instant::now().saturating_duration_since(end));
        self.overtime
            .set(overtime.saturating_sub(over.unwrap_or_default()));
        answer.map_err(stopped)?.map_err(|error| failed(&error))
    }
}

/// Compiles an expression.
fn compiled(text: &str) -> Result<Filter, String> {
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
    Ok(filter)
}

/// Applies a filter, and returns its results as lines, or the interpreter's error.
fn filtered(filter: &Filter, json: &str, watched: Watched) -> Result<String, String> {
    let input = read::parse_single(json.as_bytes()).map_err(|error| error.to_string())?;
    let table = &filter.lut;
    let context = Ctx::<Watching>::new(Data { table, watched }, Vars::new([]));
    let mut lines = String::new();
    for result in filter.id.run((context, input)).map(unwrap_valr) {
        match result.map_err(|error| error.to_string())? {
            Val::TStr(text) | Val::BStr(text) => lines.push_str(&String::from_utf8_lossy(&text)),
            value => lines.push_str(&hidden_as_json(&value.to_string())),
        }
        lines.push('\n');
    }
    Ok(lines)
}

/// Describes an error of syntax with the text that it begins at.
fn unfit(what: String, at: &str) -> String {
    match at.chars().take(20).collect::<String>() {
        at if at.is_empty() => format!("{what} at the end"),
        at => format!("{what} at {at:?}"),
    }
}

fn failed(error: &str) -> Failure {
    let error = without_documents(error);
    Failure::Filter(format!("--jq cannot be applied to this output: {error}"))
}

/// Names the kind of each array, object and long text in a message, instead of its JSON.
fn without_documents(message: &str) -> String {
    const LONGEST_TEXT: usize = 40;
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
                Jq::new(expression).unwrap().apply(json.to_owned()).unwrap(),
                lines,
                "{expression}"
            );
        }
    }

    #[test]
    fn an_expression_that_does_not_end_is_left_alone() {
        for expression in [
            "[limit(1; repeat(empty))]",
            "until(false; .)",
            "def f: f; f",
            // No step of the interpreter.
            "last(range(1e18))",
        ] {
            let jq = Jq::new(expression).unwrap();
            jq.limit(Duration::ZERO);
            jq.overtime.set(Duration::ZERO);
            for _ in 0..3 {
                let error = jq.apply("1".to_owned()).unwrap_err();
                let says = format!("cannot apply --jq {expression:?}: it has not ended in time");
                assert!(error.to_string().starts_with(&says), "{error}");
                assert_eq!(error.exit_code(), 1);
            }
        }
    }

    #[test]
    fn a_recursion_without_end_is_an_error() {
        for expression in [
            "def f: 1 + f; f",
            "def f: [f]; f",
            "def f(g): 1 + f(g + g); f(.)",
        ] {
            let jq = Jq::new(expression).unwrap();
            for _ in 0..2 {
                let error = jq.apply("1".to_owned()).unwrap_err();
                let says = format!("cannot apply --jq {expression:?}: it calls itself too often");
                assert!(error.to_string().starts_with(&says), "{error}");
                assert_eq!(error.exit_code(), 1);
            }
        }
        let deep = "def f: if . == 0 then 0 else . - 1 | 1 + f end; f";
        let lines = Jq::new(deep).unwrap().apply("3000".to_owned());
        assert_eq!(lines.unwrap(), "3000\n");
        // Most programs have a stack of 8 MiB.
        let nested = "[".repeat(10_000) + &"]".repeat(10_000);
        let lines = Jq::new(&nested).unwrap().apply("1".to_owned()).unwrap();
        assert_eq!(lines, nested + "\n");
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
        let error = Jq::new(".a").unwrap().apply("[1]".to_owned()).unwrap_err();
        assert!(error.to_string().contains("--jq"), "{error}");
        let many = format!("[{}]", ["{\"id\":[1,{}]}"; 50].join(","));
        let error = Jq::new(".verdict").unwrap().apply(many).unwrap_err();
        let says = "cannot index an array with \"verdict\"";
        assert!(error.to_string().ends_with(says), "{error}");
    }
}
