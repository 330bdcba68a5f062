//! Files that other programs read.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Writes a file as a whole: a reader sees the old text or the new one. Makes its folder.
pub(crate) fn write_whole(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        std::fs::create_dir_all(folder)?;
    }
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
