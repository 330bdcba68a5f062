//! Instances, their quotas and their endpoints.

use serde_json::{Value, json};

use super::paging::Total;
use super::{Call, Fields, fields, with_texts, without};
use crate::sides::alibabacloud::errors::Refusal;

const TIMES: [&str; 2] = ["CreateTime", "ModifiedTime"];

impl Call<'_> {
    /// Lists the instances of all regions. The vendor lists those of the endpoint's region, but the
    /// sandbox has one endpoint.
    pub(super) fn list_instances(&self) -> Result<Fields, Refusal> {
        let records = self.world.instances().map(|instance| &instance.record);
        let records: Vec<_> = records
            .filter(|record| {
                self.fits(&[
                    ("InstanceName", &record.instance_name),
                    ("InstanceStatus", &record.instance_status),
                    ("ResourceGroupId", &record.resource_group_id),
                ])
            })
            .collect();
        let listing = ("Instances", Total::Number);
        Ok(self.numbered(listing, &records, |record| with_texts(record, &TIMES)))
    }

    pub(super) fn get_instance(&self) -> Result<Fields, Refusal> {
        Ok(without(&self.instance()?.record, &["RegionId"]))
    }

    pub(super) fn get_usage(&self) -> Result<Fields, Refusal> {
        let instance = self.instance()?;
        let mut usage = fields(&instance.quotas);
        for (name, count) in [
            ("NamespaceUsage", instance.namespaces.len()),
            ("RepoUsage", instance.repositories.len()),
        ] {
            usage.insert(name.to_owned(), Value::from(count.to_string()));
        }
        Ok(usage)
    }

    /// Lists the endpoints. Summary has no effect, because the page does not tell what it omits.
    pub(super) fn list_endpoints(&self) -> Result<Fields, Refusal> {
        let endpoints = self.instance()?.endpoints.iter();
        let endpoints: Vec<_> = endpoints
            .map(|endpoint| {
                let mut endpoint = self.of_module(endpoint);
                let entries = endpoint["AclEntries"].as_array_mut();
                for entry in entries.into_iter().flatten() {
                    *entry = json!({"Entry": entry["Entry"]});
                }
                endpoint
            })
            .collect();
        Ok(super::field("Endpoints", endpoints))
    }

    pub(super) fn get_endpoint(&self) -> Result<Fields, Refusal> {
        let kind = self.text("EndpointType");
        let mut endpoints = self.instance()?.endpoints.iter();
        let endpoint = endpoints.find(|endpoint| endpoint["EndpointType"] == kind);
        let endpoint = endpoint.ok_or_else(Refusal::no_endpoint)?;
        let endpoint = self.of_module(endpoint);
        Ok(without(&endpoint, &["EndpointType", "LinkedVpcs"]))
    }

    /// Returns the endpoint of a module. Charts have their own domains with the same pattern.
    fn of_module(&self, endpoint: &Value) -> Value {
        let mut endpoint = endpoint.clone();
        if self.text("ModuleName") == "Chart" {
            let domains = endpoint["Domains"].as_array_mut();
            for domain in domains.into_iter().flatten() {
                let name = domain["Domain"].as_str().unwrap_or_default();
                domain["Domain"] = Value::from(name.replacen("-registry.", "-chart.", 1));
            }
        }
        endpoint
    }
}
