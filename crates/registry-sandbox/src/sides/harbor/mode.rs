//! Whether the Harbor takes writes.

/// Mode of a Harbor. An [option](crate::Options::with) of the sandbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mode {
    /// It takes writes.
    #[default]
    Normal,
    /// Its administrator has made it read-only: writes of its API are denied, and so are executions.
    /// [`Sandbox::push`](crate::Sandbox::push) still works.
    ReadOnly,
}
