use jiff::SignedDuration;
use serde_json::{Value, json};

use super::remote::is_for_published_keys;
use super::{Response, Trial};
use crate::sides::huaweicloud::signature;
use crate::spec;
use crate::world;

const DATE: &str = "%Y%m%dT%H%M%SZ";

fn replication(execution: i64, query: &str) -> String {
    let (project, instance) = (
        world::huaweicloud::PROJECT_ID,
        world::huaweicloud::INSTANCE_ID,
    );
    format!("/v2/{project}/instances/{instance}/replication/executions/{execution}/tasks{query}")
}

fn retention(namespace: &str, policy: i64, execution: i64, query: &str) -> String {
    let (project, instance) = (
        world::huaweicloud::PROJECT_ID,
        world::huaweicloud::INSTANCE_ID,
    );
    format!(
        "/v2/{project}/instances/{instance}/namespaces/{namespace}\
         /retention/policies/{policy}/executions/{execution}/tasks{query}"
    )
}

fn basic(namespace: &str, repository: &str, call: &str) -> String {
    format!("/v2/manage/namespaces/{namespace}/repos/{repository}/{call}")
}

impl Trial {
    pub(super) async fn huawei(&self, method: &str, target: &str, body: String) -> Response {
        let mut request = self.request(method, target, body);
        let date = self.now().strftime(DATE).to_string();
        let (key, secret) = (
            world::huaweicloud::ACCESS_KEY,
            world::huaweicloud::SECRET_KEY,
        );
        signature::sign(&mut request, key, secret, &date);
        self.send(target, &request).await
    }

    pub(super) async fn get(&self, target: &str) -> Response {
        self.huawei("GET", target, String::new()).await
    }

    async fn with_token(&self, target: &str, token: &str) -> Response {
        let mut request = self.request("GET", target, "");
        request
            .headers
            .insert("x-auth-token", token.parse().unwrap());
        self.send(target, &request).await
    }

    async fn token(&self, body: &Value, query: &str) -> Response {
        let target = format!("/v3/auth/tokens{query}");
        let request = self.request("POST", &target, body.to_string());
        self.send(&target, &request).await
    }
}

fn password(name: &str, password: &str, scope: Value) -> Value {
    let domain = json!({"name": world::huaweicloud::IAM_DOMAIN});
    let user = json!({"name": name, "password": password, "domain": domain});
    let identity = json!({"methods": ["password"], "password": {"user": user}});
    json!({"auth": {"identity": identity, "scope": scope}})
}

fn ids(records: &Value) -> Vec<i64> {
    let records = records.as_array().unwrap();
    records
        .iter()
        .map(|record| record["id"].as_i64().unwrap())
        .collect()
}

#[tokio::test]
async fn the_vendors_examples_come_back_value_for_value() {
    let trial = Trial::start().await;
    let swr = spec::named("huaweicloud-swr/swr").unwrap();
    for (operation, target) in [
        (
            "ListInstanceReplicationPolicyExecTasks",
            replication(world::huaweicloud::EXAMPLE_REPLICATION_EXECUTION, ""),
        ),
        (
            "ListInstanceRetentionPolicyExecTasks",
            retention("library", 7, 113, "?status=Succeed"),
        ),
        (
            "ListImageAutoSyncReposDetails",
            basic("test", "grpc-helloworld", "sync_repo"),
        ),
        (
            "ShowSyncJob",
            basic(
                "test",
                "testrepo",
                "sync_job?filter=limit%3A%3A10%7Coffset%3A%3A0",
            ),
        ),
    ] {
        let response = trial.get(&target).await;
        assert_eq!(response.status, 200, "{operation} {}", response.body);
        assert_eq!(response.body, swr.operation(operation).unwrap().example);
        assert_eq!(response.header("x-request-id").unwrap().len(), 32);
    }
}

