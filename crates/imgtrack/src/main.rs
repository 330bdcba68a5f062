//! imgtrack
fn main() {}
