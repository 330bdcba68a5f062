//! Tests of the program's configuration.

use std::path::PathBuf;

use registry_replication::{Feature, providers};
use registry_tests::hostile::{Hostile, Reply};
use serde_json::Value;

use crate::oci::{MANIFEST, MANIFEST_DIGEST};
use crate::program::{Trial, run};
use crate::subjects::{Subject, subject, subjects, subjects_with_rules};

/// Folder with a configuration.
struct Folder {
    folder: tempfile::TempDir,
}

impl Folder {
    fn new(text: &str) -> Self {
        let folder = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        if !text.is_empty() {
            std::fs::write(folder.path(), text).unwrap();
        }
        folder
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("imgtrack.toml")
    }

    fn text(&self) -> String {
        std::fs::read_to_string(self.path()).unwrap()
    }

    /// Runs the program with this configuration.
    fn run(&self, line: &str) -> (u8, String, String) {
        let path = self.path();
        let words: Vec<&str> = line.split(' ').collect();
        let config = ["--config", path.to_str().unwrap()];
        let (code, out, err) = run(&[&words, &config[..]].concat());
        let plain = |text: String| text.replace(path.to_str().unwrap(), "imgtrack.toml");
        (code, plain(out), plain(err))
    }
}

#[test]
fn a_mistake_is_named_with_its_line_and_key() {
    let any_host = providers().iter().find(|one| one.any_host.is_some());
    let oci = any_host.unwrap().name;
    let needs_nothing = |one: &dyn Subject| one.descriptor().settings.iter().all(|it| !it.required);
    let cloud = subject(needs_nothing).provider();
    let cases: &[(&str, &[&str])] = &[
        ("[registries", &["line 1: "]),
        (
            "a = 1",
            &["line 1: a: unknown key; known are defaults, groups, registries"],
        ),
        (
            "[defaults]\nregistry = \"prod\"\noutptu = \"json\"",
            &[
                "line 2: defaults.registry: unknown registry \"prod\"; use one of ",
                "line 3: defaults.outptu: unknown key; did you mean output?",
            ],
        ),
        (
            "defaults.output = \"xml\"",
            &["line 1: defaults.output: invalid value \"xml\": "],
        ),
        ("registries = 1", &["line 1: registries: it is not a table"]),
        (
            "[registries.a]\nregion = \"x\"",
            &["line 1: registries.a: provider is missing; use one of "],
        ),
        (
            "[registries.a]\nprovider = 1",
            &["line 2: registries.a.provider: it is not text; put it between quotes"],
        ),
        (
            "[registries.a]\nprovider = \"CLOUDx\"",
            &["line 2: registries.a.provider: unknown provider \"CLOUDx\"; did you mean CLOUD?"],
        ),
        (
            "[registries.CLOUD]\nprovider = \"CLOUD\"",
            &["line 1: registries.CLOUD: a provider has this name; use another"],
        ),
        (
            "[registries.\"a b\"]\nprovider = \"CLOUD\"",
            &["line 1: registries.a b: a name has letters, digits, "],
        ),
        (
            "[registries.a]\nprovider = \"CLOUD\"\nregoin = \"x\"\nregion = \"a/b\"",
            &[
                "line 3: registries.a.regoin: unknown key; did you mean region?",
                "line 4: registries.a.region: invalid value \"a/b\": it is a path; ",
            ],
        ),
        (
            "[registries.a]\nprovider = \"OCI\"",
            &["line 1: registries.a: host is missing, the host of the registry"],
        ),
        (
            "[registries.a]\nprovider = \"OCI\"\nhost = \"a.example\"\n\
             [registries.b]\nprovider = \"OCI\"\nhost = \"b.example\"\nhosts = [\"A.example\"]",
            &["line 4: registries.b: host A.example belongs to registries.a, too"],
        ),
        (
            "[registries.a]\nprovider = \"OCI\"\nhost = \"a.example\"\nca_file = \"none.pem\"",
            &["line 4: registries.a.ca_file: there is no file "],
        ),
        (
            "[registries.a]\nprovider = \"OCI\"\nhost = \"a.example\"\n\
             destinations.b.proof = \"b.example\"",
            &["line 4: registries.a.destinations.b.proof: an "],
        ),
        (
            "[registries.a]\nprovider = \"OCI\"\nhost = \"me:hunter2@a.example\"",
            &["line 3: registries.a.host: invalid value: leave out user and password; "],
        ),
        (
            "[registries.a]\nprovider = \"CLOUD\"\nendpoint = \"http://me:hunter2@a.example\"",
            &["line 3: registries.a.endpoint: invalid value: leave out user, password and "],
        ),
        (
            "[registries.\"me:hunter2@a\"]\nprovider = \"OCI\"\nhost = \"a.example\"",
            &["line 1: ***@a: a name has letters, "],
        ),
        (
            "[registries.a]\nprovider = \"OCI\"\nhost = \"a.example\"\n\
             destinations = [\"a.example\", \"b.example\", \"b.example\"]",
            &[
                "line 1: registries.a: destination a.example is the registry itself",
                "line 1: registries.a: destination b.example is there twice",
            ],
        ),
        (
            "[groups]\n[registries.a]\nprovider = \"CLOUD\"\nprovider = \"CLOUD\"",
            &["line 4: provider: duplicate key"],
        ),
        (
            "[groups]\nall = [\"b\"]\nnone = []",
            &[
                "line 2: groups.all: [registries.b] is missing",
                "line 3: groups.none: it names no registry",
            ],
        ),
    ];
    for (text, says) in cases {
        let fill = |text: &str| text.replace("CLOUD", cloud).replace("OCI", oci);
        let folder = Folder::new(&fill(text));
        // Other commands refuse it, too.
        for line in ["config check", "rules"] {
            let (code, out, err) = folder.run(line);
            assert_eq!((code, out.as_str()), (2, ""), "{text}: {err}");
            let lines: Vec<&str> = err.lines().collect();
            assert_eq!(lines.len(), says.len(), "{text}: {err}");
            for (line, says) in lines.iter().zip(*says) {
                assert!(!line.contains("hunter2"), "{line}");
                let says = format!("error: imgtrack.toml: {}", fill(says));
                assert!(line.starts_with(&says), "{says}: {err}");
            }
        }
    }
}

