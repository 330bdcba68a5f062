//! Tests of a sandbox that other machines can reach.

use std::collections::BTreeSet;

use super::registry::{Door, enters};
use super::{Trial, exchange};
use crate::Options;
use crate::side::Access;
use crate::sides::SIDES;
use crate::world::Place;

async fn remote() -> Trial {
    let everywhere = "0.0.0.0:0".parse().unwrap();
    Trial::with(Options::default().listen(everywhere).remote()).await
}

/// Returns all values of accounts, settings, variables and logins.
fn values(trial: &Trial) -> BTreeSet<String> {
    let accounts = serde_json::to_value(trial.sandbox.accounts()).unwrap();
    let accounts = accounts.as_object().unwrap().values();
    let fields = accounts.flat_map(|account| account.as_object().unwrap().values());
    let mut values: BTreeSet<String> = fields
        .map(|value| value.as_str().unwrap().to_owned())
        .collect();
    for side in SIDES {
        for registry in side.registries {
            let settings = trial.sandbox.settings(registry.source.provider()).unwrap();
            values.extend(settings.values.into_values());
        }
    }
    values.append(&mut secrets(trial));
    let variables = trial.sandbox.variables();
    values.extend(variables.into_iter().map(|(_, value)| value));
    values
}

/// Returns the secrets of all registries, and the passwords of their ports.
fn secrets(trial: &Trial) -> BTreeSet<String> {
    let registries = SIDES.iter().flat_map(|side| side.registries);
    let secrets = registries.flat_map(|registry| {
        let settings = trial.sandbox.settings(registry.source.provider()).unwrap();
        let port = trial.sandbox.serve(&registry.source.into()).unwrap();
        [settings.access_key_secret, port.login().unwrap().1]
    });
    secrets.collect()
}

#[tokio::test]
async fn published_keys_open_nothing_that_is_remote() {
    let (published, trial, other) = (Trial::start().await, remote().await, remote().await);
    let port = trial.sandbox.port();
    assert_eq!(trial.sandbox.endpoint(), format!("http://127.0.0.1:{port}"));
    for known in [&published, &other] {
        let common: Vec<_> = values(&trial)
            .intersection(&secrets(known))
            .cloned()
            .collect();
        assert_eq!(common, [""; 0]);
    }
    for side in SIDES {
        for registry in side.registries {
            let place = Place::from(registry.source);
            assert_ne!((registry.access)(place.id()), Access::Anonymous);
            Door::opened(&trial, &place).await;
            let known = published.sandbox.serve(&place).unwrap().login().unwrap();
            let own = trial.sandbox.serve(&place).unwrap().login().unwrap();
            enters(&trial, &place, (&known.0, &known.1), 401).await;
            enters(&trial, &place, (&own.0, &own.1), 200).await;
        }
    }
}

/// Checks that a service that asks for no secret answers only where the keys are published.
pub(super) async fn is_for_published_keys(method: &str, target: &str, header: &str) {
    for (trial, is_served) in [(remote().await, false), (Trial::start().await, true)] {
        let text = format!(
            "{method} {target} HTTP/1.1\r\nhost: sandbox\r\n{header}\r\nconnection: close\r\n\r\n"
        );
        let host = format!("127.0.0.1:{}", trial.sandbox.port());
        let answer = exchange(&host, text.as_bytes()).await;
        assert_eq!(answer.status == 200, is_served, "{target}");
    }
}
