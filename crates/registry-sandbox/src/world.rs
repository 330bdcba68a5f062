//! Names and ids of the sandbox's records, so that callers need no magic strings.
//!
//! Each provider has its own module. Objects named `EXAMPLE_…` are the vendors' own examples,
//! taken from the specs value for value. Objects named `FLEET_…` are invented. They are the same at
//! every start except for their times: those are of the five weeks before the sandbox's start, and
//! end about six days before it.

pub use crate::place::{Place, Record, Source};
pub use crate::sides::*;

/// Namespace of the image that is copied in both clouds.
pub const FLEET_IMAGE_NAMESPACE: &str = "team";
/// Repository of that image.
pub const FLEET_IMAGE_REPOSITORY: &str = "api";
/// Tag that has arrived in every region.
pub const FLEET_TAG_ARRIVED: &str = "v41";
/// Tag that is not yet copied to the last region.
pub const FLEET_TAG_RUNNING: &str = "v42";
/// Tag whose copy to the last region has failed.
pub const FLEET_TAG_FAILED: &str = "v43";
