//! Tests of behaviour that only Amazon ECR has.

mod cloud;
mod credentials;
mod signatures;
mod verify;
