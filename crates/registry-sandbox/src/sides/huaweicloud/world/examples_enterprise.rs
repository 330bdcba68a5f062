//! The Enterprise edition's examples.

use std::sync::Arc;

use jiff::SignedDuration;
use regex_lite::Regex;
use serde_json::Value;

use super::World;
use super::examples::{id, image, ours, picked, records, text, time};
use crate::fleet::manifest_digest;
use crate::sides::huaweicloud::enterprise::cleaning::{Cleaning, Sweeps};
use crate::sides::huaweicloud::enterprise::copies::{Execution, Tasks};
use crate::sides::huaweicloud::enterprise::fixed::{Fixed, Parts};
use crate::sides::huaweicloud::enterprise::{Instance, Namespace};
use crate::sides::huaweicloud::images::{Repository, Tag};
use crate::spec::{Operation, Spec, SpecError};
use crate::world::huaweicloud;

/// Size of images whose size no example tells. Invented.
const SIZE: i64 = 11_534_336;
/// First id of artifacts whose id no example tells. It follows the ids of the examples.
const FIRST_ARTIFACT: i64 = 502;
const FIRST_TAG: i64 = 702;

impl World {
    pub(super) fn add_enterprise_examples(&mut self, swr: &Spec) -> Result<(), SpecError> {
        let job = &swr.operation("ShowInstanceJob")?.example;
        let job = ours(job, "instance_id", huaweicloud::INSTANCE_ID);
        let project = huaweicloud::PROJECT_ID.to_owned();
        self.enterprise.jobs.push((project, job));
        let instances = &mut self.enterprise.instances;
        let own = instances
            .entry(huaweicloud::INSTANCE_ID.to_owned())
            .or_default();
        add_policies(own, swr)?;
        add_repositories(own, swr)?;
        let copied = add_artifacts(own, swr)?;
        let record = target(own);
        let target = instances
            .entry(huaweicloud::TARGET_INSTANCE_ID.to_owned())
            .or_default();
        target.record = record;
        // The images that the example's execution has copied.
        if let Some(copied) = copied {
            let policy = &swr.operation("ShowInstanceReplicationPolicy")?.example;
            let namespace = text(policy, "dest_namespace");
            let own = target
                .namespaces
                .entry(namespace)
                .or_insert_with(|| Namespace::new(self.ids.next(), copied.created));
            own.repositories.insert("nats".to_owned(), copied.into());
        }
        Ok(())
    }
}

/// Makes the instance of the other region, in the form of the first.
fn target(own: &Instance) -> Value {
    let mut record = own.record.clone();
    let registry = own.registries.values().next();
    let url = registry.and_then(|registry| registry["url"].as_str());
    let address = url.and_then(|url| url.split("://").last());
    for (key, value) in [
        ("id", huaweicloud::TARGET_INSTANCE_ID),
        ("name", "ee-second"),
        ("description", "The instance of the second region."),
        ("project_id", huaweicloud::TARGET_PROJECT_ID),
        ("access_address", address.unwrap_or_default()),
    ] {
        record[key] = Value::from(value);
    }
    record
}

