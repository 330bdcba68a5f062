//! Tests of imgtrack as a process at Huawei Cloud: keys, projects and regions in its environment.

use serde_json::Value;

use crate::{Serving, imgtrack, stderr, stdout};

/// What tests need that any cloud would do for.
pub(crate) mod any {
    use super::Serving;

    /// Options of a registry that lists the rules of a repository.
    pub(crate) const OPTIONS: [&str; 2] = ["--registry", "huaweicloud-basic"];

    /// A place that its rules copy to.
    pub(crate) const DESTINATION: &str = "cn-north-1";

    /// A listing of many records in the sandbox.
    pub(crate) const LONG_LISTING: [&str; 4] =
        ["tasks", "301", "--registry", "huaweicloud-enterprise"];

    /// Variable with the endpoint of the service that the doctor calls.
    pub(crate) const DOCTOR_ENDPOINT: &str = "HUAWEICLOUD_SDK_IAM_ENDPOINT";

    /// Variables with a key.
    pub(crate) fn key<'a>(id: &'a str, secret: &'a str) -> [(&'static str, &'a str); 2] {
        [("HUAWEICLOUD_SDK_AK", id), ("HUAWEICLOUD_SDK_SK", secret)]
    }

    /// Endpoint, key and secret of a sandbox.
    pub(crate) fn account(sandbox: &Serving) -> [String; 3] {
        let names = ["endpoint", "access_key", "secret_key"];
        names.map(|name| sandbox.text("huaweicloud-swr", name))
    }
}

#[test]
fn the_sandbox_says_first_where_it_is_and_lets_others_in() {
    let sandbox = Serving::start();
    assert_eq!(
        sandbox.keys("huaweicloud-swr"),
        [
            "access_key",
            "endpoint",
            "instance_id",
            "project_id",
            "secret_key"
        ]
    );

    let huawei = |name: &str| sandbox.text("huaweicloud-swr", name);
    let rules = |secret: &str| {
        imgtrack()
            .args(["rules", "test/grpc-helloworld", "-o", "json"])
            .args(["--registry", "huaweicloud-basic"])
            .args(["--endpoint", &huawei("endpoint")])
            .env("HUAWEICLOUD_SDK_AK", huawei("access_key"))
            .env("HUAWEICLOUD_SDK_SK", secret)
            .output()
            .unwrap()
    };
    let answer = rules(&huawei("secret_key"));
    assert_eq!(answer.status.code(), Some(0), "{}", stderr(&answer));
    let answer: Value = serde_json::from_str(&stdout(&answer)).unwrap();
    assert_eq!(answer[0]["id"], "45");

    let refused = rules("a-wrong-secret");
    assert_eq!(refused.status.code(), Some(7));
    assert!(
        stderr(&refused).contains("APIGW.0301"),
        "{}",
        stderr(&refused)
    );
    assert!(!stderr(&refused).contains("a-wrong-secret"));
}

#[test]
fn the_project_is_looked_up_by_the_region() {
    let sandbox = Serving::start();
    let huawei = |name: &str| sandbox.text("huaweicloud-swr", name);
    let tasks = |region: &str| {
        imgtrack()
            .args(["tasks", "83", "--registry", "huaweicloud-enterprise"])
            .args(["--region", region, "--instance", &huawei("instance_id")])
            .env("HUAWEICLOUD_SDK_AK", huawei("access_key"))
            .env("HUAWEICLOUD_SDK_SK", huawei("secret_key"))
            .env("HUAWEICLOUD_SDK_IAM_ENDPOINT", huawei("endpoint"))
            .env("HUAWEICLOUD_SDK_REGION_SWR_CN_NORTH_4", huawei("endpoint"))
            .output()
            .unwrap()
    };
    let found = tasks("cn-north-4");
    assert_eq!(found.status.code(), Some(0), "{}", stderr(&found));
    assert!(stdout(&found).contains("1927"));
    let unknown = tasks("cn-north-99");
    assert_eq!(unknown.status.code(), Some(2));
    let said = stderr(&unknown);
    assert!(said.contains("no project named cn-north-99"), "{said}");
}

