//! Model that all providers share.

mod execution;
pub(crate) mod grammar;
mod image;
mod listed;
mod provider;
mod reference;
mod rule;
mod subtask;
mod task;
mod vendor;

pub use execution::{Execution, TaskCounts};
pub use grammar::{ImageReference, InvalidImage};
pub use image::{Artifact, ImageName, ImageRef};
pub use listed::{ListedRepository, ListedTag};
pub use provider::Provider;
pub use reference::{ExecutionRef, RuleRef, TaskRef, UnfitReference};
pub use rule::{FilterOn, FilterSyntax, ReplacedParts, Rule, RuleFilter, RuleTrigger};
pub use subtask::Subtask;
pub use task::{RetentionCounts, Task, TaskKind, TaskState, Trigger};
pub use vendor::VendorAnswer;
