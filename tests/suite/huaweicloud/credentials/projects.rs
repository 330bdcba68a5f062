//! Tests of the project that credentials are for.

use super::*;

#[tokio::test]
async fn a_profile_speaks_for_a_project_or_the_account() {
    let trial = Trial::start().await;
    let recorder = Recorder::json("[]").await;
    // The secret contains characters that begin comments.
    let secret = "a#b;c=d:e%f";
    let key = || AccessKey::new("AK", secret);
    for (text, same) in [
        (
            format!("# by hand\n[basic]\nAK: AK\nsk = {secret}\nproject_id = p\ndomain_id = d\n"),
            key().project_id("p"),
        ),
        (
            format!("\u{feff}[basic]\r\nak=AK\r\nsk={secret}\r\nsecurity_token=st\r\n"),
            key().security_token("st"),
        ),
        (
            format!("[global]\nak = AK\nsk = {secret}\nproject_id = p\ndomain_id = d\n"),
            key().domain_id("d"),
        ),
        (
            format!("[global]\nak = other\nsk = other\n[basic]\nak = AK\nsk = {secret}\n"),
            key(),
        ),
    ] {
        let file = trial.file("profile", &text);
        let source = Profile::new(&trial.settings(&[(FILE, &file)]));
        let lease = source.load(noon()).await.unwrap();
        assert_eq!(lease.expires, None);
        let provider = Huaweicloud::new(lease.credentials);
        let expected = sent(&trial, &recorder, Huaweicloud::new(same)).await;
        assert_eq!(sent(&trial, &recorder, provider).await, expected, "{text}");
    }
}

#[tokio::test]
async fn variables_say_what_temporary_keys_speak_for() {
    let trial = Trial::start().await;
    let (id_token, endpoint) = (trial.id_token(), trial.sandbox.endpoint());
    let settings = trial.settings(&[
        (IDP_ID, world::huaweicloud::IAM_IDP_ID),
        (ID_TOKEN_FILE, &id_token),
        (IAM, &endpoint),
        ("HUAWEICLOUD_SDK_PROJECT_ID", "p"),
    ]);
    let sources: [Box<dyn Source<Credentials>>; 2] = [
        Box::new(Oidc::new(&settings)),
        Box::new(Metadata::new(&settings)),
    ];
    for source in sources {
        let lease = source.load(noon()).await.unwrap();
        assert_eq!(lease.credentials.project_id(), Some("p"), "{source:?}");
    }
}

#[tokio::test]
async fn a_provider_speaks_for_the_project_that_it_is_told() {
    let trial = Trial::start().await;
    let recorder = Recorder::json("[]").await;
    for (key, told) in [
        (AccessKey::new("AK", "SK"), "p"),
        (AccessKey::new("AK", "SK").project_id("another"), "p"),
        (AccessKey::new("AK", "SK").domain_id("d"), "p"),
    ] {
        let same = Huaweicloud::new(AccessKey::new("AK", "SK").project_id(told));
        let expected = sent(&trial, &recorder, same).await;
        let provider = Huaweicloud::new(key).project_id(told);
        assert_eq!(sent(&trial, &recorder, provider).await, expected);
        assert!(expected.contains("x-project-id: p\n"), "{expected}");
    }
}

#[tokio::test]
async fn a_project_is_looked_up_once() {
    let trial = Trial::start().await;
    let key = Credentials::from(clients::sandbox_key(&trial.sandbox));
    let client = iam::Client::new(trial.context(Huaweicloud::new(key.clone())));
    let projects = Projects::new();
    let region = world::huaweicloud::REGION;
    let ids = (0..4).map(|_| projects.id(&client, &key, region));
    for id in try_join_all(ids).await.unwrap() {
        assert_eq!(id, world::huaweicloud::PROJECT_ID);
    }
    let asked = || trial.asked("/v3/projects");
    assert_eq!(asked(), 1);
    let elsewhere = projects.id(&client, &key, "cn-east-3").await.unwrap();
    assert_ne!(elsewhere, world::huaweicloud::PROJECT_ID);
    assert_eq!(asked(), 2);
    let other = AccessKey::new("another", "key").into();
    projects.id(&client, &other, region).await.unwrap();
    assert_eq!(asked(), 3, "another key may have another account");
    let token = Credentials::Token("MII".into());
    for asked_before in [3, 4] {
        assert_eq!(asked(), asked_before);
        projects.id(&client, &token, region).await.unwrap();
    }

    for asked_before in [5, 6] {
        assert_eq!(asked(), asked_before, "what was not found is not kept");
        let error = projects.id(&client, &key, "mars").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert_eq!(
            error.to_string(),
            "no project named mars is visible to these credentials; check the region or pass the \
             project's id"
        );
    }
    let several = Recorder::json(r#"{"projects":[{"id":"a"},{"id":"b"},{"id":"c"}]}"#).await;
    let client = clients::iam(several.endpoint());
    let error = projects.id(&client, &key, "cn-north-1").await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the account has 3 projects named cn-north-1, a and b and c; pass the id of one"
    );
}
