//! Calls about robot accounts.

use hyper::StatusCode;
use hyper::header::LOCATION;
use serde_json::{Value, json};

use crate::message::Reply;
use crate::secrets;
use crate::sides::harbor::asked::Asked;
use crate::sides::harbor::listing;
use crate::sides::harbor::refusal::Refusal;
use crate::sides::harbor::times;
use crate::sides::harbor::world::World;

/// Length of a generated secret.
const LENGTH: usize = 32;

pub(super) fn list(world: &mut World, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let robots = world.robots.values().map(|(record, _)| record.clone());
    listing::page(asked, robots.collect())
}

pub(super) fn show(world: &mut World, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    asked.done(found(world, asked)?.0.clone())
}

/// Makes a robot account. The answer alone has its secret.
pub(super) fn create(world: &mut World, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let level = asked.field("level");
    let name = asked.field("name");
    let namespace = asked.body["permissions"][0]["namespace"].as_str();
    let name = match (level, namespace) {
        _ if name.is_empty() => return Err(Refusal::bad_request("robot name is required")),
        (_, None) => return Err(Refusal::bad_request("bad request empty permission")),
        ("system", _) => format!("robot${name}"),
        (_, Some(project)) => format!("robot${project}+{name}"),
    };
    if world.robots.values().any(|(own, _)| own["name"] == *name) {
        return Err(Refusal::conflict(format!(
            "robot account {name} already exists"
        )));
    }
    let id = world.ids.next("robot");
    let secret = generated();
    let duration = asked.body["duration"].as_i64().unwrap_or(-1);
    let ends = match duration {
        ..0 => -1,
        days => asked.now.as_second() + days.saturating_mul(24 * 60 * 60),
    };
    let made = times::text(asked.now);
    let record = json!({
        "id": id,
        "name": name,
        "description": asked.field("description"),
        "level": level,
        "permissions": asked.body["permissions"],
        "duration": duration,
        "expires_at": ends,
        "disable": asked.body["disable"] == true,
        "editable": true,
        "secret": "",
        "creator_type": "local",
        "creator_ref": 1,
        "creation_time": made,
        "update_time": made,
    });
    let answer = json!({
        "id": id,
        "name": name,
        "secret": secret,
        "creation_time": made,
        "expires_at": ends,
    });
    world.robots.insert(id, (record, secret));
    let path = asked.request.path.trim_end_matches('/');
    let reply = Reply::new(StatusCode::CREATED, answer);
    Ok(reply.with(LOCATION, format!("{path}/{id}")))
}

/// Changes a robot account. Its name and level stay.
pub(super) fn update(world: &mut World, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let (record, _) = found(world, asked)?;
    for key in ["description", "duration", "disable", "permissions"] {
        if !asked.body[key].is_null() {
            record[key] = asked.body[key].clone();
        }
    }
    record["update_time"] = times::text(asked.now).into();
    asked.nothing()
}

/// Changes the secret. The answer has it if it was generated.
pub(super) fn refresh(world: &mut World, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let (_, secret) = found(world, asked)?;
    match asked.field("secret") {
        "" => {
            *secret = generated();
            let answer = json!({"secret": secret});
            asked.done(answer)
        }
        given => {
            given.clone_into(secret);
            asked.done(json!({"secret": ""}))
        }
    }
}

pub(super) fn delete(world: &mut World, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    found(world, asked)?;
    world.robots.remove(&asked.id("robot_id"));
    asked.nothing()
}

fn generated() -> String {
    let mut secret = hex::encode(secrets::random());
    secret.truncate(LENGTH);
    secret
}

fn found<'w>(world: &'w mut World, asked: &Asked<'_>) -> Result<&'w mut (Value, String), Refusal> {
    let id = asked.id("robot_id");
    let robot = world.robots.get_mut(&id);
    robot.ok_or_else(|| Refusal::not_found(format!("robot account {id} not found")))
}
