//! Tests of the services that sources ask: agents, metadata, STS and the portal.

use std::time::Duration;

use futures_util::future::join_all;
use registry_tests::hostile::Reply;

use super::*;

#[tokio::test]
async fn the_agent_of_a_container_is_asked_with_its_token() {
    let cloud = cloud::start().await;
    let full = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
    let relative = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";
    let url = format!("{}/agent", cloud.endpoint());
    for (place, id) in [
        (Place::new().set(relative, "/agent"), "ASIATASK"),
        (Place::new().set(full, &url), "ASIATASK"),
        // The shorter variable comes first, as in the SDKs.
        (
            Place::new()
                .set(full, "http://127.0.0.1:9/")
                .set(relative, "/agent"),
            "ASIATASK",
        ),
        (
            Place::new()
                .set(full, &url)
                .set("AWS_CONTAINER_AUTHORIZATION_TOKEN", POD_TOKEN),
            "ASIAPOD",
        ),
        (
            Place::new()
                .set(full, &url)
                .set("AWS_CONTAINER_AUTHORIZATION_TOKEN", "old")
                .named(
                    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
                    "token",
                    &format!("{POD_TOKEN}\n"),
                ),
            "ASIAPOD",
        ),
    ] {
        check(&place.at(&cloud), "container", id, Some(END)).await;
    }
}

#[tokio::test]
async fn an_agent_that_starts_or_is_busy_is_asked_again() {
    for (fails, status, asked, works) in [
        (2, 503, 3, true),
        (2, 429, 3, true),
        (3, 500, 3, false),
        (1, 403, 1, false),
    ] {
        let mut left = fails;
        let agent = Hostile::start(move |_| match left {
            0 => Reply::json(cloud::key("ASIATASK").to_string()),
            _ => {
                left -= 1;
                Reply::answer(status, &[], "{}")
            }
        })
        .await;
        let place = Place::new().set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/agent");
        let found = chain(&place.at(&agent)).ask(noon()).await;
        assert_eq!(found[3].outcome.is_ok(), works, "{status}: {found:#?}");
        let paths = agent.requests();
        let count = paths
            .iter()
            .filter(|request| request.path() == "/agent")
            .count();
        assert_eq!(count, asked, "{status}");
    }
}

