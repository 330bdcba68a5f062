//! Operations, parameters, schemas, keys and paging.

use super::{GOOD, LIST, change, expect, expect_unlisted, findings};

#[test]
fn operations_say_what_they_are() {
    expect_unlisted(&[
        (
            "operationId: ListJobs",
            "operationId: ListThings",
            "ListThings",
            "2 operations have this operationId",
        ),
        (
            "      operationId: ListJobs\n",
            "",
            "get /v1/jobs",
            "operationId is missing",
        ),
    ]);
    expect(&[
        (
            "x-source: { title: Listing Jobs }",
            "x-source: { date: 2025-01-01 }",
            "ListJobs",
            "x-source.title is missing",
        ),
        (
            "x-source: { title: Listing Jobs }",
            "x-source: { title: Listing Jobs, page: 3 }",
            "ListJobs#/x-source",
            "page is neither title, date nor seed",
        ),
        (
            "      description: A marker says where the next page begins.\n",
            "",
            "ListJobs",
            "description is not a sentence",
        ),
        (
            "x-access: write",
            "x-access: maybe",
            "CreateThing",
            "x-access is neither read nor write",
        ),
        (
            "tags: [things]\n      summary: Lists jobs.",
            "summary: Lists jobs.",
            "ListJobs",
            "has no tag",
        ),
        (
            "tags: [things]\n      summary: Lists jobs.",
            "tags: [jobs]\n      summary: Lists jobs.",
            "ListJobs#/tags",
            "\"jobs\" is not declared",
        ),
        (
            "  /v1/jobs:\n",
            "  /v1/jobs:\n    parameters: []\n",
            "#/paths/~1v1~1jobs/parameters",
            "stands beside operations",
        ),
    ]);
}

#[test]
fn statuses_are_one_success_and_its_errors() {
    expect(&[
        (
            "          description: It was made.\n",
            "          description: It was made.\n        '202': { description: It will be made. }\n",
            "CreateThing#/responses",
            "has 2 successes",
        ),
        (
            "          description: It was made.\n        '404'",
            "          description: It was made.\n        '304'",
            "CreateThing#/responses",
            "has no error",
        ),
        (
            "          description: It was made.\n        '404'",
            "          description: It was made.\n        '404': { $ref: '#/components/responses/NotFound' }\n        default",
            "CreateThing#/responses",
            "default is no status",
        ),
        (
            "          description: It was made.\n",
            "          description: ''\n",
            "CreateThing#/responses/201",
            "has no description",
        ),
    ]);
}

#[test]
fn what_is_sent_and_received_has_examples() {
    expect(&[
        (
            "              example:\n                jobs: [j1, j2]\n                info: { next_marker: m2 }\n",
            "",
            "ListJobs#/responses/200",
            "has no example",
        ),
        (
            "          example: m1\n",
            "",
            "ListJobs#/parameters/0",
            "the parameter marker has no example",
        ),
        (
            "      example: g1\n",
            "",
            "#/components/parameters/Group",
            "the parameter group has no example",
        ),
        (
            "description: The group.",
            "description: ''",
            "#/components/parameters/Group",
            "the parameter group has no description",
        ),
        (
            "                - { pattern: 'v*' }\n",
            "",
            "CreateThing#/requestBody/content/application~1json/example",
            "leaves out rules.pattern",
        ),
        (
            "              rules:\n                - { keep: 3 }\n                - { pattern: 'v*' }\n",
            "",
            "CreateThing#/requestBody/content/application~1json/example",
            "leaves out rules:",
        ),
        (
            "x-example-made: The page shows none.",
            "x-example-made: ''",
            "CreateThing#/requestBody/content/application~1json/x-example-made",
            "has to say why",
        ),
    ]);
}

