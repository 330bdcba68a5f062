//! State that is made when it is first needed.

use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

type Make<T> = Box<dyn FnOnce() -> Mutex<T> + Send>;

/// A value behind a lock, made at the first [`lock`](Self::lock).
pub(crate) struct Later<T>(LazyLock<Mutex<T>, Make<T>>);

impl<T> Later<T> {
    pub(crate) fn new(make: impl FnOnce() -> T + Send + 'static) -> Self {
        Self(LazyLock::new(Box::new(|| Mutex::new(make()))))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
