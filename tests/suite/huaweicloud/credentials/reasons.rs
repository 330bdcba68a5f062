//! Tests of why sources have no credentials.

use super::*;

#[tokio::test]
async fn one_that_fails_lets_the_next_try() {
    let trial = Trial::start().await;
    trial.file(".huaweicloud/credentials", "[basic]\nak = only\n");
    let settings = trial.settings(&[(IDP_ID, "idp"), (SK, MARKER)]);
    let chain = Credentials::default_chain(&settings);
    let asked = chain.ask(noon()).await;
    let reasons: Vec<String> = asked
        .iter()
        .map(|asked| match &asked.outcome {
            Ok(ends) => format!("{}: until {}", asked.source, ends.unwrap()),
            Err(SourceError::Failed(why)) => format!("{}: failed: {why}", asked.source),
            Err(why) => format!("{}: {why}", asked.source),
        })
        .collect();
    assert_snapshot!("next", trial.redacted(&reasons.join("\n")));
    assert!(chain.get(noon()).await.is_ok());
}

#[tokio::test]
async fn when_none_answers_each_is_listed_in_order() {
    let trial = Trial::start().await;
    let settings = trial.settings(&[]).metadata_endpoint(NOWHERE);
    let chain = Arc::new(Credentials::default_chain(&settings));
    let provider = Huaweicloud::with_chain(chain);
    let error = trial.call(&provider).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Credentials);
    assert_eq!(error.attempts(), 0);
    assert_snapshot!("none", trial.redacted(&error.to_string()));
}

#[tokio::test]
async fn openid_connect_says_why_it_has_none() {
    let trial = Trial::start().await;
    let (id_token, empty) = (trial.id_token(), trial.file("empty", " \n"));
    let forged = trial.file("forged", MARKER);
    let missing = trial.home.path().join("missing");
    let missing = missing.to_str().unwrap();
    let endpoint = trial.sandbox.endpoint();
    let idp = world::huaweicloud::IAM_IDP_ID;
    let mut reasons = Vec::new();
    for (idp, file, iam) in [
        ("", "", endpoint.as_str()),
        (idp, "", &endpoint),
        ("", &id_token, &endpoint),
        (idp, missing, &endpoint),
        (idp, &empty, &endpoint),
        (idp, &forged, &endpoint),
        ("another", &id_token, &endpoint),
        (idp, &id_token, NOWHERE),
        (idp, &id_token, "nowhere"),
        (idp, &id_token, "http://iam.example"),
    ] {
        let settings = trial.settings(&[(IDP_ID, idp), (ID_TOKEN_FILE, file), (IAM, iam)]);
        let text = reason(&trial, Oidc::new(&settings)).await;
        // Of the service's own ids there is no telling.
        reasons.push(text.split(" (request id").next().unwrap().to_owned());
    }
    assert_snapshot!("openid-connect", reasons.join("\n"));

    for (answer, says) in [
        ("{}", "the answer lacks one of access"),
        (
            r#"{"credential":"MARKED-SECRET"}"#,
            "the answer is not the JSON of a key",
        ),
        (MARKER, "the answer is not what was expected"),
    ] {
        let recorder = Recorder::start(201, &[("x-subject-token", "MII")], answer).await;
        let settings = trial.settings(&[
            (IDP_ID, idp),
            (ID_TOKEN_FILE, &id_token),
            (IAM, recorder.endpoint()),
        ]);
        let text = reason(&trial, Oidc::new(&settings)).await;
        assert!(text.contains(says), "{text}");
    }
    let recorder = Recorder::start(201, &[], "{}").await;
    let settings = trial.settings(&[
        (IDP_ID, idp),
        (ID_TOKEN_FILE, &id_token),
        (IAM, recorder.endpoint()),
    ]);
    assert_eq!(
        reason(&trial, Oidc::new(&settings)).await,
        "failed: IAM's answer has no token in X-Subject-Token"
    );
}

#[tokio::test]
async fn a_profile_says_why_it_has_none() {
    let trial = Trial::start().await;
    let mut reasons = Vec::new();
    for text in [
        format!("[basic\nsk = {MARKER}"),
        format!("[basic]\nak = a\nsk = {MARKER}\n= {MARKER}"),
        format!("[basic]\nak = a\n{MARKER}"),
        format!("sk = {MARKER}\n[other]\nsk = {MARKER}"),
        format!("[basic]\nproject_id = p\n[global]\nak = a\nsk = {MARKER}"),
        "[basic]\nak = a\nsk =\n".to_owned(),
        format!("[global]\nsk = {MARKER}"),
        format!("[basic]\nidp_id = idp\nak = a\nsk = {MARKER}"),
        "[basic]\nidp_id = idp\nid_token_file = /nowhere/token\n".to_owned(),
    ] {
        trial.file(".huaweicloud/credentials", &text);
        reasons.push(reason(&trial, Profile::new(&trial.settings(&[]))).await);
    }
    let named = trial.home.path().join("named");
    let settings = trial.settings(&[(FILE, named.to_str().unwrap())]);
    reasons.push(reason(&trial, Profile::new(&settings)).await);
    let homeless = trial.settings(&[]).surroundings(surroundings(&[]));
    reasons.push(reason(&trial, Profile::new(&homeless)).await);
    let directory = trial.settings(&[(FILE, trial.home.path().to_str().unwrap())]);
    let unreadable = reason(&trial, Profile::new(&directory)).await;
    assert!(unreadable.contains("cannot read HOME"), "{unreadable}");
    assert_snapshot!("profile", reasons.join("\n"));
}

#[tokio::test]
async fn the_metadata_service_says_why_it_has_none() {
    let trial = Trial::start().await;
    let over = r#"{"credential":{"access":"A","secret":"MARKED-SECRET","securitytoken":"T","expires_at":"2026-11-22T12:00:00.000000Z"}}"#;
    let no_agency = r#"{"message":"Please configure Cloud Service Agency first"}"#;
    let mut reasons = Vec::new();
    for (status, body, requests) in [
        (404, "", 2),
        (404, no_agency, 2),
        (500, MARKER, 1),
        (401, MARKER, 1),
        (200, MARKER, 2),
        (200, r#"{"credential":{"secret":["MARKED-SECRET"]}}"#, 2),
        (200, r#"{"credential":{"secret":"MARKED-SECRET"}}"#, 2),
        (200, over, 2),
    ] {
        let recorder = Recorder::start(status, &[], body).await;
        let settings = trial.settings(&[]).metadata_endpoint(recorder.endpoint());
        let text = reason(&trial, Metadata::new(&settings)).await;
        assert_eq!(recorder.requests().await.len(), requests, "{text}");
        reasons.push(text.replace(recorder.endpoint(), "METADATA"));
    }
    let nobody = trial.settings(&[]).metadata_endpoint(NOWHERE);
    reasons.push(reason(&trial, Metadata::new(&nobody)).await);
    assert_snapshot!("metadata", reasons.join("\n"));
}
