//! registry-replication
