//! Tests of commands that print keys.

use super::*;

fn script(place: Place, text: &str) -> Place {
    let path = place.path("keys.sh");
    let place = place.file("keys.sh", format!("{text}\n"));
    let command = format!("sh '{}' --for 'the registry'", path.display());
    place.cli(json!([{ "name": "default", "mode": "External", "process_command": command }]))
}

fn printed(value: &Value) -> Place {
    // A quoted argument arrives whole.
    let text = format!("[ \"$2\" = 'the registry' ] || exit 1\ncat <<'END'\n{value}\nEND");
    script(Place::new(), &text)
}

#[tokio::test]
async fn a_command_prints_keys() {
    let trial = Trial::start().await;
    let key = with_key(json!({ "mode": "AK" }));
    check(&trial, &printed(&key), "CLI profile", USER).await;
    let lease = trial.chain(&printed(&key)).get(noon()).await.unwrap();
    assert_eq!(lease.expires, None);

    let mut key = trial.temporary_key().await;
    let uri = session("sandbox-uri-role", "sandbox-instance");
    check(&trial, &printed(&key), "CLI profile", &uri).await;
    // Nobody says how long it is good, so the command is run again.
    let lease = trial.chain(&printed(&key)).get(noon()).await.unwrap();
    let half_an_hour = noon() + Duration::from_secs(30 * 60);
    assert_eq!(lease.expires, Some(half_an_hour));
    key["expiration"] = json!("2026-11-22T12:45:00Z");
    let lease = trial.chain(&printed(&key)).get(noon()).await.unwrap();
    assert_eq!(lease.expires, Some("2026-11-22T12:45:00Z".parse().unwrap()));
}

#[tokio::test]
async fn a_command_that_fails_says_why_but_not_what_it_printed() {
    let mut text = String::new();
    for place in [
        script(
            Place::new(),
            &format!("echo {MARKER} >&2; echo {MARKER}; exit 3"),
        ),
        script(Place::new(), &format!("echo {MARKER}")),
        printed(&json!({ "mode": "AK", "access_key_secret": MARKER })),
        printed(&json!({ "mode": "StsToken", "access_key_id": "a", "access_key_secret": "b" })),
        printed(&json!({
            "access_key_id": "a", "access_key_secret": MARKER, "expiration": MARKER,
        })),
    ] {
        let why = why(&place.settings(), "CLI profile").await;
        text.push_str(&format!("{}\n", why.replace(&home(&place), "HOME")));
    }
    assert!(!text.contains(MARKER), "{text}");
    assert_snapshot!(text);
}

#[tokio::test]
async fn a_command_that_prints_for_ever_lets_the_next_try() {
    let place = script(Place::new(), "exec yes hush").file(GO_INI, ini_key("default"));
    let why = why(&place.settings(), "CLI profile").await;
    assert!(
        why.ends_with("command sh: it prints more than 1 MiB"),
        "{why}"
    );
    let chain = Credentials::default_chain(&place.settings());
    assert!(chain.get(noon()).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_command_that_does_not_end_is_not_waited_for() {
    let place = script(Place::new(), "exec sleep 1000");
    let why = why(&place.settings(), "CLI profile").await;
    assert!(why.ends_with("command sh: not done after 60 s"), "{why}");
}
