#![allow(clippy::unwrap_used)]

use std::sync::LazyLock;

use super::report::Report;
use super::revision::Revision;
use super::{Version, compare, compare_service};

const FILE: &str = "specs/somecloud-cr/cr.yaml";
const SPEC: &str = include_str!("tests/cr.yaml");

/// The spec before the change, and after the reverse change.
static BASE: LazyLock<Version> = LazyLock::new(|| version(SPEC));

fn version(text: &str) -> Version {
    Version::read(FILE, "`v1`", text).unwrap()
}

fn revision(name: &str, files: &[(&str, &str)]) -> Revision {
    let files = files.iter();
    Revision {
        name: name.to_owned(),
        files: files
            .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()))
            .collect(),
    }
}

/// Returns the spec with these replacements. Each old text must occur once.
fn edited(edits: &[(&str, &str)]) -> String {
    let mut text = SPEC.to_owned();
    for (from, to) in edits {
        assert_eq!(text.matches(from).count(), 1, "{from}");
        text = text.replace(from, to);
    }
    text
}

fn report(old: &Version, new: &Version) -> Report {
    Report {
        old: "old".to_owned(),
        new: "new".to_owned(),
        parts: vec![compare_service(FILE, old, new)],
    }
}

/// Returns the lines of a report, without headings and introduction.
fn lines(report: &Report) -> Vec<String> {
    let text = report.to_string();
    let kept = text.lines().filter_map(|line| {
        let line = line
            .strip_prefix("- ")
            .or_else(|| line.starts_with("Doc").then_some(line));
        line.map(str::to_owned)
    });
    kept.collect()
}

/// Lists the report of each edit of the spec, and of the reverse edit if it differs.
macro_rules! cases {
    ($($name:ident: [$($edit:expr),+ $(,)?] => [$($line:expr),* $(,)?] $(back [$($back:expr),* $(,)?])?;)+) => {$(
        #[test]
        fn $name() {
            let new = version(&edited(&[$($edit),+]));
            let expected: &[&str] = &[$($line),*];
            assert_eq!(lines(&report(&BASE, &new)), expected);
            $(
                let expected: &[&str] = &[$($back),*];
                assert_eq!(lines(&report(&new, &BASE)), expected, "and back");
            )?
        }
    )+};
}

const LIMIT: &str =
    "schema: { type: integer, format: int64, minimum: 1, maximum: 100, default: 10 }";
const TAG: &str = "        tag:
          type: string
          description: Its tag.
";

