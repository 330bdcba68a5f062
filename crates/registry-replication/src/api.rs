//! Calls by the vendor's name, for programs that do not know at compile time what they will call.
//!
//! ```no_run
//! use registry_replication::{Error, api, huaweicloud};
//!
//! # async fn example() -> Result<(), Error> {
//! let (service, operation) = api::find("ListNamespaces")?;
//! assert_eq!(service.name(), "huaweicloud.swr");
//! let context = huaweicloud::Connection::builder().region("cn-north-4").build(service).await?;
//! let answer = api::Call::new(operation).send(&context).await?;
//! println!("{answer}");
//! # Ok(())
//! # }
//! ```

use std::fmt;

use alibabacloud_cr::{cr, sts as alibabacloud_sts};
use huaweicloud_swr::{iam, sts, swr};
pub use openapi_transport::{
    Access, Body, Call, Operation, Pages, Paging, Parameter, Place, PreviewedRequest,
};

use crate::Error;
use crate::model::grammar::quoted;
use crate::suggest;

/// A service that calls can be made to: one spec.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Service {
    /// Huawei Cloud SWR, both editions.
    HuaweicloudSwr,
    /// Huawei Cloud IAM.
    HuaweicloudIam,
    /// Huawei Cloud STS.
    HuaweicloudSts,
    /// Alibaba Cloud Container Registry.
    AlibabacloudCr,
    /// Alibaba Cloud STS.
    AlibabacloudSts,
}

impl Service {
    /// All services.
    pub const ALL: [Self; 5] = [
        Self::HuaweicloudSwr,
        Self::HuaweicloudIam,
        Self::HuaweicloudSts,
        Self::AlibabacloudCr,
        Self::AlibabacloudSts,
    ];

    /// `huaweicloud.swr` and the like.
    pub fn name(self) -> &'static str {
        match self {
            Self::HuaweicloudSwr => "huaweicloud.swr",
            Self::HuaweicloudIam => "huaweicloud.iam",
            Self::HuaweicloudSts => "huaweicloud.sts",
            Self::AlibabacloudCr => "alibabacloud.cr",
            Self::AlibabacloudSts => "alibabacloud.sts",
        }
    }

    /// Its calls.
    pub fn operations(self) -> &'static [Operation] {
        match self {
            Self::HuaweicloudSwr => swr::OPERATIONS,
            Self::HuaweicloudIam => iam::OPERATIONS,
            Self::HuaweicloudSts => sts::OPERATIONS,
            Self::AlibabacloudCr => cr::OPERATIONS,
            Self::AlibabacloudSts => alibabacloud_sts::OPERATIONS,
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The call of this name: the vendor's own, `ListRepoSyncTask`, or with its service where several
/// services have one of that name, `alibabacloud.cr:ListInstance`.
///
/// # Errors
/// Of kind [`Invalid`](crate::ErrorKind::Invalid): there is no such call, or there are several;
/// names those that are meant, perhaps.
pub fn find(name: &str) -> Result<(Service, &'static Operation), Error> {
    let (wanted, plain) = match name.split_once(':') {
        Some((service, plain)) => (Some(service), plain),
        None => (None, name),
    };
    let all = || {
        Service::ALL.into_iter().flat_map(|service| {
            let operations = service.operations().iter();
            operations.map(move |operation| (service, operation))
        })
    };
    let of_service = |service: &Service| wanted.is_none_or(|wanted| wanted == service.name());
    let mut found = all().filter(|(service, operation)| {
        of_service(service) && operation.name.eq_ignore_ascii_case(plain)
    });
    match (found.next(), found.next()) {
        (Some(one), None) => Ok(one),
        (Some(one), Some(other)) => {
            let names = [one, other].map(|(service, found)| format!("{service}:{}", found.name));
            Err(Error::configuration(format!(
                "{name} is a call of several services: say {}",
                names.join(" or ")
            )))
        }
        (None, _) => {
            let lower = plain.to_lowercase();
            let near: Vec<_> = all()
                .filter(|(service, _)| of_service(service))
                .filter(|(_, operation)| operation.name.to_lowercase().contains(&lower))
                .map(|(_, operation)| operation.name)
                .take(5)
                .collect();
            let question = match near.is_empty() {
                false => format!("; did you mean {}?", near.join(", ")),
                true => {
                    let known = all().filter(|(service, _)| of_service(service));
                    suggest::question(plain, known.map(|(_, operation)| operation.name))
                }
            };
            Err(Error::configuration(format!(
                "there is no call {}{question}",
                quoted(name)
            )))
        }
    }
}
