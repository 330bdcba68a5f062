//! Files that other programs read.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Makes the folder of a file.
pub(crate) fn make_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|one| !one.as_os_str().is_empty());
    folder.map_or(Ok(()), std::fs::create_dir_all)
}

/// Refuses what is there and not a regular file. A pipe may block for good when it is opened.
pub(crate) fn check_regular(path: &Path) -> io::Result<()> {
    match std::fs::metadata(path) {
        Ok(found) if !found.is_file() => Err(io::Error::other("not a regular file")),
        _ => Ok(()),
    }
}

/// Writes a file as a whole: a reader sees the old text or the new one.
pub(crate) fn write_whole(path: &Path, text: &str) -> io::Result<()> {
    // A link stays a link.
    let path = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let mut part = path.clone().into_os_string();
    part.push(format!(".{}", std::process::id()));
    let part = PathBuf::from(part);
    let written = std::fs::File::create_new(&part).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&part, &path)
    });
    if written.is_err() {
        let _ = std::fs::remove_file(&part);
    }
    written
}
