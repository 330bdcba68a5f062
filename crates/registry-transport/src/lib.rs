//! registry-transport
