//! Tests of the comparison with the vendor's operation list.

use super::{FILE, GOOD, LIST, change, expect, findings, one};

/// Changes the list instead of the spec.
fn expect_of_list(mistakes: &[super::Mistake]) {
    for (from, to, place, what) in mistakes {
        let found = findings(GOOD, Some(&change(LIST, from, to)));
        one(&found, from, to, place, what);
    }
}

const THING: &str = "#/components/schemas/Thing";

#[test]
fn what_the_vendor_lists_is_there_as_it_is_listed() {
    expect_of_list(&[
        (
            "\"ListJobs\": {",
            "\"ListMore\": {\"method\": \"GET\", \"path\": \"/v1/more\"},\n    \"ListJobs\": {",
            "#",
            "the vendor lists the operation ListMore",
        ),
        (
            "\"path\": \"/v1/jobs\"",
            "\"path\": \"/v2/jobs\"",
            "ListJobs",
            "is GET /v1/jobs, in the vendor's list GET /v2/jobs",
        ),
        (
            "\"method\": \"POST\"",
            "\"method\": \"PUT\"",
            "CreateThing",
            "in the vendor's list PUT",
        ),
        (
            "\"marker\": {\"in\"",
            "\"more\": {\"in\": \"query\", \"type\": \"string\"},\n        \"marker\": {\"in\"",
            "ListJobs",
            "lacks the query parameter more",
        ),
        (
            "\"marker\": {\"in\": \"query\", \"type\": \"string\"}",
            "\"marker\": {\"in\": \"query\", \"type\": \"string\", \"required\": true}",
            "ListJobs#/parameters/0",
            "marker is optional, in the vendor's list required",
        ),
        (
            "\"marker\": {\"in\": \"query\", \"type\": \"string\"}",
            "\"marker\": {\"in\": \"query\", \"type\": \"boolean\"}",
            "ListJobs#/parameters/0",
            "is string (non-empty), in the vendor's list boolean",
        ),
        (
            "\"values\": [\"application/json\"]",
            "\"values\": [\"application/json;charset=utf-8\"]",
            "CreateThing",
            "x-request-headers lacks Content-Type",
        ),
        (
            "\"color\": {\"in\": \"query\", \"type\": \"string\", \"values\": [\"RED\"]}",
            "\"color\": {\"in\": \"query\", \"type\": \"string\", \"values\": [\"BLUE\"]}",
            "ListThings#/parameters/3",
            "the enum lacks BLUE",
        ),
        (
            "\"Content-Range\": {\"type\": \"string\"}",
            "\"Content-Range\": {\"type\": \"string\"},\n        \"X-More\": {\"type\": \"string\"}",
            "ListThings",
            "the answer lacks the header X-More",
        ),
        (
            "\"Content-Range\": {\"type\": \"string\"}",
            "\"Content-Range\": {\"type\": \"integer\"}",
            "ListThings#/responses/200/headers/Content-Range",
            "is string, in the vendor's list integer",
        ),
        (
            "\"body\": \"CreateBody\"",
            "\"body\": \"CreateBody\",\n      \"answer\": \"Info\"",
            "CreateThing",
            "lacks the answer of the vendor's list, Info",
        ),
        (
            "\"pattern\": {\"type\": \"string\"}",
            "\"pattern\": {\"type\": \"string\"},\n      \"kind\": {\"type\": \"string\"}",
            "#/components/schemas/Rule",
            "lacks the field kind",
        ),
        (
            "\"keep\": {\"type\": \"int32\"}",
            "\"keep\": {\"type\": \"int32\", \"required\": true}",
            "#/components/schemas/Rule/properties/keep",
            "is optional, in the vendor's list required",
        ),
        (
            "\"name\": {\"type\": \"string\", \"required\": true},\n      \"rules\"",
            "\"name\": {\"type\": \"string\"},\n      \"rules\"",
            "#/components/schemas/NewThing/properties/name",
            "is required, in the vendor's list optional",
        ),
        (
            "\"note\": {\"type\": \"string\"},\n      \"size\": {\"type\": \"int32\"}",
            "\"note\": {\"type\": \"string\"},\n      \"size\": {\"type\": \"int64\"}",
            "#/components/schemas/Part/properties/size",
            "is integer (int32), in the vendor's list int64",
        ),
        (
            "\"note\": {\"type\": \"string\"},",
            "\"note\": {\"type\": \"string\", \"values\": [\"nut\"]},",
            "#/components/schemas/Part/properties/note",
            "is any text, and the vendor's list knows nut",
        ),
        (
            "\"labels\": {\"type\": \"map<string,string>\"}",
            "\"labels\": {\"type\": \"Info\"}",
            "#/components/schemas/Thing/properties/labels",
            "is object, in the vendor's list Info",
        ),
        (
            "\"labels\": {\"type\": \"map<string,string>\"}",
            "\"labels\": {\"type\": \"map<string,int64>\"}",
            "#/components/schemas/Thing/properties/labels",
            "is string, in the vendor's list int64",
        ),
        (
            "\"jobs\": {\"type\": \"array<string>\"}",
            "\"jobs\": {\"type\": \"string\"}",
            "#/components/schemas/JobPage/properties/jobs",
            "is array, in the vendor's list string",
        ),
    ]);
}

