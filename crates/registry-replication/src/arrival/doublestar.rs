//! Patterns of Go's doublestar 1.3.4, translated to globs.
//!
//! Globs differ from it in a few places: `!` at the start of
//! a class is a letter of the class, a lone `}` is a letter, and `-` must be between two letters.

use std::iter::Peekable;
use std::str::Chars;

/// Why a pattern has no glob.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoGlob {
    /// Doublestar refuses it, too.
    Malformed,
    /// It has a class that no glob can say.
    Unsupported,
}

/// Whether doublestar refuses a pattern.
pub(crate) fn is_malformed(pattern: &str) -> bool {
    glob(pattern) == Err(NoGlob::Malformed)
}

/// Returns the glob of a pattern. Braces of the glob may have empty parts.
pub(crate) fn glob(pattern: &str) -> Result<String, NoGlob> {
    let mut glob = String::with_capacity(pattern.len());
    let mut rest = pattern.chars().peekable();
    let mut open = 0_usize;
    while let Some(letter) = rest.next() {
        match letter {
            '\\' => {
                glob.push('\\');
                glob.push(rest.next().ok_or(NoGlob::Malformed)?);
            }
            '[' => class(&mut rest, &mut glob)?,
            '{' => {
                open += 1;
                glob.push('{');
            }
            '}' if open == 0 => glob.push_str("\\}"),
            '}' => {
                open -= 1;
                glob.push('}');
            }
            ']' => glob.push_str("[]]"),
            other => glob.push(other),
        }
    }
    match open {
        0 => Ok(glob),
        _ => Err(NoGlob::Malformed),
    }
}

/// Translates a class, whose `[` was read.
fn class(rest: &mut Peekable<Chars<'_>>, glob: &mut String) -> Result<(), NoGlob> {
    let is_negated = rest.next_if_eq(&'^').is_some();
    let mut ranges = Vec::new();
    let mut is_closed = false;
    while let Some(low) = letter_of_class(rest)? {
        let high = match rest.next_if_eq(&'-') {
            Some(_) => letter_of_class(rest)?.ok_or(NoGlob::Malformed)?,
            None => low,
        };
        ranges.push((low, high));
        is_closed = rest.peek() == Some(&']');
    }
    if !is_closed {
        return Err(NoGlob::Malformed);
    }
    let is_special = |letter| matches!(letter, ']' | '[' | '-' | '\\');
    if ranges
        .iter()
        .any(|(low, high)| is_special(*low) || is_special(*high) || low > high)
    {
        return Err(NoGlob::Unsupported);
    }
    // A class of doublestar does not contain the separator, and one of a glob may.
    if ranges.iter().any(|(low, high)| *low == '/' || *high == '/') {
        return Err(NoGlob::Unsupported);
    }
    let ranges = ranges.into_iter().flat_map(without_separator);
    let mut ranges: Vec<_> = ranges.collect();
    if is_negated {
        ranges.push(('/', '/'));
    }
    // In a glob, one of these would negate the class if it came first.
    let first = ranges.iter().position(|(low, _)| !matches!(low, '!' | '^'));
    match first {
        Some(first) => ranges.swap(0, first),
        None if is_negated => {}
        None => return Err(NoGlob::Unsupported),
    }
    glob.push('[');
    if is_negated {
        glob.push('^');
    }
    for (low, high) in ranges {
        glob.push(low);
        if high != low {
            glob.push('-');
            glob.push(high);
        }
    }
    glob.push(']');
    // The closing bracket.
    rest.next();
    Ok(())
}

/// Splits a range at the separator.
fn without_separator((low, high): (char, char)) -> Vec<(char, char)> {
    match (low..=high).contains(&'/') {
        true => vec![(low, '.'), ('0', high)],
        false => vec![(low, high)],
    }
}

/// Reads the next letter of a class; `None` before its end.
fn letter_of_class(rest: &mut Peekable<Chars<'_>>) -> Result<Option<char>, NoGlob> {
    match rest.peek() {
        None => Err(NoGlob::Malformed),
        Some(']') => Ok(None),
        Some('-') => Err(NoGlob::Malformed),
        Some('\\') => {
            rest.next();
            rest.next().map(Some).ok_or(NoGlob::Malformed)
        }
        Some(_) => Ok(rest.next()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_translated() {
        use NoGlob::{Malformed, Unsupported};
        for (pattern, expected) in [
            ("library/**", Ok("library/**")),
            ("v[0-9]*", Ok("v[0-9]*")),
            ("[^a]", Ok("[^a/]")),
            ("[+-9]", Ok("[+-.0-9]")),
            ("[a/]", Err(Unsupported)),
            ("[!a]", Ok("[a!]")),
            ("[!]", Err(Unsupported)),
            ("[^!]", Ok("[^/!]")),
            ("{,x}", Ok("{,x}")),
            ("a}", Ok("a\\}")),
            ("a]", Ok("a[]]")),
            ("{a,{b,c}}", Ok("{a,{b,c}}")),
            ("\\{a", Ok("\\{a")),
            ("[a-]", Err(Malformed)),
            ("[-a]", Err(Malformed)),
            ("[]", Err(Malformed)),
            ("[a", Err(Malformed)),
            ("[", Err(Malformed)),
            ("{a", Err(Malformed)),
            ("a\\", Err(Malformed)),
            ("[a\\", Err(Malformed)),
            ("[\\-a]", Err(Unsupported)),
            ("[z-a]", Err(Unsupported)),
        ] {
            assert_eq!(
                glob(pattern).as_deref().map_err(|why| *why),
                expected,
                "{pattern}"
            );
        }
    }
}
