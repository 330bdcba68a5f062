//! One folder for each vendor.

pub mod alibabacloud;
pub mod huaweicloud;
