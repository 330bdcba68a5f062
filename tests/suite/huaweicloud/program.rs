//! Tests of imgtrack's errors.

use crate::program::{checks, is_said};

#[test]
fn errors_say_what_happened_why_and_what_to_do() {
    for (line, code, says) in [
        (
            "tasks api --registry huaweicloud-basic --sandbox",
            2,
            "error: invalid scope \"api\": it has no namespace; Huawei Cloud Basic lists tasks by \
             repository (NAMESPACE/REPOSITORY)\n",
        ),
        (
            "rules team/api:v1 --registry huaweicloud-basic --sandbox",
            2,
            "error: repository \"team/api:v1\" has a tag; leave out \":v1\"\n  hint: run `imgtrack \
             rules --help` to list the options\n",
        ),
        (
            "rules team/api --registry huaweicloud-basic",
            2,
            "error: missing setting: region or endpoint\n  hint: use --region ID or --endpoint URL\n",
        ),
        (
            "status team/api:v1 --to cn-east-3/a/b --registry huaweicloud-basic --sandbox",
            2,
            "error: invalid destination \"cn-east-3/a/b\": it has more than one slash",
        ),
        (
            "tasks 84 --registry huaweicloud-enterprise --sandbox",
            1,
            "error: ListInstanceReplicationPolicyExecTasks: refused by the service, HTTP 404, ",
        ),
        ("tasks --registry huaweicloud-enterprise", 2, "<SCOPE>"),
        (
            "rules a/b --registry huaweicloud-basic --sandbox --region x",
            2,
            "error: --region cannot be used with --sandbox; leave one of them out\n",
        ),
    ] {
        is_said(line, code, says);
    }
}

#[test]
fn what_a_provider_does_not_have_is_refused_before_the_shape_of_the_text() {
    for (line, says) in [
        (
            "stop 83/1 --registry huaweicloud-basic --sandbox",
            "error: Huawei Cloud Basic cannot stop anything; its tasks end on their own\n",
        ),
        (
            "stop a/b/c/d/e --registry huaweicloud-basic",
            "error: Huawei Cloud Basic cannot stop anything",
        ),
        (
            "tasks 83 --registry huaweicloud-basic --sandbox",
            "Huawei Cloud Basic lists tasks by repository (NAMESPACE/REPOSITORY)\n",
        ),
        (
            "tasks team/api --registry huaweicloud-enterprise --sandbox",
            "Huawei Cloud Enterprise lists tasks by execution (EXECUTION)\n",
        ),
    ] {
        is_said(line, 2, says);
    }
}

#[test]
fn the_doctor_checks_the_project() {
    let expected = ["credentials", "endpoint", "clock", "project", "call"];
    assert_eq!(checks("huaweicloud"), expected);
}
