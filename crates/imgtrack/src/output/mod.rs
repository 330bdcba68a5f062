//! Data output.

mod chosen;
mod csv;
mod format;
mod in_order;
mod jq;
mod records;
mod worker;
mod wrap;
mod yaml;

use std::borrow::Cow;
use std::cell::Cell;
use std::io::Write;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::time::Duration;

use futures_core::Stream;
use futures_core::stream::BoxStream;
use futures_util::{FutureExt, StreamExt, TryStreamExt};
use registry_replication::{Error, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;

use crate::args::{Listing, OutputArgs};
use crate::environment::Environment;
use crate::failure::Failure;
use crate::filter::{Filter, Filtered};
use crate::styled::Styled;
use crate::table::{self, Column, Head, Listed, Row, Table, View};
use crate::terminal::{self, Screen, escaped};
pub(crate) use format::{Format, Shape};
use in_order::InOrder;
use jq::Jq;
pub(crate) use jq::expression;
use records::Labelled;
pub(crate) use records::{Failures, Records};
pub(crate) use wrap::wrapped;

/// Records that are completed at once.
const AT_ONCE: usize = 4;

/// Name of the column with the names of registries.
const LABEL: &str = "registry";

/// Writer of data.
pub(crate) struct Output<'a> {
    format: Format,
    /// Names of columns to show, instead of those that fit.
    columns: Vec<String>,
    has_header: bool,
    jq: Option<Jq>,
    /// Width of the terminal, if there is one.
    terminal: Option<usize>,
    /// Width of tables, if they have one.
    width: Option<usize>,
    view: View,
    out: Screen<'a>,
    open: Open,
    /// Whether records of several registries are written, each with the name of its registry.
    has_labels: bool,
    /// Name of the registry of the next record.
    label: Option<String>,
    prompts: Prompts,
}

/// Output that [`Output::close`] completes.
enum Open {
    Nothing,
    /// A list of data with at least one item.
    List,
    /// The items so far of a JSON array that `--jq` is applied to.
    Collected(String),
    /// Rows, and the numbers of their columns.
    Rows {
        chosen: Vec<usize>,
        /// Absent for CSV, whose rows are written at once.
        table: Option<Table>,
    },
    /// Latest text of a command whose output is one piece.
    Held(Styled),
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
    /// Creates the output that the options ask for. `now` is the time that ages count from.
    pub(crate) fn new(
        options: &OutputArgs,
        environment: &Environment,
        now: Timestamp,
        out: &'a mut dyn Write,
    ) -> Result<Self, Failure> {
        let jq = options.jq.as_deref().map(Jq::new).transpose();
        let format = options.format();
        // Data is the same in a log and in a file. JSON and YAML have escapes of their own, so this concerns
        // CSV, names and the texts that --jq selects.
        let is_for_people = matches!(format, Format::Table | Format::Wide);
        let has_no_commands = environment.is_github() || !is_for_people;
        let mut output = Self {
            format,
            columns: options.columns.clone(),
            has_header: !options.no_header,
            jq: jq.map_err(|error| Failure::Usage(format!("invalid --jq: {error}")))?,
            terminal: None,
            width: None,
            view: View {
                is_wide: format == Format::Wide,
                is_narrow: false,
                has_ages: true,
                now,
                zone: environment.zone.clone(),
            },
            out: Screen::new(out)
                .colored(options.has_color(environment))
                .in_log(has_no_commands),
            open: Open::Nothing,
            has_labels: false,
            label: None,
            prompts: Prompts::default(),
        };
        output.fit(environment);
        Ok(output)
    }

    /// Shows how long ago something was, or else its time, which stays the same when it is shown again.
    pub(crate) fn with_ages(mut self, has_ages: bool) -> Self {
        self.view.has_ages = has_ages;
        self
    }

    /// Counts ages from another time.
    #[cfg(feature = "demo")]
    pub(crate) fn set_now(&mut self, now: Timestamp) {
        self.view.now = now;
    }

    /// Fits what comes next to the terminal as it is now, because its user may have resized it.
    pub(crate) fn fit(&mut self, environment: &Environment) {
        self.terminal = environment.width;
        self.width = self.terminal.filter(|_| self.format == Format::Table);
        self.view.is_narrow = self.width.is_some();
    }

