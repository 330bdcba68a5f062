//! The command `generate`.

use std::path::Path;

use crate::{Error, calls, finish, generate, sandbox, spec, write};

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
    let mut calls = Vec::new();
    let mut documents = Vec::new();
    for (krate, specs) in spec::find(root)? {
        let mut files = vec![(
            "mod.rs".to_owned(),
            finish::modules(specs.iter().map(|s| s.service.as_str())),
        )];
        for spec in &specs {
            let started = std::time::Instant::now();
            let generated = generate::generate(spec)?;
            let code = generated.client;
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
            calls.push((calls::module(spec), generated.calls));
            documents.push(sandbox::file(&krate, spec));
        }
        let folder = format!("crates/{krate}/src/generated");
        fresh &= put(root, &folder, &files, check)?;
    }
    fresh &= put(root, "tests/src/generated", &calls::files(calls), check)?;
    documents.push(sandbox::table(&documents));
    fresh &= put(root, sandbox::FOLDER, &documents, check)?;
    Ok(fresh)
}

/// Writes a folder's files, or says whether they are there already.
fn put(root: &Path, shown: &str, files: &[(String, String)], check: bool) -> Result<bool, Error> {
    let folder = root.join(shown);
    if check {
        let differences = write::compare(&folder, shown, files)?;
        print!("{differences}");
        Ok(differences.is_empty())
    } else {
        write::write(&folder, files).map(|()| true)
    }
}