#[tokio::test]
async fn signatures_are_refused_as_the_gateway_does() {
    let trial = Trial::start().await;
    let target = replication(83, "");
    let now = trial.now();
    let (key, secret) = (
        world::huaweicloud::ACCESS_KEY,
        world::huaweicloud::SECRET_KEY,
    );
    let minutes = SignedDuration::from_mins;
    let second = SignedDuration::from_secs(1);
    let early = now - minutes(15) - second;
    let expired = format!(
        "calc aksk signature fail:signature expired, signature time:{},server time:{}",
        early.strftime(DATE),
        now.strftime(DATE)
    );
    for (key, secret, date, reason) in [
        (key, secret, now - minutes(15), None),
        (key, secret, now + minutes(15), None),
        (key, "wrong", now, Some("verify aksk signature fail")),
        ("UNREACHABLE", secret, now, Some("ak UNREACHABLE not exist")),
        (key, secret, early, Some(expired.as_str())),
    ] {
        let mut request = trial.request("GET", &target, "");
        signature::sign(&mut request, key, secret, &date.strftime(DATE).to_string());
        let response = trial.send(&target, &request).await;
        let Some(reason) = reason else {
            assert_eq!(response.status, 200, "{}", response.body);
            continue;
        };
        assert_eq!(response.status, 401);
        assert_eq!(response.body["error_code"], "APIGW.0301");
        let message = format!("Incorrect IAM authentication information: {reason}");
        assert_eq!(response.body["error_msg"], message);
        let id = response.header("x-request-id").unwrap();
        assert_eq!(response.body["request_id"], id);
    }
}

#[tokio::test]
async fn other_credentials_are_refused() {
    let trial = Trial::start().await;
    let target = replication(83, "");
    for (header, value, reason) in [
        ("accept", "*/*", "x-auth-token not found"),
        ("authorization", "Bearer abc", "x-auth-token not found"),
        (
            "authorization",
            "SDK-HMAC-SHA256 Access=a",
            "verify aksk signature fail",
        ),
        ("x-auth-token", "MIIforged", "decrypt token fail"),
        ("x-security-token", "abc", "decrypt security token fail"),
    ] {
        let mut request = trial.request("GET", &target, "");
        request.headers.insert(header, value.parse().unwrap());
        let response = trial.send(&target, &request).await;
        assert_eq!(response.status, 401, "{header}");
        let message = response.body["error_msg"].as_str().unwrap();
        assert!(message.ends_with(reason), "{header}: {message}");
    }
}

