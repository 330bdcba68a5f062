//! Clients for tests.

use std::sync::Arc;

use alibabacloud_cr::{Alibabacloud, cr};
use huaweicloud_swr::{AccessKey, Credentials, Huaweicloud, iam, sts, swr};
use openapi_transport::{Call, Context, Dialect, Error, Operation};
use registry_replication::{alibabacloud, huaweicloud};
use registry_sandbox::Sandbox;
use registry_tests::given::Given;
use registry_tests::{fixed, generated};
use serde_json::Value;

pub(crate) const PROJECT: &str = "0123456789abcdef0123456789abcdef";
pub(crate) const INSTANCE: &str = "3f5c2a10-7d1e-4b6a-9c55-0e8d2f4a6b71";

pub(crate) fn huawei_key() -> AccessKey {
    AccessKey::new("EXAMPLEACCESSKEY0001", "example-secret-key").project_id(PROJECT)
}

pub(crate) fn alibaba_key() -> alibabacloud_cr::Credentials {
    alibabacloud_cr::Credentials::new("LTAI5tExampleAccessKeyId", "ExampleAccessKeySecret")
}

fn context(endpoint: &str, provider: impl Dialect + 'static) -> Context {
    fixed(Context::builder(endpoint, Arc::new(provider)))
        .build()
        .unwrap()
}

pub(crate) fn huawei(endpoint: &str, credentials: impl Into<Credentials>) -> Context {
    context(endpoint, Huaweicloud::new(credentials))
}

pub(crate) fn swr(endpoint: &str) -> swr::Client {
    swr::Client::new(huawei(endpoint, huawei_key()))
}

pub(crate) fn iam(endpoint: &str) -> iam::Client {
    iam::Client::new(huawei(endpoint, huawei_key()))
}

pub(crate) fn sts(endpoint: &str) -> sts::Client {
    sts::Client::new(huawei(endpoint, huawei_key()))
}

pub(crate) fn cr(endpoint: &str) -> cr::Client {
    cr::Client::new(context(endpoint, Alibabacloud::new(alibaba_key())))
}

pub(crate) fn alibaba_sts(endpoint: &str) -> alibabacloud_cr::sts::Client {
    let provider = Alibabacloud::new(alibaba_key().security_token("ExampleSecurityToken"));
    alibabacloud_cr::sts::Client::new(context(endpoint, provider))
}

/// Makes a call of one of the specs by its name, at noon and with fixed keys.
pub(crate) async fn call(
    spec: &str,
    endpoint: &str,
    name: &str,
    given: &Given,
) -> Result<Value, Error> {
    match spec {
        "huaweicloud-swr/swr" => {
            generated::huaweicloud_swr_swr::call(&swr(endpoint), name, given).await
        }
        "huaweicloud-swr/iam" => {
            generated::huaweicloud_swr_iam::call(&iam(endpoint), name, given).await
        }
        "huaweicloud-swr/sts" => {
            generated::huaweicloud_swr_sts::call(&sts(endpoint), name, given).await
        }
        "alibabacloud-cr/cr" => {
            generated::alibabacloud_cr_cr::call(&cr(endpoint), name, given).await
        }
        "alibabacloud-cr/sts" => {
            generated::alibabacloud_cr_sts::call(&alibaba_sts(endpoint), name, given).await
        }
        other => panic!("no client for {other}"),
    }
}

/// The same call by way of the table of operations.
pub(crate) async fn call_by_name(
    spec: &str,
    endpoint: &str,
    name: &str,
    given: &Given,
) -> Result<Value, Error> {
    let operations = operations(spec);
    let operation = operations.iter().find(|operation| operation.name == name);
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
    let context = match spec {
        "alibabacloud-cr/cr" => context(endpoint, Alibabacloud::new(alibaba_key())),
        "alibabacloud-cr/sts" => {
            let provider = Alibabacloud::new(alibaba_key().security_token("ExampleSecurityToken"));
            context(endpoint, provider)
        }
        _ => huawei(endpoint, huawei_key()),
    };
    call.send(&context).await
}

/// The table of a spec's operations.
pub(crate) fn operations(spec: &str) -> &'static [Operation] {
    match spec {
        "huaweicloud-swr/swr" => swr::OPERATIONS,
        "huaweicloud-swr/iam" => iam::OPERATIONS,
        "huaweicloud-swr/sts" => sts::OPERATIONS,
        "alibabacloud-cr/cr" => cr::OPERATIONS,
        "alibabacloud-cr/sts" => alibabacloud_cr::sts::OPERATIONS,
        other => panic!("no operations of {other}"),
    }
}

/// The account that a sandbox lets in.
pub(crate) fn sandbox_key(sandbox: &Sandbox) -> AccessKey {
    let account = &sandbox.accounts().huaweicloud_swr;
    AccessKey::new(&account.access_key, account.secret_key.as_str()).project_id(&account.project_id)
}

pub(crate) fn sandbox_alibaba_key(sandbox: &Sandbox) -> alibabacloud_cr::Credentials {
    let account = &sandbox.accounts().alibabacloud_cr;
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
    let account = &sandbox.accounts().huaweicloud_swr;
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
