//! Names and ids of what this side holds.

use crate::place::{Place, Source};

/// Source of the provider `oci`: the registry that takes pushes.
pub const SOURCE: Source = Source::new("oci", "source");
/// Ids of the registries that have a copy of what is pushed to the source.
pub const MIRRORS: [&str; 2] = ["mirror-1", "mirror-2"];
/// User whom all registries admit. The second mirror admits everybody.
pub const USER: &str = "sandbox";
/// Password of the user. It opens nothing but the sandbox.
pub const PASSWORD: &str = "sandbox-password-opens-nothing";

/// Returns the registry `id`.
pub fn registry(id: impl Into<String>) -> Place {
    Place::new(SOURCE.provider(), id)
}
