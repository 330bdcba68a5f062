//! Tests of the workspace's public behaviour.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod alibabacloud;
mod any_registry;
mod api;
mod arrival;
mod calls;
mod clients;
mod commands;
mod configuration;
mod decode;
mod deploy_gate;
mod docs;
mod faults;
mod house;
mod http_settings;
mod huaweicloud;
mod input;
mod lag;
mod lag_command;
mod made_up;
mod made_up_pages;
mod oci;
mod oci_compare;
mod oci_conformance;
mod oci_diff;
mod oci_docker;
mod oci_help;
mod oci_hostile;
mod oci_hosts;
mod oci_names;
mod oci_referrers;
mod outline;
mod output;
mod pacing;
mod pagers;
mod parameters;
mod program;
mod retries;
mod secrets;
mod signatures;
mod subjects;
mod terminal;
mod timeouts;
mod traces;
mod wire;