#[test]
fn secrets_are_refused_by_their_keys_and_not_shown() {
    let cloud = subjects_with_rules().next().unwrap().provider();
    for key in [
        "password",
        "secret_access_key",
        "access_key_id",
        "AccessKeySecret",
        "security-token",
        "sk",
    ] {
        let text = format!("[registries.a]\nprovider = \"{cloud}\"\n{key} = \"hunter2\"");
        let (code, out, err) = Folder::new(&text).run("rules");
        assert_eq!((code, out.as_str()), (2, ""), "{err}");
        let says = format!("line 3: registries.a.{key}: secrets are not read from this file");
        assert!(err.contains(&says), "{err}");
        assert!(!err.contains("hunter2"), "{err}");
    }
}

#[test]
fn what_is_not_a_file_of_limited_size_is_refused() {
    let folder = Folder::new("");
    let (code, _, err) = folder.run("rules");
    assert_eq!(code, 2, "{err}");
    assert!(
        err.starts_with("error: configuration: file imgtrack.toml not found"),
        "{err}"
    );
    std::fs::create_dir(folder.path()).unwrap();
    let (_, _, err) = folder.run("rules");
    assert_eq!(
        err,
        "error: configuration: cannot read imgtrack.toml: it is a directory\n"
    );
    let folder = Folder::new(&format!("# {}", "x".repeat(1024 * 1024)));
    let (_, _, err) = folder.run("config check");
    assert_eq!(
        err,
        "error: configuration: cannot read imgtrack.toml: it is longer than 1 MiB\n"
    );
    // A very deep file is an error as any other.
    let folder = Folder::new(&format!("a = {}", "[".repeat(100_000)));
    let (code, _, err) = folder.run("config check");
    assert_eq!(code, 2, "{err}");
}

fn has_setting(of: &dyn Subject, name: &str) -> bool {
    let mut settings = of.descriptor().settings.iter();
    settings.any(|setting| setting.name == name)
}

