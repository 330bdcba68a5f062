//! Both editions of SWR as test subjects.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use huaweicloud_swr::Huaweicloud;
use openapi_transport::Dialect;
use registry_replication::{ReasonKind, Registry, huaweicloud, oci};
use registry_sandbox::world::{Place, Source};
use registry_sandbox::{Sandbox, world};
use serde_json::{Value, json};

use super::{
    CommandLine, Configure, Destination, ExamplePage, Listed, ListedCall, NamedCall, Obstacle,
    Ports, Site, Subject, Total,
};
use crate::huaweicloud::clients;
use crate::retries::Call;

/// Client for tests of the transport.
pub(crate) mod any {
    use std::sync::Arc;

    pub(crate) use huaweicloud_swr::swr::Client;
    use huaweicloud_swr::{AccessKey, Huaweicloud};

    use crate::huaweicloud::clients;

    /// Signer with an example key.
    pub(crate) fn dialect() -> Arc<Huaweicloud> {
        Arc::new(Huaweicloud::new(clients::key()))
    }

    /// Signer whose secrets are all this one.
    pub(crate) fn dialect_of(secret: &str) -> Arc<Huaweicloud> {
        let key = AccessKey::new("AK", secret).security_token(secret);
        Arc::new(Huaweicloud::new(key))
    }

    /// Body of a refusal.
    pub(crate) const REFUSAL: &str = r#"{"error_code":"SWR.403","error_msg":"no"}"#;
}

/// The Enterprise edition.
#[derive(Debug)]
pub(crate) struct HuaweicloudEnterprise;

impl HuaweicloudEnterprise {
    fn instance(site: &Site) -> Value {
        let account = world::huaweicloud::account(site.sandbox.endpoint());
        json!({"project_id": account.project_id, "instance_id": account.instance_id})
    }

    /// Returns the ids of the stage's policies.
    async fn policies(site: &Site) -> Vec<i64> {
        let mut all = Self::instance(site);
        all["offset"] = json!(0);
        all["limit"] = json!(100);
        let all = NamedCall::new("ListInstanceReplicationPolicies", all);
        let all = site.call(all).await.unwrap();
        let all = all["policies"].as_array().unwrap().iter();
        let own = all.filter(|policy| policy["name"] == "sim");
        own.map(|policy| policy["id"].as_i64().unwrap()).collect()
    }
}

