//! Clients of Amazon ECR for tests.

use std::sync::Arc;

use amazon_ecr::{Amazon, Credentials};
use openapi_transport::Dialect;

/// Returns the dialect of wire tests, with a key that is always the same.
pub(crate) fn fixed_dialect() -> Arc<dyn Dialect> {
    let key = Credentials::new("AKIAIOSFODNN7EXAMPLE", "example-secret-access-key");
    let key = key.session_token("ExampleSessionToken");
    Arc::new(Amazon::new(key, "us-west-2"))
}
