//! Tests of all kinds of profiles.

use super::*;

const ROLE: &str = "role_arn = arn:aws:iam::012345678901:role";

#[tokio::test]
async fn every_kind_of_profile_gives_credentials() {
    let cloud = cloud::start().await;
    let user = format!("[user]\n{}", key_lines("AKIAUSER"));
    let half_an_hour = "2026-11-22T12:30:00Z";
    let cases: Vec<(&str, String, &str, Option<&str>)> = vec![
        ("a key", key_lines("AKIAOWN"), "AKIAOWN", None),
        (
            "a temporary key without an expiry",
            format!("{}aws_session_token = token\n", key_lines("ASIAOWN")),
            "ASIAOWN",
            Some(half_an_hour),
        ),
        (
            "a role",
            format!("{ROLE}/a\nsource_profile = user\n"),
            "a.of.AKIAUSER",
            Some(END),
        ),
        (
            "a role of its own key",
            format!(
                "{}{ROLE}/a\nsource_profile = default\n",
                key_lines("AKIAOWN")
            ),
            "a.of.AKIAOWN",
            Some(END),
        ),
        (
            "a chain of roles",
            format!(
                "{ROLE}/a\nsource_profile = b\n[profile b]\n{ROLE}/b\nsource_profile = c\n\
                 [profile c]\n{ROLE}/c\nsource_profile = user\n"
            ),
            "a.of.b.of.c.of.AKIAUSER",
            Some(END),
        ),
        (
            "the key of a source profile comes before its role",
            format!(
                "{ROLE}/a\nsource_profile = b\n[profile b]\n{}{ROLE}/b\nsource_profile = user\n",
                key_lines("AKIAB")
            ),
            "a.of.AKIAB",
            Some(END),
        ),
        (
            "the environment",
            format!("{ROLE}/a\ncredential_source = Environment\n"),
            "a.of.AKIAENV",
            Some(END),
        ),
        (
            "the container",
            format!("{ROLE}/a\ncredential_source = EcsContainer\n"),
            "a.of.ASIATASK",
            Some(END),
        ),
        (
            "the instance",
            format!("{ROLE}/a\ncredential_source = Ec2InstanceMetadata\n"),
            "a.of.ASIAINSTANCE",
            Some(END),
        ),
        (
            "a web identity",
            format!("{ROLE}/a\nweb_identity_token_file = ~/token\n"),
            "a.of.pod",
            Some(END),
        ),
        (
            "a web identity as a source",
            format!(
                "{ROLE}/a\nsource_profile = b\n[profile b]\n{ROLE}/b\n\
                 web_identity_token_file = ~/token\n"
            ),
            "a.of.b.of.pod",
            Some(END),
        ),
        (
            "a session of the single sign-on",
            "sso_session = work\nsso_account_id = 012345678901\nsso_role_name = gate\n\
             [sso-session work]\nsso_region = eu-west-1\nsso_start_url = https://y.example\n"
                .to_owned(),
            "ASIASSO.gate",
            Some(END),
        ),
        (
            "a single sign-on of the older form, with a role",
            format!(
                "{ROLE}/a\nsource_profile = b\n[profile b]\nsso_region = eu-west-1\n\
                 sso_start_url = https://x.example/start\nsso_account_id = 012345678901\n\
                 sso_role_name = gate\n"
            ),
            "a.of.ASIASSO.gate",
            Some(END),
        ),
    ];
    for (name, profile, id, end) in cases {
        let place = key_of_environment(Place::new())
            .set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/agent")
            .config(&format!("[profile default]\n{profile}"))
            .file(KEYS, &user)
            .file("token", POD_TOKEN);
        let place = signed_in(place, "work", SSO_TOKEN, "2026-11-22T12:00:01Z");
        let place = signed_in(
            place,
            "https://x.example/start",
            SSO_TOKEN,
            "2026-11-22T13:00:00UTC",
        );
        let asked = chain(&place.at(&cloud).profile("default"))
            .ask(noon())
            .await;
        assert!(asked[0].outcome.is_ok(), "{name}: {asked:#?}");
        check(&place.at(&cloud).profile("default"), "profile", id, end).await;
    }
}

