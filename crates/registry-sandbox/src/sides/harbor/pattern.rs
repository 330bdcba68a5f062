//! Patterns of names and tags, as doublestar 1.3.4 matches them.
//!
//! `*` and `?` match no slash. `**` matches slashes, where it is a whole component. `[a-z]` and `[^a]`
//! are classes, and `!` is a letter of one. `{a,}` also matches nothing. A lone `}` is a letter.

use std::collections::BTreeSet;

/// Longest pattern in bytes. A longer one is malformed, because matching takes quadratic time.
const LONGEST: usize = 4096;
/// Deepest nesting of braces. A deeper one is malformed.
const DEEPEST: usize = 8;

/// A pattern that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed;

#[derive(Debug, Clone, PartialEq, Eq)]
enum Node {
    Char(char),
    One,
    Star,
    /// Any text, with slashes.
    Deep,
    Class {
        negated: bool,
        ranges: Vec<(char, char)>,
    },
    Either(Vec<Vec<Node>>),
}

/// Whether `pattern` matches the whole `text`. The empty pattern matches every text, as in Harbor's
/// filters.
pub(super) fn matches(pattern: &str, text: &str) -> Result<bool, Malformed> {
    let nodes = read(pattern)?;
    if pattern.is_empty() {
        return Ok(true);
    }
    let text: Vec<char> = text.chars().collect();
    Ok(reached(&nodes, &text, BTreeSet::from([0])).contains(&text.len()))
}

fn read(pattern: &str) -> Result<Vec<Node>, Malformed> {
    if pattern.len() > LONGEST {
        return Err(Malformed);
    }
    let letters: Vec<char> = pattern.chars().collect();
    let mut reader = Reader {
        letters: &letters,
        at: 0,
    };
    reader.nodes(0, true)
}

struct Reader<'a> {
    letters: &'a [char],
    at: usize,
}

impl Reader<'_> {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.letters.get(self.at + ahead).copied()
    }

    fn next(&mut self) -> Result<char, Malformed> {
        let letter = self.peek(0).ok_or(Malformed)?;
        self.at += 1;
        Ok(letter)
    }

    /// Reads up to the end, or to the end of an alternative. `is_start` tells whether a component
    /// begins here.
    fn nodes(&mut self, depth: usize, mut is_start: bool) -> Result<Vec<Node>, Malformed> {
        let mut nodes = Vec::new();
        while let Some(letter) = self.peek(0) {
            if depth > 0 && matches!(letter, ',' | '}') {
                break;
            }
            self.at += 1;
            let starts = std::mem::replace(&mut is_start, letter == '/');
            nodes.push(match letter {
                '*' if starts && self.peek(0) == Some('*') && self.ends_component(1, depth) => {
                    self.at += 1;
                    if self.peek(0) == Some('/') {
                        self.at += 1;
                        is_start = true;
                        Node::Either(vec![Vec::new(), vec![Node::Deep, Node::Char('/')]])
                    } else {
                        Node::Deep
                    }
                }
                '*' => Node::Star,
                '?' => Node::One,
                '\\' => Node::Char(self.next()?),
                '[' => self.class()?,
                '{' => self.either(depth, starts)?,
                other => Node::Char(other),
            });
        }
        Ok(nodes)
    }

    /// Whether a component ends after this number of letters.
    fn ends_component(&self, ahead: usize, depth: usize) -> bool {
        match self.peek(ahead) {
            None | Some('/') => true,
            Some(',' | '}') => depth > 0,
            Some(_) => false,
        }
    }

    fn class(&mut self) -> Result<Node, Malformed> {
        let negated = self.peek(0) == Some('^');
        self.at += usize::from(negated);
        let mut ranges = Vec::new();
        while ranges.is_empty() || self.peek(0) != Some(']') {
            let low = self.letter()?;
            let mut high = low;
            if self.peek(0) == Some('-') {
                self.at += 1;
                high = self.letter()?;
            }
            ranges.push((low, high));
        }
        self.at += 1;
        Ok(Node::Class { negated, ranges })
    }

    /// Reads a letter of a class.
    fn letter(&mut self) -> Result<char, Malformed> {
        match self.next()? {
            '\\' => self.next(),
            ']' | '-' => Err(Malformed),
            letter => Ok(letter),
        }
    }

    fn either(&mut self, depth: usize, starts: bool) -> Result<Node, Malformed> {
        if depth >= DEEPEST {
            return Err(Malformed);
        }
        let mut alternatives = Vec::new();
        loop {
            alternatives.push(self.nodes(depth + 1, starts)?);
            if self.next()? == '}' {
                return Ok(Node::Either(alternatives));
            }
        }
    }
}

