//! XML answers as JSON, so that the same types and paths read them.
//!
//! An element with elements in it becomes an object, an element without content null, and any other
//! element a text. Elements of one name next to each other become a list, and so does even one element
//! `member`, which is the name that the query protocol gives to the items of lists. The root's name,
//! attributes, comments and name spaces are dropped.

use quick_xml::Reader;
use quick_xml::events::{BytesRef, Event};
use serde_json::{Map, Value};

/// Deepest level of elements.
const DEPTH: usize = 32;
/// Largest number of elements. Each takes far more memory than its few bytes.
const ELEMENTS: usize = 50_000;

/// Name of an item of a list.
const ITEM: &str = "member";

/// Element that has not ended.
#[derive(Default)]
struct Open {
    name: String,
    text: String,
    fields: Map<String, Value>,
}

/// Returns an XML document as JSON: the content of its root.
///
/// ```
/// let answer = b"<Answer><Account>1</Account><Tag>a</Tag><Tag>b</Tag></Answer>";
/// let json = openapi_transport::xml(answer).unwrap();
/// assert_eq!(json, serde_json::json!({"Account": "1", "Tag": ["a", "b"]}));
/// ```
///
/// # Errors
/// When the text is not XML, declares a document type, or is too deep or too long. The error does not
/// show any content.
pub fn xml(document: &[u8]) -> Result<Value, String> {
    let text = std::str::from_utf8(document).map_err(|_| "invalid UTF-8".to_owned())?;
    let mut reader = Reader::from_str(text.trim_start_matches('\u{feff}'));
    let mut open: Vec<Open> = Vec::new();
    let mut root = None;
    let mut count = 0;
    loop {
        let at = reader.buffer_position();
        let event = reader.read_event();
        // The error of the crate may quote the document.
        let event = event.map_err(|_| format!("invalid XML at byte {at}"))?;
        match event {
            Event::Start(_) | Event::Empty(_) if root.is_some() => {
                return Err("expected one root element, found two".to_owned());
            }
            Event::Start(start) => {
                begin(&mut open, start.local_name().into_inner(), &mut count)?;
            }
            Event::Empty(start) => {
                begin(&mut open, start.local_name().into_inner(), &mut count)?;
                end(&mut open, &mut root);
            }
            // The crate checks that the names of start and end match.
            Event::End(_) => end(&mut open, &mut root),
            Event::Text(text) => add(&mut open, &text.xml10_content())?,
            Event::CData(text) => add(&mut open, &text.xml10_content())?,
            Event::GeneralRef(reference) => add(&mut open, character(&reference)?.as_str())?,
            Event::DocType(_) => return Err("a document type is not allowed".to_owned()),
            Event::Eof => break,
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
        }
    }
    match root {
        Some(root) if open.is_empty() => Ok(root),
        Some(_) | None => Err("the document ends within an element".to_owned()),
    }
}

fn begin(open: &mut Vec<Open>, name: &str, count: &mut usize) -> Result<(), String> {
    *count += 1;
    if *count > ELEMENTS {
        return Err(format!("more than {ELEMENTS} elements"));
    }
    if open.len() >= DEPTH {
        return Err(format!("elements deeper than {DEPTH} levels"));
    }
    open.push(Open {
        name: name.to_owned(),
        ..Open::default()
    });
    Ok(())
}

/// Ends the innermost element.
fn end(open: &mut Vec<Open>, root: &mut Option<Value>) {
    let Some(Open { name, text, fields }) = open.pop() else {
        return;
    };
    let value = match (fields.is_empty(), text.is_empty()) {
        (true, true) => Value::Null,
        (true, false) => Value::String(text),
        (false, _) => Value::Object(fields),
    };
    let Some(above) = open.last_mut() else {
        *root = Some(value);
        return;
    };
    match above.fields.get_mut(&name) {
        None if name == ITEM => drop(above.fields.insert(name, Value::Array(vec![value]))),
        None => drop(above.fields.insert(name, value)),
        Some(Value::Array(list)) => list.push(value),
        Some(first) => *first = Value::Array(vec![first.take(), value]),
    }
}

/// Adds text to the innermost element.
fn add(open: &mut [Open], text: &str) -> Result<(), String> {
    match open.last_mut() {
        Some(element) => element.text.push_str(text),
        None if text.trim().is_empty() => {}
        None => return Err("text outside of the root element".to_owned()),
    }
    Ok(())
}