#[test]
fn registries_are_added_by_options_and_shown() {
    let folder = Folder::new("");
    let any_host = providers().iter().find(|one| one.any_host.is_some());
    let oci = any_host.unwrap().name;
    for of in subjects() {
        let provider = of.descriptor();
        let mut line = format!("config init my-{0} --registry {0}", provider.name);
        for setting in provider.settings.iter().filter(|one| one.required) {
            line += &format!(" --{} x.example", setting.name.replace('_', "-"));
        }
        if provider.shows_work() {
            if has_setting(of, "region") {
                line += " --region cn-x";
            }
            line += " --image-host HOST --to other --proof third=third.example";
            line = line.replace("HOST", &format!("{}.example", provider.name));
        }
        let (code, out, err) = folder.run(&line);
        assert_eq!((code, err.as_str()), (0, ""), "{line}");
        let next = format!(
            "next: imgtrack doctor --registry my-{} --config imgtrack.toml\n",
            provider.name
        );
        assert!(out.ends_with(&next), "{out}");
        // A name is added once.
        let (code, _, err) = folder.run(&line);
        assert_eq!(code, 2, "{err}");
        assert!(err.contains("has [registries.my-"), "{err}");
    }
    let (code, _, err) = folder.run(&format!("config init other --registry {oci}"));
    assert_eq!(code, 2);
    assert!(
        err.contains("missing --host, the host of the registry"),
        "{err}"
    );
    let (code, out, err) = folder.run("config check");
    assert_eq!((code, err.as_str()), (0, ""));
    let count = subjects().count();
    let says = format!("imgtrack.toml: {count} registries, 0 groups, nothing wrong\n");
    assert_eq!(out, says);
    // What is shown is the file.
    let text = folder.text();
    let (_, shown, _) = folder.run("config show");
    let sorted = |text: &str| {
        let mut parts: Vec<String> = text.split("\n\n").map(|it| it.trim().to_owned()).collect();
        parts.sort();
        parts
    };
    assert_eq!(sorted(&shown), sorted(&text));
    let (_, listed, _) = folder.run("config list -o json");
    let listed: Vec<Value> = serde_json::from_str(&listed).unwrap();
    assert_eq!(listed.len(), count);
    let first = listed.iter().find(|one| one["provider"] != oci).unwrap();
    assert_eq!(first["destinations"][1]["proof"], "third.example");
    let (code, _, err) = folder.run("config show my");
    assert_eq!(code, 2);
    assert!(err.contains("unknown registry \"my\""), "{err}");
}

#[test]
fn options_before_a_name_select_its_provider_inside_the_sandbox_too() {
    for of in subjects_with_rules() {
        let mut text = format!(
            "[defaults]\nregistry = \"mine\"\noutput = \"json\"\n\
             [registries.mine]\nprovider = \"{}\"\nendpoint = \"https://other.example\"\n",
            of.provider(),
        );
        for setting in ["region", "instance"] {
            if has_setting(of, setting) {
                text += &format!("{setting} = \"other\"\n");
            }
        }
        let folder = Folder::new(&text);
        let sandbox = "status team/api:v41 --sandbox";
        let plain = format!("{sandbox} -o json --registry {}", of.provider());
        let plain = run(&plain.split(' ').collect::<Vec<_>>());
        assert_eq!(folder.run(sandbox), plain, "{of:?}");
        let named = format!("{sandbox} --registry mine");
        assert_eq!(folder.run(&named), plain, "{of:?}");
    }
}

#[test]
fn a_password_on_the_command_line_is_not_repeated() {
    for option in ["--host", "--plain-http", "--endpoint"] {
        let (code, out, err) = run(&["rules", option, "https://me:hunter2@a.example/ x"]);
        assert_eq!((code, out.as_str()), (2, ""), "{err}");
        assert!(err.contains(&format!("invalid {option}: ")), "{err}");
        assert!(!err.contains("hunter2"), "{err}");
    }
    let login = "me:hunter2@a.example/team/api:v1";
    for line in [
        &["status", login][..],
        &["diff", login, "b.example/team/api"],
        &["status", "a.example/team/api:v1", "--from", login],
        &[
            "status",
            "a.example/team/api:v1",
            "--to=me:hunter2@a.example",
        ],
        &["status", "https://me:hunter2@a.example/team/api:v1"],
        &["rules", "--registry", "me:hunter2@a"],
        &["rules", "--endpoint", "https://a.example/?token=hunter2"],
    ] {
        let (code, out, err) = run(line);
        assert_eq!((code, out.as_str()), (2, ""), "{line:?}: {err}");
        assert!(!err.contains("hunter2"), "{line:?}: {err}");
    }
}

#[test]
fn a_region_that_is_missing_everywhere_is_found_before_a_call() {
    let of = subjects_with_rules().find(|one| {
        let settings = one.descriptor().settings;
        settings.iter().all(|setting| !setting.required)
    });
    let provider = of.unwrap().provider();
    let folder = Folder::new("");
    let (code, out, err) = folder.run(&format!("config init prod --registry {provider}"));
    assert_eq!((code, out.as_str()), (2, ""));
    assert_eq!(
        err,
        "error: missing --region or --endpoint, the region id\n"
    );
    let folder = Folder::new(&format!(
        "[defaults]\nregistry = \"dr\"\n[registries.prod]\nprovider = \"{provider}\"\n\
         [registries.dr]\nprovider = \"{provider}\"\nregion = \"cn-x\"\n"
    ));
    let (code, out, err) = folder.run("config check");
    assert_eq!((code, out.as_str()), (2, ""));
    let says = "error: imgtrack.toml: registries.prod: region or endpoint is missing; add region, the \
                region id\n";
    assert_eq!(err, says);
    let (code, _, err) = folder.run("config check --region cn-x");
    assert_eq!((code, err.as_str()), (0, ""));
}

