//! Each operation's request as it leaves, byte for byte but for the port and the signature over
//! it, with all parameters and with the required ones alone.

use huaweicloud_swr::{Credentials, iam, sts, swr};
use insta::assert_snapshot;
use registry_tests::Recorder;
use registry_transport::Secret;

use crate::clients::{self, INSTANCE, PROJECT};

/// Sends one call and shows what arrived; the answer does not matter here.
macro_rules! wire {
    ($name:literal, $client:path, $answer:literal, |$with:ident| $call:expr) => {{
        let recorder = Recorder::json($answer).await;
        let $with = $client(recorder.endpoint());
        $call.send().await.unwrap();
        assert_snapshot!($name, recorder.request().await);
    }};
}

#[tokio::test]
async fn list_instance_replication_policy_exec_tasks() {
    wire!(
        "ListInstanceReplicationPolicyExecTasks",
        clients::swr,
        "{}",
        |client| {
            client
                .list_instance_replication_policy_exec_tasks()
                .project_id(PROJECT)
                .instance_id(INSTANCE)
                .execution_id(83)
                .offset(200)
                .limit(100)
        }
    );
    wire!(
        "ListInstanceReplicationPolicyExecTasks.required",
        clients::swr,
        "{}",
        |client| {
            client
                .list_instance_replication_policy_exec_tasks()
                .project_id(PROJECT)
                .instance_id(INSTANCE)
                .execution_id(83)
        }
    );
}

#[tokio::test]
async fn list_instance_retention_policy_exec_tasks() {
    wire!(
        "ListInstanceRetentionPolicyExecTasks",
        clients::swr,
        "{}",
        |client| {
            client
                .list_instance_retention_policy_exec_tasks()
                .project_id(PROJECT)
                .instance_id(INSTANCE)
                .namespace_name("library")
                .policy_id(7)
                .execution_id(113)
                .offset(0)
                .limit(10)
                .status("Failed")
        }
    );
    wire!(
        "ListInstanceRetentionPolicyExecTasks.required",
        clients::swr,
        "{}",
        |client| {
            client
                .list_instance_retention_policy_exec_tasks()
                .project_id(PROJECT)
                .instance_id(INSTANCE)
                .namespace_name("library")
                .policy_id(7)
                .execution_id(113)
        }
    );
}

#[tokio::test]
async fn list_image_auto_sync_repos_details() {
    wire!(
        "ListImageAutoSyncReposDetails",
        clients::swr,
        "[]",
        |client| {
            client
                .list_image_auto_sync_repos_details()
                .namespace("test")
                .repository("grpc/helloworld")
        }
    );
}

#[tokio::test]
async fn show_sync_job() {
    wire!("ShowSyncJob", clients::swr, "[]", |client| {
        client
            .show_sync_job()
            .namespace("test")
            .repository("testrepo")
            .filter("limit::10|offset::20|order::desc")
    });
}

#[tokio::test]
async fn a_token_goes_along_instead_of_a_signature() {
    let recorder = Recorder::json("[]").await;
    let token = Credentials::Token(Secret::from("MIIatAYJKoZIhvcNAQcCo"));
    swr::Client::new(clients::huawei(recorder.endpoint(), token))
        .list_image_auto_sync_repos_details()
        .namespace("test")
        .repository("testrepo")
        .send()
        .await
        .unwrap();
    assert_snapshot!(
        "ListImageAutoSyncReposDetails.token",
        recorder.request().await
    );
}

#[tokio::test]
async fn keystone_create_user_token_by_password() {
    let body = || {
        let named = |name: &str| iam::types::DomainName {
            name: name.to_owned(),
        };
        iam::types::TokenRequest {
            auth: iam::types::PasswordAuth {
                identity: iam::types::PasswordIdentity {
                    methods: vec!["password".to_owned()],
                    password: iam::types::PasswordCredentials {
                        user: iam::types::PasswordUser {
                            domain: named("IAMDomain"),
                            name: "IAMUser".to_owned(),
                            password: "IAMPassword".into(),
                        },
                    },
                },
                scope: None,
            },
        }
    };
    let recorder = Recorder::start(201, &[("x-subject-token", "MII")], "{}").await;
    let answer = clients::iam(recorder.endpoint())
        .keystone_create_user_token_by_password()
        .nocatalog("true")
        .body(body())
        .send()
        .await
        .unwrap();
    assert_eq!(answer.headers()["x-subject-token"], "MII");
    assert_snapshot!(
        "KeystoneCreateUserTokenByPassword",
        recorder.request().await
    );

    let recorder = Recorder::start(201, &[], "{}").await;
    clients::iam(recorder.endpoint())
        .keystone_create_user_token_by_password()
        .body(body())
        .send()
        .await
        .unwrap();
    assert_snapshot!(
        "KeystoneCreateUserTokenByPassword.required",
        recorder.request().await
    );
}

