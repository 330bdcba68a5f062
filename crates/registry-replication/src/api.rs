//! Calls by the vendor's name, for programs that choose the operation at run time.
//!
//! ```no_run
//! use registry_replication::{Error, Settings, api};
//!
//! # async fn example() -> Result<(), Error> {
//! let (service, operation) = api::find("ListNamespaces")?;
//! let context = service.connect(Settings::new().set("region", "cn-north-4")).await?;
//! let answer = api::Call::new(operation).send(&context).await?;
//! println!("{answer}");
//! # Ok(())
//! # }
//! ```

mod listing;

use std::fmt;

use futures_core::future::BoxFuture;
pub use openapi_transport::{
    Access, Body, Call, Operation, Paging, PagingKind, Parameter, Place, PreviewedRequest, Spot,
};
use openapi_transport::{Context, Error};

pub use listing::{Record, listing};

use crate::connect::Settings;
use crate::model::grammar::quoted;
use crate::provider::{Setting, clouds};
use crate::suggest;

/// Service of a vendor, described by one spec.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Service {
    /// Name: the cloud and the spec, such as `alibabacloud.cr`.
    pub name: &'static str,
    /// Its calls.
    pub operations: &'static [Operation],
    /// Settings of a connection.
    pub settings: &'static [Setting],
    pub(crate) connect: fn(Settings) -> BoxFuture<'static, Result<Context, Error>>,
    /// Function that looks up a missing setting by calls.
    pub(crate) lookup: Option<Lookup>,
}

/// Function that looks up the setting of this name, or returns `None` if it cannot.
pub(crate) type Lookup =
    fn(Settings, &'static str) -> BoxFuture<'static, Result<Option<String>, Error>>;

impl Service {
    /// Makes a context for calls to the service. Nothing is sent. Settings that the service does
    /// not have are ignored.
    ///
    /// # Errors
    /// When region and endpoint are missing.
    pub async fn connect(&self, settings: Settings) -> Result<Context, Error> {
        (self.connect)(settings).await
    }

    /// Fills the parameters of a call that name a place, such as the project and the instance,
    /// from settings. A parameter that is set stays. Looks up a missing setting that the path of the
    /// call needs, which may send calls.
    ///
    /// # Errors
    /// When a value is invalid for its parameter, and any error of a call.
    pub async fn fill(&self, mut call: Call, settings: &Settings) -> Result<Call, Error> {
        for setting in self.settings {
            let Some(name) = setting.parameter.filter(|name| !call.has(name)) else {
                continue;
            };
            let mut all = call.operation().parameters.iter();
            let Some(parameter) = all.find(|parameter| parameter.name == name) else {
                continue;
            };
            // Outside the path, an optional place is the caller's choice.
            let is_in_path = parameter.place == Place::Path;
            let value = match settings.get(setting.name) {
                Some(value) if is_in_path || setting.required => Some(value.to_owned()),
                None if is_in_path => match self.lookup {
                    Some(lookup) => lookup(settings.clone(), setting.name).await?,
                    None => None,
                },
                _ => None,
            };
            if let Some(value) = value {
                call = call.parameter(name, &value)?;
            }
        }
        Ok(call)
    }
}

impl PartialEq for Service {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Service {}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Service").field(&self.name).finish()
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// Returns all services of this build.
pub fn services() -> impl Iterator<Item = &'static Service> + Clone {
    clouds().flat_map(|cloud| cloud.services)
}

/// Returns every call of every service.
fn calls() -> impl Iterator<Item = (&'static Service, &'static Operation)> + Clone {
    services().flat_map(|service| {
        let operations = service.operations.iter();
        operations.map(move |operation| (service, operation))
    })
}

/// Finds a call by the vendor's name, `ListRepoSyncTask`. If several services have a call of that
/// name, the name needs the service, `alibabacloud.cr:ListInstance`.
///
/// # Errors
/// Of kind [`Invalid`](crate::ErrorKind::Invalid) when there is no such call, or several calls. The
/// error suggests names.
pub fn find(name: &str) -> Result<(&'static Service, &'static Operation), Error> {
    let (wanted, plain) = match name.split_once(':') {
        Some((service, plain)) => (Some(service), plain),
        None => (None, name),
    };
    let all = calls;
    let of_service = |service: &Service| wanted.is_none_or(|wanted| wanted == service.name);
    let named = || {
        let is_named = |name: &str| name.eq_ignore_ascii_case(plain);
        all().filter(move |(service, operation)| of_service(service) && is_named(operation.name))
    };
    // Names of several services may differ in their capital letters only.
    let is_exact = named().any(|(_, operation)| operation.name == plain);
    let mut found = named().filter(|(_, operation)| !is_exact || operation.name == plain);
    match (found.next(), found.next()) {
        (Some(one), None) => Ok(one),
        (Some(one), Some(other)) => {
            let names = [one, other].map(|(service, found)| format!("{service}:{}", found.name));
            Err(Error::configuration(format!(
                "{name} is a call of several services; write {}",
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