/// Returns the character of a reference: `&#65;`, `&#x41;`, or one of the five names of XML.
fn character(reference: &BytesRef<'_>) -> Result<String, String> {
    let unknown = || "unknown entity".to_owned();
    if let Some(character) = reference.resolve_char_ref().map_err(|_| unknown())? {
        return Ok(character.to_string());
    }
    let character = match &**reference {
        "amp" => "&",
        "apos" => "'",
        "gt" => ">",
        "lt" => "<",
        "quot" => "\"",
        _ => return Err(unknown()),
    };
    Ok(character.to_owned())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn elements_become_fields() {
        for (document, expected) in [
            ("<A/>", json!(null)),
            ("<A></A>", json!(null)),
            ("<A>x</A>", json!("x")),
            ("<A> x </A>", json!(" x ")),
            (
                "\u{feff}<?xml version=\"1.0\"?>\n<!-- c --><A xmlns=\"https://sts.example/\">\n  \
                 <B k=\"v\">1</B>\n  <C/>\n</A>\n",
                json!({"B": "1", "C": null}),
            ),
            (
                "<n:A xmlns:n=\"u\"><n:B><n:C>1</n:C></n:B></n:A>",
                json!({"B": {"C": "1"}}),
            ),
            (
                "<A><L><m>1</m><m>2</m><m><x>3</x></m></L></A>",
                json!({"L": {"m": ["1", "2", {"x": "3"}]}}),
            ),
            (
                "<A><L><member>1</member></L><N/></A>",
                json!({"L": {"member": ["1"]}, "N": null}),
            ),
            (
                "<A><B>a&amp;b &lt;&gt;&quot;&apos; &#65;&#x42;<![CDATA[<&amp;>]]></B></A>",
                json!({"B": "a&b <>\"' AB<&amp;>"}),
            ),
        ] {
            assert_eq!(xml(document.as_bytes()).unwrap(), expected, "{document}");
        }
    }

    #[test]
    fn what_is_no_document_is_refused() {
        for (document, says) in [
            ("", "ends within an element"),
            ("<A>", "ends within an element"),
            ("<A><B></A>", "invalid XML"),
            ("</A>", "invalid XML"),
            ("<A/><B/>", "found two"),
            ("<A/>x", "outside of the root"),
            ("{\"a\": 1}", "outside of the root"),
            ("<A>&secret;</A>", "unknown entity"),
            ("<A>&#x110000;</A>", "unknown entity"),
            ("<A>a & b</A>", "invalid XML"),
            (
                "<!DOCTYPE a [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><A>&e;</A>",
                "a document type is not allowed",
            ),
        ] {
            let found = xml(document.as_bytes()).unwrap_err();
            assert!(found.contains(says), "{document}: {found}");
            assert!(!found.contains("secret"), "{found}");
        }
        assert_eq!(xml(b"<A>\xff</A>").unwrap_err(), "invalid UTF-8");
    }

    #[test]
    fn a_document_is_bounded() {
        let nested = |depth: usize| format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth));
        assert!(xml(nested(DEPTH).as_bytes()).is_ok());
        let error = xml(nested(DEPTH + 1).as_bytes()).unwrap_err();
        assert_eq!(error, "elements deeper than 32 levels");
        let many = |count: usize| format!("<a>{}</a>", "<b/>".repeat(count - 1));
        assert!(xml(many(ELEMENTS).as_bytes()).is_ok());
        let error = xml(many(ELEMENTS + 1).as_bytes()).unwrap_err();
        assert_eq!(error, "more than 50000 elements");
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig {
            failure_persistence: None,
            ..Default::default()
        })]

        #[test]
        fn any_document_is_read_or_refused(
            document in "(<|>|/|a|b:c|&lt;|&#65;|&x;|<!--|-->|<!\\[CDATA\\[|\\]\\]>|=|\"| |\u{e9}){0,40}",
        ) {
            // A panic or an endless loop is the only failure.
            let _ = xml(document.as_bytes());
        }

        #[test]
        fn what_is_escaped_is_read(text in "[ -~\u{e9}\u{4e00}]{1,40}") {
            let escaped = text.replace('&', "&amp;").replace('<', "&lt;");
            let document = format!("<A><B>{escaped}</B></A>");
            proptest::prop_assert_eq!(xml(document.as_bytes()), Ok(json!({"B": text})));
        }
    }
}
