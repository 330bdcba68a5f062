use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::remote::is_for_published_keys;
use super::{Response, Trial};
use crate::digest::sha256_hex;
use crate::message::Request;
use crate::sides::alibabacloud::signature;
use crate::spec;
use crate::world;

const SIGNED: [&str; 6] = [
    "host",
    "x-acs-action",
    "x-acs-content-sha256",
    "x-acs-date",
    "x-acs-signature-nonce",
    "x-acs-version",
];

/// Change of a valid request, before or after it is signed.
type Change = fn(&mut Request);

fn set(request: &mut Request, name: &'static str, value: &str) {
    request.headers.insert(name, value.parse().unwrap());
}

fn dated(request: &mut Request, date: Timestamp) {
    set(
        request,
        "x-acs-date",
        &date.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
    );
}

impl Trial {
    pub(super) fn alibaba(&self, target: &str, nonce: &str) -> Request {
        let mut request = self.request("POST", target, "");
        dated(&mut request, self.now());
        for (name, value) in [
            ("x-acs-action", "ListRepoSyncTask"),
            ("x-acs-version", "2018-12-01"),
            ("x-acs-signature-nonce", nonce),
            ("x-acs-content-sha256", &sha256_hex(b"")),
        ] {
            set(&mut request, name, value);
        }
        request
    }

    pub(super) async fn signed(&self, target: &str, mut request: Request) -> Response {
        let key = world::alibabacloud::ACCESS_KEY_ID;
        signature::sign(
            &mut request,
            key,
            world::alibabacloud::ACCESS_KEY_SECRET,
            &SIGNED,
        );
        self.send(target, &request).await
    }

    async fn list(&self, query: &str) -> Value {
        let target = format!("/?{query}");
        let nonce = format!("nonce of {query}");
        let response = self.signed(&target, self.alibaba(&target, &nonce)).await;
        assert_eq!(response.status, 200, "{query} {}", response.body);
        response.body
    }
}

#[tokio::test]
async fn the_vendors_example_comes_back_value_for_value() {
    let trial = Trial::start().await;
    let instance = world::alibabacloud::INSTANCE_ID;
    let mut answer = trial.list(&format!("InstanceId={instance}")).await;
    let mut example = spec::named("alibabacloud-cr/cr")
        .unwrap()
        .operation("ListRepoSyncTask")
        .unwrap()
        .example
        .clone();
    let id = answer["RequestId"].take();
    assert_eq!(id.as_str().unwrap().len(), 36);
    example["RequestId"].take();
    assert_eq!(answer, example);
}

#[tokio::test]
async fn filters_and_pages() {
    let trial = Trial::start().await;
    let example = world::alibabacloud::INSTANCE_ID;
    let fleet = world::alibabacloud::FLEET_INSTANCE_ID;
    for (query, total, shown) in [
        (
            format!("InstanceId={example}&RepoNamespaceName=test&RepoName=test&Tag=v0.1"),
            "1",
            1,
        ),
        (
            format!("InstanceId={example}&SyncRecordId=15DEEB56-9271-4FDD-AC4D-C3A5CC2C****"),
            "1",
            1,
        ),
        (format!("InstanceId={example}&Tag=v0.2"), "0", 0),
        (format!("InstanceId={example}&Tag="), "1", 1),
        (
            format!("InstanceId={example}&SyncRecordId=crsr-7lph66uloi6h****"),
            "0",
            0,
        ),
        (format!("InstanceId={fleet}"), "1500", 30),
        (
            format!("InstanceId={fleet}&PageNo=15&PageSize=100"),
            "1500",
            100,
        ),
        (
            format!("InstanceId={fleet}&PageNo=16&PageSize=100"),
            "1500",
            0,
        ),
        (
            format!("InstanceId={fleet}&PageNo=2&PageSize=1000"),
            "1500",
            500,
        ),
        (
            format!("InstanceId={fleet}&PageNo=2147483647&PageSize=2147483647"),
            "1500",
            0,
        ),
        (
            format!("InstanceId={fleet}&RepoNamespaceName=team&RepoName=api&Tag=v42"),
            "3",
            3,
        ),
    ] {
        let answer = trial.list(&query).await;
        assert_eq!(answer["TotalCount"], total, "{query}");
        assert_eq!(
            answer["SyncTasks"].as_array().unwrap().len(),
            shown,
            "{query}"
        );
    }
}

