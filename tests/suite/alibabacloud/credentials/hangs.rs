//! Tests of sources and services that never end.

use super::*;

/// Checks that the chain continues after sources that hang, flood or are not text.
#[cfg(unix)]
#[tokio::test(start_paused = true)]
async fn what_never_ends_lets_the_next_try() {
    let pipe = |place: Place, name: &str| {
        let path = place.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let made = std::process::Command::new("mkfifo").arg(&path).status();
        assert!(made.unwrap().success());
        place
    };
    let token = |place: Place, file: &str| {
        let file = place.path(file).display().to_string();
        place
            .set("ALIBABA_CLOUD_ROLE_ARN", "arn")
            .set("ALIBABA_CLOUD_OIDC_PROVIDER_ARN", "provider")
            .set("ALIBABA_CLOUD_OIDC_TOKEN_FILE", file)
    };
    let command = |line: &str| {
        let profile = json!({ "name": "default", "mode": "External", "process_command": line });
        Place::new().cli(json!([profile]))
    };
    let long = "x".repeat((1 << 20) + 1);
    let deep = format!("{{\"profiles\":{}", "[".repeat(500_000));
    for (place, source, says) in [
        (
            pipe(Place::new(), CLI),
            "CLI profile",
            "config.json: no end of file within 5 s",
        ),
        (
            token(pipe(Place::new(), "token"), "token"),
            "OIDC",
            "token: no end of file within 5 s",
        ),
        (token(Place::new(), "."), "OIDC", "it is a directory"),
        (
            Place::new().set("ALIBABA_CLOUD_CONFIG_FILE", "/dev/zero"),
            "CLI profile",
            "cannot read /dev/zero: it is a device",
        ),
        (
            Place::new().file(CLI, &long),
            "CLI profile",
            "it is longer than 1 MiB",
        ),
        (
            Place::new().file(CLI, deep),
            "CLI profile",
            "recursion limit exceeded",
        ),
        (
            command("sleep 1000"),
            "CLI profile",
            "command sleep: not done after 60 s",
        ),
        (
            Place::new()
                .set("ALIBABA_CLOUD_ACCESS_KEY_ID", "a")
                .set("ALIBABA_CLOUD_ACCESS_KEY_SECRET", &long[..100_000]),
            "environment",
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET is 100000 bytes long",
        ),
    ] {
        let place = place.file(GO_INI, ini_key("default"));
        let chain = Credentials::default_chain(&place.settings());
        assert!(chain.get(noon()).await.is_ok(), "{says}");
        let asked = chain.ask(noon()).await;
        let asked = asked.iter().find(|asked| asked.source == source).unwrap();
        let why = asked.outcome.as_ref().unwrap_err().to_string();
        assert!(why.contains(says) && !why.contains("hush"), "{why}");
        assert!(why.len() < 1100, "{} bytes", why.len());
    }
}

#[tokio::test]
async fn services_that_never_end_let_the_next_try() {
    let endless = Hostile::start(|_| Reply::Endless(vec![b' '; 4096])).await;
    let hanging = Hostile::start(|_| Reply::Hang).await;
    let dripping =
        Hostile::start(|_| Reply::Drip(vec![b' '; 100_000], Duration::from_millis(20))).await;
    let uri = |server: &Hostile| {
        let place = Place::new().set("ALIBABA_CLOUD_CREDENTIALS_URI", server.endpoint());
        place.set("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "true")
    };
    let role = Place::new().cli(json!([with_key(json!({
        "name": "default", "mode": "RamRoleArn", "ram_role_arn": "arn",
    }))]));
    let checks = [
        (
            uri(&endless).settings(),
            "credentials URI",
            "the answer is too long",
        ),
        (
            Place::new()
                .settings()
                .metadata_endpoint(endless.endpoint()),
            "ECS metadata",
            "the answer is too long",
        ),
        (
            Place::new()
                .settings()
                .metadata_endpoint(hanging.endpoint()),
            "ECS metadata",
            "no answer in time",
        ),
        (
            Place::new()
                .settings()
                .metadata_endpoint(dripping.endpoint()),
            "ECS metadata",
            "no answer in time",
        ),
        (
            role.settings().sts_endpoint(endless.endpoint()),
            "CLI profile",
            "the answer is longer than 1048576 bytes",
        ),
    ];
    join_all(checks.iter().map(|(settings, source, says)| async move {
        let why = why(settings, source).await;
        assert!(why.contains(says), "{why}");
    }))
    .await;
}
