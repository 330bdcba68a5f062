use std::sync::Arc;

use jiff::Timestamp;

/// Source of the sandbox's time, for windows of signatures, nonces and tokens, and for `Date`.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

pub(crate) fn system() -> Clock {
    Arc::new(Timestamp::now)
}