    /// Bounds the time of `--jq`, whose expression may not end. Other output needs no bound.
    pub(crate) fn limit(&self, time: Duration) {
        if let Some(jq) = &self.jq {
            jq.limit(time);
        }
    }

    /// Returns whether the output has whole records (JSON, YAML), and not a table or sentences.
    pub(crate) fn is_data(&self) -> bool {
        self.format.is_data()
    }

    /// Returns whether the output is for people, so that sentences may come with its tables.
    pub(crate) fn is_for_people(&self) -> bool {
        matches!(self.format, Format::Table | Format::Wide)
    }

    /// Returns the width of the terminal, if there is one.
    pub(crate) fn terminal(&self) -> Option<usize> {
        self.terminal
    }

    /// Returns whether the output is a table within the terminal.
    pub(crate) fn is_table(&self) -> bool {
        self.format == Format::Table
    }

    pub(crate) fn prompts(&self) -> &Prompts {
        &self.prompts
    }

    /// Writes sentences for people, within the width of the terminal. Other formats leave them out.
    pub(crate) fn say(&mut self, words: &str) -> Result<(), Failure> {
        if self.is_for_people() {
            let words = match self.terminal {
                Some(width) => wrapped(words, width).into(),
                None => Cow::Borrowed(words),
            };
            writeln!(self.out, "{words}")?;
        }
        Ok(())
    }

    /// Writes text in which values are already escaped.
    pub(crate) fn text(&mut self, text: &str) -> Result<(), Failure> {
        Ok(self.out.write_all(text.as_bytes())?)
    }

    /// Writes text with colours, in which values are already escaped.
    fn styled(&mut self, text: &Styled) -> Result<(), Failure> {
        Ok(self.out.write_styled(text)?)
    }

    /// Writes one line at once, in any format.
    pub(crate) fn line(&mut self, line: &str) -> Result<(), Failure> {
        writeln!(self.out, "{}", escaped(line))?;
        self.flush()
    }

    /// Writes a value as one document: YAML, or JSON in any other format.
    pub(crate) fn value(&mut self, value: &impl Serialize) -> Result<(), Failure> {
        let text = self.document(value)?;
        self.text(&text)
    }

    /// Writes a list of values, with JSON lines one a line.
    pub(crate) fn list<T: Serialize>(&mut self, values: &[T]) -> Result<(), Failure> {
        let text = self.documents(values)?;
        self.text(&text)
    }

    /// Keeps a text to write when the command ends, in any way. A later text replaces it.
    pub(crate) fn hold(&mut self, text: impl Into<Styled>) {
        self.open = Open::Held(text.into());
    }

    /// Keeps a value in the same way.
    pub(crate) fn hold_value(&mut self, value: &impl Serialize) -> Result<(), Failure> {
        let text = self.document(value)?;
        self.hold(text);
        Ok(())
    }

    /// Keeps a list of values in the same way.
    pub(crate) fn hold_list<T: Serialize>(&mut self, values: &[T]) -> Result<(), Failure> {
        let text = self.documents(values)?;
        self.hold(text);
        Ok(())
    }

    fn document(&self, value: &impl Serialize) -> Result<String, Failure> {
        match (self.format, &self.jq) {
            (_, Some(jq)) => jq.apply(terminal::json_line(value)?),
            (Format::Yaml, None) => yaml::document(value),
            (Format::Jsonl, None) => Ok(terminal::json_line(value)? + "\n"),
            (_, None) => {
                let mut bytes = Vec::new();
                terminal::write_json(&mut bytes, 0, value)?;
                bytes.push(b'\n');
                Ok(String::from_utf8_lossy(&bytes).into_owned())
            }
        }
    }

    fn documents<T: Serialize>(&self, values: &[T]) -> Result<String, Failure> {
        match self.format {
            Format::Jsonl => values.iter().map(|value| self.document(value)).collect(),
            _ => self.document(&values),
        }
    }

    /// Completes the output, also after an error: writes waiting rows and closes a list.
    pub(crate) fn close(&mut self) -> Result<(), Failure> {
        match std::mem::replace(&mut self.open, Open::Nothing) {
            Open::Nothing | Open::Rows { table: None, .. } => {}
            Open::List => match self.format {
                Format::Jsonl | Format::Yaml => {}
                _ => self.text("\n]\n")?,
            },
            Open::Collected(items) => self.filtered(&items)?,
            Open::Rows {
                table: Some(table), ..
            } => self.styled(&table.finish())?,
            Open::Held(text) => self.styled(&text)?,
        }
        self.flush()
    }

