//! Column layout, decided by the first rows and the width of the terminal.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::cell::Shown;
use super::column::Head;
use crate::styled::Styled;
use crate::terminal::escaped;

/// Number of rows that decide the layout. It is one page of a listing, so that a table appears with
/// the first page, and so that its layout does not depend on the speed of the service.
const SCREENFUL: usize = 100;

/// Largest width of a column. A longer cell moves the rest of its row.
const WIDEST: usize = 72;

/// Smallest width that a column is cut to.
const NARROWEST: usize = 10;

const GAP: usize = 2;

/// Table for people, written while its rows arrive.
///
/// It keeps the first rows until they have decided the widths of the columns. A later cell that is
/// wider than its column is written whole, and the next cells return to their columns as soon as
/// there is room.
///
/// With a limit, no row is wider than the terminal: columns of low rank are left out, and then cells
/// are cut. The first column is neither left out nor cut, and neither are others that are firm.
#[derive(Debug)]
pub(crate) struct Table {
    heads: Vec<Head>,
    limit: Option<usize>,
    /// Whether columns without content are left out, and columns that do not fit.
    is_compact: bool,
    /// Number of columns that are neither left out nor cut.
    firm: usize,
    has_header: bool,
    waiting: Vec<Vec<Shown>>,
    layout: Option<Layout>,
    ready: Styled,
}

impl Table {
    /// Creates a table with these column heads, of any width.
    pub(crate) fn new(heads: &[&str]) -> Self {
        let heads = heads.iter().map(|head| Head {
            title: (*head).to_owned(),
            rank: Head::STAYS,
        });
        Self::of(heads.collect(), None)
    }

    /// Creates a table that is at most as wide as a terminal.
    pub(crate) fn of(heads: Vec<Head>, limit: Option<usize>) -> Self {
        Self {
            heads,
            limit,
            is_compact: false,
            firm: 1,
            has_header: true,
            waiting: Vec::new(),
            layout: None,
            ready: Styled::default(),
        }
    }

    /// Leaves out the columns that are empty in all of the first rows, and those that do not fit.
    pub(crate) fn compact(mut self) -> Self {
        self.is_compact = true;
        self
    }

    /// Neither leaves out nor cuts the first columns.
    pub(crate) fn firm(mut self, count: usize) -> Self {
        self.firm = count;
        self
    }

    /// Leaves out the heads.
    pub(crate) fn without_header(mut self) -> Self {
        self.has_header = false;
        self
    }

    /// Adds a row as one line.
    pub(crate) fn add_row<S: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = S>) {
        let cells = cells.into_iter();
        self.add(cells.map(|cell| cell.as_ref().to_owned().into()).collect());
    }

    /// Adds a row as one line, with colours.
    pub(crate) fn add(&mut self, mut cells: Vec<Shown>) {
        for cell in &mut cells {
            cell.text = escaped(&cell.text).into_owned();
        }
        match &self.layout {
            Some(layout) => layout.write(&mut self.ready, &cells, &self.heads),
            None => {
                self.waiting.push(cells);
                if self.waiting.len() >= SCREENFUL {
                    self.settle();
                }
            }
        }
    }

    /// Takes the lines that are ready.
    pub(crate) fn take(&mut self) -> Styled {
        std::mem::take(&mut self.ready)
    }

    /// Returns the lines that were not taken.
    pub(crate) fn finish(mut self) -> Styled {
        self.settle();
        self.ready
    }

    /// Decides the layout, unless it is decided.
    fn settle(&mut self) {
        if self.layout.is_some() {
            return;
        }
        let waiting = std::mem::take(&mut self.waiting);
        let layout = Layout::of(self, &waiting);
        if self.has_header {
            let heads = self.heads.iter().zip(&layout.places);
            let heads: Vec<Shown> = heads
                .map(|(head, place)| match place {
                    Place::At { .. } => head.title.clone().into(),
                    _ => String::new().into(),
                })
                .collect();
            layout.write(&mut self.ready, &heads, &self.heads);
        }
        for row in &waiting {
            layout.write(&mut self.ready, row, &self.heads);
        }
        self.layout = Some(layout);
    }
}

/// Places of the columns.
#[derive(Debug)]
struct Layout {
    places: Vec<Place>,
    firm: usize,
    limit: Option<usize>,
}

/// Place of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    At {
        start: usize,
        width: usize,
    },
    /// The column was empty. A later cell comes last in its row.
    Empty,
    /// There was no room.
    Dropped,
}

