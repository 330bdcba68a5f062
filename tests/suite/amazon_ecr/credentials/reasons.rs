//! Tests of why sources have no credentials.

use super::*;

#[tokio::test]
async fn when_none_answers_each_says_why() {
    let place = Place::new();
    let error = chain(&place.settings()).get(noon()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Credentials);
    let lines = error.to_string().replace("; ", ";\n");
    assert_snapshot!(place.shown(&lines));
}

/// Profiles that do not work.
fn profiles() -> Vec<String> {
    const ROLE: &str = "role_arn = arn:aws:iam::012345678901:role";
    let session = "[sso-session work]\nsso_region = eu-west-1\n";
    vec![
        format!("{MARKER}\n"),
        "region = eu-west-1\n".to_owned(),
        format!("aws_secret_access_key = {MARKER}\n"),
        format!("{ROLE}/a\n"),
        format!("{ROLE}/a\nsource_profile = absent\n"),
        format!("{ROLE}/a\nsource_profile = default\n"),
        format!("{ROLE}/a\nsource_profile = b\n[profile b]\nregion = eu-west-1\n"),
        format!(
            "{ROLE}/a\nsource_profile = b\n[profile b]\n{ROLE}/b\nsource_profile = c\n\
             [profile c]\n{ROLE}/c\nsource_profile = default\n"
        ),
        format!("{ROLE}/a\nsource_profile = b\ncredential_source = Environment\n"),
        format!("{ROLE}/a\ncredential_source = Elsewhere\n"),
        format!("{ROLE}/a\ncredential_source = Environment\n"),
        format!("{ROLE}/a\ncredential_source = EcsContainer\n"),
        format!("{ROLE}/a\nweb_identity_token_file = /nowhere/token\n"),
        format!("{ROLE}/a\nsource_profile = default\nmfa_serial = arn:aws:iam::1:mfa/a\n"),
        format!("{ROLE}/a\nsource_profile = default\nduration_seconds = soon\n"),
        format!(
            "{}{ROLE}/forbidden\nsource_profile = default\n",
            key_lines("AKIAOWN")
        ),
        format!(
            "aws_access_key_id = AKIA\naws_secret_access_key = {MARKER}\n{ROLE}/a\n\
             source_profile = default\n"
        ),
        "sso_account_id = 1\n".to_owned(),
        "sso_session = absent\n".to_owned(),
        format!("sso_session = work\nsso_account_id = 1\n{session}"),
        format!("sso_session = work\nsso_account_id = 1\nsso_role_name = a\n{session}"),
        "credential_process = /nowhere/it --key x\n".to_owned(),
        "credential_process = it 'never ends\n".to_owned(),
        format!("credential_process = KEY={MARKER} it\n"),
        "login_session = arn:aws:iam::1:user/a\n".to_owned(),
    ]
}

#[tokio::test]
async fn each_way_of_failing_says_why_and_the_chain_goes_on() {
    let cloud = cloud::start().await;
    let relative = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";
    let full = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
    let token = "AWS_CONTAINER_AUTHORIZATION_TOKEN";
    let sign_on = "[default]\nsso_session = work\nsso_account_id = 012345678901\n\
                   sso_role_name = a\n[sso-session work]\nsso_region = eu-west-1\n";
    let signed_in = |token, end| signed_in(Place::new().config(sign_on), "work", token, end);
    let cached = ".aws/sso/cache/e274eeff768c6396088ec6eb091f4bf4d47ab1e0.json";
    let mut places: Vec<(&str, Place)> = profiles()
        .into_iter()
        .map(|profile| {
            (
                "profile",
                Place::new().config(&format!("[default]\n{profile}")),
            )
        })
        .collect();
    places.extend([
        ("profile", Place::new().set("AWS_PROFILE", "absent")),
        ("profile", Place::new().file(KEYS, b"\xff")),
        ("profile", Place::new().set("AWS_CONFIG_FILE", "/dev/zero")),
        ("profile", signed_in(MARKER, END)),
        ("profile", signed_in(MARKER, "2026-11-22T12:00:00Z")),
        ("profile", signed_in(MARKER, "soon")),
        ("profile", signed_in(MARKER, END).file(cached, MARKER)),
        (
            "web identity",
            Place::new().set("AWS_ROLE_ARN", "arn:aws:iam::1:role/r"),
        ),
        (
            "web identity",
            pod_of_environment(Place::new()).file("token", MARKER),
        ),
        (
            "web identity",
            pod_of_environment(Place::new()).set("AWS_WEB_IDENTITY_TOKEN_FILE", "/nowhere/token"),
        ),
        ("container", Place::new().set(relative, "@agent.example/")),
        ("container", Place::new().set(relative, "/absent")),
        (
            "container",
            Place::new().set(full, format!("http://agent.example/?key={MARKER}")),
        ),
        (
            "container",
            Place::new()
                .set(relative, "/agent")
                .set(token, format!("{MARKER}\nx")),
        ),
        (
            "container",
            Place::new().set(relative, "/agent").set(token, MARKER),
        ),
        (
            "container",
            Place::new()
                .set(relative, "/agent")
                .set("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/nowhere/token"),
        ),
        (
            "container",
            Place::new().set(full, format!("{UNREACHABLE}/agent?key={MARKER}")),
        ),
        (
            "instance metadata",
            Place::new().set("AWS_EC2_METADATA_DISABLED", "true"),
        ),
    ]);
    let mut text = String::new();
    for (source, place) in places {
        let why = why(&place.at(&cloud), source).await;
        let why = place.shown(&why).replace(cloud.endpoint(), "CLOUD");
        text.push_str(&format!("{source}: {why}\n"));

        // Whatever is wrong with the one, another is asked, too.
        let mut other = place;
        if source == "instance metadata" {
            other = key_of_environment(other);
        }
        let found = chain(&other.at(&cloud)).get(noon()).await;
        assert!(found.is_ok(), "{source}: {why}");
    }
    assert!(!text.contains(MARKER), "{text}");
    assert_snapshot!(text);
}
