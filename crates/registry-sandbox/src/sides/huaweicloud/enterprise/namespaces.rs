//! Namespaces.

use crate::message::Reply;
use crate::sides::huaweicloud::asked::Asked;
use crate::sides::huaweicloud::errors::Refusal;
use crate::sides::huaweicloud::listing;
use crate::sides::huaweicloud::world::World;

pub(in crate::sides::huaweicloud) fn list(
    world: &mut World,
    asked: &Asked<'_>,
) -> Result<Reply, Refusal> {
    let instance = world.enterprise.instance(asked)?;
    let namespaces = instance.namespaces.iter();
    let mut records: Vec<_> = namespaces.map(|(name, own)| own.record(name)).collect();
    listing::containing(asked, "name", "name", &mut records);
    if let Some(public) = asked.given("public") {
        records.retain(|record| record["metadata"]["public"] == public);
    }
    listing::sort(asked, &mut records)?;
    Ok(asked.page("namespaces", &records))
}

pub(in crate::sides::huaweicloud) fn show(
    world: &mut World,
    asked: &Asked<'_>,
) -> Result<Reply, Refusal> {
    let instance = world.enterprise.instance(asked)?;
    let namespace = instance.namespace(asked)?;
    Ok(asked.done(namespace.record(asked.text("namespace_name"))))
}
