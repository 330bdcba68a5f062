//! The registry of Alibaba Cloud as a test subject.

use std::sync::Arc;

use alibabacloud_cr::Alibabacloud as Signer;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use openapi_transport::Dialect;
use registry_replication::{ReasonKind, Registry, alibabacloud, oci};
use registry_sandbox::Sandbox;
use registry_sandbox::world::alibabacloud::FLEET_INSTANCE_ID as INSTANCE;
use registry_sandbox::world::{self, Place, Source};
use serde_json::json;

use super::{
    CommandLine, Configure, Destination, ExamplePage, Listed, ListedCall, NamedCall, Obstacle,
    Ports, Site, Subject, Total,
};
use crate::alibabacloud::clients;
use crate::retries::{Call, Fault};

/// The Enterprise instance of the sandbox's fleet.
#[derive(Debug)]
pub(crate) struct Alibabacloud;

impl Subject for Alibabacloud {
    fn provider(&self) -> &'static str {
        "alibabacloud"
    }

    fn client(&self) -> Option<&'static str> {
        Some("alibabacloud-cr")
    }

    fn fixed_dialect(&self, service: &str) -> Arc<dyn Dialect> {
        let key = clients::key();
        Arc::new(Signer::new(match service {
            "sts" => key.security_token("ExampleSecurityToken"),
            _ => key,
        }))
    }

    fn options(&self) -> Vec<&'static str> {
        crate::alibabacloud::FLEET.to_vec()
    }

    fn command_lines(&self) -> Vec<CommandLine> {
        crate::alibabacloud::terminal::lines()
    }

    fn calls(&self) -> Vec<Call> {
        crate::alibabacloud::retries::calls()
    }

    fn faults(&self) -> Vec<Fault> {
        crate::alibabacloud::retries::faults()
    }

    fn source(&self) -> Source {
        world::alibabacloud::REGISTRY
    }

    fn connect<'a>(
        &'a self,
        sandbox: &'a Sandbox,
        _: &'a Ports,
        configure: Configure,
    ) -> BoxFuture<'a, Box<dyn Registry>> {
        async move {
            let registry = alibabacloud::AlibabaCr::builder()
                .endpoint(sandbox.endpoint())
                .instance(INSTANCE)
                .credentials(clients::sandbox_key(sandbox))
                .configure(configure);
            Box::new(registry.build().await.unwrap()) as Box<dyn Registry>
        }
        .boxed()
    }

    fn dialect(&self, sandbox: &Sandbox) -> Arc<dyn Dialect> {
        Arc::new(Signer::new(clients::sandbox_key(sandbox)))
    }

    fn oci<'a>(
        &'a self,
        _: &'a Sandbox,
        _: &'a Place,
        host: &'a str,
    ) -> BoxFuture<'a, oci::Builder> {
        let login = oci::Login::password(
            world::alibabacloud::ACCESS_KEY_ID,
            world::alibabacloud::ACCESS_KEY_SECRET,
        );
        std::future::ready(oci::Client::builder(host).login(login)).boxed()
    }

    fn destinations(&self) -> Vec<Destination> {
        let regions = world::alibabacloud::FLEET_REGIONS.into_iter();
        let all = regions.zip(world::alibabacloud::FLEET_TARGET_IDS);
        let destinations = all.map(|(region, instance)| Destination {
            name: region,
            place: world::alibabacloud::instance(instance),
        });
        destinations.collect()
    }

    fn repository(&self) -> (&'static str, &'static str) {
        ("team", "sim")
    }

    /// The fleet has a rule for the namespace.
    fn is_covered(&self) -> bool {
        true
    }

    fn rule(&self, _: &Site, number: usize) -> NamedCall {
        let (namespace, repository) = self.repository();
        let rule = json!({
            "InstanceId": INSTANCE,
            "SyncRuleName": format!("sim-{number}"),
            "SyncScope": "REPO",
            "SyncTrigger": "PASSIVE",
            "NamespaceName": namespace,
            "RepoName": repository,
            "TagFilter": ".*",
            "TargetInstanceId": world::alibabacloud::FLEET_TARGET_IDS[number],
            "TargetRegionId": world::alibabacloud::FLEET_REGIONS[number],
            "TargetNamespaceName": namespace,
            "TargetRepoName": repository,
        });
        NamedCall::new("CreateRepoSyncRule", rule)
    }

    /// Deletes the fleet's rule of the namespace, too.
    fn delete_rule<'a>(&'a self, site: &'a Site, number: usize) -> BoxFuture<'a, ()> {
        async move {
            let to = world::alibabacloud::FLEET_REGIONS[number];
            let own = json!({"InstanceId": INSTANCE, "TargetRegionId": to, "PageSize": 100});
            let all = site.call(NamedCall::new("ListRepoSyncRule", own)).await;
            let all = all.unwrap();
            let rules = all["SyncRules"].as_array().unwrap().iter();
            for rule in rules.filter(|rule| rule["LocalNamespaceName"] == "team") {
                let this = json!({"InstanceId": INSTANCE, "SyncRuleId": rule["SyncRuleId"]});
                site.call(NamedCall::new("DeleteRepoSyncRule", this)).await;
            }
        }
        .boxed()
    }

    fn by_hand<'a>(&'a self, site: &'a Site, tag: &'a str, number: usize) -> BoxFuture<'a, ()> {
        async move {
            let (namespace, repository) = self.repository();
            let this = json!({
                "InstanceId": INSTANCE,
                "RepoNamespaceName": namespace,
                "RepoName": repository,
            });
            let found = site.call(NamedCall::new("GetRepository", this)).await;
            let copy = json!({
                "InstanceId": INSTANCE,
                "RepoId": found.unwrap()["RepoId"],
                "Tag": tag,
                "TargetInstanceId": world::alibabacloud::FLEET_TARGET_IDS[number],
                "TargetRegionId": world::alibabacloud::FLEET_REGIONS[number],
                "TargetNamespace": namespace,
                "TargetRepoName": repository,
                "TargetTag": tag,
                "Override": site.overwrites,
            });
            site.call(NamedCall::new("CreateRepoSyncTask", copy)).await;
        }
        .boxed()
    }

    fn stop<'a>(&'a self, site: &'a Site, work: &'a str) -> BoxFuture<'a, ()> {
        async move {
            let this = json!({"InstanceId": INSTANCE, "SyncTaskId": work});
            site.call(NamedCall::new("CancelRepoSyncTask", this)).await;
        }
        .boxed()
    }

    fn listings(&self) -> &'static [ListedCall] {
        const fn listed(
            operation: &'static str,
            listed: Listed,
            records: &'static str,
            id: &'static str,
        ) -> ListedCall {
            ListedCall {
                operation,
                listed,
                records,
                total: Some(Total::Field("TotalCount")),
                id,
                made: &["CreateTime"],
                absent: None,
            }
        }
        const LISTINGS: &[ListedCall] = &[
            listed("ListRepoSyncRule", Listed::Rules, "SyncRules", "SyncRuleId"),
            listed("ListRepoSyncTask", Listed::Tasks, "SyncTasks", "SyncTaskId"),
        ];
        LISTINGS
    }

    fn pages(&self) -> Vec<ExamplePage> {
        crate::alibabacloud::decode::pages()
    }

    fn obstacles(&self) -> Vec<Obstacle> {
        vec![
            Obstacle {
                name: "another tag",
                field: "TagFilter",
                value: json!(r"release-\d+"),
                reason: ReasonKind::NotCovered,
            },
            Obstacle {
                name: "manual",
                field: "SyncTrigger",
                value: json!("INITIATIVE"),
                reason: ReasonKind::RuleManual,
            },
        ]
    }
}
