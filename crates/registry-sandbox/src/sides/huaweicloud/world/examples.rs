//! Examples of the specs, stored under the parameters of the same examples.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::World;
use crate::sides::huaweicloud::images::{IMAGE, Image};
use crate::spec::{Spec, SpecError};

impl World {
    pub(super) fn add_examples(&mut self, swr: &Spec) -> Result<(), SpecError> {
        self.add_enterprise_examples(swr)?;
        self.add_basic_examples(swr)
    }
}

pub(super) fn records(example: &Value) -> Vec<Value> {
    example.as_array().cloned().unwrap_or_default()
}

pub(super) fn id(record: &Value, key: &str) -> i64 {
    record[key].as_i64().unwrap_or_default()
}

pub(super) fn text(record: &Value, key: &str) -> String {
    record[key].as_str().unwrap_or_default().to_owned()
}

/// Returns a time of the record, or the earliest time if it is missing.
pub(super) fn time(record: &Value, key: &str) -> Timestamp {
    let time = record[key].as_str().and_then(|text| text.parse().ok());
    time.unwrap_or(Timestamp::UNIX_EPOCH)
}

pub(super) fn picked(record: &Value, keys: &[&str]) -> Value {
    let fields = keys
        .iter()
        .map(|key| ((*key).to_owned(), record[*key].clone()));
    fields.collect::<Map<_, _>>().into()
}

/// Returns the record with an id of the sandbox instead of the example's.
pub(super) fn ours(record: &Value, key: &str, id: &str) -> Value {
    let mut record = record.clone();
    record[key] = Value::from(id);
    record
}

/// Makes an image with the few facts of an example.
pub(super) fn image(id: i64, size: i64, pushed: Timestamp) -> Image {
    Image {
        id,
        kind: IMAGE.to_owned(),
        media_type: "application/vnd.docker.container.image.v1+json".to_owned(),
        manifest_media_type: "application/vnd.docker.distribution.manifest.v2+json".to_owned(),
        size,
        pushed,
        pulled: None,
        extra: Value::Null,
    }
}
