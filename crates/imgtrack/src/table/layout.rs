//! Column layout, decided by the first rows.

use unicode_width::UnicodeWidthStr;

use crate::terminal::escaped;

/// Number of rows that decide the layout. It is one page of a listing, so that a table appears with
/// the first page, and so that its layout does not depend on the speed of the service.
const SCREENFUL: usize = 100;

/// Largest width of a column. A longer cell moves the rest of its row.
const WIDEST: usize = 72;

const GAP: usize = 2;

/// Table for people, written while its rows arrive.
///
/// It keeps the first rows until they have decided the widths of the columns. A later cell that is
/// wider than its column is written whole, and the next cells return to their columns as soon as
/// there is room.
#[derive(Debug)]
pub(crate) struct Table {
    /// Whether columns without content are left out.
    compact: bool,
    waiting: Vec<Vec<String>>,
    layout: Option<Layout>,
    ready: String,
}

impl Table {
    /// Creates a table with these column heads.
    pub(crate) fn new(heads: &[&str]) -> Self {
        let heads = heads.iter().map(|head| (*head).to_owned());
        Self {
            compact: false,
            waiting: vec![heads.collect()],
            layout: None,
            ready: String::new(),
        }
    }

    /// Leaves out the columns that are empty in all of the first rows.
    pub(crate) fn compact(mut self) -> Self {
        self.compact = true;
        self
    }

    /// Adds a row as one line.
    pub(crate) fn add_row<S: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = S>) {
        let cells = cells.into_iter();
        let cells: Vec<String> = cells
            .map(|cell| escaped(cell.as_ref()).into_owned())
            .collect();
        match &self.layout {
            Some(layout) => layout.write(&mut self.ready, &cells),
            None => {
                self.waiting.push(cells);
                if self.waiting.len() > SCREENFUL {
                    self.settle();
                }
            }
        }
    }

    /// Takes the lines that are ready.
    pub(crate) fn take(&mut self) -> String {
        std::mem::take(&mut self.ready)
    }

    /// Returns the lines that were not taken.
    pub(crate) fn finish(mut self) -> String {
        self.settle();
        self.ready
    }

    /// Decides the layout, unless it is decided.
    fn settle(&mut self) {
        if self.layout.is_some() {
            return;
        }
        let waiting = std::mem::take(&mut self.waiting);
        let layout = Layout::of(&waiting, self.compact);
        let heads = waiting.first().map(|heads| layout.kept(heads));
        for row in heads.iter().chain(waiting.iter().skip(1)) {
            layout.write(&mut self.ready, row);
        }
        self.layout = Some(layout);
    }
}

/// Places of the columns.
#[derive(Debug)]
struct Layout {
    /// Where each column begins; absent for columns that are left out.
    starts: Vec<Option<usize>>,
    heads: Vec<String>,
}

impl Layout {
    /// Decides the layout by the heads and the first rows.
    fn of(rows: &[Vec<String>], compact: bool) -> Self {
        let heads = rows.first().cloned().unwrap_or_default();
        let mut widths: Vec<usize> = Vec::new();
        for row in rows {
            widths.resize(widths.len().max(row.len()), 0);
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = cell.width().min(WIDEST).max(*width);
            }
        }
        let is_empty = |column: usize| {
            let mut cells = rows.iter().skip(1).filter_map(|row| row.get(column));
            cells.all(|cell| cell.is_empty())
        };
        let columns = widths.iter().enumerate();
        let starts = columns.scan(0, |next, (column, width)| {
            if compact && is_empty(column) {
                return Some(None);
            }
            let start = *next;
            *next += width + GAP;
            Some(Some(start))
        });
        Self {
            starts: starts.collect(),
            heads,
        }
    }

    /// Returns the heads, those of left-out columns empty.
    fn kept(&self, heads: &[String]) -> Vec<String> {
        let heads = heads.iter().zip(&self.starts);
        heads
            .map(|(head, start)| start.map_or_else(String::new, |_| head.clone()))
            .collect()
    }

    fn write(&self, text: &mut String, cells: &[String]) {
        let begin = text.len();
        let mut at = 0;
        let mut late = Vec::new();
        for (number, cell) in cells.iter().enumerate() {
            let Some(start) = self.starts.get(number).copied().flatten() else {
                late.extend((!cell.is_empty()).then_some((number, cell)));
                continue;
            };
            if at > 0 || start > 0 {
                let next = start.max(at + GAP);
                text.extend(std::iter::repeat_n(' ', next - at));
                at = next;
            }
            text.push_str(cell);
            at += cell.width();
        }
        text.truncate(begin + text.get(begin..).unwrap_or_default().trim_end().len());
        // A cell of a column that was left out comes last, with its head.
        for (number, cell) in late {
            let head = self.heads.get(number).map_or("", String::as_str);
            text.push_str(&format!("  {head}: {cell}"));
        }
        text.push('\n');
    }
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
    fn empty_columns_are_left_out_and_no_cell_is_lost() {
        let mut table = Table::new(&["", "NAME", "NOTE", "TOOK"]).compact();
        for _ in 0..SCREENFUL {
            table.add_row(["", "a", "", "1s"]);
        }
        table.add_row(["x", "b", "late", "2s"]);
        let text = table.finish();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "NAME  TOOK");
        assert_eq!(lines[1], "a     1s");
        assert_eq!(lines.last(), Some(&"b     2s  : x  NOTE: late"));
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
