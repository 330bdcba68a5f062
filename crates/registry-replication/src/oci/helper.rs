//! Docker's credential helpers: programs that print a login.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use registry_transport::{Secret, Surroundings, Unavailable};
use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;

use super::login::Login;

/// A helper may ask its user; one that nobody answers does not hold up a look for long.
const DEADLINE: Duration = Duration::from_secs(30);

/// More than any login.
const MAX_PRINTED: u64 = 64 << 10;

/// What helpers print when they have nothing for a registry.
const NOT_FOUND: &str = "credentials not found";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Printed {
    username: String,
    secret: Secret,
}

/// Asks the helper `name` for a login for `host`. Dropping the future ends the helper.
///
/// No error shows what it printed, which may be secret.
pub(super) async fn ask(
    name: &str,
    host: &str,
    around: &Surroundings,
) -> Result<Login, Unavailable> {
    let program = format!("docker-credential-{name}");
    let failed = |why: String| Unavailable::failed(format!("{program}: {why}"));
    let Some(file) = find(&program, around) else {
        return Err(failed("is not on PATH".to_owned()));
    };
    let mut command = Command::new(file);
    command
        .arg("get")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    for variable in ["PATH", "HOME", "DOCKER_CONFIG"] {
        match around.variable(variable) {
            Some(value) => command.env(variable, value),
            None => command.env_remove(variable),
        };
    }
    let (success, printed) = tokio::time::timeout(DEADLINE, run(command, host))
        .await
        .map_err(|_| failed(format!("not done after {} s", DEADLINE.as_secs())))?
        .map_err(|error| failed(format!("cannot run it: {error}")))?;
    if !success {
        let printed = String::from_utf8_lossy(&printed);
        return Err(match printed.contains(NOT_FOUND) {
            true => Unavailable::not_set(format!("{program} has no login for {host}")),
            false => failed(format!("failed; run `{program} get` to see why")),
        });
    }
    // What serde would say could quote it.
    let printed: Printed = serde_json::from_slice(&printed)
        .map_err(|_| failed("what it prints is no login".to_owned()))?;
    Ok(match printed.username.as_str() {
        "<token>" => Login::IdentityToken(printed.secret),
        _ => Login::Password {
            user: printed.username,
            password: printed.secret,
        },
    })
}

/// Whether it succeeded, and what it printed.
async fn run(mut command: Command, host: &str) -> std::io::Result<(bool, Vec<u8>)> {
    let mut process = command.spawn()?;
    if let Some(mut input) = process.stdin.take() {
        // One that ends without reading says why by its status.
        let _ = input.write_all(host.as_bytes()).await;
    }
    let mut printed = Vec::new();
    if let Some(output) = process.stdout.take() {
        output.take(MAX_PRINTED).read_to_end(&mut printed).await?;
    }
    Ok((process.wait().await?.success(), printed))
}

/// The program along `PATH`.
fn find(program: &str, around: &Surroundings) -> Option<PathBuf> {
    let file = format!("{program}{}", std::env::consts::EXE_SUFFIX);
    // A name that holds a path is no name.
    if Path::new(&file).components().count() != 1 {
        return None;
    }
    let path = around.variable("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(&file))
        .find(|file| file.is_file())
}
