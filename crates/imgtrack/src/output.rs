//! Data on its way out.

use std::io::Write;
use std::pin::pin;

use futures_core::Stream;
use futures_util::TryStreamExt;
use registry_replication::{Error, Rule, Task};
use serde::Serialize;

use crate::cli::Format;
use crate::failure::Failure;
use crate::operate::Listed;
use crate::table;

/// Where data goes, and in which form.
pub(crate) struct Output<'a> {
    format: Format,
    out: &'a mut dyn Write,
}

impl<'a> Output<'a> {
    pub(crate) fn new(format: Format, out: &'a mut dyn Write) -> Self {
        Self { format, out }
    }

    pub(crate) fn is_json(&self) -> bool {
        self.format == Format::Json
    }

    /// A line for people; programs do not get it.
    pub(crate) fn say(&mut self, line: &str) -> Result<(), Failure> {
        if !self.is_json() {
            writeln!(self.out, "{line}")?;
        }
        Ok(())
    }

    /// Text for people, as it is.
    pub(crate) fn text(&mut self, text: &str) -> Result<(), Failure> {
        Ok(self.out.write_all(text.as_bytes())?)
    }

    /// One line, whatever the format, at once.
    pub(crate) fn line(&mut self, line: &str) -> Result<(), Failure> {
        writeln!(self.out, "{line}")?;
        Ok(self.out.flush()?)
    }

    pub(crate) fn json(&mut self, value: &impl Serialize) -> Result<(), Failure> {
        serde_json::to_writer_pretty(&mut self.out, value)?;
        writeln!(self.out)?;
        Ok(())
    }

    /// A text that is usually a JSON document; laid out if it is one.
    pub(crate) fn message(&mut self, text: &str) -> Result<(), Failure> {
        match serde_json::from_str::<serde_json::Value>(text) {
            Ok(document) => self.json(&document),
            Err(_) if self.is_json() => self.json(&text),
            Err(_) => self.line(text),
        }
    }

    pub(crate) fn rules(&mut self, rules: &[Rule]) -> Result<(), Failure> {
        match self.format {
            Format::Json => self.json(&rules),
            Format::Table => self.text(&table::rules(rules)),
        }
    }

    /// Writes what a listing has, or the first of it, each with what refers to it; the rest is not
    /// asked for.
    pub(crate) async fn listing<T: Listed>(
        &mut self,
        items: impl Stream<Item = Result<T, Error>>,
        limit: Option<usize>,
    ) -> Result<(), Failure> {
        let items = first(items, limit).await?;
        if !self.is_json() {
            return self.text(&T::table(&items));
        }
        let referred = items.iter().map(|item| Referred {
            reference: item.reference(),
            item,
        });
        self.json(&referred.collect::<Vec<_>>())
    }

    pub(crate) fn table(&mut self, tasks: &[Task]) -> Result<(), Failure> {
        self.text(&table::tasks(tasks, |task| task.reference().to_string()))
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
    let mut items = pin!(items);
    let mut first = Vec::new();
    while limit.is_none_or(|limit| first.len() < limit) {
        match items.try_next().await? {
            Some(item) => first.push(item),
            None => break,
        }
    }
    Ok(first)
}
