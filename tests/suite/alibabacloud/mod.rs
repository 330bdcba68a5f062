//! Tests of behaviour that only Alibaba Cloud has.

mod api;
mod arrival;
mod calls;
pub(crate) mod clients;
mod commands;
mod credentials;
pub(crate) mod decode;
mod deploy_gate;
mod end_to_end;
mod following;
mod input;
mod lag_command;
mod logins;
mod operate;
mod pagers;
mod parameters;
mod program;
pub(crate) mod retries;
mod secrets;
mod signatures;
pub(crate) mod terminal;
mod wire;

/// Options of the program for the instance of the sandbox's fleet.
pub(crate) const FLEET: [&str; 5] = [
    "--registry",
    "alibabacloud",
    "--sandbox",
    "--instance",
    registry_sandbox::world::alibabacloud::FLEET_INSTANCE_ID,
];

/// Options of the program for the sandbox's instance of the spec's examples.
pub(crate) const EXAMPLE: [&str; 3] = ["--registry", "alibabacloud", "--sandbox"];
