//! Tests of the profiles of the command line and of shared files.

use super::*;

#[tokio::test]
async fn each_mode_of_a_cli_profile_opens_the_sandbox() {
    let trial = Trial::start().await;
    let role = |name: &str| session(world::alibabacloud::ROLE, name);
    let token = Place::new().file("token", world::alibabacloud::OIDC_TOKEN);
    let token_file = token.path("token").display().to_string();
    let cases = [
        (with_key(json!({ "mode": "AK" })), USER.to_owned()),
        (
            trial.temporary_key().await,
            session("sandbox-uri-role", "sandbox-instance"),
        ),
        (
            with_key(json!({
                "mode": "RamRoleArn",
                "ram_role_arn": world::alibabacloud::ROLE_ARN,
                "ram_session_name": "release",
                "expired_seconds": 1800,
                "policy": r#"{"Version":"1","Statement":[]}"#,
                "external_id": "agreed",
            })),
            role("release"),
        ),
        (
            json!({ "mode": "EcsRamRole" }),
            session(world::alibabacloud::ECS_ROLE, "sandbox-instance"),
        ),
        (
            json!({ "mode": "EcsRamRole", "ram_role_name": world::alibabacloud::ECS_ROLE }),
            session(world::alibabacloud::ECS_ROLE, "sandbox-instance"),
        ),
        (
            json!({
                "mode": "OIDC",
                "ram_role_arn": world::alibabacloud::ROLE_ARN,
                "oidc_provider_arn": world::alibabacloud::OIDC_PROVIDER_ARN,
                "oidc_token_file": token_file,
                "role_session_name": "python",
            }),
            role("python"),
        ),
        (
            json!({ "mode": "CredentialsURI", "credentials_uri": trial.uri() }),
            session("sandbox-uri-role", "sandbox-instance"),
        ),
    ];
    for (mut profile, who) in cases {
        profile["name"] = json!("default");
        let place = Place::new().cli(json!([{ "name": "unused", "mode": "AK" }, profile]));
        check(&trial, &place, "CLI profile", &who).await;
    }
    for (name, value) in [
        ("DurationSeconds", "1800"),
        ("Policy", r#"{"Version":"1","Statement":[]}"#),
        ("ExternalId", "agreed"),
        ("RoleArn", world::alibabacloud::ROLE_ARN),
    ] {
        let sent = trial.parameter("AssumeRole", name);
        assert_eq!(sent.as_deref(), Some(value), "{name}");
    }
}

/// Returns profiles: a key may assume the role `outer`, and `outer` may assume the role `inner`.
fn chained() -> Value {
    json!([
        {
            "name": "default",
            "mode": "ChainableRamRoleArn",
            "source_profile": "outer",
            "ram_role_arn": world::alibabacloud::INNER_ROLE_ARN,
            "ram_session_name": "second",
        },
        {
            "name": "outer",
            "mode": "ChainableRamRoleArn",
            "source_profile": "key",
            "ram_role_arn": world::alibabacloud::ROLE_ARN,
            "ram_session_name": "first",
        },
        with_key(json!({ "name": "key", "mode": "AK" })),
    ])
}

#[tokio::test]
async fn roles_are_assumed_one_after_another() {
    let trial = Trial::start().await;
    let place = Place::new().cli(chained());
    let inner = session("sandbox-inner-role", "second");
    check(&trial, &place, "CLI profile", &inner).await;
    // Without the role in between, the inner one does not trust the caller.
    let mut profiles = chained();
    profiles[0]["source_profile"] = json!("key");
    let place = Place::new().cli(profiles);
    assert_snapshot!(
        why(&trial.settings(&place), "CLI profile").await.replace(home(&place).as_str(), "HOME"),
        @r#"HOME/.aliyun/config.json: profile "default": AssumeRole: refused by the service, HTTP 403, NoPermission: You are not authorized to do this action. You should be authorized by RAM."#
    );
}

#[tokio::test]
async fn variables_pick_the_cli_profile() {
    let trial = Trial::start().await;
    let other = with_key(json!({ "name": "other", "mode": "AK" }));
    let place = Place::new()
        .cli(json!([{ "name": "default", "mode": "Anonymous" }, other]))
        .set("ALIBABA_CLOUD_PROFILE", "other");
    check(&trial, &place, "CLI profile", USER).await;
    let place = place.set("ALIBABA_CLOUD_CLI_PROFILE_DISABLED", "TRUE");
    let asked = trial.chain(&place).ask(noon()).await;
    let skipped = asked[2].outcome.as_ref().unwrap_err();
    let says = "ALIBABA_CLOUD_CLI_PROFILE_DISABLED is true";
    assert_eq!(*skipped, SourceError::not_set(says));

    let elsewhere = json!({
        "current": "default",
        "profiles": [with_key(json!({ "name": "default", "mode": "AK" }))],
    });
    let place = Place::new().named(
        "ALIBABA_CLOUD_CONFIG_FILE",
        "my.json",
        &elsewhere.to_string(),
    );
    check(&trial, &place, "CLI profile", USER).await;
}

#[tokio::test]
async fn each_type_of_a_profile_file_opens_the_sandbox() {
    let trial = Trial::start().await;
    let key = format!(
        "access_key_id = {}\naccess_key_secret = {}",
        world::alibabacloud::ACCESS_KEY_ID,
        world::alibabacloud::ACCESS_KEY_SECRET
    );
    let arn = world::alibabacloud::ROLE_ARN;
    let source = "profile file";

    for file in [GO_INI, PYTHON_INI] {
        let place = Place::new().file(file, ini_key("default"));
        check(&trial, &place, source, USER).await;
    }
    let place = Place::new()
        .named("ALIBABA_CLOUD_CREDENTIALS_FILE", "my.ini", &ini_key("CI"))
        .set("ALIBABA_CLOUD_PROFILE", "CI");
    check(&trial, &place, source, USER).await;

    let role = format!(
        "[Default]\n[default]\nType: ram_role_arn\n{key}\nrole_arn = {arn}\nrole_session_name = ini\n\
         policy = {{\"Version\":\"1\";}}\n"
    );
    let place = Place::new().file(GO_INI, role);
    let who = session(world::alibabacloud::ROLE, "ini");
    check(&trial, &place, source, &who).await;
    let policy = trial.parameter("AssumeRole", "Policy");
    assert_eq!(policy.as_deref(), Some(r#"{"Version":"1";}"#));

    let instance = session(world::alibabacloud::ECS_ROLE, "sandbox-instance");
    for role in ["", "role_name = sandbox-instance-role\n"] {
        let place = Place::new().file(GO_INI, format!("[default]\ntype = ecs_ram_role\n{role}"));
        check(&trial, &place, source, &instance).await;
    }

    let token = Place::new().file("token", world::alibabacloud::OIDC_TOKEN);
    let oidc = format!(
        "[default]\ntype = oidc_role_arn\noidc_provider_arn = {}\noidc_token_file_path = {}\n\
         role_arn = {arn}\nrole_session_name = ini\n",
        world::alibabacloud::OIDC_PROVIDER_ARN,
        token.path("token").display(),
    );
    let place = Place::new().file(GO_INI, oidc);
    check(&trial, &place, source, &who).await;
}
