//! Tests of sources and look-ups that never end.

use super::*;

#[tokio::test]
async fn a_lookup_that_is_not_polled_any_more_holds_up_no_other() {
    let iam = Hostile::start(|_| Reply::json(r#"{"projects":[{"id":"a"}]}"#)).await;
    let client = clients::iam(iam.endpoint());
    let key = AccessKey::new("a", "key").into();
    let projects = Projects::new();
    let mut first = Box::pin(projects.id(&client, &key, "cn-north-1"));
    tokio::select! {
        biased;
        () = iam.received(1) => {}
        _ = &mut first => panic!("the answer has not come yet"),
    }
    let second = projects.id(&client, &key, "cn-north-1");
    let second = tokio::time::timeout(Duration::from_secs(5), second).await;
    assert_eq!(second.unwrap().unwrap(), "a");
    assert_eq!(first.await.unwrap(), "a");
    assert_eq!(iam.count(), 1);
}

/// Checks that the chain continues after sources that flood or are not text.
#[tokio::test]
async fn what_never_ends_lets_the_next_try() {
    let trial = Trial::start().await;
    let id_token = trial.id_token();
    let long = trial.file("long", &"x".repeat((1 << 20) + 1));
    let many = trial.file("many", &"[basic]\nak=a\n".repeat(70_000));
    let endless = Hostile::start(|_| Reply::Endless(vec![b' '; 4096])).await;
    let value = "x".repeat(100_000);
    let folder = trial.home.path().to_str().unwrap();
    for (variables, index, says) in [
        (vec![(FILE, folder)], 2, "it is a directory"),
        (
            vec![(IDP_ID, "idp"), (ID_TOKEN_FILE, folder)],
            0,
            "it is a directory",
        ),
        (vec![(FILE, &long)], 2, "it is longer than 1 MiB"),
        (
            vec![(FILE, &many)],
            2,
            "ak is set, but sk is not: set both or neither",
        ),
        (
            vec![(AK, "a"), (SK, &value)],
            1,
            "HUAWEICLOUD_SDK_SK is 100000 bytes long",
        ),
        (
            vec![
                (IDP_ID, "idp"),
                (ID_TOKEN_FILE, &id_token),
                (IAM, endless.endpoint()),
            ],
            0,
            "the answer is longer than 1048576 bytes",
        ),
    ] {
        let chain = Credentials::default_chain(&trial.settings(&variables));
        let asked = chain.ask(noon()).await;
        let why = asked[index].outcome.as_ref().unwrap_err().to_string();
        assert!(why.contains(says), "{why}");
        assert_eq!(asked.last().unwrap().source, "instance metadata");
        assert!(asked.last().unwrap().outcome.is_ok(), "{asked:?}");
    }
}

#[tokio::test]
async fn a_metadata_service_that_never_ends_says_so() {
    let trial = Trial::start().await;
    for (reply, says) in [
        (
            Reply::Endless(vec![b' '; 4096]),
            "failed: http://HOST/meta-data/latest/api/token: the answer is too long",
        ),
        (
            Reply::Hang,
            "failed: http://HOST/meta-data/latest/api/token: no answer in time",
        ),
    ] {
        let server = Hostile::start(move |_| reply.clone()).await;
        let settings = trial.settings(&[]).metadata_endpoint(server.endpoint());
        let text = reason(&trial, Metadata::new(&settings)).await;
        assert_eq!(text.replace(server.host(), "HOST"), says);
    }
}

/// Checks that the chain continues after pipes without a writer, and after a device.
#[cfg(unix)]
#[tokio::test(start_paused = true)]
async fn a_file_that_never_ends_lets_the_next_try() {
    let trial = Trial::start().await;
    let pipe = trial.home.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    for (file, says) in [
        (pipe.to_str().unwrap(), "no end of file within 5 s"),
        ("/dev/zero", "it is a device"),
    ] {
        let variables = [(IDP_ID, "idp"), (ID_TOKEN_FILE, file), (AK, "a"), (SK, "s")];
        let chain = Credentials::default_chain(&trial.settings(&variables));
        let asked = chain.ask(noon()).await;
        let why = asked[0].outcome.as_ref().unwrap_err().to_string();
        assert!(why.contains(says), "{why}");
        assert_eq!(asked[1].source, "environment");
        assert!(asked[1].outcome.is_ok(), "{asked:?}");
        let settings = trial.settings(&[(FILE, file)]);
        let text = reason(&trial, Profile::new(&settings)).await;
        assert!(text.ends_with(says), "{text}");
    }
}