/// Adds registry, policies and their runs.
fn add_policies(instance: &mut Instance, swr: &Spec) -> Result<(), SpecError> {
    let shown = |operation: &str| Ok(swr.operation(operation)?.example.clone());
    let record: Value = shown("ShowInstance")?;
    let record = ours(&record, "id", huaweicloud::INSTANCE_ID);
    instance.record = ours(&record, "project_id", huaweicloud::PROJECT_ID);
    let registry: Value = shown("ShowInstanceRegistry")?;
    let registry = ours(&registry, "instance_id", huaweicloud::TARGET_INSTANCE_ID);
    instance.registries.insert(id(&registry, "id"), registry);
    let policy: Value = shown("ShowInstanceReplicationPolicy")?;
    instance.policies.insert(id(&policy, "id"), policy);
    let parts = &swr
        .operation("ListInstanceReplicationPolicyExecSubTasks")?
        .example;
    let tasks = &swr
        .operation("ListInstanceReplicationPolicyExecTasks")?
        .example;
    let runs = &swr
        .operation("ListInstanceReplicationPolicyExecutions")?
        .example;
    for run in records(&runs["executions"]) {
        let id = id(&run, "id");
        let execution = Execution {
            id,
            policy: self::id(&run, "policy_id"),
            trigger: text(&run, "trigger"),
            made: time(&run, "created_at"),
            lag: SignedDuration::ZERO,
            to: None,
            tasks: Tasks::Fixed(Fixed::new(
                {
                    let tasks = records(&tasks["tasks"]);
                    move || tasks
                },
                Parts::Listed(records(&parts["sub_tasks"])),
            )),
            settled: true,
            extra: run,
        };
        instance.executions.insert(id, execution);
    }
    let policy: Value = shown("ShowInstanceRetentionPolicy")?;
    let namespace = text(&policy, "namespace_name");
    instance.retentions.insert(id(&policy, "id"), policy);
    let parts = &swr
        .operation("ListInstanceRetentionPolicyExecSubTasks")?
        .example;
    let mut parts = records(&parts["sub_tasks"]);
    // Next to the failed one, add a successful one, which the example of the parameter needs.
    if let Some(mut part) = parts.first().cloned() {
        part["id"] = Value::from(id(&part, "id") + 1);
        part["tag"] = Value::from("11.5");
        part["digest"] = Value::from(manifest_digest("cuda-vector-add:11.5"));
        part["status"] = Value::from("Succeed");
        part["status_text"] = Value::from("");
        parts.push(part);
    }
    let tasks = &swr
        .operation("ListInstanceRetentionPolicyExecTasks")?
        .example;
    let runs = &swr
        .operation("ListInstanceRetentionPolicyExecutions")?
        .example;
    for run in records(&runs["executions"]) {
        let id = id(&run, "id");
        let cleaning = Cleaning {
            id,
            policy: self::id(&run, "policy_id"),
            namespace: namespace.clone(),
            dry_run: run["dry_run"] == true,
            made: time(&run, "start_time"),
            sweeps: Sweeps::Fixed(Fixed::new(
                {
                    let tasks = records(&tasks["tasks"]);
                    move || tasks
                },
                Parts::Listed(parts.clone()),
            )),
            settled: true,
            extra: run,
        };
        instance.cleanings.insert(id, cleaning);
    }
    Ok(())
}

fn add_repositories(instance: &mut Instance, swr: &Spec) -> Result<(), SpecError> {
    let listed = &swr.operation("ListInstanceNamespaces")?.example;
    for record in records(&listed["namespaces"]) {
        let made = time(&record, "created_at");
        let mut namespace = Namespace::new(id(&record, "namespace_id"), made);
        namespace.updated = time(&record, "updated_at");
        namespace.extra = record.clone();
        instance.namespaces.insert(text(&record, "name"), namespace);
    }
    let listed = &swr.operation("ListInstanceRepositories")?.example;
    for record in records(&listed["repositories"]) {
        let made = time(&record, "created_at");
        let mut repository = Repository::new(id(&record, "id"), made);
        repository.updated = time(&record, "updated_at");
        repository.extra = picked(&record, &["description", "pull_count"]);
        let namespace = text(&record, "namespace_name");
        if let Some(namespace) = instance.namespaces.get_mut(&namespace) {
            let name = text(&record, "name");
            namespace.repositories.insert(name, repository.into());
        }
    }
    Ok(())
}

