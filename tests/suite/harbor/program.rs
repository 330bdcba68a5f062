//! Tests of `imgtrack doctor`.

use crate::program::checks;

#[test]
fn the_doctor_checks_the_harbor() {
    // The sandbox has a registry that cannot be reached.
    let expected = [
        "credentials",
        "endpoint",
        "clock",
        "version",
        "health",
        "registries!",
        "call",
    ];
    assert_eq!(checks("harbor"), expected);
}
