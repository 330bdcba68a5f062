//! Sends the five calls of the vendors' pages to a sandbox, reads pages of its fleet, and prints the
//! answers that the generated clients decoded, as one JSON object. `vendor-sdk/clouds.py` compares it with
//! the answers that the vendors' SDKs decode.
//!
//! Reads the JSON object that `imgtrack sandbox` prints first from stdin.

#![allow(clippy::print_stdout, reason = "a program")]

use std::error::Error;
use std::sync::Arc;

use alibabacloud_cr::{Alibabacloud, cr};
use huaweicloud_swr::{AccessKey, Huaweicloud, swr};
use openapi_transport::Context;
use registry_sandbox::world;
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let accounts: Value = serde_json::from_reader(std::io::stdin())?;
    let text = |pointer: &str| {
        accounts
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or("")
    };
    let project = text("/huaweicloud-swr/project_id");
    let instance = text("/huaweicloud-swr/instance_id");
    let key = AccessKey::new(
        text("/huaweicloud-swr/access_key"),
        text("/huaweicloud-swr/secret_key"),
    );
    let swr = swr::Client::new(
        Context::builder(
            text("/huaweicloud-swr/endpoint"),
            Arc::new(Huaweicloud::new(key.project_id(project))),
        )
        .build()?,
    );
    let key = alibabacloud_cr::Credentials::new(
        text("/alibabacloud-cr/access_key_id"),
        text("/alibabacloud-cr/access_key_secret"),
    );
    let cr = cr::Client::new(
        Context::builder(
            text("/alibabacloud-cr/endpoint"),
            Arc::new(Alibabacloud::new(key)),
        )
        .build()?,
    );

    let replication = async |execution: i64| -> Result<Value, Box<dyn Error>> {
        let call = swr
            .list_instance_replication_policy_exec_tasks()
            .project_id(project)
            .instance_id(instance)
            .execution_id(execution);
        let page = call.offset(0).limit(100).send().await?;
        Ok(serde_json::to_value(&*page)?)
    };
    let retention = async |namespace: &str, policy: i64, execution: i64| {
        let call = swr
            .list_instance_retention_policy_exec_tasks()
            .project_id(project)
            .instance_id(instance)
            .namespace_name(namespace)
            .policy_id(policy)
            .execution_id(execution);
        let page = call.offset(0).limit(100).send().await?;
        Ok::<_, Box<dyn Error>>(serde_json::to_value(&*page)?)
    };
    let rules = async |namespace: &str, repository: &str| -> Result<Value, Box<dyn Error>> {
        let call = swr.list_image_auto_sync_repos_details();
        let rules = call
            .namespace(namespace)
            .repository(repository)
            .send()
            .await?;
        Ok(serde_json::to_value(&*rules)?)
    };
    let jobs = async |namespace: &str, repository: &str| -> Result<Value, Box<dyn Error>> {
        let call = swr
            .show_sync_job()
            .namespace(namespace)
            .repository(repository);
        let jobs = call
            .filter("limit::100|offset::0|order::desc")
            .send()
            .await?;
        Ok(serde_json::to_value(&*jobs)?)
    };
    let tasks = async |instance: &str| -> Result<Value, Box<dyn Error>> {
        let call = cr.list_repo_sync_task().instance_id(instance);
        let page = call.page_no(1).page_size(100).send().await?;
        Ok(serde_json::to_value(&*page)?)
    };

    let answers = json!({
        "000 example": replication(world::huaweicloud::EXAMPLE_REPLICATION_EXECUTION).await?,
        "000 fleet": replication(world::huaweicloud::FLEET_REPLICATION_EXECUTION).await?,
        "001 example": retention(
            world::huaweicloud::EXAMPLE_RETENTION_NAMESPACE,
            world::huaweicloud::EXAMPLE_RETENTION_POLICY,
            world::huaweicloud::EXAMPLE_RETENTION_EXECUTION,
        ).await?,
        "001 fleet": retention(
            world::huaweicloud::FLEET_RETENTION_NAMESPACE,
            world::huaweicloud::FLEET_RETENTION_POLICY,
            world::huaweicloud::FLEET_RETENTION_EXECUTION,
        ).await?,
        "002 example": rules(
            world::huaweicloud::EXAMPLE_BASIC_NAMESPACE,
            world::huaweicloud::EXAMPLE_BASIC_RULE_REPOSITORY,
        ).await?,
        "002 fleet": rules(world::huaweicloud::FLEET_BASIC_NAMESPACE, world::huaweicloud::FLEET_BASIC_REPOSITORY).await?,
        "003 example": jobs(
            world::huaweicloud::EXAMPLE_BASIC_NAMESPACE,
            world::huaweicloud::EXAMPLE_BASIC_JOB_REPOSITORY,
        ).await?,
        "003 fleet": jobs(world::huaweicloud::FLEET_BASIC_NAMESPACE, world::huaweicloud::FLEET_BASIC_REPOSITORY).await?,
        "004 example": tasks(world::alibabacloud::INSTANCE_ID).await?,
        "004 fleet": tasks(world::alibabacloud::FLEET_INSTANCE_ID).await?,
        "world": {
            "replication": world::huaweicloud::FLEET_REPLICATION_EXECUTION,
            "namespace": world::huaweicloud::FLEET_RETENTION_NAMESPACE,
            "policy": world::huaweicloud::FLEET_RETENTION_POLICY,
            "retention": world::huaweicloud::FLEET_RETENTION_EXECUTION,
            "organization": world::huaweicloud::FLEET_BASIC_NAMESPACE,
            "repository": world::huaweicloud::FLEET_BASIC_REPOSITORY,
            "instance": world::alibabacloud::FLEET_INSTANCE_ID,
            "idp": world::huaweicloud::IAM_IDP_ID,
            "id_token": world::huaweicloud::IAM_ID_TOKEN,
        },
    });
    println!("{answers}");
    Ok(())
}