#[tokio::test]
async fn a_token_opens_swr_and_iam_for_a_day_but_not_sts() {
    let trial = Trial::start().await;
    let scope = json!({"project": {"name": world::huaweicloud::REGION}});
    let body = password(
        world::huaweicloud::IAM_USER,
        world::huaweicloud::IAM_PASSWORD,
        scope,
    );
    let response = trial.token(&body, "?nocatalog=true").await;
    assert_eq!(response.status, 201, "{}", response.body);
    let answer = &response.body["token"];
    assert_eq!(answer["expires_at"], "2026-11-21T08:00:00.000000Z");
    assert_eq!(answer["project"]["id"], world::huaweicloud::PROJECT_ID);
    assert_eq!(answer.get("catalog"), None);
    let token = response.header("x-subject-token").unwrap();

    assert_eq!(
        trial.with_token(&replication(83, ""), token).await.status,
        200
    );
    assert_eq!(trial.with_token("/v3/projects", token).await.status, 200);
    let sts = "/v5/decode-authorization-message";
    let mut request = trial.request("POST", sts, r#"{"encoded_message":"x"}"#);
    request
        .headers
        .insert("x-auth-token", token.parse().unwrap());
    assert_eq!(trial.send(sts, &request).await.status, 401);

    trial.pass(SignedDuration::from_hours(24));
    let late = trial.with_token(&replication(83, ""), token).await;
    assert_eq!(late.status, 401);
    let message = late.body["error_msg"].as_str().unwrap();
    assert!(
        message.contains("token expires, expires_at: 2026-11-21T08:00:00Z"),
        "{message}"
    );
}

#[tokio::test]
async fn tokens_are_refused_in_keystones_form() {
    let trial = Trial::start().await;
    let (user, secret) = (
        world::huaweicloud::IAM_USER,
        world::huaweicloud::IAM_PASSWORD,
    );
    let both = json!({"project": {"name": "cn-north-4"}, "domain": {"name": world::huaweicloud::IAM_DOMAIN}});
    for (body, status) in [
        (
            password(
                user,
                secret,
                json!({"domain": {"id": world::huaweicloud::IAM_DOMAIN_ID}}),
            ),
            201,
        ),
        (password(user, secret, Value::Null), 201),
        (password(user, "wrong", Value::Null), 401),
        (password("nobody", secret, Value::Null), 401),
        (password(user, secret, both), 400),
        (
            password(user, secret, json!({"project": {"name": "mars"}})),
            404,
        ),
        (password(user, secret, json!({"project": {}})), 404),
        (
            json!({"auth": {"identity": {"methods": ["password"]}}}),
            400,
        ),
        (json!("no object"), 400),
    ] {
        let response = trial.token(&body, "").await;
        assert_eq!(response.status, status, "{body} {}", response.body);
        if status != 201 {
            assert_eq!(response.body["error"]["code"], status);
        }
    }
    let wrong = trial.token(&password(user, "wrong", Value::Null), "").await;
    let expected = json!({"code": 401, "message": "The username or password is wrong.", "title": "Unauthorized"});
    assert_eq!(wrong.body["error"], expected);
}

#[tokio::test]
async fn projects_are_filtered_and_paged() {
    let trial = Trial::start().await;
    let domain = world::huaweicloud::IAM_DOMAIN_ID;
    for (query, names) in [
        (
            String::new(),
            &["cn-north-4", "cn-east-3", "ap-southeast-3"] as &[&str],
        ),
        ("?name=cn-north-4".into(), &["cn-north-4"]),
        ("?name=mars".into(), &[]),
        ("?enabled=false".into(), &["ap-southeast-3"]),
        (
            format!("?domain_id={domain}&enabled=true"),
            &["cn-north-4", "cn-east-3"],
        ),
        (
            format!("?parent_id={domain}&page=2&per_page=2"),
            &["ap-southeast-3"],
        ),
        ("?is_domain=true".into(), &[]),
    ] {
        let response = trial.get(&format!("/v3/projects{query}")).await;
        let projects = response.body["projects"].as_array().unwrap().iter();
        let found: Vec<_> = projects
            .map(|project| project["name"].as_str().unwrap())
            .collect();
        assert_eq!(found, names, "{query}");
    }
    let named = trial.get("/v3/projects?name=cn-north-4").await;
    assert_eq!(
        named.body["projects"][0]["id"],
        world::huaweicloud::PROJECT_ID
    );
    for query in ["?page=1", "?page=0&per_page=1", "?enabled=perhaps"] {
        let response = trial.get(&format!("/v3/projects{query}")).await;
        assert_eq!(response.status, 400, "{query}");
    }
}

#[tokio::test]
async fn pages_cover_an_execution_once() {
    let trial = Trial::start().await;
    let mut seen = Vec::new();
    for offset in (0..).step_by(100) {
        let query = format!("?offset={offset}&limit=100");
        let target = replication(world::huaweicloud::FLEET_REPLICATION_EXECUTION, &query);
        let page = trial.get(&target).await.body;
        assert_eq!(page["total"], world::huaweicloud::FLEET_REPLICATION_TASKS);
        let tasks = ids(&page["tasks"]);
        if tasks.is_empty() {
            break;
        }
        seen.extend(tasks);
    }
    let first = world::huaweicloud::FLEET_REPLICATION_FIRST_TASK;
    let last = first + world::huaweicloud::FLEET_REPLICATION_TASKS as i64;
    assert!(seen.into_iter().eq(first..last));
    let default = trial
        .get(&replication(
            world::huaweicloud::FLEET_REPLICATION_EXECUTION,
            "",
        ))
        .await;
    assert_eq!(ids(&default.body["tasks"]).len(), 10);
}

#[tokio::test]
async fn retention_tasks_are_filtered_by_state() {
    let trial = Trial::start().await;
    let (namespace, policy) = (
        world::huaweicloud::FLEET_RETENTION_NAMESPACE,
        world::huaweicloud::FLEET_RETENTION_POLICY,
    );
    let execution = world::huaweicloud::FLEET_RETENTION_EXECUTION;
    let mut total = 0;
    for status in spec::named("huaweicloud-swr/swr")
        .unwrap()
        .values("TaskStatus")
        .unwrap()
    {
        let query = format!("?status={status}");
        let page = trial
            .get(&retention(namespace, policy, execution, &query))
            .await
            .body;
        let tasks = page["tasks"].as_array().unwrap();
        assert!(!tasks.is_empty() && tasks.iter().all(|task| task["status"] == status.as_str()));
        total += page["total"].as_u64().unwrap();
    }
    assert_eq!(total, world::huaweicloud::FLEET_RETENTION_TASKS as u64);
}

#[tokio::test]
async fn enterprise_refusals() {
    let trial = Trial::start().await;
    let elsewhere = |part: &str| replication(83, "").replace(part, "elsewhere");
    for (target, status) in [
        (replication(83, "?limit=10"), 400),
        (replication(83, "?offset=15&limit=10"), 400),
        (replication(83, "?offset=0&limit=101"), 400),
        (replication(83, "?unknown=1"), 200),
        (replication(83, "").replace("/83/", "/latest/"), 400),
        (retention("library", 7, 113, "?status=Done"), 400),
        (elsewhere(world::huaweicloud::PROJECT_ID), 403),
        (elsewhere(world::huaweicloud::INSTANCE_ID), 404),
        (replication(84, ""), 404),
        (retention("nowhere", 7, 113, ""), 404),
        (retention("library", 8, 113, ""), 404),
        (retention("library", 7, 114, ""), 404),
    ] {
        let response = trial.get(&target).await;
        assert_eq!(response.status, status, "{target} {}", response.body);
        if status != 200 {
            let code = response.body["error_code"].as_str().unwrap();
            assert!(
                code.starts_with(&format!("SVCSTG.SWR.{status}")),
                "{target} {code}"
            );
            assert!(response.body["error_msg"].is_string());
        }
    }
}

#[tokio::test]
async fn sts_decodes_why_a_call_was_refused() {
    let trial = Trial::start().await;
    let target = replication(83, "").replace(world::huaweicloud::PROJECT_ID, "another");
    let refusal = trial.get(&target).await.body;
    let encoded = &refusal["encoded_authorization_message"];
    let sts = "/v5/decode-authorization-message";
    let body = json!({"encoded_message": encoded}).to_string();
    let answer = trial.huawei("POST", sts, body).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let reason = answer.body["decoded_message"].as_str().unwrap();
    let reason: Value = serde_json::from_str(reason).unwrap();
    assert_eq!(reason["allowed"], false);
    assert_eq!(reason["action"], "swr:instance:listReplicationTasks");
    for body in ["{}", "[", r#"{"encoded_message":"abc"}"#] {
        let response = trial.huawei("POST", sts, body.to_owned()).await;
        assert_eq!(response.status, 400, "{body}");
        assert!(response.body["error_code"].is_string());
    }
}

#[tokio::test]
async fn sync_jobs_are_paged_by_filter() {
    let trial = Trial::start().await;
    let total = world::huaweicloud::FLEET_BASIC_JOBS;
    for (filter, range, first) in [
        ("limit::10|offset::0", "0-10/700", 9700),
        ("limit::10|offset::0|order::desc", "0-10/700", 9700),
        ("limit::300|offset::600|order::asc", "600-100/700", 9601),
        ("limit::300|offset::700", "700-0/700", 0),
        ("limit::0|offset::0", "0-0/700", 0),
    ] {
        let filter = crate::encoding::encode(filter);
        let target = basic("team", "api", &format!("sync_job?filter={filter}"));
        let response = trial.get(&target).await;
        assert_eq!(
            response.header("content-range"),
            Some(range),
            "{filter} of {total}"
        );
        assert_eq!(
            ids(&response.body).first().copied().unwrap_or_default(),
            first
        );
    }
    for query in [
        "",
        "?filter=limit::10",
        "?filter=offset::0|limit::10",
        "?filter=limit::x|offset::0",
    ] {
        let target = basic(
            "team",
            "api",
            &format!("sync_job{}", query.replace('|', "%7C")),
        );
        let response = trial.get(&target).await;
        assert_eq!(response.status, 400, "{query}");
        assert!(response.body["errors"][0]["errorCode"].is_string());
    }
}

#[tokio::test]
async fn basic_names_and_refusals() {
    let trial = Trial::start().await;
    for (namespace, repository, status, rules) in [
        ("team", "api", 200, 3),
        ("test", "testrepo", 200, 1),
        ("team", "web$storefront", 200, 1),
        ("team", "web%24storefront", 200, 1),
        ("team", "web%2Fstorefront", 404, 0),
        ("team", "web%252Fstorefront", 404, 0),
        ("team", "nothing", 404, 0),
        ("nobody", "api", 404, 0),
        ("Team", "api", 400, 0),
        ("team-", "api", 400, 0),
    ] {
        let response = trial.get(&basic(namespace, repository, "sync_repo")).await;
        assert_eq!(
            response.status, status,
            "{namespace} {repository} {}",
            response.body
        );
        if status == 200 {
            assert_eq!(ids(&response.body).len(), rules, "{namespace} {repository}");
        } else if repository.contains("%2F") {
            assert_eq!(response.body["error_code"], "APIGW.0101");
        } else {
            assert!(response.body["errors"][0]["errorMessage"].is_string());
        }
    }
}

impl Trial {
    async fn metadata(&self, method: &str, target: &str, header: (&'static str, &str)) -> Response {
        let mut request = self.request(method, target, "");
        request.headers.insert(header.0, header.1.parse().unwrap());
        self.send(target, &request).await
    }

    async fn metadata_key(&self) -> Value {
        let ttl = ("x-metadata-token-ttl-seconds", "21600");
        let token = self
            .metadata("PUT", "/meta-data/latest/api/token", ttl)
            .await;
        assert_eq!(token.status, 200);
        let token = ("x-metadata-token", token.body.as_str().unwrap());
        let key = self
            .metadata("GET", "/openstack/latest/securitykey", token)
            .await;
        assert_eq!(key.status, 200, "{}", key.body);
        key.body["credential"].clone()
    }

    /// Sends a call with a temporary key, and returns the gateway's refusal.
    async fn refusal(&self, access: &str, secret: &str, security_token: &str) -> Option<String> {
        let target = replication(83, "");
        let mut request = self.request("GET", &target, "");
        request
            .headers
            .insert("x-security-token", security_token.parse().unwrap());
        let date = self.now().strftime(DATE).to_string();
        signature::sign(&mut request, access, secret, &date);
        let response = self.send(&target, &request).await;
        (response.status != 200).then(|| response.body["error_msg"].as_str().unwrap().to_owned())
    }
}

fn text<'a>(key: &'a Value, part: &str) -> &'a str {
    key[part].as_str().unwrap()
}

