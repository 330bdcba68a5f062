//! Logins, listings, images and the targets' own ports of the Harbor side.

use serde_json::{Value, json};

use super::Trial;
use super::harbor_trial::{ask_port, basic, policy};
use crate::Options;
use crate::spec;
use crate::world::harbor::{
    self, ID_TOKEN, Mode, PASSWORD, PUBLIC_PROJECT, ROBOT, ROBOT_SECRET, TARGETS, USER, Version,
};

#[tokio::test]
async fn a_wrong_login_is_an_anonymous_caller() {
    let trial = Trial::start().await;
    let (admin, robot) = (basic(USER, PASSWORD), basic(ROBOT, ROBOT_SECRET));
    let wrong = basic(USER, "wrong");
    let token = format!("Bearer {ID_TOKEN}");
    for (login, policies, projects) in [
        (&admin, 200, 2),
        (&robot, 200, 2),
        (&token, 200, 2),
        (&wrong, 401, 1),
        (&String::new(), 401, 1),
    ] {
        let headers = [("authorization", login.as_str())];
        let headers = &headers[..usize::from(!login.is_empty())];
        let none = Value::Null;
        let answer = trial.harbor_with("GET", "replication/policies", &none, headers);
        let answer = answer.await;
        assert_eq!(answer.status, policies, "{login}");
        if policies == 401 {
            let error = json!({"code": "UNAUTHORIZED", "message": "unauthorized"});
            assert_eq!(answer.body, json!({"errors": [error]}));
        }
        let answer = trial.harbor_with("GET", "projects", &none, headers).await;
        let names = answer.body.as_array().unwrap();
        assert_eq!((answer.status, names.len()), (200, projects), "{login}");
        let path = "projects/team/repositories";
        let answer = trial.harbor_with("GET", path, &none, headers).await;
        assert_eq!(answer.status, policies, "{login}");
        let answer = trial.harbor_with("GET", "systeminfo", &none, headers).await;
        let version = answer.body.get("harbor_version").is_some();
        assert_eq!((answer.status, version), (200, policies == 200), "{login}");
    }
    let path = format!("projects/{PUBLIC_PROJECT}/repositories");
    let answer = trial.harbor_with("GET", &path, &Value::Null, &[]).await;
    assert_eq!(answer.body[0]["name"], format!("{PUBLIC_PROJECT}/nginx"));
    for path in ["/api/version", "/api/v2.0/ping", "/api/v2.0/health"] {
        let request = trial.request("GET", path, "");
        assert_eq!(trial.send(path, &request).await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn a_write_with_a_cookie_needs_a_token() {
    let trial = Trial::start().await;
    let login = basic(USER, PASSWORD);
    let none = Value::Null;
    let answer = trial.harbor("GET", "projects", &none).await;
    let cookie = answer.header("set-cookie").unwrap();
    let cookie = cookie.split(';').next().unwrap().to_owned();
    assert!(cookie.starts_with("sid="), "{cookie}");
    let body = json!({"project_name": "new"});
    let known = [("authorization", login.as_str()), ("cookie", &cookie)];
    let answer = trial.harbor_with("POST", "projects", &body, &known).await;
    assert_eq!(answer.status, 403);
    assert_eq!(answer.body["errors"][0]["code"], "FORBIDDEN");
    let answer = trial.harbor_with("GET", "projects", &none, &known).await;
    assert_eq!((answer.status, answer.header("set-cookie")), (200, None));
    let token = [known[0], known[1], ("x-harbor-csrf-token", "any")];
    let answer = trial.harbor_with("POST", "projects", &body, &token).await;
    assert_eq!(answer.status, 201);
}

#[tokio::test]
async fn pages_have_a_total_and_links() {
    let trial = Trial::start().await;
    let policy = harbor::PUSH_POLICIES[0];
    for number in 0..12 {
        trial.pushed_harbor("team/api", &format!("p{number}"), "content");
    }
    let base = format!("replication/executions?policy_id={policy}");
    for (query, status, records, links) in [
        ("", 200, 10, Some("page=2&page_size=10")),
        (
            "&page_size=5&page=2&sort=-id",
            200,
            5,
            Some("page=1&page_size=5"),
        ),
        ("&page_size=12", 200, 12, None),
        ("&page_size=0", 200, 12, None),
        ("&page_size=-1", 200, 12, None),
        (
            "&page=&page_size=&status=",
            200,
            10,
            Some("page=2&page_size=10"),
        ),
        ("&page=4", 200, 0, None),
        ("&page_size=101", 422, 0, None),
    ] {
        let answer = trial
            .harbor("GET", &format!("{base}{query}"), &Value::Null)
            .await;
        assert_eq!(answer.status, status, "{query}");
        if status == 422 {
            assert_eq!(answer.body["errors"][0]["code"], "UNPROCESSABLE_ENTITY");
            continue;
        }
        assert_eq!(answer.header("x-total-count"), Some("12"), "{query}");
        assert_eq!(answer.body.as_array().unwrap().len(), records, "{query}");
        let found = answer.header("link");
        match links {
            None => assert_eq!(found, None, "{query}"),
            Some(part) => assert!(found.unwrap().contains(part), "{found:?}"),
        }
    }
    let second = format!("{base}&page_size=5&page=2");
    let answer = trial.harbor("GET", &second, &Value::Null).await;
    let link = answer.header("link").unwrap().to_owned();
    let path = "/api/v2.0/replication/executions";
    let page = |number| format!("<{path}?page={number}&page_size=5&policy_id={policy}>");
    let expected = format!("{}; rel=\"prev\" , {}; rel=\"next\"", page(1), page(3));
    assert_eq!(link, expected);
}

#[tokio::test]
async fn a_slash_at_the_end_of_a_path_does_not_matter() {
    let trial = Trial::start().await;
    let none = Value::Null;
    for path in ["projects/team/metadatas", "replication/policies"] {
        let [bare, slash] = [path.to_owned(), format!("{path}/")];
        let bare = trial.seen(&bare).await;
        assert_eq!(bare, trial.seen(&slash).await, "{path}");
        let answer = trial.harbor("DELETE", path, &none).await;
        assert_eq!(answer.status, 405, "{path}");
    }
    let answer = trial.harbor("GET", "replication/absent/", &none).await;
    assert_eq!(answer.status, 404);
}

#[tokio::test]
async fn an_answer_without_a_body_has_no_type() {
    let trial = Trial::start().await;
    let policy = policy("new", "team/**", "manual");
    let answer = trial.harbor("POST", "replication/policies", &policy).await;
    assert_eq!((answer.status, answer.header("content-type")), (201, None));
    let location = answer.header("location").unwrap();
    let path = location.strip_prefix("/api/v2.0/").unwrap();
    let answer = trial.harbor("PUT", path, &policy).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, None));
    let answer = trial.harbor("GET", path, &Value::Null).await;
    let json = Some("application/json;charset=utf-8");
    assert_eq!((answer.status, answer.header("content-type")), (200, json));
}

#[tokio::test]
async fn names_with_a_slash_are_encoded_twice() {
    let trial = Trial::start().await;
    for (name, reference, status) in [
        ("api%252Fserver", "v1.0", 200),
        ("api%2Fserver", "v1.0", 404),
        ("api/server", "v1.0", 404),
        ("api%252Fserver", "v9", 404),
        ("api", "v41", 200),
    ] {
        let path = format!("projects/team/repositories/{name}/artifacts/{reference}");
        let answer = trial.harbor("GET", &path, &Value::Null).await;
        assert_eq!(answer.status, status, "{path}");
    }
    let path = "projects/team/repositories/api%252Fserver/artifacts/v1.0";
    let operations = &spec::named("harbor/harbor").unwrap().operations;
    let example = operations.iter().find(|own| own.id == "getArtifact");
    let all =
        "?with_label=true&with_accessory=true&with_scan_overview=true&with_sbom_overview=true";
    let artifact = trial.seen(&format!("{path}{all}")).await;
    assert_eq!(artifact, example.unwrap().example);
    // The name of a project may be a number.
    let number = json!({"project_name": "4"});
    trial.made("projects", &number).await;
    let known = basic(USER, PASSWORD);
    let by_name = [
        ("authorization", known.as_str()),
        ("x-is-resource-name", "true"),
    ];
    let answer = trial
        .harbor_with("GET", "projects/4", &Value::Null, &by_name)
        .await;
    assert_eq!(answer.body["name"], "4");
    assert_eq!(trial.seen("projects/4").await["name"], "team");
}

#[tokio::test]
async fn a_tag_moves_only_to_another_digest() {
    let trial = Trial::start().await;
    let path = "projects/team/repositories/api/artifacts/r1";
    let time = || async { trial.seen(path).await["tags"][0]["push_time"].clone() };
    trial.pushed_harbor("team/api", "r1", "one");
    let first = time().await;
    trial.seconds(10);
    trial.pushed_harbor("team/api", "r1", "one");
    assert_eq!(time().await, first);
    trial.pushed_harbor("team/api", "r1", "two");
    assert_eq!(time().await, "2026-11-20T08:00:10.000Z");
}

#[tokio::test]
async fn a_target_shows_its_images_at_its_own_port() {
    let trial = Trial::start().await;
    let digest = trial.pushed_harbor("team/api", "r1", "one");
    trial.seconds(7);
    let login = basic(USER, PASSWORD);
    let artifact = "/api/v2.0/projects/team/repositories/api/artifacts/r1";
    for (id, status) in [(TARGETS[0], 200), (TARGETS[3], 404)] {
        let port = trial.sandbox.serve(&harbor::registry(id)).unwrap();
        let answer = ask_port(&port.host(), artifact, &login).await;
        assert_eq!(answer.status, status, "{id}");
        if status == 200 {
            assert_eq!(answer.body["digest"], digest);
            let path = "/api/v2.0/replication/policies";
            assert_eq!(ask_port(&port.host(), path, &login).await.status, 404);
            let wrong = basic(USER, "wrong");
            assert_eq!(ask_port(&port.host(), artifact, &wrong).await.status, 401);
        }
        let manifest = "/v2/team/api/manifests/r1";
        assert_eq!(ask_port(&port.host(), manifest, &login).await.status, 200);
        assert_eq!(ask_port(&port.host(), manifest, "").await.status, 401);
    }
}

#[tokio::test]
async fn a_read_only_harbor_denies_writes() {
    let body = json!({"policy_id": harbor::PULL_POLICY});
    for (options, status) in [
        (Options::default(), 201),
        (Options::default().with(Mode::ReadOnly), 403),
    ] {
        let trial = Trial::with(options).await;
        let info = trial.seen("systeminfo").await;
        assert_eq!(info["read_only"], status == 403);
        let answer = trial.harbor("POST", "replication/executions", &body).await;
        assert_eq!(answer.status, status);
        if status == 403 {
            assert_eq!(answer.body["errors"][0]["code"], "DENIED");
        }
    }
}

#[tokio::test]
async fn the_tasks_of_the_fleet_are_paged() {
    let trial = Trial::start().await;
    let path = format!("replication/executions/{}", harbor::FLEET_EXECUTION);
    let execution = trial.seen(&path).await;
    let mut ids = Vec::new();
    for page in 1..=12 {
        let target = format!("{path}/tasks?sort=id&page_size=100&page={page}");
        let tasks = trial.seen(&target).await;
        let own = tasks.as_array().unwrap().iter();
        ids.extend(own.filter_map(|task| task["id"].as_i64()));
    }
    let expected = (0..).map(|index| harbor::FLEET_FIRST_TASK + index);
    assert!(ids.iter().copied().eq(expected.take(harbor::FLEET_TASKS)));
    for (word, key) in [
        ("Succeed", "succeed"),
        ("Failed", "failed"),
        ("Stopped", "stopped"),
    ] {
        let tasks = trial
            .seen(&format!("{path}/tasks?page_size=0&status={word}"))
            .await;
        assert_eq!(execution[key], tasks.as_array().unwrap().len());
    }
    // Those that have not started come first.
    let first = trial.seen(&format!("{path}/tasks?page_size=1")).await;
    assert_eq!(first[0]["status"], "Pending");
}

#[tokio::test]
async fn the_version_is_an_option() {
    let old = Options::default().with(Version::IgnoresKnownDigests);
    for (options, version, copies) in [
        (Options::default(), "v2.15.2", [1, 2, 3]),
        (old, "v2.12.0", [1, 1, 2]),
    ] {
        let trial = Trial::with(options).await;
        let info = trial.seen("systeminfo").await;
        let text = info["harbor_version"].as_str().unwrap();
        assert!(text.starts_with(version), "{text}");
        for ((tag, content), copies) in [("r1", "one"), ("r2", "one"), ("r1", "two")]
            .into_iter()
            .zip(copies)
        {
            trial.pushed_harbor("team/api", tag, content);
            let executions = trial.replications(harbor::PUSH_POLICIES[0]).await;
            assert_eq!(executions.len(), copies, "{version} {tag} {content}");
        }
    }
}
