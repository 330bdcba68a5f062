//! The Basic edition's examples.

use serde_json::{Value, json};

use super::World;
use super::examples::{id, image, picked, records, text, time};
use crate::fleet::manifest_digest;
use crate::sides::huaweicloud::basic::jobs::Job;
use crate::sides::huaweicloud::basic::{BasicRepository, Organization, Place};
use crate::sides::huaweicloud::ids::Ids;
use crate::sides::huaweicloud::images::{Repository, Tag, over};
use crate::spec::{Operation, Spec, SpecError};

impl World {
    pub(super) fn add_basic_examples(&mut self, swr: &Spec) -> Result<(), SpecError> {
        self.add_organization(swr)?;
        self.add_sync(swr)
    }

    fn add_organization(&mut self, swr: &Spec) -> Result<(), SpecError> {
        let shown = &swr.operation("ShowNamespace")?.example;
        let organization = self.basic.organizations.entry(text(shown, "name"));
        let organization = organization.or_default();
        organization.id = id(shown, "id");
        organization.extra = shown.clone();
        let entries = records(&swr.operation("ListReposDetails")?.example);
        let items = records(&swr.operation("ListRepoDetails")?.example["repos"]);
        let whole = &swr.operation("ShowRepository")?.example;
        for item in items {
            let name = text(&item, "name");
            let entry = entries.iter().find(|entry| entry["name"] == name);
            let tags = records(entry.map_or(&Value::Null, |entry| &entry["tags"]));
            let own = repository(&mut self.ids, &item, whole, &tags);
            let own = BasicRepository::new(own);
            organization.repositories.insert(name, own);
        }
        let listed = swr.operation("ListRepositoryTags")?;
        for tag in records(&listed.example) {
            // One of them shows a deleted tag.
            if !tag["deleted"].is_string() {
                let id = self.ids.next();
                add_tag(&mut repository_of(organization, listed)?.own, id, &tag);
            }
        }
        let shown = swr.operation("ShowRetention")?;
        let retentions = &mut repository_of(organization, shown)?.retentions;
        retentions.push(shown.example.clone());
        let histories = swr.operation("ListRetentionHistories")?;
        let deleted = records(&histories.example["retention_log"]);
        repository_of(organization, histories)?.deleted = deleted;
        Ok(())
    }

    fn add_sync(&mut self, swr: &Spec) -> Result<(), SpecError> {
        let regions = records(&swr.operation("ListSyncRegions")?.example);
        for region in regions {
            if !self.basic.regions.contains(&region) {
                self.basic.regions.push(region);
            }
        }
        for rule in records(&swr.operation("ListImageAutoSyncReposDetails")?.example) {
            self.basic_repository(&rule).rules.push(rule);
        }
        for record in records(&swr.operation("ShowSyncJob")?.example) {
            self.add_job(&record);
            // The rule of such a job is invented, because the example of rules is about another
            // repository than the example of the parameter.
            let rule = over(
                picked(
                    &record,
                    &[
                        "createdAt",
                        "domainID",
                        "domainName",
                        "namespace",
                        "override",
                        "remoteNamespace",
                        "remoteRegionId",
                        "repoName",
                    ],
                ),
                &json!({"id": 46, "syncAuto": true, "updatedAt": record["createdAt"]}),
            );
            self.basic_repository(&rule).rules.push(rule);
        }
        Ok(())
    }

    /// Adds an unchanging job, and the image that it has copied.
    pub(super) fn add_job(&mut self, record: &Value) {
        let repository = self.basic_repository(record);
        let tag = text(record, "tag");
        let digest = repository.own.digest(&tag).map(str::to_owned);
        repository.jobs.push(Job {
            record: record.clone().into(),
            work: None,
        });
        let arrived = record["status"] == "success" || record["status"] == "existed";
        if let Some(digest) = digest.filter(|_| arrived) {
            let place = Place {
                region: text(record, "remoteRegionId"),
                organization: text(record, "remoteNamespace"),
                repository: text(record, "repoName"),
            };
            let tags = self.basic.elsewhere.entry(place).or_default();
            tags.insert(tag, digest);
        }
    }

    /// Returns the repository of a rule or a job.
    pub(super) fn basic_repository(&mut self, record: &Value) -> &mut BasicRepository {
        let made = time(record, "createdAt");
        let ids = &mut self.ids;
        let organization = self.basic.organizations.entry(text(record, "namespace"));
        let organization = organization.or_insert_with(|| Organization {
            id: ids.next(),
            ..Organization::default()
        });
        let repository = organization.repositories.entry(text(record, "repoName"));
        repository.or_insert_with(|| BasicRepository::new(Repository::new(ids.next(), made)))
    }
}

/// Makes a repository of the examples of two lists, with missing fields from the example of a single
/// repository.
fn repository(ids: &mut Ids, item: &Value, whole: &Value, tags: &[Value]) -> Repository {
    let mut own = Repository::new(id(item, "id"), time(item, "created_at"));
    own.updated = time(item, "updated_at");
    let account = picked(
        whole,
        &["creator_id", "creator_name", "domain_id", "priority"],
    );
    let keys = [
        "category",
        "description",
        "is_public",
        "num_download",
        "domain_name",
    ];
    own.extra = over(account, &picked(item, &keys));
    // The sizes of the images add up to the size of the repository.
    let mut left = id(item, "size");
    for (index, tag) in tags.iter().filter_map(Value::as_str).enumerate() {
        let size = match index + 1 == tags.len() {
            true => left,
            false => left / 2,
        };
        left -= size;
        let digest = manifest_digest(&format!("{}:{tag}", text(item, "name")));
        let pushed = image(ids.next(), size, own.updated);
        own.images.insert(digest.clone(), pushed);
        let known = Tag::new(ids.next(), &digest, own.updated);
        own.tags.insert(tag.to_owned(), known);
    }
    own
}

/// Adds a tag with all its facts in an example.
fn add_tag(own: &mut Repository, image_id: i64, tag: &Value) {
    let (name, digest) = (text(tag, "Tag"), text(tag, "digest"));
    let pushed = time(tag, "updated");
    own.remove(&name, own.updated);
    let pushed_image = image(image_id, id(tag, "size"), pushed);
    own.images.insert(digest.clone(), pushed_image);
    let mut known = Tag::new(id(tag, "id"), &digest, pushed);
    known.created = time(tag, "created");
    let keys = [
        "image_id",
        "manifest",
        "schema",
        "path",
        "internal_path",
        "is_trusted",
        "domain_id",
        "tag_type",
    ];
    known.extra = picked(tag, &keys);
    own.tags.insert(name, known);
}

/// Returns the repository of a call's example.
fn repository_of<'o>(
    organization: &'o mut Organization,
    operation: &Operation,
) -> Result<&'o mut BasicRepository, SpecError> {
    let name = operation.parameter_example("repository")?;
    let name = name.as_str().unwrap_or_default();
    let repository = organization.repositories.get_mut(name);
    repository.ok_or_else(|| SpecError::new(format!("no example of repository {name}")))
}
