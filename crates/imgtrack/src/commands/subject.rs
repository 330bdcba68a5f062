//! What a change is about, in words for its confirmation: a fact on each line.

use futures_util::TryStreamExt;
use registry_replication::{
    Error, Feature, ImageName, ImageRef, Registry, Repeat, Rule, RuleRef, RunOptions, StopTarget,
    TaskKind, TaskScope,
};

use crate::table;
use crate::terminal::{cut, escaped};

/// Most images and most destinations that a sentence names.
const MOST: usize = 10;
/// Longest name, in characters.
const LONGEST: usize = 200;
/// Longest pattern of a rule, in characters. It is longer than what a prompt should cut.
const LONGEST_PATTERN: usize = 10_000;

/// Returns the rule that a reference names, once for each of its destinations. Where a registry lists
/// rules by repository only, those of these repositories are searched.
pub(super) async fn rules(
    registry: &dyn Registry,
    rule: &RuleRef,
    images: &[ImageName],
) -> Result<Vec<Rule>, Error> {
    let mut scopes: Vec<Option<ImageName>> = Vec::new();
    if registry.descriptor().has(Feature::Rules) {
        scopes.push(None);
    } else {
        for image in images {
            let repository = Some(image.path().parse()?);
            if !scopes.contains(&repository) {
                scopes.push(repository);
            }
        }
    }
    for scope in scopes {
        let found = registry.rules_of(scope.as_ref()).by_item();
        let found = found.try_filter(|found| {
            let is_same = found.reference().is_some_and(|found| found == *rule);
            std::future::ready(is_same)
        });
        let found: Vec<Rule> = found.try_collect().await?;
        if !found.is_empty() {
            return Ok(found);
        }
    }
    Ok(Vec::new())
}

/// Describes a run of a rule.
pub(super) async fn of_run(
    registry: &dyn Registry,
    rule: &RuleRef,
    options: &RunOptions,
) -> String {
    let rules = match rules(registry, rule, &options.images).await {
        Ok(rules) => rules,
        Err(error) => return unread(&format!("run rule {rule}"), &error),
    };
    let Some(first) = rules.first() else {
        return format!("run rule {rule}");
    };
    let name = named(rule, &rules);
    let covers = covered(first);
    if first.kind == TaskKind::Retention {
        return match options.trial {
            true => format!("try rule {name}\nlists what it would delete of {covers}"),
            false => format!("run rule {name}\ndeletes what it does not keep of {covers}"),
        };
    }
    let copies = match options.images.is_empty() {
        true => covers,
        false => several(options.images.iter().map(ToString::to_string)),
    };
    format!("run rule {name}\ncopies {copies}{}", destinations(&rules))
}

/// Describes a repeat of failed copies.
pub(super) fn of_repeat(scope: &TaskScope, repeat: &Repeat) -> String {
    let copies = &repeat.copies;
    let images = copies.iter().map(|copy| copy.image.to_string());
    let places = copies.iter().filter_map(|copy| copy.destination.as_ref());
    let places = places.map(|end| place(end).to_string());
    let to = match several(places) {
        places if places.is_empty() => places,
        places => format!("\nto {places}"),
    };
    let rules = copies.iter().map(|copy| copy.rule.to_string());
    let count = match copies.len() {
        1 => "1 failed copy".to_owned(),
        several => format!("{several} failed copies"),
    };
    format!(
        "repeat {count} of {}\ncopies {}{to}\nby rule {}",
        scope_name(scope),
        several(images),
        several(rules)
    )
}

/// Names the scope of a repeat.
pub(super) fn scope_name(scope: &TaskScope) -> String {
    match scope {
        TaskScope::Execution(execution) => format!("execution {execution}"),
        TaskScope::Image(image) => image.to_string(),
        _ => "all tasks".to_owned(),
    }
}

/// Describes a stop.
pub(super) async fn of_stop(registry: &dyn Registry, target: &StopTarget) -> String {
    match target {
        StopTarget::Execution(execution) => {
            let what = format!("stop execution {execution}");
            match of_execution(registry, target).await {
                Ok(Some(about)) => format!("{what}\n{about}"),
                Ok(None) => what,
                Err(error) => unread(&what, &error),
            }
        }
        StopTarget::Task(task) => {
            let what = format!("stop task {task}");
            match of_task(registry, target).await {
                Ok(about) => format!("{what}{about}"),
                Err(error) => unread(&what, &error),
            }
        }
        _ => "stop it".to_owned(),
    }
}

