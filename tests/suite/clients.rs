//! Clients for tests.

use std::sync::Arc;

use huaweicloud_swr::{AccessKey, Credentials, Huaweicloud, iam, swr};
use openapi_transport::{Call, Context, Error};
use registry_replication::{alibabacloud, huaweicloud};
use registry_sandbox::{Sandbox, world};
use registry_tests::bearer::Bearer;
use registry_tests::fixed;
use registry_tests::given::Given;
use registry_tests::service::{MADE_UP, Service, service};
use serde_json::Value;

use crate::subjects;

pub(crate) const PROJECT: &str = "0123456789abcdef0123456789abcdef";
pub(crate) const INSTANCE: &str = "3f5c2a10-7d1e-4b6a-9c55-0e8d2f4a6b71";

pub(crate) fn huawei_key() -> AccessKey {
    AccessKey::new("EXAMPLEACCESSKEY0001", "example-secret-key").project_id(PROJECT)
}

pub(crate) fn alibaba_key() -> alibabacloud_cr::Credentials {
    alibabacloud_cr::Credentials::new("LTAI5tExampleAccessKeyId", "ExampleAccessKeySecret")
}

pub(crate) fn huawei(endpoint: &str, credentials: impl Into<Credentials>) -> Context {
    let dialect = Arc::new(Huaweicloud::new(credentials));
    fixed(Context::builder(endpoint, dialect)).build().unwrap()
}

pub(crate) fn iam(endpoint: &str) -> iam::Client {
    iam::Client::new(huawei(endpoint, huawei_key()))
}

/// A context for calls of a service at noon, with fixed keys.
pub(crate) fn fixed_context(service: &Service, endpoint: &str) -> Context {
    let dialect = match service == MADE_UP {
        true => Arc::new(Bearer("example-token")),
        false => {
            let subject = subjects::of_client(service.client());
            subject.fixed_dialect(service.service())
        }
    };
    fixed(Context::builder(endpoint, dialect)).build().unwrap()
}

/// Makes a call of one of the specs by its name, at noon and with fixed keys.
pub(crate) async fn call(
    spec: &str,
    endpoint: &str,
    name: &str,
    given: &Given,
) -> Result<Value, Error> {
    let service = service(spec);
    (service.call)(fixed_context(service, endpoint), name, given).await
}

/// The same call by way of the table of operations.
pub(crate) async fn call_by_name(
    spec: &str,
    endpoint: &str,
    name: &str,
    given: &Given,
) -> Result<Value, Error> {
    let service = service(spec);
    let mut operations = service.operations.iter();
    let operation = operations.find(|operation| operation.name == name);
    let mut call = Call::new(operation.unwrap());
    for (name, value) in &given.parameters {
        let text = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        call = call.parameter(name, &text)?;
    }
    if let Some(body) = &given.body {
        call = call.body(body)?;
    }
    call.send(&fixed_context(service, endpoint)).await
}

/// The account that a sandbox lets in.
pub(crate) fn sandbox_key(sandbox: &Sandbox) -> AccessKey {
    let account = world::huaweicloud::account(sandbox.endpoint());
    AccessKey::new(&account.access_key, account.secret_key.as_str()).project_id(&account.project_id)
}

pub(crate) fn sandbox_alibaba_key(sandbox: &Sandbox) -> alibabacloud_cr::Credentials {
    let account = world::alibabacloud::account(sandbox.endpoint());
    alibabacloud_cr::Credentials::new(&account.access_key_id, account.access_key_secret.as_str())
}

/// A client that lives in the present, for a sandbox that does.
pub(crate) fn sandbox_swr(sandbox: &Sandbox) -> swr::Client {
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

pub(crate) async fn alibaba(
    sandbox: &Sandbox,
    instance: &str,
    credentials: alibabacloud_cr::Credentials,
) -> alibabacloud::AlibabaCr {
    alibabacloud::AlibabaCr::builder()
        .endpoint(sandbox.endpoint())
        .instance(instance)
        .credentials(credentials)
        .configure(|context| context.rate_limit(None))
        .build()
        .await
        .unwrap()
}