/// Returns the positions that are reached from `starts`.
fn reached(nodes: &[Node], text: &[char], starts: BTreeSet<usize>) -> BTreeSet<usize> {
    let mut current = starts;
    for node in nodes {
        let mut after = BTreeSet::new();
        for start in &current {
            let rest = &text[*start..];
            match node {
                Node::Char(letter) => after.extend(one(rest, *start, |own| own == *letter)),
                Node::One => after.extend(one(rest, *start, |own| own != '/')),
                Node::Class { negated, ranges } => after.extend(one(rest, *start, |own| {
                    let mut all = ranges.iter();
                    let is_in = all.any(|(low, high)| (*low..=*high).contains(&own));
                    own != '/' && is_in != *negated
                })),
                Node::Star => {
                    let most = rest.iter().take_while(|own| **own != '/').count();
                    after.extend(*start..=start + most);
                }
                Node::Deep => after.extend(*start..=text.len()),
                Node::Either(alternatives) => {
                    for alternative in alternatives {
                        after.extend(reached(alternative, text, BTreeSet::from([*start])));
                    }
                }
            }
        }
        current = after;
    }
    current
}

fn one(rest: &[char], start: usize, fits: impl Fn(char) -> bool) -> Option<usize> {
    rest.first().filter(|own| fits(**own)).map(|_| start + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, text, expected) in [
            ("", "anything", Ok(true)),
            ("**", "team/api/server", Ok(true)),
            ("**", "", Ok(true)),
            ("*", "team/api", Ok(false)),
            ("team/*", "team/api", Ok(true)),
            ("team/*", "team/api/server", Ok(false)),
            ("team/**", "team/api/server", Ok(true)),
            ("team/**", "team", Ok(false)),
            ("team/**", "teams/api", Ok(false)),
            ("**/api", "api", Ok(true)),
            ("**/api", "team/web/api", Ok(true)),
            ("**/api", "team/napi", Ok(false)),
            ("a/**/b", "a/b", Ok(true)),
            ("a/**/b", "a/x/y/b", Ok(true)),
            // Two stars that are not a component of their own are two stars.
            ("v1**", "v1.2", Ok(true)),
            ("te**/api", "team/api", Ok(true)),
            ("te**", "team/api", Ok(false)),
            ("v?", "v1", Ok(true)),
            ("v?", "v10", Ok(false)),
            ("a?b", "a/b", Ok(false)),
            ("v[0-9]", "v4", Ok(true)),
            ("v[^0-9]", "v4", Ok(false)),
            ("v[^0-9]", "vx", Ok(true)),
            // The exclamation mark is a letter.
            ("v[!4]", "v4", Ok(true)),
            ("v[!4]", "v!", Ok(true)),
            ("v[!4]", "v5", Ok(false)),
            ("{team,web}/*", "web/api", Ok(true)),
            ("{team/api,web/{a,b}}", "web/b", Ok(true)),
            ("v1{,.2}", "v1", Ok(true)),
            ("v1{,.2}", "v1.2", Ok(true)),
            ("v}", "v}", Ok(true)),
            ("v,1", "v,1", Ok(true)),
            ("v\\*", "v*", Ok(true)),
            ("v\\*", "v1", Ok(false)),
            ("{team/**,x}", "team/a/b", Ok(true)),
            ("V1", "v1", Ok(false)),
            ("v[a-]", "va", Err(Malformed)),
            ("v[]", "v", Err(Malformed)),
            ("v[", "v", Err(Malformed)),
            ("v[a", "va", Err(Malformed)),
            ("{a,b", "a", Err(Malformed)),
            ("v\\", "v", Err(Malformed)),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
        let long = "*".repeat(LONGEST + 1);
        assert_eq!(matches(&long, "v"), Err(Malformed));
        let deep = "{".repeat(DEEPEST + 1) + &"}".repeat(DEEPEST + 1);
        assert_eq!(matches(&deep, ""), Err(Malformed));
    }
}
