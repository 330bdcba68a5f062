//! Repositories.

use serde_json::{Value, json};

use super::{BasicRepository, Wanted};
use crate::message::Reply;
use crate::sides::huaweicloud::asked::Asked;
use crate::sides::huaweicloud::errors::Refusal;
use crate::sides::huaweicloud::images::over;
use crate::sides::huaweicloud::listing;
use crate::sides::huaweicloud::world::World;
use crate::world::huaweicloud::{self, REGION};

/// Internal address to pull images from inside a cluster, from the vendor's example.
const INTERNAL: &str = "10.125.0.198:20202";

/// Lists repositories. [default order: by id, because the page names none]
pub(in crate::sides::huaweicloud) fn list(
    world: &mut World,
    asked: &Asked<'_>,
) -> Result<Reply, Refusal> {
    let wanted = Wanted::read(asked)?;
    let (offset, limit) = wanted.page()?;
    let mut records = matching(world, |name| wanted.text(name), wanted.is_filter());
    let (column, ascending) = wanted.order();
    match column {
        None => listing::order(&mut records, "id", true),
        Some("updated_time" | "updated_at") => listing::order(&mut records, "updated", ascending),
        Some("tag_count") => listing::order(&mut records, "num_images", ascending),
        Some(column) => listing::order(&mut records, column, ascending),
    }
    let total = records.len();
    let (shown, range) = asked.ranged(&records, offset, limit);
    let shown = shown.iter().map(|record| {
        let own = [
            "name",
            "category",
            "description",
            "size",
            "is_public",
            "num_images",
            "num_download",
            "url",
            "path",
            "internal_path",
            "domain_name",
            "namespace",
            "tags",
        ];
        let more = json!({
            "created_at": record["created"],
            "updated_at": record["updated"],
            "logo": "",
            "status": false,
            "total_range": total,
        });
        over(picked(record, &own), &more)
    });
    let shown: Vec<_> = shown.collect();
    Ok(asked
        .done(Value::from(shown))
        .with(hyper::header::CONTENT_RANGE, range))
}

pub(in crate::sides::huaweicloud) fn list_by_marker(
    world: &mut World,
    asked: &Asked<'_>,
) -> Result<Reply, Refusal> {
    let mut records = matching(world, |name| asked.given(name), false);
    listing::order(&mut records, "id", true);
    let limit = asked.integer("limit").unwrap_or(100);
    let (records, next) = listing::from_marker(records, asked.integer("marker"), limit);
    let items = records.iter().map(|record| {
        let own = [
            "id",
            "name",
            "category",
            "description",
            "size",
            "is_public",
            "num_images",
            "num_download",
            "domain_name",
        ];
        let more = json!({
            "created_at": record["created"],
            "updated_at": record["updated"],
            "namespace_name": record["namespace"],
            "status": false,
        });
        over(picked(record, &own), &more)
    });
    let mut page = json!({"repos": items.collect::<Vec<_>>()});
    if let Some(next) = next {
        page["nextMarker"] = Value::from(next);
    }
    Ok(asked.done(page))
}

pub(in crate::sides::huaweicloud) fn show(
    world: &mut World,
    asked: &Asked<'_>,
) -> Result<Reply, Refusal> {
    let namespace = asked.text("namespace");
    let id = world.basic.organization(asked)?.id;
    let repository = world.basic.repository(asked)?;
    let record = whole(namespace, id, &asked.repository(), repository);
    let own = [
        "id",
        "ns_id",
        "name",
        "category",
        "description",
        "creator_id",
        "creator_name",
        "size",
        "is_public",
        "num_images",
        "num_download",
        "url",
        "path",
        "internal_path",
        "created",
        "updated",
        "domain_id",
        "priority",
    ];
    Ok(asked.done(picked(&record, &own)))
}

/// Returns the addresses to pull a repository from, outside and inside of a cluster.
pub(super) fn addresses(namespace: &str, repository: &str) -> [String; 2] {
    let public = format!("swr.{REGION}.myhuaweicloud.com");
    [public.as_str(), INTERNAL].map(|host| format!("{host}/{namespace}/{repository}"))
}

/// Returns the matching repositories. A parameter is a whole name, and a filter is a part of a name.
fn matching<'t>(
    world: &World,
    text: impl Fn(&str) -> Option<&'t str>,
    in_parts: bool,
) -> Vec<Value> {
    let fits = |key: &str, own: &str| {
        text(key).is_none_or(|wanted| {
            let wanted = wanted.replace('$', "/");
            match in_parts {
                true => own.contains(&wanted),
                false => own == wanted,
            }
        })
    };
    let mut records = Vec::new();
    for (namespace, organization) in &world.basic.organizations {
        for (name, repository) in &organization.repositories {
            if fits("namespace", namespace) && fits("name", name) {
                records.push(whole(namespace, organization.id, name, repository));
            }
        }
    }
    if let Some(category) = text("category") {
        records.retain(|record| record["category"] == category);
    }
    if let Some(public) = text("is_public").and_then(crate::rule::boolean) {
        records.retain(|record| record["is_public"] == public);
    }
    records
}

/// Returns all fields of a repository that any call has.
fn whole(namespace: &str, id: i64, name: &str, repository: &BasicRepository) -> Value {
    let own = &repository.own;
    let [path, internal_path] = addresses(namespace, name);
    let record = json!({
        "id": own.id,
        "ns_id": id,
        "namespace": namespace,
        "name": name,
        "category": "other",
        "description": "",
        "creator_id": huaweicloud::IAM_USER_ID,
        "creator_name": huaweicloud::IAM_USER,
        "is_public": false,
        "num_download": 0,
        "url": "",
        "path": path,
        "internal_path": internal_path,
        "created": own.created.to_string(),
        "domain_id": huaweicloud::IAM_DOMAIN_ID,
        "domain_name": huaweicloud::IAM_DOMAIN,
        "priority": 0,
    });
    let mut record = over(record, &own.extra);
    record["size"] = Value::from(own.size());
    record["num_images"] = Value::from(own.tags.len());
    record["tags"] = own.tags.keys().cloned().collect();
    record["updated"] = Value::from(own.updated.to_string());
    record
}

fn picked(record: &Value, keys: &[&str]) -> Value {
    let fields = keys.iter();
    fields
        .map(|key| ((*key).to_owned(), record[*key].clone()))
        .collect::<serde_json::Map<_, _>>()
        .into()
}
