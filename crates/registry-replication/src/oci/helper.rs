//! Docker's credential helpers: programs that print a login.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use openapi_transport::{Secret, SourceError, Surroundings, run_command};
use serde::Deserialize;

use super::login::Login;

/// Time limit of a helper, which may prompt its user.
const DEADLINE: Duration = Duration::from_secs(30);

/// Output of a helper that has no login for a registry.
const NOT_FOUND: &str = "credentials not found";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CommandOutput {
    username: String,
    secret: Secret,
}

/// Runs the helper `name` to get a login for `server`, within the time that is `left` for all
/// helpers. Dropping the future kills the helper.
///
/// No error shows its output, which may be secret.
pub(super) async fn ask(
    name: &str,
    server: &str,
    around: &Surroundings,
    left: Duration,
) -> Result<Login, SourceError> {
    let program = format!("docker-credential-{name}");
    let failed = |why: &str| SourceError::failed(format!("{program}: {why}"));
    if left.is_zero() {
        return Err(failed("not asked: the helpers before it took too long"));
    }
    let Some(file) = find(&program, around) else {
        return Err(failed("is not on PATH"));
    };
    let mut command = Command::new(file);
    command.arg("get");
    for variable in ["PATH", "HOME", "DOCKER_CONFIG"] {
        match around.variable(variable) {
            Some(value) => command.env(variable, value),
            None => command.env_remove(variable),
        };
    }
    let printed = run_command(command, server.as_bytes(), DEADLINE.min(left)).await;
    let printed = printed.map_err(|why| failed(&why.to_string()))?;
    let nothing = || SourceError::not_set(format!("{program} has no login for {server}"));
    if !printed.status.success() {
        let text = String::from_utf8_lossy(&printed.output).to_ascii_lowercase();
        return Err(match text.contains(NOT_FOUND) {
            true => nothing(),
            false => failed(&format!("failed; run `{program} get` to see why")),
        });
    }
    // serde's error could quote the output.
    let printed: CommandOutput = serde_json::from_slice(&printed.output)
        .map_err(|_| failed("what it prints is no login"))?;
    match printed.username.as_str() {
        _ if printed.secret.expose().is_empty() => Err(nothing()),
        "<token>" => Ok(Login::IdentityToken(printed.secret)),
        _ => Ok(Login::Password {
            user: printed.username,
            password: printed.secret,
        }),
    }
}

/// Finds the program on `PATH`.
fn find(program: &str, around: &Surroundings) -> Option<PathBuf> {
    let file = format!("{program}{}", std::env::consts::EXE_SUFFIX);
    // A name with a path is invalid.
    if Path::new(&file).components().count() != 1 {
        return None;
    }
    let path = around.variable("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(&file))
        .find(|file| file.is_file())
}
