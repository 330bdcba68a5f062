//! Tests of the form of quirks, and of outdated quirks.

use super::{GOOD, LIST, change, expect, expect_unlisted, findings};

const PART: &str = "#/components/schemas/Part/x-quirk/0";
const WEIGHT: &str = "{ at: '#/components/schemas/Part/properties/weight', absent: true }";

#[test]
fn a_quirk_has_its_form() {
    expect(&[
        (
            "why: The page tells of a weight, and no answer has one.",
            "why: ''",
            PART,
            "has no why",
        ),
        (
            "[{ at: '#/components/schemas/Part/properties/weight', absent: true }]",
            "[]",
            PART,
            "has no condition under while",
        ),
        (
            WEIGHT,
            "{ at: '#/components/schemas/Part/properties/weight', absent: false }",
            PART,
            "is not one of {at, absent: true}",
        ),
        (
            WEIGHT,
            "{ at: 'components/schemas/Part/properties/weight', absent: true }",
            PART,
            "is not one of {at, absent: true}",
        ),
        (WEIGHT, "{ unlike-list: colour }", PART, "is not one of"),
        (WEIGHT, "{ unlike-list: 'missing:' }", PART, "is not one of"),
    ]);
    for wrong in [
        "On the page alone.",
        "{}",
        "{ why: x, until: 2027 }",
        "[why]",
    ] {
        let spec = change(
            GOOD,
            "x-quirk: { why: On the page alone., while: [{ unlike-list: extra }] }",
            &format!("x-quirk: {wrong}"),
        );
        let found = findings(&spec, Some(LIST));
        assert!(
            found
                .iter()
                .any(|it| it.what.starts_with("a quirk is an object of why and while")),
            "{wrong}: {found:?}"
        );
    }
}

#[test]
fn a_condition_that_no_longer_holds_says_so() {
    expect(&[
        (
            WEIGHT,
            "{ at: '#/components/schemas/Part/properties/note', absent: true }",
            PART,
            "#/components/schemas/Part/properties/note exists: the quirk is out of date",
        ),
        // An element that never existed cannot be absent now.
        (
            WEIGHT,
            "{ at: '#/components/schemas/Prat/properties/weight', absent: true }",
            PART,
            "#/components/schemas/Prat/properties does not exist",
        ),
        (
            WEIGHT,
            "{ at: '#/components/schemas/Part/properties/weight', present: true }",
            PART,
            "#/components/schemas/Part/properties/weight does not exist",
        ),
        (
            WEIGHT,
            "{ at: '#/components/schemas/Part/properties/size/type', is: string }",
            PART,
            "is \"integer\", not \"string\"",
        ),
    ]);
    // The quirk also excuses the two types of the field, which then stand alone.
    let spec = change(
        GOOD,
        "differs-from: '#/components/schemas/Part/properties/size/type' }",
        "differs-from: '#/components/schemas/Part/properties/note/type' }",
    );
    let said: Vec<_> = findings(&spec, Some(LIST))
        .iter()
        .map(|it| it.what.clone())
        .collect();
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(
        said.iter().any(|it| it.contains("are both \"string\"")),
        "{said:?}"
    );
    assert!(said.iter().any(|it| it.starts_with("size is ")), "{said:?}");
}

#[test]
fn text_that_has_become_json_ends_its_quirk() {
    expect(&[(
        "note: a smaller nut",
        "note: '{}'",
        "#/components/schemas/Part/x-quirk/1",
        "is a JSON document: the quirk is out of date",
    )]);
}

#[test]
fn conditions_look_through_references() {
    let through =
        "{ at: '#/paths/~1v1~1{group}~1things/get/parameters/0/schema/format', is: path-segment }";
    let spec = change(GOOD, WEIGHT, through);
    assert_eq!(findings(&spec, Some(LIST)), []);
}

#[test]
fn without_a_list_nothing_is_unlike_it() {
    expect_unlisted(&[(
        WEIGHT,
        "{ unlike-list: type }",
        PART,
        "there is no operation list to differ from: the quirk is out of date",
    )]);
}
