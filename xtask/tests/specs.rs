//! Test of the checked-in specs of this workspace.

use std::path::Path;

#[test]
fn the_made_up_spec_of_the_tests_has_nothing_wrong() -> Result<(), xtask::Error> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/made-up");
    let report = xtask::lint::lint(&root)?;
    let shown: Vec<_> = report.findings.iter().map(ToString::to_string).collect();
    assert!(shown.is_empty(), "{}", shown.join("\n"));
    assert_eq!(report.specs, 1);
    Ok(())
}

#[test]
fn the_specs_of_the_workspace_have_nothing_wrong() -> Result<(), xtask::Error> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let report = xtask::lint::lint(&root)?;
    let shown: Vec<_> = report.findings.iter().map(ToString::to_string).collect();
    assert!(shown.is_empty(), "{}", shown.join("\n"));
    // Checks that there are specs, because an empty folder has no findings, either.
    assert!(report.specs > 0 && report.operations > 0 && report.listed > 0);
    Ok(())
}
