//! Harbor's patterns of names and tags: `*` and `?` do not match slashes, `**` does, and `{a,b}`
//! matches either.

use std::collections::BTreeSet;

/// Depth from which nested braces are literal.
const DEEPEST: usize = 8;

#[derive(Debug, Clone, PartialEq, Eq)]
enum Node {
    Char(char),
    One,
    Star,
    Deep,
    Either(Vec<Vec<Node>>),
}

/// Longest pattern in bytes. A longer one matches nothing, because matching takes quadratic time.
const LONGEST: usize = 4096;

/// Whether `pattern` matches the whole `text`.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    if pattern.len() > LONGEST {
        return false;
    }
    let pattern: Vec<char> = pattern.chars().collect();
    let nodes = parsed(&pattern, 0);
    let text: Vec<char> = text.chars().collect();
    reached(&nodes, &text, BTreeSet::from([0])).contains(&text.len())
}

fn parsed(pattern: &[char], depth: usize) -> Vec<Node> {
    let mut nodes = Vec::new();
    let mut rest = pattern;
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        nodes.push(match (first, after) {
            // `**/` may match the empty text.
            ('*', ['*', '/', ..]) => {
                rest = &after[2..];
                Node::Either(vec![Vec::new(), vec![Node::Deep, Node::Char('/')]])
            }
            ('*', ['*', ..]) => {
                rest = &after[1..];
                Node::Deep
            }
            ('*', _) => Node::Star,
            ('?', _) => Node::One,
            ('\\', [escaped, ..]) => {
                rest = &after[1..];
                Node::Char(*escaped)
            }
            ('{', _) if depth < DEEPEST => match braces(after) {
                Some((choices, length)) => {
                    rest = &after[length..];
                    let choices = choices.into_iter();
                    Node::Either(choices.map(|choice| parsed(choice, depth + 1)).collect())
                }
                None => Node::Char('{'),
            },
            (other, _) => Node::Char(*other),
        });
    }
    nodes
}

/// Returns the choices up to the closing brace, and the length of text that they take.
fn braces(text: &[char]) -> Option<(Vec<&[char]>, usize)> {
    let (mut open, mut start, mut choices) = (0_usize, 0, Vec::new());
    for (at, c) in text.iter().enumerate() {
        match c {
            '{' => open += 1,
            '}' if open > 0 => open -= 1,
            '}' => {
                choices.push(&text[start..at]);
                return Some((choices, at + 1));
            }
            ',' if open == 0 => {
                choices.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    None
}

/// Returns the positions in the text that can be reached after the nodes, from these positions.
fn reached(nodes: &[Node], text: &[char], from: BTreeSet<usize>) -> BTreeSet<usize> {
    nodes.iter().fold(from, |from, node| {
        let mut to = BTreeSet::new();
        match node {
            Node::Either(choices) => {
                for choice in choices {
                    to.extend(reached(choice, text, from.clone()));
                }
            }
            Node::Star | Node::Deep => {
                for place in from {
                    let passes = |c: &&char| *node == Node::Deep || **c != '/';
                    let length = text[place..].iter().take_while(passes).count();
                    to.extend(place..=place + length);
                }
            }
            Node::One | Node::Char(_) => {
                let fits = |c: &char| match node {
                    Node::Char(own) => c == own,
                    _ => *c != '/',
                };
                let places = from.into_iter();
                to.extend(
                    places
                        .filter(|at| text.get(*at).is_some_and(fits))
                        .map(|at| at + 1),
                );
            }
        }
        to
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, text, expected) in [
            ("**", "team/web/front", true),
            ("*", "team/api", false),
            ("*", "v1", true),
            ("team/**", "team/api", true),
            ("team/**", "team/web/front", true),
            ("team/*", "team/web/front", false),
            ("team/*", "teams/api", false),
            ("**/api", "team/api", true),
            ("**/api", "api", true),
            ("**/api", "team/apis", false),
            ("{team,ops}/{api,web-*}", "ops/web-1", true),
            ("{team,ops}/{api,web-*}", "dev/api", false),
            ("v{1,2{0,1}}", "v21", true),
            ("v?", "v1", true),
            ("v?", "v10", false),
            ("v1.*", "v1.2.3", true),
            ("{v1", "{v1", true),
            ("v\\*", "v*", true),
            ("v\\*", "v1", false),
            ("", "", true),
            ("", "v1", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
        assert!(!matches(&"{".repeat(1 << 20), "v1"));
        assert!(!matches(&"{a,".repeat(1000), "v1"));
        let long = "*a".repeat(60);
        assert!(
            !matches(&long, &"a".repeat(59)),
            "and without taking for ever"
        );
    }
}
