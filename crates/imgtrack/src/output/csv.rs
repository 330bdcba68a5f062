//! Comma-separated values.

use crate::failure::Failure;
use crate::terminal::escaped;

/// Returns a line of cells.
pub(super) fn line<S: AsRef<str>>(cells: impl IntoIterator<Item = S>) -> Result<String, Failure> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let cells = cells.into_iter();
    let cells: Vec<String> = cells.map(|cell| safe(&escaped(cell.as_ref()))).collect();
    writer.write_record(cells).map_err(std::io::Error::other)?;
    let bytes = writer
        .into_inner()
        .map_err(|error| std::io::Error::other(error.to_string()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Quotes a text that a spreadsheet would read as a formula.
///
/// Names of images and references never begin like one. Texts of services may.
fn safe(cell: &str) -> String {
    match cell.starts_with(['=', '+', '-', '@']) {
        true => format!("'{cell}"),
        false => cell.to_owned(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_one_line_and_no_cell_is_a_formula() {
        for (cells, expected) in [
            (&["a", "b c", ""][..], "a,b c,\n"),
            (&["a,b", "say \"x\""], "\"a,b\",\"say \"\"x\"\"\"\n"),
            (&["a\nb", "\u{1b}[2J"], "a\\nb,\\u{1b}[2J\n"),
            (
                &["=1+1", "+1", "-1", "@x", "a=1"],
                "'=1+1,'+1,'-1,'@x,a=1\n",
            ),
            (&[""], "\"\"\n"),
        ] {
            assert_eq!(line(cells).unwrap(), expected);
        }
    }
}
