//! Platforms of images.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;

/// Longest part of a platform, in bytes.
const LONGEST: usize = 64;

/// Operating system and architecture that an image is for, such as `linux/amd64` or `linux/arm64/v8`.
///
/// ```
/// use registry_replication::oci::Platform;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let platform: Platform = "linux/arm/v7".parse()?;
/// assert_eq!(platform.variant.as_deref(), Some("v7"));
/// assert_eq!(platform.to_string(), "linux/arm/v7");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct Platform {
    /// Operating system, such as `linux`.
    pub os: String,
    /// Architecture, such as `amd64`.
    pub architecture: String,
    /// Variant of the architecture, such as `v7`.
    pub variant: Option<String>,
    /// Version of the operating system. Images for Windows have one.
    pub os_version: Option<String>,
}

/// Error of a text that is not a platform.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "invalid platform {0:?}; write OS/ARCHITECTURE or OS/ARCHITECTURE/VARIANT, such as linux/amd64"
)]
pub struct InvalidPlatform(String);

impl Platform {
    /// Platform of what names none, such as an artifact that is not an image.
    pub(super) fn unknown() -> Self {
        Self {
            os: "unknown".to_owned(),
            architecture: "unknown".to_owned(),
            variant: None,
            os_version: None,
        }
    }

    pub(super) fn is_unknown(&self) -> bool {
        self.os == "unknown" && self.architecture == "unknown"
    }

    /// Returns the platform in the form for comparison: one name for each architecture, and no
    /// variant that the architecture has by default.
    pub(super) fn normalized(&self) -> Self {
        let os = match self.os.to_ascii_lowercase().as_str() {
            "macos" => "darwin".to_owned(),
            os => os.to_owned(),
        };
        let named = self.variant.as_deref().unwrap_or_default();
        let named = named.to_ascii_lowercase();
        let architecture = self.architecture.to_ascii_lowercase();
        let (architecture, variant) = match (architecture.as_str(), named.as_str()) {
            ("x86_64" | "x86-64" | "amd64", "" | "v1") => ("amd64", ""),
            ("x86_64" | "x86-64", variant) => ("amd64", variant),
            ("i386" | "386", _) => ("386", ""),
            ("aarch64" | "arm64", "" | "8" | "v8") => ("arm64", ""),
            ("aarch64", variant) => ("arm64", variant),
            ("armhf", _) | ("arm", "" | "7") => ("arm", "v7"),
            ("armel", _) | ("arm", "6") => ("arm", "v6"),
            ("arm", "5") => ("arm", "v5"),
            ("arm", "8") => ("arm", "v8"),
            other => other,
        };
        Self {
            os,
            architecture: architecture.to_owned(),
            variant: Some(variant.to_owned()).filter(|variant| !variant.is_empty()),
            os_version: self.os_version.clone(),
        }
    }

    /// Whether a platform is one of those that this one names. Without a variant or a version, it
    /// names all of them.
    pub(super) fn includes(&self, other: &Self) -> bool {
        let (this, other) = (self.normalized(), other.normalized());
        let is_same = this.os == other.os && this.architecture == other.architecture;
        let variant = self.variant.is_none() || this.variant == other.variant;
        let version = this.os_version.is_none() || this.os_version == other.os_version;
        is_same && variant && version
    }
}

/// Whether a text can be a part of a platform.
fn is_part(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '+');
    !text.is_empty() && text.len() <= LONGEST && text.chars().all(plain)
}

impl FromStr for Platform {
    type Err = InvalidPlatform;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidPlatform(text.chars().take(LONGEST).collect());
        let mut parts = text.split('/');
        let mut part = || parts.next().map(str::to_owned);
        let (Some(os), Some(architecture), variant, None) = (part(), part(), part(), part()) else {
            return Err(invalid());
        };
        let all = [Some(&os), Some(&architecture), variant.as_ref()];
        let is_valid = all.into_iter().flatten().all(|part| is_part(part));
        match is_valid {
            true => Ok(Self {
                os,
                architecture,
                variant,
                os_version: None,
            }),
            false => Err(invalid()),
        }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        if let Some(variant) = &self.variant {
            write!(f, "/{variant}")?;
        }
        match &self.os_version {
            Some(version) => write!(f, " ({version})"),
            None => Ok(()),
        }
    }
}

/// Platform as a registry writes it, in a descriptor or a config.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RawPlatform {
    pub(super) os: Option<String>,
    pub(super) architecture: Option<String>,
    pub(super) variant: Option<String>,
    #[serde(rename = "os.version")]
    pub(super) os_version: Option<String>,
}

impl RawPlatform {
    /// Returns the platform, or `None` if it names none.
    ///
    /// # Errors
    /// When a part of it is invalid.
    pub(super) fn read(self) -> Result<Option<Platform>, String> {
        let given = |text: Option<String>| text.filter(|text| !text.is_empty());
        let (os, architecture) = (given(self.os), given(self.architecture));
        let (variant, os_version) = (given(self.variant), given(self.os_version));
        let parts = [&os, &architecture, &variant, &os_version];
        if !parts.into_iter().flatten().all(|part| is_part(part)) {
            return Err("invalid platform".to_owned());
        }
        let platform = os.zip(architecture).map(|(os, architecture)| Platform {
            os,
            architecture,
            variant,
            os_version,
        });
        Ok(platform)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn platforms_as_people_write_them() {
        for text in ["linux/amd64", "linux/arm64/v8", "windows/amd64"] {
            assert_eq!(text.parse::<Platform>().unwrap().to_string(), text);
        }
        for text in [
            "",
            "linux",
            "linux/",
            "/amd64",
            "linux/arm/v7/x",
            "linux/a b",
            "a\n/b",
        ] {
            let error = text.parse::<Platform>().unwrap_err().to_string();
            assert!(error.starts_with("invalid platform"), "{error}");
        }
    }

    #[test]
    fn names_of_the_same_platform() {
        let normalized = |text: &str| {
            let platform: Platform = text.parse().unwrap();
            platform.normalized().to_string()
        };
        for (text, expected) in [
            ("linux/x86_64", "linux/amd64"),
            ("linux/amd64/v1", "linux/amd64"),
            ("linux/amd64/v3", "linux/amd64/v3"),
            ("Linux/aarch64", "linux/arm64"),
            ("linux/arm64/v8", "linux/arm64"),
            ("linux/arm64/v9", "linux/arm64/v9"),
            ("linux/arm", "linux/arm/v7"),
            ("linux/armhf", "linux/arm/v7"),
            ("linux/arm/6", "linux/arm/v6"),
            ("linux/i386", "linux/386"),
            ("linux/s390x", "linux/s390x"),
        ] {
            assert_eq!(normalized(text), expected);
        }
    }

    #[test]
    fn a_platform_without_a_variant_names_all_of_them() {
        for (filter, platform, includes) in [
            ("linux/arm", "linux/arm/v6", true),
            ("linux/arm/v7", "linux/arm/v6", false),
            ("linux/arm/v7", "linux/arm", true),
            ("linux/arm64", "linux/arm64/v8", true),
            ("linux/arm64/v8", "linux/arm64", true),
            ("linux/amd64", "windows/amd64", false),
        ] {
            let (filter, platform): (Platform, Platform) =
                (filter.parse().unwrap(), platform.parse().unwrap());
            assert_eq!(filter.includes(&platform), includes, "{filter} {platform}");
        }
    }
}
