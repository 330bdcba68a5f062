//! Prints the manuals of `imgtrack` as one JSON object: texts by their paths in the workspace.
//!
//! `cargo xtask manual` runs this and writes the files. xtask itself does not depend on `imgtrack`, so
//! that `cargo xtask generate` also works while the client crates do not compile.

#![allow(clippy::print_stdout, reason = "a program for its developers")]

mod man;
mod markdown;
mod page;

use std::collections::BTreeMap;

use page::Page;

/// Returns all files, by their paths.
fn files() -> BTreeMap<String, String> {
    let whole = Page::whole();
    let mut files = BTreeMap::new();
    for page in whole.with_inner() {
        let path = format!("crates/imgtrack/man/{}.1", page.dashed());
        files.insert(path, man::page(page));
    }
    files.insert(
        "docs/src/reference/imgtrack.md".to_owned(),
        markdown::overview(&whole),
    );
    for command in &whole.inner {
        let path = format!("docs/src/reference/{}.md", command.command.get_name());
        files.insert(path, markdown::command(command));
    }
    files
}

fn main() {
    println!("{}", serde_json::json!(files()));
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_both_pages() {
        let files = files();
        for name in imgtrack::commands() {
            let man = format!("crates/imgtrack/man/imgtrack-{}.1", name.replace(' ', "-"));
            assert!(files.contains_key(&man), "{man}");
            let top = name.split(' ').next().unwrap();
            let page = &files[&format!("docs/src/reference/{top}.md")];
            assert!(page.contains(&format!("# imgtrack {name}\n")), "{name}");
        }
    }

    #[test]
    fn every_man_page_has_examples_exit_codes_and_variables() {
        for (path, text) in files().iter().filter(|(path, _)| path.ends_with(".1")) {
            for section in ["EXAMPLES", "\"EXIT STATUS\"", "ENVIRONMENT", "\"SEE ALSO\""] {
                assert!(
                    text.contains(&format!(".SH {section}\n")),
                    "{path}: {section}"
                );
            }
        }
    }

    #[test]
    fn the_overview_has_every_variable() {
        let overview = &files()["docs/src/reference/imgtrack.md"];
        for name in [
            "IMGTRACK_REGISTRY",
            "IMGTRACK_CONFIG",
            "IMGTRACK_SANDBOX_TOKEN",
            "RUST_LOG",
            "NO_COLOR",
            "HTTPS_PROXY",
        ] {
            assert!(overview.contains(&format!("| `{name}` |")), "{name}");
        }
    }
}
