//! What only Huawei Cloud has.

mod arrival;
mod calls;
mod credentials;
pub(crate) mod decode;
mod logins;
mod operate;
mod secrets;
mod signatures;