#[tokio::test]
async fn a_batch_is_one_image_to_every_region() {
    let trial = Trial::start().await;
    let fleet = world::alibabacloud::FLEET_INSTANCE_ID;
    let page = trial.list(&format!("InstanceId={fleet}&PageSize=1")).await;
    let batch = page["SyncTasks"][0]["SyncBatchTaskId"].as_str().unwrap();
    let page = trial
        .list(&format!("InstanceId={fleet}&SyncRecordId={batch}"))
        .await;
    assert_eq!(page["TotalCount"], "3");
}

#[tokio::test]
async fn an_unknown_instance_is_a_failure_with_status_200() {
    let trial = Trial::start().await;
    let mut answer = trial.list("InstanceId=cri-nowhere").await;
    answer["RequestId"].take();
    let expected = json!({"RequestId": null, "Code": "INSTANCE_NOT_EXIST", "IsSuccess": false});
    assert_eq!(answer, expected);
}

#[tokio::test]
async fn refusals() {
    let trial = Trial::start().await;
    let unchanged: Change = |_| {};
    let cases: [(&str, &str, Change, Change, u16, &str); 16] = [
        (
            "no instance",
            "/",
            unchanged,
            unchanged,
            400,
            "MissingInstanceId",
        ),
        (
            "empty instance",
            "/?InstanceId=",
            unchanged,
            unchanged,
            400,
            "MissingInstanceId",
        ),
        (
            "page 0",
            "/?InstanceId=a&PageNo=0",
            unchanged,
            unchanged,
            400,
            "InvalidParameter",
        ),
        (
            "page x",
            "/?InstanceId=a&PageNo=x",
            unchanged,
            unchanged,
            400,
            "InvalidParameter",
        ),
        (
            "action",
            "/",
            |request| set(request, "x-acs-action", "ListNothing"),
            unchanged,
            404,
            "InvalidAction.NotFound",
        ),
        (
            "path",
            "/ListRepoSyncTask",
            unchanged,
            unchanged,
            404,
            "InvalidAction.NotFound",
        ),
        (
            "no action",
            "/",
            unchanged,
            |request| {
                request.headers.remove("x-acs-action");
            },
            400,
            "MissingAction",
        ),
        (
            "version",
            "/",
            |request| set(request, "x-acs-version", "2016-06-07"),
            unchanged,
            400,
            "InvalidVersion",
        ),
        (
            "method",
            "/",
            |request| request.method = hyper::Method::GET,
            unchanged,
            405,
            "UnsupportedHTTPMethod",
        ),
        (
            "no nonce",
            "/",
            |request| {
                request.headers.remove("x-acs-signature-nonce");
            },
            unchanged,
            400,
            "MissingSignatureNonce",
        ),
        (
            "date",
            "/",
            |request| set(request, "x-acs-date", "20 November"),
            unchanged,
            400,
            "InvalidTimeStamp.Format",
        ),
        (
            "another body",
            "/",
            unchanged,
            |request| request.body = "a".into(),
            400,
            "InvalidContentSha256",
        ),
        (
            "another header",
            "/",
            unchanged,
            |request| set(request, "x-acs-signature-nonce", "another"),
            400,
            "SignatureDoesNotMatch",
        ),
        (
            "security token",
            "/",
            |request| set(request, "x-acs-security-token", "abc"),
            unchanged,
            400,
            "InvalidSecurityToken.MismatchWithAccessKey",
        ),
        (
            "no authorization",
            "/",
            unchanged,
            |request| {
                request.headers.remove("authorization");
            },
            400,
            "MissingAccessKeyId",
        ),
        (
            "half an authorization",
            "/",
            unchanged,
            |request| set(request, "authorization", "ACS3-HMAC-SHA256 Credential=a"),
            400,
            "IncompleteSignature",
        ),
    ];
    for (name, target, before, after, status, code) in cases {
        let mut request = trial.alibaba(target, name);
        before(&mut request);
        let key = world::alibabacloud::ACCESS_KEY_ID;
        let secret = world::alibabacloud::ACCESS_KEY_SECRET;
        signature::sign(&mut request, key, secret, &SIGNED);
        after(&mut request);
        let response = trial.send(target, &request).await;
        assert_eq!(response.body["Code"], code, "{name} {}", response.body);
        assert_eq!(response.status, status, "{name}");
        assert_eq!(response.body["HostId"], trial.host(), "{name}");
        let id = response.header("x-acs-request-id").unwrap();
        assert_eq!(response.body["RequestId"], id, "{name}");
    }
}

