//! Tests of behaviour that only Huawei Cloud has.

mod api;
mod arrival;
mod bounds;
mod calls;
pub(crate) mod clients;
mod commands;
mod credentials;
pub(crate) mod decode;
mod deploy_gate;
mod end_to_end;
mod following;
mod input;
mod lag;
mod lag_command;
mod logins;
mod operate;
mod pagers;
mod parameters;
mod program;
pub(crate) mod retries;
mod secrets;
mod signatures;
mod target_names;
pub(crate) mod terminal;
mod wire;

/// Options of the program for the Enterprise edition in the sandbox.
pub(crate) const ENTERPRISE: [&str; 3] = ["--registry", "huaweicloud-enterprise", "--sandbox"];

/// Options of the program for the Basic edition in the sandbox.
pub(crate) const BASIC: [&str; 3] = ["--registry", "huaweicloud-basic", "--sandbox"];
