#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use super::name::Name;
use super::tables::TABLES;
use super::{SKELETON, Undo};

/// Makes a workspace that has the files with tables, as they are now.
fn workspace() -> tempfile::TempDir {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let tables = TABLES.iter().map(|table| table.file);
    for file in tables.chain(super::LICENCES) {
        std::fs::create_dir_all(root.join(file).parent().unwrap()).unwrap();
        std::fs::copy(repository.join(file), root.join(file)).unwrap();
    }
    std::fs::write(root.join("Cargo.lock"), "name = \"serde-json\"\n").unwrap();
    folder
}

/// Returns all files of a folder and their texts, sorted.
fn files(root: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false => found.push(file(root, path)),
            }
        }
    }
    found.sort();
    found
}

fn file(root: &Path, path: PathBuf) -> (String, String) {
    let name = path.strip_prefix(root).unwrap().display().to_string();
    (name, std::fs::read_to_string(path).unwrap())
}

fn refused(root: &Path, name: &str) -> String {
    super::run(root, &[name]).unwrap_err().to_string()
}

#[test]
fn the_skeleton_is_written() {
    let folder = workspace();
    let root = folder.path();
    let text = super::run(root, &["somecloud-cr", "--title", "Example Cloud CR"]).unwrap();
    insta::assert_snapshot!(text);

    let spec = std::fs::read_to_string(root.join("specs/somecloud-cr/cr.yaml")).unwrap();
    assert!(spec.contains("title: Example Cloud CR\n"), "{spec}");
    for (name, text) in files(root) {
        let mut placeholders = text.split("{{").skip(1).filter_map(|rest| {
            let (word, _) = rest.split_once("}}")?;
            word.chars().all(|c| c.is_ascii_lowercase()).then_some(word)
        });
        assert_eq!(placeholders.next(), None, "{name}");
    }
    let error = refused(root, "somecloud-cr");
    assert!(
        error.starts_with("somecloud-cr is taken: crates/somecloud-cr exists"),
        "{error}"
    );
}

#[test]
fn tables_get_the_provider_and_keep_the_rest() {
    let folder = workspace();
    let root = folder.path();
    let name = Name::new("somecloud-cr", None).unwrap();
    for table in TABLES {
        let before = std::fs::read_to_string(root.join(table.file)).unwrap();
        let after = table.with(&before, &name).unwrap();
        let added = after.lines().filter(|line| line.contains("somecloud"));
        assert!(added.count() > 0, "{}", table.file);
        let without = [
            "\n    &somecloud::Somecloud,",
            ", &somecloud::SIDE",
            ", \"somecloud\"",
        ]
        .iter()
        .fold(after, |text, element| text.replace(element, ""));
        let lines = without.lines();
        let lines = lines.filter(|line| !line.to_lowercase().contains("somecloud"));
        assert!(lines.eq(before.lines()), "{}: {without}", table.file);
    }
}

#[test]
fn a_table_without_its_anchors_is_an_error_with_the_line_to_add() {
    for table in TABLES {
        let folder = workspace();
        let root = folder.path();
        std::fs::write(root.join(table.file), "nothing = true\n").unwrap();
        let before = files(root);
        let error = refused(root, "somecloud-cr");
        assert!(
            error.starts_with(&format!("{}: no ", table.file)),
            "{error}"
        );
        assert!(error.contains("somecloud"), "{error}");
        assert!(error.ends_with(" manually"), "{error}");
        assert_eq!(files(root), before);
    }
}

#[test]
fn the_spec_of_the_skeleton_can_be_generated() {
    let name = Name::new("somecloud-cr", None).unwrap();
    let (path, text) = SKELETON[0];
    let spec = crate::spec::Spec::read(name.fill(path), &name.fill(text)).unwrap();
    let code = crate::generate::generate(&spec).unwrap();
    assert!(code.client.contains("pub fn list_tasks("));
}

#[test]
fn a_taken_name_is_refused_and_nothing_is_written() {
    let folder = workspace();
    let root = folder.path();
    std::fs::create_dir_all(root.join("specs/cloudone-cr")).unwrap();
    std::fs::create_dir_all(root.join("crates/cloudtwo-cr")).unwrap();
    std::fs::create_dir_all(root.join("crates/registry-replication/src/cloudthree")).unwrap();
    let before = files(root);
    for (name, by) in [
        ("cloudone-cr", "specs/cloudone-cr exists"),
        ("cloudtwo-cr", "crates/cloudtwo-cr exists"),
        (
            "cloudthree-cr",
            "crates/registry-replication/src/cloudthree exists",
        ),
        ("serde-json", "Cargo.lock has a package of that name"),
        (
            "default-cr",
            "crates/registry-replication/Cargo.toml has it",
        ),
        ("demo-cr", "crates/imgtrack/Cargo.toml has it"),
    ] {
        let error = refused(root, name);
        assert!(
            error.starts_with(&format!("{name} is taken: {by}; ")),
            "{error}"
        );
        assert_eq!(files(root), before, "{name}");
    }
}

#[test]
fn a_failure_leaves_nothing_behind() {
    let folder = workspace();
    let root = folder.path();
    // A file at the path of the last folder.
    std::fs::write(root.join("docs/src/registries"), "").unwrap();
    let before = files(root);
    let error = refused(root, "somecloud-cr");
    assert!(error.contains("docs/src/registries"), "{error}");
    assert_eq!(files(root), before);
    assert!(!root.join("crates/somecloud-cr").exists());

    let path = root.join("README.md");
    std::fs::write(&path, "after").unwrap();
    let mut undo = Undo::default();
    undo.tables.push((path.clone(), "before".to_owned()));
    drop(undo);
    assert_eq!(std::fs::read_to_string(path).unwrap(), "before");
}

#[test]
fn a_vendor_of_two_words_is_a_module_and_a_type() {
    let name = Name::new("big-cloud-cr", None).unwrap();
    let text = "{{vendor}} {{module}} {{provider}} {{variable}} {{krate}} {{title}}";
    assert_eq!(
        name.fill(text),
        "big-cloud big_cloud BigCloud BIG_CLOUD big_cloud_cr BigCloud CR"
    );
}

#[test]
fn a_bad_name_says_what_is_bad() {
    for (name, why) in [
        ("somecloud", "a vendor and a service"),
        ("Somecloud-cr", "of a-z and 0-9"),
        ("somecloud-", "of a-z and 0-9"),
        ("somecloud--cr", "of a-z and 0-9"),
        ("somecloud-2", "of a-z and 0-9"),
        ("../somecloud-cr", "of a-z and 0-9"),
        ("somecloud-type", "a keyword of Rust"),
        ("somecloud-signer", "already has a module signer"),
        ("registry-cr", "already has a type Registry"),
        ("async-cr", "a keyword of Rust"),
    ] {
        let error = Name::new(name, None).unwrap_err().to_string();
        assert!(
            error.starts_with(&format!("invalid provider name {name:?}: ")),
            "{error}"
        );
        assert!(error.contains(why), "{name}: {error}");
    }
    for title in ["", "a: b", "\"", "two\nlines", "{{name}}", "- a"] {
        let error = Name::new("somecloud-cr", Some(title)).unwrap_err();
        assert!(
            error.to_string().contains("invalid title "),
            "{title}: {error}"
        );
    }
    for words in [&[] as &[&str], &["a-b", "c-d"], &["a-b", "--title"]] {
        let error = super::run(Path::new("/nowhere"), words)
            .unwrap_err()
            .to_string();
        assert!(error.contains("cargo xtask new-provider NAME"), "{error}");
    }
}