cases! {
    nothing: [("A registry.", "A registry.")] => [];

    words_alone: [("Lists the jobs.", "All the jobs."), ("Its tag.", "The tag.")] =>
        ["Documentation only: `ListJobs`, `Job`."];

    an_operation_is_renamed: [("operationId: ShowJob", "operationId: GetJob")] => [
        "**breaking** Rust: `cr::Client::get_job()` is what was `cr::Client::show_job()`",
        "wire: `GET /v2/jobs/{job_id}` stays; a service whose calls go by name gets `GetJob`, \
         until now `ShowJob`",
    ];

    an_operation_moves: [("/v2/jobs/{job_id}:", "/v3/jobs/{job_id}:")] => [
        "**breaking** wire: it is `GET /v3/jobs/{job_id}`, until now `GET /v2/jobs/{job_id}`",
    ];

    an_operation_is_asked_otherwise: [("    get:\n      operationId: ListJobs", "    put:\n      operationId: ListJobs")] => [
        "**breaking** wire: it is `PUT /v2/jobs`, until now `GET /v2/jobs`",
    ];

    an_optional_parameter: [("      parameters: # of ListJobs", "      parameters:
        - name: tag
          in: query
          description: Only of this tag.
          schema: { type: string }
          example: v1")] => [
        "Rust: `cr::Client::list_jobs().tag()` is new",
        "wire: query parameter `tag` is new and optional",
    ] back [
        "**breaking** Rust: `cr::Client::list_jobs().tag()` is gone",
        "**breaking** wire: query parameter `tag` is no longer sent",
    ];

    a_required_parameter: [("      parameters: # of ListJobs", "      parameters:
        - name: X-Tenant
          in: header
          required: true
          description: Whose.
          schema: { type: string }
          example: mine")] => [
        "**breaking** Rust: `cr::Client::list_jobs().x_tenant()` is new and must be called",
        "**breaking** wire: header `X-Tenant` is new and required",
    ];

    a_parameter_becomes_required: [("in: query # state", "in: query\n          required: true")] => [
        "**breaking** Rust: `cr::Client::list_jobs().state()` must be called, until now it need not",
        "**breaking** wire: query parameter `state` is required, until now optional",
    ] back [
        "Rust: `cr::Client::list_jobs().state()` need not be called, until now it had to",
        "wire: query parameter `state` is optional, until now required",
    ];

    a_parameter_moves: [("in: query # state", "in: header")] => [
        "**breaking** wire: header `state` is sent, until now query parameter `state`",
    ];

    the_type_of_a_parameter: [("schema: { type: string, format: path-segment }", "schema: { type: integer, format: int64 }")] => [
        "**breaking** Rust: `cr::Client::show_job().job_id()` takes `i64`, until now `PathSegment`",
        "**breaking** wire: path parameter `job_id` is a whole number, until now text",
    ];

    the_format_of_a_parameter: [("schema: { type: string, format: path-segment }", "schema: { type: string, format: non-empty }")] => [
        "**breaking** Rust: `cr::Client::show_job().job_id()` takes `NonEmpty`, until now `PathSegment`",
        "wire: path parameter `job_id` is as before, text",
    ];

    bounds: [(LIMIT, "schema: { type: integer, format: int64, minimum: 1, maximum: 50, default: 10 }")] => [
        "**breaking** Rust: `cr::Client::list_jobs().limit()` takes `Bounded<1, 50>`, until now \
         `Bounded<1, 100>`",
        "**breaking** wire: query parameter `limit` is 1 to 50, until now 1 to 100",
    ] back [
        "Rust: `cr::Client::list_jobs().limit()` takes `Bounded<1, 100>`, until now `Bounded<1, 50>`",
        "wire: query parameter `limit` is 1 to 100, until now 1 to 50",
    ];

    a_bound_goes: [(LIMIT, "schema: { type: integer, format: int64, minimum: 1, default: 10 }")] => [
        "Rust: `cr::Client::list_jobs().limit()` takes `AtLeast<1>`, until now `Bounded<1, 100>`",
        "wire: query parameter `limit` is at least 1, until now 1 to 100",
    ] back [
        "**breaking** Rust: `cr::Client::list_jobs().limit()` takes `Bounded<1, 100>`, until now \
         `AtLeast<1>`",
        "**breaking** wire: query parameter `limit` is 1 to 100, until now at least 1",
    ];

    a_default: [(LIMIT, "schema: { type: integer, format: int64, minimum: 1, maximum: 100, default: 20 }")] => [
        "behaviour: left out, query parameter `limit` means `20`, until now `10`",
    ];

    values_of_an_enum: [("enum: [Waiting, DONE]", "enum: [Waiting, DONE, LOST]")] => [
        "Rust: `cr::values::State::Lost` is new, until now `Unknown(\"LOST\")`",
        "wire: `State` may be `LOST`",
    ] back [
        "**breaking** Rust: `cr::values::State::Lost` is gone; `LOST` is `Unknown(\"LOST\")`",
        "**breaking** wire: `State` is no longer `LOST`",
    ];

    values_of_an_enum_in_answers: [("enum: [MANUAL]", "enum: [MANUAL, PUSH]")] => [
        "Rust: `cr::values::Trigger::Push` is new, until now `Unknown(\"PUSH\")`",
        "wire: `Trigger` may be `PUSH`",
    ] back [
        "**breaking** Rust: `cr::values::Trigger::Push` is gone; `PUSH` is `Unknown(\"PUSH\")`",
        "wire: `Trigger` is no longer `PUSH`",
    ];

    a_required_field_of_a_request: [
        ("required: [name]", "required: [name, owner]"),
        ("      properties: # of NewJob", "      properties:
        owner: { type: string, description: Whose. }"),
    ] => [
        "**breaking** Rust: `cr::types::NewJob::owner`, `String`, is new and must be set",
        "**breaking** wire: field `NewJob.owner` is new and required",
    ] back [
        "**breaking** Rust: `cr::types::NewJob::owner` is gone",
        "**breaking** wire: field `NewJob.owner` is gone",
    ];

    an_optional_field_of_a_request: [("      properties: # of NewJob", "      properties:
        owner: { type: string, description: Whose. }")] => [
        "**breaking** Rust: `cr::types::NewJob::owner`, `Option<String>`, is new; `builder()` goes \
         on, a literal names it or ends in `..`",
        "wire: field `NewJob.owner` is new and optional",
    ];

    a_field_of_a_request_becomes_required: [("required: [name]", "required: [name, note]")] => [
        "**breaking** Rust: `cr::types::NewJob::note` is `String`, until now `Option<String>`",
        "**breaking** wire: field `NewJob.note` is required, until now optional",
    ] back [
        "**breaking** Rust: `cr::types::NewJob::note` is `Option<String>`, until now `String`",
        "wire: field `NewJob.note` is optional, until now required",
    ];

    a_request_without_anything_required: [("      required: [name]\n", "")] => [
        "**breaking** Rust: `cr::types::NewJob::name` is `Option<String>`, until now `String`",
        "wire: field `NewJob.name` is optional, until now required",
    ] back [
        "**breaking** Rust: `cr::types::NewJob::name` is `String`, until now `Option<String>`",
        "**breaking** Rust: `cr::types::NewJob` has no `Default` any more",
        "**breaking** wire: field `NewJob.name` is required, until now optional",
    ];

    a_field_of_an_answer: [(TAG, "")] => [
        "**breaking** Rust: `cr::types::Job::tag` is gone",
        "wire: field `Job.tag` is gone",
    ] back [
        "Rust: `cr::types::Job::tag`, `Option<String>`, is new",
        "wire: field `Job.tag` is new",
    ];

    the_type_of_a_field: [(TAG, "        tag: { type: integer, format: int64, description: Its tag. }\n")] => [
        "**breaking** Rust: `cr::types::Job::tag` is `Option<i64>`, until now `Option<String>`",
        "**breaking** wire: field `Job.tag` is a whole number, until now text",
    ];

    the_format_of_a_field: [(TAG, "        tag: { type: string, format: date-time, description: Its tag. }\n")] => [
        "**breaking** Rust: `cr::types::Job::tag` is `Option<Timestamp>`, until now `Option<String>`",
        "wire: field `Job.tag` is as before, text",
    ];

    a_field_of_another_schema: [("$ref: '#/components/schemas/Place' # source", "$ref: '#/components/schemas/Corner'")] => [
        "**breaking** Rust: `cr::types::Job::source` is `Option<Corner>`, until now `Option<Place>`",
        "wire: field `Job.source.region` is gone",
        "wire: field `Job.source.angle` is new",
    ];

    the_status_of_success: [("        '201': # of CreateJob", "        '202':")] => [
        "**breaking** wire: success is status 202, until now 201",
    ];

    the_body_of_a_refusal: [("code: { type: string,", "code: { type: integer,")] => [
        "wire: field `ErrorBody.code` is a whole number, until now text",
    ];

    another_refusal: [("        '404':", "        '409':")] => [
        "wire: refusals may have status 409",
        "wire: refusals of status 404 are no longer listed",
    ];

    paging: [("offset: offset, size: limit, paired: true,", "offset: offset, size: limit,")] => [
        "behaviour: pages by offset `offset` and size `limit`, until now by offset `offset` and size `limit`, only as a pair",
    ] back [
        "**breaking** behaviour: pages by offset `offset` and size `limit`, only as a pair, until now by offset `offset` and size `limit`",
    ];

    paging_of_answers: [("items: jobs, total: total }", "items: jobs }")] => [
        "behaviour: pages as before (offset `offset` and size `limit`, only as a pair), by other fields",
    ] back [
        "behaviour: pages as before (offset `offset` and size `limit`, only as a pair), by other fields",
    ];

    access: [("x-access: write", "x-access: read")] => [
        "behaviour: changes nothing, so it is sent again after a failure that may pass",
    ] back [
        "behaviour: changes something, so it is no longer sent again after a failure",
    ];

    security: [("x-access: write", "x-access: write\n      security: []")] => [
        "wire: authenticated by no scheme, until now by `aksk`",
    ] back [
        "**breaking** wire: authenticated by `aksk`, until now by no scheme",
    ];

    a_way_to_authenticate_goes: [("x-access: write", "x-access: write\n      security: [{ token: [] }]")] => [
        "**breaking** wire: authenticated by `token`, until now by `aksk`",
    ];

    the_family_of_a_call: [("tags: [jobs] # of ShowJob", "tags: [single]")] => [
        "behaviour: shares the rate limit of `single`, until now of `jobs`",
    ];

    a_renamed_schema: [
        ("$ref: '#/components/schemas/Place' # source", "$ref: '#/components/schemas/Spot'"),
        ("$ref: '#/components/schemas/Place' # destination", "$ref: '#/components/schemas/Spot'"),
        ("    Place:", "    Spot:"),
    ] => [
        "**breaking** Rust: `cr::types::Spot` is what was `cr::types::Place`",
        "wire: as before",
    ];

    the_version: [("version: v2", "version: v3")] => [
        "**breaking** wire: the API's version is `v3`, until now `v2`",
    ];

    what_no_rule_judges: [("in: query # state", "in: query\n          allowReserved: true")] => [
        "wire: `parameters` changed; no rule judges that",
    ];
}

#[test]
fn operations_come_and_go() {
    let (before, after) = SPEC.split_once("  /v2/jobs/{job_id}:\n").unwrap();
    let after = after.split_once("components:").unwrap().1;
    let without = version(&format!("{before}components:{after}"));
    assert_eq!(
        lines(&report(&BASE, &without)),
        [
            "**breaking** Rust: `cr::Client::show_job()` is gone",
            "**breaking** wire: `GET /v2/jobs/{job_id}` is no longer called",
        ]
    );
    assert_eq!(
        lines(&report(&without, &BASE)),
        [
            "Rust: `cr::Client::show_job()` is new",
            "wire: `GET /v2/jobs/{job_id}` is new",
        ]
    );
}

#[test]
fn what_an_operation_brings_is_one_line() {
    let (before, rest) = SPEC.split_once("    post:\n").unwrap();
    let (_, after) = rest.split_once("  /v2/jobs/{job_id}:\n").unwrap();
    let without = format!("{before}  /v2/jobs/{{job_id}}:\n{after}");
    let (before, _) = without.split_once("    NewJob:\n").unwrap();
    let without = version(before.trim_end());
    assert_eq!(
        lines(&report(&without, &BASE)),
        [
            "Rust: `cr::Client::create_job()`, `cr::types::NewJob` are new",
            "wire: `POST /v2/jobs` is new",
        ]
    );
    assert_eq!(
        lines(&report(&BASE, &without)),
        [
            "**breaking** Rust: `cr::Client::create_job()`, `cr::types::NewJob` are gone",
            "**breaking** wire: `POST /v2/jobs` is no longer called",
        ]
    );
}

#[test]
fn services_come_and_go() {
    let (with, without) = (revision("new", &[(FILE, SPEC)]), revision("old", &[]));
    let added = compare(&without, &with).unwrap();
    assert!(!added.is_breaking());
    assert_eq!(
        lines(&added),
        [
            "Rust: `somecloud_cr::cr` is new, with all that is in it",
            "wire: the service is new: `ListJobs`, `CreateJob`, `ShowJob`",
        ]
    );
    let removed = compare(&with, &without).unwrap();
    assert!(removed.is_breaking());
    assert!(lines(&removed)[0].starts_with("**breaking** Rust: `somecloud_cr::cr` is gone"));
}

#[test]
fn a_spec_that_the_generator_refuses_is_compared_by_its_wire() {
    let refused = edited(&[("x-access: write", "x-access: maybe")]);
    let text = report(&version(&refused), &BASE).to_string();
    assert!(
        text.contains(
            "The Rust API is not compared: the current generator rejects the spec of `v1`"
        ),
        "{text}"
    );
    assert!(text.contains("behaviour: changes something"), "{text}");
}

#[test]
fn a_whole_report() {
    let new = edited(&[
        ("Lists the jobs.", "All the jobs."),
        (
            LIMIT,
            "schema: { type: integer, format: int64, minimum: 1, maximum: 50 }",
        ),
        ("operationId: ShowJob", "operationId: GetJob"),
        ("        '201': # of CreateJob", "        '202':"),
        ("enum: [Waiting, DONE]", "enum: [Waiting, DONE, LOST]"),
        (TAG, ""),
        ("A copy at work.", "A copy, at work."),
        ("Where an image is.", "The place of an image."),
        ("version: v2", "version: v3"),
    ]);
    let sts = SPEC.replace("Jobs", "Roles");
    let old = revision("`v1`", &[(FILE, SPEC)]);
    let new = revision(
        "`v2`",
        &[(FILE, &new), ("specs/somecloud-cr/sts.yaml", &sts)],
    );
    insta::assert_snapshot!(compare(&old, &new).unwrap());
    insta::assert_snapshot!("nothing", compare(&old, &old).unwrap());
}

#[test]
fn revisions_are_read_from_git_and_from_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let git = |words: &[&str]| {
        let mut git = super::revision::command(root);
        git.args(["-c", "user.name=x", "-c", "user.email=x@example.com"]);
        git.args(["-c", "commit.gpgsign=false"]);
        let output = git.args(words).output().unwrap();
        assert!(output.status.success(), "{output:?}");
    };
    let write = |text: &str| {
        let file = root.join(FILE);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    };
    git(&["init", "--quiet"]);
    write(SPEC);
    std::fs::write(root.join("specs/README.md"), "no spec").unwrap();
    git(&["add", "."]);
    git(&["commit", "--quiet", "-m", "one"]);
    write(&edited(&[("x-access: write", "x-access: read")]));
    git(&["commit", "--quiet", "-a", "-m", "two"]);
    write(&edited(&[("operationId: ShowJob", "operationId: GetJob")]));

    let run = |words: &[&str]| super::run(root, words).unwrap();
    let (text, code) = run(&[]);
    assert!(
        text.contains("`HEAD` → the working tree: 1 breaking line, 2 other lines"),
        "{text}"
    );
    assert_eq!(code, std::process::ExitCode::SUCCESS);
    assert_eq!(run(&["--exit-code"]).1, std::process::ExitCode::FAILURE);
    let (text, code) = run(&["HEAD~1", "HEAD", "--exit-code"]);
    assert!(
        text.contains("`HEAD~1` → `HEAD`: 0 breaking lines, 1 other line"),
        "{text}"
    );
    assert_eq!(code, std::process::ExitCode::SUCCESS);

    let error = |words: &[&str]| super::run(root, words).map(drop).unwrap_err().to_string();
    assert!(error(&["nowhere"]).starts_with("unknown revision nowhere: "));
    assert!(error(&["--all"]).contains("unknown option \"--all\" of diff"));
    write("paths: [");
    assert!(error(&[]).starts_with("specs/somecloud-cr/cr.yaml (the working tree): "));
}
