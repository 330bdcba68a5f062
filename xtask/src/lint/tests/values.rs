//! Tests of examples, and of fields with two types.

use super::expect;

const THING: &str = "ListThings#/responses/200/content/application~1json/example/things/0";
const MADE: &str = "CreateThing#/requestBody/content/application~1json/example";

#[test]
fn examples_are_what_their_schemas_say() {
    let at = |below: &str| -> &'static str { format!("{THING}{below}").leak() };
    let made = |below: &str| -> &'static str { format!("{MADE}{below}").leak() };
    expect(&[
        (
            "id: 7",
            "id: '7'",
            at("/id"),
            "is \"7\", not of type integer",
        ),
        ("id: 7", "id: 7.0", at("/id"), "not of type integer"),
        ("id: 7", "id: null", at("/id"), "is null"),
        (
            "id: 7",
            "id: 7\n                    it: 8",
            at("/it"),
            "a field that the schema does not have",
        ),
        (
            "color: GREEN",
            "color: BLUE",
            at("/color"),
            "is not a value of its enum",
        ),
        (
            "size: '12'",
            "size: '012'",
            at("/size"),
            "is not a number as text",
        ),
        (
            "size: '12'",
            "size: many",
            at("/size"),
            "is not a number as text",
        ),
        (
            "kept: 'yes'",
            "kept: true",
            at("/labels/kept"),
            "not of type string",
        ),
        (
            "size: 3 }]",
            "size: 3000000000 }]",
            at("/inside/0/size"),
            "does not fit into 32 bits",
        ),
        (
            "seen_at: 1612598466040",
            "seen_at: 9223372036854775807",
            at("/seen_at"),
            "is not a time in milliseconds",
        ),
        (
            "made_at: '2021-02-06T08:01:06.04Z'",
            "made_at: ''",
            at("/made_at"),
            "is not a date and time",
        ),
        (
            "made_at: '2021-02-06T08:01:06.04Z'",
            "made_at: '2021-02-06 08:01'",
            at("/made_at"),
            "is not a date and time",
        ),
        (
            "made_at: '2021-02-06T08:01:06.04Z'",
            "made_at: '2021-02-06T08:01:06.040Z'",
            at("/made_at"),
            "is encoded again as 2021-02-06T08:01:06.04Z",
        ),
        (
            "made_at: '2021-02-06T08:01:06.04Z'",
            "made_at: '2021-02-06T16:01:06.04+08:00'",
            at("/made_at"),
            "is encoded again as 2021-02-06T08:01:06.04Z",
        ),
        (
            "name: nut\n              rules",
            "name: Nut\n              rules",
            made("/name"),
            "does not match ^[a-z]+$",
        ),
        (
            "name: nut\n              rules",
            "name: abcdefghijk\n              rules",
            made("/name"),
            "violates maxLength 10",
        ),
        (
            "{ keep: 3 }",
            "{ keep: 0 }",
            made("/rules/0/keep"),
            "violates minimum 1",
        ),
        (
            "{ keep: 3 }",
            "{ keep: 10 }",
            made("/rules/0/keep"),
            "violates maximum 9",
        ),
        (
            "example: m1",
            "example: 1",
            "ListJobs#/parameters/0/example",
            "not of type string",
        ),
        (
            "example: g1",
            "example: ..",
            "#/components/parameters/Group/example",
            "a path cannot hold",
        ),
        (
            "example: 20",
            "example: 101",
            "ListThings#/parameters/2/example",
            "violates maximum 100",
        ),
        (
            "default: 10,",
            "default: 0,",
            "ListThings#/parameters/2/schema/default",
            "violates minimum 1",
        ),
        (
            "example: RED",
            "example: BLUE",
            "ListThings#/parameters/3/example",
            "is not a value of its enum",
        ),
        (
            "example: 0-1/1",
            "example: 0",
            "ListThings#/responses/200/headers/Content-Range/example",
            "not of type string",
        ),
    ]);
}

#[test]
fn a_required_field_is_in_the_example() {
    let spec = super::change(
        super::GOOD,
        "              name: nut\n              rules",
        "              rules",
    );
    let found = super::findings(&spec, Some(super::LIST));
    let said: Vec<_> = found.iter().map(|it| it.what.as_str()).collect();
    assert_eq!(
        said,
        [
            "leaves out name: set every field at least once",
            "leaves out the required name: give it",
        ]
    );
}

#[test]
fn a_quirk_may_name_the_schemas_that_the_fields_refer_to() {
    let quirk = "\n          x-quirk:\n            why: A color here, and a list on a part.\n            \
                 while: [{ at: '#/components/schemas/Color/type', differs-from: \
                 '#/components/schemas/Part/properties/color/type' }]";
    let color = "color: { $ref: '#/components/schemas/Color' }";
    let note = "note: { type: string, description: What it is. }";
    let colors = "color: { type: array, description: x, items: { type: string } }";
    let spec = super::change(super::GOOD, note, &format!("{note}\n        {colors}"));
    for (quirk, count) in [("", 1), (quirk, 0)] {
        let color_with = format!(
            "color:\n          description: x\n          allOf: [{{ $ref: '#/components/schemas/Color' }}]{quirk}"
        );
        let found = super::findings(&super::change(&spec, color, &color_with), Some(super::LIST));
        let found: Vec<_> = found
            .iter()
            .filter(|it| !it.what.contains("vendor's list"))
            .collect();
        assert_eq!(found.len(), count, "{found:?}");
    }
}

#[test]
fn one_name_has_one_type() {
    // The good spec has a quirk for `size`; a third type of it needs a quirk of its own.
    let page =
        "total: { type: integer, format: int64, x-unit: count, description: How many there are. }";
    for (field, says) in [
        (
            "size: { type: boolean, description: x }",
            Some("size is boolean here and "),
        ),
        (
            "size: { type: integer, format: int64, x-unit: bytes, description: x }",
            None,
        ),
        (
            "size: { type: number, x-unit: bytes, description: x }",
            None,
        ),
    ] {
        let spec = super::change(super::GOOD, page, &format!("{page}\n        {field}"));
        let found = super::findings(&spec, Some(super::LIST));
        let found: Vec<_> = found
            .iter()
            .filter(|it| !it.what.contains("vendor's list"))
            .collect();
        assert_eq!(
            found.len(),
            usize::from(says.is_some()),
            "{field}: {found:?}"
        );
        for (finding, says) in found.iter().zip(says) {
            assert!(finding.what.starts_with(says), "{finding}");
            assert_eq!(
                finding.place,
                "#/components/schemas/ThingPage/properties/size"
            );
        }
    }
}