impl Layout {
    /// Decides the layout by the heads and the first rows.
    fn of(table: &Table, rows: &[Vec<Shown>]) -> Self {
        let count = rows.iter().map(Vec::len).max().unwrap_or(0);
        let count = count.max(table.heads.len());
        let mut places: Vec<Place> = (0..count)
            .map(|number| {
                let cells = || rows.iter().filter_map(|row| row.get(number));
                let is_empty = cells().all(|cell| cell.text.is_empty());
                if table.is_compact && is_empty {
                    return Place::Empty;
                }
                let widest = cells().map(|cell| cell.text.width()).max().unwrap_or(0);
                let head = table.heads.get(number).filter(|_| table.has_header);
                let head = head.map_or(0, |head| head.title.width());
                let start = 0;
                let width = widest.min(WIDEST).max(head);
                Place::At { start, width }
            })
            .collect();
        let mut limit = table.limit;
        if let Some(most) = limit {
            let fits = fit(&mut places, table, most);
            // Columns that were asked for are there, even if the terminal breaks the lines.
            if !fits {
                limit = None;
            }
        }
        let mut next = 0;
        for place in &mut places {
            if let Place::At { start, width } = place {
                *start = next;
                next += *width + GAP;
            }
        }
        let firm = table.firm;
        Self {
            places,
            firm,
            limit,
        }
    }

    fn write(&self, text: &mut Styled, cells: &[Shown], heads: &[Head]) {
        let mut at = 0;
        let mut late = Vec::new();
        let mut blanks = 0;
        for (number, cell) in cells.iter().enumerate() {
            let (start, width) = match self.places.get(number) {
                Some(Place::At { start, width }) => (*start, *width),
                Some(Place::Empty) if !cell.text.is_empty() => {
                    late.push((number, cell));
                    continue;
                }
                _ => continue,
            };
            if cell.text.is_empty() {
                continue;
            }
            let next = if at == 0 { start } else { start.max(at + GAP) };
            let shown = match self.limit {
                Some(limit) if number >= self.firm => cut(
                    &cell.text,
                    width.min(limit.saturating_sub(next)),
                    cell.keeps_end,
                ),
                _ => cell.text.clone(),
            };
            if shown.is_empty() {
                continue;
            }
            blanks += next - at;
            text.push(&" ".repeat(blanks));
            blanks = 0;
            // A cell may end with blanks, and no line does.
            let visible = shown.trim_end();
            text.push_toned(cell.tone, visible);
            blanks += shown.len() - visible.len();
            at = next + shown.width();
        }
        // A cell of a column that was left out comes last, with its head.
        for (number, cell) in late {
            let head = heads.get(number).map_or("", |head| head.title.as_str());
            let note = format!("  {head}: {}", cell.text);
            let note = match self.limit {
                Some(limit) => cut(&note, limit.saturating_sub(at), false),
                None => note,
            };
            at += note.width();
            text.push(&note);
        }
        text.push("\n");
    }
}

/// Makes columns fit a width: leaves out those of low rank, and makes the widest narrower. Returns
/// whether they fit.
fn fit(places: &mut [Place], table: &Table, limit: usize) -> bool {
    let (heads, may_drop, firm) = (&table.heads, table.is_compact, table.firm);
    let is_too_wide = |places: &[Place]| {
        let widths = places.iter().filter_map(|place| match place {
            Place::At { width, .. } => Some(width + GAP),
            _ => None,
        });
        widths.sum::<usize>() > limit + GAP
    };
    let drop = |places: &mut [Place], fits: &dyn Fn(u8) -> bool| {
        let rank = |number: usize| heads.get(number).map_or(Head::STAYS, |head| head.rank);
        let shown = places.iter().enumerate().skip(firm);
        let shown = shown.filter(|(_, place)| matches!(place, Place::At { .. }));
        let shown = shown.map(|(number, _)| number).rev();
        let last = shown.filter(|number| fits(rank(*number)));
        match last.min_by_key(|number| rank(*number)) {
            None => false,
            Some(number) => {
                if let Some(place) = places.get_mut(number) {
                    *place = Place::Dropped;
                }
                true
            }
        }
    };
    while may_drop && is_too_wide(places) && drop(places, &|rank| rank < Head::STAYS) {}
    while is_too_wide(places) {
        let others = places.iter_mut().skip(firm);
        let widths = others.filter_map(|place| match place {
            Place::At { width, .. } if *width > NARROWEST => Some(width),
            _ => None,
        });
        match widths.max_by_key(|width| **width) {
            Some(widest) => *widest -= 1,
            None => break,
        }
    }
    while may_drop && is_too_wide(places) && drop(places, &|_| true) {}
    may_drop || !is_too_wide(places)
}