#[tokio::test]
async fn the_metadata_of_an_instance_needs_a_token() {
    let cloud = cloud::start().await;
    check(
        &Place::new().at(&cloud),
        "instance metadata",
        "ASIAINSTANCE",
        Some(END),
    )
    .await;
    let targets: Vec<_> = cloud.requests().into_iter().take(3).collect();
    let targets: Vec<_> = targets
        .iter()
        .map(|it| (it.method.as_str(), it.path()))
        .collect();
    let folder = "/latest/meta-data/iam/security-credentials/";
    assert_eq!(
        targets,
        [
            ("PUT", "/latest/api/token"),
            ("GET", folder),
            ("GET", &format!("{folder}gate%20role")),
        ]
    );

    // Variables and the profile say where the service is.
    let endpoint = "ec2_metadata_service_endpoint";
    let config = format!("[default]\n{endpoint} = {}/\n", cloud.endpoint());
    for place in [
        Place::new().config(&config),
        Place::new()
            .config(&format!("[default]\n{endpoint} = {UNREACHABLE}\n"))
            .set("AWS_EC2_METADATA_SERVICE_ENDPOINT", cloud.endpoint()),
    ] {
        let settings = ChainSettings::default().surroundings(place.surroundings());
        check(&settings, "instance metadata", "ASIAINSTANCE", Some(END)).await;
    }
    let wrong = Place::new().set("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "ipx");
    let settings = ChainSettings::default().surroundings(wrong.surroundings());
    let why = why(&settings, "instance metadata").await;
    assert_eq!(
        why,
        "invalid AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE; use IPv4 or IPv6"
    );
}

#[tokio::test]
async fn an_instance_without_role_or_second_version_has_no_credentials() {
    let folder = "/latest/meta-data/iam/security-credentials/";
    let refused = json!({ "Code": "AssumeRoleUnauthorizedAccess", "Message": MARKER });
    let broken = json!({ "Code": "Success", "SecretAccessKey": MARKER });
    let cases = [
        // The first version is never asked.
        (
            404,
            200,
            "gate",
            None,
            1,
            "CLOUD/latest/api/token: HTTP 404, no token",
        ),
        (200, 404, "", None, 2, "the instance has no role"),
        (200, 200, "", None, 2, "the instance has no role"),
        (200, 500, "", None, 2, "the instance's role: HTTP 500"),
        (
            200,
            200,
            "gate",
            None,
            3,
            "credentials of role gate: HTTP 404",
        ),
        (
            200,
            200,
            "gate",
            Some(refused),
            3,
            "credentials of role gate: the service answers AssumeRoleUnauthorizedAccess",
        ),
        (
            200,
            200,
            "gate",
            Some(broken),
            3,
            "credentials of role gate: AccessKeyId is missing",
        ),
    ];
    for (token, role_status, role, key, requests, says) in cases {
        let instance = Hostile::start(move |request| match request.path() {
            "/latest/api/token" => Reply::answer(token, &[], "token"),
            path if path == folder => Reply::answer(role_status, &[], role),
            _ => match &key {
                Some(key) => Reply::json(key.to_string()),
                None => Reply::answer(404, &[], ""),
            },
        })
        .await;
        let why = why(&Place::new().at(&instance), "instance metadata").await;
        assert_eq!(why.replace(instance.endpoint(), "CLOUD"), says);
        assert_eq!(instance.count(), requests, "{says}");
    }
}

fn role_of_own_key() -> Place {
    Place::new().config(&format!(
        "[default]\n{}role_arn = arn:aws:iam::012345678901:role/a\nsource_profile = default\n",
        key_lines("AKIAOWN")
    ))
}

/// Services that answer a wrong date with 403, whose dates are this many minutes ahead.
async fn sts_ahead(minutes: i64, code: &'static str) -> Hostile {
    let theirs = noon() + Duration::from_secs(60 * minutes.unsigned_abs());
    let date = theirs.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let signed = theirs.strftime("%Y%m%dT%H%M").to_string();
    Hostile::start(move |request| {
        let own = request.header("x-amz-date").unwrap_or_default();
        let mut reply = match own.starts_with(&signed) {
            true => Reply::answer(200, &[], ASSUMED),
            false => cloud::refused(403, code, "no"),
        };
        if let Reply::Answer { headers, .. } = &mut reply {
            headers.push(("date".to_owned(), date.clone()));
        }
        reply
    })
    .await
}

const ASSUMED: &str = "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>a</AccessKeyId>\
    <SecretAccessKey>b</SecretAccessKey><SessionToken>c</SessionToken>\
    <Expiration>2026-11-22T13:00:00Z</Expiration></Credentials></AssumeRoleResult>\
    </AssumeRoleResponse>";

#[tokio::test]
async fn a_wrong_signature_is_a_wrong_date_if_the_dates_differ() {
    for (minutes, code, requests, works) in [
        (90, "SignatureDoesNotMatch", 2, true),
        (4, "SignatureDoesNotMatch", 2, true),
        (3, "SignatureDoesNotMatch", 1, false),
        (90, "InvalidSignatureException", 2, true),
        (90, "RequestExpired", 2, true),
        (1, "RequestTimeTooSkewed", 2, true),
        (90, "AccessDenied", 1, false),
    ] {
        let sts = sts_ahead(minutes, code).await;
        let place = role_of_own_key();
        let settings = place.settings().sts_endpoint(sts.endpoint());
        let asked = chain(&settings).ask(noon()).await;
        assert_eq!(
            asked[1].outcome.is_ok(),
            works,
            "{minutes} {code}: {asked:#?}"
        );
        assert_eq!(sts.count(), requests, "{minutes} {code}");
    }
}

#[tokio::test]
async fn a_renewed_token_of_a_pod_is_read_again() {
    let cloud = cloud::start().await;
    let place = pod_of_environment(Place::new());
    let chain = Arc::new(
        Credentials::default_chain(&place.at(&cloud)).renewed_ahead(Duration::from_secs(0)),
    );
    chain.get(noon()).await.unwrap();
    std::fs::write(place.path("token"), "expired").unwrap();
    let later = END.parse().unwrap();
    let error = chain.get(later).await.unwrap_err().to_string();
    assert!(
        error.contains("InvalidIdentityToken") && !error.contains("expired"),
        "{error}"
    );
}

#[tokio::test]
async fn services_that_never_end_let_the_next_try() {
    let endless = Hostile::start(|_| Reply::Endless(vec![b' '; 4096])).await;
    let hanging = Hostile::start(|_| Reply::Hang).await;
    let agent = || Place::new().set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/agent");
    let sign_on = Place::new().config(
        "[default]\nsso_session = work\nsso_account_id = 1\nsso_role_name = a\n\
         [sso-session work]\nsso_region = eu-west-1\n",
    );
    let sign_on = signed_in(sign_on, "work", SSO_TOKEN, END);
    let long = "the answer is longer than 1048576 bytes";
    let checks = [
        (agent(), &endless, "container", "the answer is too long"),
        (agent(), &hanging, "container", "no answer in time"),
        (
            Place::new(),
            &endless,
            "instance metadata",
            "the answer is too long",
        ),
        (
            Place::new(),
            &hanging,
            "instance metadata",
            "no answer in time",
        ),
        (role_of_own_key(), &endless, "profile", long),
        (sign_on, &endless, "profile", long),
    ];
    join_all(
        checks
            .iter()
            .map(|(place, server, source, says)| async move {
                let why = why(&place.at(server), source).await;
                assert!(why.contains(says), "{why}");
            }),
    )
    .await;
}

#[tokio::test]
async fn nothing_shows_a_secret() {
    let cloud = cloud::start().await;
    let config = format!(
        "[default]\naws_access_key_id = AKIA\naws_secret_access_key = {MARKER}\n\
         aws_session_token = {MARKER}\n[profile r]\nrole_arn = arn:aws:iam::1:role/a\n\
         source_profile = default\n"
    );
    let place = Place::new().config(&config);
    let settings = place.at(&cloud).profile("default");
    let chain = chain(&settings);
    let lease = chain.get(noon()).await.unwrap();
    let asked = chain.ask(noon()).await;
    let error = why(&place.at(&cloud).profile("r"), "profile").await;
    let pod = pod_of_environment(Place::new()).file("token", MARKER);
    let refused = super::chain(&pod.at(&cloud)).get(noon()).await.unwrap();
    let pod_error = why(&pod.at(&cloud), "web identity").await;
    let sign_on = Place::new().config(
        "[default]\nsso_session = work\nsso_account_id = 1\nsso_role_name = a\n\
         [sso-session work]\nsso_region = eu-west-1\n",
    );
    let sign_on = signed_in(sign_on, "work", MARKER, END);
    let sign_on = why(&sign_on.at(&cloud), "profile").await;
    for text in [
        format!("{settings:?} {:?}", settings.sources()),
        format!("{chain:?} {lease:?} {asked:?} {:?}", lease.credentials),
        error,
        format!("{refused:?} {pod_error}"),
        sign_on,
    ] {
        assert!(!text.contains(MARKER), "{text}");
    }
    assert!(
        pod_error.contains("InvalidIdentityToken: bad token"),
        "{pod_error}"
    );
}
