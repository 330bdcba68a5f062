//! Tests of operations, parameters, schemas, keys and paging.

use super::{GOOD, LIST, change, expect, expect_unlisted, findings, unlisted};

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
            "is next to operations",
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
            "invalid status default",
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
            "must say why",
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
            "keys next to its $ref",
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
            "invalid x-unit kilos",
        ),
        (
            "note: { type: string,",
            "note: { type: string, x-unit: count,",
            "#/components/schemas/Part/properties/note",
            "is not a number",
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
    const THINGS: &str = "ListThings#/x-paging";
    const JOBS: &str = "ListJobs#/x-paging";
    const LIST: &str = "{ offset: offset, size: limit, paired: true, aligned: true, \
                        items: things, total: total, key: id }";
    const NEXT: &str = "{ cursor: marker, size: limit, items: jobs, next: info.next_marker }";
    for (place, from, cases) in [
        (
            THINGS,
            LIST,
            &[
                (
                    "{ size: limit, items: things }",
                    "unknown kind; name the parameter",
                ),
                (
                    "{ offset: offset, page: page, items: things }",
                    "unknown kind; name the parameter",
                ),
                (
                    "{ offset: offset, size: limit, style: a, items: things }",
                    "unknown key style; use one of",
                ),
                (
                    "{ offset: skip, size: limit, items: things }",
                    "the parameter skip in query does not exist",
                ),
                (
                    "{ offset: offset, size: count, items: things }",
                    "the parameter count in query does not exist",
                ),
                (
                    "{ offset: offset, in: header, items: things }",
                    "the parameter offset in header does not exist",
                ),
                (
                    "{ offset: offset, in: body, items: things }",
                    "the parameter offset in body does not exist",
                ),
                (
                    "{ offset: offset, size: limit, in: path, items: things }",
                    "invalid in \"path\"; use query, header or body",
                ),
                (
                    "{ offset: offset, size: color, items: things }",
                    "the parameters offset and color have different types",
                ),
                (
                    "{ offset: offset, size: 5, items: things }",
                    "invalid size 5; name a parameter or field",
                ),
                (
                    "{ offset: offset, paired: true, items: things }",
                    "paired needs a size",
                ),
                (
                    "{ offset: offset, size: limit, paired: no, items: things }",
                    "invalid paired",
                ),
                (
                    "{ offset: offset, size: limit, aligned: true, items: things }",
                    "aligned belongs to an offset that is paired",
                ),
                (
                    "{ offset: offset, format: 'n::{size}|o::{offset}', items: things }",
                    "the parameter offset has to be a string, since it has a format",
                ),
                (
                    "{ offset: color, format: 'n::{size}', items: things }",
                    "format has no part that ends in {offset}",
                ),
                (
                    "{ offset: color, size: limit, format: 'n::{size}|o::{offset}', items: things }",
                    "format has the size in it; take size out",
                ),
                (
                    "{ offset: offset, size: limit, items: thing }",
                    "items: the answer has no field thing",
                ),
                (
                    "{ offset: offset, size: limit, items: total }",
                    "items: total is not a list",
                ),
                (
                    "{ offset: offset, size: limit, items: things, total: things }",
                    "total: things is not a number",
                ),
                (
                    "{ offset: offset, size: limit, items: things, total: { header: X-Total } }",
                    "total is in the header X-Total, which the answer does not have",
                ),
                (
                    "{ offset: offset, size: limit, items: things, total: { head: X } }",
                    "invalid total",
                ),
                (
                    "{ offset: offset, size: limit, total: total }",
                    "items names the field with the list",
                ),
                (
                    "{ offset: offset, size: limit, items: things, next: total }",
                    "next belongs to cursor",
                ),
                (
                    "{ offset: offset, size: limit, items: things, key: uid }",
                    "key: a record has no field uid",
                ),
                (
                    "{ offset: offset, size: limit, items: things, key: labels }",
                    "key: labels is neither a text nor a number",
                ),
            ][..],
        ),
        (
            JOBS,
            NEXT,
            &[
                (
                    "{ cursor: marker, items: jobs, next: info.marker }",
                    "next: the answer has no field info.marker",
                ),
                (
                    "{ cursor: marker, items: jobs, next: info.extra }",
                    "next: info.extra is neither a text nor a number",
                ),
                ("{ cursor: marker, items: jobs }", "next belongs to cursor"),
                (
                    "{ cursor: marker, items: jobs, next: { header: X-Next } }",
                    "next is in the header X-Next, which the answer does not have",
                ),
                (
                    "{ cursor: marker, items: jobs, next: info.next_marker, total: info }",
                    "cursor takes neither format nor total",
                ),
                (
                    "{ cursor: marker, items: jobs, next: info.next_marker, key: id }",
                    "key: a record has no field id",
                ),
            ],
        ),
    ] {
        for (to, says) in cases {
            expect(&[(from, to, place, says)]);
        }
    }
    // Places that exist are no findings.
    for (from, to) in [
        (
            LIST,
            "{ offset: offset, size: limit, items: things, total: { header: content-range } }",
        ),
        (LIST, "{ page: offset, size: limit, items: things }"),
    ] {
        assert_eq!(findings(&change(GOOD, from, to), Some(super::LIST)), []);
    }
}

