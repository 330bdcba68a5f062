//! What only Alibaba Cloud has.

mod arrival;
mod calls;
mod credentials;
mod logins;
mod operate;
mod secrets;
mod signatures;
