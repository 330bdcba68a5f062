//! What a test wants done before a call is answered.

use std::sync::{Arc, Mutex, PoisonError};

type Function = dyn Fn(&str) + Send + Sync;

/// Called with the vendor's name of each call, when the caller has been let in.
#[derive(Default)]
pub(crate) struct Hook(Mutex<Option<Arc<Function>>>);

impl Hook {
    /// Takes the place of the function that was there.
    pub(crate) fn set(&self, function: Arc<Function>) {
        let mut own = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *own = Some(function);
    }

    /// No lock is held meanwhile, so that the function can do what anybody can.
    pub(crate) fn call(&self, operation: &str) {
        let own = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let function = own.clone();
        drop(own);
        if let Some(function) = function {
            function(operation);
        }
    }
}
