//! Amazon's protocols, signatures and errors.

use std::sync::Arc;

use openapi_transport::{
    Answer, BoxFuture, Caller, Chain, Dialect, Error, Operation, Reading, Stamp, UsedCredentials,
    headers,
};
use reqwest::Request;

use crate::credentials::Credentials;
use crate::refusal;
use crate::signer::{self, Scope};

/// Media type of JSON 1.1.
const JSON: &str = "application/x-amz-json-1.1";
/// Header with the operation.
const TARGET: &str = "x-amz-target";
/// Beginning of the header's value.
const ECR: &str = "AmazonEC2ContainerRegistry_V20150921";
/// Name that calls of ECR are signed for.
const SERVICE: &str = "ecr";

/// Signs calls to Amazon's services and reads their errors.
#[derive(Clone, Debug)]
pub struct Amazon {
    caller: Caller<Credentials>,
    region: String,
}

impl Amazon {
    /// Signs with these credentials for the services of a region.
    pub fn new(credentials: Credentials, region: impl Into<String>) -> Self {
        Self::of(Caller::Fixed(credentials), region)
    }

    /// Signs with the chain's credentials at the time of the call, for the services of a region.
    ///
    /// Registries that share a chain share its credentials.
    pub fn with_chain(chain: Arc<Chain<Credentials>>, region: impl Into<String>) -> Self {
        Self::of(Caller::Chain(chain), region)
    }

    /// Signs with the credentials of this caller, for the services of a region.
    pub fn of(caller: Caller<Credentials>, region: impl Into<String>) -> Self {
        Self {
            caller,
            region: region.into(),
        }
    }
}

/// Sets path, body and the headers that every call has.
fn prepare(request: &mut Request, operation: &Operation) -> Result<(), Error> {
    // In the spec, an operation has its own path. On the wire, it is a header.
    let path = request.url().path();
    let base = path.rsplit_once('/').map_or("", |(base, _)| base);
    let base = format!("{base}/");
    request.url_mut().set_path(&base);
    if request.body().is_none() {
        *request.body_mut() = Some("{}".into());
    }
    headers::set(request, "content-type", JSON, false)?;
    let target = format!("{ECR}.{}", operation.name);
    headers::set(request, TARGET, &target, false)
}

impl Dialect for Amazon {
    fn sign<'a>(
        &'a self,
        request: &'a mut Request,
        operation: &'a Operation,
        stamp: &'a Stamp,
    ) -> BoxFuture<'a, Result<UsedCredentials, Error>> {
        Box::pin(async move {
            prepare(request, operation)?;
            if !operation.signed {
                return Ok(None);
            }
            let (credentials, used) = self.caller.credentials(stamp.date).await?;
            let scope = Scope::new(stamp.date, &self.region, SERVICE);
            signer::authorize(request, &credentials, &scope)?;
            Ok(used)
        })
    }

    fn read(&self, answer: &Answer) -> Reading {
        refusal::read(answer)
    }

    fn renew(&self, used: &UsedCredentials) -> bool {
        self.caller.renew(used)
    }
}
