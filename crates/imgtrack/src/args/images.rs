use std::io::Read;
use std::path::PathBuf;

use clap::Args;
use registry_replication::ImageReference;

use super::value;
use crate::failure::Failure;

/// Largest list of images, in bytes.
const LARGEST: u64 = 1024 * 1024;
/// Most images of a list.
const MOST: usize = 10_000;

/// Images of the command line, of files and of stdin.
#[derive(Args, Debug)]
pub(crate) struct Images {
    /// Images: [HOST/]NAMESPACE/REPOSITORY:TAG[@DIGEST]; - reads them from stdin
    #[arg(value_name = "IMAGE", value_parser = value::image_or_stdin)]
    images: Vec<String>,
    /// Read images from a file, one a line; - reads stdin. Repeatable
    ///
    /// Blank lines and comments after # are skipped.
    #[arg(long, value_name = "FILE")]
    images_file: Vec<PathBuf>,
}

impl Images {
    /// Returns the images that the command line itself names.
    pub(crate) fn named(&self) -> impl Iterator<Item = String> + '_ {
        self.images.iter().filter(|image| *image != "-").cloned()
    }

    /// Refuses stdin for a command that is repeated: only the first round could read it.
    pub(crate) fn check_repeatable(&self) -> Result<(), Failure> {
        match self.stdins() {
            0 => Ok(()),
            _ => Err(Failure::Usage(
                "--watch cannot read images from stdin again; pass the images, or use --images-file FILE"
                    .to_owned(),
            )),
        }
    }

    /// Returns how often stdin is named.
    fn stdins(&self) -> usize {
        let images = self.images.iter().filter(|image| *image == "-").count();
        let files = self.images_file.iter();
        images + files.filter(|file| file.as_os_str() == "-").count()
    }

    /// Returns all images in their order, each once.
    ///
    /// # Errors
    /// When a list cannot be read, is too long or has an invalid line, whose number the error names.
    pub(crate) async fn read(&self) -> Result<Vec<String>, Failure> {
        if self.stdins() > 1 {
            return Err(Failure::Usage(
                "stdin is named more than once; pass - or --images-file - once".to_owned(),
            ));
        }
        let mut all = Vec::new();
        for image in &self.images {
            match image.as_str() {
                "-" => all.extend(list(PathBuf::from("-")).await?),
                image => all.push(image.to_owned()),
            }
        }
        for file in &self.images_file {
            all.extend(list(file.clone()).await?);
        }
        let mut known = std::collections::BTreeSet::new();
        all.retain(|image| known.insert(image.clone()));
        match all.len() > MOST {
            true => Err(Failure::Usage(format!(
                "{} images are too many; at most {MOST} can be asked about at once",
                all.len()
            ))),
            false => Ok(all),
        }
    }
}

/// Reads a list of images. A file that never ends blocks only a thread.
async fn list(file: PathBuf) -> Result<Vec<String>, Failure> {
    let name = match file.to_str() {
        Some("-") => "stdin".to_owned(),
        _ => format!("--images-file {}", file.display()),
    };
    let read = move || -> std::io::Result<Vec<u8>> {
        let mut text = Vec::new();
        match file.to_str() {
            Some("-") => std::io::stdin().take(LARGEST + 1).read_to_end(&mut text)?,
            _ => std::fs::File::open(&file)?
                .take(LARGEST + 1)
                .read_to_end(&mut text)?,
        };
        Ok(text)
    };
    let read = tokio::task::spawn_blocking(read).await;
    let text = read.map_err(std::io::Error::other)?;
    let text = text.map_err(|error| Failure::Usage(format!("cannot read {name}: {error}")))?;
    if text.len() as u64 > LARGEST {
        return Err(Failure::Usage(format!(
            "{name} is too long; at most {LARGEST} bytes are read"
        )));
    }
    let text = String::from_utf8(text)
        .map_err(|_| Failure::Usage(format!("{name} is not text in UTF-8")))?;
    let images = parse(&text)
        .map_err(|(line, problem)| Failure::Usage(format!("{name}, line {line}: {problem}")))?;
    match images.is_empty() {
        true => Err(Failure::Usage(format!("{name} has no image"))),
        false => Ok(images),
    }
}

/// Parses a list. An error has the number of its line.
fn parse(text: &str) -> Result<Vec<String>, (usize, String)> {
    let mut images = Vec::new();
    // Some editors begin a file with a byte order mark.
    let text = text.trim_start_matches('\u{feff}');
    for (number, line) in text.lines().enumerate() {
        let mut words = line
            .split_whitespace()
            .take_while(|word| !word.starts_with('#'));
        let Some(image) = words.next() else {
            continue;
        };
        if words.next().is_some() {
            return Err((
                number + 1,
                "it has more than one image; write one a line".to_owned(),
            ));
        }
        let image = value::image(image).map_err(|problem| {
            let image = ImageReference::without_login(image);
            (number + 1, format!("invalid image {image:?}: {problem}"))
        })?;
        images.push(image);
    }
    Ok(images)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn stdin_is_read_once() {
        let named = |images: &[&str], files: &[&str]| Images {
            images: images.iter().map(ToString::to_string).collect(),
            images_file: files.iter().map(PathBuf::from).collect(),
        };
        for (images, files) in [
            (&["-", "-"][..], &[][..]),
            (&["-"], &["-"]),
            (&[], &["-", "-"]),
        ] {
            let refused = named(images, files).read().await;
            let Err(Failure::Usage(what)) = refused else {
                panic!("{images:?} {files:?}");
            };
            assert!(what.starts_with("stdin is named more than once"), "{what}");
        }
        for (images, files, is_refused) in [
            (&["-"][..], &[][..], true),
            (&["team/api:v1"], &["-"], true),
            (&["team/api:v1"], &["./-"], false),
        ] {
            let refused = named(images, files).check_repeatable();
            assert_eq!(refused.is_err(), is_refused, "{images:?} {files:?}");
        }
    }

    #[test]
    fn a_list_has_an_image_a_line() {
        let text = "\u{feff}# images\r\nteam/api:v1\r\n\n  team/web:v2  # later\n#team/x:v1\n";
        let images = ["team/api:v1".to_owned(), "team/web:v2".to_owned()];
        assert_eq!(parse(text), Ok(images.into()));
        for (text, line, problem) in [
            (
                "team/api:v1\nteam/api:v1 team/web:v1\n",
                2,
                "more than one image",
            ),
            ("\n\nteam/api:\n", 3, "invalid image \"team/api:\": "),
            ("- team/api:v1\n", 1, "more than one image"),
        ] {
            let found = parse(text);
            let fits = |(number, text): &(usize, String)| *number == line && text.contains(problem);
            assert!(found.as_ref().is_err_and(fits), "{found:?}");
        }
    }
}