#[test]
fn a_rule_is_run_and_stopped_when_that_has_been_said() {
    let sandbox = Serving::start();
    let huawei = |name: &str| sandbox.text("huaweicloud-swr", name);
    let asked = |words: &[&str]| {
        imgtrack()
            .args(words)
            .args(["--registry", "huaweicloud-enterprise", "-o", "json"])
            .args(["--endpoint", &huawei("endpoint")])
            .args(["--project-id", &huawei("project_id")])
            .args(["--instance", &huawei("instance_id")])
            .env("HUAWEICLOUD_SDK_AK", huawei("access_key"))
            .env("HUAWEICLOUD_SDK_SK", huawei("secret_key"))
            .output()
            .unwrap()
    };
    let answer = |words: &[&str]| -> Value {
        let answer = asked(words);
        assert_eq!(answer.status.code(), Some(0), "{}", stderr(&answer));
        serde_json::from_str(&stdout(&answer)).unwrap()
    };
    let executions = || answer(&["executions", "12"]);
    let before = executions();
    // Without a terminal, the program cannot prompt.
    let refused = asked(&["run", "12"]);
    assert_eq!(refused.status.code(), Some(2));
    let said = stderr(&refused);
    assert!(
        said.contains("pass --yes to confirm or --dry-run to preview"),
        "{said}"
    );
    answer(&["run", "12", "--dry-run"]);
    assert_eq!(executions(), before, "something was run");

    let started = answer(&["run", "12", "--yes"]);
    let reference = started["executions"][0].as_str().unwrap();
    let execution = || {
        let found = executions();
        let mut found = found.as_array().unwrap().iter();
        found
            .find(|one| one["reference"] == reference)
            .unwrap()
            .clone()
    };
    assert_eq!(execution()["trigger"], "manual");
    assert_eq!(asked(&["stop", reference]).status.code(), Some(2));
    answer(&["stop", reference, "--dry-run"]);
    answer(&["stop", reference, "--yes"]);
    // On a slow machine, it may have ended before.
    let state = execution()["state"].clone();
    assert!(state == "cancelled" || state == "succeeded", "{state}");
}

#[test]
fn the_doctor_says_what_to_do() {
    let sandbox = Serving::start();
    let huawei = |name: &str| sandbox.text("huaweicloud-swr", name);
    let command = |secret: &str, iam: &str| {
        let mut command = imgtrack();
        command
            .args(["doctor", "--registry", "huaweicloud-basic"])
            .args(["--region", "cn-north-4"])
            .env("HUAWEICLOUD_SDK_AK", huawei("access_key"))
            .env("HUAWEICLOUD_SDK_SK", secret)
            .env("HUAWEICLOUD_SDK_IAM_ENDPOINT", iam);
        command
    };
    let doctor = |secret: &str, iam: &str| command(secret, iam).output().unwrap();
    let well = doctor(&huawei("secret_key"), &huawei("endpoint"));
    assert_eq!(well.status.code(), Some(0), "{}", stdout(&well));
    let said = stdout(&well);
    assert!(!said.contains("alibabacloud"), "{said}");
    let mut all = imgtrack();
    all.arg("doctor")
        .env("HUAWEICLOUD_SDK_AK", huawei("access_key"))
        .env("HUAWEICLOUD_SDK_SK", huawei("secret_key"));
    let all = all.output().unwrap();
    let said = stdout(&all);
    assert_eq!(all.status.code(), Some(0), "{said}");
    assert!(
        said.contains("alibabacloud  credentials  skipped  none"),
        "{said}"
    );
    assert!(said.contains("→ set up one of these sources:"), "{said}");

    for (secret, iam, says, advice) in [
        (
            "a-wrong-secret",
            huawei("endpoint"),
            "APIGW.0301",
            "→ check that the key is correct, enabled, and belongs to this account",
        ),
        (
            &huawei("secret_key"),
            "http://127.0.0.1:9".to_owned(),
            "cannot connect to 127.0.0.1:9: connection refused",
            "→ check the host and the port, and that the service or a tunnel to it is running",
        ),
    ] {
        let ill = doctor(secret, &iam);
        let said = stdout(&ill);
        assert_eq!(ill.status.code(), Some(1), "{said}");
        assert!(said.contains(says) && said.contains(advice), "{said}");
        assert!(!said.contains("a-wrong-secret"), "{said}");
    }

    // The check of the endpoint has the same rules as a call.
    let insecure = command(&huawei("secret_key"), &huawei("endpoint"))
        .env(
            "HUAWEICLOUD_SDK_REGION_SWR_CN_NORTH_4",
            "http://registry.example",
        )
        .output()
        .unwrap();
    let said = stdout(&insecure);
    assert_eq!(insecure.status.code(), Some(1), "{said}");
    assert!(said.contains("huaweicloud  endpoint     failed"), "{said}");

    let named = command(&huawei("secret_key"), &huawei("endpoint"))
        .env("HUAWEICLOUD_SDK_PROJECT_ID", huawei("project_id"))
        .output()
        .unwrap();
    let said = stdout(&named);
    assert_eq!(named.status.code(), Some(0), "{said}");
    assert!(said.contains("which comes with the credentials"), "{said}");
}

