//! Namespaces, repositories and tags.

use serde_json::Value;

use super::paging::Total;
use super::{Call, Fields, fields, with_texts, without};
use crate::sides::alibabacloud::errors::Refusal;
use crate::sides::alibabacloud::world::{Repository, Tag};

impl Call<'_> {
    pub(super) fn list_namespaces(&self) -> Result<Fields, Refusal> {
        let namespaces = self.instance()?.namespaces.values();
        let namespaces: Vec<_> = namespaces
            .filter(|namespace| {
                self.fits(&[
                    ("NamespaceName", &namespace.namespace_name),
                    ("NamespaceStatus", &namespace.namespace_status),
                ])
            })
            .collect();
        let listing = ("Namespaces", Total::Text);
        Ok(self.numbered(listing, &namespaces, |namespace| with_texts(namespace, &[])))
    }

    /// Returns a namespace by id, by name, or by both if they match.
    pub(super) fn get_namespace(&self) -> Result<Fields, Refusal> {
        let names = ["NamespaceId", "NamespaceName"];
        self.require_one_of(&names)?;
        let mut namespaces = self.instance()?.namespaces.values();
        let namespace = namespaces.find(|namespace| {
            self.fits(&[
                ("NamespaceId", &namespace.namespace_id),
                ("NamespaceName", &namespace.namespace_name),
            ])
        });
        Ok(fields(namespace.ok_or_else(Refusal::no_namespace)?))
    }

    pub(super) fn list_repositories(&self) -> Result<Fields, Refusal> {
        let status = self.text("RepoStatus");
        let wanted = self.wanted(["RepoNamespaceName", "RepoName"]);
        let repositories = self.instance()?.repositories.values();
        let records = repositories.map(|repository| &repository.record);
        let records: Vec<_> = records
            .filter(|record| {
                let named = wanted.fits([&record.repo_namespace_name, &record.repo_name]);
                named && (matches!(status, "" | "ALL") || record.repo_status == status)
            })
            .collect();
        let scope = ["InstanceId", "RepoNamespaceName", "RepoName", "RepoStatus"];
        self.paged(
            "Repositories",
            &scope,
            &records,
            // No character sorts before this one, so the order is that of the pairs.
            |record| format!("{}\0{}", record.repo_namespace_name, record.repo_name),
            |record| Value::Object(without(record, &["Detail"])),
        )
    }

    /// Returns a repository by id, by namespace and name, or by all of them if they match.
    pub(super) fn get_repository(&self) -> Result<Fields, Refusal> {
        if self.text("RepoId").is_empty() {
            for name in ["RepoNamespaceName", "RepoName"] {
                self.require_one_of(&[name])?;
            }
            let (namespace, name) = (self.text("RepoNamespaceName"), self.text("RepoName"));
            return Ok(fields(
                &self.instance()?.repository(namespace, name)?.record,
            ));
        }
        let record = &self.repository()?.record;
        let same = self.fits(&[
            ("RepoNamespaceName", &record.repo_namespace_name),
            ("RepoName", &record.repo_name),
        ]);
        match same {
            true => Ok(fields(record)),
            false => Err(Refusal::no_repository()),
        }
    }

    pub(super) fn list_tags(&self) -> Result<Fields, Refusal> {
        let tags: Vec<_> = self.repository()?.tags.values().collect();
        self.paged(
            "Images",
            &["InstanceId", "RepoId"],
            &tags,
            |tag| tag.tag.clone(),
            |tag| with_texts(&as_sent(tag), &["ImageCreate", "ImageUpdate"]),
        )
    }

    pub(super) fn get_tag(&self) -> Result<Fields, Refusal> {
        let tag = self.repository()?.tag(self.text("Tag"))?;
        Ok(fields(&as_sent(tag)))
    }

    /// Returns the repository with the id RepoId.
    fn repository(&self) -> Result<&Repository, Refusal> {
        self.instance()?.repository_by_id(self.text("RepoId"))
    }

    fn require_one_of(&self, names: &[&str]) -> Result<(), Refusal> {
        let given = names
            .iter()
            .any(|name| self.parameters.text(name).is_some());
        match names {
            [first, ..] if !given => Err(Refusal::missing(first)),
            _ => Ok(()),
        }
    }
}

/// Returns a tag whose digest has no algorithm, as in the vendor's examples of these answers.
fn as_sent(tag: &Tag) -> Tag {
    let digest = tag.digest.trim_start_matches("sha256:").to_owned();
    Tag {
        digest,
        ..tag.clone()
    }
}
