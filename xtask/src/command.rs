//! Command `generate`.

use std::path::Path;

use crate::{Error, calls, finish, generate, sandbox, spec, write};

/// Runs `generate [--check]`: makes `crates/*/src/generated`, or compares it with the checked-in
/// files.
///
/// Returns whether all checked-in files are up to date, which is always true after writing.
///
/// # Errors
///
/// Unknown arguments, a file that cannot be read or written, and an invalid spec.
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
    let mut services = Vec::new();
    let mut documents = Vec::new();
    for (krate, specs) in spec::find(root)? {
        let mut files = vec![(
            "mod.rs".to_owned(),
            finish::modules(specs.iter().map(|s| s.service.as_str())),
        )];
        for spec in &specs {
            let generated = generated(&krate, spec, check)?;
            files.push((format!("{}.rs", spec.service), generated.client));
            services.push((calls::module(spec), generated.calls));
            documents.push(sandbox::file(&krate, spec));
        }
        let folder = format!("crates/{krate}/src/generated");
        fresh &= put(root, &folder, &files, check)?;
    }
    let mut others = Vec::new();
    for spec in spec::made_up(root)? {
        let generated = generated("registry-tests", &spec, check)?;
        others.push((calls::module(&spec), generated.calls));
        others.push((spec.service, generated.client));
    }
    let files = calls::files(services, others);
    fresh &= put(root, "tests/src/generated", &files, check)?;
    documents.push(sandbox::table(&documents));
    fresh &= put(root, sandbox::FOLDER, &documents, check)?;
    Ok(fresh)
}

/// Generates the client of a spec. Prints its size, unless `check` is set.
fn generated(krate: &str, spec: &spec::Spec, check: bool) -> Result<generate::Generated, Error> {
    let started = std::time::Instant::now();
    let generated = generate::generate(spec)?;
    if !check {
        println!(
            "{krate}: {} → src/generated/{}.rs, {} operations, {} lines, {} ms",
            spec.file,
            spec.service,
            spec.operations.len(),
            generated.client.lines().count(),
            started.elapsed().as_millis()
        );
    }
    Ok(generated)
}

/// Writes a folder's files, or returns whether they are up to date.
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