impl Subject for HuaweicloudEnterprise {
    fn provider(&self) -> &'static str {
        "huaweicloud-enterprise"
    }

    fn client(&self) -> Option<&'static str> {
        Some("huaweicloud-swr")
    }

    fn fixed_dialect(&self, _: &str) -> Arc<dyn Dialect> {
        Arc::new(Huaweicloud::new(clients::key()))
    }

    fn command_lines(&self) -> Vec<CommandLine> {
        crate::huaweicloud::terminal::enterprise_lines()
    }

    fn calls(&self) -> Vec<Call> {
        crate::huaweicloud::retries::enterprise_calls()
    }

    fn source(&self) -> Source {
        world::huaweicloud::ENTERPRISE
    }

    fn connect<'a>(
        &'a self,
        sandbox: &'a Sandbox,
        _: &'a Ports,
        configure: Configure,
    ) -> BoxFuture<'a, Box<dyn Registry>> {
        async move {
            let account = world::huaweicloud::account(sandbox.endpoint());
            let registry = huaweicloud::SwrEnterprise::builder()
                .endpoint(&account.endpoint)
                .project_id(&account.project_id)
                .instance(&account.instance_id)
                .credentials(clients::sandbox_key(sandbox))
                .configure(configure);
            Box::new(registry.build().await.unwrap()) as Box<dyn Registry>
        }
        .boxed()
    }

    fn dialect(&self, sandbox: &Sandbox) -> Arc<dyn Dialect> {
        Arc::new(Huaweicloud::new(clients::sandbox_key(sandbox)))
    }

    fn oci<'a>(
        &'a self,
        _: &'a Sandbox,
        _: &'a Place,
        host: &'a str,
    ) -> BoxFuture<'a, oci::Builder> {
        let (user, password) = (
            world::huaweicloud::ACCESS_KEY,
            world::huaweicloud::SECRET_KEY,
        );
        let login = oci::Login::password(user, password);
        std::future::ready(oci::Client::builder(host).login(login)).boxed()
    }

    fn destinations(&self) -> Vec<Destination> {
        vec![Destination {
            name: world::huaweicloud::TARGET_REGION,
            place: world::huaweicloud::enterprise(world::huaweicloud::TARGET_INSTANCE_ID),
        }]
    }

    fn decided(&self, _: usize) -> Option<&'static str> {
        None
    }

    fn repository(&self) -> (&'static str, &'static str) {
        ("library", "sim")
    }

    fn rule(&self, site: &Site, _: usize) -> NamedCall {
        let call = NamedCall::new("CreateInstanceReplicationPolicy", Self::instance(site));
        call.body(json!({
            "name": "sim",
            "src_registry": {"id": 0},
            "dest_registry": {"id": world::huaweicloud::EXAMPLE_REGISTRY},
            "filters": [{"type": "name", "value": "library/sim"}],
            "repo_scope_mode": "regular",
            "trigger": {"type": "event_based"},
            "override": site.overwrites,
            "enabled": true,
        }))
    }

    fn delete_rule<'a>(&'a self, site: &'a Site, _: usize) -> BoxFuture<'a, ()> {
        async move {
            for policy in Self::policies(site).await {
                let mut this = Self::instance(site);
                this["policy_id"] = json!(policy);
                let call = NamedCall::new("DeleteInstanceReplicationPolicy", this);
                site.call(call).await;
            }
        }
        .boxed()
    }

    fn by_hand<'a>(&'a self, site: &'a Site, _: &'a str, _: usize) -> BoxFuture<'a, ()> {
        async move {
            for policy in Self::policies(site).await {
                let name = "ExecuteInstanceReplicationPolicy";
                let call = NamedCall::new(name, Self::instance(site));
                site.call(call.body(json!({"policy_id": policy}))).await;
            }
        }
        .boxed()
    }

    fn stop<'a>(&'a self, site: &'a Site, work: &'a str) -> BoxFuture<'a, ()> {
        async move {
            let mut this = Self::instance(site);
            this["execution_id"] = json!(work);
            let name = "StopInstanceReplicationPolicyExecution";
            site.call(NamedCall::new(name, this)).await;
        }
        .boxed()
    }

    fn listings(&self) -> &'static [ListedCall] {
        const fn listed(
            operation: &'static str,
            listed: Listed,
            records: &'static str,
        ) -> ListedCall {
            ListedCall {
                operation,
                listed,
                records,
                total: Some(Total::Field("total")),
                id: "id",
                made: &["creation_time", "start_time", "id"],
                absent: match listed {
                    Listed::ExecutionTasks | Listed::Subtasks => {
                        Some(r#"{"errors": [{"code": "NOT_FOUND", "message": "not found"}]}"#)
                    }
                    _ => None,
                },
            }
        }
        const LISTINGS: &[ListedCall] = &[
            listed("ListInstanceReplicationPolicies", Listed::Rules, "policies"),
            listed(
                "ListInstanceReplicationPolicyExecutions",
                Listed::Executions,
                "executions",
            ),
            listed(
                "ListInstanceReplicationPolicyExecTasks",
                Listed::ExecutionTasks,
                "tasks",
            ),
            listed(
                "ListInstanceReplicationPolicyExecSubTasks",
                Listed::Subtasks,
                "sub_tasks",
            ),
        ];
        LISTINGS
    }

    fn pages(&self) -> Vec<ExamplePage> {
        crate::huaweicloud::decode::enterprise_pages()
    }

    fn obstacles(&self) -> Vec<Obstacle> {
        let (name, tag) = ("library/sim", "release-*");
        vec![
            Obstacle {
                name: "another tag",
                field: "filters",
                value: json!([{"type": "name", "value": name}, {"type": "tag", "value": tag}]),
                reason: ReasonKind::NotCovered,
            },
            Obstacle {
                name: "switched off",
                field: "enabled",
                value: json!(false),
                reason: ReasonKind::RuleDisabled,
            },
            Obstacle {
                name: "manual",
                field: "trigger",
                value: json!({"type": "manual"}),
                reason: ReasonKind::RuleManual,
            },
            Obstacle {
                name: "on schedule",
                field: "trigger",
                value: json!({
                    "type": "scheduled",
                    "trigger_settings": {"cron": "0 0 2 * * *"},
                }),
                reason: ReasonKind::RuleOnSchedule,
            },
        ]
    }

    /// Returns Harbor's longest pause.
    fn longest_pause(&self) -> u64 {
        118
    }
}

/// The Basic edition.
#[derive(Debug)]
pub(crate) struct HuaweicloudBasic;

impl HuaweicloudBasic {
    fn parameters(&self) -> Value {
        let (namespace, repository) = self.repository();
        json!({"namespace": namespace, "repository": repository})
    }
}

