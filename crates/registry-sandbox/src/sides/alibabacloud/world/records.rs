//! Records of the registry, with the field names of its answers.
//!
//! The fields are those of the vendor's models, so that an example of the spec can be stored and
//! returned unchanged. If two answers write one field in two forms, the record has the number, and
//! the answer converts it to text. Unknown values and empty texts are omitted.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

macro_rules! record {
    ($(#[$about:meta])* $name:ident {
        $($(#[$text_about:meta])* $text:ident,)*
        ;
        $($(#[$field_about:meta])* $field:ident: $kind:ty,)*
    }) => {
        $(#[$about])*
        #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
        #[serde(rename_all = "PascalCase", default)]
        pub(crate) struct $name {
            $(
                #[serde(skip_serializing_if = "String::is_empty")]
                $(#[$text_about])*
                pub(crate) $text: String,
            )*
            $(
                #[serde(skip_serializing_if = "Option::is_none")]
                $(#[$field_about])*
                pub(crate) $field: Option<$kind>,
            )*
        }
    };
}

record! {
    InstanceRecord {
        instance_id,
        instance_name,
        instance_issue,
        instance_specification,
        instance_status,
        region_id,
        resource_group_id,
        ;
        #[serde(deserialize_with = "number")]
        create_time: i64,
        #[serde(deserialize_with = "number")]
        modified_time: i64,
        tags: Value,
    }
}

record! {
    /// Limits of an instance, as texts like in the answer.
    Quotas {
        chart_namespace_quota,
        chart_repo_quota,
        namespace_quota,
        repo_quota,
        vpc_quota,
        vpc_usage,
        chart_namespace_usage,
        chart_repo_usage,
        ;
        performance_units: i64,
    }
}

record! {
    Namespace {
        namespace_id,
        namespace_name,
        namespace_status,
        instance_id,
        resource_group_id,
        default_repo_type,
        ;
        auto_create_repo: bool,
        default_repo_configuration: Value,
    }
}

record! {
    RepositoryRecord {
        repo_id,
        repo_name,
        repo_namespace_name,
        repo_build_type,
        repo_status,
        repo_type,
        instance_id,
        resource_group_id,
        summary,
        /// In the answer about one repository only.
        detail,
        ;
        tag_immutability: bool,
        #[serde(deserialize_with = "number")]
        create_time: i64,
        #[serde(deserialize_with = "number")]
        modified_time: i64,
    }
}

record! {
    Tag {
        tag,
        digest,
        image_id,
        status,
        ;
        #[serde(deserialize_with = "number")]
        image_size: i64,
        #[serde(deserialize_with = "number")]
        image_create: i64,
        #[serde(deserialize_with = "number")]
        image_update: i64,
    }
}

record! {
    SyncRule {
        sync_rule_id,
        sync_rule_name,
        sync_scope,
        sync_trigger,
        sync_direction,
        tag_filter,
        namespace_name_filter,
        repo_name_filter,
        local_instance_id,
        local_region_id,
        local_namespace_name,
        local_repo_name,
        target_instance_id,
        target_region_id,
        target_namespace_name,
        target_repo_name,
        link_id,
        ;
        cross_user: bool,
        priority: i64,
        #[serde(deserialize_with = "number")]
        create_time: i64,
        #[serde(deserialize_with = "number")]
        modified_time: i64,
    }
}

record! {
    SyncTask {
        sync_task_id,
        sync_rule_id,
        sync_batch_task_id,
        task_status,
        task_issue,
        task_trigger,
        link_id,
        ;
        /// The vendor's spelling.
        #[serde(deserialize_with = "number")]
        modifed_time: i64,
        #[serde(deserialize_with = "number")]
        modified_time: i64,
        #[serde(deserialize_with = "number")]
        create_time: i64,
        priority: i64,
        cross_user: bool,
        custom_link: bool,
        sync_trans_accelerate: bool,
        image_from: Place,
        image_to: Place,
    }
}

record! {
    /// Image at one end of a copy.
    Place {
        instance_id,
        region_id,
        repo_namespace_name,
        repo_name,
        image_tag,
        ;
    }
}

record! {
    /// Fields that only the answer about one task has.
    Progress {
        ;
        progress: i64,
        /// In the vendor's example of one task, not in that of the listing.
        priority: i64,
        synced_size: i64,
        layer_tasks: Vec<LayerTask>,
    }
}

record! {
    LayerTask {
        sync_layer_task_id,
        artifact_digest,
        digest,
        task_status,
        ;
        size: i64,
        synced_size: i64,
    }
}

record! {
    LifecycleRule {
        rule_id,
        instance_id,
        scope,
        namespace_name,
        repo_name,
        schedule_time,
        tag_regexp,
        ;
        auto: bool,
        dry_run: bool,
        enable_delete_tag: bool,
        enable_delete_untagged_manifest: bool,
        retention_tag_count: i64,
        policies: Value,
        #[serde(deserialize_with = "number")]
        create_time: i64,
        #[serde(deserialize_with = "number")]
        modified_time: i64,
        #[serde(deserialize_with = "number")]
        next_time: i64,
    }
}

impl Place {
    pub(crate) fn new(
        instance: &InstanceRecord,
        (namespace, repository, tag): (&str, &str, &str),
    ) -> Self {
        Self {
            instance_id: instance.instance_id.clone(),
            region_id: instance.region_id.clone(),
            repo_namespace_name: namespace.to_owned(),
            repo_name: repository.to_owned(),
            image_tag: tag.to_owned(),
        }
    }

    /// Returns namespace, repository and tag.
    pub(crate) fn image(&self) -> (&str, &str, &str) {
        (&self.repo_namespace_name, &self.repo_name, &self.image_tag)
    }
}

/// Decodes a number, which may be text.
fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    })
}
