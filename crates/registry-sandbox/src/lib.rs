//! registry-sandbox
