#![allow(clippy::unwrap_used)]

use super::Checker;

fn findings(file: &str, text: &str) -> Vec<String> {
    let findings = Checker::new().unwrap().check(file, text);
    findings.iter().map(ToString::to_string).collect()
}

#[test]
fn a_phrase_in_docs_strings_and_markdown() {
    let rust = "//! Fixes what is\n//! mended by\n//! hand.\n\nfn x() {\n    let nobody = '\"';\n    \
                // nobody\n    y(\"a\nslips\");\n}\n";
    assert_eq!(
        findings("crates/x/src/lib.rs", rust),
        [
            "crates/x/src/lib.rs:2: \"mended\": write \"fix\"",
            "crates/x/src/lib.rs:2: \"by hand\": write \"manual\", \"manually\" or \
             \"hand-written\"",
            "crates/x/src/lib.rs:9: \"slips\": write \"typo\" or \"mistake\"",
        ]
    );
    assert_eq!(
        findings(
            "README.md",
            "# x\n\nOne\nbeside\n\n```sh\nbeside\n```\nand `beside`, besides\n"
        ),
        ["README.md:4: \"beside\": write \"next to\" or \"in addition\""]
    );
}

#[test]
fn code_names_and_strings_of_tests_are_not_checked() {
    let rust = "/// Returns `nobody`.\n///\n/// ```\n/// let nobody = 1;\n/// ```\nfn nobody() {\n    \
                let r#mend = r\"\\\"; let x: &'static str = 'a'.into();\n}\n";
    assert!(findings("crates/x/src/lib.rs", rust).is_empty());
    let text = "fn x() { y(\"nobody\"); z(r#\"\"mend\"\"#) }";
    assert!(findings("crates/x/tests/x.rs", text).is_empty());
    assert!(findings("tests/suite/x.rs", text).is_empty());
    assert_eq!(findings("crates/x/src/x.rs", text).len(), 2);
}

#[test]
fn the_first_line_stands_alone() {
    for (doc, stands) in [
        ("Credential chain.", true),
        ("`x`, the first.", true),
        ("imgtrack's arguments.", true),
        ("Returns the newest task.", true),
        ("Assumes a role.", true),
        ("As whom.", false),
        ("And this call.", false),
        ("Who calls.", false),
        ("whether it is.", false),
    ] {
        let text = format!("/// {doc}\n///\n/// and more\nstruct X;\n");
        let findings = findings("crates/x/src/lib.rs", &text);
        let begins = findings.iter().any(|what| what.contains("begins with"));
        assert_eq!(begins, !stands, "{doc}: {findings:?}");
    }
}

#[test]
fn every_phrase_is_found_in_words_and_not_in_parts_of_words() {
    assert!(findings("x.md", "recommend, besides, hand-written, amended").is_empty());
    for text in [
        "Repeat; it may be said twice",
        "10, unless said otherwise",
        "its host is none",
    ] {
        assert_eq!(findings("x.md", text).len(), 1, "{text}");
    }
}
