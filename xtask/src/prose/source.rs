//! Text for readers, taken out of Rust, Markdown and snapshots.

/// What a passage is in its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Doc comment, the lines of one block.
    Doc,
    /// String literal, paragraph or help text.
    Text,
}

/// Text whose lines are joined, so that a phrase may be broken between two lines.
#[derive(Debug)]
pub(super) struct Passage {
    pub(super) kind: Kind,
    pub(super) text: String,
    /// Offsets in `text` at which lines begin, with the numbers of the lines.
    lines: Vec<(usize, usize)>,
}

impl Passage {
    fn new(kind: Kind) -> Self {
        Self {
            kind,
            text: String::new(),
            lines: Vec::new(),
        }
    }

    /// Adds a line of the file. Text in backticks is left out.
    fn push(&mut self, line: usize, text: &str) {
        if !self.text.is_empty() {
            self.text.push(' ');
        }
        self.lines.push((self.text.len(), line));
        for (index, part) in text.split('`').enumerate() {
            // `…` keeps the place of the code.
            self.text
                .push_str(if index % 2 == 0 { part } else { "`…`" });
        }
    }

    /// Number of the line at an offset in the text.
    pub(super) fn line(&self, offset: usize) -> usize {
        let after = self.lines.partition_point(|(begin, _)| *begin <= offset);
        let line = after.checked_sub(1).and_then(|index| self.lines.get(index));
        line.map_or(0, |(_, line)| *line)
    }
}

/// Whether a file has text for readers.
pub(super) fn is_checked(file: &str) -> bool {
    let name = file.rsplit('/').next().unwrap_or(file);
    is_rust(name) || name.ends_with(".md") || (name.ends_with(".snap") && name.contains("help"))
}

fn is_rust(file: &str) -> bool {
    file.ends_with(".rs") || file.ends_with(".rs.txt")
}

/// Text for readers in a file of this name.
pub(super) fn passages(file: &str, text: &str) -> Vec<Passage> {
    if !is_rust(file) {
        return paragraphs(
            text.lines()
                .enumerate()
                .map(|(index, line)| (index + 1, line)),
        );
    }
    let test = ["tests/", "/tests/", "examples/", "/tests.rs"];
    let test = test.iter().any(|part| match part.strip_suffix('/') {
        Some(_) if !part.starts_with('/') => file.starts_with(part) || file.contains(part),
        _ => file.contains(part),
    });
    let mut passages = rust(text);
    if test {
        // Strings of tests are data.
        passages.retain(|passage| passage.kind == Kind::Doc);
    }
    passages
}

/// Paragraphs, without fenced blocks.
fn paragraphs<'a>(lines: impl Iterator<Item = (usize, &'a str)>) -> Vec<Passage> {
    let mut passages = Vec::new();
    let mut passage = Passage::new(Kind::Text);
    let mut fenced = false;
    for (number, line) in lines {
        let line = line.trim();
        let fence = line.starts_with("```");
        fenced ^= fence;
        if fence || line.is_empty() {
            passages.push(std::mem::replace(&mut passage, Passage::new(Kind::Text)));
        } else if !fenced {
            passage.push(number, line);
        }
    }
    passages.push(passage);
    passages.retain(|passage| !passage.text.is_empty());
    passages
}

/// Doc comments and string literals of Rust.
fn rust(text: &str) -> Vec<Passage> {
    let mut passages = Vec::new();
    let mut docs: Vec<(usize, &str)> = Vec::new();
    let mut number = 1;
    let mut rest = text;
    // Whether only white space has been read on this line.
    let mut fresh = true;
    while let Some(first) = rest.chars().next() {
        if let Some(comment) = rest.strip_prefix("//") {
            let end = comment.find('\n').unwrap_or(comment.len());
            let (comment, after) = comment.split_at(end);
            let doc = comment.strip_prefix('!').or_else(|| {
                comment
                    .strip_prefix('/')
                    .filter(|text| !text.starts_with('/'))
            });
            match doc.filter(|_| fresh) {
                Some(line) => docs.push((number, line)),
                None => close(&mut docs, &mut passages),
            }
            rest = after;
            continue;
        }
        let length = match first {
            '"' => string(rest),
            'r' => raw_string(rest).unwrap_or(1),
            '\'' => character(rest),
            _ if first.is_alphanumeric() || first == '_' => rest
                .find(|c: char| !c.is_alphanumeric() && c != '_')
                .unwrap_or(rest.len()),
            _ => first.len_utf8(),
        };
        // `br"…"` and names that end with r are no raw strings that a reader sees.
        let (token, after) = rest.split_at(length.clamp(first.len_utf8(), rest.len()));
        if !first.is_whitespace() {
            close(&mut docs, &mut passages);
            fresh = false;
        }
        if token.contains('"') && token.len() > 1 {
            let mut passage = Passage::new(Kind::Text);
            for (index, line) in token.lines().enumerate() {
                passage.push(number + index, line.trim().trim_end_matches('\\'));
            }
            passages.push(passage);
        }
        let newlines = token.matches('\n').count();
        if first == '\n' {
            fresh = true;
        }
        number += newlines;
        rest = after;
    }
    close(&mut docs, &mut passages);
    passages
}

/// Makes passages of a block of doc comments: the first paragraph is the summary.
fn close(docs: &mut Vec<(usize, &str)>, passages: &mut Vec<Passage>) {
    let mut paragraphs = paragraphs(docs.drain(..)).into_iter();
    if let Some(mut summary) = paragraphs.next() {
        summary.kind = Kind::Doc;
        passages.push(summary);
    }
    passages.extend(paragraphs.map(|mut passage| {
        passage.kind = Kind::Text;
        passage
    }));
}

/// Length of a string literal with its quotes.
fn string(text: &str) -> usize {
    let mut escaped = false;
    for (index, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return index + 1,
            _ => {}
        }
    }
    text.len()
}

/// Length of a raw string literal, if the text begins with one.
fn raw_string(text: &str) -> Option<usize> {
    let hashes = text.get(1..)?.chars().take_while(|c| *c == '#').count();
    let body = text.get(1 + hashes..)?.strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let length = body.find(&end)? + end.len();
    Some(1 + hashes + 1 + length)
}

/// Length of a character literal, or 1 for the quote of a lifetime.
fn character(text: &str) -> usize {
    let mut chars = text.char_indices().skip(1);
    match chars.next() {
        Some((_, '\\')) => chars
            .skip(1)
            .find(|(_, c)| *c == '\'')
            .map_or(1, |(index, _)| index + 1),
        Some(_) => match chars.next() {
            Some((index, '\'')) => index + 1,
            _ => 1,
        },
        None => 1,
    }
}
