//! Bodies of the control API.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::course::Outcome;

/// A registry of the sandbox, with its own port.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ServedPlace {
    /// Place, such as `oci/mirror-1`.
    pub place: String,
    /// Name of the provider.
    pub registry: String,
    /// Region, or id of the instance.
    pub id: String,
    /// Whether the registry takes pushes.
    pub takes_pushes: bool,
    /// Host of the registry's own port, such as `127.0.0.1:49153`.
    pub host: String,
    /// Login that the host admits. Absent if it is anonymous.
    pub login: Option<ServedLogin>,
}

/// User name and password of a registry's own port. They open nothing but the sandbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ServedLogin {
    /// User name.
    pub user: String,
    /// Password.
    pub password: String,
}

/// Image to push.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PushRequest {
    /// Registry that takes pushes.
    pub place: String,
    /// Image: `NAMESPACE/REPOSITORY:TAG`.
    pub image: String,
    /// Text that makes the image. `[default: one that makes a new image]`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Digest of an image that this one refers to, as a signature does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
}

/// Outcome of future copies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DecideRequest {
    /// Repository, or one image of it: `NAMESPACE/REPOSITORY[:TAG]`.
    pub image: String,
    /// Destination: region, instance or registry. `[default: all]`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination: Option<String>,
    /// Outcome.
    pub outcome: PlannedOutcome,
}

/// Outcome of a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PlannedOutcome {
    /// It succeeds.
    Succeeds,
    /// Every attempt fails.
    Fails,
    /// This number of attempts fail, and the next one succeeds.
    FailsFirst(u32),
    /// It begins and never ends.
    Stalls,
}

impl From<PlannedOutcome> for Outcome {
    fn from(outcome: PlannedOutcome) -> Self {
        match outcome {
            PlannedOutcome::Succeeds => Self::Succeeds,
            PlannedOutcome::Fails => Self::Fails,
            PlannedOutcome::FailsFirst(attempts) => Self::FailsFirst(attempts),
            PlannedOutcome::Stalls => Self::Stalls,
        }
    }
}

/// An image in a registry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImageRequest {
    /// Registry.
    pub place: String,
    /// Image: `NAMESPACE/REPOSITORY:TAG`.
    pub image: String,
}

/// Digest of an image, or none if the registry does not have it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Digest {
    /// The digest.
    pub digest: Option<String>,
}

/// Whether an image was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lost {
    /// Whether the registry had the image.
    pub lost: bool,
}

/// Time to move the clock by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClockRequest {
    /// Duration, such as `10m`.
    pub forward: String,
}

/// Time of the sandbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Now {
    /// The time.
    pub now: Timestamp,
}

/// Fault rules in the grammar of [`Fault`](crate::Fault).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultRules {
    /// The rules. `POST` adds them to the others, and every answer has all rules.
    pub rules: Vec<String>,
}
