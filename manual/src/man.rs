//! Man pages. clap_mangen writes what is in the grammar.

use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use crate::page::{Entry, Page};

/// Returns the man page of a command, in roff.
pub(crate) fn page(page: &Page) -> String {
    let version = env!("CARGO_PKG_VERSION");
    let man = Man::new(page.command.clone())
        .title(page.dashed())
        .source(format!("imgtrack {version}"))
        .manual("imgtrack manual");
    let mut text = Vec::new();
    let sections = [
        Man::render_title,
        Man::render_name_section,
        Man::render_synopsis_section,
        Man::render_description_section,
    ];
    // Writing to memory does not fail.
    for section in sections {
        let _ = section(&man, &mut text);
    }
    let mut own = Roff::new();
    examples(&mut own, page);
    let _ = own.to_writer(&mut text);
    let _ = man.render_options_section(&mut text);
    if !page.inner.is_empty() {
        let _ = man.render_subcommands_section(&mut text);
    }
    let mut own = Roff::new();
    notes(&mut own, page);
    list(&mut own, "EXIT STATUS", &page.exit_codes());
    list(&mut own, "ENVIRONMENT", &page.variables());
    see_also(&mut own, page);
    let _ = own.to_writer(&mut text);
    joined(&String::from_utf8_lossy(&text))
}

/// Returns the parts of a page as one text.
fn joined(text: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines() {
        // Every part begins with the same definitions.
        let is_repeated = line.contains(".ds Aq") && lines.iter().any(|known| known == line);
        if is_repeated {
            continue;
        }
        lines.push(match line.strip_prefix(".TH ") {
            // The date, which is empty, is left out.
            Some(title) => format!(".TH {}", title.replacen("  ", " \"\" ", 1)),
            None => line.trim_end().to_owned(),
        });
    }
    lines.join("\n") + "\n"
}

fn examples(roff: &mut Roff, page: &Page) {
    let examples = page.examples();
    if examples.is_empty() {
        return;
    }
    roff.control("SH", ["EXAMPLES"]);
    for example in examples {
        roff.control("TP", []);
        roff.text([roman(example.meaning)]);
        roff.text([bold(example.word)]);
    }
}

fn notes(roff: &mut Roff, page: &Page) {
    let notes = page.notes();
    if notes.is_empty() {
        return;
    }
    roff.control("SH", ["CREDENTIALS"]);
    roff.control("nf", []);
    for line in notes.lines() {
        roff.text([roman(line.replace('`', ""))]);
    }
    roff.control("fi", []);
}

fn list(roff: &mut Roff, heading: &str, entries: &[Entry]) {
    roff.control("SH", [heading]);
    for entry in entries {
        roff.control("TP", []);
        roff.text([bold(&entry.word)]);
        roff.text([roman(entry.meaning.replace('`', ""))]);
    }
}

fn see_also(roff: &mut Roff, page: &Page) {
    roff.control("SH", ["SEE ALSO"]);
    let inner = page.inner.iter().map(Page::dashed);
    let outer = (!page.is_whole()).then(|| "imgtrack".to_owned());
    let all = outer.into_iter().chain(inner);
    let all: Vec<_> = all.map(|name| format!("{name}(1)")).collect();
    roff.text([roman(all.join(", "))]);
}
