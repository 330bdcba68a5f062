//! Tests of why sources have no credentials.

use super::*;

#[tokio::test]
async fn when_none_answers_each_says_why() {
    let place = Place::new();
    let chain = Arc::new(Credentials::default_chain(&place.settings()));
    let error = chain.get(noon()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Credentials);
    let lines = error.to_string().replace("; ", ";\n");
    assert_snapshot!(lines.replace(&home(&place), "HOME"));

    // The error of a call has the same text, with the call's name.
    let context = Context::builder(UNREACHABLE, Arc::new(Alibabacloud::with_chain(chain)));
    let client = sts::Client::new(context.build().unwrap());
    let error = Error::from(client.get_caller_identity().send().await.unwrap_err());
    assert_eq!(error.kind(), ErrorKind::Credentials);
    let says = error.to_string();
    assert!(
        says.starts_with("GetCallerIdentity: no credentials found; sources in order"),
        "{says}"
    );
}

#[tokio::test]
async fn each_way_of_failing_says_why_and_the_chain_goes_on() {
    let trial = Trial::start().await;
    let cli = |profile: Value| Place::new().cli(json!([profile]));
    let ini = |text: &str| Place::new().file(GO_INI, text);
    let named = |mode: &str| json!({ "name": "default", "mode": mode });
    let key = |mode: &str| {
        json!({
            "name": "default",
            "mode": mode,
            "access_key_id": "LTAI-unknown",
            "access_key_secret": MARKER,
            "ram_role_arn": world::alibabacloud::ROLE_ARN,
        })
    };
    let with = |mut profile: Value, name: &str, value: Value| {
        profile[name] = value;
        profile
    };
    let broken_uri = format!("http://user:{MARKER}@127.0.0.1:9/keys?token={MARKER}");
    let lost_uri = format!("{}/lost?token={MARKER}", trial.sandbox.endpoint());
    let role = with_key(key("RamRoleArn"));
    let places = [
        (
            "environment",
            Place::new().set("ALIBABA_CLOUD_ACCESS_KEY_SECRET", MARKER),
        ),
        (
            "OIDC",
            Place::new().set("ALIBABA_CLOUD_ROLE_ARN", "acs:ram::1:role/r"),
        ),
        (
            "OIDC",
            oidc_of_environment(Place::new())
                .set("ALIBABA_CLOUD_OIDC_TOKEN_FILE", "/nowhere/token"),
        ),
        (
            "OIDC",
            oidc_of_environment(Place::new()).named(
                "ALIBABA_CLOUD_OIDC_TOKEN_FILE",
                "token",
                MARKER,
            ),
        ),
        (
            "OIDC",
            oidc_of_environment(Place::new()).set("ALIBABA_CLOUD_OIDC_PROVIDER_ARN", "acs:ram::1"),
        ),
        (
            "CLI profile",
            Place::new().file(CLI, format!("{{\"current\": {MARKER}")),
        ),
        ("CLI profile", Place::new().file(CLI, b"\xff")),
        ("CLI profile", Place::new().file(CLI, "{}")),
        (
            "CLI profile",
            cli(named("AK")).set("ALIBABA_CLOUD_PROFILE", "absent"),
        ),
        ("CLI profile", cli(json!({ "name": "default" }))),
        ("CLI profile", cli(named("AK"))),
        (
            "CLI profile",
            cli(with(named("AK"), "access_key_id", json!([MARKER]))),
        ),
        ("CLI profile", cli(key("StsToken"))),
        ("CLI profile", cli(key("RsaKeyPair"))),
        ("CLI profile", cli(key("RamRoleArn"))),
        (
            "CLI profile",
            cli(with(role.clone(), "ram_role_arn", json!(""))),
        ),
        (
            "CLI profile",
            cli(with(role.clone(), "expired_seconds", json!(60))),
        ),
        (
            "CLI profile",
            cli(with(role.clone(), "expired_seconds", json!(7200))),
        ),
        (
            "CLI profile",
            cli(with(role, "ram_role_arn", json!("acs:ram::1:role/none"))),
        ),
        ("CLI profile", cli(named("OIDC"))),
        ("CLI profile", cli(named("ChainableRamRoleArn"))),
        (
            "CLI profile",
            Place::new().cli(json!([
                with(named("ChainableRamRoleArn"), "source_profile", json!("b")),
                { "name": "b", "mode": "ChainableRamRoleArn", "source_profile": "default" },
            ])),
        ),
        (
            "CLI profile",
            cli(with(
                named("EcsRamRole"),
                "ram_role_name",
                json!("../other"),
            )),
        ),
        (
            "CLI profile",
            cli(with(
                named("CredentialsURI"),
                "credentials_uri",
                json!(broken_uri),
            )),
        ),
        (
            "CLI profile",
            cli(with(
                named("External"),
                "process_command",
                json!("/nowhere/it --key x"),
            )),
        ),
        (
            "CLI profile",
            cli(with(
                named("External"),
                "process_command",
                json!("it 'never ends"),
            )),
        ),
        (
            "CLI profile",
            cli(with(
                named("External"),
                "process_command",
                json!(format!("KEY={MARKER} it")),
            )),
        ),
        ("profile file", ini("[default\ntype = access_key")),
        (
            "profile file",
            ini(&format!("access_key_secret = {MARKER}")),
        ),
        ("profile file", ini("[other]\ntype = access_key")),
        ("profile file", ini("[default]\n")),
        (
            "profile file",
            ini(&format!(
                "[default]\ntype = access_key\naccess_key_secret = {MARKER}"
            )),
        ),
        ("profile file", ini("[default]\ntype = rsa_key_pair")),
        ("profile file", ini("[default]\ntype = oidc_role_arn")),
        (
            "CLI profile",
            Place::new().set("ALIBABA_CLOUD_CONFIG_FILE", "/nowhere/config.json"),
        ),
        (
            "profile file",
            Place::new().set("ALIBABA_CLOUD_CREDENTIALS_FILE", "/nowhere/credentials"),
        ),
        (
            "ECS metadata",
            Place::new().set("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "true"),
        ),
        (
            "ECS metadata",
            Place::new().set("ALIBABA_CLOUD_ECS_METADATA", "another-role"),
        ),
        (
            "credentials URI",
            Place::new().set("ALIBABA_CLOUD_CREDENTIALS_URI", MARKER),
        ),
        (
            "credentials URI",
            Place::new().set("ALIBABA_CLOUD_CREDENTIALS_URI", broken_uri.as_str()),
        ),
        (
            "credentials URI",
            Place::new().set("ALIBABA_CLOUD_CREDENTIALS_URI", lost_uri),
        ),
    ];
    let mut text = String::new();
    for (source, place) in places {
        let settings = trial.settings(&place);
        let why = why(&settings, source)
            .await
            .replace(&home(&place), "HOME")
            .replace(&trial.sandbox.endpoint(), "SANDBOX");
        text.push_str(&format!("{source}: {why}\n"));

        // Whatever is wrong with the one, the last is asked, too.
        let mut place = place;
        if source != "credentials URI" {
            place = place.set("ALIBABA_CLOUD_CREDENTIALS_URI", trial.uri());
        } else {
            place = key_of_environment(place);
        }
        let settings = trial.settings(&place).metadata_endpoint(UNREACHABLE);
        let chain = Credentials::default_chain(&settings);
        assert!(chain.get(noon()).await.is_ok(), "{source}: {why}");
    }
    assert!(!text.contains(MARKER), "{text}");
    assert_snapshot!(text);
}
