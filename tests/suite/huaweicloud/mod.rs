//! What only Huawei Cloud has.

mod arrival;
mod bounds;
mod calls;
pub(crate) mod clients;
mod credentials;
pub(crate) mod decode;
mod end_to_end;
mod lag;
mod logins;
mod operate;
mod pagers;
mod parameters;
mod secrets;
mod signatures;
mod wire;