/// Cuts a text to a width, with `…` at its end or, to keep the end, inside of it.
pub(crate) fn cut(text: &str, most: usize, keeps_end: bool) -> String {
    if text.width() <= most {
        return text.to_owned();
    }
    let Some(left) = most.checked_sub(1) else {
        return String::new();
    };
    let end = if keeps_end { left.div_ceil(2) } else { 0 };
    let tail: Vec<char> = fitting(text.chars().rev(), end).collect();
    let head = fitting(text.chars(), left - end);
    head.chain(['…']).chain(tail.into_iter().rev()).collect()
}

/// Returns the first characters that fit a width.
fn fitting(characters: impl Iterator<Item = char>, mut left: usize) -> impl Iterator<Item = char> {
    characters.take_while(move |character| {
        let width = character.width().unwrap_or(0);
        let fits = width <= left;
        left = left.saturating_sub(width);
        fits
    })
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
        assert_eq!(table.finish().to_string(), lines);
        let empty = Table::new(&["NAME", "STATE"]).finish();
        assert_eq!(empty.to_string(), "NAME  STATE\n");
    }

    #[test]
    fn a_long_cell_moves_the_rest_of_its_own_row_alone() {
        let mut table = Table::new(&["NAME", "STATE", "TOOK"]);
        let long = "x".repeat(100);
        table.add_row([&long, "ok", "1s"]);
        table.add_row(["a", "running and running", "2s"]);
        let text = table.finish().to_string();
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
        let text = table.finish().to_string();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "NAME  TOOK");
        assert_eq!(lines[1], "a     1s");
        assert_eq!(lines.last(), Some(&"b     2s  : x  NOTE: late"));
    }

    #[test]
    fn rows_are_written_from_the_first_screenful_on() {
        let mut table = Table::new(&["N", "TWICE"]);
        for number in 1..=SCREENFUL {
            assert_eq!(table.take().to_string(), "", "{number}");
            table.add_row([number.to_string(), (2 * number).to_string()]);
        }
        assert_eq!(table.take().to_string().lines().count(), SCREENFUL + 1);
        table.add_row(["1000", "2000"]);
        assert_eq!(table.take().to_string(), "1000  2000\n");
        table.add_row(["7", "14"]);
        assert_eq!(table.finish().to_string(), "7    14\n");
    }

    fn narrow(limit: usize, later: usize) -> String {
        let ranks = [
            ("NAME", Head::STAYS),
            ("FROM", Head::STAYS),
            ("AGE", 2),
            ("TOOK", 1),
        ];
        let heads = ranks.map(|(title, rank)| Head {
            title: title.to_owned(),
            rank,
        });
        let mut table = Table::of(heads.into(), Some(limit)).compact();
        for number in 0..SCREENFUL + later {
            let name = "n".repeat(if number < SCREENFUL { 4 } else { 12 });
            table.add_row([name.as_str(), "a/多阶段/repository", "12m ago", "33m 40s"]);
        }
        table.finish().to_string()
    }

    #[test]
    fn a_table_fits_the_terminal() {
        let row = |limit| {
            narrow(limit, 0)
                .lines()
                .last()
                .unwrap_or_default()
                .to_owned()
        };
        for (limit, expected) in [
            (80, "nnnn  a/多阶段/repository  12m ago  33m 40s"),
            (43, "nnnn  a/多阶段/repository  12m ago  33m 40s"),
            (42, "nnnn  a/多阶段/repository  12m ago"),
            (33, "nnnn  a/多阶段/repository"),
            (25, "nnnn  a/多阶段/repository"),
            (24, "nnnn  a/多阶段/reposito…"),
            (16, "nnnn  a/多阶段/…"),
            (15, "nnnn"),
            (2, "nnnn"),
        ] {
            assert_eq!(row(limit), expected, "{limit}");
        }
    }

    #[test]
    fn no_later_row_is_wider_than_the_terminal_either() {
        for limit in 14..80 {
            let text = narrow(limit, 3);
            assert_eq!(text.lines().count(), SCREENFUL + 4, "{limit}");
            for line in text.lines() {
                assert!(line.width() <= limit, "{limit}: {line:?}");
                assert!(
                    line.starts_with("NAME") || line.starts_with("nnnn"),
                    "{line:?}"
                );
            }
        }
    }

    #[test]
    fn a_cut_leaves_the_end_of_a_name() {
        for (most, sentence, name) in [
            (11, "team/api:v1", "team/api:v1"),
            (8, "team/ap…", "tea…i:v1"),
            (3, "te…", "t…1"),
            (1, "…", "…"),
            (0, "", ""),
        ] {
            assert_eq!(cut("team/api:v1", most, false), sentence);
            assert_eq!(cut("team/api:v1", most, true), name);
        }
        assert_eq!(cut("多阶段", 5, true), "多…段");
        assert_eq!(cut("多阶段", 4, true), "…段");
    }
}