#[tokio::test]
async fn a_temporary_key_opens_until_it_ends() {
    let trial = Trial::start().await;
    let (first, second) = (trial.metadata_key().await, trial.metadata_key().await);
    assert_eq!(text(&first, "expires_at"), "2026-11-20T14:00:00.000000Z");
    for part in ["access", "secret", "securitytoken"] {
        assert_ne!(first[part], second[part], "{part}");
    }
    let parts = |key| {
        (
            text(key, "access"),
            text(key, "secret"),
            text(key, "securitytoken"),
        )
    };
    let (access, secret, token) = parts(&first);
    let (_, other_secret, other_token) = parts(&second);
    let permanent = (
        world::huaweicloud::ACCESS_KEY,
        world::huaweicloud::SECRET_KEY,
    );
    for (access, secret, token, says) in [
        (access, other_secret, token, "verify aksk signature fail"),
        (access, secret, other_token, "decrypt security token fail"),
        (
            permanent.0,
            permanent.1,
            token,
            "decrypt security token fail",
        ),
    ] {
        let refusal = trial.refusal(access, secret, token).await.unwrap();
        assert!(refusal.ends_with(says), "{refusal}");
    }
    trial.pass(SignedDuration::from_hours(6) - SignedDuration::from_secs(1));
    assert_eq!(trial.refusal(access, secret, token).await, None);
    trial.pass(SignedDuration::from_secs(1));
    let refusal = trial.refusal(access, secret, token).await.unwrap();
    assert!(
        refusal.ends_with("security token expires, expires_at: 2026-11-20T14:00:00Z"),
        "{refusal}"
    );
}

