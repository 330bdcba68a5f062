//! Parser of manifests.

use serde::Deserialize;

use super::content::{ContentKind, Descriptor, Image, Index};
use super::fields::{List, Present, Texts, decode};
use super::names;
use super::platform::RawPlatform;

/// Media types of an index.
pub(super) const INDEXES: [&str; 2] = [
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
];

/// Media types of an image.
const IMAGES: [&str; 2] = [
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
];

/// Longest media type, in bytes.
const LONGEST_TYPE: usize = 255;

/// Most manifests of an index, and most layers of an image.
const ENTRIES: usize = 1000;

/// Most annotations of a descriptor.
const ANNOTATIONS: usize = 256;

/// Parsed manifest.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Parsed {
    pub(super) media_type: Option<String>,
    pub(super) artifact_type: Option<String>,
    pub(super) subject: Option<Descriptor>,
    pub(super) kind: ContentKind,
}

/// What tells the kind of a manifest.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Outline {
    media_type: Option<String>,
    manifests: Present,
    config: Present,
    layers: Present,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RawIndex {
    manifests: List<RawDescriptor, ENTRIES>,
    artifact_type: Option<String>,
    subject: Option<RawDescriptor>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawImage {
    config: RawDescriptor,
    #[serde(default)]
    layers: List<RawDescriptor, ENTRIES>,
    artifact_type: Option<String>,
    subject: Option<RawDescriptor>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawDescriptor {
    media_type: Option<String>,
    digest: String,
    size: Option<u64>,
    platform: Option<RawPlatform>,
    artifact_type: Option<String>,
    #[serde(default)]
    annotations: Texts<ANNOTATIONS>,
}

impl RawDescriptor {
    fn read(self) -> Result<Descriptor, String> {
        if !names::is_digest(&self.digest) {
            return Err("a descriptor has an invalid digest".to_owned());
        }
        let platform = self.platform.map(RawPlatform::read).transpose()?;
        Ok(Descriptor {
            media_type: media_type(self.media_type)?.unwrap_or_default(),
            digest: self.digest,
            size: self.size,
            platform: platform.flatten(),
            artifact_type: media_type(self.artifact_type)?,
            annotations: self.annotations.0,
        })
    }
}

fn descriptors(list: Vec<RawDescriptor>) -> Result<Vec<Descriptor>, String> {
    list.into_iter().map(RawDescriptor::read).collect()
}

/// Returns a media type without its parameters, in lower case.
fn media_type(text: Option<String>) -> Result<Option<String>, String> {
    let Some(text) = text else {
        return Ok(None);
    };
    let name = text.split(';').next().unwrap_or_default().trim();
    let is_plain = |c: char| c.is_ascii_graphic();
    match name.len() <= LONGEST_TYPE && name.chars().all(is_plain) {
        true => Ok(Some(name.to_ascii_lowercase()).filter(|name| !name.is_empty())),
        false => Err("invalid media type".to_owned()),
    }
}

/// Parses a manifest whose answer had this content type. The manifest's own media type comes first,
/// then the fields that it has.
///
/// # Errors
/// Why the manifest is invalid. The text quotes nothing of the manifest.
pub(super) fn manifest(bytes: &[u8], content_type: Option<&str>) -> Result<Parsed, String> {
    // A header that cannot be read names nothing.
    let header = media_type(content_type.map(str::to_owned)).unwrap_or_default();
    let other = |media_type: Option<String>| Parsed {
        media_type,
        artifact_type: None,
        subject: None,
        kind: ContentKind::Other,
    };
    let is_object = bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{');
    if !is_object {
        return Ok(other(header));
    }
    let outline: Outline = decode(bytes)?;
    let own = media_type(outline.media_type)?;
    let is_among = |kinds: &[&str], name: &Option<String>| {
        name.as_deref().is_some_and(|name| kinds.contains(&name))
    };
    let has_index = outline.manifests.0;
    let has_image = outline.config.0 || outline.layers.0;
    let is_index = match &own {
        Some(_) if is_among(&INDEXES, &own) => true,
        Some(_) if is_among(&IMAGES, &own) => false,
        Some(_) => return Ok(other(own)),
        None if has_index || has_image => has_index,
        None => return Ok(other(header)),
    };
    if has_index && has_image {
        return Err("it is an index and an image at the same time".to_owned());
    }
    match is_index {
        true if !has_index => return Err("an index without manifests".to_owned()),
        false if !outline.config.0 => return Err("an image without a config".to_owned()),
        _ => {}
    }
    let (kinds, kind, artifact_type, subject) = match is_index {
        true => {
            let raw: RawIndex = decode(bytes)?;
            let manifests = descriptors(raw.manifests.0)?;
            let kind = ContentKind::Index(Index { manifests });
            (INDEXES, kind, raw.artifact_type, raw.subject)
        }
        false => {
            let raw: RawImage = decode(bytes)?;
            let (config, layers) = (raw.config.read()?, descriptors(raw.layers.0)?);
            let kind = ContentKind::Image(Image { config, layers });
            (IMAGES, kind, raw.artifact_type, raw.subject)
        }
    };
    let header = header.filter(|header| kinds.contains(&header.as_str()));
    Ok(Parsed {
        media_type: own.or(header).or_else(|| Some(kinds[0].to_owned())),
        artifact_type: media_type(artifact_type)?,
        subject: subject.map(RawDescriptor::read).transpose()?,
        kind,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CONFIG: &str = "application/vnd.oci.image.config.v1+json";

    fn digest(digit: char) -> String {
        format!("sha256:{}", digit.to_string().repeat(64))
    }

    /// Returns kind, media type and number of entries, or the error.
    fn read(text: &str, header: Option<&str>) -> Result<(String, Option<String>), String> {
        let parsed = manifest(text.as_bytes(), header)?;
        let kind = match parsed.kind {
            ContentKind::Index(index) => format!("index of {}", index.manifests.len()),
            ContentKind::Image(image) => format!("image of {}", image.layers.len()),
            ContentKind::Other => "other".to_owned(),
        };
        Ok((kind, parsed.media_type))
    }

    #[test]
    fn the_manifest_decides_what_it_is() {
        let one = digest('1');
        let [oci_index, docker_index] = INDEXES;
        let [oci_image, docker_image] = IMAGES;
        let config = format!(r#"{{"mediaType":"{CONFIG}","digest":"{one}","size":2}}"#);
        let image = format!(r#"{{"schemaVersion":2,"config":{config},"layers":[{config}]}}"#);
        let index = format!(r#"{{"schemaVersion":2,"manifests":[{config}]}}"#);
        let typed =
            |text: &str, kind: &str| text.replacen('{', &format!(r#"{{"mediaType":"{kind}","#), 1);
        for (text, header, kind, media_type) in [
            (index.clone(), None, "index of 1", Some(oci_index)),
            (
                index.clone(),
                Some(docker_index),
                "index of 1",
                Some(docker_index),
            ),
            (
                index.clone(),
                Some(oci_image),
                "index of 1",
                Some(oci_index),
            ),
            (
                index.clone(),
                Some("text/html"),
                "index of 1",
                Some(oci_index),
            ),
            (
                typed(&index, docker_index),
                Some(oci_index),
                "index of 1",
                Some(docker_index),
            ),
            (image.clone(), None, "image of 1", Some(oci_image)),
            (
                image.clone(),
                Some("Application/vnd.docker.distribution.manifest.v2+json; charset=utf-8"),
                "image of 1",
                Some(docker_image),
            ),
            (
                typed(&image, docker_image),
                Some("\u{1}"),
                "image of 1",
                Some(docker_image),
            ),
            (
                typed(&image, "application/x+json"),
                None,
                "other",
                Some("application/x+json"),
            ),
            (
                r#"{"manifests":null}"#.to_owned(),
                None,
                "index of 0",
                Some(oci_index),
            ),
            (
                format!(r#"{{"config":{config},"layers":null}}"#),
                None,
                "image of 0",
                Some(oci_image),
            ),
            (
                r#"{"schemaVersion":1,"fsLayers":[]}"#.to_owned(),
                Some("a/b"),
                "other",
                Some("a/b"),
            ),
            ("[]".to_owned(), None, "other", None),
            (
                "<html>".to_owned(),
                Some("text/html"),
                "other",
                Some("text/html"),
            ),
            (String::new(), None, "other", None),
        ] {
            let expected = (kind.to_owned(), media_type.map(str::to_owned));
            assert_eq!(read(&text, header), Ok(expected), "{text}");
        }
        for (text, why) in [
            (typed(&index, oci_image), "an image without a config"),
            (typed(&image, oci_index), "an index without manifests"),
            (
                format!(r#"{{"manifests":[],"config":{config}}}"#),
                "it is an index and an image at the same time",
            ),
            (
                format!(r#"{{"mediaType":"{oci_image}","manifests":[],"config":{config}}}"#),
                "it is an index and an image at the same time",
            ),
            (r#"{"layers":[]}"#.to_owned(), "an image without a config"),
            (
                index.replace(&one, "sha256:.."),
                "a descriptor has an invalid digest",
            ),
            (index.replace(CONFIG, "a b"), "invalid media type"),
            (
                index.replace(r#""size":2"#, r#""platform":{"os":"a/b"}"#),
                "invalid platform",
            ),
            ("{".to_owned(), "invalid JSON in line 1, column 1"),
            (
                r#"{"manifests":[{}]}"#.to_owned(),
                "unexpected field or value in line 1, column 16",
            ),
            (
                r#"{"manifests":[],"manifests":[]}"#.to_owned(),
                "unexpected field or value in line 1, column 27",
            ),
        ] {
            assert_eq!(read(&text, None), Err(why.to_owned()), "{text}");
        }
    }

    #[test]
    fn a_manifest_has_limits() {
        let one = format!(r#"{{"digest":"{}"}}"#, digest('1'));
        let index = |count: usize| {
            let list = vec![one.clone(); count].join(",");
            format!(r#"{{"manifests":[{list}]}}"#)
        };
        assert!(read(&index(ENTRIES), None).is_ok());
        assert!(read(&index(ENTRIES + 1), None).is_err());
        let notes = |count: usize| {
            let notes: Vec<_> = (0..count).map(|n| format!(r#""{n}":"""#)).collect();
            let notes = format!(r#"{{"annotations":{{{}}},"digest""#, notes.join(","));
            index(1).replace(r#"{"digest""#, &notes)
        };
        assert!(read(&notes(ANNOTATIONS), None).is_ok());
        assert!(read(&notes(ANNOTATIONS + 1), None).is_err());
        let deep = format!(r#"{{"manifests":{}"#, "[".repeat(1_000_000));
        assert!(read(&deep, None).is_err());
        let deep = format!(r#"{{"x":{}1{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
        assert!(matches!(read(&deep, None), Ok((kind, _)) if kind == "other"));
    }

    #[test]
    fn attestations_are_told_from_images() {
        let one = digest('1');
        for (fields, is) in [
            ("", false),
            (
                r#","platform":{"os":"linux","architecture":"amd64"}"#,
                false,
            ),
            (
                r#","platform":{"os":"unknown","architecture":"unknown"}"#,
                true,
            ),
            (
                r#","annotations":{"vnd.docker.reference.type":"attestation-manifest"}"#,
                true,
            ),
            (
                r#","annotations":{"vnd.docker.reference.type":"other"}"#,
                false,
            ),
            (r#","annotations":null,"platform":null"#, false),
        ] {
            let text = format!(r#"{{"manifests":[{{"digest":"{one}"{fields}}}]}}"#);
            let ContentKind::Index(index) = manifest(text.as_bytes(), None).unwrap().kind else {
                panic!("{text}");
            };
            assert_eq!(index.manifests[0].is_attestation(), is, "{text}");
        }
    }

    /// Returns a text that looks like a manifest, with some values of any kind.
    fn almost() -> impl Strategy<Value = String> {
        let value = prop_oneof![
            Just("null".to_owned()),
            Just("[]".to_owned()),
            Just("{}".to_owned()),
            Just("-1".to_owned()),
            Just(format!("\"{}\"", INDEXES[0])),
            Just(format!("\"{}\"", IMAGES[1])),
            Just(format!(r#"[{{"digest":"{}"}}]"#, digest('a'))),
            Just(format!(r#"{{"digest":"{}","size":0}}"#, digest('a'))),
            Just(r#"{"digest":"../x"}"#.to_owned()),
            Just(r#"[{"digest":"../x"}]"#.to_owned()),
            "\"[ -~]{0,8}\"",
        ];
        let name = prop::sample::select(vec![
            "mediaType",
            "manifests",
            "config",
            "layers",
            "subject",
            "artifactType",
            "schemaVersion",
        ]);
        let fields = prop::collection::vec((name, value), 0..6);
        fields.prop_map(|fields| {
            let fields: Vec<_> = fields
                .into_iter()
                .map(|(name, value)| format!("\"{name}\":{value}"))
                .collect();
            format!("{{{}}}", fields.join(","))
        })
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_parser_panic(
            bytes in prop::collection::vec(any::<u8>(), 0..200),
            header in prop::option::of(".{0,40}"),
        ) {
            let _ = manifest(&bytes, header.as_deref());
        }

        #[test]
        fn what_is_parsed_has_valid_digests(text in almost(), header in prop::option::of(".{0,40}")) {
            let Ok(parsed) = manifest(text.as_bytes(), header.as_deref()) else {
                return Ok(());
            };
            let entries = match parsed.kind {
                ContentKind::Index(index) => index.manifests,
                ContentKind::Image(image) => [vec![image.config], image.layers].concat(),
                ContentKind::Other => Vec::new(),
            };
            for entry in entries.iter().chain(&parsed.subject) {
                prop_assert!(names::is_digest(&entry.digest));
            }
        }
    }
}
