//! Tags.

use serde_json::{Value, json};

use super::{BasicRepository, Wanted, repositories};
use crate::digest::sha256_hex;
use crate::message::Reply;
use crate::sides::huaweicloud::asked::Asked;
use crate::sides::huaweicloud::errors::{Refusal, SWR_NO_TAG};
use crate::sides::huaweicloud::images::{Tag, over};
use crate::sides::huaweicloud::listing::{self, Key, Row};
use crate::sides::huaweicloud::world::World;
use crate::world::huaweicloud;

/// Lists tags. [default order: newest first, because the page names none]
pub(in crate::sides::huaweicloud) fn list(
    world: &mut World,
    asked: &Asked<'_>,
) -> Result<Reply, Refusal> {
    let wanted = Wanted::read(asked)?;
    let (offset, limit) = wanted.page()?;
    let mut entries = entries(world, asked)?;
    if let Some(tag) = wanted.text("tag") {
        entries.retain(|entry| entry.name() == tag);
    }
    let (column, ascending) = wanted.order();
    sort(&mut entries, column, ascending);
    Ok(asked.list(&entries, (offset, limit), |entry| {
        let mut record = entry.record(asked);
        if let Some(fields) = record.as_object_mut() {
            // Only this call has this form of the key.
            let name = fields.remove("tag").unwrap_or_default();
            fields.insert("Tag".to_owned(), name);
            fields.insert("scanned".to_owned(), Value::from(false));
        }
        record
    }))
}

/// Lists tags by marker. A marker is a tag's id as text, which is invented, because the page only
/// tells where a marker comes from.
pub(in crate::sides::huaweicloud) fn list_by_marker(
    world: &mut World,
    asked: &Asked<'_>,
) -> Result<Reply, Refusal> {
    if asked.given("order_column").is_some() != asked.given("order_type").is_some() {
        return Err(asked.invalid("order_column and order_type go only together"));
    }
    let mut entries = entries(world, asked)?;
    if let Some(part) = asked.given("tag") {
        entries.retain(|entry| entry.name().contains(part));
    }
    let ascending = asked.given("order_type") == Some("asc");
    match asked.given("order_column") {
        None => listing::order(&mut entries, "id", true),
        column => sort(&mut entries, column, ascending),
    }
    let marker = match asked.given("marker") {
        None => None,
        Some(text) => {
            let marker = text.parse::<i64>();
            Some(marker.map_err(|_| asked.invalid("marker is not one that was handed out"))?)
        }
    };
    let limit = asked.integer("limit").unwrap_or(100);
    let (entries, next) = listing::from_marker(entries, marker, limit);
    let mut records: Vec<_> = entries.iter().map(|entry| entry.record(asked)).collect();
    if asked.boolean("with_manifest") != Some(true) {
        for record in &mut records {
            record
                .as_object_mut()
                .and_then(|fields| fields.remove("manifest"));
        }
    }
    let mut page = json!({"tags": records, "has_more": next.is_some()});
    if let Some(next) = next {
        page["nextMarker"] = Value::from(next.to_string());
    }
    Ok(asked.done(page))
}

pub(in crate::sides::huaweicloud) fn show(
    world: &mut World,
    asked: &Asked<'_>,
) -> Result<Reply, Refusal> {
    let repository = world.basic.repository(asked)?;
    let name = asked.text("tag");
    let tag = repository.own.tags.get(name);
    let tag = tag.ok_or_else(|| no_tag(asked, name))?;
    let entry = Entry {
        repository,
        name,
        tag,
    };
    Ok(asked.done(entry.record(asked)))
}

pub(super) fn no_tag(asked: &Asked<'_>, name: &str) -> Refusal {
    asked.refusal(SWR_NO_TAG, format!("tag {name} does not exist"))
}

fn sort(entries: &mut [Entry<'_>], column: Option<&str>, ascending: bool) {
    match column {
        Some("tag") => listing::order(entries, "tag", ascending),
        _ => listing::order(entries, "updated", ascending),
    }
}

/// Tag with its repository.
struct Entry<'w> {
    repository: &'w BasicRepository,
    name: &'w str,
    tag: &'w Tag,
}

fn entries<'w>(world: &'w mut World, asked: &Asked<'_>) -> Result<Vec<Entry<'w>>, Refusal> {
    let repository = &*world.basic.repository(asked)?;
    let tags = repository.own.tags.iter();
    let entries = tags.map(|(name, tag)| Entry {
        repository,
        name,
        tag,
    });
    Ok(entries.collect())
}

impl Row for Entry<'_> {
    fn key(&self, field: &str) -> Key {
        match (field, self.tag.extra.get(field)) {
            (_, Some(value)) => Key::of(value),
            ("id", None) => Key::id(self.tag.id),
            ("tag", None) => Key::Text(self.name.to_owned()),
            ("updated", None) => Key::Time(self.tag.pushed),
            _ => Key::Nothing,
        }
    }
}

impl Entry<'_> {
    /// Returns the tag's name in the record.
    fn name(&self) -> &str {
        let own = self.tag.extra.get("tag").and_then(Value::as_str);
        own.unwrap_or(self.name)
    }

    fn record(&self, asked: &Asked<'_>) -> Value {
        record(asked, self.repository, self.name, self.tag)
    }
}

fn record(asked: &Asked<'_>, repository: &BasicRepository, name: &str, tag: &Tag) -> Value {
    let image = repository.own.images.get(tag.digest());
    let size = image.map_or(0, |image| image.size);
    // Only a digest was pushed, so the configuration's digest is derived from it.
    let config = sha256_hex(format!("configuration of {}", tag.digest()).as_bytes());
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": image.map(|image| &image.manifest_media_type),
        "config": {
            "mediaType": image.map(|image| &image.media_type),
            "size": size,
            "digest": format!("sha256:{config}"),
        },
        "layers": [],
    });
    let [path, internal_path] =
        repositories::addresses(asked.text("namespace"), &asked.repository())
            .map(|address| format!("{address}:{name}"));
    let record = json!({
        "id": tag.id,
        "repo_id": repository.own.id,
        "tag": name,
        "image_id": config,
        "manifest": manifest.to_string(),
        "digest": tag.digest(),
        "schema": 2,
        "path": path,
        "internal_path": internal_path,
        "size": size,
        "is_trusted": false,
        "created": tag.created.to_string(),
        "updated": tag.pushed.to_string(),
        "domain_id": huaweicloud::IAM_DOMAIN_ID,
        "tag_type": 0,
    });
    over(record, &tag.extra)
}
