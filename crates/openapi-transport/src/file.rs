//! Files that hold secrets, read within limits.

use std::fmt::Display;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::time::Duration;

use crate::credentials::SourceError;

/// The longest file that is read, and the longest output of a command: 1 MiB.
pub(crate) const MAX_BYTES: usize = 1 << 20;

/// How long the reading of one file may take.
const DEADLINE: Duration = Duration::from_secs(5);

/// An opened file.
enum OpenFile {
    /// The bytes of a regular file, at most one more than allowed, and its mode.
    Read(Vec<u8>, u32),
    /// A pipe, which may have no data yet.
    #[cfg(unix)]
    Pipe(File),
}

/// Reads a text file that holds secrets. Logs a warning if others on this machine can read it, too.
///
/// The file may have 1 MiB, and reading it may take 5 seconds. It may be a pipe, such as a shell's
/// `<(command)`: the text is then what its writers send until they close it. Directories, devices
/// and sockets are refused.
///
/// # Errors
/// [`NotSet`](SourceError::NotSet) if the file does not exist, else
/// [`Failed`](SourceError::Failed). No error shows what the file holds.
pub async fn read_secret_file(path: &Path) -> Result<String, SourceError> {
    let (text, mode) = read(path).await?;
    if mode & 0o044 != 0 {
        tracing::warn!(
            file = %path.display(),
            mode = format_args!("{mode:o}"),
            "others can read a file that holds secrets; set its mode to 600"
        );
    }
    Ok(text)
}

/// Reads a text file without secrets, such as certificates, within the same limits as
/// [`read_secret_file`].
///
/// # Errors
/// Those of [`read_secret_file`].
pub async fn read_file(path: &Path) -> Result<String, SourceError> {
    let (text, _) = read(path).await?;
    Ok(text)
}

/// Returns the text of a file, and its mode.
async fn read(path: &Path) -> Result<(String, u32), SourceError> {
    let shown = path.display();
    let failed = |why: &dyn Display| SourceError::failed(format!("cannot read {shown}: {why}"));
    let owned = path.to_owned();
    let reading = async {
        // Opening never blocks, so that a file that hangs cannot hold up the end of the process.
        let opened = tokio::task::spawn_blocking(move || open(&owned)).await;
        match opened.unwrap_or_else(|error| Err(io::Error::other(error)))? {
            OpenFile::Read(bytes, mode) => Ok((bytes, mode)),
            #[cfg(unix)]
            OpenFile::Pipe(file) => Ok((read_pipe(file).await?, 0)),
        }
    };
    let outcome = tokio::time::timeout(DEADLINE, reading).await;
    let outcome: io::Result<_> = outcome.map_err(|_| {
        failed(&format_args!(
            "no end of file within {} s",
            DEADLINE.as_secs()
        ))
    })?;
    let (bytes, mode) = outcome.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => SourceError::not_set(format!("file {shown} not found")),
        _ => failed(&error),
    })?;
    if bytes.len() > MAX_BYTES {
        return Err(failed(&"it is longer than 1 MiB"));
    }
    let text = String::from_utf8(bytes).map_err(|_| failed(&"it is not UTF-8 text"))?;
    Ok((text, mode))
}

fn open(path: &Path) -> io::Result<OpenFile> {
    // Opening a device can have effects of its own.
    check(&path.metadata()?)?;
    let mut options = File::options();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        // A pipe that has no writer blocks otherwise.
        options.custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY);
    }
    let file = options.open(path)?;
    let metadata = file.metadata()?;
    check(&metadata)?;
    #[cfg(unix)]
    if std::os::unix::fs::FileTypeExt::is_fifo(&metadata.file_type()) {
        return Ok(OpenFile::Pipe(file));
    }
    let mut bytes = Vec::new();
    file.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    Ok(OpenFile::Read(bytes, mode(&metadata)))
}

#[cfg(unix)]
fn mode(metadata: &std::fs::Metadata) -> u32 {
    std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o777
}

#[cfg(not(unix))]
fn mode(_: &std::fs::Metadata) -> u32 {
    0
}

