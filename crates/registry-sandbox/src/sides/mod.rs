//! Providers of the sandbox: a folder for each cloud, and a line in [`SIDES`].

pub mod alibabacloud;
pub mod distribution;
pub mod harbor;
pub mod huaweicloud;

use crate::side::Definition;

/// All clouds. A request belongs to the cloud that claims it, and to the first one if no cloud does.
pub(crate) const SIDES: &[&Definition] = &[
    &huaweicloud::SIDE,
    &alibabacloud::SIDE,
    &distribution::SIDE,
    &harbor::SIDE,
];
