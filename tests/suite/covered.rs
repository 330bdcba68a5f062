//! Tests of the images that a rule covers, listed from the registry.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use futures_util::{StreamExt, TryStreamExt};
use registry_replication::{
    CoverageScope, Covered, ErrorKind, Feature, ImageCoverage, ImageName, ListedRepository,
    Registry, Rule, RuleRef, TaskKind,
};
use serde_json::{Value, json};

use crate::any_registry::{Trial, all, refused};
use crate::program;
use crate::subjects::{Subject, subjects};

/// Number of tags that a test pushes, which take several pages.
const TAGS: usize = 250;

fn subjects_with_images() -> impl Iterator<Item = &'static dyn Subject> {
    subjects().filter(|one| one.descriptor().has(Feature::Images))
}

/// Makes a rule of a provider with a source and filters.
fn rule(of: &dyn Subject, source: Value, filters: Value) -> Rule {
    let rule = json!({
        "provider": of.provider(),
        "id": "12",
        "source": source,
        "filters": filters,
        "destination": {},
    });
    serde_json::from_value(rule).unwrap()
}

fn tag_filter(pattern: &str) -> Value {
    json!([{ "on": "tag", "pattern": pattern, "syntax": "doublestar" }])
}

async fn covered(registry: &dyn Registry, rule: &Rule, scope: CoverageScope) -> Vec<ImageCoverage> {
    registry
        .coverage_of(rule, scope)
        .try_collect()
        .await
        .unwrap()
}

/// Pushes tags to `team/api`, and returns the images.
fn pushed(trial: &Trial, of: &dyn Subject) -> BTreeSet<String> {
    let tags = (0..TAGS).map(|number| format!("a{number:03}"));
    let images = tags.map(|tag| {
        let sandbox = &trial.sandbox;
        sandbox.push(of.source(), "team/api", &tag, &tag).unwrap();
        format!("team/api:{tag}")
    });
    images.collect()
}

#[tokio::test]
async fn an_image_comes_once_while_pushes_move_it_to_another_page() {
    for of in subjects_with_images() {
        let trial = Trial::start().await;
        let expected = pushed(&trial, of);
        let registry = trial.registry(of).await;
        let rule = rule(of, json!({ "namespace": "team" }), tag_filter("a*"));
        let mut images = registry.coverage_of(&rule, CoverageScope::Covered);
        let mut found = vec![images.try_next().await.unwrap().unwrap()];
        trial.pass(60);
        for tag in ["a000", "a100", "a249"] {
            let content = format!("newer {tag}");
            let sandbox = &trial.sandbox;
            sandbox
                .push(of.source(), "team/api", tag, &content)
                .unwrap();
        }
        while let Some(image) = images.try_next().await.unwrap() {
            found.push(image);
        }
        let names: Vec<String> = found.iter().map(|one| one.image.to_string()).collect();
        assert_eq!(names.len(), TAGS, "{of:?}");
        assert_eq!(
            names.into_iter().collect::<BTreeSet<_>>(),
            expected,
            "{of:?}"
        );
        assert!(found.iter().all(|one| one.coverage.covered == Covered::Yes));
    }
}

#[tokio::test]
async fn all_images_are_those_of_all_repositories() {
    for of in subjects_with_images() {
        let trial = Trial::start().await;
        let registry = trial.registry(of).await;
        let rule = rule(of, json!({ "namespace": "team" }), tag_filter("v4[12]"));
        let everything = covered(&*registry, &rule, CoverageScope::All).await;
        let mut expected = BTreeSet::new();
        for repository in all(registry.repositories_in(None)).await {
            if repository.name.namespace() != "team" {
                expected.insert(repository.name.to_string());
                continue;
            }
            let tags = all(registry.tags_of(&repository)).await;
            let tags = tags.into_iter().filter(|tag| tag.deleted.is_none());
            expected.extend(tags.map(|tag| tag.image.to_string()));
        }
        let name = |one: &ImageCoverage| one.image.to_string();
        let found: Vec<String> = everything.iter().map(name).collect();
        assert_eq!(found.len(), expected.len(), "{of:?}: each once");
        assert_eq!(
            found.into_iter().collect::<BTreeSet<_>>(),
            expected,
            "{of:?}"
        );

        let some = covered(&*registry, &rule, CoverageScope::Covered).await;
        let yes = everything.into_iter();
        let yes: Vec<_> = yes
            .filter(|one| one.coverage.covered != Covered::No)
            .collect();
        assert!(!some.is_empty(), "{of:?}");
        assert_eq!(some, yes, "{of:?}");
    }
}