/// # Errors
/// When it is neither a regular file nor a pipe.
fn check(metadata: &std::fs::Metadata) -> io::Result<()> {
    let kind = metadata.file_type();
    if kind.is_file() {
        return Ok(());
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        if kind.is_fifo() {
            return Ok(());
        }
        if kind.is_char_device() || kind.is_block_device() {
            return Err(io::Error::other("it is a device"));
        }
        if kind.is_socket() {
            return Err(io::Error::other("it is a socket"));
        }
    }
    Err(io::Error::other(match kind.is_dir() {
        true => "it is a directory",
        false => "it is not a file",
    }))
}

/// Reads until the writers have closed the pipe, or it has sent more than allowed.
#[cfg(unix)]
async fn read_pipe(file: File) -> io::Result<Vec<u8>> {
    use tokio::io::AsyncReadExt;
    let mut pipe = tokio::net::unix::pipe::Receiver::from_file(file)?;
    let mut bytes = Vec::with_capacity(4096);
    loop {
        match pipe.read_buf(&mut bytes).await? {
            // No writer has come yet, or it has closed the pipe without a word.
            0 if bytes.is_empty() => tokio::time::sleep(Duration::from_millis(20)).await,
            0 => return Ok(bytes),
            _ if bytes.len() > MAX_BYTES => return Ok(bytes),
            _ => {}
        }
    }
}

#[cfg(all(test, unix))]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::path::PathBuf;
    use std::time::Instant;

    fn pipe(folder: &tempfile::TempDir) -> PathBuf {
        let path = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&path).status();
        assert!(made.unwrap().success());
        path
    }

    async fn why(path: &Path) -> String {
        let why = read_secret_file(path).await.unwrap_err().to_string();
        why.replace(&path.display().to_string(), "FILE")
    }

    #[tokio::test(start_paused = true)]
    async fn a_pipe_without_a_writer_ends_at_the_deadline() {
        let folder = tempfile::tempdir().unwrap();
        let begun = Instant::now();
        let says = why(&pipe(&folder)).await;
        assert_eq!(says, "cannot read FILE: no end of file within 5 s");
        assert!(begun.elapsed() < Duration::from_secs(3));
    }

    #[tokio::test(start_paused = true)]
    async fn a_pipe_that_is_never_closed_ends_at_the_deadline() {
        let folder = tempfile::tempdir().unwrap();
        let path = pipe(&folder);
        let writer = File::options().read(true).write(true).open(&path).unwrap();
        io::Write::write_all(&mut &writer, b"half").unwrap();
        let says = why(&path).await;
        assert_eq!(says, "cannot read FILE: no end of file within 5 s");
    }

    #[tokio::test]
    async fn a_pipe_is_read_to_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = pipe(&folder);
        let to = path.clone();
        let writing = std::thread::spawn(move || std::fs::write(to, "hush".repeat(100_000)));
        assert_eq!(read_secret_file(&path).await.unwrap().len(), 400_000);
        writing.join().unwrap().unwrap();
    }

    #[tokio::test]
    async fn only_so_much_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "x".repeat(MAX_BYTES)).unwrap();
        assert_eq!(read_secret_file(&file).await.unwrap().len(), MAX_BYTES);
        std::fs::write(&file, "x".repeat(MAX_BYTES + 1)).unwrap();
        assert_eq!(
            why(&file).await,
            "cannot read FILE: it is longer than 1 MiB"
        );
        std::fs::write(&file, b"hush\xff").unwrap();
        assert_eq!(why(&file).await, "cannot read FILE: it is not UTF-8 text");
    }

    #[tokio::test]
    async fn what_is_no_file_is_refused_by_its_kind() {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("socket");
        let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        for (path, says) in [
            (Path::new("/dev/zero"), "cannot read FILE: it is a device"),
            (Path::new("/dev/null"), "cannot read FILE: it is a device"),
            (folder.path(), "cannot read FILE: it is a directory"),
            (&socket, "cannot read FILE: it is a socket"),
            (Path::new("/dev/none"), "file FILE not found"),
        ] {
            assert_eq!(why(path).await, says);
        }
    }
}
