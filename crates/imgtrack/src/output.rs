//! Data output.

use std::cell::Cell;
use std::io::Write;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::time::Duration;

use clap::ValueEnum;
use futures_core::Stream;
use futures_util::{FutureExt, StreamExt, TryStreamExt};
use registry_replication::Error;
use serde::Serialize;

use crate::failure::Failure;
use crate::table::{self, Listed, Table};
use crate::terminal::{self, Screen, escaped};

/// Format of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Table, for people
    Table,
    /// JSON, for programs
    Json,
}

/// Writer of data.
pub(crate) struct Output<'a> {
    format: Format,
    out: Screen<'a>,
    open: Open,
    prompts: Prompts,
}

/// Output that [`Output::close`] completes.
enum Open {
    Nothing,
    /// A JSON array with at least one item.
    Array,
    Rows(Table),
    /// Latest text of a command whose output is one piece.
    Held(String),
}

/// Time that prompts have taken, which does not count as the command's time.
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

    /// Writes a sentence for people; JSON output leaves it out.
    pub(crate) fn say(&mut self, words: &str) -> Result<(), Failure> {
        if !self.is_json() {
            writeln!(self.out, "{words}")?;
        }
        Ok(())
    }

    /// Writes text in which values are already escaped.
    pub(crate) fn text(&mut self, text: &str) -> Result<(), Failure> {
        Ok(self.out.write_all(text.as_bytes())?)
    }

    /// Writes one line at once, in any format.
    pub(crate) fn line(&mut self, line: &str) -> Result<(), Failure> {
        writeln!(self.out, "{}", escaped(line))?;
        self.flush()
    }

    pub(crate) fn json(&mut self, value: &impl Serialize) -> Result<(), Failure> {
        terminal::write_json(&mut self.out, 0, value)?;
        Ok(writeln!(self.out)?)
    }

    /// Keeps a text to write when the command ends, in any way. A later text replaces it.
    pub(crate) fn hold(&mut self, text: String) {
        self.open = Open::Held(text);
    }

    /// Keeps a JSON document in the same way.
    pub(crate) fn hold_json(&mut self, value: &impl Serialize) -> Result<(), Failure> {
        let mut bytes = Vec::new();
        terminal::write_json(&mut bytes, 0, value)?;
        bytes.push(b'\n');
        self.hold(String::from_utf8_lossy(&bytes).into_owned());
        Ok(())
    }

    /// Completes the output, also after an error: writes waiting rows and closes a JSON array.
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

    /// Writes an item of a JSON array; [`end`](Self::end) or [`close`](Self::close) ends it.
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

    /// Returns the next item of a stream. If the stream waits, earlier output is flushed.
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

    /// Writes the records of a listing as they arrive, or the first of them. The rest is not read.
    ///
    /// After an error, [`close`](Self::close) completes the output.
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
            self.open = Open::Rows(item.table());
        }
        let Open::Rows(table) = &mut self.open else {
            return Ok(());
        };
        table.add_row(item.row());
        let lines = table.take();
        self.text(&lines)
    }

    /// Writes records that are known already as a table.
    pub(crate) fn table<T: Listed>(&mut self, items: &[T]) -> Result<(), Failure> {
        self.text(&table::all(items))
    }
}

/// Record with its reference.
#[derive(Serialize)]
struct Referred<'a, T> {
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<String>,
    #[serde(flatten)]
    item: &'a T,
}