#[tokio::test]
async fn only_repositories_that_may_be_covered_are_asked_for_their_tags() {
    for of in subjects_with_images() {
        let trial = Trial::start().await;
        let registry = trial.registry(of).await;
        let name = json!([{ "on": "name", "pattern": "team/api", "syntax": "doublestar" }]);
        let unknown =
            json!([{ "on": { "unknown": "label" }, "pattern": "gold", "syntax": "doublestar" }]);
        for (source, filters, is_known) in [
            (json!({}), name, true),
            (
                json!({ "namespace": "team", "repository": "api" }),
                json!([]),
                true,
            ),
            (
                json!({ "namespace": "team", "repository": "api" }),
                unknown,
                false,
            ),
        ] {
            let before = trial.sandbox.received().len();
            let rule = rule(of, source, filters);
            let found = covered(&*registry, &rule, CoverageScope::Covered).await;
            assert!(!found.is_empty(), "{of:?}");
            for one in found {
                assert_eq!(one.image.path(), "team/api", "{of:?}");
                assert_eq!(one.coverage.covered == Covered::Yes, is_known, "{of:?}");
            }
            let calls = trial.sandbox.received().into_iter().skip(before);
            let names: Vec<_> = calls.filter_map(|call| call.operation).collect();
            assert!(names.len() <= 5, "{of:?}: {names:?}");
        }
    }
}

#[tokio::test]
async fn an_unreadable_page_is_an_error_after_the_images_so_far() {
    for of in subjects_with_images() {
        let trial = Trial::start().await;
        pushed(&trial, of);
        let registry = trial.registry(of).await;
        let is_broken = Arc::new(AtomicBool::new(false));
        let breaks = is_broken.clone();
        trial.sandbox.on_answer(move |answer| {
            if breaks.load(Ordering::Relaxed) {
                answer.status = 400;
                answer.body = json!({});
            }
        });
        let rule = rule(of, json!({ "namespace": "team" }), tag_filter("a*"));
        let mut images = registry.coverage_of(&rule, CoverageScope::Covered);
        images.try_next().await.unwrap().unwrap();
        is_broken.store(true, Ordering::Relaxed);
        let rest: Vec<_> = images.collect().await;
        let (last, before) = rest.split_last().unwrap();
        assert!(last.is_err(), "{of:?}");
        assert!(before.iter().all(Result::is_ok), "{of:?}");
        assert!(before.len() > 20, "{of:?}: {}", before.len());
    }
}

#[tokio::test]
async fn what_cannot_be_listed_is_refused() {
    for of in subjects_with_images() {
        let trial = Trial::start().await;
        let registry = trial.registry(of).await;
        let elsewhere = rule(of, json!({ "registry": "5" }), json!([]));
        let elsewhere = match registry.is_source_of(&elsewhere) {
            true => rule(of, json!({ "instance": "other" }), json!([])),
            false => elsewhere,
        };
        let mut retention = rule(of, json!({ "namespace": "team" }), json!([]));
        retention.kind = TaskKind::Retention;
        for (rule, kind, says) in [
            (
                elsewhere,
                ErrorKind::NotOffered,
                "it copies from another registry",
            ),
            (
                retention,
                ErrorKind::Invalid,
                "is a retention rule, which copies nothing",
            ),
        ] {
            let images = registry.coverage_of(&rule, CoverageScope::All);
            let images: Vec<_> = images.collect().await;
            let [Err(error)] = images.as_slice() else {
                panic!("{of:?}: {images:?}");
            };
            assert_eq!(error.kind(), kind, "{of:?}: {error}");
            assert!(error.to_string().contains(says), "{of:?}: {error}");
        }
        assert!(trial.sandbox.received().is_empty(), "{of:?}");
        // What does not exist is not an empty list.
        let error = refused(registry.repositories_in(Some("nowhere")))
            .await
            .unwrap();
        assert!(error.is_absent(), "{of:?}: {error}");
        assert!(error.to_string().contains("nowhere"), "{of:?}: {error}");
        let repository = ListedRepository::from("team/nothing".parse::<ImageName>().unwrap());
        let error = refused(registry.tags_of(&repository)).await.unwrap();
        assert!(error.is_absent(), "{of:?}: {error}");
        assert!(
            error.to_string().contains("team/nothing"),
            "{of:?}: {error}"
        );
    }
}

