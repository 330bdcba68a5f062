//! Writes generated files, or compares them with what is checked in.

use std::path::Path;

use crate::Error;

/// Writes the folder: these files, and no others.
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

/// Whether the folder holds these files and no others; prints a diff of what differs.
pub(crate) fn compare(folder: &Path, files: &[(String, String)]) -> Result<bool, Error> {
    let mut same = true;
    for name in strangers(folder, files)? {
        println!("{}: no spec makes this file", folder.join(name).display());
        same = false;
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
            print!(
                "{}",
                diff.unified_diff().header(
                    &format!("{} (checked in)", path.display()),
                    "what the spec makes"
                )
            );
            same = false;
        }
    }
    Ok(same)
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