#[test]
fn a_configuration_that_is_not_there_is_named() {
    for command in ["list", "show", "path", "check"] {
        let (code, out, err) = run(&["config", command]);
        assert_eq!((code, out.as_str()), (2, ""), "{command}");
        assert!(
            err.contains("there is no configuration; "),
            "{command}: {err}"
        );
    }
}

#[test]
fn what_a_default_registry_has_nothing_to_do_with_ignores_it() {
    let none = subject(|one| !one.has_rules()).provider();
    let folder = Folder::new(&format!(
        "[defaults]\nregistry = \"hub\"\n[registries.hub]\nprovider = \"{none}\"\n\
         host = \"registry.example\"\n"
    ));
    let service = registry_replication::api::services().next().unwrap();
    let name = service.operations[0].name;
    let call = format!("{service}:{name}");
    let (code, out, err) = folder.run(&format!("api {call} --describe"));
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.starts_with(&call), "{out}");
    // It has no tasks that a latency could be measured of.
    let (code, out, err) = folder.run("lag --since 24h");
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.contains("tasks of all images of "), "{err}");
    assert!(err.contains(" not offered; "), "{err}");
}

#[test]
fn a_configuration_may_have_thousands_of_registries() {
    let any_host = providers().iter().find(|one| one.any_host.is_some());
    let oci = any_host.unwrap().name;
    let registries = (0..10_000).map(|number| {
        format!("[registries.r{number}]\nprovider = \"{oci}\"\nhost = \"h{number}.example\"\n")
    });
    let folder = Folder::new(&registries.collect::<String>());
    let (code, out, err) = folder.run("config check");
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    assert!(out.contains("10000 registries, 0 groups"), "{out}");
}

#[tokio::test]
async fn a_configured_host_has_its_settings_and_destinations() {
    let digest = [("docker-content-digest", MANIFEST_DIGEST)];
    let found = move || Reply::answer(200, &digest, MANIFEST);
    let source = Hostile::start(move |_| found()).await;
    let mirror = Hostile::start(move |_| found()).await;
    let any_host = providers().iter().find(|one| one.any_host.is_some());
    let folder = Folder::new(&format!(
        "[registries.hub]\nprovider = \"{}\"\nhost = \"{}\"\nplain_http = true\n\
         hosts = [\"registry.example\"]\ndestinations = [\"mirror.example\"]\n\
         [registries.mirror]\nprovider = \"{0}\"\nhost = \"{2}\"\nhosts = [\"mirror.example\"]\n",
        any_host.unwrap().name,
        source.host(),
        mirror.host(),
    ));
    let trial = Trial::start().await;
    let path = folder.path();
    let config = ["--config", path.to_str().unwrap(), "-o", "json"];
    for image in [
        format!("{}/team/api:v1", source.host()),
        // An alias, whose name is never looked up.
        "registry.example/team/api:v1".to_owned(),
    ] {
        let wait = ["wait", &image, "--timeout", "1m", "-q"];
        let (code, out, err) = trial.run(&[&wait, &config]).await;
        assert_eq!((code, err.as_str()), (0, ""), "{out}");
        let reports: Value = serde_json::from_str(&out).unwrap();
        let report = &reports[0];
        let destination = &report["destinations"][0];
        assert_eq!(destination["destination"], mirror.host(), "{out}");
        assert_eq!(report["verdict"], "arrived");
    }
    assert!(mirror.count() >= 4, "{}", mirror.count());
}

