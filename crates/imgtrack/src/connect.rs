//! From words on the command line to a registry.

use registry_replication::huaweicloud::{self, AccessKey};
use registry_replication::{Error, alibabacloud};
use registry_sandbox::{Options, Sandbox, world};

use crate::cli::{Alibabacloud, Common, Enterprise};
use crate::failure::Failure;

/// The clouds, or a sandbox that stands in for them.
pub(crate) struct Connection {
    sandbox: Option<Sandbox>,
}

impl Connection {
    pub(crate) async fn new(sandbox: bool) -> Result<Self, Failure> {
        let sandbox = match sandbox {
            true => Some(Sandbox::start(Options::default()).await?),
            false => None,
        };
        Ok(Self { sandbox })
    }

    pub(crate) async fn basic(&self, to: &Common) -> Result<huaweicloud::basic::Registry, Error> {
        let mut builder = huaweicloud::basic::Registry::builder();
        if let Some(sandbox) = &self.sandbox {
            let account = &sandbox.accounts().huaweicloud_swr;
            builder = builder
                .region(world::HUAWEICLOUD_REGION)
                .endpoint(&account.endpoint)
                .credentials(AccessKey::new(
                    &account.access_key,
                    account.secret_key.as_str(),
                ));
        }
        if let Some(region) = &to.region {
            builder = builder.region(region);
        }
        if let Some(endpoint) = &to.endpoint {
            builder = builder.endpoint(endpoint);
        }
        builder.build().await
    }

    pub(crate) async fn sts(&self, to: &Common) -> Result<huaweicloud::sts::Service, Error> {
        let mut builder = huaweicloud::sts::Service::builder();
        if let Some(sandbox) = &self.sandbox {
            let account = &sandbox.accounts().huaweicloud_swr;
            builder = builder
                .endpoint(&account.endpoint)
                .credentials(AccessKey::new(
                    &account.access_key,
                    account.secret_key.as_str(),
                ));
        }
        if let Some(region) = &to.region {
            builder = builder.region(region);
        }
        if let Some(endpoint) = &to.endpoint {
            builder = builder.endpoint(endpoint);
        }
        builder.build().await
    }

    pub(crate) async fn enterprise(
        &self,
        to: &Enterprise,
    ) -> Result<huaweicloud::enterprise::Registry, Error> {
        let mut builder = huaweicloud::enterprise::Registry::builder();
        if let Some(sandbox) = &self.sandbox {
            let account = &sandbox.accounts().huaweicloud_swr;
            builder = builder
                .endpoint(&account.endpoint)
                .project_id(&account.project_id)
                .instance(&account.instance_id)
                .credentials(AccessKey::new(
                    &account.access_key,
                    account.secret_key.as_str(),
                ));
        }
        if let Some(region) = &to.common.region {
            builder = builder.region(region);
        }
        if let Some(endpoint) = &to.common.endpoint {
            builder = builder.endpoint(endpoint);
        }
        if let Some(id) = &to.project_id {
            builder = builder.project_id(id);
        }
        if let Some(id) = &to.instance {
            builder = builder.instance(id);
        }
        builder.build().await
    }

    pub(crate) async fn alibabacloud(
        &self,
        to: &Alibabacloud,
    ) -> Result<alibabacloud::Registry, Error> {
        let mut builder = alibabacloud::Registry::builder();
        if let Some(sandbox) = &self.sandbox {
            let account = &sandbox.accounts().alibabacloud_cr;
            let credentials = alibabacloud::Credentials::new(
                &account.access_key_id,
                account.access_key_secret.as_str(),
            );
            builder = builder
                .endpoint(&account.endpoint)
                .instance(&account.instance_id)
                .credentials(credentials);
        }
        if let Some(region) = &to.common.region {
            builder = builder.region(region);
        }
        if let Some(endpoint) = &to.common.endpoint {
            builder = builder.endpoint(endpoint);
        }
        if let Some(id) = &to.instance {
            builder = builder.instance(id);
        }
        builder.build().await
    }
}
