//! Values that are computed from an entity and kept with it.

use std::any::Any;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// The last value that was computed from an entity. It lives as long as the entity.
///
/// A memo is not part of the entity's data: a clone is empty, and all memos are equal.
#[derive(Default)]
pub struct Memo(Mutex<Option<Arc<dyn Any + Send + Sync>>>);

impl Memo {
    /// Returns the kept value if it is current, otherwise computes and keeps a new one. Also returns whether the value
    /// is new.
    pub fn current<T: Any + Send + Sync>(
        &self,
        is_current: impl FnOnce(&T) -> bool,
        compute: impl FnOnce() -> T,
    ) -> (Arc<T>, bool) {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(kept) = kept.and_then(|kept| kept.downcast().ok()).filter(|kept| is_current(kept)) {
            return (kept, false);
        }
        // Computed outside of the lock. Of several concurrent computations, the last one is kept.
        let fresh = Arc::new(compute());
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&fresh) as _);
        (fresh, true)
    }
}

impl Clone for Memo {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl PartialEq for Memo {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Memo {}

impl fmt::Debug for Memo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Memo")
    }
}