/// Fills the repositories. Returns the one that the example's execution copies.
fn add_artifacts(instance: &mut Instance, swr: &Spec) -> Result<Option<Repository>, SpecError> {
    let mut copied = None;
    let shown = swr.operation("ShowInstanceArtifact")?;
    if let Some(own) = named(instance, shown)? {
        add_shown(own, &shown.example);
    }
    let tasks = &swr
        .operation("ListInstanceReplicationPolicyExecTasks")?
        .example;
    if let Some(own) = repository(instance, "root", "nats") {
        add_copied(own, &text(&tasks["tasks"][0], "src_resource"));
        copied = Some(own.clone());
    }
    let parts = &swr
        .operation("ListInstanceRetentionPolicyExecSubTasks")?
        .example;
    let part = &parts["sub_tasks"][0];
    let (namespace, name) = (text(part, "namespace"), text(part, "repository"));
    if let Some(own) = repository(instance, &namespace, &name) {
        let (tag, digest) = (text(part, "tag"), text(part, "digest"));
        // Ids after those of the copied repository.
        add(own, &digest, &[&tag], FIRST_ARTIFACT + 10, FIRST_TAG + 100);
    }
    Ok(copied)
}

/// Returns the repository that the examples of a call's parameters name.
fn named<'i>(
    instance: &'i mut Instance,
    operation: &Operation,
) -> Result<Option<&'i mut Repository>, SpecError> {
    let name = |parameter: &str| {
        let example = operation.parameter_example(parameter)?;
        Ok(example.as_str().unwrap_or_default().to_owned())
    };
    let namespace = name("namespace_name")?;
    Ok(repository(instance, &namespace, &name("repository_name")?))
}

fn repository<'i>(
    instance: &'i mut Instance,
    namespace: &str,
    name: &str,
) -> Option<&'i mut Repository> {
    let namespace = instance.namespaces.get_mut(namespace)?;
    namespace.repositories.get_mut(name).map(Arc::make_mut)
}

/// Adds the artifact with all its facts in an example.
fn add_shown(own: &mut Repository, artifact: &Value) {
    let pushed = time(artifact, "push_time");
    let digest = text(artifact, "digest");
    let mut shown = image(id(artifact, "id"), id(artifact, "size"), pushed);
    shown.kind = text(artifact, "type");
    shown.media_type = text(artifact, "media_type");
    shown.manifest_media_type = text(artifact, "manifest_media_type");
    shown.pulled = Some(time(artifact, "pull_time"));
    shown.extra = picked(artifact, &["scan_overview"]);
    own.images.insert(digest.clone(), shown);
    for tag in records(&artifact["tags"]) {
        let mut known = Tag::new(id(&tag, "id"), &digest, time(&tag, "push_time"));
        known.pulled = Some(time(&tag, "pull_time"));
        own.tags.insert(text(&tag, "name"), known);
    }
}

/// Adds the artifacts that a task copies, from its text, which is not a JSON document.
fn add_copied(own: &mut Repository, resource: &str) {
    // The text has the artifacts twice: first at the source, then at the destination.
    let source = resource.split("dst_resource").next().unwrap_or_default();
    let pattern = r#""digest":"(sha256:[0-9a-f]+)","labels":null,"tags":\[([^\]]*)\]"#;
    let Ok(pattern) = Regex::new(pattern) else {
        return;
    };
    let (mut artifact, mut next) = (FIRST_ARTIFACT, FIRST_TAG);
    for found in pattern.captures_iter(source) {
        let tags: Vec<_> = found[2]
            .split(',')
            .map(|tag| tag.trim_matches('"'))
            .collect();
        add(own, &found[1], &tags, artifact, next);
        artifact += 1;
        next += 10;
    }
}

fn add(own: &mut Repository, digest: &str, tags: &[&str], artifact: i64, first_tag: i64) {
    let pushed = own.created;
    own.images
        .insert(digest.to_owned(), image(artifact, SIZE, pushed));
    for (tag, id) in tags.iter().zip(first_tag..) {
        let known = Tag::new(id, digest, pushed);
        own.tags.insert((*tag).to_owned(), known);
    }
}
