//! huaweicloud-swr
