//! Tests of `imgtrack doctor`.

use crate::program::checks;

#[test]
fn the_doctor_checks_the_account() {
    let expected = ["credentials", "endpoint", "clock", "account", "call"];
    assert_eq!(checks("alibabacloud"), expected);
}