#[test]
fn a_region_that_nothing_answers_in_may_be_a_typo() {
    // Nothing listens there.
    let nowhere = "http://127.0.0.1:1";
    let ask = |region: &str, variable: &str| {
        let output = imgtrack()
            .args(["rules", "team/api", "--region", region])
            .args(["--registry", "huaweicloud-basic"])
            .env(variable, nowhere)
            .env("HUAWEICLOUD_SDK_AK", "ExampleAccessKey")
            .env("HUAWEICLOUD_SDK_SK", "ExampleSecretKey")
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1));
        stderr(&output)
    };
    let error = ask("cn-nroth-4", "HUAWEICLOUD_SDK_REGION_SWR_CN_NROTH_4");
    let hint = "  hint: region cn-nroth-4 is not known; did you mean cn-north-4?\n";
    assert!(error.ends_with(hint), "{error}");
    let error = ask("cn-north-4", "HUAWEICLOUD_SDK_REGION_SWR_CN_NORTH_4");
    assert!(!error.contains("did you mean"), "{error}");
}

#[test]
fn a_configuration_in_the_working_folder_selects_the_registry() {
    let sandbox = Serving::start();
    let [endpoint, key, secret] = any::account(&sandbox);
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "[defaults]\nregistry = \"prod\"\n\n[registries.prod]\nprovider = \"huaweicloud-basic\"\n\
         region = \"cn-north-4\"\nendpoint = \"{endpoint}\"\nhosts = [\"registry.example\"]\n"
    );
    std::fs::write(folder.path().join("imgtrack.toml"), text).unwrap();
    let run = |words: &[&str], variables: &[(&str, &str)]| {
        let output = imgtrack()
            .args(words)
            .current_dir(&folder)
            .envs(any::key(&key, &secret))
            .envs(variables.iter().copied())
            .output()
            .unwrap();
        (output.status.code(), stdout(&output), stderr(&output))
    };
    let expected = run(
        &["rules", "team/api", "--registry", "prod"],
        &[("IMGTRACK_REGISTRY", "alibabacloud")],
    );
    assert_eq!(expected.0, Some(0), "{}", expected.2);
    assert_eq!(run(&["rules", "team/api"], &[]), expected);
    // The host of an image selects it, whatever else is set.
    let image = "registry.example/team/api:v41";
    for variables in [&[][..], &[("IMGTRACK_REGISTRY", "alibabacloud")]] {
        let (code, out, err) = run(&["status", image, "-o", "json"], variables);
        assert!(matches!(code, Some(0..=6)), "{err}");
        let report: Value = serde_json::from_str(&out).unwrap();
        assert_eq!(report[0]["provider"], "huaweicloud-basic", "{out}");
    }
    // Variables name what neither the command line nor the configuration does.
    let instance = sandbox.text("huaweicloud-swr", "instance_id");
    let project = sandbox.text("huaweicloud-swr", "project_id");
    let (code, out, err) = run(
        &["executions", "12"],
        &[
            ("IMGTRACK_REGISTRY", "huaweicloud-enterprise"),
            ("IMGTRACK_INSTANCE", &instance),
            ("IMGTRACK_PROJECT_ID", &project),
            ("IMGTRACK_ENDPOINT", &endpoint),
        ],
    );
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    // Another file is named.
    let other = tempfile::tempdir().unwrap();
    std::fs::create_dir(other.path().join("imgtrack")).unwrap();
    std::fs::write(other.path().join("imgtrack/imgtrack.toml"), "a = 1").unwrap();
    let home = other.path().to_str().unwrap();
    let path = imgtrack()
        .args(["config", "path"])
        .current_dir(&other)
        .env("XDG_CONFIG_HOME", home)
        .output()
        .unwrap();
    assert_eq!(stdout(&path), format!("{home}/imgtrack/imgtrack.toml\n"));
    let named = format!("{home}/imgtrack/imgtrack.toml");
    let (code, _, err) = run(&["rules", "team/api"], &[("IMGTRACK_CONFIG", &named)]);
    assert_eq!(code, Some(2));
    assert!(
        err.contains("imgtrack.toml: line 1: a: unknown key"),
        "{err}"
    );
}
