//! Tests of behaviour that only Amazon ECR has.

mod calls;
pub(crate) mod clients;
mod cloud;
mod credentials;
mod signatures;
mod verify;
