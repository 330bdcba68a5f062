//! Version of Harbor that the sandbox imitates.

/// Version of Harbor. An [option](crate::Options::with) of the sandbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Version {
    /// 2.15.2.
    #[default]
    Current,
    /// 2.12.0, where a push of a digest that the repository has starts no policy.
    IgnoresKnownDigests,
}

impl Version {
    /// Returns the text that the system's facts have.
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Current => "v2.15.2-080b0220",
            Self::IgnoresKnownDigests => "v2.12.0-4d3ab2cd",
        }
    }

    /// Whether only a digest that is new to its repository starts policies.
    pub(super) fn ignores_known_digests(self) -> bool {
        self == Self::IgnoresKnownDigests
    }
}