/// Returns a rule of the registry that covers `team/api`.
async fn own_rule(trial: &Trial, of: &dyn Subject) -> RuleRef {
    let registry = trial.registry(of).await;
    let repository = "team/api".parse().unwrap();
    let scope = Some(&repository).filter(|_| !of.descriptor().has(Feature::Rules));
    let rules = all(registry.rules_of(scope)).await;
    let image = "team/api:w1".parse().unwrap();
    let mut rules = rules.into_iter();
    rules
        .find(|rule| rule.covers(&image))
        .unwrap()
        .reference()
        .unwrap()
}

#[tokio::test]
async fn the_program_lists_covered_images_and_reports_a_page_that_it_cannot_read() {
    for of in subjects_with_images() {
        let rule = own_rule(&Trial::start().await, of).await.to_string();
        let trial = program::Trial::start().await;
        for number in 0..TAGS {
            let tag = format!("a{number:03}");
            trial
                .sandbox
                .push(of.source(), "team/api", &tag, &tag)
                .unwrap();
        }
        let words = [
            "rules",
            "matches",
            &rule,
            "--tag",
            "a*",
            "-o",
            "csv",
            "--columns",
            "image",
        ];
        let words = [&words[..], &of.options()].concat();
        let (code, out, err) = trial.run(&[&words]).await;
        assert_eq!((code, err.as_str()), (0, ""), "{of:?}");
        let images: BTreeSet<&str> = out.lines().skip(1).collect();
        assert_eq!(images.len(), TAGS, "{of:?}: {out}");
        let (_, few, _) = trial.run(&[&words, &["--limit", "3"]]).await;
        assert_eq!(few.lines().count(), 4, "{of:?}: {few}");

        let pages = AtomicUsize::new(0);
        trial.sandbox.on_answer(move |answer| {
            let is_of_tags = answer.operation.contains(of.tag_listing());
            if is_of_tags && pages.fetch_add(1, Ordering::Relaxed) > 0 {
                answer.status = 400;
                answer.body = json!({});
            }
        });
        let (code, out, err) = trial.run(&[&words]).await;
        assert_eq!(code, 1, "{of:?}: {err}");
        assert!(err.starts_with("error: "), "{of:?}: {err}");
        let count = out.lines().count();
        assert!(count < TAGS, "{of:?}: {count}");
        assert!(count > 20 || !of.has_pages_of_tags(), "{of:?}: {count}");
    }
}

#[tokio::test]
async fn a_name_is_an_image_that_the_rule_covers() {
    for of in subjects_with_images() {
        let rule = own_rule(&Trial::start().await, of).await.to_string();
        let trial = program::Trial::start().await;
        let words = ["rules", "matches", &rule, "--all", "-o"];
        let run = async |format: &'static str| trial.run(&[&words, &[format], &of.options()]).await;
        let (_, out, err) = run("json").await;
        assert_eq!(err, "", "{of:?}");
        let rows: Vec<serde_json::Value> = serde_json::from_str(&out).unwrap();
        let covered = rows.iter().filter(|row| row["covered"] == "yes");
        let covered: Vec<&str> = covered.filter_map(|row| row["image"].as_str()).collect();
        assert!(
            !covered.is_empty() && covered.len() < rows.len(),
            "{of:?}: {out}"
        );
        let (code, out, err) = run("name").await;
        assert_eq!((code, err.as_str()), (0, ""), "{of:?}");
        assert_eq!(out.lines().collect::<Vec<_>>(), covered, "{of:?}");
    }
}
