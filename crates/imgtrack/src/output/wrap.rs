//! Sentences within the width of a terminal.

use textwrap::{Options, WordSeparator, WordSplitter, WrapAlgorithm};

/// Beginning of a command that can be pasted. Its line is not broken.
const COMMAND: &str = "imgtrack ";

/// Breaks lines between words. Later parts of a line are indented as its beginning. A word that is wider
/// than the terminal stays whole.
pub(crate) fn wrapped(text: &str, width: usize) -> String {
    let lines: Vec<String> = text.split('\n').map(|line| folded(line, width)).collect();
    lines.join("\n")
}

fn folded(line: &str, width: usize) -> String {
    let blanks = line.len() - line.trim_start_matches(' ').len();
    let (indent, words) = line.split_at(blanks);
    if words.starts_with(COMMAND) || width <= blanks {
        return line.to_owned();
    }
    let options = Options::new(width)
        .subsequent_indent(indent)
        .break_words(false)
        .word_separator(WordSeparator::AsciiSpace)
        .word_splitter(WordSplitter::NoHyphenation)
        .wrap_algorithm(WrapAlgorithm::FirstFit);
    textwrap::fill(line, options)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_between_words() {
        for (text, expected) in [
            ("short", "short"),
            ("a verdict of two words", "a verdict of\ntwo words"),
            ("  12 is digest-mismatch", "  12 is\n  digest-mismatch"),
            (
                "to a-very-long-destination/x",
                "to\na-very-long-destination/x",
            ),
            ("    imgtrack run 12 --yes", "    imgtrack run 12 --yes"),
            ("多阶段 多阶段 x", "多阶段 多阶段\nx"),
            ("one\n\ntwo\n", "one\n\ntwo\n"),
        ] {
            assert_eq!(wrapped(text, 13), expected, "{text}");
        }
    }
}
