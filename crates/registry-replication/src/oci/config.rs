//! Configs of images.

use openapi_transport::{Answer, Error};
use serde::Deserialize;

use super::access::Target;
use super::fields::{List, decode};
use super::platform::{Platform, RawPlatform};
use super::wire::BLOB;
use super::{Client, digest, names};

/// Most layers of a config.
const LAYERS: usize = 1000;

/// Config of an image, verified against its digest.
///
/// Two images with the same config have the same files, even if their layers were compressed in
/// different ways.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImageConfig {
    /// Digest.
    pub digest: String,
    /// Operating system, architecture and variant. Configs of artifacts name none.
    pub platform: Option<Platform>,
    /// Digests of the uncompressed layers, in their order.
    pub diff_ids: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawConfig {
    os: Option<String>,
    architecture: Option<String>,
    variant: Option<String>,
    #[serde(rename = "os.version")]
    os_version: Option<String>,
    rootfs: Option<RootFs>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RootFs {
    diff_ids: List<String, LAYERS>,
}

impl Client {
    /// Returns the config of an image by the digest that its [manifest](super::Image::config) names.
    /// Returns `None` if the registry does not have it.
    ///
    /// Sends `GET /v2/<name>/blobs/<digest>`, and follows redirects as
    /// [`manifest`](Self::manifest) does. The client keeps some configs, and then sends nothing.
    ///
    /// ```no_run
    /// use registry_replication::oci::{Client, ContentKind};
    ///
    /// # async fn example() -> Result<(), registry_replication::Error> {
    /// let registry = Client::builder("registry.example").build()?;
    /// let content = registry.content("team/api", "v42").await?;
    /// if let Some(ContentKind::Image(image)) = content.map(|content| content.kind) {
    ///     let config = registry.config("team/api", &image.config.digest).await?;
    ///     println!("{:?}", config.and_then(|config| config.platform));
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// - Those of [`manifest`](Self::manifest).
    /// - When the config does not match the digest, or the digest is neither SHA-256 nor SHA-512.
    /// - When the config is larger than 4 MiB or invalid.
    pub async fn config(
        &self,
        repository: &str,
        digest: &str,
    ) -> Result<Option<ImageConfig>, Error> {
        names::repository(repository)?;
        names::digest(digest)?;
        if let Some(known) = self.configs.get(repository, digest) {
            return Ok(Some(known));
        }
        let subject = |error: Error| error.with_subject(self.image(repository, digest));
        let target = Target::Repository(repository.to_owned());
        let path = format!("{repository}/blobs/{digest}");
        let answer = self.ask(&BLOB, &target, &path).await;
        let answer = self.present(answer.map(|(answer, _)| answer)).await;
        let Some(answer) = answer.map_err(subject)? else {
            return Ok(None);
        };
        let config = read(&answer, digest).map_err(subject)?;
        let bytes = answer.body.len();
        self.configs.put(repository, digest, bytes, config.clone());
        Ok(Some(config))
    }
}

/// Reads an answer that has a config.
fn read(answer: &Answer, digest: &str) -> Result<ImageConfig, Error> {
    let unexpected = |why: String| Error::unexpected(BLOB.name, answer, why);
    digest::verify(digest, &answer.body).map_err(unexpected)?;
    let config = parse(&answer.body, digest);
    config.map_err(|why| unexpected(format!("invalid config: {why}")))
}

fn parse(bytes: &[u8], digest: &str) -> Result<ImageConfig, String> {
    let raw: RawConfig = decode(bytes)?;
    let platform = RawPlatform {
        os: raw.os,
        architecture: raw.architecture,
        variant: raw.variant,
        os_version: raw.os_version,
    };
    let diff_ids = raw.rootfs.unwrap_or_default().diff_ids.0;
    match diff_ids.iter().all(|id| names::is_digest(id)) {
        true => Ok(ImageConfig {
            digest: digest.to_owned(),
            platform: platform.read()?,
            diff_ids,
        }),
        false => Err("a layer has an invalid digest".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn configs_as_builders_write_them() {
        let one = format!("sha256:{}", "1".repeat(64));
        let read = |text: &str| {
            let config = parse(text.as_bytes(), "d")?;
            let platform = config.platform.map(|platform| platform.to_string());
            Ok((platform, config.diff_ids.len()))
        };
        let named = |text: &str| Some(text.to_owned());
        for (text, expected) in [
            (
                format!(
                    r#"{{"architecture":"arm64","os":"linux","variant":"v8","config":{{"Env":[]}},
                        "rootfs":{{"type":"layers","diff_ids":["{one}"]}},"history":[]}}"#
                ),
                Ok((named("linux/arm64/v8"), 1)),
            ),
            (
                r#"{"os":"windows","architecture":"amd64","variant":"","os.version":"10.0"}"#
                    .to_owned(),
                Ok((named("windows/amd64 (10.0)"), 0)),
            ),
            (r#"{"os":"linux","rootfs":null}"#.to_owned(), Ok((None, 0))),
            ("{}".to_owned(), Ok((None, 0))),
            (
                r#"{"rootfs":{"diff_ids":["x"]}}"#.to_owned(),
                Err("a layer has an invalid digest".to_owned()),
            ),
            (
                r#"{"os":"li\nnux","architecture":"amd64"}"#.to_owned(),
                Err("invalid platform".to_owned()),
            ),
            (
                "<html>".to_owned(),
                Err("invalid JSON in line 1, column 1".to_owned()),
            ),
        ] {
            assert_eq!(read(&text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_parser_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse(&bytes, "d");
        }
    }
}
