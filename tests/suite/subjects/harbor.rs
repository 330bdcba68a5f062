//! Harbor as a test subject.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use harbor::{Harbor as Signer, Login};
use openapi_transport::Dialect;
use registry_replication::harbor::HarborRegistry;
use registry_replication::{ReasonKind, Registry, oci};
use registry_sandbox::Sandbox;
use registry_sandbox::world::harbor::{PASSWORD, REGISTRY, TARGET_IDS, TARGETS, USER, registry};
use registry_sandbox::world::{Place, Source};
use serde_json::{Value, json};

use super::{
    CommandLine, Configure, Destination, ExamplePage, Listed, ListedCall, NamedCall, Obstacle,
    Ports, Site, Subject, Total,
};
use crate::retries::Call;

/// A Harbor.
#[derive(Debug)]
pub(crate) struct Harbor;

/// Name of the stage's policies.
const POLICY: &str = "sim";

impl Harbor {
    /// Returns the ids of the stage's policies to a destination.
    async fn policies(site: &Site, number: usize) -> Vec<i64> {
        let all = NamedCall::new("listReplicationPolicies", json!({ "page_size": 100 }));
        let all = site.call(all).await.unwrap();
        let all = all.as_array().unwrap().iter();
        let name = format!("{POLICY}-{number}");
        let own = all.filter(|policy| policy["name"] == name);
        own.map(|policy| policy["id"].as_i64().unwrap()).collect()
    }
}

impl Subject for Harbor {
    fn provider(&self) -> &'static str {
        "harbor"
    }

    fn client(&self) -> Option<&'static str> {
        Some("harbor")
    }

    fn fixed_dialect(&self, _: &str) -> Arc<dyn Dialect> {
        Arc::new(Signer::new(Login::new("robot$example", "example-secret")))
    }

    fn command_lines(&self) -> Vec<CommandLine> {
        crate::harbor::terminal::lines()
    }

    fn calls(&self) -> Vec<Call> {
        crate::harbor::retries::calls()
    }

    fn source(&self) -> Source {
        REGISTRY
    }

    fn connect<'a>(
        &'a self,
        sandbox: &'a Sandbox,
        _: &'a Ports,
        configure: Configure,
    ) -> BoxFuture<'a, Box<dyn Registry>> {
        async move {
            let registry = HarborRegistry::builder()
                .endpoint(sandbox.endpoint())
                .credentials(Login::new(USER, PASSWORD))
                .configure(configure);
            Box::new(registry.build().await.unwrap()) as Box<dyn Registry>
        }
        .boxed()
    }

    fn dialect(&self, _: &Sandbox) -> Arc<dyn Dialect> {
        Arc::new(Signer::new(Login::new(USER, PASSWORD)))
    }

    fn oci<'a>(
        &'a self,
        _: &'a Sandbox,
        _: &'a Place,
        host: &'a str,
    ) -> BoxFuture<'a, oci::Builder> {
        let login = oci::Login::password(USER, PASSWORD);
        std::future::ready(oci::Client::builder(host).login(login)).boxed()
    }

    fn destinations(&self) -> Vec<Destination> {
        let destinations = TARGETS[..2].iter().map(|name| Destination {
            name,
            place: registry(*name),
        });
        destinations.collect()
    }

    fn repository(&self) -> (&'static str, &'static str) {
        ("team", "sim")
    }

    fn rule(&self, site: &Site, number: usize) -> NamedCall {
        let call = NamedCall::new("createReplicationPolicy", json!({}));
        call.body(json!({
            "name": format!("{POLICY}-{number}"),
            "src_registry": { "id": 0 },
            "dest_registry": { "id": TARGET_IDS[number] },
            "filters": [{ "type": "name", "value": "team/sim" }],
            "trigger": { "type": "event_based" },
            "override": site.overwrites,
            "enabled": true,
        }))
    }

    fn delete_rule<'a>(&'a self, site: &'a Site, number: usize) -> BoxFuture<'a, ()> {
        async move {
            for policy in Self::policies(site, number).await {
                let this = json!({ "id": policy });
                site.call(NamedCall::new("deleteReplicationPolicy", this))
                    .await;
            }
        }
        .boxed()
    }

    fn by_hand<'a>(&'a self, site: &'a Site, _: &'a str, number: usize) -> BoxFuture<'a, ()> {
        async move {
            for policy in Self::policies(site, number).await {
                let call = NamedCall::new("startReplication", json!({}));
                site.call(call.body(json!({ "policy_id": policy }))).await;
            }
        }
        .boxed()
    }

    fn stop<'a>(&'a self, site: &'a Site, work: &'a str) -> BoxFuture<'a, ()> {
        async move {
            let this = json!({ "id": work });
            site.call(NamedCall::new("stopReplication", this)).await;
        }
        .boxed()
    }

    fn listings(&self) -> &'static [ListedCall] {
        const fn listed(operation: &'static str, listed: Listed) -> ListedCall {
            ListedCall {
                operation,
                listed,
                records: "",
                total: Some(Total::Header("x-total-count")),
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
            listed("listReplicationPolicies", Listed::Rules),
            listed("listReplicationExecutions", Listed::Executions),
            listed("listReplicationTasks", Listed::ExecutionTasks),
            // A log is a text, which can be gone.
            listed("getReplicationLog", Listed::Subtasks),
        ];
        LISTINGS
    }

    fn tag_listing(&self) -> &'static str {
        "listArtifacts"
    }

    fn has_pages_of_tags(&self) -> bool {
        false
    }

    fn pages(&self) -> Vec<ExamplePage> {
        crate::harbor::decode::pages()
    }

    fn obstacles(&self) -> Vec<Obstacle> {
        let tags = |value: Value| json!([{ "type": "name", "value": "team/sim" }, value]);
        vec![
            Obstacle {
                name: "another tag",
                field: "filters",
                value: tags(json!({ "type": "tag", "value": "release-*" })),
                reason: ReasonKind::NotCovered,
            },
            Obstacle {
                name: "a tag that is left out",
                field: "filters",
                value: tags(json!({ "type": "tag", "decoration": "excludes", "value": "v*" })),
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
                value: json!({ "type": "manual" }),
                reason: ReasonKind::RuleManual,
            },
            Obstacle {
                name: "on schedule",
                field: "trigger",
                value: json!({
                    "type": "scheduled",
                    "trigger_settings": { "cron": "0 0 2 * * *" },
                }),
                reason: ReasonKind::RuleOnSchedule,
            },
        ]
    }

    fn without_repository(&self) -> &'static str {
        "not arrived: no-rule"
    }

    /// Returns Harbor's longest pause.
    fn longest_pause(&self) -> u64 {
        118
    }
}