#[test]
fn schemas_say_what_they_mean() {
    expect(&[
        (
            "      description: What it looks like.\n",
            "",
            "#/components/schemas/Color",
            "has no description",
        ),
        (
            "      description: A rule.\n",
            "",
            "#/components/schemas/Rule",
            "has no description",
        ),
        (
            ", description: Its id. }",
            " }",
            "#/components/schemas/Thing/properties/id",
            "has no description",
        ),
        (
            "          description: Where the next page begins.\n          allOf",
            "          allOf",
            "#/components/schemas/JobPage/properties/info",
            "has no description",
        ),
        (
            "name: { type: string, format: thing-name",
            "name: { type: string, format: thing-nome",
            "#/components/schemas/Thing/properties/name",
            "unknown format thing-nome",
        ),
        (
            "note: { type: string,",
            "note: { type: string, tilte: Note,",
            "#/components/schemas/Part/properties/note",
            "unknown keyword tilte",
        ),
        (
            "color: { $ref: '#/components/schemas/Color' }",
            "color: { $ref: '#/components/schemas/Color', description: Its color. }",
            "#/components/schemas/Thing/properties/color",
            "keys beside its $ref",
        ),
        (
            "pattern: { type: string, description: Which. }",
            "pattern: { type: string, description: Which., enum: ['v*'] }",
            "#/components/schemas/Rule/properties/pattern",
            "is an enum without a name",
        ),
        (
            "enum: [RED, GREEN]",
            "enum: [RED, GREEN, RED]",
            "#/components/schemas/Color",
            "with different texts",
        ),
    ]);
}

#[test]
fn numbers_have_units_that_fit() {
    expect(&[
        (
            "id: { type: integer, format: int64, x-unit: id,",
            "id: { type: integer, format: int64,",
            "#/components/schemas/Thing/properties/id",
            "has no x-unit: give one of id, count",
        ),
        (
            "          x-unit: bytes\n",
            "",
            "#/components/schemas/Thing/properties/size",
            "has no x-unit",
        ),
        (
            "minimum: 0, x-unit: index",
            "minimum: 0",
            "ListThings#/parameters/1/schema",
            "has no x-unit",
        ),
        (
            "          x-unit: bytes\n",
            "          x-unit: kilos\n",
            "#/components/schemas/Thing/properties/size",
            "x-unit kilos is none of",
        ),
        (
            "note: { type: string,",
            "note: { type: string, x-unit: count,",
            "#/components/schemas/Part/properties/note",
            "is no number",
        ),
        (
            "format: epoch-millis,",
            "format: epoch-millis, x-unit: seconds,",
            "#/components/schemas/Thing/properties/seen_at",
            "epoch-millis is in unix-milliseconds",
        ),
        (
            "size: { type: integer, format: int32, x-unit: count,",
            "size: { type: integer, format: int32, x-unit: bytes,",
            "#/components/schemas/Part/properties/size",
            "int32 is too small for bytes",
        ),
    ]);
}

#[test]
fn answers_have_no_rules() {
    expect(&[
        (
            "description: A thing.\n",
            "description: A thing.\n      required: [id]\n",
            "#/components/schemas/Thing",
            "has required and is part of an answer",
        ),
        (
            "id: { type: integer,",
            "id: { type: integer, minimum: 1,",
            "#/components/schemas/Thing/properties/id",
            "has minimum and is part of an answer",
        ),
        (
            "schema: { type: string }\n              example: 0-1/1",
            "schema: { type: string, minLength: 1 }\n              example: 0-1/1",
            "ListThings#/responses/200/headers/Content-Range/schema",
            "has minLength and is part of an answer",
        ),
        (
            "code: { type: string,",
            "code: { type: string, pattern: 'x',",
            "#/components/schemas/ErrorBody/properties/code",
            "has pattern and is part of an answer",
        ),
    ]);
}