    /// Writes what `--jq` makes of the items of an array.
    fn filtered(&mut self, items: &str) -> Result<(), Failure> {
        match &self.jq {
            Some(jq) => {
                let text = jq.apply(format!("[{items}]"))?;
                self.text(&text)
            }
            None => Ok(()),
        }
    }

    pub(crate) fn flush(&mut self) -> Result<(), Failure> {
        Ok(self.out.flush()?)
    }

    /// Writes an item of a list; [`end`](Self::end) or [`close`](Self::close) ends the list.
    pub(crate) fn item(&mut self, value: &impl Serialize) -> Result<(), Failure> {
        match (self.format, &self.jq) {
            (Format::Jsonl, _) => {
                let text = self.document(value)?;
                self.text(&text)?;
            }
            (_, Some(_)) => {
                let line = terminal::json_line(value)?;
                match &mut self.open {
                    Open::Collected(items) => {
                        items.push(',');
                        items.push_str(&line);
                    }
                    _ => self.open = Open::Collected(line),
                }
                return Ok(());
            }
            (Format::Yaml, None) => self.text(&yaml::item(value)?)?,
            (_, None) => {
                let before = match self.open {
                    Open::List => ",\n  ",
                    _ => "[\n  ",
                };
                self.text(before)?;
                terminal::write_json(&mut self.out, 1, value)?;
            }
        }
        self.open = Open::List;
        Ok(())
    }