#[tokio::test]
async fn create_token_with_id_token() {
    let body = |scope| iam::types::IdTokenRequest {
        auth: iam::types::IdTokenAuth {
            id_token: iam::types::IdToken {
                id: "eyJhbGciOiJub25lIn0.e30.".into(),
            },
            scope,
        },
    };
    let project = iam::types::ScopeReference {
        id: Some(PROJECT.to_owned()),
        name: Some("cn-north-4".to_owned()),
    };
    let all = iam::types::AuthScope {
        domain: None,
        project: Some(project),
    };
    for (name, scope) in [
        ("CreateTokenWithIdToken", Some(all)),
        ("CreateTokenWithIdToken.required", None),
    ] {
        let recorder = Recorder::start(201, &[("x-subject-token", "MII")], "{}").await;
        let answer = clients::iam(recorder.endpoint())
            .create_token_with_id_token()
            .x_idp_id("my-idp")
            .body(body(scope))
            .send()
            .await
            .unwrap();
        assert_eq!(answer.headers()["x-subject-token"], "MII");
        assert_snapshot!(name, recorder.request().await);
    }
}

#[tokio::test]
async fn create_temporary_access_key_by_token() {
    let all = iam::types::IdentityToken {
        duration_seconds: Some(900),
        id: Some("MIIatAYJKoZIhvcNAQcCo".into()),
    };
    for (name, token) in [
        ("CreateTemporaryAccessKeyByToken", Some(all)),
        ("CreateTemporaryAccessKeyByToken.required", None),
    ] {
        let recorder = Recorder::start(201, &[], "{}").await;
        clients::iam(recorder.endpoint())
            .create_temporary_access_key_by_token()
            .body(iam::types::TemporaryKeyRequest {
                auth: iam::types::TemporaryKeyAuth {
                    identity: iam::types::TokenIdentity {
                        methods: vec!["token".to_owned()],
                        token,
                    },
                },
            })
            .send()
            .await
            .unwrap();
        assert_snapshot!(name, recorder.request().await);
    }
}

#[tokio::test]
async fn keystone_list_projects() {
    wire!("KeystoneListProjects", clients::iam, "{}", |client| {
        client
            .keystone_list_projects()
            .domain_id("65382450e8f64ac0870cd180d14e684b")
            .name("cn-north-4")
            .parent_id("65382450e8f64ac0870cd180d14e684b")
            .enabled(true)
            .is_domain(false)
            .page(1)
            .per_page(5000)
    });
    wire!(
        "KeystoneListProjects.required",
        clients::iam,
        "{}",
        |client| { client.keystone_list_projects() }
    );
}

#[tokio::test]
async fn decode_authorization_message() {
    wire!("DecodeAuthorizationMessage", clients::sts, "{}", |client| {
        client
            .decode_authorization_message()
            .body(sts::types::DecodeRequest {
                encoded_message: "XPkx8ZdHkYw".parse().unwrap(),
            })
    });
}

#[tokio::test]
async fn list_repo_sync_task() {
    wire!("ListRepoSyncTask", clients::cr, "{}", |client| {
        client
            .list_repo_sync_task()
            .instance_id("cri-kmsiwlxxdcva0001")
            .repo_namespace_name("ns")
            .repo_name("a b*~/版")
            .tag("v0.1")
            .page_no(2)
            .page_size(100)
            .sync_record_id("15DEEB56-9271-4FDD-AC4D-C3A5CC2C****")
    });
    wire!("ListRepoSyncTask.required", clients::cr, "{}", |client| {
        client.list_repo_sync_task().instance_id("cri-1")
    });
}

const POLICY: &str = r#"{"Version":"1","Statement":[]}"#;

#[tokio::test]
async fn assume_role() {
    wire!("AssumeRole", clients::alibaba_sts, "{}", |client| {
        client
            .assume_role()
            .role_arn("acs:ram::123456789012****:role/adminrole")
            .role_session_name("alice@example.com")
            .duration_seconds(900)
            .policy(POLICY)
            .external_id("abcd 1234")
    });
    wire!(
        "AssumeRole.required",
        clients::alibaba_sts,
        "{}",
        |client| {
            client
                .assume_role()
                .role_arn("acs:ram::123456789012****:role/adminrole")
                .role_session_name("alice")
        }
    );
}

#[tokio::test]
async fn assume_role_with_oidc() {
    wire!("AssumeRoleWithOIDC", clients::alibaba_sts, "{}", |client| {
        client
            .assume_role_with_oidc()
            .oidc_provider_arn("acs:ram::113511544585****:oidc-provider/TestOidcIdp")
            .role_arn("acs:ram::113511544585****:role/testoidc")
            .oidc_token("eyJraWQi.eyJpc3Mi.c2ln-_")
            .role_session_name("TestOidcAssumedRoleSession")
            .duration_seconds(3600)
            .policy(POLICY)
    });
    wire!(
        "AssumeRoleWithOIDC.required",
        clients::alibaba_sts,
        "{}",
        |client| {
            client
                .assume_role_with_oidc()
                .oidc_provider_arn("acs:ram::113511544585****:oidc-provider/TestOidcIdp")
                .role_arn("acs:ram::113511544585****:role/testoidc")
                .oidc_token("eyJraWQi.eyJpc3Mi.c2ln-_")
                .role_session_name("TestOidcAssumedRoleSession")
        }
    );
}

#[tokio::test]
async fn get_caller_identity() {
    wire!("GetCallerIdentity", clients::alibaba_sts, "{}", |client| {
        client.get_caller_identity()
    });
}
