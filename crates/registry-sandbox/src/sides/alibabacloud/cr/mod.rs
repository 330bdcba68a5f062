//! Container Registry: the effect of each operation on the world, and the envelope of answers.

mod authorization;
mod instances;
mod lifecycle;
mod paging;
mod repositories;
mod rules;
mod tasks;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};

use super::errors::Refusal;
use super::gate::Caller;
use super::world::{Instance, World};
use crate::message::Reply;
use crate::parameters::Parameters;
use crate::plans::Plans;

/// One call, with the state that it uses.
pub(super) struct Call<'a> {
    pub(super) world: &'a mut World,
    pub(super) plans: &'a Plans,
    pub(super) parameters: &'a Parameters<'a>,
    pub(super) caller: &'a Caller,
    pub(super) request_id: &'a str,
    pub(super) now: Timestamp,
}

/// Fields of an answer, without those that every answer has.
type Fields = Map<String, Value>;

impl Call<'_> {
    /// Answers a call, or returns `None` if the service does not have the operation.
    pub(super) fn answer(&mut self, operation: &str) -> Option<Result<Reply, Refusal>> {
        self.world.settle(self.now);
        let fields = self.carry_out(operation)?;
        Some(fields.map(|mut fields| {
            fields.insert("RequestId".to_owned(), Value::from(self.request_id));
            fields.insert("Code".to_owned(), Value::from("success"));
            fields.insert("IsSuccess".to_owned(), Value::from(true));
            Reply::ok(Value::Object(fields))
        }))
    }

    fn carry_out(&mut self, operation: &str) -> Option<Result<Fields, Refusal>> {
        Some(match operation {
            "CreateRepoSyncRule" => self.create_rule(),
            "ListRepoSyncRule" => self.list_rules(),
            "DeleteRepoSyncRule" => self.delete_rule(),
            "CreateRepoSyncTask" => self.create_task(),
            "CreateRepoSyncTaskByRule" => self.create_task_by_rule(),
            "GetRepoSyncTask" => self.get_task(),
            "ListRepoSyncTask" => self.list_tasks(),
            "CancelRepoSyncTask" => self.cancel_task(),
            "CreateArtifactLifecycleRule" => self.create_lifecycle_rule(),
            "GetArtifactLifecycleRule" => self.get_lifecycle_rule(),
            "ListArtifactLifecycleRule" => self.list_lifecycle_rules(),
            "UpdateArtifactLifecycleRule" => self.update_lifecycle_rule(),
            "DeleteArtifactLifecycleRule" => self.delete_lifecycle_rule(),
            "ListInstance" => self.list_instances(),
            "GetInstance" => self.get_instance(),
            "GetInstanceUsage" => self.get_usage(),
            "ListInstanceEndpoint" => self.list_endpoints(),
            "GetInstanceEndpoint" => self.get_endpoint(),
            "ListNamespace" => self.list_namespaces(),
            "GetNamespace" => self.get_namespace(),
            "ListRepository" => self.list_repositories(),
            "GetRepository" => self.get_repository(),
            "ListRepoTag" => self.list_tags(),
            "GetRepoTag" => self.get_tag(),
            "GetAuthorizationToken" => self.get_authorization_token(),
            _ => return None,
        })
    }

    /// Returns the text of a parameter, or an empty text.
    fn text(&self, name: &str) -> &str {
        self.parameters.text(name).unwrap_or_default()
    }

    fn instance(&self) -> Result<&Instance, Refusal> {
        self.world.instance(self.text("InstanceId"))
    }

    fn instance_mut(&mut self) -> Result<&mut Instance, Refusal> {
        let id = self.parameters.text("InstanceId").unwrap_or_default();
        self.world.instance_mut(id)
    }

    /// Whether each value equals the parameter of the request, if the request has it.
    fn fits(&self, values: &[(&str, &str)]) -> bool {
        let asked = |(name, value): &(&str, &str)| match self.parameters.text(name) {
            Some(text) => text == *value,
            None => true,
        };
        values.iter().all(asked)
    }

    /// Reads the parameters once, to compare many records.
    fn wanted<const N: usize>(&self, names: [&str; N]) -> Wanted<'_, N> {
        Wanted(names.map(|name| self.parameters.text(name)))
    }
}

/// Values that narrow a listing, if the request has them.
struct Wanted<'a, const N: usize>([Option<&'a str>; N]);

impl<const N: usize> Wanted<'_, N> {
    fn fits(&self, values: [&str; N]) -> bool {
        let mut pairs = self.0.iter().zip(values);
        pairs.all(|(wanted, value)| wanted.is_none_or(|wanted| wanted == value))
    }
}

/// Returns the fields of a record in an answer.
fn fields(record: &impl Serialize) -> Fields {
    match serde_json::to_value(record) {
        Ok(Value::Object(fields)) => fields,
        _ => Fields::new(),
    }
}

/// Returns a record without some of its fields.
fn without(record: &impl Serialize, names: &[&str]) -> Fields {
    let mut fields = fields(record);
    fields.retain(|name, _| !names.contains(&name.as_str()));
    fields
}

/// Returns a record with the numbers of these names as text.
fn with_texts(record: &impl Serialize, names: &[&str]) -> Value {
    let mut fields = fields(record);
    for name in names {
        if let Some(number) = fields.get(*name).and_then(Value::as_i64) {
            fields.insert((*name).to_owned(), Value::from(number.to_string()));
        }
    }
    Value::Object(fields)
}

/// Makes an answer of one field.
fn field(name: &str, value: impl Into<Value>) -> Fields {
    Fields::from_iter([(name.to_owned(), value.into())])
}