    /// Ends a list, which may have no items.
    pub(crate) fn end(&mut self) -> Result<(), Failure> {
        match (&self.open, self.format) {
            (Open::List | Open::Collected(_), _) => self.close(),
            (_, Format::Jsonl) => Ok(()),
            (_, _) if self.jq.is_some() => self.filtered(""),
            (_, _) => self.text("[]\n"),
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

    /// Writes the records of a listing that a filter keeps, as they arrive, or the first of them. The
    /// rest is not read.
    ///
    /// Records in another order are written when all are known. After an error,
    /// [`close`](Self::close) completes the output.
    pub(crate) async fn listing<R: Records>(
        &mut self,
        records: R,
        filter: &Filter,
        listing: &Listing,
    ) -> Result<(), Failure> {
        self.written(records.kept(filter), listing).await
    }

    /// Writes the records of a stream in the same way.
    pub(crate) async fn stream<T: Listed + Filtered + Send>(
        &mut self,
        records: impl Stream<Item = Result<T, Error>> + Send,
        filter: &Filter,
        listing: &Listing,
    ) -> Result<(), Failure> {
        let records = records::kept(records, filter);
        self.written(records.boxed(), listing).await
    }

    /// Writes records of one registry.
    async fn written<T: Listed + Send>(
        &mut self,
        records: BoxStream<'_, Result<T, Error>>,
        listing: &Listing,
    ) -> Result<(), Failure> {
        let records = records.map(|record| (None, record));
        let records = chosen::first(records.boxed(), chosen::most(listing));
        let mut failures = self.all_of(records.boxed(), listing).await?.all();
        match (failures.len(), failures.pop()) {
            (_, None) => self.end_of_records::<T>(),
            (1, Some(failure)) => Err(failure),
            (_, Some(last)) => {
                failures.push(last);
                Err(Failure::Partly(failures))
            }
        }
    }

    /// Writes the records of several registries, which are read at the same time. A registry that fails
    /// ends its own records only. Returns the errors.
    pub(crate) async fn listings<R: Records>(
        &mut self,
        records: Vec<(String, R)>,
        filter: &Filter,
        listing: &Listing,
    ) -> Result<Failures, Failure> {
        self.has_labels = true;
        let count = records.len();
        let records = records.into_iter().map(|(registry, records)| {
            let records = records.kept(filter);
            records
                .map(move |record| (Some(registry.clone()), record))
                .boxed()
        });
        let records = InOrder::new(records, chosen::most(listing));
        let failures = self.all_of(records.boxed(), listing).await?;
        match failures.of_listings.len() < count {
            true => self.end_of_records::<R::Record>()?,
            false => self.close()?,
        }
        Ok(failures)
    }

    /// Writes records, each with the name of its registry if there are several. Returns the errors.
    async fn all_of<T: Listed>(
        &mut self,
        records: BoxStream<'_, Labelled<Result<T, Error>>>,
        listing: &Listing,
    ) -> Result<Failures, Failure> {
        let mut failures = Failures::default();
        let records = chosen::of(records, listing, &mut failures.of_listings).await;
        let is_complete = self.format != Format::Name;
        let records = records.map(async |(label, record)| match record {
            Ok(record) if is_complete => (label, Ok(record.complete().await)),
            Ok(record) => (label, Ok((record, None))),
            Err(error) => (label, Err(error)),
        });
        let mut records = pin!(records.buffered(AT_ONCE));
        loop {
            let next = match records.next().now_or_never() {
                Some(next) => next,
                None => {
                    self.flush()?;
                    records.next().await
                }
            };
            let Some((label, record)) = next else {
                return Ok(failures);
            };
            match record {
                Err(error) => failures.of_listings.push(Failure::from(error).at(label)),
                Ok((record, failure)) => {
                    let failure = failure.map(|failure| failure.at(label.clone()));
                    failures.of_records.extend(failure);
                    self.label = label;
                    self.record(&record)?;
                }
            }
        }
    }

    /// Writes a record of a listing.
    fn record<T: Listed>(&mut self, record: &T) -> Result<(), Failure> {
        match self.format {
            Format::Table | Format::Wide | Format::Csv => {
                self.row(record)?;
                record.rows().iter().try_for_each(|row| self.row(row))
            }
            Format::Name => match record.name() {
                Some(name) => {
                    let label = self.label.as_ref();
                    let label = label.map(|label| format!("{label} ")).unwrap_or_default();
                    self.text(&format!("{label}{}\n", escaped(&name)))
                }
                None => Ok(()),
            },
            Format::Json | Format::Jsonl | Format::Yaml => self.item(&Referred {
                registry: self.label.clone(),
                reference: record.reference(),
                item: record,
            }),
        }
    }

    fn end_of_records<T: Listed>(&mut self) -> Result<(), Failure> {
        match (self.format, &self.open) {
            (Format::Json | Format::Jsonl | Format::Yaml, _) => self.end(),
            (Format::Table | Format::Wide, Open::Nothing) => self.text(T::NOTHING),
            (Format::Csv, Open::Nothing) => self.heads::<T>(),
            _ => self.close(),
        }
    }

    /// Writes a row of a table or of CSV; [`close`](Self::close) ends the table.
    pub(crate) fn row<T: Row>(&mut self, row: &T) -> Result<(), Failure> {
        if !matches!(self.open, Open::Rows { .. }) {
            self.begin(Some(row))?;
        }
        let Open::Rows { chosen, table } = &mut self.open else {
            return Ok(());
        };
        let columns = chosen.iter().filter_map(|number| T::COLUMNS.get(*number));
        let label = self
            .has_labels
            .then(|| table::Cell::text(self.label.as_ref()));
        let cells = columns.map(|column| column.cell(row));
        let cells = label.into_iter().chain(cells);
        match table {
            None => {
                let line = csv::line(cells.map(|cell| cell.exact()))?;
                self.text(&line)
            }
            Some(table) => {
                table.add(cells.map(|cell| cell.shown(&self.view)).collect());
                let ready = table.take();
                self.styled(&ready)
            }
        }
    }

    /// Begins rows, with the columns that the first of them has.
    fn begin<T: Row>(&mut self, first: Option<&T>) -> Result<(), Failure> {
        let chosen = self.chosen(first);
        let table = match self.format {
            Format::Csv => None,
            _ => {
                let columns = chosen.iter().filter_map(|number| T::COLUMNS.get(*number));
                let label = self.has_labels.then(|| Head {
                    title: LABEL.to_uppercase(),
                    rank: Head::STAYS,
                });
                let heads = label.into_iter().chain(columns.map(Column::head));
                let mut table = Table::of(heads.collect(), self.width);
                if self.has_labels {
                    table = table.firm(2);
                }
                if self.columns.is_empty() {
                    table = table.compact();
                }
                Some(match self.has_header {
                    true => table,
                    false => table.without_header(),
                })
            }
        };
        if table.is_none() && self.has_header {
            let columns = chosen.iter().filter_map(|number| T::COLUMNS.get(*number));
            let label = self.has_labels.then_some(LABEL);
            let line = csv::line(label.into_iter().chain(columns.map(Column::name)))?;
            self.text(&line)?;
        }
        self.open = Open::Rows { chosen, table };
        Ok(())
    }

    /// Writes the heads of rows that are not there.
    fn heads<T: Row>(&mut self) -> Result<(), Failure> {
        self.begin::<T>(None)?;
        self.close()
    }

    /// Returns the numbers of the columns to show.
    fn chosen<T: Row>(&self, first: Option<&T>) -> Vec<usize> {
        let number = |name: &str| T::COLUMNS.iter().position(|column| column.name() == name);
        if !self.columns.is_empty() {
            return self
                .columns
                .iter()
                .filter_map(|name| number(name))
                .collect();
        }
        let columns = T::COLUMNS.iter().enumerate();
        let fits = columns.filter(|(_, column)| match self.format {
            Format::Table => column.is_in_table(first),
            _ => column.is_in_wide(),
        });
        fits.map(|(number, _)| number).collect()
    }

    /// Returns whether columns were chosen.
    pub(crate) fn has_columns(&self) -> bool {
        !self.columns.is_empty()
    }

    /// Keeps rows to write when the command ends, in any way. Later rows replace them.
    pub(crate) fn hold_rows<T: Row>(&mut self, rows: &[T]) -> Result<(), Failure> {
        let chosen = self.chosen(rows.first());
        let columns = || chosen.iter().filter_map(|number| T::COLUMNS.get(*number));
        if self.is_for_people() {
            let mut table = Table::of(columns().map(Column::head).collect(), self.width);
            if !self.has_header {
                table = table.without_header();
            }
            for row in rows {
                let cells = columns().map(|column| column.cell(row).shown(&self.view));
                table.add(cells.collect());
            }
            self.hold(table.finish());
            return Ok(());
        }
        let mut text = match self.has_header {
            true => csv::line(columns().map(Column::name))?,
            false => String::new(),
        };
        for row in rows {
            text += &csv::line(columns().map(|column| column.cell(row).exact()))?;
        }
        self.hold(text);
        Ok(())
    }

    /// Writes rows that are all known, as a table or CSV.
    pub(crate) fn rows<T: Row>(&mut self, rows: &[T]) -> Result<(), Failure> {
        if rows.is_empty() && self.format == Format::Csv {
            return self.heads::<T>();
        }
        rows.iter().try_for_each(|row| self.row(row))?;
        self.close()
    }

    /// Writes the rows of several registries, each with the name of its registry.
    pub(crate) fn labelled<T: Row + Serialize>(
        &mut self,
        rows: Vec<(String, T)>,
    ) -> Result<(), Failure> {
        match self.is_data() {
            true => self.labelled_list(rows),
            false => self.labelled_rows(rows),
        }
    }

    /// Writes values of several registries as data.
    pub(crate) fn labelled_list<T: Serialize>(
        &mut self,
        values: Vec<(String, T)>,
    ) -> Result<(), Failure> {
        let values = values
            .into_iter()
            .map(|(registry, item)| LabelledRow { registry, item });
        self.list(&values.collect::<Vec<_>>())
    }

    /// Writes rows of several registries as a table.
    pub(crate) fn labelled_rows<T: Row>(&mut self, rows: Vec<(String, T)>) -> Result<(), Failure> {
        self.has_labels = true;
        if rows.is_empty() && self.format == Format::Csv {
            return self.heads::<T>();
        }
        for (registry, row) in rows {
            self.label = Some(registry);
            self.row(&row)?;
        }
        self.close()
    }

    /// Writes records that are all known as the table of their listing.
    #[cfg(feature = "demo")]
    pub(crate) fn records<T: Listed>(&mut self, records: &[T]) -> Result<(), Failure> {
        match records.is_empty() {
            true => self.text(T::NOTHING),
            false => self.rows(records),
        }
    }
}

/// Row with the name of its registry.
#[derive(Serialize)]
struct LabelledRow<T> {
    registry: String,
    #[serde(flatten)]
    item: T,
}

/// Record with its reference.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Referred<'a, T> {
    #[serde(skip_serializing_if = "Option::is_none")]
    registry: Option<String>,
    /// Text that names the record, which other commands take.
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<String>,
    #[serde(flatten)]
    item: &'a T,
}
