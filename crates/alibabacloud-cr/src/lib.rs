//! alibabacloud-cr
