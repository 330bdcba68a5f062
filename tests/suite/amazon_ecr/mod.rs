//! Tests of behaviour that only Amazon ECR has.

mod signatures;
mod verify;
