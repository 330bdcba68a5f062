//! Answers of the query protocol, which are XML.

use roxmltree::{Document, Node, ParsingOptions};

/// Largest number of nodes. Answers have about 20.
const MAX_NODES: u32 = 1000;

/// Reads an answer. Rejects document types, which could define entities.
pub(crate) fn parse(body: &[u8]) -> Option<Document<'_>> {
    let text = std::str::from_utf8(body).ok()?;
    let options = ParsingOptions {
        allow_dtd: false,
        nodes_limit: MAX_NODES,
        ..ParsingOptions::default()
    };
    Document::parse_with_options(text, options).ok()
}

/// Returns the first element of this name, at any depth and in any namespace.
pub(crate) fn find<'a, 'input>(
    document: &'a Document<'input>,
    name: &str,
) -> Option<Node<'a, 'input>> {
    let mut nodes = document.descendants();
    nodes.find(|node| node.is_element() && node.tag_name().name() == name)
}

/// Returns the text of a child of this name, if it has any.
pub(crate) fn text<'a>(node: Node<'a, '_>, name: &str) -> Option<&'a str> {
    let child = node
        .children()
        .find(|child| child.is_element() && child.tag_name().name() == name)?;
    child.text().map(str::trim).filter(|text| !text.is_empty())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    use proptest::prelude::*;

    #[test]
    fn elements_are_found_in_any_namespace() {
        let body = br#"<?xml version="1.0"?><a xmlns="https://x/"><b>
            <c> one &amp; two </c><d/><e> </e></b></a>"#;
        let document = parse(body).unwrap();
        let b = find(&document, "b").unwrap();
        assert_eq!(text(b, "c"), Some("one & two"));
        for absent in ["d", "e", "f"] {
            assert_eq!(text(b, absent), None, "{absent}");
        }
    }

    #[test]
    fn what_is_deep_large_or_no_xml_is_rejected() {
        let deep = "<a>".repeat(300_000);
        let closed = format!("{}{}", "<a>".repeat(100_000), "</a>".repeat(100_000));
        let wide = format!("<a>{}</a>", "<b/>".repeat(2000));
        let bomb = r#"<!DOCTYPE a [<!ENTITY x "hush">]><a>&x;</a>"#;
        for body in ["", "no", "<a>", &deep, &closed, &wide, bomb, "<a>&x;</a>"] {
            assert!(parse(body.as_bytes()).is_none(), "{:.40}", body);
        }
        assert!(parse(b"<a>\xff</a>").is_none());
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

        #[test]
        fn any_body_is_read_or_rejected(
            body in prop_oneof![any::<Vec<u8>>(), "(<|>|/|a|&lt;|<!--|-->|=|\"| ){0,40}".prop_map(String::into_bytes)],
        ) {
            if let Some(document) = parse(&body) {
                let _ = find(&document, "a").and_then(|node| text(node, "a"));
            }
        }
    }
}