#[test]
fn keys_are_known_and_references_lead_somewhere() {
    expect(&[
        (
            "x-access: write",
            "x-access: write\n      x-acess: write",
            "CreateThing#/x-acess",
            "unknown key x-acess",
        ),
        (
            "items:\n            $ref: '#/components/schemas/Part'",
            "items:\n            $ref: '#/components/schemas/Part'\n    Spare:\n      type: object\n      description: Left over.",
            "#/components/schemas/Spare",
            "nothing uses this",
        ),
        (
            "components:\n  parameters:\n",
            "components:\n  parameters:\n    Spare: { name: s, in: query, description: Left over., schema: { type: string }, example: s }\n",
            "#/components/parameters/Spare",
            "nothing uses this",
        ),
        (
            "  responses:\n    NotFound:",
            "  responses:\n    Spare: { description: Left over. }\n    NotFound:",
            "#/components/responses/Spare",
            "nothing uses this",
        ),
        (
            "          description: It was made.\n        '404': { $ref: '#/components/responses/NotFound' }",
            "          description: It was made.\n        '404': { $ref: '#/components/responses/NotFond' }",
            "CreateThing#/responses/404/$ref",
            "leads nowhere",
        ),
    ]);
}

#[test]
fn paging_names_what_is_there() {
    expect(&[
        (
            "style: offset-limit,",
            "style: offset,",
            "ListThings#/x-paging",
            "unknown style \"offset\"",
        ),
        (
            "style: offset-limit,",
            "style: filter,",
            "ListThings#/x-paging",
            "filter needs the parameter filter",
        ),
        (
            "items: things, total: total }",
            "items: thing, total: total }",
            "ListThings#/x-paging",
            "items: the answer has no field thing",
        ),
        (
            "items: things, total: total }",
            "items: total, total: total }",
            "ListThings#/x-paging",
            "items: total is not a list",
        ),
        (
            "items: things, total: total }",
            "items: things, total: things }",
            "ListThings#/x-paging",
            "total: things is not a number",
        ),
        (
            "items: things, total: total }",
            "total: total }",
            "ListThings#/x-paging",
            "items names the field with the list",
        ),
        (
            "items: things, total: total }",
            "items: things, total: total, next: total }",
            "ListThings#/x-paging",
            "next belongs to the style marker",
        ),
        (
            "items: jobs, next: info.next_marker }",
            "items: jobs, next: info.marker }",
            "ListJobs#/x-paging",
            "next: the answer has no field info.marker",
        ),
        (
            "items: jobs, next: info.next_marker }",
            "items: jobs }",
            "ListJobs#/x-paging",
            "next belongs to the style marker",
        ),
        (
            "items: jobs, next: info.next_marker }",
            "items: jobs, total: Content-Range, next: info.next_marker }",
            "ListJobs#/x-paging",
            "total is in Content-Range, which the answer does not have",
        ),
        (
            "items: jobs, next: info.next_marker }",
            "items: jobs, count: 3, next: info.next_marker }",
            "ListJobs#/x-paging",
            "count is neither style",
        ),
    ]);
}

#[test]
fn paging_parameters_have_the_type_of_the_style() {
    // Both parameters, each by itself.
    let spec = super::change(
        super::GOOD,
        "style: offset-limit,",
        "style: offset-limit-text,",
    );
    let found = super::findings(&spec, Some(super::LIST));
    let said: Vec<_> = found.iter().map(|it| it.what.as_str()).collect();
    assert_eq!(
        said,
        [
            "offset-limit-text needs the parameter limit as string",
            "offset-limit-text needs the parameter offset as string",
        ]
    );
}

#[test]
fn of_alternatives_one_is_enough() {
    let one_rule = change(GOOD, "                - { pattern: 'v*' }\n", "");
    let alternatives = "description: A rule.\n      x-alternatives: [keep, pattern]";
    let spec = change(&one_rule, "description: A rule.", alternatives);
    assert_eq!(findings(&spec, Some(LIST)), []);

    let none = change(&spec, "- { keep: 3 }", "- {}");
    let found = findings(&none, Some(LIST));
    let found: Vec<_> = found.iter().map(ToString::to_string).collect();
    assert!(
        found.join("\n").contains("leaves out rules.keep"),
        "{found:#?}"
    );
}
