//! Columns whose widths are those of the first rows.

use unicode_width::UnicodeWidthStr;

use crate::terminal::escaped;

/// How many rows decide how wide columns are. It is a page of a listing, so that a table shows with
/// the first page, and so that its layout does not depend on how fast pages come.
const SCREENFUL: usize = 100;

/// No column is wider than this because of a single long cell.
const WIDEST: usize = 72;

const GAP: usize = 2;

/// A table for people, written while its rows come.
///
/// It keeps the first rows until they have decided the widths of the columns; a later cell that is
/// wider than its column is written whole, and the cells after it go back to their columns as soon
/// as there is room.
#[derive(Debug)]
pub(crate) struct Table {
    waiting: Vec<Vec<String>>,
    /// Where the columns begin, once that is decided.
    starts: Option<Vec<usize>>,
    ready: String,
}

impl Table {
    /// A table with these heads of columns.
    pub(crate) fn new(heads: &[&str]) -> Self {
        let heads = heads.iter().map(|head| (*head).to_owned());
        Self {
            waiting: vec![heads.collect()],
            starts: None,
            ready: String::new(),
        }
    }

    /// Adds a row, each of whose cells becomes a part of one line.
    pub(crate) fn add_row<S: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = S>) {
        let cells = cells.into_iter();
        let cells: Vec<String> = cells
            .map(|cell| escaped(cell.as_ref()).into_owned())
            .collect();
        match &self.starts {
            Some(starts) => write_row(&mut self.ready, starts, &cells),
            None => {
                self.waiting.push(cells);
                if self.waiting.len() > SCREENFUL {
                    self.settle();
                }
            }
        }
    }

    /// The lines that can be written by now, each of which is given once.
    pub(crate) fn take(&mut self) -> String {
        std::mem::take(&mut self.ready)
    }

    /// The lines that were not given yet.
    pub(crate) fn finish(mut self) -> String {
        self.settle();
        self.ready
    }

    /// Decides the widths, unless they are decided.
    fn settle(&mut self) {
        if self.starts.is_some() {
            return;
        }
        let waiting = std::mem::take(&mut self.waiting);
        let mut widths: Vec<usize> = Vec::new();
        for row in &waiting {
            widths.resize(widths.len().max(row.len()), 0);
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = cell.width().min(WIDEST).max(*width);
            }
        }
        let starts = widths.iter().scan(0, |next, width| {
            let start = *next;
            *next += width + GAP;
            Some(start)
        });
        let starts: Vec<usize> = starts.collect();
        for row in &waiting {
            write_row(&mut self.ready, &starts, row);
        }
        self.starts = Some(starts);
    }
}

fn write_row(text: &mut String, starts: &[usize], cells: &[String]) {
    let begin = text.len();
    let mut at = 0;
    for (number, cell) in cells.iter().enumerate() {
        if number > 0 {
            let start = starts.get(number).copied().unwrap_or_default();
            let next = start.max(at + GAP);
            text.extend(std::iter::repeat_n(' ', next - at));
            at = next;
        }
        text.push_str(cell);
        at += cell.width();
    }
    text.truncate(begin + text.get(begin..).unwrap_or_default().trim_end().len());
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_the_first_rows() {
        let mut table = Table::new(&["NAME", "STATE", "TOOK"]);
        table.add_row(["a", "", "1s"]);
        table.add_row(["多阶段", "failed\nok  9s", ""]);
        let lines = "\
NAME    STATE           TOOK
a                       1s
多阶段  failed\\nok  9s
";
        assert_eq!(table.finish(), lines);
        assert_eq!(Table::new(&["NAME", "STATE"]).finish(), "NAME  STATE\n");
    }

    #[test]
    fn a_long_cell_moves_the_rest_of_its_own_row_alone() {
        let mut table = Table::new(&["NAME", "STATE", "TOOK"]);
        let long = "x".repeat(100);
        table.add_row([&long, "ok", "1s"]);
        table.add_row(["a", "running and running", "2s"]);
        let text = table.finish();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[1], format!("{long}  ok  1s"));
        assert_eq!(lines[2].find("running"), Some(WIDEST + GAP));
        assert_eq!(lines[0].find("STATE"), Some(WIDEST + GAP));
    }

    #[test]
    fn rows_are_written_from_the_first_screenful_on() {
        let mut table = Table::new(&["N", "TWICE"]);
        for number in 1..=SCREENFUL {
            assert_eq!(table.take(), "", "{number}");
            table.add_row([number.to_string(), (2 * number).to_string()]);
        }
        assert_eq!(table.take().lines().count(), SCREENFUL + 1);
        table.add_row(["1000", "2000"]);
        assert_eq!(table.take(), "1000  2000\n");
        table.add_row(["7", "14"]);
        assert_eq!(table.finish(), "7    14\n");
    }
}