/// Describes the rule of an execution.
async fn of_execution(
    registry: &dyn Registry,
    target: &StopTarget,
) -> Result<Option<String>, Error> {
    let StopTarget::Execution(execution) = target else {
        return Ok(None);
    };
    if !registry.descriptor().has(Feature::Executions) {
        return Ok(None);
    }
    let found = registry.find_execution(execution).await?;
    let Some(found) = found else {
        return Ok(None);
    };
    let reference = found.reference();
    let rule = reference.rule().cloned();
    let Some(rule) = rule.or_else(|| Some(RuleRef::new(found.rule.as_ref()?))) else {
        return Ok(None);
    };
    let rules = rules(registry, &rule, &[]).await?;
    let name = named(&rule, &rules);
    Ok(Some(match rules.first() {
        Some(first) => format!(
            "of rule {name}\ncopies {}{}",
            covered(first),
            destinations(&rules)
        ),
        None => format!("of rule {name}"),
    }))
}

/// Describes what a task copies, and its rule.
async fn of_task(registry: &dyn Registry, target: &StopTarget) -> Result<String, Error> {
    let StopTarget::Task(task) = target else {
        return Ok(String::new());
    };
    let Some(found) = registry.find_task(task).await? else {
        return Ok(String::new());
    };
    let end = |end: &Option<ImageRef>| {
        let text = end.as_ref().map(ToString::to_string);
        line(&text.unwrap_or_else(|| "?".to_owned()), LONGEST)
    };
    let copies = format!(
        "\ncopies {}\nto {}",
        end(&found.source),
        end(&found.destination)
    );
    let Some(rule) = found.rule.as_ref().map(RuleRef::new) else {
        return Ok(copies);
    };
    let image = found.source.as_ref().and_then(|end| {
        let (namespace, repository) = (end.namespace.as_ref()?, end.repository.as_ref()?);
        format!("{namespace}/{repository}").parse().ok()
    });
    let images: Vec<ImageName> = image.into_iter().collect();
    let rules = rules(registry, &rule, &images).await?;
    Ok(format!("{copies}\nby rule {}", named(&rule, &rules)))
}

/// Names a rule by its reference and its name.
fn named(rule: &RuleRef, rules: &[Rule]) -> String {
    let name = rules.iter().find_map(|rule| rule.name.as_deref());
    match name.filter(|name| !name.is_empty()) {
        Some(name) => format!("{rule} ({})", line(name, LONGEST)),
        None => rule.to_string(),
    }
}

/// Returns the images that a rule covers.
fn covered(rule: &Rule) -> String {
    line(&table::covers(rule), LONGEST_PATTERN)
}

/// Bounds a text of a service, and keeps it on one line.
fn line(text: &str, longest: usize) -> String {
    escaped(&cut(text, longest)).into_owned()
}

/// Names the destinations of a rule on a line of their own: `to cn-north-1: team/*`.
fn destinations(rules: &[Rule]) -> String {
    let places = rules.iter().map(table::goes);
    match several(places.filter(|place| !place.is_empty())) {
        places if places.is_empty() => places,
        places => format!("\nto {places}"),
    }
}

/// Returns a destination without its artifacts.
fn place(end: &ImageRef) -> ImageRef {
    let mut place = end.clone();
    place.artifacts.clear();
    place.artifact_count = None;
    place
}

/// Joins the first names, each once, and counts the others.
fn several(names: impl Iterator<Item = String>) -> String {
    let mut known: Vec<String> = Vec::new();
    for name in names {
        let name = line(&name, LONGEST);
        if !known.contains(&name) {
            known.push(name);
        }
    }
    let rest = known.len().saturating_sub(MOST);
    known.truncate(MOST);
    let names = known.join(", ");
    match rest {
        0 => names,
        rest => format!("{names} and {rest} more"),
    }
}

/// Says that the details of a change are unknown.
fn unread(what: &str, error: &Error) -> String {
    let error = error.to_string();
    format!(
        "{what} (its details cannot be read: {})",
        line(&error, LONGEST)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_names_are_told_and_the_rest_is_counted() {
        let names = |count: usize| several((1..=count).map(|number| format!("v{number}")));
        assert_eq!(names(2), "v1, v2");
        assert!(names(10).ends_with("v9, v10"));
        assert!(names(12).ends_with("v10 and 2 more"));
        let same = ["v1", "v1"].into_iter().map(str::to_owned);
        assert_eq!(several(same), "v1");
    }
}