#[tokio::test]
async fn keys_are_checked() {
    let trial = Trial::start().await;
    let key = world::alibabacloud::ACCESS_KEY_ID;
    let secret = world::alibabacloud::ACCESS_KEY_SECRET;
    let without_nonce = [&SIGNED[..4], &SIGNED[5..]].concat();
    for (key, secret, headers, status, code) in [
        (
            "nobody",
            secret,
            &SIGNED as &[&str],
            404,
            "InvalidAccessKeyId.NotFound",
        ),
        (key, "wrong", &SIGNED, 400, "SignatureDoesNotMatch"),
        (key, secret, &without_nonce, 400, "IncompleteSignature"),
    ] {
        let mut request = trial.alibaba("/", "nonce");
        signature::sign(&mut request, key, secret, headers);
        let response = trial.send("/", &request).await;
        assert_eq!(
            (response.status, &response.body["Code"]),
            (status, &Value::from(code))
        );
    }
}

#[tokio::test]
async fn a_nonce_is_used_up_by_a_right_signature_only() {
    let trial = Trial::start().await;
    let target = "/?InstanceId=cri-nowhere";
    let mut forged = trial.alibaba(target, "nonce");
    signature::sign(
        &mut forged,
        world::alibabacloud::ACCESS_KEY_ID,
        "wrong",
        &SIGNED,
    );
    assert_eq!(trial.send(target, &forged).await.status, 400);
    let first = trial.signed(target, trial.alibaba(target, "nonce")).await;
    assert_eq!(first.status, 200);
    let again = trial.signed(target, trial.alibaba(target, "nonce")).await;
    assert_eq!(
        (again.status, &again.body["Code"]),
        (400, &Value::from("SignatureNonceUsed"))
    );
}

#[tokio::test]
async fn a_date_is_good_for_a_quarter_of_an_hour() {
    let trial = Trial::start().await;
    for (off, status) in [(-901, 400), (-900, 200), (900, 200), (901, 400)] {
        let target = "/?InstanceId=cri-nowhere";
        let mut request = trial.alibaba(target, &format!("{off}"));
        dated(&mut request, trial.now() + SignedDuration::from_secs(off));
        let response = trial.signed(target, request).await;
        assert_eq!(response.status, status, "{off}");
        if status != 200 {
            assert_eq!(response.body["Code"], "InvalidTimeStamp.Expired");
        }
    }
}

#[tokio::test]
async fn a_plus_in_the_query_is_a_blank() {
    let trial = Trial::start().await;
    let target = "/?InstanceId=cri+no%20where";
    let response = trial.signed(target, trial.alibaba(target, "nonce")).await;
    assert_eq!(response.status, 200);
    let received = trial.sandbox.received();
    assert_eq!(received[0].parameters["InstanceId"], "cri no where");
}

#[tokio::test]
async fn every_call_of_the_specs_is_answered() {
    let trial = Trial::start().await;
    for name in ["alibabacloud-cr/cr", "alibabacloud-cr/sts"] {
        let spec = spec::named(name).unwrap();
        for operation in &spec.operations {
            let target = "/?InstanceId=cri-nowhere";
            let mut request = trial.alibaba(target, &operation.id);
            set(&mut request, "x-acs-action", &operation.id);
            set(&mut request, "x-acs-version", &spec.version);
            let response = trial.signed(target, request).await;
            let code = response.body["Code"].as_str().unwrap_or_default();
            let reached = !code.starts_with("Invalid");
            assert!(reached, "{} {}", operation.id, response.body);
        }
    }
}

