//! Tags.

use serde_json::{Value, json};

use super::{BasicRepository, Wanted, repositories};
use crate::digest::sha256_hex;
use crate::huaweicloud::asked::Asked;
use crate::huaweicloud::errors::{Refusal, SWR_NO_TAG};
use crate::huaweicloud::images::{Tag, over};
use crate::huaweicloud::listing;
use crate::huaweicloud::world::World;
use crate::message::Reply;
use crate::world::IAM_DOMAIN_ID;

/// Newest first unless the request says otherwise, which the page leaves open.
pub(in crate::huaweicloud) fn list(world: &mut World, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let wanted = Wanted::read(asked)?;
    let (offset, limit) = wanted.page()?;
    let mut records = records(world, asked)?;
    if let Some(tag) = wanted.text("tag") {
        records.retain(|record| record["tag"] == tag);
    }
    let (column, ascending) = wanted.order();
    sort(&mut records, column, ascending);
    for record in &mut records {
        let name = record["tag"].take();
        let (deleted, scanned) = ("tag", "scanned");
        if let Some(fields) = record.as_object_mut() {
            fields.remove(deleted);
            fields.insert("Tag".to_owned(), name);
            fields.insert(scanned.to_owned(), Value::from(false));
        }
    }
    Ok(asked.list(&records, offset, limit))
}

/// The marker is a tag's id as text, which is made: the page says only where it comes from.
pub(in crate::huaweicloud) fn list_by_marker(
    world: &mut World,
    asked: &Asked<'_>,
) -> Result<Reply, Refusal> {
    if asked.given("order_column").is_some() != asked.given("order_type").is_some() {
        return Err(asked.invalid("order_column and order_type go only together"));
    }
    let mut records = records(world, asked)?;
    listing::containing(asked, "tag", "tag", &mut records);
    let ascending = asked.given("order_type") == Some("asc");
    match asked.given("order_column") {
        None => listing::order(&mut records, "id", true),
        column => sort(&mut records, column, ascending),
    }
    let marker = match asked.given("marker") {
        None => None,
        Some(text) => {
            let marker = text.parse::<i64>();
            Some(marker.map_err(|_| asked.invalid("marker is not one that was handed out"))?)
        }
    };
    let limit = asked.integer("limit").unwrap_or(100);
    let (mut records, next) = listing::from_marker(records, marker, limit);
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

pub(in crate::huaweicloud) fn show(world: &mut World, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let repository = world.basic.repository(asked)?;
    let name = asked.text("tag");
    let tag = repository.own.tags.get(name);
    let tag = tag.ok_or_else(|| no_tag(asked, name))?;
    Ok(asked.done(record(asked, repository, name, tag)))
}

pub(super) fn no_tag(asked: &Asked<'_>, name: &str) -> Refusal {
    asked.refusal(SWR_NO_TAG, format!("tag {name} does not exist"))
}

fn sort(records: &mut [Value], column: Option<&str>, ascending: bool) {
    match column {
        Some("tag") => listing::order(records, "tag", ascending),
        _ => listing::order(records, "updated", ascending),
    }
}

fn records(world: &mut World, asked: &Asked<'_>) -> Result<Vec<Value>, Refusal> {
    let repository = &*world.basic.repository(asked)?;
    let tags = repository.own.tags.iter();
    Ok(tags
        .map(|(name, tag)| record(asked, repository, name, tag))
        .collect())
}

fn record(asked: &Asked<'_>, repository: &BasicRepository, name: &str, tag: &Tag) -> Value {
    let image = repository.own.images.get(tag.digest());
    let size = image.map_or(0, |image| image.size);
    // Nothing was pushed but a digest's worth; the configuration's digest is made of it.
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
        "domain_id": IAM_DOMAIN_ID,
        "tag_type": 0,
    });
    over(record, &tag.extra)
}
