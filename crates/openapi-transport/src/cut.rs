//! Bounds for texts that a service sends and that an error keeps.

use crate::secret::Secret;

/// Bytes of a service's sentence that are kept.
pub(crate) const MESSAGE: usize = 1024;
/// Bytes of codes and ids that are kept.
pub(crate) const ID: usize = 128;
/// Bytes of an encoded reason that are kept. The vendors' decoders accept about 10,000.
pub(crate) const ENCODED: usize = 16 * 1024;
/// Values of `WWW-Authenticate` that are kept, and the bytes of each.
pub(crate) const CHALLENGES: usize = 8;
pub(crate) const CHALLENGE: usize = 4096;
/// Bytes of an answer's headers that are accepted.
pub(crate) const HEADERS: usize = 64 * 1024;

/// What follows a text that was cut; then come the number of its bytes and `]`.
const MARK: &str = "… [cut, ";

/// Cuts a text to `max` bytes at a character boundary, and appends its original length.
pub(crate) fn cut(mut text: String, max: usize) -> String {
    let length = text.len();
    if length > max {
        truncate(&mut text, max);
        text.push_str(&format!("{MARK}{length} bytes]"));
    }
    text
}

/// Shortens a text to at most `max` bytes, at a character boundary.
///
/// `str::floor_char_boundary` needs Rust 1.91.
pub(crate) fn truncate(text: &mut String, max: usize) {
    let mut end = max.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
}

/// Shortest beginning of a secret that is hidden at the end of any text, in bytes.
const BEGINNING: usize = 8;

/// Removes the secret from a text, whether in capital or small letters. A cut may have left only a
/// beginning of it at the end. Without the mark of a cut, a short beginning may be chance and stays.
pub(crate) fn without(text: &str, secret: &Secret) -> String {
    let secret = secret.expose();
    if secret.is_empty() {
        return text.to_owned();
    }
    let text = replaced(text, secret);
    let mark = text.rfind(MARK).filter(|_| text.ends_with(" bytes]"));
    let (end, least) = match mark {
        Some(mark) => (mark, 1),
        None => (text.len(), BEGINNING),
    };
    let kept = &text[..end];
    let ends_with = |begin: &str| {
        let tail = kept.len().checked_sub(begin.len());
        let tail = tail.and_then(|tail| kept.get(tail..));
        tail.is_some_and(|tail| tail.eq_ignore_ascii_case(begin))
    };
    let begun = secret.char_indices().rev().map(|(index, _)| index);
    let mut begun = begun.filter(|length| *length >= least && ends_with(&secret[..*length]));
    match begun.next() {
        Some(length) => format!("{}[secret]{}", &kept[..end - length], &text[end..]),
        None => text,
    }
}

/// Replaces the secret in a text, whatever the case of its ASCII letters.
fn replaced(text: &str, secret: &str) -> String {
    // The lower case of an ASCII letter has the same length, so both texts have the same indexes.
    let (low, sought) = (text.to_ascii_lowercase(), secret.to_ascii_lowercase());
    let mut shown = String::with_capacity(text.len());
    let mut done = 0;
    for (begin, found) in low.match_indices(&sought) {
        shown.push_str(&text[done..begin]);
        shown.push_str("[secret]");
        done = begin + found.len();
    }
    shown.push_str(&text[done..]);
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_between_characters_and_says_so() {
        assert_eq!(cut("short".to_owned(), 5), "short");
        assert_eq!(cut("longer".to_owned(), 4), "long… [cut, 6 bytes]");
        assert_eq!(cut("aäöü".to_owned(), 4), "aä… [cut, 7 bytes]");
        assert_eq!(cut("äöü".to_owned(), 1), "… [cut, 6 bytes]");
    }

    #[test]
    fn a_cut_leaves_no_part_of_a_secret() {
        let secret = Secret::from("hush-hush");
        let text = cut(format!("token hush-hush and {}", "hush-hush"), 24);
        assert_eq!(text, "token hush-hush and hush… [cut, 29 bytes]");
        assert_eq!(
            without(&text, &secret),
            "token [secret] and [secret]… [cut, 29 bytes]"
        );
        assert_eq!(without("ends in hush", &secret), "ends in hush");
        assert_eq!(without("ends in Hush-hus", &secret), "ends in [secret]");
        assert_eq!(without("Ä HUSH-Hush ö", &secret), "Ä [secret] ö");
        assert_eq!(without("any", &Secret::from("")), "any");
    }
}