#[tokio::test]
async fn a_role_is_assumed_as_the_profile_and_variables_say() {
    let cloud = cloud::start().await;
    let config = format!(
        "[default]\n{}{ROLE}/a\nsource_profile = default\nregion = eu-west-1\n",
        key_lines("AKIAOWN")
    );
    let with = "role_session_name = gate\nexternal_id = a+b/c\nduration_seconds = 900\n";
    let named = "AWS_ROLE_SESSION_NAME";
    let own = format!("registry-replication-{}", noon().as_second());
    let plain = Place::new().config(&config);
    let variables = Place::new()
        .config(&config)
        .set(named, "pod")
        .set("AWS_REGION", "cn-north-1");
    let chosen = Place::new()
        .config(&format!("{config}{with}"))
        .set(named, "pod");
    for (place, region, scope, session, [external, seconds]) in [
        (plain, None, "eu-west-1", own.as_str(), [None, None]),
        (variables, None, "cn-north-1", "pod", [None, None]),
        (
            chosen,
            Some("us-gov-west-1"),
            "us-gov-west-1",
            "gate",
            [Some("a+b/c"), Some("900")],
        ),
    ] {
        let mut settings = place.at(&cloud);
        if let Some(region) = region {
            settings = settings.region(region);
        }
        chain(&settings).get(noon()).await.unwrap();
        let request = cloud.requests().pop().unwrap();
        let form = cloud::form(&request.body);
        let field = |name: &str| form.get(name).map(String::as_str);
        assert_eq!(field("RoleArn"), Some("arn:aws:iam::012345678901:role/a"));
        assert_eq!(field("RoleSessionName"), Some(session));
        assert_eq!(field("ExternalId"), external);
        assert_eq!(field("DurationSeconds"), seconds);
        let authorization = request.header("authorization").unwrap();
        let expected = format!("Credential=AKIAOWN/20261122/{scope}/sts/aws4_request, ");
        assert!(authorization.contains(&expected), "{authorization}");
        let kind = request.header("content-type");
        assert_eq!(
            kind,
            Some("application/x-www-form-urlencoded; charset=utf-8")
        );
    }
}

#[tokio::test]
async fn the_portal_is_asked_for_the_role_once() {
    let cloud = cloud::start().await;
    let place = Place::new().config(
        "[default]\nsso_session = work\nsso_account_id = 012345678901\nsso_role_name = a&b c\n\
         [sso-session work]\nsso_region = eu-west-1\n",
    );
    let place = signed_in(place, "work", SSO_TOKEN, END);
    let chain = chain(&place.at(&cloud));
    for _ in 0..2 {
        chain.get(noon()).await.unwrap();
    }
    let targets: Vec<_> = cloud
        .requests()
        .into_iter()
        .map(|request| request.target)
        .collect();
    assert_eq!(
        targets,
        ["/federation/credentials?account_id=012345678901&role_name=a%26b%20c"]
    );
}

#[tokio::test]
async fn one_variable_moves_all_services() {
    let cloud = cloud::start().await;
    let config = format!(
        "[default]\n{ROLE}/a\nsource_profile = b\n[profile b]\nsso_session = work\n\
         sso_account_id = 012345678901\nsso_role_name = gate\n[sso-session work]\n\
         sso_region = eu-west-1\n"
    );
    let place = Place::new()
        .config(&config)
        .set("AWS_ENDPOINT_URL", cloud.endpoint());
    let place = signed_in(place, "work", SSO_TOKEN, END);
    let settings = ChainSettings::default().surroundings(place.surroundings());
    let settings = settings.clock(quick_clock(noon()));
    check(&settings, "profile", "a.of.ASIASSO.gate", Some(END)).await;
}

#[cfg(unix)]
#[tokio::test]
async fn a_command_prints_keys() {
    let printing = |text: &str| {
        let place = Place::new().file("keys.sh", format!("[ \"$2\" = 'a b' ] || exit 1\n{text}\n"));
        let path = place.path("keys.sh").display().to_string();
        place.config(&format!(
            "[default]\ncredential_process = sh '{path}' --for 'a b'\n"
        ))
    };
    let json = |value: serde_json::Value| printing(&format!("cat <<'END'\n{value}\nEND"));
    let mut key = json!({ "Version": 1, "AccessKeyId": "AKIAOWN", "SecretAccessKey": "secret" });
    check(&json(key.clone()).settings(), "profile", "AKIAOWN", None).await;
    key["SessionToken"] = json!("token");
    // The command does not say how long it is valid, so it is run again.
    let end = Some("2026-11-22T12:30:00Z");
    check(&json(key.clone()).settings(), "profile", "AKIAOWN", end).await;
    key["Expiration"] = json!(END);
    check(
        &json(key.clone()).settings(),
        "profile",
        "AKIAOWN",
        Some(END),
    )
    .await;

    let mut text = String::new();
    let without = |name: &str| {
        let mut key = key.clone();
        key[name] = json!(null);
        key
    };
    for place in [
        printing(&format!("echo {MARKER} >&2; echo {MARKER}; exit 3")),
        printing(&format!("echo {MARKER}")),
        json(without("Version")),
        json(json!({ "Version": 2, "SecretAccessKey": MARKER })),
        json(json!({ "Version": 1, "SecretAccessKey": MARKER })),
        json(
            json!({ "Version": 1, "AccessKeyId": "a", "SecretAccessKey": MARKER, "Expiration": MARKER }),
        ),
    ] {
        let why = why(&place.settings(), "profile").await;
        text.push_str(&format!("{why}\n"));
    }
    assert!(!text.contains(MARKER), "{text}");
    assert_snapshot!(text);
}