#[test]
fn several_registries_are_listed_together_and_one_that_fails_hides_no_other() {
    let mut with_rules = subjects_with_rules().filter(|one| one.descriptor().has(Feature::Rules));
    let (one, two) = (with_rules.next().unwrap(), with_rules.next().unwrap());
    let none = subject(|one| !one.has_rules());
    let (one, two, none) = (one.provider(), two.provider(), none.provider());
    let text = format!(
        "[groups]\nall = [\"first\", \"second\"]\n[registries.first]\nprovider = \"{one}\"\n{}\
         [registries.second]\nprovider = \"{two}\"\n{}",
        "instance = \"a\"\nregion = \"b\"\n", "instance = \"a\"\nregion = \"b\"\n",
    );
    let folder = Folder::new(&text);
    let alone = |name: &str| {
        let (code, out, err) = folder.run(&format!("rules --sandbox -o name --registry {name}"));
        assert_eq!((code, err.as_str()), (0, ""), "{name}");
        let lines: Vec<String> = out.lines().map(str::to_owned).collect();
        assert!(lines.len() > 1, "{out}");
        lines
    };
    let (first, second) = (alone("first"), alone("second"));
    let labelled = |label: &str, lines: &[String]| {
        let lines = lines.iter().map(|line| format!("{label} {line}"));
        lines.collect::<Vec<_>>()
    };
    let expected = [labelled("first", &first), labelled("second", &second)].concat();
    for names in [
        "--registry all",
        "--registry first,second",
        "--all-registries",
    ] {
        let (code, out, err) = folder.run(&format!("rules --sandbox -o name {names}"));
        assert_eq!((code, err.as_str()), (0, ""), "{names}");
        assert_eq!(out.lines().collect::<Vec<_>>(), expected);
    }
    // Every format says whose a row is.
    for format in ["table", "wide", "csv", "json", "jsonl", "yaml"] {
        let line = format!("rules --sandbox -o {format} --registry all --limit 1 --reverse");
        let (code, out, err) = folder.run(&line);
        assert_eq!((code, err.as_str()), (0, ""), "{format}");
        assert!(out.contains("second") && !out.contains("first"), "{out}");
    }
    // A registry that has no rules.
    let line = format!("rules --sandbox -o name --registry first,{none},second");
    let (code, out, err) = folder.run(&line);
    assert_eq!(code, 1, "{err}");
    assert_eq!(out.lines().collect::<Vec<_>>(), expected);
    assert!(err.starts_with(&format!("error: {none}: ")), "{err}");
    assert_eq!(err.lines().count(), 1, "{err}");
    let (_, _, err) = folder.run(&line.replace("name", "json"));
    let error: Value = serde_json::from_str(&err).unwrap();
    assert_eq!(error["registry"], none);
    // A registry whose records are beyond the limit fails, too.
    let (code, out, err) = folder.run(&format!("{line} --limit 1"));
    assert_eq!(code, 1, "{err}");
    assert_eq!(out.lines().collect::<Vec<_>>(), expected[..1]);
    assert!(err.starts_with(&format!("error: {none}: ")), "{err}");
    // All fail.
    let (code, out, err) = folder.run("rules none/no --sandbox --registry all");
    assert_eq!((code, out.as_str()), (1, ""), "{err}");
    assert_eq!(err.lines().count(), 2, "{err}");
}

#[test]
fn verdicts_of_several_registries_say_whose_they_are() {
    let mut subjects = subjects_with_rules();
    let (one, two) = (subjects.next().unwrap(), subjects.next().unwrap());
    let (first, second) = (one.provider(), two.provider());
    let both = format!("{first},{second}");
    for command in ["status", "explain"] {
        let line = |format: &str, names: &str| {
            format!("{command} team/api:v41 --sandbox -o {format} --registry {names}")
        };
        let (code, out, err) = run_line(&line("json", &both));
        assert!(matches!(code, 0 | 3..=6) && err.is_empty(), "{err}");
        let reports: Value = serde_json::from_str(&out).unwrap();
        for (at, name) in [first, second].into_iter().enumerate() {
            assert_eq!(reports[at]["registry"], name, "{out}");
            assert_eq!(reports[at]["image"], "team/api:v41");
        }
        for format in ["table", "wide", "csv"] {
            let (_, out, _) = run_line(&line(format, &both));
            for name in [first, second] {
                let is_row = |line: &&str| line.starts_with(name) && line.contains("team/api:v41");
                assert!(out.lines().any(|line| is_row(&line)), "{name}: {out}");
            }
        }
        // One that fails hides no other.
        let (code, out, err) = run_line(&line("csv", &format!("{first},nowhere")));
        assert_eq!((code, out.as_str()), (2, ""), "{err}");
        let (code, out, err) = run_line(&format!(
            "{command} no-such/image:v1 team/api:v41 --sandbox -o csv --registry {both}"
        ));
        assert!(out.lines().count() > 2, "{out}");
        if code == 1 {
            assert!(
                err.starts_with(&format!("error: {first}: "))
                    || err.starts_with(&format!("error: {second}: ")),
                "{err}"
            );
        }
    }
}

fn run_line(line: &str) -> (u8, String, String) {
    run(&line.split(' ').collect::<Vec<_>>())
}
