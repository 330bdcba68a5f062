//! One folder for each vendor, and the table of all providers.
//!
//! A vendor is added by one line in [`providers!`] and its Cargo feature.

use crate::provider::Descriptor;

#[cfg(any(feature = "harbor", feature = "huaweicloud"))]
mod ids;
#[cfg(any(feature = "harbor", feature = "huaweicloud"))]
mod resource;

/// Declares the folders of vendors, each behind its Cargo feature, and the table of their
/// providers.
macro_rules! providers {
    ($($feature:literal: $folder:ident [$($descriptor:path),+ $(,)?]),+ $(,)?) => {
        $(
            #[cfg(feature = $feature)]
            pub mod $folder;
        )+

        /// All providers of this build.
        pub(crate) const TABLE: &[&Descriptor] = &[
            $($(
                #[cfg(feature = $feature)]
                &$descriptor,
            )+)+
        ];
    };
}

providers! {
    "huaweicloud": huaweicloud [huaweicloud::enterprise::DESCRIPTOR, huaweicloud::basic::DESCRIPTOR],
    "alibabacloud": alibabacloud [alibabacloud::DESCRIPTOR],
    "harbor": harbor [harbor::DESCRIPTOR],
    "oci": distribution [distribution::DESCRIPTOR],
}
