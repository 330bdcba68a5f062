//! Clients of Huawei Cloud for tests.

use std::sync::Arc;

use huaweicloud_swr::{AccessKey, Credentials, Huaweicloud, iam, swr};
use openapi_transport::Context;
use registry_replication::huaweicloud;
use registry_sandbox::{Sandbox, world};
use registry_tests::fixed;

pub(crate) const PROJECT: &str = "0123456789abcdef0123456789abcdef";
pub(crate) const INSTANCE: &str = "3f5c2a10-7d1e-4b6a-9c55-0e8d2f4a6b71";

/// Returns an example key.
pub(crate) fn key() -> AccessKey {
    AccessKey::new("EXAMPLEACCESSKEY0001", "example-secret-key").project_id(PROJECT)
}

/// Makes a context at noon with these credentials.
pub(crate) fn context(endpoint: &str, credentials: impl Into<Credentials>) -> Context {
    let dialect = Arc::new(Huaweicloud::new(credentials));
    fixed(Context::builder(endpoint, dialect)).build().unwrap()
}

pub(crate) fn iam(endpoint: &str) -> iam::Client {
    iam::Client::new(context(endpoint, key()))
}

/// Returns the access key of a sandbox's account.
pub(crate) fn sandbox_key(sandbox: &Sandbox) -> AccessKey {
    let account = world::huaweicloud::account(sandbox.endpoint());
    AccessKey::new(&account.access_key, account.secret_key.as_str()).project_id(&account.project_id)
}

/// Makes a client with the system's clock, for a sandbox with the same clock.
pub(crate) fn swr(sandbox: &Sandbox) -> swr::Client {
    let provider = Huaweicloud::new(sandbox_key(sandbox));
    swr::Client::new(
        Context::builder(sandbox.endpoint(), Arc::new(provider))
            .rate_limit(None)
            .build()
            .unwrap(),
    )
}

pub(crate) async fn enterprise(
    sandbox: &Sandbox,
    credentials: impl Into<Credentials>,
) -> huaweicloud::SwrEnterprise {
    let account = world::huaweicloud::account(sandbox.endpoint());
    huaweicloud::SwrEnterprise::builder()
        .endpoint(&account.endpoint)
        .project_id(&account.project_id)
        .instance(&account.instance_id)
        .credentials(credentials)
        .configure(|context| context.rate_limit(None))
        .build()
        .await
        .unwrap()
}

pub(crate) async fn basic(
    sandbox: &Sandbox,
    credentials: impl Into<Credentials>,
) -> huaweicloud::SwrBasic {
    huaweicloud::SwrBasic::builder()
        .endpoint(sandbox.endpoint())
        .region("cn-north-4")
        .credentials(credentials)
        .configure(|context| context.rate_limit(None))
        .build()
        .await
        .unwrap()
}
