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

/// Removes the secret from a text, also a beginning of it that a cut has left at the end.
pub(crate) fn without(text: &str, secret: &Secret) -> String {
    let secret = secret.expose();
    if secret.is_empty() {
        return text.to_owned();
    }
    let text = text.replace(secret, "[secret]");
    let Some(end) = text.rfind(MARK).filter(|_| text.ends_with(" bytes]")) else {
        return text;
    };
    let kept = &text[..end];
    let begun = secret.char_indices().rev().map(|(index, _)| index);
    let mut begun = begun.filter(|length| *length > 0 && kept.ends_with(&secret[..*length]));
    match begun.next() {
        Some(length) => format!("{}[secret]{}", &kept[..end - length], &text[end..]),
        None => text,
    }
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
        assert_eq!(without("any", &Secret::from("")), "any");
    }
}
