//! Tests of `imgtrack api`: pages, and secrets of parameters.

use registry_sandbox::world;

use crate::api::returns_all_pages;
use crate::program::output;

#[test]
fn all_pages_of_each_style() {
    let fleet = format!("InstanceId={}", world::alibabacloud::FLEET_INSTANCE_ID);
    returns_all_pages(
        "ListRepoSyncTask",
        &[&fleet],
        world::alibabacloud::FLEET_TASKS,
    );
}

#[test]
fn a_dry_run_shows_the_request_without_secrets() {
    let token = output(&[
        "api",
        "AssumeRoleWithOIDC",
        "-p",
        "OIDCProviderArn=a",
        "-p",
        "RoleArn=b",
        "-p",
        "OIDCToken=very-secret",
        "-p",
        "RoleSessionName=session",
        "--dry-run",
        "--sandbox",
    ]);
    assert!(
        token.contains("OIDCToken=***") && !token.contains("very-secret"),
        "{token}"
    );
}
