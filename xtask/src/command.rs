//! The command `generate`.

use std::path::Path;

use crate::{Error, finish, generate, spec, write};

/// `generate [--check]`: makes `crates/*/src/generated`, or compares it with what is checked in.
///
/// Answers whether everything checked in is up to date; always so after writing.
///
/// # Errors
///
/// Words that it does not know, a file that cannot be read or written, a spec that is wrong.
pub fn generate_command(root: &Path, words: &[&str]) -> Result<bool, Error> {
    let check = match words {
        [] => false,
        ["--check"] => true,
        _ => return Err(Error::Usage),
    };
    let fresh = run(root, check)?;
    if !fresh {
        eprintln!("generated code is stale: run `cargo xtask generate` and commit the result");
    }
    Ok(fresh)
}

fn run(root: &Path, check: bool) -> Result<bool, Error> {
    let mut fresh = true;
    for (krate, specs) in spec::find(root)? {
        let mut files = vec![(
            "mod.rs".to_owned(),
            finish::modules(specs.iter().map(|s| s.service.as_str())),
        )];
        for spec in &specs {
            let started = std::time::Instant::now();
            let code = generate::generate(spec)?;
            if !check {
                println!(
                    "{krate}: {} → src/generated/{}.rs, {} operations, {} lines, {} ms",
                    spec.file,
                    spec.service,
                    spec.operations.len(),
                    code.lines().count(),
                    started.elapsed().as_millis()
                );
            }
            files.push((format!("{}.rs", spec.service), code));
        }
        let shown = format!("crates/{krate}/src/generated");
        let folder = root.join(&shown);
        if check {
            let differences = write::compare(&folder, &shown, &files)?;
            print!("{differences}");
            fresh &= differences.is_empty();
        } else {
            write::write(&folder, &files)?;
        }
    }
    Ok(fresh)
}