#[test]
fn other_forms_of_json_are_json() {
    let odd = GOOD.replace("application/json:", "application/x-amz-json-1.1:");
    let odd = odd.replace("application~1json", "application~1x-amz-json-1.1");
    assert_eq!(findings(&odd, Some(LIST)), []);
    expect(&[(
        "          application/json:\n            schema: { $ref: '#/components/schemas/NewThing' }",
        "          text/plain:\n            schema: { $ref: '#/components/schemas/NewThing' }",
        "CreateThing#/requestBody",
        "has no schema for JSON",
    )]);
}

#[test]
fn an_answer_may_be_plain_text() {
    let from = "    get:\n      operationId: ListThings\n";
    let log = |schema: &str, refusal: &str| {
        let operation = format!(
            "    patch:\n      operationId: ReadLog\n      tags: [things]\n      summary: Reads.\n      \
             description: It is text.\n      x-source: {{ title: Log, date: 2025-01-01 }}\n      \
             x-access: read\n      parameters:\n        - $ref: '#/components/parameters/Group'\n      \
             responses:\n        '200':\n          description: A log.\n          content:\n            \
             text/plain: {{ schema: {schema}, example: line }}\n        '404':\n          \
             description: No log.{refusal}\n{from}"
        );
        let found = findings(&change(&unlisted(), from, &operation), None);
        found.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(log("{ type: string }", ""), [] as [&str; 0]);
    let found = log("{ type: boolean }", "").join("\n");
    assert!(
        found.contains("plain text with a schema that is not a string"),
        "{found}"
    );
    let refusal = "\n          content:\n            text/plain: { schema: { type: string } }";
    let found = log("{ type: string }", refusal).join("\n");
    assert!(
        found.contains("has neither JSON, XML nor plain text"),
        "{found}"
    );
}

#[test]
fn seconds_are_numbers_without_a_unit() {
    let from = "seen_at: { type: integer, format: epoch-millis,";
    let example = "seen_at: 1612598466040";
    let seconds = |format: &str, value: &str| {
        let spec = change(GOOD, from, &format!("seen_at: {{ type: number, {format}"));
        change(&spec, example, &format!("seen_at: {value}"))
    };
    let fine = seconds("format: epoch-seconds,", "1612598466.04");
    assert_eq!(findings(&fine, None), findings(GOOD, None));
    for (format, value, says) in [
        (
            "format: epoch-seconds,",
            "1.0e+300",
            "is not a time in seconds",
        ),
        (
            "format: epoch-seconds, x-unit: seconds,",
            "1612598466.04",
            "epoch-seconds is in unix-seconds",
        ),
    ] {
        let found = findings(&seconds(format, value), None);
        let found: Vec<_> = found.iter().map(ToString::to_string).collect();
        assert!(found.join("\n").contains(says), "{found:#?}");
    }
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

#[test]
fn an_envelope_is_a_name() {
    expect(&[(
        "      x-paging: { cursor: marker",
        "      x-envelope: ''\n      x-paging: { cursor: marker",
        "ListJobs",
        "invalid x-envelope \"\"",
    )]);
    let answer = "          content:\n            application/json:\n              \
                  schema: { $ref: '#/components/schemas/JobPage' }\n              example:\n                \
                  jobs: [j1, j2]\n                info: { next_marker: m2 }";
    let enveloped = change(
        GOOD,
        "      x-paging: { cursor: marker",
        "      x-envelope: '{operation}Result'\n      x-paging: { cursor: marker",
    );
    assert_eq!(findings(&enveloped, Some(LIST)), []);
    let text =
        "          content:\n            text/plain: { schema: { type: string }, example: a }";
    let found = findings(&change(&enveloped, answer, text), None);
    let found = found.iter().map(ToString::to_string).collect::<String>();
    assert!(
        found.contains("is plain text, which has no x-envelope"),
        "{found}"
    );
}

#[test]
fn a_body_may_be_a_form_and_an_answer_xml() {
    let xml = unlisted().replace(
        "            application/json:\n              schema: { $ref: '#/components/schemas/JobPage' }",
        "            text/xml:\n              schema: { $ref: '#/components/schemas/JobPage' }",
    );
    assert!(xml.contains("text/xml"));
    assert_eq!(findings(&xml, None), []);
    let form = unlisted().replace(
        "          application/json:\n            schema: { $ref: '#/components/schemas/NewThing' }",
        "          application/x-www-form-urlencoded:\n            \
         schema: { $ref: '#/components/schemas/NewThing' }",
    );
    let found = findings(&form, None);
    let found: Vec<_> = found.iter().map(|finding| finding.what.as_str()).collect();
    assert_eq!(
        found,
        ["rules is a list or an object, which a form does not have"]
    );
}