#[test]
fn what_the_vendor_does_not_list_is_extra() {
    expect_of_list(&[
        (
            ",\n        \"marker\": {\"in\": \"query\", \"type\": \"string\"}",
            "",
            "ListJobs#/parameters/0",
            "the parameter marker is not in the vendor's list",
        ),
        (
            "\"headers\": {\n        \"Content-Range\": {\"type\": \"string\"}\n      },\n      ",
            "",
            "ListThings#/responses/200/headers/Content-Range",
            "the answer's header Content-Range is not in the vendor's list",
        ),
        (
            ",\n      \"body\": \"CreateBody\"",
            "",
            "CreateThing#/requestBody",
            "there is no body in the vendor's list",
        ),
        (
            ",\n      \"made_at\": {\"type\": \"string\"}",
            "",
            "#/components/schemas/Thing/properties/made_at",
            "is not in the vendor's list",
        ),
    ]);
    // Without all that stands between the first operation's name and the second's.
    let (before, after) = LIST.split_once("\"CreateThing\": {").unwrap_or_default();
    let (_, after) = after.split_once("\"ListJobs\": {").unwrap_or_default();
    let list = format!("{before}\"ListJobs\": {{{after}");
    one(
        &findings(GOOD, Some(&list)),
        "",
        "",
        "CreateThing",
        "the vendor does not list this operation",
    );
}

#[test]
fn a_quirk_excuses_the_difference_that_it_tells_of() {
    let of_thing = "description: A thing.\n";
    let quirk = |unlike: &str| {
        format!("{of_thing}      x-quirk: {{ why: x, while: [{{ unlike-list: {unlike} }}] }}\n")
    };
    let list = change(
        LIST,
        "\"made_at\": {\"type\": \"string\"}",
        "\"made_at\": {\"type\": \"string\"},\n      \"more\": {\"type\": \"string\"}",
    );
    for (unlike, excused) in [
        ("'missing: more'", true),
        ("{ missing: more }", true),
        ("'missing: less'", false),
        ("extra", false),
    ] {
        let spec = change(GOOD, of_thing, &quirk(unlike));
        let found = findings(&spec, Some(&list));
        // A quirk that excuses nothing is a second finding.
        let expected = if excused { 0 } else { 2 };
        assert_eq!(found.len(), expected, "{unlike}: {found:?}");
    }
    let found = findings(GOOD, Some(&list));
    one(&found, "more", "", THING, "unlike-list: 'missing: more'");
}

#[test]
fn a_quirk_without_its_difference_is_out_of_date() {
    expect_of_list(&[
        (
            "\"size\": {\"type\": \"int64\"}",
            "\"size\": {\"type\": \"string\"}",
            "#/components/schemas/Thing/properties/size/x-quirk",
            "unlike-list type: the vendor's operation list does not differ in this way",
        ),
        (
            "\"next_marker\": {\"type\": \"string\"}",
            "\"next_marker\": {\"type\": \"string\"},\n      \"extra\": {\"type\": \"boolean\"}",
            "#/components/schemas/PageInfo/properties/extra/x-quirk",
            "unlike-list extra: the vendor's operation list does not differ in this way",
        ),
    ]);
}

#[test]
fn a_free_object_of_the_list_may_be_known_better_here() {
    for kind in ["object", "map<string,string>"] {
        let list = change(LIST, "map<string,string>", kind);
        assert_eq!(findings(GOOD, Some(&list)), [], "{kind}");
    }
}

#[test]
fn a_list_that_is_no_list_is_a_finding() {
    for (from, to, says) in [
        ("\"source\": \"tests\",", "", "missing field `source`"),
        (
            "array<ItemPart>",
            "array<Nothing>",
            "there is no model Nothing",
        ),
    ] {
        let found = findings(&super::unlisted(), Some(&change(LIST, from, to)));
        assert!(
            found.len() == 1 && found[0].file == FILE && found[0].what.contains(says),
            "{says}: {found:?}"
        );
    }
}

#[test]
fn mistakes_in_the_spec_show_against_the_list() {
    expect(&[
        (
            "note: { type: string, description: What it is. }",
            "note: { type: string, description: What it is. }\n        made: { type: boolean, description: x }",
            "#/components/schemas/Part/properties/made",
            "is not in the vendor's list",
        ),
        (
            "      x-request-headers:\n        Content-Type:\n          values: [application/json]\n          default: application/json\n",
            "",
            "CreateThing",
            "x-request-headers lacks Content-Type application/json",
        ),
    ]);
}
