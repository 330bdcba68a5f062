//! Clients of Alibaba Cloud for tests.

use alibabacloud_cr::Credentials;
use registry_replication::alibabacloud::AlibabaCr;
use registry_sandbox::{Sandbox, world};

/// Returns an example key.
pub(crate) fn key() -> Credentials {
    Credentials::new("LTAI5tExampleAccessKeyId", "ExampleAccessKeySecret")
}

/// Returns the key of a sandbox's account.
pub(crate) fn sandbox_key(sandbox: &Sandbox) -> Credentials {
    let account = world::alibabacloud::account(sandbox.endpoint());
    Credentials::new(&account.access_key_id, account.access_key_secret.as_str())
}

/// Connects to an instance of the sandbox.
pub(crate) async fn registry(
    sandbox: &Sandbox,
    instance: &str,
    credentials: Credentials,
) -> AlibabaCr {
    AlibabaCr::builder()
        .endpoint(sandbox.endpoint())
        .instance(instance)
        .credentials(credentials)
        .configure(|context| context.rate_limit(None))
        .build()
        .await
        .unwrap()
}