#[tokio::test]
async fn the_metadata_service_wants_its_token() {
    let trial = Trial::start().await;
    for ttl in ["0", "21601", "soon"] {
        let ttl = ("x-metadata-token-ttl-seconds", ttl);
        let answer = trial
            .metadata("PUT", "/meta-data/latest/api/token", ttl)
            .await;
        assert_eq!(answer.status, 400, "{ttl:?}");
    }
    let key = "/openstack/latest/securitykey";
    let made_up = ("x-metadata-token", "made-up");
    assert_eq!(trial.metadata("GET", key, made_up).await.status, 401);
    let none = ("accept", "*/*");
    assert_eq!(trial.metadata("GET", key, none).await.status, 401);
    assert_eq!(trial.metadata("POST", key, none).await.status, 404);
}

#[tokio::test]
async fn an_id_token_becomes_a_token_and_the_token_a_key() {
    let trial = Trial::start().await;
    let target = "/v3.0/OS-AUTH/id-token/tokens";
    let exchange = async |idp: Option<&str>, id_token: &str| {
        let body = json!({"auth": {"id_token": {"id": id_token}}});
        let mut request = trial.request("POST", target, body.to_string());
        if let Some(idp) = idp {
            request.headers.insert("x-idp-id", idp.parse().unwrap());
        }
        trial.send(target, &request).await
    };
    let idp = Some(world::huaweicloud::IAM_IDP_ID);
    for (idp, id_token, status) in [
        (None, world::huaweicloud::IAM_ID_TOKEN, 400),
        (Some("another"), world::huaweicloud::IAM_ID_TOKEN, 404),
        (idp, "another", 401),
    ] {
        assert_eq!(exchange(idp, id_token).await.status, status, "{idp:?}");
    }
    let answer = exchange(idp, world::huaweicloud::IAM_ID_TOKEN).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    assert_eq!(answer.body["token"]["methods"], json!(["mapped"]));
    let token = answer.header("x-subject-token").unwrap();

    let target = "/v3.0/OS-CREDENTIAL/securitytokens";
    let key = async |header: Option<&str>, method: &str, asked: Value| {
        let identity = json!({"methods": [method], "token": asked});
        let body = json!({"auth": {"identity": identity}}).to_string();
        let mut request = trial.request("POST", target, body);
        if let Some(token) = header {
            let token = token.parse().unwrap();
            request.headers.insert("x-auth-token", token);
        }
        trial.send(target, &request).await
    };
    for (header, method, asked, status) in [
        (None, "token", json!({}), 401),
        (None, "token", json!({"id": "made-up"}), 401),
        (Some("made-up"), "token", json!({"id": token}), 401),
        (Some(token), "password", json!({}), 400),
        (Some(token), "token", json!({"duration_seconds": 899}), 400),
        (
            Some(token),
            "token",
            json!({"duration_seconds": 86_401}),
            400,
        ),
    ] {
        let answer = key(header, method, asked.clone()).await;
        assert_eq!(answer.status, status, "{header:?} {method} {asked}");
    }
    for (header, asked, ends) in [
        (Some(token), json!({}), "2026-11-20T08:15:00.000000Z"),
        (
            None,
            json!({"id": token, "duration_seconds": 86_400}),
            "2026-11-21T08:00:00.000000Z",
        ),
    ] {
        let answer = key(header, "token", asked).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        let key = &answer.body["credential"];
        assert_eq!(text(key, "expires_at"), ends);
        let (access, secret) = (text(key, "access"), text(key, "secret"));
        let refusal = trial.refusal(access, secret, text(key, "securitytoken"));
        assert_eq!(refusal.await, None);
    }
}

#[tokio::test]
async fn the_metadata_service_is_for_published_keys() {
    let ttl = "x-metadata-token-ttl-seconds: 60";
    is_for_published_keys("PUT", "/meta-data/latest/api/token", ttl).await;
}
