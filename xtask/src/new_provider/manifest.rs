//! Changes of the workspace's `Cargo.toml` as text, which keep order and comments.

/// Crate before which new providers are inserted.
const NEXT: &str = "registry-replication";

/// Whether the manifest has a member or dependency of this name.
pub(super) fn mentions(manifest: &str, name: &str) -> bool {
    manifest.lines().any(|line| {
        let line = line.trim();
        line.trim_end_matches(',') == format!("\"crates/{name}\"")
            || line.split(['=', '.']).next().map(str::trim) == Some(name)
    })
}

/// Returns the manifest with the crate as a member and as a dependency.
pub(super) fn with(manifest: &str, name: &str) -> Result<String, String> {
    let mut lines: Vec<String> = manifest.lines().map(str::to_owned).collect();
    insert(
        &mut lines,
        "members = [",
        |line| line == "]",
        &format!("    \"crates/{NEXT}\","),
        format!("    \"crates/{name}\","),
    )
    .ok_or("it has no `members = [` with a line for each")?;
    // Published packages depend on a version, not on a path.
    let version = lines
        .iter()
        .find(|line| line.starts_with("version = "))
        .map(|line| format!("{line}, "))
        .unwrap_or_default();
    insert(
        &mut lines,
        "[workspace.dependencies]",
        |line| line.trim().is_empty() || line.starts_with('['),
        &format!("{NEXT} = "),
        format!("{name} = {{ {version}path = \"crates/{name}\" }}"),
    )
    .ok_or("it has no [workspace.dependencies]")?;
    Ok(lines.join("\n") + "\n")
}

/// Returns a package's manifest with the crate as a dependency.
pub(super) fn with_dependency(manifest: &str, name: &str) -> Result<String, String> {
    let mut lines: Vec<String> = manifest.lines().map(str::to_owned).collect();
    insert(
        &mut lines,
        "[dependencies]",
        |line| line.trim().is_empty() || line.starts_with('['),
        "openapi-transport",
        format!("{name}.workspace = true"),
    )
    .ok_or("the tests' manifest has no [dependencies]")?;
    Ok(lines.join("\n") + "\n")
}

/// Inserts a line into the block that begins with `begin`, before the line that begins with `next`,
/// or at the end of the block.
fn insert(
    lines: &mut Vec<String>,
    begin: &str,
    ends: impl Fn(&str) -> bool,
    next: &str,
    line: String,
) -> Option<()> {
    let begin = lines.iter().position(|line| line == begin)? + 1;
    let block = lines.get(begin..)?;
    let end = block
        .iter()
        .position(|line| ends(line))
        .unwrap_or(block.len());
    let at = block
        .iter()
        .take(end)
        .position(|line| line.starts_with(next));
    lines.insert(begin + at.unwrap_or(end), line);
    Some(())
}
