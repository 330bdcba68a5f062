//! Data on its way out.

use std::cell::Cell;
use std::io::Write;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::time::Duration;

use futures_core::Stream;
use futures_util::{FutureExt, StreamExt, TryStreamExt};
use registry_replication::{Error, Rule, Task};
use serde::Serialize;

use crate::cli::Format;
use crate::failure::Failure;
use crate::operate::Listed;
use crate::table::{self, Table};
use crate::terminal::{self, Screen, escaped};

/// Where data goes, and in which form.
pub(crate) struct Output<'a> {
    format: Format,
    out: Screen<'a>,
    open: Open,
    prompts: Prompts,
}

/// What [`Output::close`] has to complete.
enum Open {
    Nothing,
    /// A JSON array with at least one item.
    Array,
    Rows(Table),
    /// What is known so far of a command whose output is one piece.
    Held(String),
}

/// How long the program waited for a person, which does not count as the command's time.
#[derive(Clone, Debug, Default)]
pub(crate) struct Prompts(Rc<Cell<Duration>>);

impl Prompts {
    /// Adds a wait.
    pub(crate) fn add(&self, waited: Duration) {
        self.0.set(self.0.get().saturating_add(waited));
    }

    /// Returns the waits since the last call.
    pub(crate) fn take(&self) -> Duration {
        self.0.take()
    }
}

impl<'a> Output<'a> {
    pub(crate) fn new(format: Format, out: &'a mut dyn Write) -> Self {
        Self {
            format,
            out: Screen::new(out),
            open: Open::Nothing,
            prompts: Prompts::default(),
        }
    }

    pub(crate) fn is_json(&self) -> bool {
        self.format == Format::Json
    }

    pub(crate) fn prompts(&self) -> &Prompts {
        &self.prompts
    }

    /// The program's own words for people; programs do not get them.
    pub(crate) fn say(&mut self, words: &str) -> Result<(), Failure> {
        if !self.is_json() {
            writeln!(self.out, "{words}")?;
        }
        Ok(())
    }

    /// Text for people, whose lines are the program's own: values in it are escaped already.
    pub(crate) fn text(&mut self, text: &str) -> Result<(), Failure> {
        Ok(self.out.write_all(text.as_bytes())?)
    }

    /// One line, whatever the format, at once.
    pub(crate) fn line(&mut self, line: &str) -> Result<(), Failure> {
        writeln!(self.out, "{}", escaped(line))?;
        self.flush()
    }

    pub(crate) fn json(&mut self, value: &impl Serialize) -> Result<(), Failure> {
        terminal::write_json(&mut self.out, 0, value)?;
        Ok(writeln!(self.out)?)
    }

    /// A text that is usually a JSON document; laid out if it is one.
    pub(crate) fn message(&mut self, text: &str) -> Result<(), Failure> {
        match serde_json::from_str::<serde_json::Value>(text) {
            Ok(document) => self.json(&document),
            Err(_) if self.is_json() => self.json(&text),
            Err(_) => self.line(text),
        }
    }

    /// Keeps a text to write at the end of the command, however it ends. A later one takes its place.
    pub(crate) fn hold(&mut self, text: String) {
        self.open = Open::Held(text);
    }

    /// The same for JSON.
    pub(crate) fn hold_json(&mut self, value: &impl Serialize) -> Result<(), Failure> {
        let mut bytes = Vec::new();
        terminal::write_json(&mut bytes, 0, value)?;
        bytes.push(b'\n');
        self.hold(String::from_utf8_lossy(&bytes).into_owned());
        Ok(())
    }

    /// Completes what was begun, also after an error: rows that wait are written, and a JSON array is
    /// closed.
    pub(crate) fn close(&mut self) -> Result<(), Failure> {
        match std::mem::replace(&mut self.open, Open::Nothing) {
            Open::Nothing => {}
            Open::Array => self.text("\n]\n")?,
            Open::Rows(table) => self.text(&table.finish())?,
            Open::Held(text) => self.text(&text)?,
        }
        self.flush()
    }

    pub(crate) fn flush(&mut self) -> Result<(), Failure> {
        Ok(self.out.flush()?)
    }

    /// Writes an item of a JSON array, which [`end`](Self::end) or [`close`](Self::close) ends.
    pub(crate) fn item(&mut self, value: &impl Serialize) -> Result<(), Failure> {
        let before = match self.open {
            Open::Array => ",\n  ",
            _ => "[\n  ",
        };
        self.text(before)?;
        self.open = Open::Array;
        Ok(terminal::write_json(&mut self.out, 1, value)?)
    }

    /// Ends a JSON array, which may have no items.
    pub(crate) fn end(&mut self) -> Result<(), Failure> {
        match self.open {
            Open::Array => self.close(),
            _ => self.text("[]\n"),
        }
    }

    /// The next item of a stream. What was written before is passed on while the stream waits.
    pub(crate) async fn next<T>(
        &mut self,
        mut items: Pin<&mut impl Stream<Item = Result<T, Error>>>,
    ) -> Result<Option<T>, Failure> {
        let item = match items.try_next().now_or_never() {
            Some(item) => item,
            None => {
                self.flush()?;
                items.try_next().await
            }
        };
        Ok(item?)
    }

    /// Writes what a listing has, or the first of it, each with what refers to it, as it comes. The
    /// rest is not asked for.
    ///
    /// After an error, [`close`](Self::close) completes what was written.
    pub(crate) async fn listing<T: Listed>(
        &mut self,
        items: impl Stream<Item = Result<T, Error>>,
        limit: Option<usize>,
    ) -> Result<(), Failure> {
        let mut items = pin!(items.take(limit.unwrap_or(usize::MAX)));
        while let Some(item) = self.next(items.as_mut()).await? {
            match self.format {
                Format::Json => self.item(&Referred {
                    reference: item.reference(),
                    item: &item,
                })?,
                Format::Table => self.row(&item)?,
            }
        }
        match (self.format, &self.open) {
            (Format::Json, _) => self.end(),
            (Format::Table, Open::Rows(_)) => self.close(),
            (Format::Table, _) => self.text(T::NOTHING),
        }
    }

    fn row<T: Listed>(&mut self, item: &T) -> Result<(), Failure> {
        if !matches!(self.open, Open::Rows(_)) {
            self.open = Open::Rows(Table::new(item.heads()));
        }
        let Open::Rows(table) = &mut self.open else {
            return Ok(());
        };
        table.add_row(item.row());
        let lines = table.take();
        self.text(&lines)
    }

    pub(crate) fn rules(&mut self, rules: &[Rule]) -> Result<(), Failure> {
        self.text(&table::all(rules))
    }

    pub(crate) fn table(&mut self, tasks: &[Task]) -> Result<(), Failure> {
        self.text(&table::all(tasks))
    }
}

/// A record, and what refers to it on the command line.
#[derive(Serialize)]
struct Referred<'a, T> {
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<String>,
    #[serde(flatten)]
    item: &'a T,
}

/// The first items of a stream, or all.
pub(crate) async fn first<T>(
    items: impl Stream<Item = Result<T, Error>>,
    limit: Option<usize>,
) -> Result<Vec<T>, Error> {
    items.take(limit.unwrap_or(usize::MAX)).try_collect().await
}
