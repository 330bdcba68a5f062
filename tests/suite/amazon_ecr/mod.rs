//! Tests of behaviour that only Amazon ECR has.

pub(crate) mod clients;
mod signatures;
mod verify;