#[tokio::test]
async fn a_temporary_key_goes_with_its_token_until_it_ends() {
    let trial = Trial::start().await;
    let hand_out = async || {
        let path = world::alibabacloud::CREDENTIALS_URI_PATH;
        let request = trial.request("GET", path, "");
        trial.send(path, &request).await.body
    };
    let (key, other) = (hand_out().await, hand_out().await);
    assert_ne!(key["AccessKeyId"], other["AccessKeyId"]);
    assert_eq!(key["Expiration"], "2026-11-20T09:00:00Z");
    let token = key["SecurityToken"].as_str().unwrap();
    let foreign = other["SecurityToken"].as_str().unwrap();

    let signed = [&SIGNED as &[&str], &["x-acs-security-token"]].concat();
    let call = async |nonce: &str, id: &str, token: Option<&str>, signed: &[&str]| {
        let target = "/?InstanceId=cri-nowhere";
        let mut request = trial.alibaba(target, nonce);
        if let Some(token) = token {
            set(&mut request, "x-acs-security-token", token);
        }
        let secret = key["AccessKeySecret"].as_str().unwrap();
        signature::sign(&mut request, id, secret, signed);
        let response = trial.send(target, &request).await;
        response.body["Code"].as_str().unwrap().to_owned()
    };
    let id = key["AccessKeyId"].as_str().unwrap();
    // The service's own refusal: the front let the call pass.
    let passed = "INSTANCE_NOT_EXIST";
    assert_eq!(call("1", id, Some(token), &signed).await, passed);
    for (nonce, id, token, headers, code) in [
        ("2", id, None, &SIGNED as &[&str], "MissingSecurityToken"),
        (
            "3",
            id,
            Some("made-up"),
            &signed,
            "InvalidSecurityToken.Malformed",
        ),
        (
            "4",
            id,
            Some(foreign),
            &signed,
            "InvalidSecurityToken.MismatchWithAccessKey",
        ),
        ("5", id, Some(token), &SIGNED, "IncompleteSignature"),
        (
            "6",
            "STS.unknown",
            Some(token),
            &signed,
            "InvalidAccessKeyId.NotFound",
        ),
    ] {
        assert_eq!(call(nonce, id, token, headers).await, code, "{nonce}");
    }
    trial.pass(SignedDuration::from_secs(3599));
    assert_eq!(call("7", id, Some(token), &signed).await, passed);
    trial.pass(SignedDuration::from_secs(1));
    let expired = call("8", id, Some(token), &signed).await;
    assert_eq!(expired, "InvalidSecurityToken.Expired");
}

#[tokio::test]
async fn a_login_ends_with_the_temporary_key_it_was_asked_with() {
    let trial = Trial::start().await;
    let path = world::alibabacloud::CREDENTIALS_URI_PATH;
    let key = trial.send(path, &trial.request("GET", path, "")).await.body;
    trial.pass(SignedDuration::from_mins(20));
    let target = format!(
        "/?InstanceId={}&ExpiresInHours=24",
        world::alibabacloud::INSTANCE_ID
    );
    let mut request = trial.alibaba(&target, "nonce");
    set(&mut request, "x-acs-action", "GetAuthorizationToken");
    let text = |name: &str| key[name].as_str().unwrap();
    set(&mut request, "x-acs-security-token", text("SecurityToken"));
    let signed = [&SIGNED as &[&str], &["x-acs-security-token"]].concat();
    let (id, secret) = (text("AccessKeyId"), text("AccessKeySecret"));
    signature::sign(&mut request, id, secret, &signed);
    let login = trial.send(&target, &request).await.body;
    let end: Timestamp = text("Expiration").parse().unwrap();
    assert_eq!(login["ExpireTime"], end.as_millisecond(), "{login}");
}

#[tokio::test]
async fn services_that_hand_out_keys_are_for_published_keys() {
    let ttl = "x-aliyun-ecs-metadata-token-ttl-seconds: 60";
    is_for_published_keys("PUT", "/latest/api/token", ttl).await;
    let paths = [
        world::alibabacloud::CREDENTIALS_URI_PATH,
        "/latest/meta-data/ram/security-credentials/",
    ];
    for path in paths {
        is_for_published_keys("GET", path, "accept: */*").await;
    }
}
