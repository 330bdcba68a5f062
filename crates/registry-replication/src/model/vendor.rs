//! The vendor's own answers.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

/// The vendor's own answer behind a record, of the generated client's type.
///
/// It is not serialised, and it does not count when records are compared.
///
/// ```
/// # fn example(task: registry_replication::Task) {
/// use registry_replication::alibabacloud::client::cr::types::SyncTask;
///
/// if let Some(answer) = task.vendor.get::<SyncTask>() {
///     println!("{:?}", answer.cross_user);
/// }
/// # }
/// ```
#[derive(Clone, Default)]
pub struct VendorAnswer(Option<Answer>);

#[derive(Clone)]
struct Answer {
    value: Arc<dyn Any + Send + Sync>,
    type_name: &'static str,
}

impl VendorAnswer {
    pub(crate) fn of<T: Any + Send + Sync>(value: T) -> Self {
        Self(Some(Answer {
            value: Arc::new(value),
            type_name: std::any::type_name::<T>(),
        }))
    }

    /// Whether there is no answer, as after decoding a stored record.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Returns the answer, if there is one and it has this type.
    pub fn get<T: Any>(&self) -> Option<&T> {
        self.0.as_ref()?.value.downcast_ref()
    }
}

impl PartialEq for VendorAnswer {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl fmt::Debug for VendorAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_ref().map_or("none", |answer| answer.type_name))
    }
}