impl Subject for HuaweicloudBasic {
    fn provider(&self) -> &'static str {
        "huaweicloud-basic"
    }

    fn client(&self) -> Option<&'static str> {
        HuaweicloudEnterprise.client()
    }

    fn fixed_dialect(&self, service: &str) -> Arc<dyn Dialect> {
        HuaweicloudEnterprise.fixed_dialect(service)
    }

    fn command_lines(&self) -> Vec<CommandLine> {
        crate::huaweicloud::terminal::basic_lines()
    }

    fn calls(&self) -> Vec<Call> {
        crate::huaweicloud::retries::basic_calls()
    }

    fn source(&self) -> Source {
        world::huaweicloud::BASIC
    }

    fn connect<'a>(
        &'a self,
        sandbox: &'a Sandbox,
        _: &'a Ports,
        configure: Configure,
    ) -> BoxFuture<'a, Box<dyn Registry>> {
        async move {
            let registry = huaweicloud::SwrBasic::builder()
                .endpoint(sandbox.endpoint())
                .region(world::huaweicloud::REGION)
                .credentials(clients::sandbox_key(sandbox))
                .configure(configure);
            Box::new(registry.build().await.unwrap()) as Box<dyn Registry>
        }
        .boxed()
    }

    fn dialect(&self, sandbox: &Sandbox) -> Arc<dyn Dialect> {
        HuaweicloudEnterprise.dialect(sandbox)
    }

    fn oci<'a>(
        &'a self,
        sandbox: &'a Sandbox,
        place: &'a Place,
        host: &'a str,
    ) -> BoxFuture<'a, oci::Builder> {
        async move {
            let logins = huaweicloud::SwrBasic::builder()
                .endpoint(sandbox.endpoint())
                .region(place.id())
                .credentials(clients::sandbox_key(sandbox))
                .build()
                .await
                .unwrap();
            oci::Client::builder(host).login_from(logins.logins())
        }
        .boxed()
    }

    fn destinations(&self) -> Vec<Destination> {
        let regions = world::huaweicloud::FLEET_BASIC_REGIONS.into_iter().take(2);
        let destinations = regions.map(|region| Destination {
            name: region,
            place: world::huaweicloud::basic(region),
        });
        destinations.collect()
    }

    fn repository(&self) -> (&'static str, &'static str) {
        ("team", "sim")
    }

    fn rule(&self, site: &Site, number: usize) -> NamedCall {
        let (namespace, _) = self.repository();
        let call = NamedCall::new("CreateImageSyncRepo", self.parameters());
        call.body(json!({
            "remoteRegionId": world::huaweicloud::FLEET_BASIC_REGIONS[number],
            "remoteNamespace": namespace,
            "syncAuto": true,
            "override": site.overwrites,
        }))
    }

    fn delete_rule<'a>(&'a self, site: &'a Site, number: usize) -> BoxFuture<'a, ()> {
        async move {
            let (namespace, _) = self.repository();
            let to = world::huaweicloud::FLEET_BASIC_REGIONS[number];
            let body = json!({"remoteRegionId": to, "remoteNamespace": namespace});
            let call = NamedCall::new("DeleteImageSyncRepo", self.parameters());
            site.call(call.body(body)).await;
        }
        .boxed()
    }

    fn by_hand<'a>(&'a self, site: &'a Site, tag: &'a str, number: usize) -> BoxFuture<'a, ()> {
        async move {
            let (namespace, _) = self.repository();
            let call = NamedCall::new("CreateManualImageSyncRepo", self.parameters());
            let call = call.body(json!({
                "imageTag": [tag],
                "remoteRegionId": world::huaweicloud::FLEET_BASIC_REGIONS[number],
                "remoteNamespace": namespace,
                "override": site.overwrites,
            }));
            site.call(call).await;
        }
        .boxed()
    }

    /// Does nothing, because the edition cannot stop jobs.
    fn stop<'a>(&'a self, _: &'a Site, _: &'a str) -> BoxFuture<'a, ()> {
        std::future::ready(()).boxed()
    }

    fn listings(&self) -> &'static [ListedCall] {
        const fn listed(operation: &'static str, listed: Listed) -> ListedCall {
            ListedCall {
                operation,
                listed,
                records: "",
                total: None,
                id: "id",
                made: &["createdAt", "id"],
                absent: None,
            }
        }
        const LISTINGS: &[ListedCall] = &[
            listed("ListImageAutoSyncReposDetails", Listed::Rules),
            listed("ShowSyncJob", Listed::Tasks),
        ];
        LISTINGS
    }

    fn pages(&self) -> Vec<ExamplePage> {
        crate::huaweicloud::decode::basic_pages()
    }

    fn obstacles(&self) -> Vec<Obstacle> {
        vec![Obstacle {
            name: "manual",
            field: "syncAuto",
            value: json!(false),
            reason: ReasonKind::RuleManual,
        }]
    }

    /// Returns the result of asking the repository itself for its jobs.
    fn without_repository(&self) -> &'static str {
        "error: service"
    }
}
