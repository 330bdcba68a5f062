//! Writing of generated files, or comparison with the checked-in files.

use std::path::Path;

use crate::Error;

/// Writes these files to a folder, and removes all others.
pub(crate) fn write(folder: &Path, files: &[(String, String)]) -> Result<(), Error> {
    std::fs::create_dir_all(folder).map_err(Error::io(folder))?;
    for name in strangers(folder, files)? {
        let path = folder.join(name);
        std::fs::remove_file(&path).map_err(Error::io(&path))?;
    }
    for (name, text) in files {
        let path = folder.join(name);
        std::fs::write(&path, text).map_err(Error::io(&path))?;
    }
    Ok(())
}

/// Compares a folder, whose name for people is `shown`, with these files. Returns a diff, which is
/// empty if the folder has exactly these files.
pub(crate) fn compare(
    folder: &Path,
    shown: &str,
    files: &[(String, String)],
) -> Result<String, Error> {
    let mut differences = String::new();
    for name in strangers(folder, files)? {
        differences.push_str(&format!("{shown}/{name}: nothing generates this file\n"));
    }
    for (name, text) in files {
        let path = folder.join(name);
        let checked_in = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(Error::io(&path)(error)),
        };
        if checked_in != *text {
            let diff = similar::TextDiff::from_lines(checked_in.as_str(), text.as_str());
            let mut diff = diff.unified_diff();
            let diff = diff.header(&format!("{shown}/{name} (checked in)"), "generated now");
            differences.push_str(&diff.to_string());
        }
    }
    Ok(differences)
}

fn strangers(folder: &Path, files: &[(String, String)]) -> Result<Vec<String>, Error> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Error::io(folder)(error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(Error::io(folder))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !files.iter().any(|(known, _)| *known == name) {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stale_missing_or_left_over_shows() {
        let folder = std::env::temp_dir().join(format!("xtask-write-{}", std::process::id()));
        let files = |text: &str| vec![("a.rs".to_owned(), text.to_owned())];
        let compare = |text: &str| compare(&folder, "generated", &files(text)).unwrap();

        assert!(compare("one\n").contains("+one"), "nothing is there yet");
        write(&folder, &files("one\n")).unwrap();
        assert_eq!(compare("one\n"), "");
        assert_eq!(
            compare("two\n"),
            "--- generated/a.rs (checked in)\n+++ generated now\n@@ -1 +1 @@\n-one\n+two\n"
        );
        std::fs::write(folder.join("b.rs"), "").unwrap();
        assert_eq!(
            compare("one\n"),
            "generated/b.rs: nothing generates this file\n"
        );
        write(&folder, &files("one\n")).unwrap();
        assert_eq!(compare("one\n"), "", "writing takes away what is left over");
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
