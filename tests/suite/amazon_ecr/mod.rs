//! Tests of behaviour that only Amazon ECR has.

pub(crate) mod clients;
mod cloud;
mod credentials;
mod signatures;
mod verify;
